"""From the probes of a model to what it predicts: step times of both frameworks and their ratio.

Where the size asked for was measured, its comparison is the ratio. Where it was cut in depth, the
time of a step is linear in depth: a line per framework and launch through the least and the next
depth, the ratio of times at the depth asked for in each launch, and an interval over launches, so
that the error of extrapolating is in it. Pure: probes in, works out.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from advisor.devices import info_of
from advisor.evidence import (
    Comparison,
    Entry,
    Extrapolated,
    Notice,
    Probe,
    Reason,
    UntriedWays,
    UsualWay,
    Work,
    WorkMode,
)
from advisor.measure.choosing import choice_key, ways_of
from advisor.measure.models import PREFIX, AskedModel
from advisor.measure.statistics import DIGITS, quantile, ratio_of_launches
from advisor.measure.verdicts import LOG_MARGIN, Looks, call
from advisor.pair import FRAMEWORKS, RECORDED, TORCH_EAGER, mode_of
from advisor.ratio import rounded

HOST_BOUND_STEP_S = 5e-3
"""Below this a compiled training step of PyTorch on an accelerator may wait mostly for Python."""
RESTS_ON_REWRITE = "rests-on-rewrite"
"""The reason of a winner that the ordinary ways to write the model do not agree on."""
WAYS_UNTRIED = "ways-untried"
"""The reason of a winner that the other framework might overtake in a way that was not tried."""
MOST_GAINED_BY_KIND = 1.8
"""What compiling made an ordinary way to write a model faster by, at most, than the best eager one.

Over the 22 files of rules/library that were measured on CPUs (2026-11-26 and -27): 1.78 (sampler),
1.59 (ppo), 1.3 and less elsewhere.
"""
MOST_GAINED_REWRITE = 2.5
"""The same of a program of its own: 2.46 (sampler), 1.76 (LSTM), 1.42 (solver)."""
MOST_GAINED_RECORDED = 9.1
"""What recording the whole step by hand made it faster by, at most, than any other way.

9.0 for the MLP of 2 x 512, eager, on an H200 (0.16 ms for 1.46, one launch, 2026-11-27); 2.7 for a
residual network of 18 layers, where channels were last as well.
"""
MOST_GAINED_BY_WAY = {TORCH_EAGER: 1.5}
"""The same of a further way of a kind: another layout, sparse products (1.47, a U-Net, a graph)."""
MOST_GAINED_COMPILED = 1.2
"""The same of a further way that is compiled: 1.18 (attention written out in JAX) and less."""


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
    choice = _choice_of(asked, probes)
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
    if not estimates:
        return replace(bare, verdict="invalid", reason=_why_nothing(asked, choice, basis))
    whole = [p for p in estimates if p.size_name == asked.name]
    work = _measured(bare, whole[0]) if whole else _extrapolated(bare, asked, estimates, basis)
    return _beside_untried(_with_choice(work, choice, asked, basis.looks), choice, asked)


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
    work = _beside_usual(work, choice, asked, looks.early_beyond)
    same = choice.size == dict(asked.size)
    compile_s = {e.mode: e.compile_s for e in choice.entries}
    chosen = {m.mode for m in work.modes}
    modes = [replace(m, compile_s=compile_s.get(m.mode)) for m in work.modes]
    others = [e for e in choice.entries if same and e.mode not in chosen]
    return replace(work, modes=[*modes, *(m for e in others if (m := _beside(e)) is not None)])


def _beside_usual(work: Work, choice: Probe, asked: AskedModel, beyond: float) -> Work:
    """*work* with the ordinary way to write it, where one of its two modes is a rewrite.

    What is faster only in a program that much work does not fit into is not faster as such: where
    the ordinary ways do not agree on the winner, nothing is called. They were looked at in one
    launch alone, so that they agree only where their logarithm is *beyond* what a slow phase of a
    shared machine can pretend.
    """
    rewrites = asked.rewrites
    ratio = work.time_ratio
    if ratio is None or not any(_is_rewrite(m, rewrites) for m in (work.a, work.b)):
        return work
    torch_way, jax_way = (_fastest(choice, framework, rewrites) for framework in FRAMEWORKS)
    if torch_way is None or jax_way is None:
        return work
    (a, a_s), (b, b_s) = torch_way, jax_way
    way = UsualWay(a=a, b=b, time_ratio=rounded(b_s / a_s, DIGITS))
    work = replace(work, usual=way)
    log = math.log(way.time_ratio) * (1 if ratio > 1 else -1)
    agrees = log > beyond
    if work.verdict == "equivalent":
        agrees = abs(log) <= LOG_MARGIN
    if not work.called or agrees:
        return work
    written = work.a if _is_rewrite(work.a, rewrites) else work.b
    first, second, factor = way.ordered
    values = {"mode": written, "first": first, "second": second, "ratio": factor}
    return replace(work, verdict="inconclusive", reason=Reason(RESTS_ON_REWRITE, values=values))


def _beside_untried(work: Work, choice: Probe | None, asked: AskedModel) -> Work:
    """*work* with the ways that were not tried, and without a winner that they might turn."""
    modes = untried_ways(asked, choice) if choice is not None else []
    if choice is None or work.ci is None or not modes:
        return work
    low, high = work.ci
    kinds = {mode_of(e.mode) for e in choice.entries if e.status == "ok"}
    a_gained, b_gained = (
        max((_gained(m, kinds, asked) for m in modes if m.startswith(f"{f}.")), default=1.0)
        for f in FRAMEWORKS
    )
    work = replace(work, untried=UntriedWays(modes=modes, a_gained=a_gained, b_gained=b_gained))
    turned = {
        "a_faster": low <= b_gained,
        "b_faster": 1 / high <= a_gained,
        "equivalent": True,
    }
    if not turned.get(work.verdict, False):
        return work
    values = {"modes": modes, "gained": max(a_gained, b_gained)}
    return replace(work, verdict="inconclusive", reason=Reason(WAYS_UNTRIED, values=values))


def _gained(way: str, kinds: Collection[str], asked: AskedModel) -> float:
    """What *way* may have gained where something of *kinds* was tried."""
    kind, recorded = mode_of(way), frozenset(RECORDED.values())
    if kind in recorded:
        # Of two recordings the one is compiled.
        return MOST_GAINED_BY_KIND if recorded & set(kinds) else MOST_GAINED_RECORDED
    if way in asked.rewrites:
        return MOST_GAINED_REWRITE
    return (
        MOST_GAINED_BY_WAY.get(kind, MOST_GAINED_COMPILED) if kind in kinds else MOST_GAINED_BY_KIND
    )


def untried_ways(asked: AskedModel, choice: Probe) -> list[str]:
    """The ways to write *asked* that its choice left out, as labels of modes.

    Of frameworks that were there; what was tried and broke is none of them.
    """
    tried = {e.mode for e in choice.entries if not e.untried}
    here = {mode.partition(".")[0] for mode in tried}
    labels = [f"{name}{tag}" for name, tag, _ in ways_of(asked, choice.device)]
    return [label for label in labels if label not in tried and label.partition(".")[0] in here]


def ways_left_out(asked: Sequence[AskedModel], probes: Sequence[Probe]) -> list[Notice]:
    """Which ways to write each model a budget had no time to try."""
    notices = []
    for model in asked:
        choice = _choice_of(model, probes)
        untried = [e.mode for e in choice.entries if e.untried] if choice is not None else []
        if untried:
            values = {"model": model.title, "modes": untried}
            notices.append(Notice("ways-untried", values=values))
    return notices


def _choice_of(asked: AskedModel, probes: Sequence[Probe]) -> Probe | None:
    """The probe that chose among the ways to write *asked*."""
    name = f"{asked.name}.choice"
    return next((p for p in probes if (p.id, p.size_name) == (asked.workload, name)), None)


def as_works_say(probes: Sequence[Probe], works: Sequence[Work]) -> list[Probe]:
    """*probes* without a winner that the work on them does not call, and with its reason."""
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
            ],
        )
        for probe in probes
    ]


def _is_rewrite(mode: str | None, rewrites: Collection[str]) -> bool:
    """Whether *mode* (``pytorch.compile+compile_loop@2.13.0``) is among the labels *rewrites*."""
    return (mode or "").partition("@")[0] in rewrites


def _fastest(choice: Probe, framework: str, rewrites: Collection[str]) -> tuple[str, float] | None:
    """The fastest ordinary mode of *framework* in the launch that chose, and its step, seconds."""
    times = [
        (entry.median_s, entry.mode)
        for entry in choice.entries
        if entry.framework == framework
        and entry.status == "ok"
        and entry.median_s is not None
        and not _is_rewrite(entry.mode, rewrites)
    ]
    if not times:
        return None
    step_s, mode = min(times)
    return mode, step_s


def _beside(entry: Entry) -> WorkMode | None:
    if entry.status != "ok" or entry.median_s is None:
        return None
    return WorkMode(
        mode=entry.mode, step_s=entry.median_s, variant=entry.variant, compile_s=entry.compile_s
    )


def waits_for_python(works: Sequence[Work]) -> list[Notice]:
    """Models whose step in PyTorch is so short that it waits for Python, and which it lost.

    A graph of the whole step, recorded by hand with ``torch.cuda.graph`` and an optimizer that is
    ``capturable``, would not; some families are not written that way. The MLP of 2 x 512 takes
    PyTorch 1.2 ms on an H200 with every graph that torch.compile records, and JAX 0.2 ms
    (2026-11-26); recorded by hand it takes 0.16 ms (2026-11-27).
    """
    return [
        Notice("no-graph-by-hand", values={"model": work.title, "step_s": step_s})
        for work in works
        if work.verdict == "b_faster"
        and work.extrapolated is None
        and info_of(work.device).records_graphs
        and not any(mode_of(mode.mode) in RECORDED.values() for mode in work.modes)
        and (step_s := work.step_s(work.a)) is not None
        and step_s < HOST_BOUND_STEP_S
    ]
