"""The processor: name, physical cores, which logical CPUs share one, and its vector units.

On Linux from files alone; elsewhere from psutil and py-cpuinfo, imported only there, since the
latter takes a second.
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
from collections.abc import Sequence
from typing import Any

from advisor.machine.host import Host, cpu_list

# Vector and matrix units that decide which kernels a framework picks, and whether jaxlib starts.
_FLAGS = (
    "avx",
    "avx2",
    "fma",
    "avx512f",
    "avx512_bf16",
    "avx512_fp16",
    "amx_tile",
    "amx_bf16",
    "asimd",
    "sve",
    "sve2",
    "bf16",
    "i8mm",
)
# A core of less than this share of the fastest one's capacity is a slow one.
_FAST_SHARE = 0.85
_TOPOLOGY = "/sys/devices/system/cpu"


def describe_cpu(host: Host) -> dict[str, Any]:
    """Keys ``name``, ``arch``, ``physical``, ``logical``, ``siblings`` and ``flags``.

    ``siblings`` holds one list of logical CPUs per physical core; empty where unknown.
    """
    blocks = _cpuinfo_blocks(host)
    siblings = _siblings(host)
    logical = sum(len(group) for group in siblings) or len(blocks) or None
    physical = len(siblings) or _physical_from_cpuinfo(blocks)
    if host.is_real and (physical is None or logical is None):
        physical, logical = _counts(physical, logical)
    return {
        "name": _name(host, blocks),
        "arch": _arch(host),
        "physical": physical,
        "logical": logical,
        "siblings": siblings,
        "flags": _flags(blocks),
    }


def fast_cpus(host: Host) -> tuple[int, ...]:
    """The logical CPUs of the fast cores, where a processor has fast and slow ones; else empty.

    Intel's hybrid processors list them by kind (/sys/devices/cpu_core); elsewhere the kernel gives
    each CPU a capacity, 1024 for the fastest (ABI document sysfs-devices-system-cpu).
    """
    if host.read("/sys/devices/cpu_atom/cpus"):
        return cpu_list(host.read("/sys/devices/cpu_core/cpus") or "")
    capacities = {
        int(name.removeprefix("cpu")): capacity
        for name in host.matching(_TOPOLOGY, r"cpu\d+")
        if (capacity := host.read_int(f"{_TOPOLOGY}/{name}/cpu_capacity")) is not None
    }
    most = max(capacities.values(), default=0)
    fast = tuple(sorted(cpu for cpu, x in capacities.items() if x >= _FAST_SHARE * most))
    return fast if len(fast) < len(capacities) else ()


def numa_nodes(host: Host) -> int:
    """How many memory nodes have CPUs; 1 where the system tells of none."""
    place = "/sys/devices/system/node"
    nodes = [host.read(f"{place}/{name}/cpulist") for name in host.matching(place, r"node\d+")]
    return max(1, sum(bool(cpus) for cpus in nodes))


def one_per_core(cpus: Sequence[int], siblings: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """*cpus* with only the first allowed logical CPU of each physical core.

    CPUs that no group names are kept: without a topology each counts as a core.
    """
    kept = set(cpus)
    for group in siblings:
        allowed = sorted(set(group) & kept)
        kept -= set(allowed[1:])
    return tuple(sorted(kept))


def _cpuinfo_blocks(host: Host) -> list[dict[str, str]]:
    """One dictionary per logical CPU; the first also holds what stands outside the blocks."""
    blocks: list[dict[str, str]] = []
    general: dict[str, str] = {}
    for line in (host.read("/proc/cpuinfo") or "").splitlines():
        key, colon, value = line.partition(":")
        key, value = key.strip(), value.strip()
        if not colon:
            continue
        if key == "processor" and value.isdigit():
            blocks.append({})
        (blocks[-1] if blocks else general)[key] = value
    if blocks:
        blocks[0] = {**general, **blocks[0]}
    return blocks


def _siblings(host: Host) -> list[list[int]]:
    groups: set[tuple[int, ...]] = set()
    for name in host.matching(_TOPOLOGY, r"cpu\d+"):
        place = f"{_TOPOLOGY}/{name}/topology"
        text = host.read(f"{place}/core_cpus_list") or host.read(f"{place}/thread_siblings_list")
        if text:
            groups.add(cpu_list(text))
    return [list(group) for group in sorted(groups) if group]


def _physical_from_cpuinfo(blocks: list[dict[str, str]]) -> int | None:
    cores = {(b.get("physical id"), b["core id"]) for b in blocks if "core id" in b}
    return len(cores) or None


def _counts(physical: int | None, logical: int | None) -> tuple[int | None, int | None]:
    try:
        import psutil  # noqa: PLC0415  (needed off Linux only)

        return (
            physical or psutil.cpu_count(logical=False),
            logical or psutil.cpu_count(logical=True),
        )
    except (ImportError, OSError):
        return physical, logical or os.cpu_count()


def _name(host: Host, blocks: list[dict[str, str]]) -> str:
    first = blocks[0] if blocks else {}
    for key in ("model name", "Model", "cpu model", "Hardware", "cpu"):
        if first.get(key):
            return _tidy(first[key])
    # Boards with a device tree name themselves there.
    model = host.read("/proc/device-tree/model")
    if model:
        return _tidy(model)
    if not host.is_real:
        return "unknown"
    if host.system == "Darwin":
        brand = host.output_of(["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"])
        if brand and brand.strip():
            return _tidy(brand)
    return _name_from_cpuinfo_package() or platform.processor() or "unknown"


def _name_from_cpuinfo_package() -> str:
    try:
        import cpuinfo  # noqa: PLC0415  (takes a second, and a bare node lacks it)
    except ImportError:
        return ""
    # It runs external tools and parses what they print: anything can come out of that.
    with contextlib.suppress(Exception):
        return _tidy(str(cpuinfo.get_cpu_info().get("brand_raw", "")))
    return ""


def _arch(host: Host) -> str:
    if host.is_real:
        word = platform.machine().lower()
    else:
        blocks = _cpuinfo_blocks(host)
        word = "aarch64" if blocks and "CPU implementer" in blocks[0] else "x86_64"
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(word, word) or "unknown"


def _flags(blocks: list[dict[str, str]]) -> list[str] | None:
    """The flags of `_FLAGS` that every CPU has; None where the system lists none."""
    lists = [set((b.get("flags") or b.get("Features") or "").split()) for b in blocks]
    lists = [cpus for cpus in lists if cpus]
    if not lists:
        return None
    common = set.intersection(*lists)
    return [flag for flag in _FLAGS if flag in common]


def _tidy(name: str) -> str:
    name = re.sub(r"\((?:R|TM|tm|r)\)", "", name)
    return " ".join(name.split())[:120]
