"""Two documents beside each other as a page: one head, and lists below it, in every format.

Knows lines, Markdown and HTML. It words nothing: what differs is said by those who know it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from advisor.render.document import clean
from advisor.render.html import environment
from advisor.render.markdown import escaped
from advisor.render.wording import say


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


def as_lines(page: Beside) -> list[str]:
    """For a terminal."""
    return [page.head, *(f"  {item.text}" for item in page.items), *page.notes]


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
