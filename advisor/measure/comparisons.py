"""From the launches of one cell to its comparisons: verdicts, or the reason for there being none.

Pure: reads what launches gave, decides by the rules of `certificate` and `verdicts`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from advisor.measure.cell_runs import CellRuns, Context, launch_logs
from advisor.measure.certificate import WAY_OUT, certificate_of
from advisor.measure.work import Cell
from advisor.measure.verdicts import Verdict, call


def verdict_so_far(runs: CellRuns, pair: tuple[str, str], context: Context) -> Verdict:
    """The verdict by the statistics alone, as it decides whether more launches are run."""
    logs, _, _ = launch_logs(runs, *pair)
    return _call(logs, runs, pair, context)


def _call(
    logs: Sequence[float], runs: CellRuns, pair: tuple[str, str], context: Context
) -> Verdict:
    keys = {mode.label: mode.toolchain.key for mode in runs.cell.modes}
    return call(
        logs,
        context.looks,
        margin=context.margin,
        floor=context.floor,
        one_process=keys[pair[0]] == keys[pair[1]] and not runs.cell.own_process,
    )


def comparison(
    runs: CellRuns, pair: tuple[str, str], parity: Mapping[str, Any], context: Context
) -> dict[str, Any]:
    """One comparison as it stands in the evidence."""
    a, b = pair
    logs, _, _ = launch_logs(runs, a, b)
    certificate = certificate_of(runs, pair, parity, context)
    verdict = _cautious(_call(logs, runs, pair, context), runs, pair)
    failed = [line for line in certificate if line["status"] == "failed"]
    if failed:
        refused = _refused(pair, logs, failed, certificate, context)
        return {**refused, "pairing": _pairing(runs, pair)}
    interval = verdict.interval
    reason = None
    if verdict.reason:
        reason = {"id": verdict.reason, "text": verdict.text, "hint": ""}
    if verdict.reason == "too-few-launches" and _told_apart(runs, pair, context):
        text = f"the two frameworks were told apart after {len(logs)} launches, so this was left"
        reason = {"id": "not-followed-up", "text": text, "hint": ""}
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
        "pairing": _pairing(runs, pair),
        "certificate": certificate,
    }


def _told_apart(runs: CellRuns, pair: tuple[str, str], context: Context) -> bool:
    """Whether launches ended because every comparison across frameworks was settled early."""
    crossing = crossing_pairs(runs.cell)
    return pair not in crossing and all(
        verdict_so_far(runs, other, context).settled for other in crossing
    )


def _pairing(runs: CellRuns, pair: tuple[str, str]) -> str:
    return "paired" if runs.paired(*pair) else "unpaired"


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
    hint = next((WAY_OUT[line["id"]] for line in failed if line["id"] in WAY_OUT), "")
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


def pairs_of(cell: Cell) -> list[tuple[str, str]]:
    """Which modes are compared: every PyTorch mode with every JAX mode, then within each.

    The first of a pair is the PyTorch mode, or the simpler mode of one framework. Modes with
    few samples, and cells about what happens once, are shown but never compared.
    """
    if cell.one_off:
        return []
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
