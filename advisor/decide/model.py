"""The decision model: additive value on fixed scales, sampled over everything that is uncertain.

Knows values, weights and how a claim and a measurement of the same quantity meet. Nothing is
normalised over the options, so that adding one cannot reorder the others. It must not know rules,
facts or words.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from advisor.decide.claims import Item, sampled
from advisor.decide.draws import Array, Draws
from advisor.decide.weights import sample_weights

MODEL_ERROR = 0.5
"""Standard deviation, in units, of what no rule knows about a framework on a criterion."""

PRIOR_SD = 1.0
"""Standard deviation, in log2 units, of a speed ratio that is believed and not measured."""

MARGIN = 0.05
"""A difference of utility below this counts as none."""

PERFORMANCE = "performance"


@dataclass(frozen=True)
class Observation:
    """A measured log2 speed ratio, its standard error, and how far it may be from the work."""

    log2: float
    se: float
    transfer_sd: float


@dataclass(frozen=True)
class Fused:
    """What is believed about a log2 speed ratio after measuring."""

    mean: float
    sd: float
    share_measured: float


def fuse(believed: float, seen: Observation | None, prior_sd: float = PRIOR_SD) -> Fused:
    """One Gaussian update of a belief (log2 units) with a measurement; without one, the belief."""
    if seen is None or math.isinf(seen.se):
        return Fused(believed, prior_sd, 0.0)
    prior = prior_sd**2
    share = prior / (prior + seen.se**2 + seen.transfer_sd**2)
    mean = (1.0 - share) * believed + share * seen.log2
    return Fused(mean, prior_sd * math.sqrt(1.0 - share), share)


@dataclass(frozen=True)
class Case:
    """All that one simulation is a function of.

    Attributes:
        frameworks: The options; the first is the baseline that speed is relative to.
        fixed_weight: A criterion whose weight is set to a share in every sample.
    """

    frameworks: tuple[str, ...]
    criteria: tuple[str, ...]
    items: tuple[Item, ...]
    ranks: tuple[tuple[str, ...], ...] = ()
    seen: Observation | None = None
    fixed_weight: tuple[str, float] | None = None


Place = tuple[str, str]
"""A framework and a criterion."""


@dataclass(frozen=True)
class Sample:
    """A simulation: arrays of shape (n,) per criterion, and per framework and criterion."""

    weights: Mapping[str, Array]
    values: Mapping[Place, Array]
    utilities: Mapping[str, Array]
    fused: Mapping[str, Fused]
    parts: Mapping[Place, tuple[Item, ...]]

    def mean_utility(self, framework: str) -> float:
        """Expected utility, between 0 and 1."""
        return float(self.utilities[framework].mean())


def logistic(x: Array) -> Array:
    """The value scale: no evidence is 0.5, and it is bounded and monotone."""
    value: Array = 1.0 / (1.0 + np.exp(-x))
    return value


def believed_speed(items: Sequence[Item], framework: str) -> float:
    """Expected log2 units that claims about speed give *framework*."""
    return math.fsum(i.mean for i in items if i.speed and i.framework == framework)


def simulate(case: Case, draws: Draws, near: Sample | None = None) -> Sample:
    """Sample weights, claims, model error and speed; add up the utilities.

    *near* is another simulation over the same draws: what is the same in both is not computed
    again, which changes no number.
    """
    weights = _weights(case, draws)
    parts = _parts(case)
    fused = _fused(case)
    values = {}
    for place in parts:
        kept = _kept(place, parts, fused, near)
        values[place] = (
            logistic(_total(place, parts[place], fused, draws)) if kept is None else kept
        )
    utilities = {}
    for framework in case.frameworks:
        utility = np.zeros(draws.n)
        for criterion in case.criteria:
            utility += weights[criterion] * values[framework, criterion]
        utilities[framework] = utility
    return Sample(weights, values, utilities, fused, parts)


def _kept(
    place: Place,
    parts: Mapping[Place, tuple[Item, ...]],
    fused: Mapping[str, Fused],
    near: Sample | None,
) -> Array | None:
    if near is None or near.parts.get(place) != parts[place]:
        return None
    framework, criterion = place
    if criterion == PERFORMANCE and near.fused.get(framework) != fused.get(framework):
        return None
    return near.values[place]


def _weights(case: Case, draws: Draws) -> Mapping[str, Array]:
    weights = sample_weights(case.criteria, case.ranks, draws)
    if case.fixed_weight is None:
        return weights
    criterion, share = case.fixed_weight
    rest = np.maximum(1.0 - weights[criterion], 1e-12)
    fixed = {c: w * ((1.0 - share) / rest) for c, w in weights.items()}
    fixed[criterion] = np.full(draws.n, share)
    return fixed


def _parts(case: Case) -> dict[Place, tuple[Item, ...]]:
    found: dict[Place, list[Item]] = {(f, c): [] for f in case.frameworks for c in case.criteria}
    for item in case.items:
        place = (item.framework, item.criterion)
        if not item.speed and place in found:
            found[place].append(item)
    return {place: tuple(items) for place, items in found.items()}


def _fused(case: Case) -> dict[str, Fused]:
    """What is believed about each framework's log2 speed relative to the first one."""
    baseline, *others = case.frameworks
    base = believed_speed(case.items, baseline)
    return {
        other: fuse(
            believed_speed(case.items, other) - base, case.seen if other == others[0] else None
        )
        for other in others
    }


def _total(
    place: Place, items: tuple[Item, ...], fused: Mapping[str, Fused], draws: Draws
) -> Array:
    """Units of one framework on one criterion: the model error or the speed, and the claims."""
    framework, criterion = place
    if criterion != PERFORMANCE:
        total = MODEL_ERROR * draws.of(f"model|{framework}|{criterion}")[1].astype(np.float64)
    elif framework in fused:
        belief = fused[framework]
        total = belief.mean + belief.sd * draws.of(f"speed|{framework}")[1].astype(np.float64)
    else:
        total = np.zeros(draws.n)
    for item in items:
        total += sampled(item, draws)
    return total
