"""The environment: machines, toolchains and the self-test; nothing that names a host or a user."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from advisor.evidence import Accelerator, Evidence, Machine, Toolchain
from advisor.render.document import (
    Points,
    ReportBlock,
    ReportSection,
    ReportTable,
    Statement,
    Tag,
    anchor,
    row_of,
)
from advisor.render.tables import columns, table_of
from advisor.render.view.probes import machine_name
from advisor.render.view.provenance import Provenances
from advisor.render.wording import DASH, amount_of_bytes, clauses, name_of, plain, say, sentence


def environment_section(origins: Provenances) -> ReportSection:
    """Every machine that was measured, and what was noticed there."""
    evidence = origins.inputs.evidence
    blocks: list[ReportBlock] = []
    for index, document in enumerate(evidence):
        blocks += _environment(document, index, many=len(evidence) > 1)
    if not evidence:
        text = sentence(say("report.environment.none"))
        blocks.append(Points((Statement(text, (origins.method,)),)))
    blocks += _notices(evidence)
    return ReportSection("environment", say("report.section.environment"), tuple(blocks))


def _environment(document: Evidence, index: int, *, many: bool) -> Iterator[ReportTable]:
    name = machine_name(document, index)
    if not many and not document.machine.label:
        name = say("report.environment.this_machine")
    rows = [
        row_of(property=say(f"report.environment.property.{key}"), value=value)
        for key, value in (*_machine(document.machine), *_run(document))
    ]
    table = table_of("machine", columns("property", "value"), rows)
    caption = say("report.environment.caption", machine=name)
    yield replace(table, id=anchor("machine", str(index)), caption=caption)
    if document.toolchains:
        yield _toolchains(document.toolchains, index)


def _machine(machine: Machine) -> list[tuple[str, str]]:
    quota = machine.cpu_quota
    return [
        ("system", plain(machine.details.get("system") or machine.os)),
        ("processor", say("report.environment.of_cpu", cpu=machine.cpu, arch=machine.arch)),
        (
            "cores",
            say(
                "report.environment.of_cores",
                physical=plain(machine.cores_physical),
                usable=plain(machine.cores_usable),
            ),
        ),
        (
            "quota",
            say("number.none")
            if quota is None
            else say("report.environment.of_quota", quota=f"{quota:g}"),
        ),
        ("memory", amount_of_bytes(machine.memory_bytes)),
        (
            "accelerators",
            clauses(_accelerator(a) for a in machine.accelerators)
            or say("report.environment.none_found"),
        ),
    ]


def _accelerator(accelerator: Accelerator) -> str:
    name = accelerator.name or accelerator.kind
    parts = [say("report.environment.accelerator", count=accelerator.count, name=name)]
    if accelerator.memory_bytes:
        parts.append(amount_of_bytes(accelerator.memory_bytes))
    if accelerator.driver:
        parts.append(say("report.environment.driver", driver=accelerator.driver))
    if accelerator.mig:
        profiles = "+".join(accelerator.mig_profiles) or say("report.environment.unknown_parts")
        parts.append(say("report.environment.mig", profiles=profiles))
    return ", ".join(parts)


def _run(document: Evidence) -> list[tuple[str, str]]:
    return [
        ("measured_on", document.created or say("report.environment.no_date")),
        ("settings", say(f"report.environment.of_settings.{document.settings}")),
        ("profile", document.profile),
        ("selftest", _selftest(document)),
        ("written_by", f"{document.tool.name} {document.tool.version}".strip()),
    ]


def _selftest(document: Evidence) -> str:
    tested = document.selftest
    text = say(f"report.environment.of_selftest.{tested.status if tested else 'absent'}")
    if tested and tested.reason:
        reason = tested.reason.text or tested.reason.id
        text = say("report.environment.because", text=text, reason=reason)
    return text


def _toolchains(chains: Sequence[Toolchain], index: int) -> ReportTable:
    rows = [
        row_of(
            framework=f"{name_of(c.framework)} {c.version or ''}",
            python=c.python or DASH,
            interpreter=c.interpreter,
            devices=", ".join(_device(d) for d in c.devices) or DASH,
            best_rates=best_rates(c),
            packages=", ".join(f"{k} {c.packages[k]}" for k in sorted(c.packages)) or DASH,
            environment=", ".join(f"{k}={c.environment[k]}" for k in sorted(c.environment)) or DASH,
        )
        for c in chains
    ]
    head = columns(
        "framework", "python", "interpreter", "devices", "best_rates", "packages", "environment"
    )
    return replace(table_of("toolchains", head, rows), id=anchor("toolchains", str(index)))


def best_rates(chain: Toolchain) -> str:
    """Float32 products and copies: the rates that no probe can exceed here."""
    facts = chain.precision
    if not isinstance(facts, Mapping):
        return DASH
    shown = [
        say(f"report.environment.rate.{key}", rate=rate)
        for key in ("flops_per_s", "bytes_per_s")
        if isinstance(rate := facts.get(key), (int, float)) and rate > 0
    ]
    return ", ".join(shown) or DASH


def _device(device: object) -> str:
    if not isinstance(device, Mapping):
        return plain(device)
    name = str(device.get("name") or "")
    kind = str(device.get("device") or device.get("kind") or "")
    if not name or name.lower() == kind.lower():
        return kind or name
    return say("report.environment.device", kind=kind, name=name)


def _notices(evidence: Sequence[Evidence]) -> Iterator[Points]:
    points = tuple(
        Statement(
            " ".join(sentence(text) for text in (notice.text or notice.id, notice.hint) if text),
            (Tag("measured", say("report.tag.noticed"), "#environment"),),
            lead=say(f"report.severity.{notice.severity}"),
            tone="neutral" if notice.severity == "info" else "warning",
        )
        for document in evidence
        for notice in document.notices
    )
    if points:
        yield Points(points)
