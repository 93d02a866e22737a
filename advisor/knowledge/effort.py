"""What moving code asks for, as data: kinds of names, parts to redesign, costs and classes.

Knows the form of ``rules/counterparts/effort.yaml``. It must not know how code is read, nor turn
points into days: how long a point takes depends on people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from advisor.knowledge.fields import Part, did_you_mean, shown

_FITS = ("same", "close", "redesign", "none", "unlisted")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKind:
    """What a name does; `redesign` is the part of the work that it belongs to, if any."""

    id: str
    title: str
    redesign: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Redesign:
    """A part of code that has to be thought through anew, and what it becomes on each side."""

    id: str
    title: str
    to_jax: str
    to_pytorch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EffortClass:
    """One class of effort: the least number of points, and what it means for a team."""

    id: str
    title: str
    least: float
    means: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EffortTable:
    """The whole table.

    `fit_points` are points of one place by the fit of its name; `place_points` of one finding by
    its key; `library_points` of one library by how far it can be replaced; `floors` the least
    class where there is any of a key. `classes` go from the least to the most.
    """

    kinds: Mapping[str, ApiKind]
    redesigns: Mapping[str, Redesign]
    fit_points: Mapping[str, float]
    place_points: Mapping[str, float]
    library_points: Mapping[str, float]
    floors: Mapping[str, str]
    classes: tuple[EffortClass, ...] = field(default=())

    def class_of(self, points: float, floor: str | None = None) -> EffortClass:
        """The class of *points*, at least the class called *floor*."""
        reached = [entry for entry in self.classes if points >= entry.least]
        least = [entry for entry in self.classes if entry.id == floor]
        return max(reached + least, key=lambda entry: entry.least)


def read_effort(part: Part) -> EffortTable:
    """The table in *part*; mistakes are remembered in its problems."""
    part.only(("schema", "source", "kinds", "redesigns", "costs", "classes"))
    if part.text("schema") != "fw-advisor/effort@1":
        part.fail("schema has to be fw-advisor/effort@1", "schema")
    source = part.mapping("source")
    source.text("title")
    source.date("reviewed")
    redesigns = {entry.id: entry for entry in map(_redesign, part.parts("redesigns"))}
    kinds = {entry.id: entry for entry in (_kind(p, redesigns) for p in part.parts("kinds"))}
    classes = tuple(sorted(map(_class, part.parts("classes")), key=lambda entry: entry.least))
    if not classes or classes[0].least != 0:
        part.fail("one class has to begin at 0 points", "classes")
    costs = part.mapping("costs")
    costs.only(("fits", "places", "library", "floors"))
    return EffortTable(
        kinds=kinds,
        redesigns=redesigns,
        fit_points=_points(costs.mapping("fits"), _FITS),
        place_points={p.text("key"): _amount(p, "points") for p in costs.parts("places")},
        library_points=_points(costs.mapping("library"), ("none", "partial")),
        floors={p.text("key"): _class_among(p, classes) for p in costs.parts("floors")},
        classes=classes,
    )


def _redesign(part: Part) -> Redesign:
    part.only(("id", "title", "to_jax", "to_pytorch"))
    return Redesign(
        id=part.identifier(),
        title=part.text("title"),
        to_jax=part.text("to_jax"),
        to_pytorch=part.text("to_pytorch"),
    )


def _kind(part: Part, redesigns: Mapping[str, Redesign]) -> ApiKind:
    part.only(("id", "title", "redesign"))
    redesign = part.text("redesign", "") or None
    if redesign is not None and redesign not in redesigns:
        part.fail(
            f"{shown(redesign)} is not one of the redesigns",
            "redesign",
            hint=did_you_mean(redesign, redesigns),
        )
    return ApiKind(id=part.identifier(), title=part.text("title"), redesign=redesign)


def _class(part: Part) -> EffortClass:
    part.only(("id", "title", "least", "means"))
    return EffortClass(
        id=part.identifier(),
        title=part.text("title"),
        least=_amount(part, "least"),
        means=part.text("means"),
    )


def _amount(part: Part, key: str) -> float:
    if not part.has(key):
        part.fail(f"{key} is missing")
    return float(part.number(key, 0.0, least=0.0) or 0.0)


def _points(part: Part, keys: tuple[str, ...]) -> dict[str, float]:
    part.only(keys)
    return {key: _amount(part, key) for key in keys}


def _class_among(part: Part, classes: tuple[EffortClass, ...]) -> str:
    return str(part.word("least", tuple(entry.id for entry in classes)))
