"""From the launches of one cell to its comparisons: log ratios, gates, verdicts, certificate.

Pure: reads what launches gave, decides by the rules of `gates` and `verdicts`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from advisor.measure import gates
from advisor.measure.model import Cell, LaunchResult, ModeRun, Series
from advisor.measure.statistics import pair_log_ratio, quantile
from advisor.measure.verdicts import DEFAULT_MARGIN, Looks, Verdict, call

_WAY_OUT = {
    "others-were-busy": "stop what else runs on this machine, or measure when it is idle",
    "parity-failed": "the modes do not compute the same thing; a ratio would mean nothing",
    "precision-differs": "set the same matrix product precision in both, or use --settings matched",
    "impossible-rate": "a missing wait for the device, or work that was optimised away",
    "threads-differ": "give both the same CPUs; see fw-advisor doctor",
    "selftest-failed": "run fw-advisor selftest when the machine is idle",
}


@dataclass(frozen=True)
class CellRuns:
    """One cell of a series and all its launches so far."""

    cell: Cell
    series: Series
    launches: Sequence[LaunchResult]

    def good(self, label: str) -> list[ModeRun]:
        """What *label* did in the launches in which it gave blocks."""
        found = (launch.runs.get((self.cell.key, label)) for launch in self.launches)
        return [run for run in found if run is not None and run.blocks]


@dataclass(frozen=True)
class Context:
    """What holds for all comparisons of a series."""

    looks: Looks
    floor: float
    selftest: str
    peaks: Mapping[str, float]
    precisions: Mapping[str, float]
    hellos: Mapping[str, Mapping[str, Any]]
    margin: float = DEFAULT_MARGIN


def launch_logs(runs_of: CellRuns, a: str, b: str) -> tuple[list[float], int, float]:
    """log(time of b / time of a) of each good launch; also how many were noisy, and the drops.

    Returns ``(logs, noisy launches, mean share of dropped pairs)``.
    """
    logs, noisy, drops = [], 0, []
    cell_key = runs_of.cell.key
    for launch in runs_of.launches:
        runs = launch.runs.get((cell_key, a)), launch.runs.get((cell_key, b))
        if runs[0] is None or runs[1] is None or not runs[0].blocks or not runs[1].blocks:
            continue
        a_s, b_s, dropped = gates.good_pairs(runs[0].blocks, runs[1].blocks)
        drops.append(dropped)
        ratio = pair_log_ratio(a_s, b_s)
        if cell_key in launch.noisy or dropped > gates.MOST_DROPPED or ratio is None:
            noisy += 1
            continue
        logs.append(ratio)
    return logs, noisy, math.fsum(drops) / len(drops) if drops else 0.0


def verdict_so_far(runs: CellRuns, pair: tuple[str, str], context: Context) -> Verdict:
    """The verdict by the statistics alone, as it decides whether more launches are run."""
    logs, _, _ = launch_logs(runs, *pair)
    return call(logs, context.looks, margin=context.margin, floor=context.floor)


def comparison(
    runs: CellRuns, pair: tuple[str, str], parity: Mapping[str, Any], context: Context
) -> dict[str, Any]:
    """One comparison as it stands in the evidence."""
    a, b = pair
    logs, _, _ = launch_logs(runs, a, b)
    certificate = _certificate(runs, pair, parity, context)
    verdict = call(logs, context.looks, margin=context.margin, floor=context.floor)
    verdict = _cautious(verdict, runs, pair)
    failed = [line for line in certificate if line["status"] == "failed"]
    if failed:
        return _refused(pair, logs, failed, certificate, context)
    interval = verdict.interval
    reason = None
    if verdict.reason:
        reason = {"id": verdict.reason, "text": verdict.text, "hint": ""}
    return {
        "a": a,
        "b": b,
        "time_ratio": _ratio(interval.estimate) if interval else None,
        "ci": [_ratio(interval.low), _ratio(interval.high)] if interval else None,
        "launches": len(logs),
        "verdict": verdict.word,
        "reason": reason,
        "margin": round(math.exp(context.margin) - 1, 4),
        "spread": round(interval.spread, 5) if interval else None,
        "pairing": "paired",
        "certificate": certificate,
    }


def _ratio(log: float) -> float:
    return float(f"{math.exp(log):.5g}")


def _refused(
    pair: tuple[str, str],
    logs: Sequence[float],
    failed: Sequence[Mapping[str, Any]],
    certificate: list[dict[str, Any]],
    context: Context,
) -> dict[str, Any]:
    """No ratio is shown where a gate failed; only the reason and the way out."""
    text = "; ".join(str(line["text"]) for line in failed)
    hint = next((_WAY_OUT[line["id"]] for line in failed if line["id"] in _WAY_OUT), "")
    return {
        "a": pair[0],
        "b": pair[1],
        "time_ratio": None,
        "ci": None,
        "launches": len(logs),
        "verdict": "invalid",
        "reason": {"id": failed[0]["id"], "text": text, "hint": hint},
        "margin": round(math.exp(context.margin) - 1, 4),
        "spread": None,
        "pairing": "paired",
        "certificate": certificate,
    }


def _cautious(verdict: Verdict, runs: CellRuns, pair: tuple[str, str]) -> Verdict:
    """A side that never became steady is only called when the difference is beyond doubt."""
    if verdict.word not in ("a_faster", "b_faster", "equivalent") or verdict.interval is None:
        return verdict
    unsteady = [
        label
        for label in pair
        if sum(not run.steady for run in runs.good(label)) * 2 > len(runs.good(label))
    ]
    if not unsteady or abs(verdict.interval.estimate) > math.log(2):
        return verdict
    text = f"{' and '.join(unsteady)} did not reach a steady time"
    return Verdict("inconclusive", verdict.interval, "not-steady", text)


def _certificate(
    runs: CellRuns, pair: tuple[str, str], parity: Mapping[str, Any], context: Context
) -> list[dict[str, Any]]:
    toolchains = {mode.label: mode.toolchain.key for mode in runs.cell.modes}
    sides = [toolchains[label] for label in pair]
    return [
        _selftest_gate(context),
        _parity_gate(parity, pair),
        _precision_gate(context, runs.cell, pair, sides),
        _threads_gate(context, runs.series, pair, sides),
        *_plausible_gates(runs, pair, context),
        _quiet_gate(runs, pair),
    ]


def _selftest_gate(context: Context) -> dict[str, Any]:
    texts = {
        "passed": "measuring works here: equal code was called equal, a planted delay was found",
        "failed": "the self-test failed: on this machine, now, measuring cannot be trusted",
        "not_run": "the self-test was not run",
    }
    return gates.gate("selftest-failed", texts[context.selftest], ok=context.selftest == "passed")


def _parity_gate(parity: Mapping[str, Any], pair: tuple[str, str]) -> dict[str, Any]:
    if parity["status"] == "not_checked":
        return gates.gate("parity-failed", "results were not compared", ok=None, modes=pair)
    problems = parity.get("problems") or {}
    mine = [f"{k}: {v}" for k, v in problems.items() if k in pair or k == "parameters"]
    text = "; ".join(mine) if mine else "same inputs, outputs, gradients and loss curve"
    return gates.gate("parity-failed", text, ok=not mine, modes=pair)


def _precision_gate(
    context: Context, cell: Cell, pair: tuple[str, str], sides: Sequence[str]
) -> dict[str, Any]:
    errors = [context.precisions.get(side) for side in sides]
    if any(error is None for error in errors):
        text = "the arithmetic was not checked against float64"
        return gates.gate("precision-differs", text, ok=None, modes=pair)
    classes = [gates.precision_class(error) for error in errors if error is not None]
    same = len(set(classes)) == 1 and (cell.precision != "float32" or classes[0] == "float32")
    shown = " and ".join(f"{c} (error {e:.1e})" for c, e in zip(classes, errors, strict=True))
    return gates.gate(
        "precision-differs",
        f"products against float64: {shown}",
        ok=same,
        value=classes,
        modes=pair,
    )


def _threads_gate(
    context: Context, series: Series, pair: tuple[str, str], sides: Sequence[str]
) -> dict[str, Any]:
    hellos = [context.hellos.get(side, {}) for side in sides]
    affinities = [tuple(h.get("affinity") or ()) for h in hellos]
    threads = [h.get("threads") for h in hellos if h.get("threads") is not None]
    if not all(affinities):
        return gates.gate("threads-differ", "the system does not tell CPU sets", ok=None)
    ok = len(set(affinities)) == 1 and len(affinities[0]) == series.cores
    ok = ok and all(t == series.cores for t in threads)
    text = f"both on {len(affinities[0])} CPU(s)" + (f", {threads[0]} thread(s)" if threads else "")
    if not ok:
        text = f"CPU sets of sizes {[len(a) for a in affinities]}, threads {threads}"
    return gates.gate("threads-differ", text, ok=ok, value=threads, limit=series.cores, modes=pair)


def _plausible_gates(
    runs: CellRuns, pair: tuple[str, str], context: Context
) -> list[dict[str, Any]]:
    peak = max(context.peaks.values(), default=0.0)
    cell = runs.cell
    if not cell.flops or not peak:
        return []
    lines = []
    for label in pair:
        medians = [
            quantile(b["samples_s"], 0.5)
            for r in runs.good(label)
            for b in r.blocks
            if b.get("kept")
        ]
        if not medians:
            continue
        rate = cell.flops / quantile(medians, 0.5)
        text = f"{label}: {rate / 1e9:.0f} GFLOP/s of a peak of {peak / 1e9:.0f} measured here"
        lines.append(
            gates.gate(
                "impossible-rate",
                text,
                ok=rate <= gates.PEAK_SLACK * peak,
                value=round(rate),
                limit=round(gates.PEAK_SLACK * peak),
                modes=[label],
            )
        )
    return lines


def _quiet_gate(runs: CellRuns, pair: tuple[str, str]) -> dict[str, Any]:
    logs, noisy, dropped = launch_logs(runs, *pair)
    total = len(logs) + noisy
    known = (launch.foreign_share.get(runs.cell.key) for launch in runs.launches)
    shares = [share for share in known if share is not None]
    others = f"; others used {quantile(shares, 0.5):.0%} of the CPUs" if shares else ""
    text = f"{noisy} of {total} launches were noisy, {dropped:.0%} of block pairs dropped{others}"
    busy = total > 0 and noisy > total / 3
    return gates.gate(
        "others-were-busy",
        f"machine busy: {text}" if busy else text,
        ok=not busy,
        value=noisy,
        limit=total // 3,
        modes=pair,
    )


def pairs_of(cell: Cell) -> list[tuple[str, str]]:
    """Which modes are compared: every PyTorch mode with every JAX mode, then within each.

    The first of a pair is the PyTorch mode, or the simpler mode of one framework. Modes with
    few samples are shown but never compared.
    """
    modes = [mode for mode in cell.modes if not mode.few_samples]
    torch = [m.label for m in modes if m.toolchain.framework == "pytorch"]
    jax = [m.label for m in modes if m.toolchain.framework == "jax"]
    other = [m.label for m in modes if m.toolchain.framework not in ("pytorch", "jax")]
    pairs = [(a, b) for a in torch for b in jax]
    for group in (torch, jax, other):
        pairs += [(group[i], group[j]) for i in range(len(group)) for j in range(i + 1, len(group))]
    return pairs


def crossing_pairs(cell: Cell) -> list[tuple[str, str]]:
    """The pairs whose verdicts decide whether more launches are needed."""
    frameworks = {mode.label: mode.toolchain.framework for mode in cell.modes}
    pairs = pairs_of(cell)
    crossing = [(a, b) for a, b in pairs if frameworks[a] != frameworks[b]]
    return crossing or pairs
