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
from advisor.render.charts import RESTYLE, svg_of
from advisor.render.document import Report, ReportFigure, ReportTable, anchors, walk
from advisor.render.embed import record_json
from advisor.render.markdown import table_text
from advisor.render.view import view_of
from advisor.render.wording import say
from advisor.resources import resource_dir

LIMIT = 800_000
"""The most bytes of a page."""

_SPARE = 4_000
_MOST_COPIED = 30
_LONG_WORD = 26
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def render_html(record: Record, *, full: bool = False) -> str:
    """The page of *record*; the same record gives the same bytes.

    Args:
        record: What is reported.
        full: Whether everything is open, and printed, and not only the first page.
    """
    report = view_of(record)
    charts = _charts(report)
    page = _page(report, charts, "", full=full)
    room = LIMIT - _SPARE - len(page.encode())
    return _page(report, charts, record_json(record, room=room), full=full)


def _page(report: Report, charts: Mapping[str, Markup], record: str, *, full: bool) -> str:
    return (
        environment()
        .get_template("report.html")
        .render(
            report=report,
            full=full,
            targets=anchors(report),
            charts=charts,
            restyle=_restyle(),
            record=Markup(record),  # noqa: S704  (JSON with <, > and & escaped)
        )
    )


def _charts(report: Report) -> dict[str, Markup]:
    """The drawings by figure id; they come from our own numbers and escape their texts."""
    return {
        block.id: Markup(svg_of(block))  # noqa: S704  (text inside is escaped by the drawing)
        for block in walk(report.sections)
        if isinstance(block, ReportFigure)
    }


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
