"""Whether a user's own step computes the same on both sides, element by element.

Reads what workers saw of the step: results of every step, the state before and after, a second
build of the same step. A comparison that could not fail is none: where nothing moved, nothing was
checked, and it says so. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from advisor.evidence import Parity, Reason
from advisor.measure.gates import NOTHING_LEARNT, PARITY
from advisor.measure.own_leaves import (
    Difference,
    alike,
    blown_up_rounding,
    difference_of,
    moved_by,
    oriented,
    usual_movement,
)
from advisor.measure.own_reasons import explained
from advisor.measure.own_statistics import compare_runs
from advisor.pair import JIT, TORCH_EAGER, mode_of

Observation = Mapping[str, NDArray[Any]]
LEAST_MOVED = 10.0
"""So many tolerances have to lie between what was first and what came of it."""
DRIFT = 0.03
"""The share of a leaf's usual movement by which any element of the state may differ."""
_MOST_NAMED = 3
_REFERENCES = (JIT, TORCH_EAGER)


@dataclass(frozen=True)
class Side:
    """What one mode showed."""

    label: str
    arrays: Observation
    facts: Mapping[str, Any]

    def part(self, kind: str) -> dict[str, NDArray[Any]]:
        """Samples of one kind (``first.out``) by name."""
        return {n.split("/", 1)[1]: a for n, a in self.arrays.items() if n.startswith(f"{kind}/")}

    def types(self, of: str) -> dict[str, tuple[str, tuple[int, ...]]]:
        """By name the type and the shape of results (``out``) or ``state``."""
        listed = self.facts.get(of)
        if not isinstance(listed, Mapping):
            return {}
        return {
            str(name): (str(row[0]), tuple(row[1]))
            for name, row in listed.items()
            if isinstance(row, list) and len(row) == 2 and isinstance(row[1], list)
        }


@dataclass
class Compared:
    """What comparing one mode with the reference found, and by how many tolerances things moved."""

    problems: list[Reason] = field(default_factory=list)
    worst: float = 0.0
    scalars_max_abs: float | None = None
    arrays_max_abs: float | None = None
    moved: float = 0.0
    states: list[str] = field(default_factory=list)
    rounding: list[str] = field(default_factory=list)

    def note(self, found: Difference, *, scalar: bool) -> None:
        """Keep how far two pieces are apart."""
        self.worst = max(self.worst, found.of_limit)
        if scalar:
            self.scalars_max_abs = max(self.scalars_max_abs or 0.0, found.max_abs)
        else:
            self.arrays_max_abs = max(self.arrays_max_abs or 0.0, found.max_abs)


def own_parity_of(
    observations: Mapping[str, Observation | None],
    tolerance: Mapping[str, float],
    inputs_sha256: str | None,
) -> Parity:
    """The parity part of a probe of a user's own step, over all its modes (by label)."""
    parity = Parity(inputs_sha256=inputs_sha256)
    sides = [side for label, o in observations.items() if (side := _side(label, o)) is not None]
    problems = {
        label: Reason("unreadable")
        for label in observations
        if label not in {side.label for side in sides}
    }
    limit = float(tolerance.get("curve", 1e-3))
    for side in sides:
        problem = _with_itself(side, limit)
        if problem is not None:
            problems[side.label] = problem
    if len(observations) < 2 and not problems:
        return parity
    if not sides:
        return _failed(parity, problems)
    reference = min(sides, key=_rank)
    compared = {s.label: _compare(reference, s, limit) for s in sides if s is not reference}
    for label, found in compared.items():
        if found.problems:
            listed = [{"case": p.case, **p.values} for p in found.problems[:_MOST_NAMED]]
            values = {"reference": reference.label, "differences": listed}
            problems.setdefault(label, Reason("differs", "own", values))
    parity = replace(
        parity,
        forward_max_abs=_largest(c.arrays_max_abs for c in compared.values()),
        loss_curve_max_abs=_largest(c.scalars_max_abs for c in compared.values()),
        compared=_told(reference, sides, compared, limit),
    )
    if problems:
        return _failed(parity, problems)
    if not compared:
        return parity
    least = min(c.moved for c in compared.values())
    if least < LEAST_MOVED or _idle(sides, reference):
        reason = Reason(NOTHING_LEARNT, values={"moved": least, "least": LEAST_MOVED})
        return replace(parity, status="not_checked", reason=reason)
    return replace(parity, status="ok")


def _failed(parity: Parity, problems: dict[str, Reason]) -> Parity:
    return replace(parity, status="failed", problems=problems, reason=Reason(PARITY))


def _side(label: str, observation: Observation | None) -> Side | None:
    """What a mode showed; None where it cannot be read."""
    try:
        facts = json.loads(str((observation or {})["meta"]))
    except (KeyError, ValueError):
        return None
    if observation is None or not isinstance(facts, dict):
        return None
    numbers = {k: v for k, v in observation.items() if k != "meta" and v.dtype.kind in "fiub"}
    usable = any(name.startswith("first.out/") for name in numbers)
    return Side(label, numbers, facts) if usable else None


def _rank(side: Side) -> tuple[int, str]:
    mode = mode_of(side.label)
    place = _REFERENCES.index(mode) if mode in _REFERENCES else len(_REFERENCES)
    return place, side.label


def _largest(values: Any) -> float | None:
    return max((v for v in values if v is not None), default=None)


def _with_itself(side: Side, tolerance: float) -> Reason | None:
    """Why a step built twice does not do the same twice; None where it does, or was not asked.

    With statistics no two builds are meant to.
    """
    if side.facts.get("policy") == "statistical":
        return None
    for kind in ("out", "after"):
        first, again = side.part(f"first.{kind}"), side.part(f"again.{kind}")
        for name in sorted(first.keys() & again.keys()):
            found = difference_of(name, first[name], again[name], tolerance)
            if found.of_limit > 1:
                values = {"piece": name, "difference": found.max_abs, "limit": found.limit}
                return Reason("not-itself", kind, values)
    return None


def _compare(reference: Side, other: Side, tolerance: float) -> Compared:
    """How *other* differs from *reference*."""
    found = Compared()
    if other.facts.get("policy") == "statistical":
        found.problems, found.moved, found.worst = compare_runs(
            reference.part("runs"), other.part("runs"), tolerance
        )
        return found
    _compare_types(reference, other, found)
    _compare_results(reference, other, tolerance, found)
    _compare_states(reference, other, tolerance, found)
    return found


def _compare_types(reference: Side, other: Side, found: Compared) -> None:
    products = [side.facts.get("products") for side in (reference, other)]
    if all(isinstance(p, list) and p for p in products) and products[0] != products[1]:
        found.problems.append(
            Reason("differs", "products", {"types": products[1], "reference_types": products[0]})
        )
    mine, theirs = reference.types("out"), other.types("out")
    for name in sorted(mine.keys() & theirs.keys()):
        problem = _type_problem(name, mine[name][0], theirs[name][0])
        found.problems.extend([problem] if problem else [])
    for name, of_other in alike(reference.types("state"), other.types("state")).items():
        pair = reference.types("state")[name][0], other.types("state")[of_other][0]
        problem = _type_problem(f"state.{name}", *pair)
        found.problems.extend([problem] if problem else [])


def _type_problem(name: str, reference: str, other: str) -> Reason | None:
    floating = ["float" in text or "complex" in text for text in (reference, other)]
    # Integers are 32 bits wide in JAX and 64 in PyTorch; a plain number has no type.
    if not any(floating) or "number" in (reference, other) or reference == other:
        return None
    return Reason("differs", "dtype", {"piece": name, "dtype": other, "reference_dtype": reference})


def _compare_results(reference: Side, other: Side, tolerance: float, found: Compared) -> None:
    pairs = _paired(reference.part("first.out"), other.part("first.out"))
    if pairs is None:
        names = {
            "names": sorted(other.types("out")),
            "reference_names": sorted(reference.types("out")),
        }
        found.problems.append(Reason("differs", "names", names))
        return
    training = bool(reference.facts.get("trained") or other.facts.get("trained"))
    for name, (a, b) in pairs.items():
        shapes = [_shape(side, name, pairs) for side in (reference, other)]
        if shapes[0] != shapes[1] or a.shape != b.shape:
            values = {"shape": list(shapes[1]), "reference_shape": list(shapes[0])}
            found.problems.append(Reason("differs", "shape", {"piece": name, **values}))
            continue
        difference = difference_of(name, a, b, tolerance)
        over_all = _norms(reference, other, name, tolerance)
        worst = max((difference, *over_all), key=lambda d: d.of_limit)
        found.note(worst, scalar=a.shape[1] == 1)
        found.moved = max(found.moved, moved_by(a, tolerance, in_time=training))
        if not np.isfinite(worst.of_limit):
            found.problems.append(Reason("differs", "not-finite", {"piece": name}))
        elif worst.of_limit > 1:
            found.problems.append(explained(name, a, b, worst, (reference.label, other.label)))


def _paired(
    mine: Mapping[str, NDArray[Any]], theirs: Mapping[str, NDArray[Any]]
) -> dict[str, tuple[NDArray[Any], NDArray[Any]]] | None:
    """Results by name; where each side has one alone, its name does not matter."""
    if len(mine) == len(theirs) == 1:
        [(name, a)], [b] = mine.items(), theirs.values()
        return {name: (a, b)}
    if mine.keys() != theirs.keys():
        return None
    return {name: (mine[name], theirs[name]) for name in sorted(mine)}


def _shape(side: Side, name: str, pairs: Mapping[str, Any]) -> tuple[int, ...]:
    shapes = {n: shape for n, (_, shape) in side.types("out").items()}
    return shapes[name] if name in shapes or len(pairs) > 1 else next(iter(shapes.values()), ())


def _norms(reference: Side, other: Side, name: str, tolerance: float) -> list[Difference]:
    """Of a large result the numbers over all of it."""
    pairs = _paired(reference.part("first.out+"), other.part("first.out+")) or {}
    return [difference_of(name, a, b, tolerance) for n, (a, b) in pairs.items() if n == name]


def _compare_states(reference: Side, other: Side, tolerance: float, found: Compared) -> None:
    """Leaves that both sides name alike, after the same few steps.

    Every element may differ by a share of what a leaf usually moved. Where all results agree, a
    leaf may also hold rounding that the optimizer blew up: nothing depends on it.
    """
    mine, theirs = reference.part("first.after"), other.part("first.after")
    shapes = [side.types("state") for side in (reference, other)]
    start, starts = (side.part("first.before") for side in (reference, other))
    agree = not found.problems
    named = alike(*shapes)
    drift = DRIFT * usual_movement(
        {n: start[n] for n in named if n in start}, {n: mine[n] for n in named if n in mine}
    )
    for name, of_other in named.items():
        if name not in mine or of_other not in theirs:
            continue
        b = oriented(mine[name], theirs[of_other], shapes[0][name][1], shapes[1][of_other][1])
        if b is None:
            continue
        found.states.append(name)
        difference = difference_of(f"state.{name}", mine[name], b, tolerance, at_least=drift)
        begun = start.get(name), starts.get(of_other)
        if difference.of_limit > 1 and agree and _is_rounding((mine[name], b), begun, drift):
            found.rounding.append(name)
            continue
        found.worst = max(found.worst, difference.of_limit)
        if difference.of_limit > 1:
            values = {"piece": f"state.{name}", "difference": difference.max_abs}
            found.problems.append(
                Reason("differs", "too-far", {**values, "limit": difference.limit})
            )
        elif name in start and start[name].shape == mine[name].shape:
            both = np.concatenate([start[name], mine[name]])
            found.moved = max(found.moved, moved_by(both, tolerance, in_time=True))


def _is_rounding(
    ends: tuple[NDArray[Any], NDArray[Any]],
    begun: tuple[NDArray[Any] | None, NDArray[Any] | None],
    limit: float,
) -> bool:
    """Whether a leaf that began alike on both sides differs by blown-up rounding alone."""
    start, other_start = begun
    if start is None or other_start is None or start.shape != ends[0].shape:
        return False
    if not np.array_equal(start, other_start):
        return False
    return blown_up_rounding(ends[0] - start, ends[1] - start, limit)


def _idle(sides: Sequence[Side], reference: Side) -> bool:
    """Whether gradients are prepared and nothing is trained: one number says nothing then."""
    graph = any(side.facts.get("graph") is True for side in sides)
    trained = any(side.facts.get("trained") for side in sides)
    single = all(a.shape[1] == 1 for a in reference.part("first.out").values())
    return graph and not trained and single


def _told(
    reference: Side, sides: Sequence[Side], compared: Mapping[str, Compared], tolerance: float
) -> dict[str, Any]:
    """What was compared, as the certificate says it."""
    first = next(iter(reference.part("first.out").values()))
    states = next((c.states for c in compared.values() if c.states), [])
    return {
        "steps": int(first.shape[0]),
        "outputs": sorted(reference.types("out"))[:20],
        "states": states[:20],
        "state_count": len(states),
        "rounding": sorted({name for c in compared.values() for name in c.rounding})[:20],
        "tolerance": tolerance,
        "worst": max((c.worst for c in compared.values()), default=0.0),
        "moved": min((c.moved for c in compared.values()), default=0.0),
        "trained": any(side.facts.get("trained") for side in sides),
        "graph": [s.label for s in sides if s.facts.get("graph") and not s.facts.get("trained")],
        "policy": str(reference.facts.get("policy", "inputs")),
        "rate": reference.facts.get("rate"),
        "runs": max((len(a) for a in reference.part("runs").values()), default=0),
    }
