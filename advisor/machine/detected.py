"""From what was found to facts of the vocabulary: ``detected.*`` and ``installed.*``.

Pure. Knows the words of the vocabulary that describe a machine, and nothing of rules.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from advisor.machine.toolchains import InstalledToolchain

_KNOWN_OS = ("linux", "windows", "wsl2", "macos")


def detected_facts(
    machine: Mapping[str, Any],
    toolchains: Iterable[InstalledToolchain],
    environ: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """``detected.hardware``, ``detected.os`` and ``detected.python``, those that are known.

    Args:
        machine: What `describe_machine` returned.
        toolchains: What `find_toolchains` returned; the Python is the first usable one's.
        environ: Read for the size of a batch job or a TPU slice only.
    """
    environ = os.environ if environ is None else environ
    facts = {"detected.hardware": hardware_word(own_accelerators(machine), environ)}
    if machine.get("os") in _KNOWN_OS:
        facts["detected.os"] = str(machine["os"])
    python = _python(list(toolchains))
    if python:
        free_threaded = "t" if python.endswith("t") else ""
        facts["detected.python"] = ".".join(python.split(".")[:2]) + free_threaded
    return facts


def own_accelerators(machine: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The accelerators of this process: a batch job without a GPU has none of its node's."""
    accelerators: Sequence[Mapping[str, Any]] = machine.get("accelerators") or []
    if (machine.get("details") or {}).get("scheduler_gpus") is False:
        return [one for one in accelerators if one["kind"] not in ("nvidia", "amd")]
    return accelerators


def _python(toolchains: list[InstalledToolchain]) -> str | None:
    usable = [t for t in toolchains if t.problem is None]
    # A Python without the framework still is the one that people work with.
    started = [t for t in toolchains if (t.problem or {}).get("id") == "framework-missing"]
    return next((t.python for t in [*usable, *started] if t.python), None)


def hardware_word(accelerators: Sequence[Mapping[str, Any]], environ: Mapping[str, str]) -> str:
    """The value of ``hardware.train`` that describes this machine."""
    kinds = [str(accelerator["kind"]) for accelerator in accelerators]
    counts = {
        kind: sum(int(a.get("count", 1)) for a in accelerators if a["kind"] == kind)
        for kind in kinds
    }
    if "nvidia" in counts:
        if _several_nodes(environ):
            return "nvidia_cluster"
        return "nvidia_multi" if counts["nvidia"] > 1 else "nvidia"
    if "tpu" in counts:
        # https://docs.cloud.google.com/tpu/docs/jax-pods: one worker per host of a slice
        return "tpu_pod" if "," in environ.get("TPU_WORKER_HOSTNAMES", "") else "tpu"
    for kind in ("amd", "trainium", "apple", "intel_gpu"):
        if kind in counts:
            return kind
    return "cpu"


def _several_nodes(environ: Mapping[str, str]) -> bool:
    nodes = environ.get("SLURM_JOB_NUM_NODES", environ.get("SLURM_NNODES", ""))
    return nodes.isdigit() and int(nodes) > 1


def installed_facts(toolchains: Iterable[InstalledToolchain]) -> dict[str, str]:
    """``installed.PACKAGE``: the version in the first toolchain that holds it."""
    facts: dict[str, str] = {}
    for toolchain in toolchains:
        for name, version in sorted(toolchain.packages.items()):
            facts.setdefault(f"installed.{name}", version)
    return facts


def hardware_text(machine: Mapping[str, Any]) -> str:
    """The accelerators in one line, as a question shows what was detected."""
    accelerators = []
    for accelerator in machine.get("accelerators") or []:
        count = int(accelerator.get("count", 1))
        memory = accelerator.get("memory_bytes")
        size = f" {round(memory / (1 << 30))} GiB" if memory else ""
        parts = "+".join(accelerator.get("mig_profiles") or []) or "unknown parts"
        split = f" (split by MIG: {parts})" if accelerator.get("mig") else ""
        times = f"{count} × " if count > 1 else ""
        accelerators.append(f"{times}{accelerator['name']}{size}{split}")
    return ", ".join(accelerators) or str(machine.get("cpu") or "no accelerator")
