"""One judgement: from a situation (answers, measurements, rules, date) to a status and numbers.

Everything that is printed or re-run goes through `judge`, so that a counterfactual is computed
exactly as the decision itself. It must not know how anything is worded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from advisor.answers import ranks_of
from advisor.decide.claims import Item, items_of
from advisor.decide.draws import Draws
from advisor.decide.elsewhere import Elsewhere, from_library, from_published
from advisor.decide.facts import facts_of
from advisor.decide.status import Numbers, Outlook, classify, outlook_of
from advisor.decide.valuation import (
    MARGIN,
    PERFORMANCE,
    Observation,
    Sample,
    SimulationInput,
    simulate,
)
from advisor.decide.waiting import Index, index_of, veto_chances
from advisor.decide.workloads import Explanation, explanation_for
from advisor.decide.works import Speed, factor_of, speed_for
from advisor.decision import Status
from advisor.evidence import Evidence
from advisor.inputs import Inputs, packages_named
from advisor.knowledge.conflicts import counted
from advisor.knowledge.evaluate import evaluate, outcome_of
from advisor.knowledge.model import Outcome, RuleBase
from advisor.knowledge.package_rules import FACT, VETO, WISH, canonical_names
from advisor.pair import FRAMEWORKS, Framework
from advisor.reading.called import SpeedReadings, read_speeds
from advisor.reading.machines import detected_facts, installed_versions
from advisor.reading.works import WorkReadings, read_works

HYPOTHETICAL_SE = 0.035
"""Standard error, of the natural logarithm, of a measurement that is only imagined."""

HYPOTHETICAL_TRANSFER = "same_size"
"""How near to the work it would be: a class of the table of how far models carry over."""


@dataclass(frozen=True, kw_only=True)
class Situation:
    """Everything that a judgement is a function of; the later fields hold counterfactuals.

    Attributes:
        values: The answers' values by key.
        library: Evidence of other machines, which counts where none of this one does.
        speeds, explanations, others: What was worked out about speed so far, here and elsewhere,
            shared by counterfactuals.
        ratio: A speed ratio (JAX as against PyTorch) to be taken as measured.
        fixed_weight: A criterion and the share of the weights that it gets.
        without: Rules that are taken away.
    """

    base: RuleBase
    evidence: tuple[Evidence, ...]
    readings: SpeedReadings
    values: Mapping[str, Any]
    today: str
    versions: Mapping[str, str] = field(default_factory=dict)
    detected: Mapping[str, Any] = field(default_factory=dict)
    index: Index
    library: tuple[Evidence, ...] = ()
    library_readings: WorkReadings = field(default_factory=WorkReadings)
    speeds: dict[Any, Speed | None] = field(default_factory=dict, compare=False, repr=False)
    explanations: dict[Any, Explanation] = field(default_factory=dict, compare=False, repr=False)
    others: dict[Any, Elsewhere | None] = field(default_factory=dict, compare=False, repr=False)
    ratio: float | None = None
    fixed_weight: tuple[str, float] | None = None
    without: frozenset[str] = frozenset()

    @cached_property
    def counted(self) -> Mapping[str, Any]:
        """The answers without those that cannot be true beside the others."""
        every = {**self.detected, **self.values}
        kept = counted(self.base, every)
        return {key: value for key, value in self.values.items() if key in kept}


def situation_of(inputs: Inputs) -> Situation:
    """The situation that *inputs* describe."""
    versions = installed_versions(inputs.evidence)
    installed = {f"installed.{name}": version for name, version in versions.items()}
    return Situation(
        base=inputs.base,
        evidence=inputs.evidence,
        readings=read_speeds(inputs.evidence),
        values=_canonical(inputs),
        today=inputs.today,
        versions=versions,
        index=index_of(inputs.base),
        library=inputs.library,
        library_readings=read_works(inputs.library),
        detected={**detected_facts(inputs.evidence), **installed},
    )


def _canonical(inputs: Inputs) -> Mapping[str, Any]:
    """The answers, with packages under the names that rules use."""
    values = dict(inputs.answers.values)
    for fact in (FACT, WISH):
        names = packages_named(inputs.answers, fact)
        if names:
            values[fact] = canonical_names(inputs.base, names)
    return values


_OF_SPEED = (
    "hardware.train",
    "hardware.same_as_here",
    "task",
    "model",
    "model.preset",
    "model.size",
)


def speed_in(situation: Situation) -> Speed | None:
    """The measured speed; worked out once per model, task and hardware."""
    values, speeds = situation.counted, situation.speeds
    key = tuple(repr(values.get(name)) for name in _OF_SPEED)
    if key not in speeds:
        speeds[key] = speed_for(situation.readings.works, situation.base, values)
    return speeds[key]


def elsewhere_in(situation: Situation) -> Elsewhere | None:
    """What other machines say of the speed, where it is nearer to the work than anything here.

    What was measured here on hardware like the one that will train comes first; then the library,
    what was measured here on other hardware, and published pairs.
    """
    speed = speed_in(situation)
    if speed is not None and (speed.matched or speed.part):
        return None
    library = library_in(situation)
    if library is not None or speed is not None:
        return library
    return published_in(situation)


def library_in(situation: Situation) -> Elsewhere | None:
    """What the library says; worked out once per model, task and hardware."""
    here = situation.evidence[0] if situation.evidence else None
    return _kept_other(
        situation,
        "library",
        lambda facts: from_library(
            situation.library, situation.library_readings, situation.base, facts, here
        ),
    )


def published_in(situation: Situation) -> Elsewhere | None:
    """What published pairs say; worked out once per model, task and hardware."""
    return _kept_other(situation, "published", lambda facts: from_published(situation.base, facts))


def _kept_other(
    situation: Situation, step: str, work_out: Callable[[Mapping[str, Any]], Elsewhere | None]
) -> Elsewhere | None:
    facts, others = {**situation.detected, **situation.counted}, situation.others
    names = (*_OF_SPEED, "gpu_generation", "must_use", "detected.hardware")
    key = (step, *(repr(facts.get(name)) for name in names))
    if key not in others:
        others[key] = work_out(facts)
    return others[key]


def explanation_in(situation: Situation) -> Explanation:
    """What the workloads of the task say; worked out once per task, transforms and hardware."""
    values, explanations = situation.counted, situation.explanations
    key = tuple(repr(values.get(name)) for name in (*_OF_SPEED, "transforms"))
    if key not in explanations:
        explanations[key] = explanation_for(situation.readings, situation.base, values)
    return explanations[key]


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What came out, with all that explanations are made of.

    Attributes:
        leader: The feasible framework with the highest chance to be clearly ahead, or None.
        framework: What is recommended; None where nothing is.
        elsewhere: What other machines say of the speed, where that decides.
        vetoes: Active, conditional and expired vetoes with their state, by rule.
        tie_mass: Share of the samples in which the two differ by less than the margin.
        stays: How likely the leader still leads once everything is answered.
    """

    situation: Situation
    facts: Mapping[str, Any]
    outcomes: tuple[Outcome, ...]
    items: tuple[Item, ...]
    speed: Speed | None
    elsewhere: Elsewhere | None
    sample: Sample
    status: Status
    leader: Framework | None
    framework: Framework | None
    feasible: tuple[Framework, ...]
    vetoes: tuple[tuple[Outcome, str], ...]
    p_first: Mapping[str, float]
    p_clear: Mapping[str, float]
    tie_mass: float
    why_insufficient: tuple[str, ...]
    stays: float

    @property
    def outcome(self) -> tuple[Status, Framework | None]:
        """What a change must alter to count as a flip."""
        return self.status, self.framework

    @cached_property
    def gap(self) -> float:
        """Expected utility of JAX minus that of PyTorch."""
        return self.sample.mean_utility("jax") - self.sample.mean_utility("pytorch")


def judge(situation: Situation, draws: Draws, near: Judgement | None = None) -> Judgement:
    """Evaluate the rules, simulate, and classify.

    *near* is a judgement with the same draws, evidence and date: what both have in common is
    taken from it, which changes no number.
    """
    facts, outcomes = outcomes_of(situation, near)
    live = tuple(o for o in outcomes if o.truth != "false")
    items = items_of(live)
    speed = speed_in(situation)
    elsewhere = elsewhere_in(situation)
    case = _case(situation, facts, items, speed)
    sample = simulate(case, draws, near.sample if near else None)
    vetoes = vetoes_of(live)
    barred = {o.rule.excludes for o, state in vetoes if state == "active"}
    feasible = tuple(f for f in FRAMEWORKS if f not in barred)
    p_first, p_clear, tie_mass = _shares(sample, feasible)
    leader = max(feasible, key=lambda f: (p_clear[f], p_first[f]), default=None)
    outlook = (
        outlook_of(situation.base, situation.index, live, facts, sample)
        if len(feasible) == len(FRAMEWORKS)
        else Outlook(1.0, 1.0)
    )
    numbers = Numbers(
        feasible=len(feasible),
        p_clear=p_clear[leader] if leader else 0.0,
        tie_mass=tie_mass,
        samples=draws.n,
        share_without_evidence=_share_without_evidence(
            sample, live, seen=_seen(situation, speed, elsewhere)
        ),
        stays=outlook.stays,
        settles=outlook.settles,
        veto_chance=veto_chances(situation.base, situation.index, vetoes, facts).get(
            leader or "", 0.0
        ),
    )
    status, why = classify(numbers)
    return Judgement(
        situation=situation,
        facts=facts,
        outcomes=outcomes,
        items=items,
        speed=speed,
        elsewhere=elsewhere,
        sample=sample,
        status=status,
        leader=leader,
        framework=leader if status in ("recommend", "lean", "forced") else None,
        feasible=feasible,
        vetoes=vetoes,
        p_first=p_first,
        p_clear=p_clear,
        tie_mass=tie_mass,
        why_insufficient=why,
        stays=outlook.stays,
    )


def outcomes_of(
    situation: Situation, near: Judgement | None = None
) -> tuple[dict[str, Any], tuple[Outcome, ...]]:
    """The facts, and what every rule does with them, in the order of the rules' ids."""
    speed = speed_in(situation)
    facts = facts_of(
        situation.counted,
        situation.detected,
        situation.readings,
        speed,
        explanation_in(situation),
    )
    if situation.ratio is not None:
        facts["measured.jax_speedup"] = situation.ratio
    without, today, versions = situation.without, situation.today, situation.versions
    if near is None or not near.situation.without <= without:
        every = evaluate(situation.base, facts, today=today, versions=versions)
        fresh = [o for o in every if o.rule.id not in without]
        return facts, tuple(sorted(fresh, key=lambda o: o.rule.id))
    changed = {f for f in facts.keys() | near.facts.keys() if facts.get(f) != near.facts.get(f)}
    mentioning = situation.index.mentioning
    touched = frozenset().union(*(mentioning.get(fact, ()) for fact in changed))
    return facts, tuple(
        outcome_of(o.rule, facts, today=today, versions=versions) if o.rule.id in touched else o
        for o in near.outcomes
        if o.rule.id not in without
    )


def vetoes_of(outcomes: tuple[Outcome, ...]) -> tuple[tuple[Outcome, str], ...]:
    """Vetoes that fire or may fire: ``active``, ``expired`` (a warning only) or ``conditional``.

    A needed package binds although what is said of it has not been read again for long; that it
    was is stated beside it. A need that nobody stated is none.
    """
    vetoes = []
    for outcome in outcomes:
        if outcome.rule.id.startswith(VETO):
            if outcome.fires:
                vetoes.append((outcome, "active"))
            continue
        if outcome.rule.kind != "veto" or outcome.inapplicable or outcome.truth == "false":
            continue
        if outcome.truth == "unknown":
            if outcome.expired_days <= 0:
                vetoes.append((outcome, "conditional"))
        else:
            vetoes.append((outcome, "expired" if outcome.expired_days > 0 else "active"))
    return tuple(vetoes)


def observation_of(situation: Situation, speed: Speed | None) -> Observation | None:
    """The measurement that is fused with the claims about speed, in units of value (log2)."""
    elsewhere = elsewhere_in(situation)
    if situation.ratio is not None:
        # An imagined measurement is of the task's own kind of work.
        log = math.log(situation.ratio)
        se = speed.speedup.se if speed else HYPOTHETICAL_SE
        transfer_sd = speed.transfer_sd if speed else _imagined_sd(situation.base)
    elif elsewhere is not None:
        there = elsewhere.speedup
        log, se, transfer_sd = there.log, there.se, elsewhere.transfer_sd
    elif speed is not None:
        log, se, transfer_sd = speed.speedup.log, speed.speedup.se, speed.transfer_sd
    else:
        return None
    supposed = situation.ratio is not None
    replaces = supposed if speed is None else speed.replaces
    if elsewhere is not None and not supposed:
        replaces = False
    unit = math.log(2.0)
    return Observation(log / unit, se / unit, transfer_sd / unit, replaces)


def _imagined_sd(base: RuleBase) -> float:
    return math.log(factor_of(base, HYPOTHETICAL_TRANSFER)[0])


def _seen(situation: Situation, speed: Speed | None, elsewhere: Elsewhere | None) -> bool:
    """Whether anybody measured; what was only read of counts as little as a rule."""
    measured = elsewhere is not None and elsewhere.step == "library"
    return speed is not None or situation.ratio is not None or measured


def _case(
    situation: Situation,
    facts: Mapping[str, Any],
    items: tuple[Item, ...],
    speed: Speed | None,
) -> SimulationInput:
    ranking = facts.get("priorities")
    return SimulationInput(
        items=items,
        ranks=ranks_of(ranking) if isinstance(ranking, (list, tuple)) else (),
        seen=observation_of(situation, speed),
        fixed_weight=situation.fixed_weight,
    )


def _shares(
    sample: Sample, feasible: tuple[Framework, ...]
) -> tuple[dict[str, float], dict[str, float], float]:
    """How often each feasible framework is first, is clearly first; and how often neither is."""
    p_first: dict[str, float] = dict.fromkeys(FRAMEWORKS, 0.0)
    p_clear: dict[str, float] = dict.fromkeys(FRAMEWORKS, 0.0)
    if len(feasible) < 2:
        for framework in feasible:
            p_first[framework] = p_clear[framework] = 1.0
        return p_first, p_clear, 0.0
    pytorch, jax = (sample.utilities[f] for f in FRAMEWORKS)
    ahead = jax - pytorch
    p_first["jax"] = float((ahead > 0).mean())
    p_first["pytorch"] = float((ahead < 0).mean())
    p_clear["jax"] = float((ahead > MARGIN).mean())
    p_clear["pytorch"] = float((ahead < -MARGIN).mean())
    return p_first, p_clear, float((abs(ahead) <= MARGIN).mean())


def _share_without_evidence(sample: Sample, outcomes: tuple[Outcome, ...], *, seen: bool) -> float:
    """How much of the weights nothing speaks to; a ranking never makes it more.

    Who ranks says what counts, and must not know less for it than who ranks nothing.
    """
    # What holds for both alike moves nothing, and it is known all the same.
    spoken = {
        effect.criterion
        for outcome in outcomes
        if outcome.rule.kind == "claim" and outcome.fires
        for effect in outcome.rule.effects
    } | ({PERFORMANCE} if seen else set())
    silent = [c for c in sorted(sample.weights) if c not in spoken]
    weighed = math.fsum(float(sample.weights[c].mean()) for c in silent)
    return min(weighed, len(silent) / len(sample.weights))
