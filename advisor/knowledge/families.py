"""Families of models as data: sizes, presets, what stands for a task, how far it carries over.

Knows the form of these entries and whether a size fits a family. It must not know how a model is
measured or decided by.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from advisor.knowledge.fields import Fault, Part, did_you_mean, shown
from advisor.ratio import t_quantile

OTHER = "other"
"""The answer that the model is of no family."""

# How far a stated factor may be from its own table, which is rounded.
_ROUNDED = 0.011
_LEAST_RATIO = 1e-3
CARRY_OVER_CLASSES = ("own_module", "same_size", "other_size", "other", "library", "published")
"""How near a measured model is to the work: the team's own module; its family and size; its family
at another size; anything else. What the library adds for its machine; what somebody published."""


@dataclass(frozen=True)
class FamilyKey:
    """One number, list of numbers (`longest` of them at most) or word of a family's size."""

    id: str
    low: float | None = None
    high: float | None = None
    longest: int = 0
    choices: tuple[Any, ...] = ()

    def check(self, value: Any) -> None:
        """Refuse a *value* that the key cannot have.

        Raises:
            Fault: the text names the range.
        """
        if self.choices:
            if not any(value == c and type(value) is type(c) for c in self.choices):
                words = ", ".join(shown(c).strip("'") for c in self.choices)
                raise Fault(f"{shown(value)} is not a value of {self.id}", f"one of: {words}")
            return
        numbers = value if self.longest and isinstance(value, list) else [value]
        span = f"from {self.low:g} to {self.high:g}"
        if self.longest and not (isinstance(value, list) and 1 <= len(value) <= self.longest):
            raise Fault(
                f"{self.id} has to be a list of 1 to {self.longest} whole numbers", f"each {span}"
            )
        for number in numbers:
            self._check_number(number, span)

    def _check_number(self, number: Any, span: str) -> None:
        if isinstance(number, bool) or not isinstance(number, int):
            raise Fault(f"{self.id} has to be a whole number, not {shown(number)}", span)
        low = number if self.low is None else self.low
        high = number if self.high is None else self.high
        if not low <= number <= high:
            raise Fault(f"{number} is out of range for {self.id}", span)


@dataclass(frozen=True)
class ModelFamily:
    """One family that the answer ``model`` may name; `presets` are whole sizes by name."""

    id: str
    title: str
    keys: Mapping[str, FamilyKey] = field(default_factory=dict)
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class StandardModel:
    """The family and preset that stand for a task where nobody says which model it is.

    An empty preset is the family's default size. `smaller` is a preset of the same kind of work
    that is measured beside it, where the family's first one is of another kind. With `packages` it
    stands for that task only where one of them has to be used: a package that is made for one kind
    of model names it.
    """

    task: str
    model: str
    preset: str
    reason: str
    packages: tuple[str, ...] = ()
    smaller: str = ""


@dataclass(frozen=True)
class FittedModel:
    """A real model beside what its family predicted: JAX as against PyTorch, above 1 faster."""

    model: str
    family: str
    predicted: float
    measured: float


@dataclass(frozen=True)
class CarryOver:
    """How far a ratio may be from the team's own work, as a factor: one standard deviation.

    `id` is one of `CARRY_OVER_CLASSES`; `source` says where the factor is from, and `fitted`
    holds what it was fitted to, where it was.
    """

    id: str
    factor: float
    source: str
    date: str
    fitted: tuple[FittedModel, ...] = ()


def spread_of(fitted: Sequence[FittedModel]) -> float:
    """The factor that the errors in *fitted* are one standard deviation of, about no error.

    A bias of the families is an error like any other. Widened by what the t-quantile of so few
    errors has over the normal one, so that 1.96 such deviations hold 95 % of the next errors.
    """
    errors = [math.log(row.predicted / row.measured) for row in fitted]
    root = math.sqrt(math.fsum(e * e for e in errors) / len(errors))
    return math.exp(root * t_quantile(0.975, len(errors)) / t_quantile(0.975, math.inf))


def read_family(part: Part) -> ModelFamily:
    """One family with its sizes and presets."""
    part.only(("id", "title", "sizes", "presets"))
    keys = {key.id: key for key in map(_read_key, part.parts("sizes"))}
    presets = part.mapping("presets")
    return ModelFamily(
        part.identifier(),
        part.text("title"),
        keys,
        {name: dict(presets.mapping(name).data) for name in presets.data},
    )


def _read_key(part: Part) -> FamilyKey:
    part.only(("id", "low", "high", "longest", "choices"))
    choices = part.data.get("choices", [])
    if not isinstance(choices, list):
        part.fail("choices has to be a list", "choices")
        choices = []
    longest = part.data.get("longest", 0)
    return FamilyKey(
        part.identifier(),
        part.number("low"),
        part.number("high"),
        longest if isinstance(longest, int) else 0,
        tuple(choices),
    )


def read_standard(part: Part) -> StandardModel:
    """Which model stands for a task, or for packages within it, and why."""
    part.only(("task", "model", "preset", "reason", "packages", "smaller"))
    return StandardModel(
        part.text("task"),
        part.text("model"),
        part.text("preset", ""),
        part.text("reason"),
        part.texts("packages"),
        part.text("smaller", ""),
    )


def read_carry_over(part: Part) -> CarryOver:
    """The factor of one class."""
    part.only(("id", "factor", "source", "date", "fitted"))
    factor = part.number("factor")
    if factor is None or factor < 1:
        part.fail("factor has to be a number of at least 1", "factor")
        factor = 1.0
    name = part.word("id", CARRY_OVER_CLASSES)
    fitted = tuple(map(_read_fitted, part.parts("fitted")))
    if fitted and abs(spread_of(fitted) - factor) > _ROUNDED:
        part.fail(f"factor has to be {spread_of(fitted):.2f}, the spread of fitted", "factor")
    return CarryOver(name, float(factor), part.text("source"), part.date("date"), fitted)


def _read_fitted(part: Part) -> FittedModel:
    part.only(("model", "family", "predicted", "measured"))
    predicted, measured = (
        part.number(key, least=_LEAST_RATIO) or 1.0 for key in ("predicted", "measured")
    )
    return FittedModel(part.identifier("model"), part.identifier("family"), predicted, measured)


def check_standards(
    parts: Sequence[Part], standards: Sequence[StandardModel], tasks: Mapping[str, str]
) -> None:
    """Refuse a standard model for a task that there is not, and a second one for a task."""
    seen: set[tuple[str, str]] = set()
    for part, standard in zip(parts, standards, strict=True):
        if standard.task not in tasks:
            hint = did_you_mean(standard.task, tasks)
            part.fail(f"{shown(standard.task)} is not a task", "task", hint=hint)
        for name in standard.packages or ("",):
            if (standard.task, name) in seen:
                again = f"{shown(standard.task)} stands twice" + (f" with {name}" if name else "")
                part.fail(again, "task")
            seen.add((standard.task, name))


def check_model(families: Mapping[str, ModelFamily], values: Mapping[str, Any]) -> None:
    """Refuse answers about the model that do not go together.

    What is of a family that the rule base does not describe is left to whoever measures it.

    Raises:
        Fault: a preset or a size without its family, one that the family does not have, or a
            number out of range; `path` begins with the key of the answer.
    """
    family = values.get("model")
    for key in ("model.preset", "model.size"):
        if key in values and family in (None, OTHER):
            raise Fault(f"{key} needs a family", "say which: model: FAMILY", (key,))
    described = families.get(str(family))
    if described is None:
        return
    preset, size = values.get("model.preset"), values.get("model.size")
    if preset is not None and preset not in described.presets:
        hint = did_you_mean(preset, described.presets)
        raise Fault(f"{shown(preset)} is no preset of {family}", hint, ("model.preset",))
    # The compact form of a family says no ranges.
    for name, value in (size or {}).items() if described.keys else ():
        key_of = described.keys.get(name)
        if key_of is None:
            hint = did_you_mean(name, described.keys)
            raise Fault(f"{family} has no size {shown(name)}", hint, ("model.size", name))
        try:
            key_of.check(value)
        except Fault as fault:
            raise Fault(fault.message, fault.hint, ("model.size", name)) from fault


def families_data(
    families: Mapping[str, ModelFamily], *, compact: bool = False
) -> list[dict[str, Any]]:
    """*families* as they stand in a file; *compact* without what a size may be.

    No decision depends on that: answers were checked when they were given.
    """
    return [
        {
            "id": family.id,
            "title": family.title,
            **({} if compact else {"sizes": [_key_data(key) for key in family.keys.values()]}),
            "presets": {name: dict(size) for name, size in family.presets.items()},
        }
        for family in families.values()
    ]


def _key_data(key: FamilyKey) -> dict[str, Any]:
    data = {
        "id": key.id,
        "low": key.low,
        "high": key.high,
        "longest": key.longest,
        "choices": list(key.choices),
    }
    return {
        name: value
        for name, value in data.items()
        if value not in (None, [], "") and (name, value) != ("longest", 0)
    }
