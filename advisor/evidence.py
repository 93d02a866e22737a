"""The models of what was measured: ``fw-advisor/evidence@1``, read strictly and written whole.

This is the one place that knows the shape of the evidence document. Measuring produces plain
dictionaries of this shape; everything on the advisor's side reads them through these models.
Unknown keys are kept out silently (a later minor version may add some); a later major version
is refused by name.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from advisor.errors import UserError
from advisor.jsonio import parse_json, read_json

SCHEMA = "fw-advisor/evidence@1"

Framework = Literal["pytorch", "jax"]
EntryStatus = Literal["ok", "skipped", "failed", "timeout", "invalid", "interrupted"]
VerdictWord = Literal["a_faster", "b_faster", "equivalent", "inconclusive", "invalid"]

Seconds = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
Bytes = Annotated[int, Field(ge=0, le=1 << 60)]
Ratio = Annotated[float, Field(gt=1e-9, lt=1e9, allow_inf_nan=False)]
ShortText = Annotated[str, Field(max_length=4000)]
Id = Annotated[str, Field(max_length=200)]


class Part(BaseModel):
    """Base of every part of the document."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class Reason(Part):
    """Why something was not measured or not called; `id` is stable, `text` is for people."""

    id: Id
    text: ShortText = ""
    hint: ShortText = ""


class Accelerator(Part):
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
    mig_profiles: list[Id] = []


class Machine(Part):
    """The machine without its name or its user."""

    os: ShortText = "unknown"
    arch: ShortText = "unknown"
    cpu: ShortText = "unknown"
    cores_physical: int | None = None
    cores_usable: int | None = None
    cpu_quota: float | None = None
    memory_bytes: Bytes | None = None
    accelerators: list[Accelerator] = []
    label: ShortText | None = None
    details: dict[str, Any] = {}


class Toolchain(Part):
    """One interpreter and the framework it holds."""

    framework: Framework
    version: ShortText | None = None
    python: ShortText | None = None
    interpreter: ShortText = ""
    devices: list[Any] = []
    precision: Any = None
    threads: Any = None
    environment: dict[str, ShortText] = {}
    packages: dict[str, ShortText] = {}
    problem: Reason | None = None


class Block(Part):
    """One short timed stretch of one mode inside a launch."""

    round: int = 0
    samples_s: list[Seconds] = []
    calls_per_sample: int = 1
    wall_s: Seconds | None = None
    cpu_s: Seconds | None = None
    kept: bool = True
    dropped_by: list[Id] = []


class Latency(Part):
    """Single calls, each waited for, of all launches together."""

    calls: int
    p50_s: Seconds
    p95_s: Seconds
    p99_s: Seconds


class Launch(Part):
    """One fresh worker process, and what one mode did in it."""

    index: int
    median_s: Seconds | None = None
    noisy: bool = False
    import_s: Seconds | None = None
    first_call_s: Seconds | None = None
    compile_s: Seconds | None = None
    peak_memory_bytes: Bytes | None = None
    blocks: list[Block] = []


class Entry(Part):
    """One mode of one probe: its times, or why there are none."""

    framework: Framework
    mode: Id
    status: EntryStatus
    reason: Reason | None = None
    toolchain: int | None = None
    variant: ShortText | None = None
    median_s: Seconds | None = None
    p95_s: Seconds | None = None
    interval_s: tuple[Seconds, Seconds] | None = None
    latency: Latency | None = None
    effective_cores: Annotated[float, Field(ge=0, le=1e5, allow_inf_nan=False)] | None = None
    import_s: Seconds | None = None
    first_call_s: Seconds | None = None
    compile_s: Seconds | None = None
    compile_warm_s: Seconds | None = None
    first_result_s: Seconds | None = None
    first_result_warm_s: Seconds | None = None
    stream_s: Seconds | None = None
    peak_memory_bytes: Bytes | None = None
    counters: dict[str, Any] = {}
    launches: list[Launch] = []


class Parity(Part):
    """Whether the modes computed the same thing from the same inputs."""

    status: Literal["ok", "failed", "not_applicable", "not_checked"] = "not_checked"
    forward_max_abs: float | None = None
    grad_max_abs: float | None = None
    loss_curve_max_abs: float | None = None
    parameters_equal: bool | None = None
    inputs_sha256: ShortText | None = None
    reason: Reason | None = None


class Gate(Part):
    """One condition that had to hold, and whether it did."""

    id: Id
    status: Literal["passed", "failed", "not_applicable", "unknown"]
    text: ShortText = ""
    value: Any = None
    limit: Any = None
    modes: list[Id] = []


class Comparison(Part):
    """Two modes of one probe. `time_ratio` is time of b over time of a: above 1, a is faster."""

    a: Id
    b: Id
    time_ratio: Ratio | None = None
    ci: tuple[Ratio, Ratio] | None = None
    launches: int = 0
    verdict: VerdictWord
    reason: Reason | None = None
    margin: float | None = None
    spread: float | None = None
    pairing: Literal["paired", "unpaired"] = "paired"
    certificate: list[Gate] = []

    @model_validator(mode="after")
    def _called_only_with_numbers(self) -> Comparison:
        if self.verdict in ("a_faster", "b_faster", "equivalent"):
            if self.time_ratio is None or self.ci is None:
                raise ValueError(f"the verdict {self.verdict!r} needs time_ratio and ci")
            low, high = self.ci
            if not low <= self.time_ratio <= high:
                raise ValueError("time_ratio lies outside its own interval")
            if self.verdict == "a_faster" and low <= 1:
                raise ValueError("a_faster, but the interval reaches 1 or below")
            if self.verdict == "b_faster" and high >= 1:
                raise ValueError("b_faster, but the interval reaches 1 or above")
        return self

    @property
    def log2_ratio(self) -> float | None:
        """log2 of `time_ratio`, or None."""
        return None if self.time_ratio is None else math.log2(self.time_ratio)


class Probe(Part):
    """One workload at one size, device, core count and precision, over its modes."""

    id: Id
    title: ShortText = ""
    device: Id = "cpu"
    cores: int | None = None
    precision: Id = "float32"
    size: dict[str, Any] = {}
    size_name: Id | None = None
    variant_of: Id | None = None
    weighs: bool = True
    stream_calls: int | None = None
    flops: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    bytes: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    samples_per_step: float | None = None
    entries: list[Entry] = []
    parity: Parity = Parity()
    gates: list[Gate] = []
    comparisons: list[Comparison] = []


class Attribution(Part):
    """One thing toggled in one mode. `time_ratio` is the time without it over the time with it.

    `kind` is ``cores`` (all of them against one), ``compile``, or ``variant`` (the same work
    written another way, `size` against `size_off`).
    """

    kind: Id
    probe: Id
    device: Id = "cpu"
    precision: Id = "float32"
    mode: Id
    mode_off: Id
    size: Id | None = None
    size_off: Id | None = None
    cores: int | None = None
    cores_off: int | None = None
    time_ratio: Ratio
    ci: tuple[Ratio, Ratio]
    effect: Literal["faster", "slower", "equal", "open"]


class Selftest(Part):
    """Whether measuring worked here: identical code called equal, a planted slowdown found."""

    status: Literal["passed", "failed", "not_run"]
    aa_log_sd: float | None = None
    planted_detected: bool | None = None
    reason: Reason | None = None
    details: dict[str, Any] = {}


class Notice(Part):
    """Something a reader of the evidence should know."""

    id: Id
    severity: Literal["info", "warning", "problem"] = "info"
    text: ShortText = ""
    hint: ShortText = ""


class Tool(Part):
    """What wrote the document."""

    name: Id = "fw-advisor"
    version: Id = ""


class Evidence(Part):
    """Everything measured in one run on one machine."""

    schema_: Literal["fw-advisor/evidence@1"] = Field(alias="schema")
    tool: Tool = Tool()
    created: Id = ""
    settings: Literal["matched", "default"] = "matched"
    profile: Id = "standard"
    seed: int | None = None
    machine: Machine = Machine()
    toolchains: list[Toolchain] = []
    selftest: Selftest | None = None
    probes: Annotated[list[Probe], Field(max_length=5000)] = []
    spent_s: dict[Id, Seconds] = {}
    attributions: Annotated[list[Attribution], Field(max_length=50_000)] = []
    notices: list[Notice] = []

    def to_dict(self) -> dict[str, Any]:
        """The document as it is written."""
        return self.model_dump(mode="json", by_alias=True)


def read_evidence(path: Path) -> Evidence:
    """The evidence in *path*.

    Raises:
        UserError: not strict JSON, another schema, a later major version, or values that no
            measurement can have (negative or infinite times, a verdict without its interval).
    """
    return evidence_from(read_json(path), name=str(path))


def evidence_from_bytes(raw: bytes, *, name: str) -> Evidence:
    """The evidence in *raw*; *name* is what errors call it."""
    return evidence_from(parse_json(raw, name=name), name=name)


def evidence_from(data: Any, *, name: str) -> Evidence:
    """Validate *data* as evidence; *name* is what errors call it."""
    check_schema_id(data, SCHEMA, name)
    try:
        return Evidence.model_validate(data)
    except ValidationError as error:
        raise validation_error(error, name) from error


def check_schema_id(data: Any, expected: str, name: str) -> None:
    """Refuse a document whose ``schema`` is not *expected*, saying which it is.

    Raises:
        UserError: no schema, another kind of document, or a later major version.
    """
    found = data.get("schema") if isinstance(data, dict) else None
    if found == expected:
        return
    kind, _, major = expected.partition("@")
    if isinstance(found, str) and found.startswith(f"{kind}@"):
        raise UserError(
            f"is {found}; this version reads {expected}",
            hint=f"it was made by another version of fw-advisor: upgrade, or re-make it ({major=})",
            where=name,
        )
    shown = repr(found)[:80] if found is not None else "no schema at all"
    raise UserError(
        f"is not a {kind} document: it has {shown}",
        hint=f"expected the key schema with {expected!r}",
        where=name,
    )


def validation_error(error: ValidationError, name: str) -> UserError:
    """The first few findings of a validation as one error for the user."""
    findings = error.errors(include_url=False, include_context=False)
    lines = []
    for finding in findings[:5]:
        path = ".".join(str(part) for part in finding["loc"]) or "document"
        lines.append(f"{path}: {finding['msg']}")
    more = len(findings) - len(lines)
    text = "; ".join(lines) + (f"; and {more} more" if more > 0 else "")
    return UserError(text, hint="nothing of this file was used", where=name)
