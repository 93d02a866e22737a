"""Which measured model stands for the answers, and how far its ratio may be from the work.

The decision's speed is the ratio of one model. Knows the answers about the model, the standard
model of a task and the table of how far a model carries over (data of the rule base); it must not
know workloads or claims.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from advisor.knowledge.families import OTHER
from advisor.knowledge.model import RuleBase
from advisor.knowledge.standards import standard_for
from advisor.ratio import Ratio, error_of, mean, t_quantile
from advisor.reading.machines import fits, is_part
from advisor.reading.works import PREFIX, MeasuredWork, WorkReadings, distance

_WIDEST = 2.0
"""The factor where the rule base holds no table."""
_SAME = 1e-9
_LEAST_SE = 1e-4


@dataclass(frozen=True, kw_only=True)
class Speed:
    """The speed of JAX as against PyTorch: that of the one model that stands for the answers.

    Attributes:
        chosen: Its measurement.
        others: Further ones as near, which the winner may depend on.
        speedup: JAX as against PyTorch; over all of them where their winners differ.
        kind: How near the model is to the work, a class of the carry-over table.
        asked: Whether the team said which model it is; else it is the task's standard one.
        matched: Whether it was measured on hardware like the one that will train.
        part: Whether that is one device of the kind of which several will train.
        factor: How far the ratio may be from the work: one standard deviation.
        factor_from: Which table says so.
        machines: Where it was measured on machines of one kind, the evidence of each.
        spread: The standard deviation of the logarithm between them, of which `factor` holds its
            part; None for a single machine.
        depends: Whether the winner changes with the size.
    """

    chosen: MeasuredWork
    others: tuple[MeasuredWork, ...]
    speedup: Ratio
    kind: str
    asked: bool
    matched: bool
    part: bool
    factor: float
    factor_from: str
    machines: tuple[int, ...] = ()
    spread: float | None = None
    depends: bool

    @property
    def transfer_sd(self) -> float:
        """The standard deviation of the logarithm that `factor` is."""
        return math.log(self.factor)

    @property
    def replaces(self) -> bool:
        """Whether it stands for the work so well that no claim about speed counts beside it."""
        return self.matched and self.kind != "other"

    @property
    def device(self) -> str:
        """Where it was measured."""
        return self.chosen.work.device

    @property
    def name(self) -> str:
        """The model as a probe is called."""
        return probe_name(self.chosen)

    @property
    def open(self) -> bool:
        """Whether no winner can be named: it depends on the size, or the interval reaches both."""
        return _spans(self.speedup) and (self.depends or not self.chosen.settled)


def probe_name(measured: MeasuredWork) -> str:
    """What a measured model is called where workloads are called by their ids."""
    return measured.work.model if measured.own else f"{PREFIX}{measured.work.model}"


def speed_for(readings: WorkReadings, base: RuleBase, facts: Mapping[str, Any]) -> Speed | None:
    """The model that stands for the answers, or None where none was measured."""
    ranked = sorted(
        ((place, work) for work in readings.works if (place := _place(work, base, facts))),
        key=lambda pair: (pair[0], pair[1].order),
    )
    if not ranked:
        return None
    place, chosen = ranked[0]
    twins = [chosen, *_twins([w for _, w in ranked[1:]], chosen)]
    speedup, spread = _over_machines(twins)
    said = facts.get("model.preset") is not None or facts.get("model.size") is not None
    # Who said the size means that one; who did not may mean any of what was measured.
    further = [w for _, w in ranked if all(w is not twin for twin in twins)]
    beside = [] if said or chosen.own else [w for w in further if _alike(w, chosen)]
    every = [chosen, *beside]
    depends = _depends(every)
    alike = fits(chosen.work.device, facts, chosen.kinds)
    part = alike and is_part(facts)
    kind = _class_of(place.rank, facts)
    factor, source = max(
        factor_of(base, k) for k in (kind, kind if alike and not part else "other")
    )
    return Speed(
        chosen=chosen,
        others=tuple(beside),
        speedup=_over(every) if depends else speedup,
        kind=kind,
        asked=facts.get("model") not in (None, OTHER),
        matched=alike and not part,
        part=part,
        factor=math.exp(math.hypot(math.log(factor), spread or 0.0)),
        factor_from=source,
        machines=tuple(w.source for w in twins),
        spread=spread,
        depends=depends,
    )


_KINDS = ("own_module", "same_size", "other_size")


class _Place(NamedTuple):
    """How near a model is to the work; less is nearer."""

    device: tuple[bool, bool, str]
    rank: int
    apart: float
    fewer_cores: int


def _class_of(rank: int, facts: Mapping[str, Any]) -> str:
    """A class of the carry-over table; a model of no family is like none that was measured."""
    return "other" if rank > 0 and facts.get("model") == OTHER else _KINDS[rank]


def _place(measured: MeasuredWork, base: RuleBase, facts: Mapping[str, Any]) -> _Place | None:
    """How near *measured* is to the work; None where it stands for another."""
    work = measured.work
    # Devices are never averaged: one that fits counts first, then any accelerator.
    fitting = fits(work.device, facts, measured.kinds)
    device = (not fitting, work.device.startswith("cpu"), work.device)
    if measured.own:
        return _Place(device, 0, 0.0, -(work.cores or 0))
    asked = _asked(base, facts)
    if asked is None or asked[0] != work.model:
        return None
    apart = _size_apart(measured, base, *asked)
    return _Place(device, 1 if apart < _SAME else 2, apart, -(work.cores or 0))


def _asked(base: RuleBase, facts: Mapping[str, Any]) -> tuple[str, str, Mapping[str, Any]] | None:
    """Family, preset and sizes that the answers mean; of the task's standard model otherwise."""
    family = facts.get("model")
    if family in (None, OTHER):
        standard = standard_for(base, facts)
        return None if standard is None else (standard.model, standard.preset, {})
    size = facts.get("model.size")
    preset = facts.get("model.preset") or ""
    return str(family), str(preset), size if isinstance(size, Mapping) else {}


def _size_apart(
    measured: MeasuredWork,
    base: RuleBase,
    family: str,
    preset: str,
    size: Mapping[str, Any],
) -> float:
    """How far *measured* is from the size that was asked for; 0 where none was."""
    work = measured.work
    if not size and work.name == preset:
        return 0.0
    described = base.families.get(family)
    named = described.presets.get(preset, {}) if described else {}
    if preset and not named:
        return 1.0
    return distance(work.size, {**named, **size})


def family_of(base: RuleBase, facts: Mapping[str, Any]) -> str | None:
    """The family of models that stands for the answers."""
    asked = _asked(base, facts)
    return None if asked is None else asked[0]


def _alike(one: MeasuredWork, other: MeasuredWork) -> bool:
    return (one.work.device, one.kinds) == (other.work.device, other.kinds)


def factor_of(base: RuleBase, kind: str) -> tuple[float, str]:
    """How far a model of the class *kind* may be from the work, and which table says so."""
    row = next((r for r in base.carry_over if r.id == kind), None)
    return (_WIDEST, "") if row is None else (row.factor, row.source)


def _twins(works: Sequence[MeasuredWork], chosen: MeasuredWork) -> list[MeasuredWork]:
    """The same model on further machines of the kind, one measurement of each."""
    machines = {chosen.machine}
    twins = []
    for measured in works:
        same = (measured.kind, measured.own) == (chosen.kind, chosen.own) and measured.machine
        if same and measured.machine not in machines and _same_work(measured, chosen):
            machines.add(measured.machine)
            twins.append(measured)
    return twins


def _same_work(one: MeasuredWork, other: MeasuredWork) -> bool:
    def what(w: MeasuredWork) -> tuple[Any, ...]:
        return w.work.model, w.work.size, w.work.precision, w.work.device, w.work.cores

    return what(one) == what(other)


def _over_machines(works: Sequence[MeasuredWork]) -> tuple[Ratio, float | None]:
    """The mean over machines of one kind, and the spread between them beyond what launches show.

    The mean is of these machines; the spread (standard deviation of the logarithm) is what the next
    one of the kind may differ by. So few machines show it badly: it is widened by what the
    t-quantile has over the normal one.
    """
    if len(works) < 2:
        return works[0].speedup, None
    together, count = mean([w.speedup for w in works]), len(works)
    between = math.fsum((w.speedup.log - together.log) ** 2 for w in works) / (count - 1)
    within = math.fsum(w.speedup.se**2 for w in works) / count
    few = t_quantile(0.975, count - 1) / t_quantile(0.975, math.inf)
    return together, few * math.sqrt(max(0.0, between - within))


def _depends(works: Sequence[MeasuredWork]) -> bool:
    """Whether some of *works* are clearly faster in one framework and some in the other."""
    sides = {w.speedup.log > 0 for w in works if not _spans(w.speedup)}
    return len(sides) == 2


def _spans(speedup: Ratio) -> bool:
    low, high = speedup.interval()
    return low < 1 < high


def _over(works: Sequence[MeasuredWork]) -> Ratio:
    """One ratio whose interval reaches over all of *works*."""
    ends = [end for work in works for end in work.speedup.interval()]
    low, high = min(ends), max(ends)
    return Ratio((math.log(low) + math.log(high)) / 2, max(_LEAST_SE, error_of((low, high))))
