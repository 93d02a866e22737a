"""Doctor: from what was looked at to findings, one or more per area, each with its mend.

Pure: `examine` has looked already, and the mends are handed in. Findings come in the order of
`AREAS`, and the same examination gives the same findings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from advisor.machine.causes import (
    Case,
    fallback_cause,
    hiding_variable,
    matches,
    pip_of,
    serves,
    uses,
)
from advisor.machine.checks import machine_findings, python_findings
from advisor.machine.detected import hardware_word
from advisor.machine.examination import Examination
from advisor.machine.findings import AREAS, Bench, Finding
from advisor.machine.mends import Mends
from advisor.machine.toolchains import InstalledToolchain
from advisor.pair import FRAMEWORKS, TITLES

# By batch system its name, and what is found where a job has no GPU.
_SCHEDULERS = {
    "slurm": ("Slurm", "accelerator.not-in-slurm-job"),
    "pbs": ("PBS", "accelerator.not-in-pbs-job"),
    "lsf": ("LSF", "accelerator.not-in-lsf-job"),
    "sge": ("Grid Engine", "accelerator.not-in-sge-job"),
    "kubernetes": ("Kubernetes", "accelerator.not-in-kubernetes-job"),
}
_PROBLEM_IDS = {
    "framework-missing": "missing",
    "framework-broken": "broken",
    "numpy-missing": "numpy-missing",
    "python-too-old": "python-too-old",
}


def findings(seen: Examination, mends: Mends) -> list[Finding]:
    """Everything that *seen* says about this machine, worst first within an area."""
    listed = [
        *python_findings(seen, _bench(seen, mends, "pytorch")),
        *(f for framework in FRAMEWORKS for f in _framework(seen, mends, framework)),
        *_accelerators(seen, _bench(seen, mends, "pytorch")),
        *machine_findings(seen, _bench(seen, mends, "pytorch")),
    ]
    rank = {"problem": 0, "warning": 1, "ok": 2}
    return sorted(listed, key=lambda f: (AREAS.index(f.area), rank[f.severity]))


def refusal(
    toolchain: InstalledToolchain,
    device: str,
    machine: Mapping[str, Any],
    mends: Mends,
    visibility: Mapping[str, str] | None = None,
) -> dict[str, str] | None:
    """Why *toolchain* cannot be measured on *device*: ``{id, text, hint}``; None where it can.

    A framework that lacks the device is never measured on another one in its place: its times
    would be compared with an accelerator's.

    Args:
        toolchain: With its devices, as `with_devices` returns it.
        device: A device word: ``cpu``, ``gpu``, ``cuda``, ``rocm``, ``xpu``, ``mps``, ``tpu``,
            ``neuron``, with ``:N`` where there are several.
        machine: What `describe_machine` returned.
        mends: The mends.
        visibility: The variables that hide devices, as `Examination` holds them.
    """
    if toolchain.problem is not None:
        return {key: str(toolchain.problem.get(key, "")) for key in ("id", "text", "hint")}
    if any(d.get("usable") and matches(device, d) for d in toolchain.devices):
        return None
    seen = Examination(machine=machine, visibility=visibility or {})
    bench = _bench(seen, mends, toolchain.framework).under(toolchain.python)
    for accelerator in machine.get("accelerators") or []:
        if not serves(str(accelerator["kind"]), device):
            continue
        case = Case(toolchain, accelerator, str(machine.get("os")), seen.visibility)
        cause = fallback_cause(case, bench) or _accelerator(seen, bench, accelerator)[0]
        if cause.severity != "ok":
            return {"id": cause.id, "text": cause.text, "hint": cause.mend or ""}
    title = TITLES[toolchain.framework]
    names = ", ".join(_device_text(d) for d in toolchain.devices) or "none"
    text = f"{title} {toolchain.version} has no device {device!r} here (it has: {names})"
    return {"id": "device-missing", "text": text, "hint": "see: fw-advisor doctor"}


def _bench(seen: Examination, mends: Mends, framework: str) -> Bench:
    """What holds here, for choosing mends; CUDA depends on the framework's needs."""
    accelerators = seen.machine.get("accelerators") or []
    nvidia = next((a for a in accelerators if a["kind"] == "nvidia"), None)
    cuda = "none"
    if nvidia is not None:
        driver, capability = nvidia.get("driver"), nvidia.get("compute_capability")
        cuda = mends.newest_cuda(framework, driver, capability)
    context = {
        "hardware": (hardware_word(accelerators, {}),),
        "os": (str(seen.machine.get("os")),),
        "distribution": seen.distribution,
        "cuda": (cuda,),
    }
    return Bench(mends, context)


def _framework(seen: Examination, mends: Mends, framework: str) -> list[Finding]:
    bench = _bench(seen, mends, framework)
    findings: list[Finding] = []
    for toolchain in seen.toolchains:
        if toolchain.framework == framework:
            findings += _toolchain(seen, bench, toolchain)
    return list(dict.fromkeys(findings))


def _toolchain(seen: Examination, bench: Bench, toolchain: InstalledToolchain) -> list[Finding]:
    title, bench = TITLES[toolchain.framework], bench.under(toolchain.python)
    if toolchain.problem is not None:
        reason = str(toolchain.problem.get("id"))
        finding = f"{toolchain.framework}.{_PROBLEM_IDS.get(reason, reason)}"
        text = f"{toolchain.interpreter}: {toolchain.problem.get('text', '')}"
        return [bench.problem(finding, text, **pip_of(toolchain))]
    causes = []
    for accelerator in seen.machine.get("accelerators") or []:
        case = Case(toolchain, accelerator, str(seen.machine.get("os")), seen.visibility)
        causes.append(fallback_cause(case, bench))
    stated = [cause for cause in causes if cause is not None]
    if stated:
        return stated
    names = ", ".join(_device_text(d) for d in toolchain.devices) or "devices not asked for"
    text = f"{title} {toolchain.version} on Python {toolchain.python}, sees {names}"
    newer = bench.mends.held_back(
        toolchain.framework, toolchain.version or "", toolchain.python or ""
    )
    if newer is not None and toolchain.version and toolchain.python:
        text = f"{text}; {title} {newer.version} and later need Python {newer.python}"
        return [bench.warning(f"{toolchain.framework}.behind", text, version=newer.python)]
    return [bench.ok(toolchain.framework, text)]


def _device_text(device: Mapping[str, Any]) -> str:
    word, name = str(device.get("device")), str(device.get("name", ""))
    return word if name.lower() in ("", word) else f"{word} ({name})"


def _accelerators(seen: Examination, bench: Bench) -> list[Finding]:
    accelerators = seen.machine.get("accelerators") or []
    if not accelerators:
        return [bench.ok("accelerator", "none found: measuring uses the CPU")]
    findings: list[Finding] = []
    for accelerator in accelerators:
        findings += _accelerator(seen, bench, accelerator)
    return findings


def _accelerator(seen: Examination, bench: Bench, accelerator: Mapping[str, Any]) -> list[Finding]:
    name, kind = str(accelerator["name"]), str(accelerator["kind"])
    if not accelerator.get("driver"):
        text = f"a {name} is on the bus, but no driver runs it"
        return [bench.problem("accelerator.no-driver", text)]
    elsewhere = _not_ours(seen, bench, accelerator)
    if elsewhere is not None:
        return [elsewhere]
    hiding = hiding_variable(kind, seen.visibility)
    if hiding:
        text = f"{hiding} hides the {name} from every process"
        return [bench.problem("accelerator.hidden", text, version=hiding)]
    findings = []
    if kind == "nvidia" and accelerator.get("memory_bytes") is None:
        text = f"{name}: the driver is loaded, but nvidia-smi gives no answer"
        if accelerator.get("driver_words"):
            text = f"{name}: the driver is loaded, but nvidia-smi says: {_words(accelerator)}"
        if name == "NVIDIA GPU":
            findings.append(bench.warning("accelerator.driver-silent", text))
    if accelerator.get("mig"):
        parts = accelerator.get("mig_devices")
        text = f"{name} is split by MIG into {parts or 'parts'}; a process sees one of them"
        findings.append(bench.warning("accelerator.mig", text))
    return findings or [bench.ok("accelerator", _accelerator_text(seen, accelerator))]


def _not_ours(seen: Examination, bench: Bench, accelerator: Mapping[str, Any]) -> Finding | None:
    """That the machine's GPU was not given to this job, or to this container."""
    details = seen.machine.get("details") or {}
    scheduler, name = details.get("scheduler"), str(accelerator["name"])
    silent = accelerator.get("memory_bytes") is None
    unlisted = silent and "no devices" in str(accelerator.get("driver_words")).lower()
    gpu = accelerator["kind"] in ("nvidia", "amd")
    if gpu and scheduler and (details.get("scheduler_gpus") is False or unlisted):
        title, finding = _SCHEDULERS[scheduler]
        text = f"this {title} job has no GPU: the node's {name} is not its own"
        return bench.warning(finding, f"{text}{_said(accelerator)}")
    inside = details.get("container") or scheduler == "kubernetes"
    if inside and accelerator["kind"] == "nvidia" and accelerator.get("device_nodes") == 0:
        text = f"the container was started without the {name} that the machine has"
        return bench.problem("accelerator.not-in-container", f"{text}{_said(accelerator)}")
    return None


def _words(accelerator: Mapping[str, Any]) -> str:
    return str(accelerator.get("driver_words")).rstrip(". ")


def _said(accelerator: Mapping[str, Any]) -> str:
    """The driver's tool in its own words."""
    if not accelerator.get("driver_words"):
        return ""
    return f"; nvidia-smi says: {_words(accelerator)}"


def _accelerator_text(seen: Examination, accelerator: Mapping[str, Any]) -> str:
    count, memory = int(accelerator.get("count", 1)), accelerator.get("memory_bytes")
    size = f", {memory / (1 << 30):.0f} GiB" if memory else ""
    times = f"{count} × " if count > 1 else ""
    users = [TITLES[t.framework] for t in seen.toolchains if uses(t, str(accelerator["kind"]))]
    used = f", used by {' and '.join(dict.fromkeys(users))}" if users else ""
    return f"{times}{accelerator['name']}{size}, driver {accelerator['driver']}{used}"
