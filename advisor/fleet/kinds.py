"""Nodes that are alike: which kinds of machine a cluster has.

Two nodes are of one kind where processor, cores, accelerators, Python and what their owner wrote on
them agree. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from advisor.fleet.engine import Node

# What every node of Ray has, or what names one node alone.
_EVERY_NODE = re.compile(r"CPU|GPU|TPU|memory|object_store_memory|node:.*|accelerator_type:.*")
_LONGEST = 60


@dataclass(frozen=True)
class SeenNode:
    """A node and what a look at it gave: ``cpu``, ``cores``, ``accelerators``, ``pythons``."""

    node: Node
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def answered(self) -> bool:
        """Whether the look came back."""
        return bool(self.facts)

    @property
    def frameworks(self) -> dict[str, str]:
        """Versions by framework, of the first interpreter that has one."""
        versions: dict[str, str] = {}
        for python in self.facts.get("pythons") or ():
            for name, version in (python.get("frameworks") or {}).items():
                versions.setdefault(str(name), str(version))
        return versions


@dataclass(frozen=True)
class NodeKind:
    """A kind of node: its name, what it is made of, and its members."""

    name: str
    facts: Mapping[str, Any]
    members: tuple[SeenNode, ...]


def kinds_among(nodes: Iterable[SeenNode]) -> list[NodeKind]:
    """The kinds among *nodes*, in the order in which they are met; names are unique."""
    groups: dict[str, list[SeenNode]] = {}
    for seen in nodes:
        groups.setdefault(repr(_alike(seen)), []).append(seen)
    kinds: list[NodeKind] = []
    for members in groups.values():
        taken = {kind.name for kind in kinds}
        base = _name_of(members[0])
        name = next(n for n in _numbered(base) if n not in taken)
        kinds.append(NodeKind(name, members[0].facts, tuple(members)))
    return kinds


def _alike(seen: SeenNode) -> tuple[Any, ...]:
    facts = seen.facts
    versions = tuple(sorted(seen.frameworks.items()))
    return (
        *(repr(facts.get(key)) for key in ("cpu", "cores", "accelerators", "system")),
        versions,
        own_words(seen.node),
    )


def own_words(node: Node) -> tuple[str, ...]:
    """What its owner wrote on a node: names of resources and labels that are not every node's."""
    resources = [name for name in node.resources if not _EVERY_NODE.fullmatch(name)]
    labels = [f"{k}-{v}" for k, v in node.labels.items() if not k.startswith("ray.io/")]
    return tuple(sorted([*resources, *labels]))


def _name_of(seen: SeenNode) -> str:
    """A slug: the owner's words, else the accelerators, else the processor and its cores."""
    facts = seen.facts
    accelerators = facts.get("accelerators") or ()
    names = dict.fromkeys(str(name) for name in accelerators)
    parts = [f"{accelerators.count(n)}x{n}" if accelerators.count(n) > 1 else n for n in names]
    if not parts:
        parts = [str(facts.get("cpu") or "unknown"), str(facts.get("cores") or "")]
    words = own_words(seen.node)
    return slug(" ".join([*words, *([] if words and not accelerators else parts)]))


def slug(text: str) -> str:
    """*text* as a name that a file may have."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:_LONGEST].strip("-") or "unknown"


def _numbered(base: str) -> Iterable[str]:
    yield base
    number = 2
    while True:
        yield f"{base}-{number}"
        number += 1
