"""What an engine of a cluster can do, and what it says of a job: the seam between Ray and the rest.

Knows nodes, jobs and events. It must not know Ray, which one module implements this with, nor what
is measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


class ClusterGoneError(Exception):
    """The cluster itself does not answer any more: nothing further can be started or heard."""


@dataclass(frozen=True)
class Node:
    """One node: its id in the cluster, what the engine counts there, and its host's name.

    `resources` are amounts by name (``CPU``, ``GPU``, ``accelerator_type:...``, own names).
    """

    id: str
    resources: Mapping[str, float] = field(default_factory=dict)
    alive: bool = True
    host: str = ""


@dataclass(frozen=True)
class Job:
    """What a node runs: the exported file, or another program beside it, with files and options.

    Args:
        options: Arguments; ``{place}`` in one stands for the directory that the files lie in.
        files: Names and contents, written beside the exported file.
        program: Python source that is run instead of the exported file, which is its first
            argument then.
        whole: Whether the node is reserved whole.
        packages: Lines of a requirements file that the engine installs for this job alone.
    """

    options: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    program: str | None = None
    whole: bool = True
    packages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Began:
    """The job runs on its node."""


@dataclass(frozen=True)
class Said:
    """A sign of life; `text` is the last line of the job's talk, empty where it said nothing."""

    text: str = ""


@dataclass(frozen=True)
class Ended:
    """The job's process ended: its exit status, its stdout, the end of its stderr."""

    code: int
    output: bytes = b""
    talk: str = ""


@dataclass(frozen=True)
class Lost:
    """Nothing more comes of the job, and why: an id of `fleet.state` and what the engine said."""

    why: str
    detail: str = ""


Event = Began | Said | Ended | Lost
Handle = Any
"""What the engine knows a started job by."""


class Engine(Protocol):
    """A cluster that runs jobs on the nodes that are named, and never waits for one.

    Every method may raise `ClusterGoneError`.
    """

    def nodes(self) -> Sequence[Node]:
        """All nodes that the cluster ever had, those that died as not alive."""
        ...

    def start(self, node: Node, job: Job) -> Handle:
        """Ask for *job* on *node*; it begins when the node is free."""
        ...

    def events(self, handle: Handle) -> Sequence[Event]:
        """What came since the last call, in order."""
        ...

    def stop(self, handle: Handle) -> None:
        """End the job with all its processes, begun or not."""
        ...
