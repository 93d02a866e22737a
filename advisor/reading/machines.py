"""What evidence says of the machine: its devices, its system, what is installed.

Knows device words (``cuda:0``, ``gpu``) and the values of ``hardware.train``. It must not know how
fast anything was.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class MachineKind:
    """Machines that are alike: one name for them, and what they are made of.

    `accelerators` are pairs of a name and how many of it. `hardware` is the value of
    ``hardware.train`` that they are, as far as it can be told.
    """

    name: str
    cpu: str
    cores: int | None
    accelerators: tuple[tuple[str, int], ...]
    hardware: str | None
    given: str = ""

    @property
    def shown(self) -> dict[str, Any]:
        """What it is made of, as it stands in a decision."""
        return {
            "cpu": self.cpu,
            "cores": self.cores,
            "accelerators": [{"name": name, "count": n} for name, n in self.accelerators],
            **({"label": self.given} if self.given else {}),
        }


def kind_of(document: Evidence) -> MachineKind:
    """The kind of machine that *document* was measured on."""
    machine = document.machine
    accelerators = tuple(sorted((a.name or a.kind, a.count) for a in machine.accelerators))
    named = [name if n == 1 else f"{n}x{name}" for name, n in accelerators]
    parts = named or [machine.cpu, str(machine.cores_usable or "")]
    slug = re.sub(r"[^a-z0-9]+", "-", " ".join(parts).lower()).strip("-")
    return MachineKind(
        name=machine.kind or slug[:60] or "unknown",
        cpu=machine.cpu,
        cores=machine.cores_usable,
        accelerators=accelerators,
        hardware=_hardware(machine),
        given=machine.kind or "",
    )


def kinds_in(evidence: Sequence[Evidence]) -> dict[str, list[int]]:
    """The kinds of machine in *evidence* by name, in order, each with its documents' positions."""
    kinds: dict[str, list[int]] = {}
    for position, document in enumerate(evidence):
        kinds.setdefault(kind_of(document).name, []).append(position)
    return kinds


def device_of(hardware: str) -> str:
    """The one device of which *hardware*, a value of ``hardware.train``, is made."""
    return _SEVERAL.get(hardware, hardware)


def machine_apart(
    document: Evidence, here: Evidence | None = None, facts: Mapping[str, Any] | None = None
) -> float:
    """How far the machine of *document* is from the one of *here*, and from the answers' GPU.

    0 where nothing speaks against it; another processor, accelerator or generation counts 1, cores
    by the logarithm of their ratio.
    """
    generation = (facts or {}).get("gpu_generation")
    known = {g for a in document.machine.accelerators if (g := _generation(a)) is not None}
    apart = 1.0 if generation and known and generation not in known else 0.0
    if here is None:
        return apart
    one, other = document.machine, here.machine
    apart += one.cpu != other.cpu
    apart += {a.name for a in one.accelerators} != {a.name for a in other.accelerators}
    if one.cores_usable and other.cores_usable:
        apart += abs(math.log(one.cores_usable / other.cores_usable))
    return apart


def _generation(accelerator: Accelerator) -> str | None:
    """A value of ``gpu_generation``, by the compute capability of an NVIDIA GPU."""
    match = re.match(r"(\d+)\.(\d+)", accelerator.compute_capability or "")
    if match is None:
        return None
    capability = (int(match[1]), int(match[2]))
    if capability < (7, 5):
        return "before_turing"
    return "turing_to_ada" if capability < (9, 0) else "hopper_or_newer"


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
        facts["detected.python"] = match.group() + ("t" if pythons[0].endswith("t") else "")
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
