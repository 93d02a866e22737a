"""The words of measuring as plain values: what is to be measured, and what one launch gave.

Standard library only; everything here can cross to a bare node as JSON.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from advisor.devices import is_cpu
from advisor.evidence import Block, EntryStatus, Reason
from advisor.measure.models import AskedModel
from advisor.pair import FRAMEWORKS
from advisor.workers.replies import Hello

Role = Literal["", "parity", "choice", "estimate"]
Pair = tuple[str, str]
"""The labels of two modes that are compared."""


@dataclass(frozen=True)
class ToolchainSpec:
    """One interpreter with one framework, and the name its modes carry.

    `suffix` is empty for the first toolchain of a framework and ``@VERSION`` for further ones,
    so that ``pytorch.eager@2.14.1`` can stand beside ``pytorch.eager``.
    """

    key: str
    framework: str
    interpreter: str
    version: str | None = None
    suffix: str = ""
    index: int = 0


@dataclass(frozen=True)
class Mode:
    """One way to run an item: a mode of a toolchain, of a model in one of its variants.

    `tag` tells further variants of a mode apart.
    """

    name: str
    toolchain: ToolchainSpec
    few_samples: bool = False
    variant: str | None = None
    tag: str = ""

    @property
    def label(self) -> str:
        """What entries and comparisons call it."""
        return f"{self.name}{self.tag}{self.toolchain.suffix}"


MODULE = "module:"
"""What stands before the name of a user's module in the id of its workload."""


@dataclass(frozen=True)
class WorkItem:
    """One workload at one size: what is built and timed in a launch.

    A `one_off` item is about what happens once per launch (imports, first calls, memory,
    counters): its few blocks are shown and never compared.

    Of a model that is `asked` for, `role` says what this item is for: ``parity`` and ``choice``
    have one launch, and ``estimate`` comes of the choice. Only what is `observed` shows what it
    computed; `parity_from` names the item whose observations certify this one. `offered` are the
    frameworks that have a version of it: of others nothing is missed.
    """

    workload: str
    title: str
    size_name: str
    size: Mapping[str, Any]
    modes: tuple[Mode, ...]
    flops: float | None = None
    bytes_moved: float | None = None
    samples_per_step: float = 1.0
    tolerance: Mapping[str, float] = field(default_factory=dict)
    precision: str = "float32"
    source: str | None = None
    one_off: bool = False
    variant_of: str | None = None
    latency: bool = False
    own_process: bool = False
    weighs: bool = True
    stream_calls: int | None = None
    asked: AskedModel | None = None
    role: Role = ""
    observed: bool = True
    parity_from: str | None = None
    min_samples: int | None = None
    offered: frozenset[str] = frozenset(FRAMEWORKS)

    @property
    def key(self) -> str:
        """Unique within a series."""
        return f"{self.workload}/{self.size_name}"

    @property
    def translated(self) -> bool:
        """Whether its JAX side is a translation of the PyTorch side."""
        return self.workload.startswith(MODULE)


@dataclass(frozen=True)
class Series:
    """Launches on one device and one set of CPUs; the unit that is replicated.

    `setup_cpus` holds one CPU set per worker, of the same size as `cpus`: imports and compilers
    run there side by side, before all workers move to `cpus` to be measured. On an `exclusive`
    device one process at a time can work (a TPU's chips belong to the process that opened them),
    so that the toolchains' workers follow each other instead of taking turns in blocks.
    """

    device: str
    cpus: tuple[int, ...]
    items: tuple[WorkItem, ...]
    precision: str = "float32"
    setup_cpus: tuple[tuple[int, ...], ...] = ()
    exclusive: bool = False

    @property
    def on_cpu(self) -> bool:
        """Whether the CPU itself is measured, and not an accelerator that it feeds."""
        return is_cpu(self.device)

    @property
    def cores(self) -> int:
        """How many CPU cores a worker may use."""
        return len(self.cpus)

    @property
    def key(self) -> str:
        """Unique within a plan."""
        return f"{self.device}/{self.cores}/{self.precision}"


@dataclass(frozen=True)
class Protocol:
    """The numbers of one profile: how long and how often."""

    rounds: int
    block_s: float
    warm_min_s: float
    warm_max_s: float
    min_samples: int = 3
    gap_s: float = 0.005
    hello_timeout_s: float = 120.0
    facts_timeout_s: float = 60.0
    build_timeout_s: float = 300.0
    block_timeout_s: float = 120.0
    latency_s: float = 0.15
    few_blocks: int = 2
    concurrent_setup: bool = True
    compile_alone: bool = True


@dataclass
class ModeRun:
    """What one mode did in one launch."""

    blocks: list[Block] = field(default_factory=list)
    import_s: float | None = None
    first_calls_s: list[float] = field(default_factory=list)
    build_s: float | None = None
    variant: str = ""
    counters: dict[str, Any] = field(default_factory=dict)
    peak_memory_bytes: int | None = None
    steady: bool = True
    calls: int = 1
    warm_call_s: float = 0.0
    waited_s: list[float] = field(default_factory=list)


@dataclass
class Failure:
    """Why one mode gave nothing."""

    status: EntryStatus
    reason: Reason


@dataclass
class LaunchResult:
    """One launch of one series: what each mode of each item did, and how quiet it was."""

    index: int
    runs: dict[tuple[str, str], ModeRun] = field(default_factory=dict)
    failures: dict[tuple[str, str], Failure] = field(default_factory=dict)
    hellos: dict[str, Hello] = field(default_factory=dict)
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    foreign_share: dict[str, float | None] = field(default_factory=dict)
    spent_s: dict[str, float] = field(default_factory=dict)
    interrupted: bool = False

    @contextlib.contextmanager
    def spending(self, on: str) -> Iterator[None]:
        """Add the wall time of the body to what was spent *on* something."""
        start = time.monotonic()
        try:
            yield
        finally:
            self.spent_s[on] = self.spent_s.get(on, 0.0) + time.monotonic() - start


@dataclass(frozen=True)
class WorkRuns:
    """One item of a series and all its launches so far."""

    item: WorkItem
    series: Series
    launches: Sequence[LaunchResult]

    def good(self, label: str) -> list[ModeRun]:
        """What *label* did in the launches in which it gave blocks."""
        runs = (launch.runs.get((self.item.key, label)) for launch in self.launches)
        return [run for run in runs if run is not None and run.blocks]

    def toolchain_of(self, label: str) -> str:
        """The key of the toolchain that runs *label*."""
        return next(m.toolchain.key for m in self.item.modes if m.label == label)

    def paired(self, a: str, b: str) -> bool:
        """Whether blocks of *a* and *b* took turns; on an exclusive device launches did."""
        return not self.series.exclusive or self.toolchain_of(a) == self.toolchain_of(b)
