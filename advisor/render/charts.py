"""The charts of a report as static SVG: times, ratios, contributions, and what flips.

Numbers in, geometry out; `drawing` turns it into marks, without a browser or a network. Colours
are those of light paper; a page restyles them by their value (`RESTYLE` in `palette`), so that one
drawing serves light, dark and print. It must not know a record.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markupsafe import escape

from advisor.pair import framework_of
from advisor.render.document import ReportFigure
from advisor.render.drawing import (
    NOTE,
    WIDTH,
    LogAxis,
    boxes,
    drawn,
    grid,
    lines,
    marks_at,
    shortened,
    text_at,
    texts_at,
    tick_labels,
)
from advisor.render.palette import BAND, FONT, INK, MUTED, PAPER, SIDES
from advisor.render.wording import say

_TAG = re.compile(r"<[a-z][^>]*>")
_SPARE = re.compile(
    r' (?:role|aria-[a-z]+|class|font-family|pointer-events|stroke-miterlimit)="[^"]*"'
    r'| (?:fill-|stroke-)?opacity="1"'
)
_EMPTY = re.compile(r'<path d=""[^>]*/>|<path d="M0,0h0v0h0Z"/>|<g></g>|<g/>')
"""One image with one description and one font: its parts need none of their own."""


def svg_of(figure: ReportFigure) -> str:
    """*figure* as an SVG element with its title and description; empty where it has no rows."""
    rows = figure.data.get("rows")
    if not rows:
        return ""
    layers, height = _KINDS[figure.chart](figure.data)
    return _described(drawn(layers, height), figure)


def _described(svg: str, figure: ReportFigure) -> str:
    """The drawing as one image with a name and a description for those who cannot see it."""
    start = svg.index("<svg")
    body = _TAG.sub(lambda tag: _SPARE.sub("", tag[0]), svg[svg.index(">", start) + 1 :])
    body = _EMPTY.sub("", body)
    box = svg[svg.index('viewBox="') :].split('"')[1]
    width, height = box.split()[2:]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="{box}" width="{width}" '
        f'height="{height}" font-family="{FONT}" '
        f'aria-labelledby="{figure.id}-title {figure.id}-desc">'
        f'<title id="{figure.id}-title">{escape(figure.title)}</title>'
        f'<desc id="{figure.id}-desc">{escape(figure.alt)}</desc>'
    )
    return head + body


_SHAPES: Mapping[str, tuple[str, bool]] = {
    "pytorch.eager": ("circle", False),
    "pytorch.compile": ("circle", True),
    "jax.jit": ("diamond", True),
    "jax.eager": ("diamond", False),
}


def _look(mode: str) -> dict[str, str]:
    """Colour by framework, shape by framework too, filled where the mode compiles."""
    colour = SIDES.get(framework_of(mode), MUTED)
    shape, filled = _SHAPES.get(mode, ("square", True))
    return {"shape": shape, "fill": colour if filled else PAPER, "stroke": colour}


def _key(modes: Sequence[str], height: int) -> list[Any]:
    """The key of the modes, in one line at the top."""
    points, texts, x = [], [], 6
    for mode in modes:
        points.append({"x": x, "y": 10, **_look(mode)})
        texts.append({"x": x + 10, "y": 10, "text": mode, "colour": INK})
        x += 34 + 7 * len(mode)
    return [*marks_at(points, height), *texts_at(texts, height, size=NOTE)]


def _times(data: Mapping[str, Any]) -> tuple[list[Any], int]:
    """One strip per probe: every mode's median with its interval on one log axis."""
    rows = [r for r in data["rows"] if r["marks"]]
    marks = [m for r in rows for m in r["marks"]]
    modes = [m for m in _SHAPES if any(x["mode"] == m for x in marks)]
    modes += sorted({m["mode"] for m in marks} - set(modes))
    values = [v for m in marks for v in (m["median_s"], *(m["interval_s"] or ())) if v > 0]
    lanes = {mode: lane for lane, mode in enumerate(modes)}
    ticks = [k * 10.0**e for e in range(-8, 5) for k in (1, 2, 5)]
    axis = LogAxis(values, ticks, left=10, right=60)
    step = 24 + 15 * len(modes)
    top, bottom = 26, 26 + step * len(rows)
    height = bottom + 40
    names = {t: _time_tick(t) for t in ticks}
    if len(axis.ticks) > 9:
        axis.ticks = [t for t in axis.ticks if math.isclose(math.log10(t) % 1, 0, abs_tol=1e-9)]
    points, spans, texts = [], [], []
    for place, row in enumerate(rows):
        above = top + place * step
        texts.append({"x": 0, "y": above + 11, "text": shortened(row["label"]), "colour": INK})
        for mark in row["marks"]:
            y = above + 28 + 15 * lanes[mark["mode"]]
            look = _look(mark["mode"])
            points.append({"x": axis.at(mark["median_s"]), "y": y, **look})
            low, high = mark["interval_s"] or (mark["median_s"], mark["median_s"])
            ends = [axis.at(max(v, math.exp(axis.low))) for v in (low, high)]
            spans.append({"x": ends[0], "x2": ends[1], "y": y, "y2": y, "colour": look["stroke"]})
            edge = max(ends[1], axis.at(mark["median_s"])) + 9
            texts.append({"x": edge, "y": y, "text": mark["shown"], "colour": MUTED})
    strips = [(top + k * step + 20, top + (k + 1) * step) for k in range(len(rows))]
    layers = [
        *_key(modes, height),
        *grid([axis.at(t) for t in axis.ticks], strips, height),
        *tick_labels(axis, names, bottom, height),
        *lines(spans, height, thick=2.0),
        *marks_at(points, height, size=50),
        *texts_at(texts, height, size=NOTE),
    ]
    return layers, height - 14


def _time_tick(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9)):
        if seconds >= size * 0.999:
            return f"{seconds / size:.0f} {unit}"
    return ""


_RATIO_TICKS = sorted(
    {t for k in (1, 1.1, 1.2, 1.5, 2, 3, 5, 10, 20, 50, 100, 1000) for t in (k, 1 / k)}
)
_RATIO_STEP, _RATIO_TOP = 38, 30


def _ratios(data: Mapping[str, Any]) -> tuple[list[Any], int]:
    """One line per probe around equality: PyTorch faster to the left, JAX to the right."""
    rows = data["rows"]
    margin = 1.0 + float(data["margin"])
    values = [v for r in rows if r["ratio"] for v in (r["ratio"], *(r["ci"] or ()))]
    reach = max([max(v, 1 / v) for v in values] + [1.5])
    axis = LogAxis([1 / reach, reach], _RATIO_TICKS, left=14, right=14)
    _thin(axis)
    bottom = _RATIO_TOP + _RATIO_STEP * len(rows)
    height = bottom + 26
    names = {t: f"{t if t >= 1 else 1 / t:g}×" for t in _RATIO_TICKS}
    points, spans, texts = _ratio_marks(rows, axis)
    tops = [_RATIO_TOP + k * _RATIO_STEP for k in range(len(rows))]
    strips = [(top + 18, top + _RATIO_STEP) for top in tops]
    middle = axis.at(1.0)
    band = [
        {"x": axis.at(1 / margin), "x2": axis.at(margin), "y": a, "y2": b, "colour": BAND}
        for a, b in strips
    ]
    zero = [{"x": middle, "x2": middle, "y": a, "y2": b, "colour": MUTED} for a, b in strips]
    heads = [
        *_sides(say("report.chart.pytorch_faster"), say("report.chart.jax_faster"), left=0, y=12),
        text_at(middle, 12, say("report.chart.equal"), MUTED, align="center"),
    ]
    layers = [
        *boxes(band, height),
        *grid([axis.at(t) for t in axis.ticks], strips, height),
        *tick_labels(axis, names, bottom, height),
        *lines(zero, height),
        *texts_at(heads, height, size=NOTE),
        *lines(spans, height, thick=2.0),
        *marks_at(points, height),
        *texts_at(texts, height, size=NOTE),
    ]
    return layers, height


def _ratio_marks(
    rows: Sequence[Mapping[str, Any]], axis: LogAxis
) -> tuple[list[Any], list[Any], list[Any]]:
    """The points, their intervals, and the texts above them."""
    points, spans, texts = [], [], []
    for place, row in enumerate(rows):
        y = _RATIO_TOP + place * _RATIO_STEP
        texts.append(text_at(0, y + 10, shortened(row["label"], 48), INK))
        texts.append(text_at(WIDTH, y + 10, _ratio_words(row), MUTED, align="right"))
        if row["ratio"] is None:
            continue
        colour, x, y = SIDES[row["side"]], axis.at(row["ratio"]), y + 26
        fill = colour if row["called"] else PAPER
        points.append({"x": x, "y": y, "shape": "circle", "fill": fill, "stroke": colour})
        low, high = row["ci"] or (row["ratio"], row["ratio"])
        spans.append({"x": axis.at(low), "x2": axis.at(high), "y": y, "y2": y, "colour": colour})
    return points, spans, texts


def _sides(pytorch: str, jax: str, *, left: float, y: float) -> list[dict[str, Any]]:
    """Which side speaks for which, at both ends."""
    return [
        text_at(left, y, pytorch, SIDES["pytorch"]),
        text_at(WIDTH, y, jax, SIDES["jax"], align="right"),
    ]


def _thin(axis: LogAxis) -> None:
    """Leave out ticks whose labels would touch; equality always stays."""
    kept: list[float] = [1.0]
    for tick in sorted(axis.ticks, key=lambda t: (abs(math.log(t)), t)):
        if all(abs(axis.at(tick) - axis.at(k)) >= 42 for k in kept):
            kept.append(tick)
    axis.ticks = sorted(kept)


def _ratio_words(row: Mapping[str, Any]) -> str:
    if row["ratio"] is None:
        return str(row["verdict"])
    ratio = f"{row['ratio'] if row['ratio'] >= 1 else 1 / row['ratio']:.2f}"
    if row["called"]:
        return say("report.chart.times", ratio=ratio)
    return say("report.chart.open", ratio=ratio, verdict=row["verdict"])


def _contributions(data: Mapping[str, Any]) -> tuple[list[Any], int]:
    """Bars around zero, one per criterion, its weight below its name."""
    rows = data["rows"]
    left, step, top = 190, 36, 26
    middle = left + (WIDTH - left) / 2
    reach = max([abs(r["value"]) for r in rows] + [1.0])
    scale = (WIDTH - left) / 2 - 46
    bottom = top + step * len(rows)
    bars, texts = [], []
    for place, row in enumerate(rows):
        y = top + place * step
        side = "jax" if row["value"] > 0 else "pytorch"
        end = round(middle + scale * row["value"] / reach, 2)
        colour = SIDES[side] if abs(row["value"]) >= 0.05 else MUTED
        bars.append({"x": middle, "x2": end, "y": y + 7, "y2": y + 25, "colour": colour})
        texts.append({"x": 0, "y": y + 10, "text": shortened(row["label"], 28), "colour": INK})
        texts.append({"x": 0, "y": y + 25, "text": row["note"], "colour": MUTED})
        align, gap = ("left", 6) if row["value"] >= 0 else ("right", -6)
        texts.append(
            {"x": end + gap, "y": y + 16, "text": row["shown"], "align": align, "colour": INK}
        )
    zero = [{"x": middle, "x2": middle, "y": top, "y2": bottom, "colour": MUTED}]
    heads = _sides(say("report.chart.pytorch"), say("report.chart.jax"), left=left, y=10)
    layers = [
        *boxes(bars, bottom),
        *lines(zero, bottom),
        *texts_at([*heads, *texts], bottom, size=NOTE),
    ]
    return layers, bottom


_STEPS = ("use_pytorch", "lean", "no_winner", "lean", "use_jax")


def _flips(data: Mapping[str, Any]) -> tuple[list[Any], int]:
    """One line per change: from where the decision stands to where it would go."""
    rows, now = data["rows"], data["now"]
    places = [round(48 + k * (WIDTH - 96) / 4, 2) for k in range(5)]
    step, top = 36, 26
    bottom = top + step * len(rows)
    heads = [
        {
            "x": x, "y": 10, "text": say(f"report.chart.step.{word}"), "align": "center",
            "colour": SIDES["pytorch"] if k < 2 else SIDES["jax"] if k > 2 else MUTED,
        }
        for k, (x, word) in enumerate(zip(places, _STEPS, strict=True))
    ]  # fmt: skip
    strips = [(top + k * step + 18, top + (k + 1) * step - 2) for k in range(len(rows))]
    points, paths, texts = [], [], []
    for number, row in enumerate(rows):
        y, place = top + number * step, row["place"]
        colour = SIDES["pytorch"] if place < 2 else SIDES["jax"] if place > 2 else MUTED
        texts.append({"x": 0, "y": y + 11, "text": shortened(row["label"]), "colour": INK})
        line = {"x": places[now], "x2": places[place], "y": y + 26, "y2": y + 26}
        paths.append({**line, "colour": colour})
        if place != now:
            points.append(
                {"x": places[now], "y": y + 26, "shape": "circle", "fill": PAPER, "stroke": MUTED}
            )
        head = "triangle-left" if place < now else "triangle-right" if place > now else "circle"
        points.append(
            {"x": places[place], "y": y + 26, "shape": head, "fill": colour, "stroke": colour}
        )
    layers = [
        *grid(places, strips, bottom),
        *texts_at([*heads, *texts], bottom, size=NOTE),
        *lines(paths, bottom, thick=2.0),
        *marks_at(points, bottom),
    ]
    return layers, bottom


_KINDS: Mapping[str, Callable[[Mapping[str, Any]], tuple[list[Any], int]]] = {
    "times": _times,
    "ratios": _ratios,
    "contributions": _contributions,
    "flips": _flips,
}
