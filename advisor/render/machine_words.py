"""A machine in a few words, and what is said of a speed that is known from another machine.

Knows the form in which decisions name a machine. It must not know what follows from its speed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from advisor.decision import Performance, TrustStep
from advisor.ratio import LEVEL
from advisor.render.wording import (
    between,
    called,
    count_of,
    faster_first,
    interval_text,
    listed,
    say,
    speed_phrase,
)


def machine_text(machine: Mapping[str, Any]) -> str:
    """``2 × NVIDIA A100``, ``AMD EPYC 7763, 8 cores``; with what its owners call it."""
    if machine.get("labels"):
        return listed([str(label) for label in machine["labels"]])
    accelerators = [a for a in machine.get("accelerators", ()) if isinstance(a, Mapping)]
    text = listed([_accelerator(a) for a in accelerators]) if accelerators else _processor(machine)
    label = str(machine.get("label") or "")
    return say("machines.labelled", label=label, machine=text) if label else text


def _accelerator(accelerator: Mapping[str, Any]) -> str:
    name, count = str(accelerator.get("name", "")), int(accelerator.get("count", 1))
    return name if count == 1 else say("machines.several", count=count, name=name)


def _processor(machine: Mapping[str, Any]) -> str:
    name, cores = str(machine.get("cpu") or ""), machine.get("cores")
    if not name or name == "unknown":
        return say("machines.unknown")
    return say("machines.of", name=name, cores=count_of(cores, "core")) if cores else name


def decided_elsewhere(speed: Performance) -> TrustStep | None:
    """The step of another machine that decides, where none of this one does."""
    steps = (s for s in speed.trust if s.step in ("library", "published"))
    return next((s for s in steps if s.state == "decides"), None)


def elsewhere_text(known: TrustStep) -> str:
    """A speed that was measured on another machine, or published, as a reason."""
    ratio, ci = known.ratio or 1.0, known.ci or [1.0, 1.0]
    if known.step == "library":
        machine = machine_text(known.machine)
        where = say("machines.where.library", machine=machine, date=known.measured_on)
        if known.spread is not None:
            spread = math.exp(known.spread)
            where = say("machines.where.spread", where=where, n=known.machines, spread=spread)
    else:
        where = say("machines.where.published", machines=known.machine.get("labels", []))
    values = {"names": known.names, "where": where, "factor": known.factor or 1.0}
    if not called(ci):
        return say("machines.where.open", speed=between(ci), **values)
    interval = interval_text(faster_first(ratio, ci), LEVEL)
    return say("machines.where.reason", speed=speed_phrase(ratio), interval=interval, **values)
