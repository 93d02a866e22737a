"""Why a framework does not compute on the accelerator that is here: the cause, not the symptom.

Pure. Frameworks fall back to the CPU with a warning at most, and then every comparison is
wrong; so the cause is looked for in the order in which one hides the next: hidden devices, no
driver, wheel without support, plugin of another version, driver or GPU too old for the wheel,
devices that fail when used.

Recorded from the field: pytorch issues 30528 and 52675 (old driver, silent CPU), 17966 (GPU too
old for the wheel), jax issue 26968 (jax-metal is dead), jax's plugin check ("All of the major,
minor and patch version must match").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from advisor.devices import index_of, kinds_of_word, reported_word, word_of
from advisor.machine.findings import Bench, Finding
from advisor.machine.mends import at_least, numbers
from advisor.machine.toolchains import InstalledToolchain
from advisor.pair import TITLES
from advisor.text import private

# What PyTorch's wheel or its plugin must be, and JAX's plugin packages, per kind.
_TORCH_BUILD = {"nvidia": "cuda", "amd": "hip", "intel_gpu": "xpu"}
_TORCH_PLUGIN = {"tpu": ("torch-tpu", "torch-xla"), "trainium": ("torch-neuronx",)}
_JAX_PLUGIN = {
    "nvidia": ("jax-cuda13-plugin", "jax-cuda12-plugin"),
    "amd": ("jax-rocm7-plugin", "jax-rocm60-plugin"),
    "intel_gpu": ("jax-oneapi-plugin",),
    "tpu": ("libtpu",),
    "trainium": ("jax-neuronx",),
}
_HIDING = {
    "nvidia": ("CUDA_VISIBLE_DEVICES",),
    "amd": ("HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"),
    "intel_gpu": ("ZE_AFFINITY_MASK",),
    "tpu": ("TPU_VISIBLE_CHIPS", "TPU_VISIBLE_DEVICES"),
    "trainium": ("NEURON_RT_VISIBLE_CORES",),
}


@dataclass(frozen=True)
class Case:
    """One toolchain, one accelerator of the machine, and what surrounds them."""

    toolchain: InstalledToolchain
    accelerator: Mapping[str, Any]
    os: str
    visibility: Mapping[str, str]

    @property
    def framework(self) -> str:
        """``pytorch`` or ``jax``."""
        return self.toolchain.framework

    @property
    def kind(self) -> str:
        """The accelerator's kind."""
        return str(self.accelerator["kind"])

    @property
    def title(self) -> str:
        """The framework and its version, for sentences."""
        return f"{TITLES[self.framework]} {self.toolchain.version or ''}".strip()


def hiding_variable(kind: str, visibility: Mapping[str, str]) -> str | None:
    """The variable that hides every accelerator of *kind* from processes, or None.

    An empty list and -1 mean none.
    https://docs.nvidia.com/cuda/cuda-c-programming-guide/#cuda-environment-variables
    """
    for name in _HIDING.get(kind, ()):
        if name in visibility and visibility[name].strip() in ("", "-1", "none", "NoDevFiles"):
            return name
    return None


def uses(toolchain: InstalledToolchain, kind: str) -> bool:
    """Whether the framework has a working device of this kind of accelerator."""
    return any(
        device.get("kind") == reported_word(kind) and device.get("usable")
        for device in toolchain.devices
    )


def serves(kind: str, device: str) -> bool:
    """Whether an accelerator of *kind* is what the device word *device* means."""
    return kind in kinds_of_word(device)


def matches(device: str, seen: Mapping[str, Any]) -> bool:
    """Whether the device *seen* is what the device word *device* means."""
    here = str(seen.get("device", ""))
    kinds = kinds_of_word(here)
    # A particular word (``cuda``) is meant by a general one (``gpu``), and not the reverse.
    meant = bool(kinds) and set(kinds) < set(kinds_of_word(device))
    same_index = index_of(here) == index_of(device)
    return same_index and (meant or word_of(here) == word_of(device))


def fallback_cause(case: Case, bench: Bench) -> Finding | None:
    """Why the framework does not use the accelerator; None where it does, or cannot be blamed."""
    if uses(case.toolchain, case.kind):
        return None
    if hiding_variable(case.kind, case.visibility) or not case.accelerator.get("driver"):
        # Told once, in the area of the accelerator.
        return None
    checks: Sequence[Callable[[Case, Bench], Finding | None]] = (
        _no_back_end,
        _wheel_or_plugin,
        _plugin_lag,
        _too_old,
        _unusable,
    )
    for check in checks:
        cause = check(case, bench)
        if cause is not None:
            return cause
    # Without having been asked for, missing devices prove nothing.
    return _unexplained(case, bench) if case.toolchain.devices else None


def pip_of(toolchain: InstalledToolchain) -> dict[str, str]:
    """How to call pip for a toolchain's environment, and its Python; both can be pasted."""
    quoted = _quoted(private(toolchain.interpreter))
    if "pip" in toolchain.packages or not toolchain.packages:
        return {"python": quoted, "pip": f"{quoted} -m pip"}
    # pip 22.3 and later installs into environments that have none.
    return {"python": quoted, "pip": f"python3 -m pip --python {quoted}"}


def _quoted(path: str) -> str:
    """*path* for a shell, where ``~`` and ``$USER`` still mean what they stand for."""
    head, rest = ("~/", path[2:]) if path.startswith("~/") else ("", path)
    if not re.search(r"[^\w@%+=:,./\\-]", rest.replace("$USER", "")):
        return path
    escaped = rest if "\\" in rest else re.sub(r'(["`]|\$(?!USER))', r"\\\1", rest)
    return f'{head}"{escaped}"'


def _no_back_end(case: Case, bench: Bench) -> Finding | None:
    if case.framework != "jax":
        return None
    if case.os == "windows" and case.kind in ("nvidia", "amd", "intel_gpu"):
        text = "JAX has no GPU support on native Windows; it computes on the CPU"
        return bench.problem("jax.native-windows", text)
    if case.kind == "apple" and "jax-mps" not in case.toolchain.packages:
        if "jax-metal" in case.toolchain.packages:
            text = "jax-metal is no longer developed and does not work with this JAX"
            return bench.problem("jax.metal-dead", text, **pip_of(case.toolchain))
        text = "JAX has no maintained back end for Apple GPUs; it computes on the CPU"
        return bench.warning("jax.no-back-end", text)
    return None


def _wheel_or_plugin(case: Case, bench: Bench) -> Finding | None:
    name, packages = str(case.accelerator.get("name")), case.toolchain.packages
    fills = {"version": bench.mends.oldest_driver(case.framework) or "", **pip_of(case.toolchain)}
    if case.framework == "pytorch" and case.kind in _TORCH_BUILD:
        if case.toolchain.build.get(_TORCH_BUILD[case.kind]):
            return None
        text = f"{case.title} is built without support for the {name} that is here"
        return bench.problem("pytorch.cpu-wheel", text, **fills)
    table = _TORCH_PLUGIN if case.framework == "pytorch" else _JAX_PLUGIN
    plugins = table.get(case.kind, ())
    if not plugins or any(plugin in packages for plugin in plugins):
        return None
    text = f"{case.title} has no plugin for the {name} that is here; it computes on the CPU"
    return bench.problem(f"{case.framework}.missing-plugin", text, **fills)


def _plugin_lag(case: Case, bench: Bench) -> Finding | None:
    """JAX leaves a plugin unused whose version is not jaxlib's."""
    packages = case.toolchain.packages
    jaxlib = packages.get("jaxlib")
    for plugin in _JAX_PLUGIN.get(case.kind, ()):
        version = packages.get(plugin)
        if case.framework != "jax" or not plugin.startswith("jax-") or not jaxlib or not version:
            continue
        if plugin == "jax-neuronx" or numbers(version)[:3] == numbers(jaxlib)[:3]:
            continue
        text = f"{plugin} is {version} and jaxlib is {jaxlib}: JAX leaves the plugin unused"
        wanted = ".".join(str(part) for part in numbers(version)[:3])
        return bench.problem("jax.plugin-lag", text, version=wanted, **pip_of(case.toolchain))
    return None


def _too_old(case: Case, bench: Bench) -> Finding | None:
    """Driver or GPU older than the wheel's CUDA needs."""
    cuda = _cuda_of(case.toolchain)
    need = bench.mends.need(case.framework, cuda) if case.kind == "nvidia" and cuda else None
    if need is None:
        return None
    driver = str(case.accelerator.get("driver"))
    capability = case.accelerator.get("compute_capability")
    oldest = bench.mends.oldest_driver(case.framework) or need.driver
    fills = {"version": oldest, **pip_of(case.toolchain)}
    if numbers(driver) and not at_least(driver, need.driver):
        text = f"driver {driver} is too old for {case.title} (CUDA {cuda} needs {need.driver})"
        return bench.problem(f"{case.framework}.driver-too-old", text, **fills)
    if capability and not at_least(str(capability), need.compute_capability):
        text = (
            f"the GPU (compute capability {capability}) is too old for {case.title}: "
            f"CUDA {cuda} builds need {need.compute_capability}"
        )
        return bench.problem(f"{case.framework}.gpu-too-old", text, **fills)
    return None


def _cuda_of(toolchain: InstalledToolchain) -> str | None:
    if toolchain.framework == "pytorch":
        built_for = toolchain.build.get("cuda")
        return str(built_for) if built_for else None
    for major in ("13", "12"):
        if f"jax-cuda{major}-plugin" in toolchain.packages:
            return major
    return None


def _unusable(case: Case, bench: Bench) -> Finding | None:
    for device in case.toolchain.devices:
        if device.get("kind") == reported_word(case.kind) and not device.get("usable"):
            error = str(device.get("error") or "no reason given")
            finding = f"{case.framework}.device-unusable"
            if "no kernel image" in error:
                finding = f"{case.framework}.gpu-too-old"
            text = f"{case.title} sees {device.get('device')} but cannot compute on it: {error}"
            return bench.problem(finding, text[:400], **pip_of(case.toolchain))
    return None


def _unexplained(case: Case, bench: Bench) -> Finding:
    warnings = [text for text in case.toolchain.warnings if _speaks_of_devices(text)]
    said = f"; it says: {warnings[0]}" if warnings else ""
    text = f"{case.title} does not use the {case.accelerator.get('name')} that is here{said}"
    return bench.problem(f"{case.framework}.no-device", text[:400], **pip_of(case.toolchain))


def _speaks_of_devices(text: str) -> bool:
    words = ("driver", "cuda", "rocm", "gpu", "tpu", "falling back", "nvidia", "plugin", "xpu")
    return any(word in text.lower() for word in words)
