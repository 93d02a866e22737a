"""Kinds of node: machines that a measurement cannot tell apart stand together under one name.

A kind is hardware: processor, usable cores, accelerators, and what the cluster's owner counts there
under names of their own. Python and frameworks are told of it and do not make it: a node whose
interpreter is broken is of the kind that it would be with a whole one. Pure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from advisor.fleet.engine import Node
from advisor.text import inert

_NOISE = re.compile(
    r"\((?:r|tm)\)|\bcpu\b|\bprocessor\b|\b\d+-core\b|@.*$|\bwith radeon.*$", re.IGNORECASE
)
_OWN = ("CPU", "GPU", "memory", "object_store_memory")
_OWN_PREFIXES = ("node:", "accelerator_type:", "TPU-")
_TYPE = "accelerator_type:"
_LONGEST = 60


@dataclass(frozen=True)
class SeenNode:
    """A node and what a look at it gave: ``machine``, ``python``, ``toolchains``; empty: no answer.

    `problem` says why it gave nothing.
    """

    node: Node
    survey: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""

    @property
    def frameworks(self) -> dict[str, str]:
        """Versions of the frameworks that can be measured there, by name."""
        rows = self.survey.get("toolchains") or []
        return {str(t["framework"]): str(t["version"]) for t in rows if not t.get("problem")}


@dataclass(frozen=True)
class NodeKind:
    """One kind of node: a name that tells no host, and its nodes, those with both frameworks first.

    `custom` are the names that the cluster's owner counts on every one of them.
    """

    name: str
    members: Sequence[SeenNode]
    custom: Sequence[str] = ()

    @property
    def machine(self) -> Mapping[str, Any]:
        """The hardware of the first of them."""
        machine: Mapping[str, Any] = self.members[0].survey.get("machine") or {}
        return machine


def kinds_of(nodes: Iterable[SeenNode]) -> list[NodeKind]:
    """The kinds of the *nodes* that answered, in the order of their names."""
    every = list(nodes)
    seen, shared = [node for node in every if node.survey], _shared_names(every)
    groups: dict[tuple[Any, ...], list[SeenNode]] = {}
    for node in seen:
        groups.setdefault(_hardware(node, shared), []).append(node)
    names = _unique([_name(key) for key in groups])
    kinds = [
        NodeKind(name, sorted(members, key=_readiness), key[3])
        for name, (key, members) in zip(names, groups.items(), strict=True)
    ]
    return sorted(kinds, key=lambda kind: kind.name)


def accelerator_names(machine: Mapping[str, Any]) -> list[str]:
    """``4x nvidia-h100`` for each accelerator of a machine as evidence describes it."""
    return [
        f"{a.get('count') or 1}x {a.get('name') or a.get('kind')}"
        for a in machine.get("accelerators") or []
    ]


def _readiness(node: SeenNode) -> tuple[int, str]:
    return -len(node.frameworks), node.node.id


def _shared_names(nodes: Sequence[SeenNode]) -> set[str]:
    """Names of the owner's that more than one node counts; what one alone counts names a host."""
    counted = Counter(name for node in nodes for name in node.node.resources if _is_custom(name))
    return {name for name, count in counted.items() if count > 1}


def _is_custom(name: str) -> bool:
    return name not in _OWN and not name.startswith(_OWN_PREFIXES)


def _hardware(node: SeenNode, shared: set[str]) -> tuple[Any, ...]:
    machine, resources = node.survey.get("machine") or {}, node.node.resources
    accelerators = accelerator_names(machine)
    if not accelerators and resources.get("GPU"):
        types = [n.removeprefix(_TYPE) for n in sorted(resources) if n.startswith(_TYPE)]
        accelerators = [f"{resources['GPU']:g}x {' '.join(types) or 'gpu'}"]
    custom = tuple(sorted(name for name in resources if name in shared))
    return (
        str(machine.get("cpu") or "unknown"),
        machine.get("cores_usable"),
        tuple(accelerators),
        custom,
    )


def _name(hardware: tuple[Any, ...]) -> str:
    cpu, cores, accelerators, custom = hardware
    words = [_NOISE.sub(" ", cpu), f"{cores or 'some'} cores", *accelerators, *custom]
    text = inert(" ".join(words), limit=200).lower()
    return re.sub(r"[^a-z0-9.]+", "-", text).strip("-.")[:_LONGEST].rstrip("-.") or "node"


def _unique(names: Sequence[str]) -> list[str]:
    again: Counter[str] = Counter()
    result = []
    for name in names:
        again[name] += 1
        result.append(name if again[name] == 1 else f"{name}-{again[name]}")
    return result
