"""Marks for charts: pixels in, Altair layers out, and from layers to SVG.

Every length is fixed in pixels and nothing is fitted to the width of text, so that the same numbers
give the same bytes whatever fonts a machine has. It must not know what a chart shows.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import altair as alt
import vl_convert

from advisor.render.palette import FONT, GRID, MUTED

WIDTH = 480
_EDGE = 2
_LABEL, NOTE = 13, 12
_LONGEST = 62


def drawn(layers: Sequence[alt.Chart], height: int) -> str:
    """The layers as SVG text, *height* pixels high inside its margins."""
    chart = alt.layer(*layers).properties(width=WIDTH, height=height)
    chart = chart.configure(
        font=FONT,
        background="transparent",
        aria=False,
        autosize=alt.AutoSizeParams(type="none"),
        padding={"left": _EDGE, "right": _EDGE, "top": 4, "bottom": 4},
    ).configure_view(stroke=None)
    return _converted(json.dumps(chart.to_dict(), sort_keys=True))


@lru_cache(maxsize=32)
def _converted(spec: str) -> str:
    """The SVG of a Vega-Lite specification; kept, since HTML and Markdown show the same charts."""
    svg: str = vl_convert.vegalite_to_svg(spec)
    return svg


def _data(rows: Sequence[Mapping[str, Any]]) -> Any:
    return alt.Chart(alt.InlineData(values=[dict(row) for row in rows]))


def _y(height: int, field: str = "y") -> Any:
    """A vertical position in pixels from the top."""
    return alt.Y(f"{field}:Q", scale=alt.Scale(domain=[height, 0], nice=False), axis=None)


def _x(field: str = "x") -> Any:
    """A horizontal position in pixels from the left."""
    return alt.X(f"{field}:Q", scale=alt.Scale(domain=[0, WIDTH], nice=False), axis=None)


def text_at(x: float, y: float, text: str, colour: str, *, align: str = "left") -> dict[str, Any]:
    """One text for `texts_at`."""
    return {"x": x, "y": y, "text": text, "colour": colour, "align": align}


def texts_at(rows: Sequence[Mapping[str, Any]], height: int, *, size: int = _LABEL) -> list[Any]:
    """Text at (x, y), aligned as each row's ``align`` says."""
    layers = []
    for align in ("left", "center", "right"):
        mine = [r for r in rows if r.get("align", "left") == align]
        if mine:
            mark = _data(mine).mark_text(align=align, baseline="middle", fontSize=size)
            layers.append(_placed(mark, height).encode(text="text:N", color=_colour("colour")))
    return layers


def _placed(chart: Any, height: int) -> Any:
    return chart.encode(x=_x(), y=_y(height))


def _colour(field: str) -> Any:
    return alt.Color(f"{field}:N", scale=None)


def lines(rows: Sequence[Mapping[str, Any]], height: int, *, thick: float = 1.0) -> list[Any]:
    """Straight lines from (x, y) to (x2, y2)."""
    if not rows:
        return []
    mark = _data(rows).mark_rule(strokeWidth=thick)
    return [_placed(mark, height).encode(x2="x2:Q", y2="y2:Q", color=_colour("colour"))]


def boxes(rows: Sequence[Mapping[str, Any]], height: int) -> list[Any]:
    """Filled rectangles from (x, y) to (x2, y2)."""
    if not rows:
        return []
    mark = _data(rows).mark_rect()
    return [_placed(mark, height).encode(x2="x2:Q", y2="y2:Q", color=_colour("colour"))]


def marks_at(rows: Sequence[Mapping[str, Any]], height: int, *, size: int = 62) -> list[Any]:
    """Points with their own shape, fill and stroke."""
    if not rows:
        return []
    mark = _data(rows).mark_point(size=size, strokeWidth=1.8, opacity=1, fillOpacity=1)
    return [
        _placed(mark, height).encode(
            shape=alt.Shape("shape:N", scale=None),
            fill=alt.Fill("fill:N", scale=None),
            stroke=alt.Stroke("stroke:N", scale=None),
        )
    ]


def shortened(text: str, longest: int = _LONGEST) -> str:
    """*text*, cut by characters and not by pixels, which would depend on fonts."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


class LogAxis:
    """A logarithmic axis from left to right over `WIDTH` pixels.

    Args:
        values: What must fit, all above 0.
        ticks: The candidates for ticks; those within the range are kept.
        left: Pixels kept free at the left end.
        right: Pixels kept free at the right end.
    """

    def __init__(
        self, values: Sequence[float], ticks: Sequence[float], *, left: float, right: float
    ) -> None:
        low, high = min(values), max(values)
        pad = max((math.log(high) - math.log(low)) * 0.04, 0.05)
        self.low, self.high = math.log(low) - pad, math.log(high) + pad
        self.left, self.right = left, right
        self.ticks = [t for t in ticks if self.low <= math.log(t) <= self.high]

    def at(self, value: float) -> float:
        """The pixel of *value*, two decimals."""
        share = (math.log(value) - self.low) / (self.high - self.low)
        return round(self.left + share * (WIDTH - self.left - self.right), 2)


def grid(places: Sequence[float], strips: Sequence[tuple[int, int]], height: int) -> list[Any]:
    """Vertical grid lines inside the strips only, so that none crosses a label."""
    rows = [
        {"x": x, "x2": x, "y": above, "y2": below, "colour": GRID}
        for above, below in strips
        for x in places
    ]
    return lines(rows, height)


def tick_labels(axis: LogAxis, names: Mapping[float, str], bottom: int, height: int) -> list[Any]:
    """The labels of an axis, below it."""
    labels = [
        {"x": axis.at(t), "y": bottom + 12, "text": names[t], "align": "center", "colour": MUTED}
        for t in axis.ticks
    ]
    return texts_at(labels, height, size=NOTE)
