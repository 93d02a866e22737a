"""From launches to the evidence's probes: entries, parity, gates, comparisons.

Pure but for reading the observations that workers wrote.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from advisor.evidence import (
    Comparison,
    Entry,
    EntryStatus,
    Gate,
    Latency,
    Launch,
    Probe,
    Reason,
)
from advisor.measure import gates
from advisor.measure.certificate import SeriesContext
from advisor.measure.choosing import chosen_pair
from advisor.measure.comparisons import comparison, pairs_of
from advisor.measure.itself import with_second_look
from advisor.measure.own_parity import own_parity_of
from advisor.measure.parity import parity_of, read_observation
from advisor.measure.statistics import quantile, ratio_of_launches
from advisor.measure.work import Failure, LaunchResult, Mode, ModeRun, WorkItem, WorkRuns
from advisor.pair import Framework, modes_of

Runs = Sequence[tuple[int, ModeRun]]
"""The launches in which a mode gave blocks: each one's index, and what the mode did."""


def probe_of(
    work: WorkRuns,
    context: SeriesContext,
    observations: Mapping[str, Path],
    *,
    again: Mapping[str, Path],
    inputs_sha256: str | None,
    missing: Mapping[str, Reason],
) -> Probe:
    """One probe of the evidence.

    Args:
        work: The item and its launches.
        context: What holds for the whole series.
        observations: Where each mode, by label, showed what it computed.
        again: Where it did when it was built once more.
        inputs_sha256: The hash of the shared inputs.
        missing: Why a framework could not be measured, by framework.
    """
    item, series, launches = work.item, work.series, work.launches
    read = {label: read_observation(path) for label, path in observations.items()}
    if item.source:
        # A user's step is built twice inside one worker, and looked at more closely.
        parity = own_parity_of(read, item.tolerance, inputs_sha256)
    else:
        parity = parity_of(read, item.tolerance, inputs_sha256)
        parity = with_second_look(parity, read, again, item.tolerance)
    comparisons = [
        comparison(work, pair, parity, context)
        for pair in (chosen_pair(item, launches) if item.role == "choice" else pairs_of(item))
        if _has_times(launches, item.key, pair)
    ]
    entries = [_entry(item, mode, launches) for mode in item.modes]
    missed = sorted(f for f in missing if f in item.offered)
    entries += [_missing_entry(framework, missing[framework]) for framework in missed]
    return Probe(
        id=item.workload,
        title=item.title,
        device=series.device,
        cores=series.cores,
        precision=item.precision,
        size=dict(item.size),
        size_name=item.size_name,
        variant_of=item.variant_of,
        weighs=item.weighs,
        stream_calls=item.stream_calls,
        flops=item.flops,
        bytes=item.bytes_moved,
        samples_per_step=item.samples_per_step,
        entries=entries,
        parity=parity,
        gates=_probe_gates(comparisons, _warm_gates(work)),
        comparisons=comparisons,
    )


def _has_times(launches: Sequence[LaunchResult], key: str, pair: tuple[str, str]) -> bool:
    return any(all((key, label) in launch.runs for label in pair) for launch in launches)


def _probe_gates(comparisons: Sequence[Comparison], others: Sequence[Gate]) -> list[Gate]:
    """Each gate once: failed if it failed for any comparison of the probe, or any mode."""
    rank = {"passed": 0, "not_applicable": 0, "unknown": 1, "failed": 2}
    worst: dict[str, Gate] = {}
    for line in (*(line for c in comparisons for line in c.certificate), *others):
        so_far = worst.get(line.id)
        if so_far is None or rank[line.status] > rank[so_far.status]:
            worst[line.id] = line
    return [worst[name] for name in sorted(worst)]


def _warm_gates(work: WorkRuns) -> list[Gate]:
    """A cold compile time is refused where the first launch took something from a cache."""
    lines = []
    for mode in work.item.modes:
        good = work.good(mode.label)
        hits = good[0].counters.get("cache_hits") if good else None
        if hits:
            label = mode.label
            lines.append(
                gates.gate(
                    gates.WARM_CACHE, ok=False, value=hits, limit=0, modes=[label], mode=label
                )
            )
    return lines


def _missing_entry(framework: str, why: Reason) -> Entry:
    return Entry(
        framework=cast("Framework", framework),
        mode=modes_of(framework)[0],
        status="skipped",
        reason=why,
    )


def _entry(item: WorkItem, mode: Mode, launches: Sequence[LaunchResult]) -> Entry:
    runs = [
        (launch.index, run)
        for launch in launches
        if (run := launch.runs.get((item.key, mode.label))) is not None and run.blocks
    ]
    bare = Entry(
        framework=cast("Framework", mode.toolchain.framework),
        mode=mode.label,
        status="ok",
        reason=_broke_later(item, mode, launches),
        toolchain=mode.toolchain.index,
    )
    if not runs:
        status, reason = _why_nothing(item, mode, launches)
        return replace(bare, status=status, reason=reason)
    timed = _with_times(bare, runs)
    return _with_first_calls(timed, item, [run for _, run in runs])


def _with_times(entry: Entry, runs: Runs) -> Entry:
    """What holds for the calls of a steady mode, and each launch.

    Times are of the launches that others left alone; where most were disturbed, of all of them,
    and the entry says so.
    """
    noisy = [gates.disturbed(run.blocks) for _, run in runs]
    disturbed = sum(noisy) * 2 > len(runs)
    every = [_launch_median(run) for _, run in runs]
    medians = [m for m, bad in zip(every, noisy, strict=True) if disturbed or not bad]
    blocks = [block for _, run in runs for block in run.blocks]
    samples = [s for block in blocks if block.kept for s in block.samples_s]
    cores = [c for block in blocks if (c := gates.effective_cores(block)) is not None]
    peaks = [run.peak_memory_bytes or 0 for _, run in runs]
    return replace(
        entry,
        variant=runs[0][1].variant,
        median_s=quantile(medians, 0.5),
        p95_s=quantile(samples, 0.95) if samples else None,
        interval_s=_interval(medians),
        latency=_latency([s for _, run in runs for s in run.waited_s]),
        effective_cores=round(quantile(cores, 0.5), 3) if cores else None,
        peak_memory_bytes=max(peaks) or None,
        counters={
            **runs[0][1].counters,
            "unsteady_launches": sum(not run.steady for _, run in runs),
        },
        launches=[
            _launch(index, run, median_s, noisy=bad)
            for (index, run), median_s, bad in zip(runs, every, noisy, strict=True)
        ],
        disturbed=disturbed,
    )


def _with_first_calls(entry: Entry, item: WorkItem, runs: Sequence[ModeRun]) -> Entry:
    """What happens once per process: imports, first calls, compiling, first results, streams."""
    medians = [launch.median_s or 0.0 for launch in entry.launches]
    cold_s, warm_s = _compile_times(runs, medians)
    # First results are told where each mode had a process of its own.
    firsts = runs if item.own_process and item.one_off else ()
    cached = [bool(run.counters.get("cache_hits")) for run in firsts]
    results = [_first_result_s(run) for run in firsts]
    return replace(
        entry,
        import_s=_median_of(run.import_s for run in runs),
        first_call_s=_first_call_s(runs[0]),
        compile_s=cold_s,
        compile_warm_s=warm_s,
        first_result_s=_median_of(s for s, hit in zip(results, cached, strict=True) if not hit),
        first_result_warm_s=_median_of(s for s, hit in zip(results, cached, strict=True) if hit),
        stream_s=_stream_s(item, runs, entry.median_s or 0.0),
    )


def _why_nothing(
    item: WorkItem, mode: Mode, launches: Sequence[LaunchResult]
) -> tuple[EntryStatus, Reason]:
    failures = [
        f for launch in launches if (f := launch.failures.get((item.key, mode.label))) is not None
    ]
    if failures:
        return failures[-1].status, failures[-1].reason
    if any(launch.interrupted for launch in launches):
        return "interrupted", Reason("interrupted")
    return "skipped", Reason("not-reached")


def _broke_later(item: WorkItem, mode: Mode, launches: Sequence[LaunchResult]) -> Reason | None:
    """Why a mode with times has fewer launches than the others; None where nothing broke."""
    broken: list[tuple[int, Failure]] = [
        (launch.index, failure)
        for launch in launches
        if (failure := launch.failures.get((item.key, mode.label))) is not None
    ]
    if not broken:
        return None
    index, failure = broken[0]
    values = {**failure.reason.values, "in_launch": index + 1}
    return replace(failure.reason, values=values)


def _latency(waited_s: Sequence[float]) -> Latency | None:
    """How long single calls took, of all launches together; None where none was waited for."""
    if not waited_s:
        return None
    p50_s, p95_s, p99_s = (quantile(waited_s, p) for p in (0.5, 0.95, 0.99))
    return Latency(len(waited_s), p50_s, p95_s, p99_s)


def _launch_median(run: ModeRun) -> float:
    kept = [block for block in run.blocks if block.kept] or run.blocks
    return quantile([gates.block_median_s(block) for block in kept], 0.5)


def _compile_s(run: ModeRun, median_s: float) -> float:
    """What the first calls took beyond as many steady ones: tracing, compiling, warming."""
    return max(0.0, math.fsum(run.first_calls_s) - len(run.first_calls_s) * median_s)


def _compile_times(
    runs: Sequence[ModeRun], medians: Sequence[float]
) -> tuple[float | None, float | None]:
    """Compile time in the first launch, and the median of the later ones.

    A first launch that took something from a cache says nothing about compiling anew; a later
    one that did compile anew says nothing about a warm cache.
    """
    times = [_compile_s(run, median) for run, median in zip(runs, medians, strict=True)]
    hits = [run.counters.get("cache_hits") for run in runs]
    cold = None if hits[0] else times[0]
    warm = [t for t, h in zip(times[1:], hits[1:], strict=True) if h is None or h > 0]
    return cold, quantile(warm, 0.5) if warm else None


def _stream_s(item: WorkItem, runs: Sequence[ModeRun], steady_s: float) -> float | None:
    """A whole stream of calls in a process that compiles anew; None where there was none."""
    anew = next((r for r in runs if r.first_calls_s and not r.counters.get("cache_hits")), None)
    if not item.stream_calls or anew is None:
        return None
    first_s = anew.first_calls_s
    return math.fsum(first_s) + (item.stream_calls - len(first_s)) * steady_s


def _first_call_s(run: ModeRun) -> float | None:
    return run.first_calls_s[0] if run.first_calls_s else None


def _first_result_s(run: ModeRun) -> float | None:
    """From the import of the framework to the end of the first call."""
    if run.import_s is None or run.build_s is None or not run.first_calls_s:
        return None
    return run.import_s + run.build_s + run.first_calls_s[0]


def _interval(medians: Sequence[float]) -> tuple[float, float] | None:
    if len(medians) < 2:
        return None
    return ratio_of_launches([math.log(m) for m in medians], floor=0.0).interval()


def _median_of(values: Iterable[float | None]) -> float | None:
    read = [value for value in values if value is not None]
    return quantile(read, 0.5) if read else None


def _launch(index: int, run: ModeRun, median_s: float, *, noisy: bool) -> Launch:
    return Launch(
        index=index,
        median_s=median_s,
        noisy=noisy,
        import_s=run.import_s,
        first_call_s=_first_call_s(run),
        compile_s=_compile_s(run, median_s),
        peak_memory_bytes=run.peak_memory_bytes,
        blocks=run.blocks,
    )
