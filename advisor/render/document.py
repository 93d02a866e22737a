"""The report as a tree of plain parts: what every output format renders, and adds nothing to.

Knows what a report is made of (statements with their provenance, tables, figures, code) and how
foreign text is made harmless, since every text that is shown passes through these parts. It must
not know any output format, nor where the words come from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from advisor.text import inert, private

Kind = Literal["measured", "rule", "answer", "detected", "default", "computed"]
Side = Literal["", "pytorch", "jax"]
Tone = Literal["", "good", "bad", "neutral", "warning"]

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


@dataclass(frozen=True)
class Aside:
    """A sentence that explains how to read what follows; it states nothing about the choice."""

    text: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", clean(self.text))


@dataclass(frozen=True)
class Code:
    """Commands to copy, one per line."""

    lines: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", tuple(clean(line, limit=500) for line in self.lines))


@dataclass(frozen=True)
class Cell:
    """One cell of a table."""

    text: str
    number: bool = False
    href: str = ""
    side: Side = ""
    tone: Tone = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", clean(self.text, limit=600))


@dataclass(frozen=True)
class Row:
    """One row; its first cell names it."""

    cells: tuple[Cell, ...]
    id: str = ""


@dataclass(frozen=True)
class Table:
    """A table with a caption; `provenance` says where all of its content comes from."""

    id: str
    caption: str
    head: tuple[str, ...]
    rows: tuple[Row, ...]
    provenance: tuple[Tag, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "caption", clean(self.caption))


def table_of(table: Table, *, most: int = 120) -> Table:
    """*table* with at most so many rows; its caption says what only the record holds."""
    if len(table.rows) <= most:
        return table
    told = f" (the first {most} of {len(table.rows):,}; decision.json has all)"
    return replace(table, caption=table.caption + told, rows=table.rows[:most])


@dataclass(frozen=True)
class Figure:
    """A chart: its kind and numbers, the words that replace it, and the table with its numbers."""

    id: str
    title: str
    alt: str
    kind: Literal["times", "ratios", "contributions", "flips"]
    data: Mapping[str, Any]
    table: str

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
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it; a section inside a section is one level lower."""

    id: str
    title: str
    blocks: tuple[Block, ...]


Block = Points | Aside | Code | Table | Figure | Fold | Section


@dataclass(frozen=True, kw_only=True)
class Report:
    """A whole report.

    Attributes:
        verdict: What is recommended, in one sentence, with where it comes from.
        chosen: The same as a decision record says it: the option, and why.
        confidence: How sure that is.
        lead: The statements right under the verdict.
        facts: (label, text) pairs of the head: date, tool, rules.
        sections: In the order in which they are read; ids are unique.
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
    sections: tuple[Section, ...]
    replay: tuple[str, ...] = ()
    date: str = ""

    def section(self, name: str) -> Section:
        """The section called *name*."""
        return next(s for s in self.sections if s.id == name)


def walk(blocks: Sequence[Block]) -> Iterator[Block]:
    """Every block of *blocks*, outer ones first."""
    for block in blocks:
        yield block
        if isinstance(block, (Fold, Section)):
            yield from walk(block.blocks)


def statements(report: Report) -> Iterator[Statement]:
    """Every statement of *report*, in reading order."""
    yield report.verdict
    yield report.confidence
    yield from report.lead
    for block in walk(report.sections):
        if isinstance(block, Points):
            yield from block.items


def tables(section: Section) -> dict[str, Table]:
    """The tables below *section*, by id."""
    return {block.id: block for block in walk(section.blocks) if isinstance(block, Table)}


def points_of(section: Section) -> list[Statement]:
    """The statements below *section*, in their order."""
    return [item for b in walk(section.blocks) if isinstance(b, Points) for item in b.items]


def anchors(report: Report) -> set[str]:
    """Every id that a link within *report* can lead to."""
    found = {"verdict"} | {s.id for s in statements(report) if s.id}
    for block in walk(report.sections):
        if isinstance(block, (Section, Table, Figure)):
            found.add(block.id)
        if isinstance(block, Table):
            found |= {row.id for row in block.rows if row.id}
    return found


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
