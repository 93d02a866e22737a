"""What moving a code base would take: its names with their counterparts, and what to redesign.

Knows the tables and counts. It must not know syntax, and gives no number of days.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from advisor.knowledge.counterparts import OTHER, Counterpart, Framework
from advisor.knowledge.effort import EffortClass, Redesign
from advisor.scan.collected import Collected, Group, NameUse
from advisor.scan.tables import FRAMEWORK_MODULES

UNLISTED = "unlisted"
LIBRARY = "library"
_IMPORTS = ("must_use",)

# Which findings are work in which direction: the rest of their values belongs to the other side.
_VALUES: Mapping[Framework, Mapping[str, frozenset[str] | None]] = {
    "pytorch": {
        "code.in_place": frozenset({"item", "through_view", "augmented", "data", "out", "inplace"}),
        "control_flow": None,
        "code.dynamic_shape": frozenset({"dynamic_dimension", "nested_tensor"}),
        "code.custom_autograd": frozenset({"function"}),
        "code.kernel": frozenset({"triton", "cuda", "cpp", "hip", "extension", "custom_op"}),
    },
    "jax": {
        "code.custom_autograd": frozenset({"custom_vjp", "custom_jvp"}),
        "code.kernel": frozenset({"pallas", "ffi"}),
    },
}
_PARTS: Mapping[str, str] = {
    "code.in_place": "in_place",
    "control_flow": "control_flow",
    "code.dynamic_shape": "dynamic_shapes",
    "code.custom_autograd": "custom_autograd",
    "code.kernel": "kernels",
}


@dataclass(frozen=True, slots=True)
class Move:
    """One name (or library) in use and what takes its place; no `entry` where no table has it."""

    use: NameUse
    kind: str
    fit: str
    to: str | None
    note: str = ""
    entry: Counterpart | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One part to redesign: how often, in how many places of which files, the first of them."""

    redesign: Redesign
    times: int
    places: tuple[tuple[str, int], ...]
    points: float


@dataclass(frozen=True, slots=True)
class Cost:
    """What adds up to the class: a short name, how often, and its points."""

    part: str
    times: int
    points: float


@dataclass(frozen=True, slots=True)
class Moving:
    """What moving away from `framework` takes; `effort` is None where there is nothing to move."""

    framework: Framework
    moves: tuple[Move, ...]
    parts: tuple[Part, ...]
    costs: tuple[Cost, ...]
    effort: EffortClass | None

    @property
    def coverage(self) -> tuple[int, int, int, int]:
        """Names in use, those of them in the table, references, those of them to listed names."""
        names = [move for move in self.moves if move.kind != LIBRARY]
        listed = [move for move in names if move.fit != UNLISTED]
        return (
            len(names),
            len(listed),
            sum(move.use.times for move in names),
            sum(move.use.times for move in listed),
        )


def moving_from(framework: Framework, collected: Collected) -> Moving:
    """What moving *collected* away from *framework* takes."""
    names = [_move(use, framework, collected) for use in _uses(framework, collected)]
    libraries = list(_libraries(framework, collected))
    findings = list(_findings(framework, collected))
    costs = _costs(names, libraries, findings, collected)
    moves = sorted([*names, *libraries], key=lambda m: (-m.use.times, m.use.name))
    effort = None
    if names:
        points = sum(cost.points for cost in costs)
        effort = collected.tables.knowledge.effort.class_of(
            points, _floor(findings, libraries, collected)
        )
    parts = tuple(_parts(names, findings, collected))
    return Moving(framework, tuple(moves), parts, tuple(costs), effort)


def _uses(framework: Framework, collected: Collected) -> Iterator[NameUse]:
    for use in collected.names.values():
        if FRAMEWORK_MODULES.get(use.name.split(".", 1)[0]) == framework:
            yield use


def _move(use: NameUse, framework: Framework, collected: Collected) -> Move:
    entry = collected.tables.knowledge.names[framework].get(use.name)
    if entry is None:
        return Move(use, UNLISTED, UNLISTED, None)
    return Move(use, entry.kind, entry.fit, entry.to, entry.note, entry)


def _libraries(framework: Framework, collected: Collected) -> Iterator[Move]:
    """Libraries of *framework* that are imported or declared, and are not the framework itself."""
    for group in collected.of(_IMPORTS[0]):
        library = collected.tables.libraries.get(str(group.value))
        if library is None or library.framework != framework or group.sure_files == 0:
            continue
        if any(name.split(".", 1)[0] in FRAMEWORK_MODULES for name in library.imports):
            continue
        first = group.places(1)[0]
        use = NameUse(
            library.package,
            group.times,
            group.product_times,
            group.file_count,
            first.file,
            first.line,
        )
        yield Move(use, LIBRARY, library.fit, library.to, library.note)


def _findings(framework: Framework, collected: Collected) -> Iterator[Group]:
    for key, values in _VALUES[framework].items():
        for group in collected.of(key):
            if values is None or group.value in values:
                yield group


def _costs(
    names: list[Move], libraries: list[Move], findings: list[Group], collected: Collected
) -> list[Cost]:
    table = collected.tables.knowledge.effort
    costs: dict[str, Cost] = {}

    def add(part: str, times: int, points: float) -> None:
        before = costs.get(part, Cost(part, 0, 0.0))
        costs[part] = Cost(part, before.times + times, before.points + points)

    for move in names:
        times = move.use.product_times
        add(move.kind, times, times * table.fit_points[move.fit])
    for move in libraries:
        add(LIBRARY, 1, table.library_points.get(move.fit, 0.0))
    for group in findings:
        points = table.place_points.get(group.key, 0.0)
        add(_PARTS[group.key], group.product_times, group.product_times * points)
    return sorted(costs.values(), key=lambda cost: (-cost.points, cost.part))


def _floor(findings: list[Group], libraries: list[Move], collected: Collected) -> str | None:
    table = collected.tables.knowledge.effort
    present = {group.key for group in findings if group.sure_files}
    present |= {LIBRARY} if any(move.fit == "none" for move in libraries) else set()
    floors = [table.floors[key] for key in present if key in table.floors]
    order = [entry.id for entry in table.classes]
    return max(floors, key=order.index, default=None)


def _parts(names: list[Move], findings: list[Group], collected: Collected) -> Iterator[Part]:
    table = collected.tables.knowledge.effort
    for redesign in table.redesigns.values():
        moves = [
            move
            for move in names
            if move.fit in ("redesign", "none")
            and move.kind in table.kinds
            and table.kinds[move.kind].redesign == redesign.id
        ]
        groups = [group for group in findings if _PARTS[group.key] == redesign.id]
        times = sum(m.use.product_times for m in moves) + sum(g.product_times for g in groups)
        if not times:
            continue
        points = sum(m.use.product_times * table.fit_points[m.fit] for m in moves)
        points += sum(g.product_times * table.place_points.get(g.key, 0.0) for g in groups)
        places = [(f.file, f.line) for group in groups for f in group.places(3)]
        places += [(m.use.file, m.use.line) for m in sorted(moves, key=lambda m: -m.use.times)[:3]]
        yield Part(redesign, times, tuple(places[:5]), points)


def text_of(part: Part, framework: Framework) -> str:
    """What *part* becomes on the other side of *framework*."""
    redesign = part.redesign
    return redesign.to_jax if OTHER[framework] == "jax" else redesign.to_pytorch
