"""A cluster of the imagination: what each node does is written down, and time is a number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from advisor.fleet.engine import Began, ClusterGoneError, Ended, Event, Job, Lost, Node, Said


@dataclass
class FakeClock:
    """Seconds that pass only in `sleep`."""

    now_s: float = 0.0
    at: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        due, self.at = (
            [x for x in self.at if x[0] <= self.now_s],
            [x for x in self.at if x[0] > self.now_s],
        )
        for _, happen in due:
            happen()


Behaviour = Callable[[float], Sequence[Event]]
"""Events from seconds since the start: all that were up to then."""


def ends(after_s: float, code: int = 0, output: bytes = b"{}") -> Behaviour:
    """Begins at once, gives a sign of life every second, ends."""

    def events(since_s: float) -> list[Event]:
        signs: list[Event] = [Said(f"at {n} s") for n in range(int(min(since_s, after_s)))]
        end: list[Event] = [Ended(code, output, "last words")] if since_s >= after_s else []
        return [Began(), *signs, *end]

    return events


def falls_silent(after_s: float) -> Behaviour:
    """Like one that ends, but nothing comes any more."""
    return lambda since_s: ends(1e9)(min(since_s, after_s))


def is_lost(after_s: float, why: str) -> Behaviour:
    """Begins, and the engine says that it is lost."""
    return lambda s: [Began(), *([Lost(why, "as it says")] if s >= after_s else [])]


def never_begins(_: float) -> list[Event]:
    """Pending for ever, as tasks of nodes are that others hold or that are gone."""
    return []


@dataclass
class FakeEngine:
    """Nodes by id, and what each does with a job."""

    clock: FakeClock
    behaviours: dict[str, Behaviour]
    dead: set[str] = field(default_factory=set)
    gone: bool = False
    started: list[tuple[str, Job]] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)

    def nodes(self) -> list[Node]:
        if self.gone:
            raise ClusterGoneError("gone")
        return [replace(n, alive=n.id not in self.dead) for n in nodes(self.behaviours)]

    def start(self, node: Node, job: Job) -> list[float | str]:
        self.started.append((node.id, job))
        return [node.id, self.clock(), 0]

    def events(self, handle: list) -> Sequence[Event]:
        name, began_s, heard = handle[:3]
        every = self.behaviours[name](self.clock() - began_s)
        handle[2] = len(every)
        return every[heard:]

    def stop(self, handle: list) -> None:
        self.stopped.append(handle[0])

    def running(self) -> set[str]:
        """Nodes with a job that nobody stopped and that did not end."""
        return {name for name, _ in self.started} - set(self.stopped)


def nodes(ids: Iterable[str], **more: object) -> list[Node]:
    return [Node(name, {"CPU": 2.0}, host=f"host-of-{name}", **more) for name in ids]
