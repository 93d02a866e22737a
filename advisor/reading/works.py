"""Which measured models may speak about speed, and what each of them says.

Unlike the comparisons of workloads, one that is not settled counts too: with its interval. Knows
the evidence; it must not know tasks, answers or how far a model carries over.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from advisor.evidence import Evidence, Work
from advisor.ratio import LEVEL, Ratio, t_quantile
from advisor.reading.machines import kind_of, kinds_of

MODULE = "module:"
"""What stands before the name of a team's own module."""
PREFIX = "model:"
"""What stands before a family in the id of its probes."""


@dataclass(frozen=True, kw_only=True)
class MeasuredWork:
    """What one model says: how many times as fast JAX is as PyTorch, both in their best modes.

    Attributes:
        source: Position of its evidence among those given.
        kinds: What the device is, in words of ``hardware.train``; empty where nothing tells.
        speedup: JAX as against PyTorch, by launches.
        work: The element of the evidence.
        kind: The kind of machine that it was measured on.
        machine: Which machine of the kind, as far as evidence tells them apart.
    """

    source: int
    kinds: tuple[str, ...]
    speedup: Ratio
    work: Work = field(compare=False)
    kind: str = field(default="", compare=False)
    machine: str = field(default="", compare=False)

    @property
    def own(self) -> bool:
        """Whether it is the team's own module."""
        return self.work.model.startswith(MODULE)

    @property
    def settled(self) -> bool:
        """Whether it was called, or leaves no doubt which is faster."""
        low, high = self.speedup.interval()
        return self.work.called or not low < 1 < high

    @property
    def order(self) -> tuple[str, str, str, int, int]:
        """Where it stands among others."""
        work = self.work
        return work.model, work.name, work.device, work.cores or 0, self.source


@dataclass(frozen=True)
class UnusedWork:
    """A model whose measurement says nothing about speed, and why: an id and values."""

    model: str
    name: str
    reason: str
    source: int
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class WorkReadings:
    """Everything that the evidence says about whole models, before any task is known."""

    works: tuple[MeasuredWork, ...] = ()
    unused: tuple[UnusedWork, ...] = ()


def read_works(evidence: Sequence[Evidence]) -> WorkReadings:
    """What *evidence* says about models, in the order of models, names and files."""
    works: list[MeasuredWork] = []
    unused: list[UnusedWork] = []
    for source, document in enumerate(evidence):
        for work in document.works:
            reason = _refused(document, work)
            speedup = None if reason else _speedup(work)
            if speedup is None:
                because = work.reason.text or work.reason.id if work.reason else ""
                values = {"because": because} if because else {}
                unused.append(
                    UnusedWork(work.model, work.name, reason or "no-ratio", source, values)
                )
                continue
            works.append(
                MeasuredWork(
                    source=source,
                    kinds=kinds_of(document, work.device),
                    speedup=speedup,
                    work=work,
                    kind=kind_of(document).name,
                    machine=document.machine.label or "",
                )
            )
    return WorkReadings(
        tuple(sorted(works, key=lambda w: w.order)),
        tuple(sorted(unused, key=lambda u: (u.model, u.name, u.source))),
    )


def _refused(document: Evidence, work: Work) -> str:
    """Why nothing of *work* counts, whatever its ratio says; empty where it counts."""
    if document.settings != "matched":
        return "default-settings"
    if document.selftest is not None and document.selftest.status == "failed":
        return "selftest-failed"
    return "no-prediction" if work.verdict == "invalid" else ""


def _speedup(work: Work) -> Ratio | None:
    """JAX as against PyTorch; as wide as the ways to write the model that may be meant.

    How a team writes its model is not known: where the faster one is a rewrite it may be either
    way, or one between them. And the side behind may catch up in a way that was not tried.
    """
    ratio = work.ratio
    if ratio is None:
        return None
    if work.usual is not None:
        ends = [*ratio.log_interval(), math.log(work.usual.time_ratio)]
        ratio = _spanning((max(ends) + min(ends)) / 2, (max(ends) - min(ends)) / 2)
    if work.untried is not None:
        ahead = work.untried.b_gained if ratio.value > 1 else work.untried.a_gained
        low, high = ratio.log_interval()
        ratio = _spanning(ratio.log, (high - low) / 2 + math.log(ahead))
    return ratio.turned


def _spanning(log: float, half: float) -> Ratio:
    """The ratio whose interval reaches *half* to both sides of *log*."""
    return Ratio(log, half / t_quantile(0.5 + LEVEL / 2, math.inf))


def distance(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """How far two sizes of a family are apart: 0 where what both name is equal.

    Numbers count by the logarithm of their ratio, words and lists of another length as a factor
    of e each.
    """
    total = 0.0
    for key in one.keys() & other.keys():
        total += _apart(one[key], other[key])
    return total


def _apart(a: Any, b: Any) -> float:
    if a == b:
        return 0.0
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return max((_apart(x, y) for x, y in zip(a, b, strict=True)), default=0.0)
    numbers = [x for x in (a, b) if isinstance(x, (int, float)) and not isinstance(x, bool)]
    if len(numbers) == 2 and min(numbers) > 0:
        return abs(math.log(a / b))
    return 1.0
