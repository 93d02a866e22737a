"""What evidence says of the machine: its devices, its system, what is installed.

Knows device words (``cuda:0``, ``gpu``) and the values of ``hardware.train``. It must not know how
fast anything was.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from advisor.devices import kinds_of_word
from advisor.evidence import Accelerator, Evidence, Machine

# Training on several devices, and the one device of which they are made.
_SEVERAL = {"nvidia_multi": "nvidia", "nvidia_cluster": "nvidia", "tpu_pod": "tpu"}
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


def kinds_of(document: Evidence, device: str) -> tuple[str, ...]:
    """What *device* is in *document*: one kind where it tells, several where it could be any."""
    possible = set(kinds_of_word(device))
    if len(possible) < 2:
        return tuple(possible)
    listed = [d for t in document.toolchains for d in t.devices if isinstance(d, Mapping)]
    meant = [set(kinds_of_word(str(d.get("kind")))) for d in listed]
    stated = {kind for kinds in meant if kinds < possible for kind in kinds}
    here = {a.kind for a in document.machine.accelerators} & possible
    return tuple(sorted(stated or here or possible))


def fits(device: str, facts: Mapping[str, Any], kinds: Collection[str] = ()) -> bool:
    """Whether *device* is of the kind that will train, as far as the answers say.

    Args:
        device: A device word.
        facts: The facts.
        kinds: What `kinds_of` gave; what the word alone can mean unless given.
    """
    if facts.get("hardware.same_as_here") is False:
        return False
    train = facts.get("hardware.train")
    if train is None:
        return True
    return _SEVERAL.get(train, train) in (kinds or kinds_of_word(device))


def is_part(facts: Mapping[str, Any]) -> bool:
    """Whether several devices will train: one of them, which is measured, is not all of it."""
    return facts.get("hardware.train") in _SEVERAL


def machines_of(evidence: Sequence[Evidence], sources: Collection[int]) -> int:
    """How many different machines the evidence at *sources* comes from."""
    machines = [evidence[source].machine for source in sources]
    return len({(m.label, m.cpu, m.cores_physical) for m in machines})


def installed_versions(evidence: Sequence[Evidence]) -> dict[str, str]:
    """Installed packages and their versions; where several are installed, the first file's."""
    versions: dict[str, str] = {}
    for document in evidence:
        for toolchain in document.toolchains:
            own = "torch" if toolchain.framework == "pytorch" else "jax"
            packages = {**toolchain.packages}
            if toolchain.version:
                packages.setdefault(own, toolchain.version)
            for name in sorted(packages):
                versions.setdefault(name, packages[name])
    return {k: versions[k] for k in sorted(versions)}


def detected_facts(evidence: Sequence[Evidence]) -> dict[str, Any]:
    """``detected.*`` of the first machine that was measured."""
    if not evidence:
        return {}
    document = evidence[0]
    facts: dict[str, Any] = {}
    hardware = _hardware(document.machine)
    if hardware:
        facts["detected.hardware"] = hardware
    system = _word(document.machine.os, _SYSTEMS)
    if system:
        facts["detected.os"] = system
    pythons = [t.python for t in document.toolchains if t.python]
    match = re.match(r"\d+\.\d+", pythons[0]) if pythons else None
    if match:
        facts["detected.python"] = match.group()
    return facts


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
