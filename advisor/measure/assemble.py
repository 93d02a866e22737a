"""From launches to the evidence document's ``probes[]``: entries, parity, gates, comparisons.

Pure but for reading the observations that workers wrote.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from advisor.measure.cell_runs import CellRuns, Context
from advisor.measure.comparisons import comparison, pairs_of
from advisor.measure.gates import effective_cores, gate
from advisor.measure.work import Cell, Failure, LaunchResult, Mode, ModeRun
from advisor.measure.parity import parity_of, read_observation
from advisor.measure.statistics import quantile, t_interval

_BLOCK_KEYS = (
    *("round", "calls_per_sample", "wall_s", "cpu_s", "clock_hz", "kept", "dropped_by"),
    "samples_s",
)


def probe_entry(
    runs: CellRuns,
    context: Context,
    observations: Mapping[str, Path],
    inputs_sha256: str | None,
    missing: Mapping[str, Mapping[str, str]],
) -> dict[str, Any]:
    """One element of ``probes[]``."""
    cell, series, launches = runs.cell, runs.series, runs.launches
    read = {label: read_observation(path) for label, path in observations.items()}
    parity = parity_of(read, cell.tolerance, inputs_sha256)
    comparisons = [
        comparison(runs, pair, parity, context)
        for pair in pairs_of(cell)
        if _has_times(launches, cell.key, pair)
    ]
    entries = [_entry(cell, mode, launches) for mode in cell.modes]
    entries += [_missing_entry(framework, why) for framework, why in sorted(missing.items())]
    parity.pop("problems", None)
    return {
        "id": cell.probe,
        "title": cell.title,
        "device": series.device,
        "cores": series.cores,
        "precision": cell.precision,
        "size": dict(cell.size),
        "size_name": cell.size_name,
        "variant_of": cell.variant_of,
        "weighs": cell.weighs,
        "stream_calls": cell.stream_calls,
        "flops": cell.flops,
        "bytes": cell.bytes_moved,
        "samples_per_step": cell.samples_per_step,
        "entries": entries,
        "parity": parity,
        "gates": _probe_gates(comparisons, _warm_gates(runs)),
        "comparisons": comparisons,
    }


def _has_times(launches: Sequence[LaunchResult], cell_key: str, pair: tuple[str, str]) -> bool:
    return any(all((cell_key, label) in launch.runs for label in pair) for launch in launches)


def _probe_gates(
    comparisons: Sequence[Mapping[str, Any]], others: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Each gate once: failed if it failed for any comparison of the probe, or any mode."""
    rank = {"passed": 0, "not_applicable": 0, "unknown": 1, "failed": 2}
    worst: dict[str, dict[str, Any]] = {}
    for line in (*(line for c in comparisons for line in c["certificate"]), *others):
        known = worst.get(line["id"])
        if known is None or rank[line["status"]] > rank[known["status"]]:
            worst[line["id"]] = line
    return [worst[name] for name in sorted(worst)]


def _warm_gates(runs: CellRuns) -> list[dict[str, Any]]:
    """A cold compile time is refused where the first launch took something from a cache."""
    lines = []
    for mode in runs.cell.modes:
        good = runs.good(mode.label)
        hits = good[0].counters.get("cache_hits") if good else None
        if hits:
            text = f"{mode.label}: taken from a compile cache, so no cold compile time is given"
            lines.append(
                gate("cold-compile-warm", text, ok=False, value=hits, limit=0, modes=[mode.label])
            )
    return lines


def _missing_entry(framework: str, why: Mapping[str, str]) -> dict[str, Any]:
    mode = "pytorch.eager" if framework == "pytorch" else "jax.jit"
    return {"framework": framework, "mode": mode, "status": "skipped", "reason": dict(why)}


def _entry(cell: Cell, mode: Mode, launches: Sequence[LaunchResult]) -> dict[str, Any]:
    runs = [
        (launch.index, run)
        for launch in launches
        if (run := launch.runs.get((cell.key, mode.label))) is not None and run.blocks
    ]
    head = {
        "framework": mode.toolchain.framework,
        "mode": mode.label,
        "toolchain": mode.toolchain.index,
    }
    if not runs:
        return {**head, **_why_nothing(cell, mode, launches)}
    noisy = {launch.index for launch in launches if cell.key in launch.noisy}
    medians = [_launch_median(run) for _, run in runs]
    samples = [
        s for _, run in runs for b in run.blocks if b.get("kept", True) for s in b["samples_s"]
    ]
    cores = [c for _, run in runs for b in run.blocks if (c := effective_cores(b)) is not None]
    steady_s = quantile(medians, 0.5)
    cold_s, warm_s = _compile_times([run for _, run in runs], medians)
    return {
        **head,
        "status": "ok",
        "reason": _broke_later(cell, mode, launches),
        "variant": runs[0][1].variant,
        "median_s": steady_s,
        "p95_s": quantile(samples, 0.95) if samples else None,
        "interval_s": _interval(medians),
        "latency": _latency([s for _, run in runs for s in run.waited_s]),
        "effective_cores": round(quantile(cores, 0.5), 3) if cores else None,
        "import_s": _median_of(run.import_s for _, run in runs),
        "first_call_s": runs[0][1].first_calls_s[0] if runs[0][1].first_calls_s else None,
        "compile_s": cold_s,
        "compile_warm_s": warm_s,
        **_one_off(cell, [run for _, run in runs], steady_s),
        "peak_memory_bytes": max((run.peak_memory_bytes or 0 for _, run in runs), default=0)
        or None,
        "counters": {
            **runs[0][1].counters,
            "unsteady_launches": sum(not r.steady for _, r in runs),
        },
        "launches": [
            {**_launch(index, run, m), "noisy": index in noisy}
            for (index, run), m in zip(runs, medians, strict=True)
        ],
    }


def _why_nothing(cell: Cell, mode: Mode, launches: Sequence[LaunchResult]) -> dict[str, Any]:
    failures = [
        f for launch in launches if (f := launch.failures.get((cell.key, mode.label))) is not None
    ]
    failure = failures[-1] if failures else None
    if failure is None and any(launch.interrupted for launch in launches):
        failure = Failure("interrupted", "interrupted", "the run was stopped before its turn")
    if failure is None:
        failure = Failure("skipped", "not-reached", "its turn never came")
    reason = {"id": failure.reason, "text": failure.text, "hint": failure.hint}
    return {"status": failure.status, "reason": reason}


def _broke_later(cell: Cell, mode: Mode, launches: Sequence[LaunchResult]) -> dict[str, Any] | None:
    """Why a mode with times has fewer launches than the others; None where nothing broke."""
    for launch in launches:
        failure = launch.failures.get((cell.key, mode.label))
        if failure is not None:
            text = f"in launch {launch.index + 1}: {failure.text}"
            return {"id": failure.reason, "text": text, "hint": failure.hint}
    return None


def _latency(waited_s: Sequence[float]) -> dict[str, Any] | None:
    """How long single calls took, of all launches together; None where none was waited for."""
    if not waited_s:
        return None
    shares = {"p50_s": 0.5, "p95_s": 0.95, "p99_s": 0.99}
    return {"calls": len(waited_s), **{k: quantile(waited_s, p) for k, p in shares.items()}}


def _launch_median(run: ModeRun) -> float:
    kept = [b for b in run.blocks if b.get("kept", True)] or run.blocks
    return quantile([quantile(b["samples_s"], 0.5) for b in kept], 0.5)


def _compile_s(run: ModeRun, median_s: float) -> float:
    """What the first calls took beyond as many steady ones: tracing, compiling, warming."""
    return max(0.0, math.fsum(run.first_calls_s) - len(run.first_calls_s) * median_s)


def _compile_times(
    runs: Sequence[ModeRun], medians: Sequence[float]
) -> tuple[float | None, float | None]:
    """Compile time in the first launch, and the median of the later ones.

    A first launch that took something from a cache says nothing about compiling anew; a later
    one that did compile anew (JAX's cache is off) says nothing about a warm cache.
    """
    times = [_compile_s(run, median) for run, median in zip(runs, medians, strict=True)]
    hits = [run.counters.get("cache_hits") for run in runs]
    cold = None if hits[0] else times[0]
    warm = [t for t, h in zip(times[1:], hits[1:], strict=True) if h is None or h > 0]
    return cold, quantile(warm, 0.5) if warm else None


def _one_off(cell: Cell, runs: Sequence[ModeRun], steady_s: float) -> dict[str, Any]:
    """Times that hold for a whole process or a whole stream of calls, where the cell asks."""
    found: dict[str, Any] = {}
    if cell.own_process and cell.one_off:
        for key, warm in (("first_result_s", False), ("first_result_warm_s", True)):
            times = [_first_result_s(r) for r in runs if bool(r.counters.get("cache_hits")) == warm]
            found[key] = _median_of(times)
    anew = next((r for r in runs if r.first_calls_s and not r.counters.get("cache_hits")), None)
    if cell.stream_calls and anew is not None:
        first_s = anew.first_calls_s
        found["stream_s"] = math.fsum(first_s) + (cell.stream_calls - len(first_s)) * steady_s
    return found


def _first_result_s(run: ModeRun) -> float | None:
    """From the import of the framework to the end of the first call."""
    if run.import_s is None or run.build_s is None or not run.first_calls_s:
        return None
    return run.import_s + run.build_s + run.first_calls_s[0]


def _interval(medians: Sequence[float]) -> list[float] | None:
    if len(medians) < 2:
        return None
    found = t_interval([math.log(m) for m in medians], alpha=0.05, floor=0.0)
    return [math.exp(found.low), math.exp(found.high)]


def _median_of(values: Any) -> float | None:
    known = [v for v in values if v is not None]
    return quantile(known, 0.5) if known else None


def _launch(index: int, run: ModeRun, median_s: float) -> dict[str, Any]:
    return {
        "index": index,
        "median_s": median_s,
        "import_s": run.import_s,
        "first_call_s": run.first_calls_s[0] if run.first_calls_s else None,
        "compile_s": _compile_s(run, median_s),
        "peak_memory_bytes": run.peak_memory_bytes,
        "blocks": [{k: b[k] for k in _BLOCK_KEYS if k in b} for b in run.blocks],
    }
