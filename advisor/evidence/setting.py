"""What stands around the numbers: machine, toolchains, gates that had to hold, notices."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from advisor.bounds import Bytes, Id, ShortText
from advisor.pair import Framework
from advisor.reason import Reason

Severity = Literal["info", "warning", "problem"]
GateStatus = Literal["passed", "failed", "not_applicable", "unknown"]


@dataclass(frozen=True)
class Notice:
    """Something that a reader of the evidence should know."""

    id: Id
    severity: Severity = "info"
    case: Id = ""
    values: dict[str, Any] = field(default_factory=dict)
    text: ShortText = ""
    hint: ShortText = ""


@dataclass(frozen=True)
class Gate:
    """One condition that had to hold, and whether it did.

    `case` names which of the gate's sentences holds (its id and status alone where it is empty);
    `values` are what that sentence is about. `value` and `limit` are the number and its bound.
    """

    id: Id
    status: GateStatus
    case: Id = ""
    values: dict[str, Any] = field(default_factory=dict)
    text: ShortText = ""
    value: Any = None
    limit: Any = None
    modes: list[Id] = field(default_factory=list)


@dataclass(frozen=True)
class Accelerator:
    """One accelerator that the driver or a framework reports.

    With `mig` a process sees one part of it, and name and memory are those of the whole.
    """

    kind: Id
    name: ShortText = ""
    count: int = 1
    memory_bytes: Bytes | None = None
    driver: ShortText | None = None
    compute_capability: Id | None = None
    mig: bool | None = None
    mig_devices: int | None = None
    mig_profiles: list[Id] = field(default_factory=list)


@dataclass(frozen=True)
class Machine:
    """The machine without its name or its user.

    `label` is what people call it, `kind` what a fleet calls all machines that are like it.
    """

    os: ShortText = "unknown"
    arch: ShortText = "unknown"
    cpu: ShortText = "unknown"
    cores_physical: int | None = None
    cores_usable: int | None = None
    cpu_quota: float | None = None
    memory_bytes: Bytes | None = None
    accelerators: list[Accelerator] = field(default_factory=list)
    label: ShortText | None = None
    kind: ShortText | None = None
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Toolchain:
    """One interpreter and the framework it holds."""

    framework: Framework
    version: ShortText | None = None
    python: ShortText | None = None
    interpreter: ShortText = ""
    devices: list[Any] = field(default_factory=list)
    precision: Any = None
    threads: Any = None
    environment: dict[str, ShortText] = field(default_factory=dict)
    packages: dict[str, ShortText] = field(default_factory=dict)
    problem: Reason | None = None


@dataclass(frozen=True)
class Tool:
    """What wrote the document."""

    name: Id = "fw-advisor"
    version: Id = ""


def to_data(part: Any) -> Any:
    """*part* as plain JSON values; its keys are the fields' names.

    An infinity or NaN, which JSON has no word for, is None: not known.
    """
    if part is None or isinstance(part, (str, int)):
        return part
    if isinstance(part, float):
        return part if math.isfinite(part) else None
    names = _names_of(part.__class__)
    if names:
        return {name: to_data(getattr(part, name)) for name in names}
    if isinstance(part, Mapping):
        return {str(key): to_data(value) for key, value in part.items()}
    if isinstance(part, (list, tuple)):
        return [to_data(value) for value in part]
    return part


@cache
def _names_of(kind: type) -> tuple[str, ...]:
    """The fields of the dataclass *kind*; none of another type."""
    if not dataclasses.is_dataclass(kind):
        return ()
    return tuple(f.name for f in dataclasses.fields(kind))
