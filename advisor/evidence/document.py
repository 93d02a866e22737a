"""The whole document: everything measured in one run on one machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from advisor.accuracy import TimeToAccuracy, refuse_contradicted
from advisor.bounds import Checked, Count, Id, Limits, Seconds, ShortText
from advisor.evidence.measured import (
    Attribution,
    Comparison,
    Entry,
    EntryStatus,
    Parity,
    Work,
    refuse_impossible,
    refuse_inconsistent,
)
from advisor.evidence.setting import Gate, Machine, Notice, Tool, Toolchain
from advisor.pair import Framework
from advisor.reason import Reason
from advisor.scaling import Scaling, refuse_baseless

SCHEMA = "fw-advisor/evidence@1"


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One workload at one size, device, core count and precision, over its modes."""

    id: Id
    title: ShortText = ""
    device: Id = "cpu"
    cores: int | None = None
    precision: Id = "float32"
    size: dict[str, Any] = field(default_factory=dict)
    size_name: Id | None = None
    variant_of: Id | None = None
    weighs: bool = True
    stream_calls: int | None = None
    flops: Count | None = None
    bytes: Count | None = None
    samples_per_step: float | None = None
    entries: list[Annotated[Entry, Checked(refuse_impossible)]] = field(default_factory=list)
    parity: Parity = field(default_factory=Parity)
    gates: list[Gate] = field(default_factory=list)
    comparisons: list[Annotated[Comparison, Checked(refuse_inconsistent)]] = field(
        default_factory=list
    )


@dataclass(frozen=True, kw_only=True)
class Selftest:
    """Whether measuring worked here: identical code called equal, a planted slowdown found.

    `aa_log_sd` is the spread (standard deviation of the natural logarithm of the ratio) between
    launches of identical code.
    """

    status: Literal["passed", "failed", "not_run"]
    aa_log_sd: float | None = None
    planted_detected: bool | None = None
    reason: Reason | None = None
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """What one framework did in one small check: flags, numbers, short texts, lists of numbers.

    `findings` are as the check names them; there are none where it failed, with its `reason`.
    """

    check: Id
    framework: Framework
    version: ShortText | None = None
    status: EntryStatus
    reason: Reason | None = None
    seconds: Seconds | None = None
    findings: dict[Id, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Everything measured in one run on one machine.

    `resumed` is how many of its launches come from before an interruption, where there was one.
    """

    schema: Literal["fw-advisor/evidence@1"] = "fw-advisor/evidence@1"
    tool: Tool = field(default_factory=Tool)
    created: Id = ""
    settings: Literal["matched", "default"] = "matched"
    profile: Id = "standard"
    seed: int | None = None
    machine: Machine = field(default_factory=Machine)
    toolchains: list[Toolchain] = field(default_factory=list)
    selftest: Selftest | None = None
    probes: Annotated[list[Probe], Limits(max_length=5000)] = field(default_factory=list)
    works: Annotated[
        list[Annotated[Work, Checked(refuse_inconsistent)]], Limits(max_length=500)
    ] = field(default_factory=list)
    spent_s: dict[Id, Seconds] = field(default_factory=dict)
    attributions: Annotated[list[Attribution], Limits(max_length=50_000)] = field(
        default_factory=list
    )
    notices: list[Notice] = field(default_factory=list)
    behaviours: Annotated[list[Behaviour], Limits(max_length=1000)] = field(default_factory=list)
    resumed: Annotated[int, Limits(ge=0)] | None = None
    scaling: Annotated[
        list[Annotated[Scaling, Checked(refuse_baseless)]], Limits(max_length=500)
    ] = field(default_factory=list)
    time_to_accuracy: Annotated[
        list[Annotated[TimeToAccuracy, Checked(refuse_contradicted)]], Limits(max_length=100)
    ] = field(default_factory=list)
