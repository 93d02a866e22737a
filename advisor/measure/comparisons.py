"""From the launches of one item to its comparisons: verdicts, or the reason for there being none.

Pure: reads what launches gave, decides by the rules of `certificate` and `verdicts`.
"""

from __future__ import annotations

import math
from dataclasses import replace

from advisor.evidence import Comparison, Parity, Reason
from advisor.measure.certificate import SeriesContext, certificate_of, outweighed
from advisor.measure.gates import NOTHING_LEARNT, PairLogs, launch_logs
from advisor.measure.statistics import DIGITS, level_of, lone_ratio
from advisor.measure.translation import one_sided
from advisor.measure.verdicts import Verdict, call
from advisor.measure.work import Pair, WorkItem, WorkRuns
from advisor.pair import CALLED, FRAMEWORKS, framework_of
from advisor.ratio import LEVEL, rounded

# What is called although a third of the launches were lost: more than others can pretend, whose
# slow phases were seen to reach 1.3.
BEYOND_DISTURBANCE = math.log(1.5)
# What counts although a side never became steady.
BEYOND_UNSTEADY = math.log(2)
CHOOSING_ALONE = "choosing-alone"
"""The reason of a ratio that rests on the launch that chose among the ways to write a model."""


def verdict_so_far(work: WorkRuns, pair: Pair, context: SeriesContext) -> Verdict:
    """The verdict by the statistics alone, as it decides whether more launches are run."""
    return _call(launch_logs(work, *pair), work, pair, context)


def _call(seen: PairLogs, work: WorkRuns, pair: Pair, context: SeriesContext) -> Verdict:
    together = work.toolchain_of(pair[0]) == work.toolchain_of(pair[1])
    return call(
        seen.logs,
        context.looks,
        margin=context.margin,
        floor=seen.floor(context.floor),
        one_process=together and not work.item.own_process,
    )


def comparison(work: WorkRuns, pair: Pair, parity: Parity, context: SeriesContext) -> Comparison:
    """One comparison as it stands in the evidence; where a gate failed without any ratio."""
    a, b = pair
    seen = launch_logs(work, a, b)
    certificate = certificate_of(work, pair, parity, context)
    bare = Comparison(
        a=a,
        b=b,
        verdict="invalid",
        level=level_of(context.looks.alpha),
        launches=len(seen.logs),
        margin=round(math.exp(context.margin) - 1, 4),
        pairing="paired" if work.paired(a, b) else "unpaired",
        certificate=certificate,
    )
    failed = [line.id for line in certificate if line.status == "failed"]
    idle = [line.values for line in certificate if line.case == NOTHING_LEARNT]
    if idle and not failed:
        return replace(bare, reason=Reason(NOTHING_LEARNT, values=idle[0]))
    if failed:
        # What was wrong is said by the certificate's own lines.
        return replace(bare, reason=Reason(failed[0]))
    verdict = _cautious(_call(seen, work, pair, context), work, pair, seen)
    verdict = _with_lone_ratio(verdict, work, pair, seen)
    called = replace(bare, verdict=verdict.word, reason=_reason(verdict, work, pair, context))
    if verdict.ratio is None:
        return called
    low, high = verdict.ratio.interval(verdict.level)
    full = replace(
        called,
        time_ratio=rounded(verdict.ratio.value, DIGITS),
        ci=(rounded(low, DIGITS), rounded(high, DIGITS)),
        level=verdict.level,
        spread=round(verdict.ratio.spread, 5),
    )
    crosses = pair in crossing_pairs(work.item) and framework_of(a) != framework_of(b)
    return one_sided(full) if work.item.translated and crosses else full


def _reason(verdict: Verdict, work: WorkRuns, pair: Pair, context: SeriesContext) -> Reason | None:
    """Why *verdict* is open, or what it was left for."""
    reason = verdict.reason
    if reason is None or reason.id != "too-few-launches":
        return reason
    if work.item.role == "choice":
        return Reason(CHOOSING_ALONE)
    if _told_apart(work, pair, context):
        return Reason("not-followed-up", values={"launches": reason.values["launches"]})
    return reason


def _with_lone_ratio(verdict: Verdict, work: WorkRuns, pair: Pair, seen: PairLogs) -> Verdict:
    """*verdict* with what a single launch gave, as wide as such ones are; it calls nothing."""
    if verdict.ratio is not None or len(seen.logs) != 1:
        return verdict
    ratio = lone_ratio(seen.logs[0])
    if _unsteady(work, pair) and abs(ratio.log) <= BEYOND_UNSTEADY:
        return verdict
    return replace(verdict, ratio=ratio, level=LEVEL)


def _told_apart(work: WorkRuns, pair: Pair, context: SeriesContext) -> bool:
    """Whether launches ended because every comparison across frameworks was settled early."""
    crossing = crossing_pairs(work.item)
    return pair not in crossing and all(
        verdict_so_far(work, other, context).settled for other in crossing
    )


def _cautious(verdict: Verdict, work: WorkRuns, pair: Pair, seen: PairLogs) -> Verdict:
    """Where a side never became steady or others were there, only large differences are called."""
    if verdict.word not in CALLED or verdict.ratio is None:
        return verdict
    size = abs(verdict.ratio.log)
    unsteady = _unsteady(work, pair)
    if unsteady and size <= BEYOND_UNSTEADY:
        reason = Reason("not-steady", "", {"modes": unsteady})
        return replace(verdict, word="inconclusive", reason=reason)
    if not outweighed(len(seen.logs), seen.noisy) and size <= BEYOND_DISTURBANCE:
        reason = Reason("disturbed", values={"noisy": seen.noisy})
        return replace(verdict, word="inconclusive", reason=reason)
    return verdict


def _unsteady(work: WorkRuns, pair: Pair) -> list[str]:
    """Those of *pair* that never became steady in most of their launches."""
    return [
        label
        for label in pair
        if sum(not run.steady for run in work.good(label)) * 2 > len(work.good(label))
    ]


def pairs_of(item: WorkItem) -> list[Pair]:
    """Which modes are compared: every PyTorch mode with every JAX mode, then within each.

    The first of a pair is the PyTorch mode, or the simpler mode of one framework. Modes with
    few samples, and items about what happens once, are shown but never compared.
    """
    if item.one_off:
        return []
    modes = [mode for mode in item.modes if not mode.few_samples]
    first, second = ([m.label for m in modes if m.toolchain.framework == f] for f in FRAMEWORKS)
    other = [m.label for m in modes if m.toolchain.framework not in FRAMEWORKS]
    pairs = [(a, b) for a in first for b in second]
    for group in (first, second, other):
        pairs += [(group[i], group[j]) for i in range(len(group)) for j in range(i + 1, len(group))]
    return pairs


def crossing_pairs(item: WorkItem) -> list[Pair]:
    """The pairs whose verdicts decide whether more launches are needed."""
    frameworks = {mode.label: mode.toolchain.framework for mode in item.modes}
    pairs = pairs_of(item)
    crossing = [(a, b) for a, b in pairs if frameworks[a] != frameworks[b]]
    return crossing or pairs
