"""What a cluster can do for us, and what it says happened: the seam between fleet and Ray.

Plain values only. It must not know Ray, files or words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Node:
    """One node of a cluster.

    Attributes:
        id: What the cluster calls it.
        alive: Whether the cluster believes that it is there.
        resources: What it offers in all: ``CPU``, ``GPU`` and names that its owner chose.
        labels: What its owner wrote on it.
    """

    id: str
    alive: bool = True
    resources: Mapping[str, float] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """What runs on a node.

    Attributes:
        archive: The exported worker, its bytes.
        files: Further files beside it, by name.
        arguments: Of the exported worker.
        python: The node's interpreter that runs it; empty for the one that Ray runs under.
    """

    archive: bytes
    files: Mapping[str, bytes] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    python: str = ""


@dataclass(frozen=True)
class Began:
    """The job runs."""


@dataclass(frozen=True)
class Line:
    """The job said something, or only lives on (an empty text)."""

    text: str = ""


@dataclass(frozen=True)
class Ended:
    """The job came to its end by itself."""

    code: int
    output: bytes = b""
    last_words: str = ""


@dataclass(frozen=True)
class Lost:
    """The job will not come to its end: ``died``, ``node-died``, ``refused``."""

    why: str
    detail: str = ""


@dataclass(frozen=True)
class Seen:
    """What a look at the node gave."""

    facts: Mapping[str, Any]


Event = Began | Line | Ended | Lost | Seen
Handle = Any
"""Whatever an engine needs to find its work again."""


class Engine(Protocol):
    """A cluster. Nothing here waits longer than an instant but `close`."""

    def nodes(self) -> Sequence[Node]:
        """Every node, the dead ones too."""

    def look(self, node: Node, job: Job) -> Handle:
        """Look at a node, reserving nothing."""

    def start(self, node: Node, job: Job) -> Handle:
        """Run *job* on *node* with all that it offers reserved."""

    def events(self, handle: Handle) -> Sequence[Event]:
        """What happened since the last call."""

    def stop(self, handle: Handle) -> None:
        """End it at once, with everything that it started."""

    def close(self) -> None:
        """Leave the cluster."""
