"""Two documents beside each other as a page: one head, and lists below it, in every format.

Knows lines, Markdown and HTML. It words nothing: what differs is said by those who know it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from advisor.render.document import clean
from advisor.render.html import environment
from advisor.render.markdown import escaped
from advisor.render.wording import say

_INDENT = "  "
_LEAST_WIDTH = 20


@dataclass(frozen=True)
class Item:
    """One thing that differs; `weighs` where it is what moves the outcome, or more than noise."""

    text: str
    weighs: bool = False


@dataclass(frozen=True)
class Beside:
    """A comparison: what came of it, what differs, and what else is to be said."""

    head: str
    items: tuple[Item, ...] = ()
    notes: tuple[str, ...] = ()


def as_lines(page: Beside, width: int | None = None) -> list[str]:
    """For a terminal, which is *width* cells wide; without one no line is broken."""
    return [
        *_wrapped(page.head, width),
        *(line for item in page.items for line in _wrapped(item.text, width, _INDENT)),
        *(line for note in page.notes for line in _wrapped(note, width)),
    ]


def _wrapped(text: str, width: int | None, indent: str = "") -> list[str]:
    """*text* behind *indent*; where it goes on in another line, that is set in further."""
    if width is None:
        return [f"{indent}{text}"]
    return textwrap.wrap(
        text,
        max(width, _LEAST_WIDTH),
        initial_indent=indent,
        subsequent_indent=f"{indent}{_INDENT}",
        break_long_words=False,
        break_on_hyphens=False,
    )


def as_markdown(page: Beside) -> str:
    """A short Markdown page; what weighs is in bold."""
    items = [f"- {_strong(item)}" for item in page.items]
    blocks = [f"# {escaped(page.head)}", "\n".join(items), *map(escaped, page.notes)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _strong(item: Item) -> str:
    return f"**{escaped(item.text)}**" if item.weighs else escaped(item.text)


def as_html(page: Beside, names: Sequence[str]) -> str:
    """A page of its own; *names* are what the two documents are called."""
    before, after = (clean(name, limit=120) for name in names)
    return (
        environment()
        .get_template("beside.html")
        .render(page=page, title=say("report.page.beside", before=before, after=after))
    )
