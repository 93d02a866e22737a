"""What the ways to write a model say of its winner: those that are rewrites, and the untried.

Knows works and the probe that chose among the ways. It must not know launches or statistics, nor
how a work came by its ratio.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import replace

from advisor.devices import info_of
from advisor.evidence import Notice, Probe, Reason, UntriedWays, UsualWay, Work
from advisor.measure.choosing import ways_of
from advisor.measure.models import PREFIX, AskedModel
from advisor.measure.statistics import DIGITS
from advisor.measure.verdicts import LOG_MARGIN
from advisor.pair import FRAMEWORKS, RECORDED, TORCH_EAGER, mode_of
from advisor.ratio import rounded

_CHOICE = ".choice"
HOST_BOUND_STEP_S = 5e-3
"""Below this a compiled training step of PyTorch on an accelerator may wait mostly for Python."""
RESTS_ON_REWRITE = "rests-on-rewrite"
"""The reason of a winner that the ordinary ways to write the model do not agree on."""
WAYS_UNTRIED = "ways-untried"
"""The reason of a winner that the other framework might overtake in a way that was not tried."""
MOST_GAINED_BY_KIND = 1.8
"""What compiling made an ordinary way to write a model faster by, at most, than the best eager one.

Over the 23 files of rules/library that were measured on CPUs (2026-11-26 and -27): 1.78 (sampler),
1.59 (ppo), 1.3 and less elsewhere.
"""
MOST_GAINED_REWRITE = 4.0
"""The same of a program of its own: 3.98 (a graph by sparse products), 2.46 (sampler), 1.76 (LSTM).
"""
MOST_GAINED_RECORDED = 9.1
"""What recording the whole step by hand made it faster by, at most, than any other way.

9.0 for the MLP of 2 x 512, eager, on an H200 (0.16 ms for 1.46, one launch, 2026-11-27); 2.7 for a
residual network of 18 layers, where channels were last as well.
"""
MOST_GAINED_BY_WAY = {TORCH_EAGER: 1.8}
"""The same of a further way of a kind, another layout: 1.77 (depthwise), 1.47 (a U-Net)."""
MOST_GAINED_COMPILED = 1.2
"""The same of a further way that is compiled: 1.18 (attention written out in JAX) and less."""


def choice_of(asked: AskedModel, probes: Sequence[Probe]) -> Probe | None:
    """The probe that chose among the ways to write *asked*."""
    name = f"{asked.name}{_CHOICE}"
    return next((p for p in probes if (p.id, p.size_name) == (asked.workload, name)), None)


def is_choice(probe: Probe) -> bool:
    """Whether *probe* chose among the ways to write a model."""
    return probe.id.startswith(PREFIX) and (probe.size_name or "").endswith(_CHOICE)


def beside_usual(work: Work, choice: Probe, asked: AskedModel, beyond: float) -> Work:
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


def beside_untried(work: Work, choice: Probe | None, asked: AskedModel) -> Work:
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
        choice = choice_of(model, probes)
        untried = [e.mode for e in choice.entries if e.untried] if choice is not None else []
        if untried:
            values = {"model": model.title, "modes": untried}
            notices.append(Notice("ways-untried", values=values))
    return notices


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
