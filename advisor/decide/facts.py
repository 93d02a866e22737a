"""The facts that rules speak of: answers, what was detected, and what was measured.

Knows where each fact comes from. It must not know rules: nothing here fires or weighs.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from advisor.answers import Answers
from advisor.reading.called import Measured, measured_from
from advisor.reading.crossover import winners_differ
from advisor.decide.speed import Speed, by_workload, combined, on_most_cores, speed_for
from advisor.evidence import Accelerator, Evidence, Machine
from advisor.knowledge.model import RuleBase

_VENDORS = (
    ("nvidia", ("nvidia", "cuda", "geforce", "tesla", "quadro")),
    ("amd", ("amd", "rocm", "radeon", "instinct", "hip")),
    ("tpu", ("tpu",)),
    ("trainium", ("trainium", "neuron")),
    ("intel_gpu", ("intel", "xpu")),
    ("apple", ("apple", "mps", "metal")),
)
_SYSTEMS = (
    ("wsl2", ("wsl", "microsoft")),
    ("windows", ("windows", "win32")),
    ("macos", ("macos", "darwin", "mac os")),
    ("linux", ("linux", "ubuntu", "debian", "fedora", "red hat", "suse", "arch", "alpine")),
)


def facts_from(answers: Answers, evidence: Sequence[Evidence], base: RuleBase) -> Mapping[str, Any]:
    """Every known fact by id, keys sorted; what is not known is absent."""
    measured = measured_from(evidence)
    known = {**detected_facts(evidence), **installed_facts(evidence)}
    return facts_of(answers.values, known, measured, speed_for(measured, base, answers.values))


def facts_of(
    values: Mapping[str, Any],
    detected: Mapping[str, Any],
    measured: Measured,
    speed: Speed | None,
) -> dict[str, Any]:
    """The same from parts that were already worked out; *values* are the answers' values."""
    facts = {
        # A policy that nobody stated is no policy; otherwise every decision would wait for it.
        "exclude": [],
        **detected,
        **_measured_facts(measured, speed),
        **{k: v for k, v in values.items() if v is not None and v != "unknown"},
    }
    return {k: facts[k] for k in sorted(facts)}


def installed_facts(evidence: Sequence[Evidence]) -> dict[str, Any]:
    """``installed.<package>``: the versions that were measured."""
    return {f"installed.{name}": version for name, version in versions_from(evidence).items()}


def versions_from(evidence: Sequence[Evidence]) -> dict[str, str]:
    """Installed packages and their versions; where several are installed, the first file's."""
    found: dict[str, str] = {}
    for document in evidence:
        for toolchain in document.toolchains:
            own = "torch" if toolchain.framework == "pytorch" else "jax"
            packages = {**toolchain.packages}
            if toolchain.version:
                packages.setdefault(own, toolchain.version)
            for name in sorted(packages):
                found.setdefault(name, packages[name])
    return {k: found[k] for k in sorted(found)}


def detected_facts(evidence: Sequence[Evidence]) -> dict[str, Any]:
    """``detected.*`` of the first machine that was measured."""
    if not evidence:
        return {}
    document = evidence[0]
    found: dict[str, Any] = {}
    hardware = _hardware(document.machine)
    if hardware:
        found["detected.hardware"] = hardware
    system = _word(document.machine.os, _SYSTEMS)
    if system:
        found["detected.os"] = system
    pythons = [t.python for t in document.toolchains if t.python]
    match = re.match(r"\d+\.\d+", pythons[0]) if pythons else None
    if match:
        found["detected.python"] = match.group()
    return found


def _word(text: str, table: Sequence[tuple[str, tuple[str, ...]]]) -> str | None:
    lowered = text.lower()
    return next((word for word, marks in table if any(m in lowered for m in marks)), None)


def _hardware(machine: Machine) -> str | None:
    if not machine.accelerators:
        return "cpu" if machine.cpu != "unknown" else None
    vendors = [(_word(f"{a.kind} {a.name}", _VENDORS), a) for a in machine.accelerators]
    for vendor, _ in _VENDORS:
        members: list[Accelerator] = [a for v, a in vendors if v == vendor]
        if members:
            many = sum(a.count for a in members) > 1
            return "nvidia_multi" if vendor == "nvidia" and many else vendor
    return None


def _measured_facts(measured: Measured, speed: Speed | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if speed is not None and not speed.open:
        found["measured.jax_speedup"] = speed.speedup.ratio
    for workload, every in by_workload(measured.cells).items():
        cells = on_most_cores(every)
        # A rule's condition on a ratio must not fire on the middle of two opposite winners.
        if cells and not winners_differ(cells):
            found[f"measured.jax_speedup.{workload}"] = combined(cells).ratio
    costs = measured.compile_costs
    counted = {w.workload for w in speed.workloads} if speed else set()
    gains = [c for c in costs if c.workload in counted] or costs
    if gains:
        mean = math.fsum(c.gain.log2 for c in gains) / len(gains)
        found["measured.compile_gain"] = math.exp2(mean)
    for framework, seconds in measured.compile_s.items():
        found[f"measured.compile_s.{framework}"] = seconds[len(seconds) // 2]
    return found
