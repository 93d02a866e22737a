"""Marks for charts: pixels in, layers of Vega-Lite out, and from layers to SVG.

Every length is fixed in pixels and nothing is fitted to the width of text, so that the same numbers
give the same bytes whatever fonts a machine has. The layers are written as they are read by the
library that draws: one that builds them takes longer to load than all of them take to draw. It
must not know what a chart shows.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import vl_convert

from advisor.render.palette import FONT, GRID, MUTED

WIDTH = 480
_EDGE = 2
_LABEL, NOTE = 13, 12
_LONGEST = 62


Layer = dict[str, Any]
"""One mark with its data, as Vega-Lite has it."""


def drawn(layers: Sequence[Layer], height: int) -> str:
    """The layers as SVG text, *height* pixels high inside its margins."""
    chart = {
        "width": WIDTH,
        "height": height,
        "layer": list(layers),
        "config": {
            "font": FONT,
            "background": "transparent",
            "aria": False,
            "autosize": {"type": "none"},
            "padding": {"left": _EDGE, "right": _EDGE, "top": 4, "bottom": 4},
            "view": {"stroke": None},
        },
    }
    return _converted(json.dumps(chart, sort_keys=True))


@lru_cache(maxsize=32)
def _converted(spec: str) -> str:
    """The SVG of a Vega-Lite specification; kept, since HTML and Markdown show the same charts."""
    svg: str = vl_convert.vegalite_to_svg(spec)
    return svg


def _layer(
    mark: dict[str, Any], rows: Sequence[Mapping[str, Any]], height: int, **channels: dict[str, Any]
) -> Layer:
    """*rows* drawn as *mark* at their ``x`` and ``y``, pixels from the left and from the top."""
    return {
        "mark": mark,
        "data": {"values": [dict(row) for row in rows]},
        "encoding": {"x": _pixels("x", [0, WIDTH]), "y": _pixels("y", [height, 0]), **channels},
    }


def _pixels(field: str, domain: Sequence[int]) -> dict[str, Any]:
    scale = {"domain": list(domain), "nice": False}
    return {"field": field, "type": "quantitative", "scale": scale, "axis": None}


def _as_it_is(field: str) -> dict[str, Any]:
    """A colour or a shape that each row states itself."""
    return {"field": field, "type": "nominal", "scale": None}


def text_at(x: float, y: float, text: str, colour: str, *, align: str = "left") -> dict[str, Any]:
    """One text for `texts_at`."""
    return {"x": x, "y": y, "text": text, "colour": colour, "align": align}


def texts_at(rows: Sequence[Mapping[str, Any]], height: int, *, size: int = _LABEL) -> list[Layer]:
    """Text at (x, y), aligned as each row's ``align`` says."""
    layers = []
    for align in ("left", "center", "right"):
        mine = [r for r in rows if r.get("align", "left") == align]
        if mine:
            mark = {"type": "text", "align": align, "baseline": "middle", "fontSize": size}
            text = {"field": "text", "type": "nominal"}
            layers.append(_layer(mark, mine, height, text=text, color=_as_it_is("colour")))
    return layers


def lines(rows: Sequence[Mapping[str, Any]], height: int, *, thick: float = 1.0) -> list[Layer]:
    """Straight lines from (x, y) to (x2, y2)."""
    return _spans({"type": "rule", "strokeWidth": thick}, rows, height)


def boxes(rows: Sequence[Mapping[str, Any]], height: int) -> list[Layer]:
    """Filled rectangles from (x, y) to (x2, y2)."""
    return _spans({"type": "rect"}, rows, height)


def _spans(mark: dict[str, Any], rows: Sequence[Mapping[str, Any]], height: int) -> list[Layer]:
    if not rows:
        return []
    ends = {"x2": {"field": "x2"}, "y2": {"field": "y2"}}
    return [_layer(mark, rows, height, **ends, color=_as_it_is("colour"))]


def marks_at(rows: Sequence[Mapping[str, Any]], height: int, *, size: int = 62) -> list[Layer]:
    """Points with their own shape, fill and stroke."""
    if not rows:
        return []
    mark = {"type": "point", "size": size, "strokeWidth": 1.8, "opacity": 1, "fillOpacity": 1}
    looks = {name: _as_it_is(name) for name in ("shape", "fill", "stroke")}
    return [_layer(mark, rows, height, **looks)]


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


def grid(places: Sequence[float], strips: Sequence[tuple[int, int]], height: int) -> list[Layer]:
    """Vertical grid lines inside the strips only, so that none crosses a label."""
    rows = [
        {"x": x, "x2": x, "y": above, "y2": below, "colour": GRID}
        for above, below in strips
        for x in places
    ]
    return lines(rows, height)


def tick_labels(axis: LogAxis, names: Mapping[float, str], bottom: int, height: int) -> list[Layer]:
    """The labels of an axis, below it."""
    labels = [
        {"x": axis.at(t), "y": bottom + 12, "text": names[t], "align": "center", "colour": MUTED}
        for t in axis.ticks
    ]
    return texts_at(labels, height, size=NOTE)
