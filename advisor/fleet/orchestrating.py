"""Measure nodes of a cluster, each whole and once: what is lost is tried once elsewhere.

The engine says what happened; what it does not say (a node that stopped answering, a task that
waits for a node that is gone) is noticed here, by the list of nodes and by signs of life that stay
out. Knows the time by a clock that is given. It must not know Ray, files or words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from advisor.fleet.engine import (
    Began,
    ClusterGoneError,
    Ended,
    Engine,
    Event,
    Handle,
    Job,
    Lost,
    Node,
    Said,
)
from advisor.fleet.kinds import NodeKind, SeenNode

MOST_ATTEMPTS = 2


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to wait, in seconds: for a look, for a sign of life, for a node that others hold.

    `limit_s` is for the whole measurement of one node; `begin_s` None waits without end.
    `prepare_s` is added to it where packages are installed first.
    """

    look_s: float = 60.0
    silence_s: float = 60.0
    begin_s: float | None = 120.0
    prepare_s: float = 1800.0
    limit_s: float = 2 * 3600.0
    tick_s: float = 0.5


@dataclass
class Attempt:
    """One try on one node: `state` is ``waiting``, ``running`` or how it ended.

    Ways to end: ``ended``, or why it was lost: ``died``, ``node-died``, ``silent``, ``too-long``,
    ``busy``, ``refused`` and what else the engine names; ``worthless`` where it ended with nothing
    that is worth keeping; ``stopped`` where the user did; ``cluster-gone``. `said` is its last
    sign of life in words, `detail` the end of what it or the engine said; `prepared` where
    packages are installed for it. Times are the clock's,
    in seconds.
    """

    node: Node
    began_s: float
    state: str = "waiting"
    heard_s: float = 0.0
    running_s: float | None = None
    ended_s: float | None = None
    said: str = ""
    detail: str = ""
    code: int | None = None
    output: bytes = b""
    prepared: bool = False

    @property
    def over(self) -> bool:
        """Whether nothing more comes of it."""
        return self.ended_s is not None


@dataclass
class Slot:
    """One machine that is wanted of a kind: its number, and the attempts so far.

    `over` where nothing more is tried, `kept` where the last attempt gave what is worth keeping.
    """

    kind: str
    number: int
    attempts: list[Attempt] = field(default_factory=list)
    over: bool = False
    kept: bool = False

    @property
    def label(self) -> str:
        """What the report calls the machine: its kind and number, no host's name."""
        return f"{self.kind} {self.number}"

    @property
    def last(self) -> Attempt | None:
        """The attempt that counts."""
        return self.attempts[-1] if self.attempts else None


Make = Callable[[Slot, Node], Job]
Keep = Callable[[Slot, Attempt], bool]
"""Keeps what an attempt gave; whether it was worth it. Otherwise it is tried once elsewhere."""
Read = Callable[[Node, Ended], SeenNode]


def look_at(
    engine: Engine,
    job: Job,
    read: Read,
    *,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    patience: Patience,
) -> list[SeenNode]:
    """Every node that lives and has CPUs to give, with what *read* makes of *job*'s end there.

    One that gave no answer in time is there without a survey, its problem an id.
    """
    asked = [node for node in engine.nodes() if node.alive and node.resources.get("CPU", 0) > 0]
    waiting = {node.id: (node, engine.start(node, job)) for node in asked}
    seen = {node.id: SeenNode(node, problem="silent") for node in asked}
    until = clock() + patience.look_s
    try:
        while waiting and clock() < until:
            for name, (node, handle) in list(waiting.items()):
                for event in engine.events(handle):
                    if isinstance(event, Ended):
                        seen[name] = read(node, event)
                    elif isinstance(event, Lost):
                        seen[name] = SeenNode(node, problem=event.why)
                    if isinstance(event, (Ended, Lost)):
                        waiting.pop(name, None)
            if waiting:
                sleep(patience.tick_s)
    finally:
        for _, handle in waiting.values():
            engine.stop(handle)
    return list(seen.values())


def picked(kinds: Iterable[NodeKind], per_kind: int) -> list[Slot]:
    """The machines that are wanted: at most *per_kind* of each kind."""
    return [
        Slot(kind.name, number)
        for kind in kinds
        for number in range(1, min(per_kind, len(kind.members)) + 1)
    ]


class Fleet:
    """One run over the nodes of a cluster.

    Args:
        engine: The cluster.
        kinds: Its kinds of node.
        make: The job of a slot on a node.
        keep: Keeps what an attempt gave; whether it was worth it.
        clock, sleep: The time, seconds.
        patience: How long to wait for what.
        show: Told after every look at everything.
    """

    def __init__(
        self,
        engine: Engine,
        kinds: Sequence[NodeKind],
        *,
        make: Make,
        keep: Keep,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        patience: Patience,
        show: Callable[[Sequence[Slot]], None] = lambda _: None,
    ) -> None:
        self._engine = engine
        self._members = {kind.name: [m.node for m in kind.members] for kind in kinds}
        self._make = make
        self._keep = keep
        self._clock = clock
        self._sleep = sleep
        self._patience = patience
        self._show = show
        self._handles: dict[int, Handle] = {}
        self._taken: set[str] = set()

    def run(self, slots: Sequence[Slot]) -> str:
        """Measure *slots*; what cut it short: ``interrupted``, ``cluster-gone`` or nothing.

        However it ends, no job of it runs on.
        """
        cut = ""
        try:
            for slot in slots:
                self._begin(slot)
            while not all(slot.over for slot in slots):
                self._advance(slots)
                self._show(slots)
                if not all(slot.over for slot in slots):
                    self._sleep(self._patience.tick_s)
        except KeyboardInterrupt:
            cut = "interrupted"
        except ClusterGoneError:
            cut = "cluster-gone"
        finally:
            self._stop_all(slots, "stopped" if cut == "interrupted" else "cluster-gone")
        self._show(slots)
        return cut

    def _begin(self, slot: Slot) -> None:
        """Try *slot* on a node of its kind that was not tried; give up where there is none."""
        free = [n for n in self._members[slot.kind] if n.id not in self._taken]
        living = {n.id for n in self._engine.nodes() if n.alive}
        node = next((n for n in free if n.id in living), None)
        if node is None or len(slot.attempts) >= MOST_ATTEMPTS:
            slot.over = True
            return
        self._taken.add(node.id)
        now = self._clock()
        job = self._make(slot, node)
        prepared = bool(job.packages)
        slot.attempts.append(Attempt(node, began_s=now, heard_s=now, prepared=prepared))
        self._handles[id(slot.attempts[-1])] = self._engine.start(node, job)

    def _advance(self, slots: Sequence[Slot]) -> None:
        living = {n.id for n in self._engine.nodes() if n.alive}
        for slot in slots:
            attempt = slot.last
            if slot.over or attempt is None:
                continue
            handle = self._handles[id(attempt)]
            for event in self._engine.events(handle):
                self._take(attempt, event)
            why = "" if attempt.over else self._overdue(attempt, living)
            if why:
                self._engine.stop(handle)
                self._end(attempt, why)
            if attempt.over:
                self._settle(slot, attempt)

    def _take(self, attempt: Attempt, event: Event) -> None:
        now = self._clock()
        attempt.heard_s = now
        if isinstance(event, Began):
            attempt.state, attempt.running_s = "running", now
        elif isinstance(event, Said):
            attempt.said = event.text or attempt.said
        elif isinstance(event, Ended):
            attempt.code, attempt.output, attempt.detail = event.code, event.output, event.talk
            self._end(attempt, "ended")
        elif isinstance(event, Lost):
            attempt.detail = event.detail
            self._end(attempt, event.why)

    def _end(self, attempt: Attempt, state: str) -> None:
        attempt.state, attempt.ended_s = state, self._clock()

    def _overdue(self, attempt: Attempt, living: set[str]) -> str:
        """Why nothing more can be expected of *attempt*; empty where something can."""
        now, patience = self._clock(), self._patience
        if attempt.node.id not in living:
            return "node-died"
        if attempt.running_s is None:
            if patience.begin_s is None:
                return ""
            limit_s = patience.begin_s + (patience.prepare_s if attempt.prepared else 0.0)
            return "busy" if now - attempt.began_s > limit_s else ""
        if now - attempt.heard_s > patience.silence_s:
            return "silent"
        return "too-long" if now - attempt.running_s > patience.limit_s else ""

    def _settle(self, slot: Slot, attempt: Attempt) -> None:
        """Keep what came of it, or try once elsewhere."""
        if attempt.state == "ended":
            slot.kept = self._keep(slot, attempt)
            if slot.kept:
                slot.over = True
                return
            attempt.state = "worthless"
        self._begin(slot)

    def _stop_all(self, slots: Sequence[Slot], state: str) -> None:
        for slot in slots:
            attempt = slot.last
            if attempt is not None and not attempt.over:
                self._engine.stop(self._handles[id(attempt)])
                self._end(attempt, state)
            slot.over = True
