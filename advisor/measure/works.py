"""From the probes of a model to what it predicts: step times of both frameworks and their ratio.

Where the size asked for was measured, its comparison is the ratio. Where it was cut in depth, the
time of a step is linear in depth: a line per framework and launch through the least and the next
depth, the ratio of times at the depth asked for in each launch, and an interval over launches, so
that the error of extrapolating is in it. Pure: probes in, works out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from advisor.evidence import (
    Comparison,
    Entry,
    Extrapolated,
    Probe,
    Reason,
    Work,
    WorkMode,
)
from advisor.measure.choosing import choice_key
from advisor.measure.comparisons import CHOOSING_ALONE
from advisor.measure.models import PREFIX, AskedModel
from advisor.measure.statistics import DIGITS, quantile, ratio_of_launches
from advisor.measure.verdicts import LOG_MARGIN, Looks, call
from advisor.measure.ways import (
    RESTS_ON_REWRITE,
    WAYS_UNTRIED,
    beside_untried,
    beside_usual,
    choice_of,
    is_choice,
)
from advisor.ratio import rounded


@dataclass(frozen=True, kw_only=True)
class Basis:
    """What all works of a run share: looks and the spread between equal launches.

    `too_large` says by the key of a choice (``model:FAMILY/NAME.choice``) why nothing estimates.
    """

    looks: Looks
    floor: float
    too_large: Mapping[str, Reason]


def works_of(asked: Sequence[AskedModel], probes: Sequence[Probe], basis: Basis) -> list[Work]:
    """One work per model that was *asked* for, whether it has a prediction or not."""
    return [_work(model, [p for p in probes if p.id == model.workload], basis) for model in asked]


def _work(asked: AskedModel, probes: Sequence[Probe], basis: Basis) -> Work:
    choice = choice_of(asked, probes)
    estimates = [p for p in probes if _estimates(p, asked)]
    bare = Work(
        model=asked.model,
        name=asked.name,
        title=asked.title,
        size=dict(asked.size),
        precision=choice.precision if choice else asked.precision,
        device=choice.device if choice else "cpu",
        cores=choice.cores if choice else None,
        samples_per_step=asked.samples_per_step,
    )
    whole = [p for p in estimates if p.size_name == asked.name]
    if not estimates:
        work = replace(bare, verdict="invalid", reason=_why_nothing(asked, choice, basis))
    else:
        work = _measured(bare, whole[0]) if whole else _extrapolated(bare, asked, estimates, basis)
    if work.time_ratio is None and not _refused(estimates):
        work = _chosen_alone(bare, choice, asked) or work
    return beside_untried(_with_choice(work, choice, asked, basis.looks), choice, asked)


def _refused(estimates: Sequence[Probe]) -> bool:
    """Whether a certificate withheld a ratio: another launch's would be no better."""
    return any(c.verdict == "invalid" for probe in estimates for c in probe.comparisons)


def _chosen_alone(bare: Work, choice: Probe | None, asked: AskedModel) -> Work | None:
    """The work as the launch that chose saw it, where that had the size asked for.

    It calls nothing; its interval is as wide as lone launches are.
    """
    if choice is None or choice.size != dict(asked.size) or not choice.comparisons:
        return None
    compared = choice.comparisons[0]
    if compared.time_ratio is None:
        return None
    times = {e.mode: e for e in choice.entries}
    entries = [times[mode] for mode in (compared.a, compared.b)]
    modes = [replace(mode, chosen=True) for e in entries if (mode := _beside(e)) is not None]
    return _as_compared(replace(bare, modes=modes), compared)


def _estimates(probe: Probe, asked: AskedModel) -> bool:
    name = probe.size_name or ""
    return name == asked.name or name.startswith(f"{asked.name}.{asked.depth}-")


def _why_nothing(asked: AskedModel, choice: Probe | None, basis: Basis) -> Reason:
    too_large = basis.too_large.get(choice_key(asked))
    if too_large is not None:
        return too_large
    broken = [e for e in choice.entries if e.status != "ok"] if choice else []
    if broken and broken[0].reason is not None:
        return broken[0].reason
    return Reason("not-reached")


def _measured(bare: Work, probe: Probe) -> Work:
    """The work as *probe* measured it at the size that was asked for."""
    modes = [
        WorkMode(mode=e.mode, step_s=e.median_s, ci=e.interval_s, chosen=True, variant=e.variant)
        for e in probe.entries
        if e.status == "ok" and e.median_s is not None
    ]
    compared = probe.comparisons[0] if probe.comparisons else None
    work = replace(bare, modes=modes)
    if compared is None:
        return replace(work, verdict="invalid", reason=_alone(probe))
    return _as_compared(work, compared)


def _as_compared(work: Work, compared: Comparison) -> Work:
    return replace(
        work,
        a=compared.a,
        b=compared.b,
        time_ratio=compared.time_ratio,
        ci=compared.ci,
        level=compared.level,
        launches=compared.launches,
        verdict=compared.verdict,
        reason=compared.reason,
    )


def _alone(probe: Probe) -> Reason:
    """Why there is nothing to compare with."""
    broken = [e.reason for e in probe.entries if e.status != "ok" and e.reason is not None]
    return broken[0] if broken else Reason("one-framework")


def _extrapolated(bare: Work, asked: AskedModel, estimates: Sequence[Probe], basis: Basis) -> Work:
    by_depth = sorted(estimates, key=lambda p: int(p.size[asked.depth]))
    depths = [int(p.size[asked.depth]) for p in by_depth]
    cut = Extrapolated(key=asked.depth, asked=asked.asked_depth, measured=depths)
    work = replace(bare, extrapolated=cut)
    refused = [c for p in by_depth for c in p.comparisons if c.verdict == "invalid"]
    if len(by_depth) < 2 or any(not p.comparisons for p in by_depth[:2]) or refused:
        reason = refused[0].reason if refused else _alone(by_depth[0])
        return replace(work, verdict="invalid", reason=reason)
    compared = by_depth[0].comparisons[0]
    lines = {m: _times(by_depth[:2], m, asked, asked.asked_depth) for m in (compared.a, compared.b)}
    logs = _logs(lines[compared.a], lines[compared.b])
    modes = [_mode(by_depth[0], mode, lines[mode]) for mode in (compared.a, compared.b)]
    work = replace(work, a=compared.a, b=compared.b, modes=[m for m in modes if m is not None])
    work = replace(work, extrapolated=replace(cut, checked=_checked(by_depth, compared, asked)))
    return _called(work, logs, basis)


def _called(work: Work, logs: Sequence[float], basis: Basis) -> Work:
    verdict = call(logs, basis.looks, margin=LOG_MARGIN, floor=basis.floor)
    called = replace(work, verdict=verdict.word, reason=verdict.reason, launches=len(logs))
    if verdict.ratio is None:
        return called
    low, high = verdict.ratio.interval(verdict.level)
    return replace(
        called,
        time_ratio=rounded(verdict.ratio.value, DIGITS),
        ci=(rounded(low, DIGITS), rounded(high, DIGITS)),
        level=verdict.level,
    )


def _times(pair: Sequence[Probe], mode: str, asked: AskedModel, at: int) -> dict[int, float]:
    """By launch the time of a step at the depth *at*, seconds: on the line through two probes."""
    first, second = (int(p.size[asked.depth]) for p in pair)
    low, high = (_by_launch(p, mode) for p in pair)
    lines = {
        index: low[index] + (high[index] - low[index]) * (at - first) / (second - first)
        for index in sorted(low.keys() & high.keys())
    }
    # Below zero is no time: such a launch saw two different loads of the machine.
    return {index: step_s for index, step_s in lines.items() if step_s > 0}


def _by_launch(probe: Probe, mode: str) -> dict[int, float]:
    """The median time of *mode* in each launch that others did not disturb, seconds."""
    return {
        launch.index: launch.median_s
        for entry in probe.entries
        if entry.mode == mode
        for launch in entry.launches
        if launch.median_s is not None and not launch.noisy
    }


def _logs(a_s: Mapping[int, float], b_s: Mapping[int, float]) -> list[float]:
    """log(time of b / time of a) of each launch that has both."""
    return [math.log(b_s[n]) - math.log(a_s[n]) for n in sorted(a_s.keys() & b_s.keys())]


def _checked(probes: Sequence[Probe], compared: Comparison, asked: AskedModel) -> float | None:
    """The ratio predicted for a third depth over the one that was measured there."""
    if len(probes) < 3 or not probes[2].comparisons:
        return None
    third = probes[2]
    at = int(third.size[asked.depth])
    predicted = _logs(*(_times(probes[:2], mode, asked, at) for mode in (compared.a, compared.b)))
    seen = _logs(_by_launch(third, compared.a), _by_launch(third, compared.b))
    if not predicted or not seen:
        return None
    return rounded(math.exp(quantile(predicted, 0.5) - quantile(seen, 0.5)), DIGITS)


def _mode(probe: Probe, mode: str, times: Mapping[int, float]) -> WorkMode | None:
    """*mode* with its time at the depth asked for, whose launches are *times*."""
    entry = next((e for e in probe.entries if e.mode == mode), None)
    if entry is None or not times:
        return None
    logs = [math.log(t) for t in times.values()]
    ci = ratio_of_launches(logs, floor=0.0).interval() if len(logs) > 1 else None
    step_s = quantile(list(times.values()), 0.5)
    return WorkMode(mode=mode, step_s=step_s, ci=ci, chosen=True, variant=entry.variant)


def _with_choice(work: Work, choice: Probe | None, asked: AskedModel, looks: Looks) -> Work:
    """*work* with what the choosing launch alone tells: compilers' times, and what was slower.

    Times of other variants stand only where they were chosen among at the size asked for.
    """
    if choice is None:
        return work
    work = beside_usual(work, choice, asked, looks.early_beyond)
    same = choice.size == dict(asked.size)
    compile_s = {e.mode: e.compile_s for e in choice.entries}
    chosen = {m.mode for m in work.modes}
    modes = [replace(m, compile_s=compile_s.get(m.mode)) for m in work.modes]
    others = [e for e in choice.entries if same and e.mode not in chosen]
    return replace(work, modes=[*modes, *(m for e in others if (m := _beside(e)) is not None)])


def as_works_say(probes: Sequence[Probe], works: Sequence[Work]) -> list[Probe]:
    """*probes* without a winner that the work on them does not call, and with its reason.

    What a choice saw stands where a work rests on it, and nowhere else.
    """
    resting = {
        (f"{PREFIX}{work.model}", f"{work.name}.choice")
        for work in works
        if work.reason is not None and work.reason.id == CHOOSING_ALONE
    }
    doubted = {
        (f"{PREFIX}{work.model}", work.a, work.b): work.reason
        for work in works
        if work.reason is not None and work.reason.id in (RESTS_ON_REWRITE, WAYS_UNTRIED)
    }
    return [
        replace(
            probe,
            comparisons=[
                replace(c, verdict="inconclusive", reason=doubted[probe.id, c.a, c.b])
                if (probe.id, c.a, c.b) in doubted and c.called
                else c
                for c in probe.comparisons
                if not is_choice(probe) or (probe.id, probe.size_name) in resting
            ],
        )
        for probe in probes
    ]


def _beside(entry: Entry) -> WorkMode | None:
    if entry.status != "ok" or entry.median_s is None:
        return None
    return WorkMode(
        mode=entry.mode, step_s=entry.median_s, variant=entry.variant, compile_s=entry.compile_s
    )
