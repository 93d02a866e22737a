"""Who draws the figures of a report: here, or whoever was started for it meanwhile.

Knows which figures a report has. It must not load the drawing library before one is drawn.
"""

from __future__ import annotations

from collections.abc import Callable

from advisor.render.document import Report, ReportFigure, walk

Draw = Callable[[ReportFigure], str]
"""A figure as SVG text; empty where it has nothing to show."""


def draw_here(figure: ReportFigure) -> str:
    """*figure* drawn by this process."""
    from advisor.render.charts import svg_of  # noqa: PLC0415  (loading it takes a second)

    return svg_of(figure)


def drawings_of(report: Report, draw: Draw) -> dict[str, str]:
    """The drawings of *report* by the id of their figure."""
    return {b.id: draw(b) for b in walk(report.sections) if isinstance(b, ReportFigure)}
