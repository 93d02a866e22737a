"""What one thing makes of a mode: more cores, compiling, another way to write the same work.

Pure: reads finished probes. Nothing is explained here; two measurements that differ in one thing
alone are set side by side, with an interval over launches, so that a cause is a toggle that was
flipped and not a story.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from advisor.measure.statistics import Interval, t_interval, t_quantile
from advisor.measure.verdicts import DEFAULT_MARGIN, SPREAD_FLOOR

_ALPHA = 0.05
_COMPILED = {
    "pytorch.compile": "pytorch.eager",
    "pytorch.compile_reduce_overhead": "pytorch.compile",
    "jax.jit": "jax.eager",
}


def attributions(
    probes: Sequence[Mapping[str, Any]], *, floor: float = SPREAD_FLOOR, selftest: str = "passed"
) -> list[dict[str, Any]]:
    """One element per toggle and mode: the time with it *off* over the time with it *on*.

    `time_ratio` above 1 means that what was toggled makes the mode faster. `floor` bounds the
    spread between launches from below. Where the self-test failed nothing is attributed.
    """
    if selftest == "failed":
        return []
    found: list[dict[str, Any]] = []
    for probe in probes:
        found += _compiling(probe)
        for other in probes:
            if probe["cores"] == 1 and other["cores"] > 1 and _work(probe) == _work(other):
                found += _entries("cores", probe, other, floor, paired=False)
            if probe["size_name"] == other.get("variant_of") and _place(probe) == _place(other):
                found += _entries("variant", probe, other, floor, paired=True)
    return found


def _place(probe: Mapping[str, Any]) -> tuple[Any, ...]:
    return probe["id"], probe["device"], probe["cores"], probe["precision"]


def _work(probe: Mapping[str, Any]) -> tuple[Any, ...]:
    return probe["id"], probe["device"], probe["precision"], probe["size_name"]


def _line(
    kind: str, off: Mapping[str, Any], on: Mapping[str, Any], mode: str, values: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "kind": kind,
        "probe": on["id"],
        "device": on["device"],
        "precision": on["precision"],
        "mode": mode,
        "size": on["size_name"],
        "size_off": off["size_name"],
        "cores": on["cores"],
        "cores_off": off["cores"],
        **values,
    }


def _compiling(probe: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What compiling makes of a framework's own step: a comparison that was made already."""
    for compared in probe["comparisons"]:
        a, b = compared["a"], compared["b"]
        for on, off in ((a, b), (b, a)):
            name, _, version = on.partition("@")
            if off.partition("@")[::2] != (_COMPILED.get(name), version):
                continue
            ratio, ci = compared["time_ratio"], compared["ci"]
            if ratio is None or compared["verdict"] == "invalid":
                continue
            if on == b:
                ratio, ci = _rounded(1 / ratio), [_rounded(1 / ci[1]), _rounded(1 / ci[0])]
            called = compared["verdict"] in ("a_faster", "b_faster", "equivalent")
            effect = _effect(ci) if called else "open"
            values = {"mode_off": off, "time_ratio": ratio, "ci": ci, "effect": effect}
            yield _line("compile", probe, probe, on, values)


def _entries(
    kind: str, off: Mapping[str, Any], on: Mapping[str, Any], floor: float, *, paired: bool
) -> Iterator[dict[str, Any]]:
    """The modes that both probes timed, as far as no gate refused them."""
    before = {e["mode"]: e for e in off["entries"] if e["status"] == "ok"}
    for entry in on["entries"]:
        mode = entry["mode"]
        if entry["status"] != "ok" or mode not in before:
            continue
        if _refused(off, mode) or _refused(on, mode):
            continue
        interval = _interval(_medians(before[mode]), _medians(entry), floor, paired=paired)
        if interval is not None:
            ci = [math.exp(interval.low), math.exp(interval.high)]
            ratio, ci = _rounded(math.exp(interval.estimate)), [_rounded(x) for x in ci]
            values = {"mode_off": mode, "time_ratio": ratio, "ci": ci, "effect": _effect(ci)}
            yield _line(kind, off, on, mode, values)


def _refused(probe: Mapping[str, Any], mode: str) -> bool:
    """Whether no comparison that *mode* takes part in passed its gates."""
    words = [c["verdict"] for c in probe["comparisons"] if mode in (c["a"], c["b"])]
    return all(word == "invalid" for word in words)


def _medians(entry: Mapping[str, Any]) -> dict[int, float]:
    good = [x for x in entry["launches"] if x["median_s"] and not x.get("noisy")]
    return {x["index"]: math.log(x["median_s"]) for x in good}


def _interval(
    off: Mapping[int, float], on: Mapping[int, float], floor: float, *, paired: bool
) -> Interval | None:
    """The log of time *off* over time *on*: paired by launch, or of two sets of launches.

    Unpaired, after Welch (1947), with the degrees of freedom of the smaller set, which is never
    too narrow.
    """
    if paired:
        logs = [off[n] - on[n] for n in sorted(off.keys() & on.keys())]
        return t_interval(logs, alpha=_ALPHA, floor=floor) if len(logs) > 1 else None
    if min(len(off), len(on)) < 2:
        return None
    sides = [t_interval(list(side.values()), alpha=_ALPHA, floor=floor) for side in (off, on)]
    estimate = sides[0].estimate - sides[1].estimate
    error = math.sqrt(sum(side.spread**2 / side.launches for side in sides))
    fewest = min(side.launches for side in sides)
    half = t_quantile(1 - _ALPHA / 2, fewest - 1) * error
    spread = max(side.spread for side in sides)
    return Interval(estimate, estimate - half, estimate + half, spread, fewest)


def _rounded(ratio: float) -> float:
    return float(f"{ratio:.5g}")


def _effect(ci: Sequence[float]) -> str:
    low, high = math.log(ci[0]), math.log(ci[1])
    if low > DEFAULT_MARGIN:
        return "faster"
    if high < -DEFAULT_MARGIN:
        return "slower"
    return "equal" if low > -DEFAULT_MARGIN and high < DEFAULT_MARGIN else "open"
