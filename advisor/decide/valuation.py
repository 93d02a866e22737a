"""The decision model: additive value on fixed scales, sampled over everything that is uncertain.

Knows values, weights and how a claim and a measurement of the same quantity meet. Value counts in
units: one is a step in half the time, so speed enters as a logarithm to base 2. Nothing is
normalised over the options. It must not know rules, facts or words.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from advisor.decide.claims import Item, sampled
from advisor.decide.draws import Array, Draws, sample_weights
from advisor.decision import CRITERIA
from advisor.pair import FRAMEWORKS, sign_of

MODEL_ERROR = 0.5
"""Standard deviation, in units, of what no rule knows about a framework on a criterion."""

PRIOR_SD = 1.0
"""Standard deviation, in log2 units, of a speed ratio that is believed and not measured."""

MARGIN = 0.05
"""A difference of utility below this counts as none."""

PERFORMANCE = "performance"
# exp of more overflows; the value is 0 long before.
_LARGEST_EXPONENT = 700.0


@dataclass(frozen=True)
class Observation:
    """A measured log2 speed ratio, its standard error, and how far it may be from the work.

    `replaces`: of this work on this hardware, so that within that spread nothing is believed
    beside it.
    """

    log2: float
    se: float
    transfer_sd: float
    replaces: bool = False


@dataclass(frozen=True)
class Fused:
    """What is believed about a log2 speed ratio after measuring."""

    mean: float
    sd: float
    share_measured: float


def fuse(believed: float, seen: Observation | None, prior_sd: float = PRIOR_SD) -> Fused:
    """What is believed (log2 units) after measuring; without a measurement, the belief.

    A measurement of the work itself replaces what was believed; one of other work or hardware
    meets it in one Gaussian update.
    """
    if seen is None or math.isinf(seen.se):
        return Fused(believed, prior_sd, 0.0)
    if seen.replaces:
        return Fused(seen.log2, math.hypot(seen.se, seen.transfer_sd), 1.0)
    prior = prior_sd**2
    share = prior / (prior + seen.se**2 + seen.transfer_sd**2)
    mean = (1.0 - share) * believed + share * seen.log2
    return Fused(mean, prior_sd * math.sqrt(1.0 - share), share)


@dataclass(frozen=True)
class SimulationInput:
    """All that one simulation is a function of.

    `fixed_weight` is a criterion whose weight is set to a share in every sample.
    """

    items: tuple[Item, ...]
    ranks: tuple[tuple[str, ...], ...] = ()
    seen: Observation | None = None
    fixed_weight: tuple[str, float] | None = None


Place = tuple[str, str]
"""A framework and a criterion."""


@dataclass(frozen=True)
class Sample:
    """A simulation: arrays of shape (n,) per criterion, and per framework and criterion.

    `speed` is what is believed about JAX's speed as against PyTorch's.
    """

    weights: Mapping[str, Array]
    values: Mapping[Place, Array]
    utilities: Mapping[str, Array]
    speed: Fused
    parts: Mapping[Place, tuple[Item, ...]]

    def mean_utility(self, framework: str) -> float:
        """Expected utility, between 0 and 1."""
        return float(self.utilities[framework].mean())


def logistic(x: Array) -> Array:
    """The value scale: no evidence is 0.5, and it is bounded and monotone."""
    value: Array = 1.0 / (1.0 + np.exp(np.minimum(-x, _LARGEST_EXPONENT)))
    return value


def believed_speed(items: Sequence[Item]) -> float:
    """Expected log2 units by which claims about speed put JAX ahead of PyTorch."""
    return math.fsum(sign_of(i.framework) * i.mean for i in items if i.speed)


def simulate(case: SimulationInput, draws: Draws, near: Sample | None = None) -> Sample:
    """Sample weights, claims, model error and speed; add up the utilities.

    *near* is another simulation over the same draws: what is the same in both is not computed
    again, which changes no number.
    """
    weights = _weights(case, draws)
    parts = _parts(case)
    speed = fuse(believed_speed(case.items), case.seen)
    values = {}
    for place in parts:
        kept = _kept(place, parts, speed, near)
        values[place] = (
            logistic(_total(place, parts[place], speed, draws)) if kept is None else kept
        )
    utilities: dict[str, Array] = {}
    for framework in FRAMEWORKS:
        utility = np.zeros(draws.n)
        for criterion in CRITERIA:
            utility += weights[criterion] * values[framework, criterion]
        utilities[framework] = utility
    return Sample(weights, values, utilities, speed, parts)


def is_speed_of_jax(place: Place) -> bool:
    """Whether the measured speed, which is JAX's as against PyTorch's, counts at *place*."""
    return place == ("jax", PERFORMANCE)


def _kept(
    place: Place,
    parts: Mapping[Place, tuple[Item, ...]],
    speed: Fused,
    near: Sample | None,
) -> Array | None:
    if near is None or near.parts.get(place) != parts[place]:
        return None
    if is_speed_of_jax(place) and near.speed != speed:
        return None
    return near.values[place]


def _weights(case: SimulationInput, draws: Draws) -> Mapping[str, Array]:
    weights = sample_weights(CRITERIA, case.ranks, draws)
    if case.fixed_weight is None:
        return weights
    criterion, share = case.fixed_weight
    rest = np.maximum(1.0 - weights[criterion], 1e-12)
    fixed = {c: w * ((1.0 - share) / rest) for c, w in weights.items()}
    fixed[criterion] = np.full(draws.n, share)
    return fixed


def _parts(case: SimulationInput) -> dict[Place, tuple[Item, ...]]:
    parts: dict[Place, list[Item]] = {(f, c): [] for f in FRAMEWORKS for c in CRITERIA}
    for item in case.items:
        place = (item.framework, item.criterion)
        if not item.speed and place in parts:
            parts[place].append(item)
    return {place: tuple(items) for place, items in parts.items()}


def _total(place: Place, items: tuple[Item, ...], speed: Fused, draws: Draws) -> Array:
    """Units of one framework on one criterion: the model error or the speed, and the claims."""
    framework, criterion = place
    if criterion != PERFORMANCE:
        total = MODEL_ERROR * draws.of(f"model|{framework}|{criterion}")[1].astype(np.float64)
    elif is_speed_of_jax(place):
        total = speed.mean + speed.sd * draws.of(f"speed|{framework}")[1].astype(np.float64)
    else:
        total = np.zeros(draws.n)
    for item in items:
        total += sampled(item, draws)
    return total
