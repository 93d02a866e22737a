"""The census and the parity of a user's module, without its times: what a busy machine can say.

One launch of the real apparatus with the fewest blocks; nothing that it times is used. Knows the
run and its evidence, never a module.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from advisor.evidence import Probe, Reason
from advisor.measure.catalogue import OfferedWorkload, read_catalogue
from advisor.measure.census import nearest, take_census
from advisor.measure.cpus import usable_cpus
from advisor.measure.plan import PROTOCOLS, Plan
from advisor.measure.quiet import Usage
from advisor.measure.run import Run
from advisor.measure.verdicts import Looks
from advisor.measure.work import MODULE, Mode, Protocol, Series, ToolchainSpec, WorkItem
from advisor.render.wording import say
from advisor.workers.workspace import workspace
from tests.benchmarks.harness import PASSED, WORKER

_MODES = {"pytorch": "pytorch.eager", "jax": "jax.jit"}


@dataclass(frozen=True)
class Certificate:
    """What was said of a module: the family, and whether both sides compute the same.

    Attributes:
        family: The nearest family, or None.
        unlike: What the module has and the family does not.
        agrees: Whether the translation was certified.
        why: What was said where it was not.
        worst: The largest difference, in tolerances; None where nothing was compared.
    """

    family: str | None
    unlike: tuple[str, ...] = ()
    agrees: bool = False
    why: str = ""
    worst: float | None = None


class Unwatched:
    """A meter that sees nobody else: no time is used, so nobody has to be waited for."""

    def __init__(self, cpus: Sequence[int], pids: Callable[[], Iterable[int]]) -> None:
        del cpus, pids

    def read(self) -> Usage | None:
        """No counters."""
        return None

    def foreign_share(self, before: Usage | None, after: Usage | None) -> float | None:
        """Nobody else."""
        del before, after
        return None


def certificate_of(source: str, python: str, *, limit_s: float) -> Certificate:
    """What the interpreter *python* says of the module *source* (``FILE.py:NAME``).

    Raises:
        UserError: something in the file is wrong.
    """
    with workspace() as place:
        near = nearest(take_census(WORKER, python, place, source))
        [offered] = read_catalogue(WORKER, place, [source])
        probe = _one_launch(offered, python, place, limit_s)
    parity = probe.parity
    compared = (parity.compared if parity else None) or {}
    agrees = parity is not None and parity.status == "ok"
    return Certificate(
        family=near.family,
        unlike=near.unlike,
        agrees=agrees,
        why="" if agrees else _why(probe),
        worst=compared.get("worst"),
    )


def _one_launch(offered: OfferedWorkload, python: str, place: Path, limit_s: float) -> Probe:
    toolchains = [
        ToolchainSpec(f"{name}-{n}", name, python, index=n) for n, name in enumerate(_MODES)
    ]
    [(size_name, described)] = offered.sizes.items()
    item = WorkItem(
        workload=offered.id,
        title=offered.title,
        size_name=size_name,
        size=described.size,
        modes=tuple(Mode(_MODES[t.framework], t) for t in toolchains),
        tolerance=described.tolerance,
        source=offered.source,
    )
    assert item.workload.startswith(MODULE), "only modules are translated"
    cpus = usable_cpus()
    plan = Plan(
        profile="quick",
        settings="matched",
        seed=0,
        series=(Series("cpu", cpus, (item,), setup_cpus=(tuple(cpus),)),),
        looks=Looks((1,), 0.05),
        protocol=_shortest(limit_s),
        toolchains=tuple(toolchains),
    )
    run = Run(plan, worker=WORKER, workspace=place, selftest=PASSED, meter=Unwatched)
    return run.measure().probes[0]


def _shortest(limit_s: float) -> Protocol:
    return replace(
        PROTOCOLS["quick"],
        rounds=1,
        block_s=0.001,
        warm_min_s=0.0,
        warm_max_s=0.01,
        min_samples=1,
        build_timeout_s=limit_s,
        block_timeout_s=limit_s,
    )


def _why(probe: Probe) -> str:
    """The first thing that was said against it, in words."""
    reasons = [e.reason for e in probe.entries if e.status != "ok" and e.reason is not None]
    if reasons:
        return _worded(reasons[0])
    problems = dict(probe.parity.problems) if probe.parity else {}
    said = [f"{label}: {_worded(reason)}" for label, reason in problems.items()]
    reason = probe.parity.reason if probe.parity else None
    return "; ".join(said) or (_worded(reason) if reason else "not compared")


def _worded(reason: Reason) -> str:
    values: Mapping[str, Any] = reason.values
    listed = values.get("differences")
    if listed:
        return "; ".join(json.dumps(one, default=str) for one in listed)
    key = ".".join(part for part in ("reason", reason.id, reason.case) if part)
    try:
        return " ".join(say(key, **values).split())
    except (KeyError, ValueError):
        return f"{reason.id} {reason.case or ''} {json.dumps(values, default=str)}"
