"""The machine as evidence describes it: processor, memory, limits, accelerators, system.

Private by construction: it never reads a host name, a user, a home directory, an address or a
serial number, so that there is nothing to take out again. It knows nothing of frameworks.
"""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from typing import Any

from advisor.machine.accelerators import find_accelerators
from advisor.machine.allocation import Allocation, read_allocation
from advisor.machine.cgroup import CgroupLimits, read_limits
from advisor.machine.cpu import describe_cpu, fast_cpus, numa_nodes, one_per_core
from advisor.machine.host import Host
from advisor.machine.power import describe_power


def describe_machine(sysroot: str | Path = "/", *, host: Host | None = None) -> dict[str, Any]:
    """The ``machine`` part of the evidence document.

    Args:
        sysroot: The directory that stands for ``/``.
        host: What to look at instead of *sysroot*.

    Returns:
        ``os`` (linux, wsl2, macos, windows or another system's name), ``arch``, ``cpu``,
        ``cores_physical``, ``cores_usable`` (affinity and quota), ``cpu_quota`` (cores, None
        without one), ``memory_bytes`` (what may be used), ``accelerators`` and ``details``.
        None always means unknown or absent.
    """
    host = host or Host(sysroot)
    cpu = describe_cpu(host)
    limits = read_limits(host)
    allowed = host.affinity()
    job = read_allocation(host.environ)
    fast = fast_cpus(host)
    total = _total_memory(host)
    usable = min((n for n in (total, limits.memory_bytes) if n is not None), default=None)
    return {
        "os": os_word(host),
        "arch": cpu["arch"],
        "cpu": cpu["name"],
        "cores_physical": cpu["physical"],
        "cores_usable": _usable(allowed, cpu["logical"], limits, job),
        "cpu_quota": limits.cpu_quota,
        "memory_bytes": usable,
        "accelerators": [accelerator.document() for accelerator in find_accelerators(host)],
        "details": {
            "system": _system_text(host),
            "cores_logical": cpu["logical"],
            "cores_allowed": None if allowed is None else len(allowed),
            "cores_allowed_physical": _physical(allowed, cpu["siblings"]),
            "smt_siblings": [group for group in cpu["siblings"] if len(group) > 1],
            "fast_cpus": list(fast),
            "cores_fast": len(one_per_core(fast, cpu["siblings"])) or None,
            "numa_nodes": numa_nodes(host),
            "scheduler": job.scheduler if job else None,
            "scheduler_cpus": job.cpus if job else None,
            "scheduler_gpus": job.gpus if job else None,
            "cpu_flags": cpu["flags"],
            "cgroup_version": limits.version,
            "memory_total_bytes": total,
            "memory_limited": total is not None and usable is not None and usable < total,
            "container": _in_container(host),
            **describe_power(host),
        },
    }


def os_word(host: Host) -> str:
    """The operating system as the answer ``hardware.os`` names it."""
    if host.system == "Linux":
        kernel = (host.read("/proc/sys/kernel/osrelease") or "").lower()
        return "wsl2" if "microsoft" in kernel else "linux"
    return {"Darwin": "macos", "Windows": "windows"}.get(host.system, host.system.lower())


def _usable(
    allowed: tuple[int, ...] | None,
    logical: int | None,
    limits: CgroupLimits,
    job: Allocation | None,
) -> int | None:
    cores = len(allowed) if allowed else logical
    given = [n for n in (limits.cpu_quota, job.cpus if job else None) if n is not None]
    if cores is None or not given:
        return cores
    return min(cores, max(1, int(min(given))))


def _physical(allowed: tuple[int, ...] | None, siblings: list[list[int]]) -> int | None:
    if allowed is None or not siblings:
        return None
    return len(one_per_core(allowed, siblings))


def _total_memory(host: Host) -> int | None:
    match = re.search(r"^MemTotal:\s+(\d+) kB", host.read("/proc/meminfo") or "", re.MULTILINE)
    if match:
        return int(match.group(1)) * 1024
    if not host.is_real:
        return None
    try:
        import psutil  # noqa: PLC0415  (needed off Linux only, and a bare node lacks it)

        return int(psutil.virtual_memory().total)
    except (ImportError, OSError):
        return _memory_from_sysconf()


def _memory_from_sysconf() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def _system_text(host: Host) -> str:
    """System and version, without what a local build adds to the kernel's name."""
    if host.system == "Linux":
        release = _version(host.read("/proc/sys/kernel/osrelease") or "")
        return f"{_distribution(host)}, kernel {release}" if release else _distribution(host)
    if host.system == "Darwin":
        return f"macOS {platform.mac_ver()[0]}".strip()
    return f"{host.system} {_version(platform.version())}".strip()


def _distribution(host: Host) -> str:
    pairs: dict[str, str] = {}
    text = host.read("/etc/os-release") or host.read("/usr/lib/os-release") or ""
    for line in text.splitlines():
        key, _, value = line.partition("=")
        pairs[key] = value.strip("\"'")
    name, version = pairs.get("NAME", "Linux"), pairs.get("VERSION_ID", "")
    return f"{name} {version}".strip()[:80]


def _version(text: str) -> str:
    match = re.match(r"\d+(\.\d+)*", text)
    return match.group(0) if match else ""


def _in_container(host: Host) -> bool:
    return host.exists("/.dockerenv") or host.exists("/run/.containerenv")
