"""The report as a tree of plain parts: what every output format renders, and adds nothing to.

Knows what a report is made of (statements with their provenance, tables, figures, code) and how
foreign text is made harmless, since every text that is shown passes through these parts. It must
not know any output format, nor where the words come from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from advisor.text import inert, private

Kind = Literal[
    "measured", "library", "published", "rule", "answer", "detected", "default", "computed"
]
Side = Literal["", "pytorch", "jax"]
Tone = Literal["", "good", "bad", "neutral", "warning", "refused"]

LIMIT = 2000
"""The most characters of one text that are shown."""


def clean(text: str, *, limit: int = LIMIT) -> str:
    """*text* on one line, without control and hidden characters, home directories and secrets."""
    return inert(private(text[: 2 * limit]), limit=limit).strip()


@dataclass(frozen=True)
class Tag:
    """Where a statement comes from; `href` leads to the number, the rule, the answer or a page."""

    kind: Kind
    text: str
    href: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", clean(self.text, limit=200))


@dataclass(frozen=True)
class Statement:
    """One sentence that states something, with where it comes from.

    `lead` is a word or two before it (``Good``, ``When``); `side` the framework it speaks for.
    """

    text: str
    tags: tuple[Tag, ...]
    lead: str = ""
    side: Side = ""
    tone: Tone = ""
    id: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", clean(self.text))
        object.__setattr__(self, "lead", clean(self.lead, limit=80))


@dataclass(frozen=True)
class Points:
    """A list of statements."""

    items: tuple[Statement, ...]
    kind: ClassVar = "points"


@dataclass(frozen=True)
class Aside:
    """A sentence that explains how to read what follows; it states nothing about the choice."""

    text: str
    kind: ClassVar = "aside"

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", clean(self.text))


@dataclass(frozen=True)
class CodeLines:
    """Commands to copy, one per line."""

    lines: tuple[str, ...]
    kind: ClassVar = "code"

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", tuple(clean(line, limit=500) for line in self.lines))


@dataclass(frozen=True)
class TableColumn:
    """One column: the name that its cells go by, and its head."""

    name: str
    title: str
    number: bool = False


@dataclass(frozen=True)
class TableCell:
    """One cell of a table."""

    text: str
    href: str = ""
    side: Side = ""
    tone: Tone = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", clean(self.text, limit=600))


@dataclass(frozen=True)
class TableRow:
    """One row: its cells by the names of the columns; the first column's cell names the row."""

    cells: Mapping[str, TableCell]
    id: str = ""


def row_of(*, id: str = "", **cells: str | TableCell) -> TableRow:  # noqa: A002
    """A row; a text is a plain cell."""
    made = {k: TableCell(v) if isinstance(v, str) else v for k, v in cells.items()}
    return TableRow(made, id)


@dataclass(frozen=True)
class ReportTable:
    """A table with a caption; `provenance` says where all of its content comes from."""

    id: str
    caption: str
    columns: tuple[TableColumn, ...]
    rows: tuple[TableRow, ...]
    provenance: tuple[Tag, ...] = ()
    kind: ClassVar = "table"

    def __post_init__(self) -> None:
        object.__setattr__(self, "caption", clean(self.caption))

    def row_id(self, number: int) -> str:
        """The anchor of the row at position *number*: its own, or one made of its place."""
        return self.rows[number].id or f"{self.id}-{number + 1}"

    def texts(self, name: str) -> list[str]:
        """The texts of one column, from top to bottom."""
        return [row.cells[name].text for row in self.rows]


@dataclass(frozen=True)
class ReportFigure:
    """A chart: its kind and numbers, the words that replace it, and the table with its numbers."""

    id: str
    title: str
    alt: str
    chart: Literal["times", "ratios", "contributions", "flips"]
    data: Mapping[str, Any]
    table: str
    kind: ClassVar = "figure"

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", clean(self.title))
        object.__setattr__(self, "alt", clean(self.alt))
        object.__setattr__(self, "data", _cleaned(self.data))


def _cleaned(value: Any) -> Any:
    """*value* with every text in it made harmless: the drawing aborts on a NUL."""
    if isinstance(value, str):
        return clean(value, limit=200)
    if isinstance(value, Mapping):
        return {key: _cleaned(inner) for key, inner in value.items()}
    return [_cleaned(inner) for inner in value] if isinstance(value, (list, tuple)) else value


@dataclass(frozen=True)
class Fold:
    """Detail that most readers skip."""

    summary: str
    blocks: tuple[ReportBlock, ...]
    kind: ClassVar = "fold"


@dataclass(frozen=True)
class ReportSection:
    """A heading and what stands under it; a section inside a section is one level lower."""

    id: str
    title: str
    blocks: tuple[ReportBlock, ...]
    kind: ClassVar = "section"


ReportBlock = Points | Aside | CodeLines | ReportTable | ReportFigure | Fold | ReportSection


@dataclass(frozen=True, kw_only=True)
class Report:
    """A whole report.

    Attributes:
        verdict: What is recommended, in one sentence, with where it comes from.
        chosen: The same as a decision record says it: the option, and why.
        confidence: How sure that is.
        lead: The statements right under the verdict.
        facts: Label and text of what stands in the head: date, tool, rules.
        brief: The first page: the sections that a reader who stops there has read.
        sections: In the order in which they are read; ids are unique. None is empty.
        options: The sections of the options, which `sections` hold too.
        replay: The commands that make the decision again.
    """

    project: str
    status: str
    side: Side
    verdict: Statement
    chosen: Statement
    confidence: Statement
    lead: tuple[Statement, ...]
    facts: tuple[tuple[str, str], ...]
    brief: tuple[ReportSection, ...]
    sections: tuple[ReportSection, ...]
    options: tuple[ReportSection, ...] = ()
    replay: tuple[str, ...] = ()
    date: str = ""

    def section(self, name: str) -> ReportSection:
        """The section called *name*."""
        return next(s for s in self.sections if s.id == name)

    def get(self, name: str) -> ReportSection | None:
        """The section called *name*, or None where it would be empty."""
        return next((s for s in self.sections if s.id == name), None)


def walk(blocks: Sequence[ReportBlock]) -> Iterator[ReportBlock]:
    """Every block of *blocks*, outer ones first."""
    for block in blocks:
        yield block
        if isinstance(block, (Fold, ReportSection)):
            yield from walk(block.blocks)


def statements(report: Report) -> Iterator[Statement]:
    """Every statement of *report*, in reading order."""
    yield report.verdict
    yield report.confidence
    yield from report.lead
    for block in walk((*report.brief, *report.sections)):
        if isinstance(block, Points):
            yield from block.items


def tables(section: ReportSection) -> dict[str, ReportTable]:
    """The tables below *section*, by id."""
    return {block.id: block for block in walk(section.blocks) if isinstance(block, ReportTable)}


def points_of(section: ReportSection) -> list[Statement]:
    """The statements below *section*, in their order."""
    return [item for b in walk(section.blocks) if isinstance(b, Points) for item in b.items]


def anchors(report: Report) -> set[str]:
    """Every id that a link within *report* can lead to."""
    targets = {"verdict"} | {s.id for s in statements(report) if s.id}
    for block in walk((*report.brief, *report.sections)):
        if isinstance(block, (ReportSection, ReportTable, ReportFigure)):
            targets.add(block.id)
        if isinstance(block, ReportTable):
            targets |= {block.row_id(number) for number in range(len(block.rows))}
    return targets


def anchor(*parts: str) -> str:
    """An id made of *parts*, of letters, digits, dots and hyphens only."""
    joined = "-".join(parts)
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in joined)[:120]


def web_address(url: str | None) -> str:
    """*url* where it is a plain web address, or nothing: no other scheme is ever linked."""
    if not url or len(url) > 500 or not url.startswith(("https://", "http://")):
        return ""
    if any(c in url for c in " \"'<>`\\{}|^") or clean(url, limit=600) != url:
        return ""
    return url
