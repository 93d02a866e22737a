"""A report as one self-contained HTML page: no script runs, nothing is loaded from anywhere.

Knows HTML and the page's template. It words nothing: all text comes from the view.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

import jinja2
from markupsafe import Markup, escape

from advisor.record import Record
from advisor.render.document import Report, ReportTable, anchors
from advisor.render.embed import record_json
from advisor.render.figures import Draw, draw_here, drawings_of
from advisor.render.markdown import table_text
from advisor.render.palette import RESTYLE
from advisor.render.view import view_of
from advisor.render.wording import say
from advisor.resources import resource_dir

LIMIT = 1_000_000
"""The most bytes of a page."""

_SPARE = 4_000
_RECORD = "\x00record\x00"
"""Where the record goes once its room is clear; no text that is shown holds control characters."""
_MOST_COPIED = 30
_LONG_WORD = 26
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def render_html(record: Record, *, full: bool = False, draw: Draw = draw_here) -> str:
    """The page of *record*; the same record gives the same bytes.

    Args:
        record: What is reported.
        full: Whether everything is open, and printed, and not only the first page.
        draw: What draws the figures.
    """
    report = view_of(record)
    # The drawings come from our own numbers and escape their texts.
    charts = {name: Markup(svg) for name, svg in drawings_of(report, draw).items()}  # noqa: S704
    before, after = _page(report, charts, full=full).split(_RECORD)
    room = LIMIT - _SPARE - len(before.encode()) - len(after.encode())
    return before + record_json(record, room=room) + after


def _page(report: Report, charts: Mapping[str, Markup], *, full: bool) -> str:
    return (
        environment()
        .get_template("report.html")
        .render(
            report=report,
            full=full,
            targets=anchors(report),
            charts=charts,
            restyle=_restyle(),
            record=_RECORD,
        )
    )


def _restyle() -> Markup:
    """CSS that gives every colour of a drawing the page's own."""
    rules = (
        f'.chart [fill="{colour}"]{{fill:var({name})}}'
        f'.chart [stroke="{colour}"]{{stroke:var({name})}}'
        for colour, name in RESTYLE.items()
    )
    return Markup("\n".join(rules))  # noqa: S704  (constants of the charts)


@lru_cache(maxsize=1)
def environment() -> jinja2.Environment:
    """Templates that escape everything and refuse what is not defined."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resource_dir("templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.globals.update(
        say=say,
        whole_dates=whole_dates,
        classes=classes,
        has_long_word=has_long_word,
        markdown_of=copied,
        Markup=Markup,
    )
    return made


def copied(table: ReportTable) -> str:
    """*table* as Markdown to copy; nothing for one that nobody pastes whole."""
    return table_text(table) if len(table.rows) <= _MOST_COPIED else ""


def classes(*, side: str = "", tone: str = "", number: bool = False, long: bool = False) -> Markup:
    """The class attribute of an element, or nothing."""
    names = [f"side-{side}" if side else "", f"tone-{tone}" if tone else ""]
    names += ["number" if number else "", "long" if long and not number else ""]
    given = " ".join(name for name in names if name)
    return Markup(' class="{}"').format(given) if given else Markup("")


def has_long_word(text: str) -> bool:
    """Whether a word of *text* must be allowed to break."""
    return any(len(word) > _LONG_WORD for word in text.split())


def whole_dates(text: str) -> Markup:
    """*text*, escaped, with dates that do not break at their hyphens."""
    return Markup(_DATE.sub(r'<span class="nb">\g<0></span>', str(escape(text))))  # noqa: S704
