"""What the operating system says about this process: CPU time, waiting, throttling, memory.

Linux gives all of it; elsewhere the missing readings are None and the gates that need them
say so. Reading costs about a millisecond, so it happens outside what is timed.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import time
from typing import Any

_LINUX = sys.platform.startswith("linux")


def reading() -> dict[str, float | None]:
    """Counters that only grow; the difference of two readings describes a stretch of time.

    Keys: ``cpu_s`` (all threads, user and system), ``run_delay_s`` (runnable but waiting for a
    core, summed over threads; /proc/PID/task/TID/schedstat, second field, in ns),
    ``switches`` (involuntary context switches), ``steal_s`` (taken by the hypervisor from the
    CPUs that this process may use), ``pressure_s`` (machine-wide: some task waited for a CPU),
    ``throttled_s`` (cgroup CPU quota).
    """
    return {
        "cpu_s": time.process_time(),
        "run_delay_s": _run_delay_s(),
        "switches": _involuntary_switches(),
        "steal_s": _steal_s(),
        "pressure_s": _pressure_s(),
        "throttled_s": _throttled_s(),
    }


def difference(
    before: dict[str, float | None], after: dict[str, float | None]
) -> dict[str, float | None]:
    """What happened between two readings; None where either lacks the counter."""
    changes: dict[str, float | None] = {}
    for key, late in after.items():
        early = before[key]
        changes[key] = None if early is None or late is None else max(0.0, late - early)
    return changes


def python_version() -> str:
    """The version of this Python; ``3.14.0t`` of a build without the global lock."""
    threaded = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    return ".".join(map(str, sys.version_info[:3])) + threaded


def affinity() -> list[int] | None:
    """The CPUs this process may use, or None where the system does not tell."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return None


def task_times() -> dict[str, tuple[int, int]]:
    """By thread of this process the CPU time in ns and the CPU it ran on last; empty elsewhere.

    From /proc/self/task/TID/schedstat, first field, and .../stat, field 39 of proc(5).
    """
    times: dict[str, tuple[int, int]] = {}
    for task in os.listdir("/proc/self/task") if _LINUX else ():
        used = (_read(f"/proc/self/task/{task}/schedstat") or "").split()
        # The second field is a name in parentheses that may hold anything.
        fields = (_read(f"/proc/self/task/{task}/stat") or "").rpartition(")")[2].split()
        if used and len(fields) > 36 and fields[36].isdigit():
            times[task] = int(used[0]), int(fields[36])
    return times


def clock_hz(before: dict[str, tuple[int, int]] | None = None) -> float | None:
    """The present clock of the CPUs that this process works on; None where nobody tells.

    Each counts by the CPU time that its threads have had since *before* (`task_times`): an idle
    CPU's clock says nothing of the work. Without that, the highest clock of the CPUs it may use.
    From cpufreq, in kHz (https://docs.kernel.org/admin-guide/pm/cpufreq.html); virtual machines
    mostly have none.
    """
    used: dict[int, int] = {}
    for task, (time_ns, cpu) in (task_times() if before is not None else {}).items():
        early_ns = (before or {}).get(task, (0, cpu))[0]
        used[cpu] = used.get(cpu, 0) + max(0, time_ns - early_ns)
    clocks = {cpu: hz for cpu in affinity() or () if (hz := _cpu_hz(cpu)) is not None}
    weights = {cpu: ns for cpu, ns in used.items() if ns and cpu in clocks}
    if not weights:
        return max(clocks.values(), default=None)
    return sum(clocks[cpu] * ns for cpu, ns in weights.items()) / sum(weights.values())


def _cpu_hz(cpu: int) -> float | None:
    place = f"/sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_cur_freq"
    text = (_read(place) or "").strip() if _LINUX else ""
    return int(text) * 1000.0 if text.isdigit() else None


def reset_peak_memory() -> None:
    """Start the peak anew (proc(5): writing 5 to clear_refs resets the high-water mark)."""
    try:
        with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
            file.write("5")
    except OSError:
        return


def peak_memory_bytes() -> int | None:
    """The largest resident size: since the last reset on Linux, else of the process's life.

    ru_maxrss, the fallback, counts in KiB, and in bytes on macOS.
    """
    for line in (_read("/proc/self/status") or "").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read()
    except OSError:
        return None


def _run_delay_s() -> float | None:
    if not _LINUX:
        return None
    total_ns = 0
    for task in os.listdir("/proc/self/task"):
        text = _read(f"/proc/self/task/{task}/schedstat")
        fields = text.split() if text else []
        if len(fields) >= 2:
            total_ns += int(fields[1])
    return total_ns / 1e9


def _involuntary_switches() -> float | None:
    try:
        import resource
    except ImportError:
        return None
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw)


def _steal_s() -> float | None:
    text = _read("/proc/stat") if _LINUX else None
    mine = {f"cpu{cpu}" for cpu in affinity() or ()}
    rows = [line.split() for line in (text or "").splitlines() if line.startswith("cpu")]
    ticks = [int(row[8]) for row in rows if row[0] in mine and len(row) > 8]
    return sum(ticks) / float(os.sysconf("SC_CLK_TCK")) if ticks else None


def _pressure_s() -> float | None:
    text = _read("/proc/pressure/cpu") if _LINUX else None
    if not text or "total=" not in text:
        return None
    return int(text.split("\n", 1)[0].rsplit("total=", 1)[1]) / 1e6


_CPU_STAT: list[str] = []


def _throttled_s() -> float | None:
    if not _LINUX:
        return None
    if not _CPU_STAT:
        _CPU_STAT.append(_find_cpu_stat())
    text = _read(_CPU_STAT[0]) if _CPU_STAT[0] else None
    values: dict[str, Any] = dict(line.split() for line in (text or "").splitlines() if " " in line)
    if "throttled_usec" in values:
        return int(values["throttled_usec"]) / 1e6
    if "throttled_time" in values:
        return int(values["throttled_time"]) / 1e9
    return None


def _find_cpu_stat() -> str:
    """The cpu.stat of this process's own cgroup: version 2, then version 1, then the root."""
    for line in (_read("/proc/self/cgroup") or "").splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers == "":
            places = [f"/sys/fs/cgroup{path}/cpu.stat", "/sys/fs/cgroup/cpu.stat"]
        elif "cpu" in controllers.split(","):
            places = [
                f"/sys/fs/cgroup/{controllers}{path}/cpu.stat",
                f"/sys/fs/cgroup/cpu{path}/cpu.stat",
                "/sys/fs/cgroup/cpu/cpu.stat",
            ]
        else:
            continue
        for place in places:
            if os.path.exists(place):
                return place
    return ""
