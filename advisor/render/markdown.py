"""A report as Markdown with its charts as SVG files beside it.

Knows Markdown and what in foreign text would be taken for it. It words nothing: all text comes
from the view.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

import jinja2
from markupsafe import escape

from advisor.record import Record
from advisor.render.document import CodeLines, ReportTable, Tag, anchors
from advisor.render.figures import Draw, draw_here, drawings_of
from advisor.render.palette import RESTYLE
from advisor.render.view import view_of
from advisor.render.wording import say
from advisor.resources import resource_dir

DARK: Mapping[str, str] = {
    "--ink": "#e7e9eb",
    "--muted": "#a2abb4",
    "--rule": "#343b42",
    "--band": "#2a3036",
    "--paper": "#15181b",
    "--pytorch": "#ff9a6b",
    "--jax": "#93b6ff",
}
"""The colours of the charts on dark paper, as in the page's style sheet."""

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;"}
_SPECIAL = re.compile(r"[&<>@]|[\\`*\[\]|~$]|\{(?=[{%#])|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_ADDRESS = re.compile(r"(?i)\b(?:https?|ftp)://|\b(?:mailto|xmpp):|\bwww\.")
_AT_START = re.compile(r"^(?=#|[+-](?:\s|$)|[-=]{2})|^\d{1,9}(?=[.)](?:\s|$))")


def render_markdown(
    record: Record, *, assets: str = "assets", full: bool = False, draw: Draw = draw_here
) -> tuple[str, dict[str, str]]:
    """The text, and the SVG files that it shows by path relative to it.

    Args:
        record: What is reported.
        assets: The directory of the SVG files, as the text's links name it.
        full: Whether everything is open, and not only the first page.
        draw: What draws the figures.
    """
    report = view_of(record)
    drawings = drawings_of(report, draw)
    files = {f"{assets}/{n}.svg": standalone(svg, DARK) for n, svg in drawings.items() if svg}
    places = {n: f"{assets}/{n}.svg" for n, svg in drawings.items() if svg}
    text = (
        environment(frozenset(anchors(report)))
        .get_template("report.md")
        .render(report=report, charts=places, full=full)
    )
    return tidy(text), files


def standalone(svg: str, dark: Mapping[str, str]) -> str:
    """*svg* as a file of its own that follows the reader's light or dark setting."""
    rules = "".join(
        f'[fill="{colour}"]{{fill:{dark[name]}}}[stroke="{colour}"]{{stroke:{dark[name]}}}'
        for colour, name in RESTYLE.items()
    )
    style = f"<style>@media (prefers-color-scheme:dark){{{rules}}}</style>"
    head, _, rest = svg.partition(">")
    return f"{head}>{style}{rest}\n"


def tidy(text: str) -> str:
    """*text* with at most one empty line in a row and one at its end."""
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+\n", "\n", text)).strip() + "\n"


def escaped(text: str) -> str:
    """*text* so that Markdown shows it as it is: no markup, no HTML, no link, no mention."""
    shown = _SPECIAL.sub(lambda m: _ENTITIES.get(m[0], f"\\{m[0]}"), text.replace("\n", " "))
    shown = _ADDRESS.sub(lambda m: m[0].replace(":", "&#58;").replace(".", "&#46;"), shown)
    return _AT_START.sub(lambda m: f"{m[0]}\\", shown)


def fenced(block: CodeLines) -> str:
    """A code block whose fence is longer than any in its content; as entities where it has HTML."""
    body = "\n".join(block.lines)
    if "<" in body:
        return f"<pre><code>{escape(body)}</code></pre>"
    longest = max((len(run) for run in re.findall(r"`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{body}\n{fence}"


def table_text(table: ReportTable) -> str:
    """*table* as plain Markdown to be copied: no links, no anchors."""
    names = [column.name for column in table.columns]
    lines = [
        [escaped(column.title) for column in table.columns],
        ["---:" if column.number else "---" for column in table.columns],
        *([escaped(row.cells[name].text) for name in names] for row in table.rows),
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def linked(text: str, href: str, targets: frozenset[str]) -> str:
    """*text* as a link where *href* leads somewhere, or as text."""
    shown = escaped(text)
    if href.startswith("#") and href[1:] in targets:
        return f"[{shown}]({href})"
    return f"[{shown}](<{href}>)" if href.startswith("http") else shown


def _tags(targets: frozenset[str]) -> Callable[[tuple[Tag, ...]], str]:
    def shown(tags: tuple[Tag, ...]) -> str:
        return "; ".join(linked(tag.text, tag.href, targets) for tag in tags)

    return shown


@lru_cache(maxsize=8)
def environment(targets: frozenset[str]) -> jinja2.Environment:
    """Templates for Markdown; every text in them goes through `escaped` by name.

    Nothing is escaped by itself here: HTML's escaping would spoil Markdown, and `finalize` cannot
    tell text from markup. A test looks for texts that reach the output as they are.
    """
    made = jinja2.Environment(  # noqa: S701  (Markdown: escaped() is applied by name)
        loader=jinja2.FileSystemLoader(resource_dir("templates")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(md=escaped, tags=_tags(targets), fenced=fenced)
    made.globals.update(say=say, link=lambda c: linked(c.text, c.href, targets))
    return made
