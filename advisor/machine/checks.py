"""What doctor says of the machine itself: processor, limits, power, load, compiler, terminal.

Pure functions from an `Examination` to findings; each area yields at least one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from advisor.machine.examination import Examination
from advisor.machine.findings import Bench, Finding
from advisor.machine.mends import numbers

_GIB = 1 << 30
_MIB = 1 << 20
_LOW_MEMORY_BYTES = 4 * _GIB
# Docker's default; data loaders with several workers run out of it.
_SMALL_SHM_BYTES = 64 * _MIB
# A compile cache and a C++ build fit in this.
_LOW_DISK_BYTES = 512 * _MIB
_BUSY_PRESSURE_PERCENT = 5.0
_BUSY_SHARE = 0.5
# Inductor's C++ code needs C++17 and newer intrinsics than GCC 8 has.
# https://github.com/pytorch/pytorch/issues/130815
_OLDEST_GCC = 9
# With these drivers "powersave" lets the hardware choose the clock and is the normal setting.
# https://docs.kernel.org/admin-guide/pm/intel_pstate.html
_SELF_GOVERNING = ("intel_pstate", "amd-pstate-epp", "amd_pstate_epp")


def machine_findings(seen: Examination, bench: Bench) -> list[Finding]:
    """The findings of every area that is not a framework or an accelerator."""
    checks: tuple[Callable[[Examination, Bench], list[Finding]], ...] = (
        _cpu,
        _quota,
        _memory,
        _disk,
        _battery,
        _load,
        _compiler,
        _environment,
        _lock,
        _terminal,
    )
    return [finding for check in checks for finding in check(seen, bench)]


def python_findings(seen: Examination, bench: Bench) -> list[Finding]:
    """This Python, and interpreters nearby that could not answer."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    names = sorted({t.origin for t in seen.nearby if t.problem is None})
    others = f"; also found: {', '.join(names)}" if names else ""
    findings = [bench.ok("python", f"Python {version} at {sys.executable}{others}")]
    for toolchain in seen.nearby:
        problem = toolchain.problem or {}
        place = f"{toolchain.interpreter} ({toolchain.origin}): {problem.get('text', '')}"
        if str(problem.get("id", "")).startswith(("interpreter-", "python-")):
            finding = bench.warning(f"python.{problem['id']}", place)
            if finding not in findings:
                findings.append(finding)
    return findings


def _cpu(seen: Examination, bench: Bench) -> list[Finding]:
    machine, details = seen.machine, seen.machine.get("details") or {}
    findings: list[Finding] = []
    flags = details.get("cpu_flags")
    if machine.get("arch") == "x86_64" and flags is not None and "avx" not in flags:
        text = "this CPU has no AVX, which the JAX wheels need: JAX cannot start here"
        findings.append(bench.problem("cpu.no-avx", text))
    allowed, logical = details.get("cores_allowed"), details.get("cores_logical")
    if allowed and logical and allowed < logical:
        text = f"only {allowed} of {logical} CPUs may be used (affinity); results hold for those"
        findings.append(bench.warning("cpu.affinity", text))
    governor, driver = details.get("governor"), details.get("frequency_driver")
    if governor in ("powersave", "conservative") and driver not in _SELF_GOVERNING:
        text = f"the frequency governor is {governor}: clocks rise late, and times vary"
        findings.append(bench.warning("cpu.governor", text))
    throttled = details.get("throttled_count")
    if throttled:
        text = f"cores were slowed for heat {throttled} times since the start"
        findings.append(bench.warning("cpu.throttled", text))
    cores = machine.get("cores_physical")
    siblings = ", two or more threads each" if details.get("smt_siblings") else ""
    text = f"{machine.get('cpu')}, {_cores(cores, details.get('cores_fast'))}{siblings}"
    nodes = details.get("numa_nodes") or 1
    if nodes > 1:
        memory = f"the CPUs belong to {nodes} memory nodes: times depend on where threads run"
        findings.append(bench.warning("cpu.numa", memory))
    return [*findings, bench.ok("cpu", text)] if nodes > 1 else findings or [bench.ok("cpu", text)]


def _cores(cores: int | None, fast: int | None) -> str:
    if cores and fast:
        return f"{fast} fast and {cores - fast} slow cores"
    return f"{cores or 'an unknown number of'} cores"


def _quota(seen: Examination, bench: Bench) -> list[Finding]:
    details = seen.machine.get("details") or {}
    quota, allowed = seen.machine.get("cpu_quota"), details.get("cores_allowed")
    given = details.get("scheduler_cpus")
    if given and allowed and given < allowed and (quota is None or given < quota):
        text = f"the batch system gave this job {given} of the {allowed} CPUs that it can reach"
        return [bench.warning("quota.scheduler", f"{text}: so many are used for measuring")]
    if quota is None:
        return [bench.ok("quota", "no CPU quota")]
    if allowed and quota >= allowed:
        return [bench.ok("quota", f"a CPU quota of {quota:g} cores, all that may be used")]
    text = (
        f"a CPU quota of {quota:g} cores below {allowed or 'the'} visible CPUs: frameworks start "
        "more threads than may run, and are halted in turn"
    )
    return [bench.warning("quota.below-cores", text)]


def _memory(seen: Examination, bench: Bench) -> list[Finding]:
    usable = seen.machine.get("memory_bytes")
    details = seen.machine.get("details") or {}
    if usable is None:
        return [bench.warning("memory.unknown", "the size of the memory is unknown")]
    limited = ""
    if details.get("memory_limited"):
        limited = f" (a limit; the machine has {details['memory_total_bytes'] / _GIB:.1f} GiB)"
    text = f"{usable / _GIB:.1f} GiB usable{limited}"
    findings = []
    if usable < _LOW_MEMORY_BYTES:
        findings.append(bench.warning("memory.low", f"{text}: larger sizes will be left out"))
    if seen.shm_bytes is not None and seen.shm_bytes <= _SMALL_SHM_BYTES:
        size = f"{seen.shm_bytes / _MIB:.0f} MiB"
        small = f"the shared memory has {size}: data loaders with worker processes run out of it"
        findings.append(bench.warning("memory.small-shm", small))
    return findings or [bench.ok("memory", text)]


def _disk(seen: Examination, bench: Bench) -> list[Finding]:
    free = seen.temporary_free_bytes
    if not seen.temporary_executes:
        text = "temporary files lie on a file system mounted noexec: torch.compile cannot load code"
        return [bench.problem("disk.noexec", text)]
    if free is None:
        return []
    if free < _LOW_DISK_BYTES:
        text = f"{free / _MIB:.0f} MiB free for temporary files: compiling needs 512 MiB"
        return [bench.problem("disk.full", text)]
    return [bench.ok("disk", f"{free / _GIB:.0f} GiB free for temporary files")]


def _battery(seen: Examination, bench: Bench) -> list[Finding]:
    details = seen.machine.get("details") or {}
    if details.get("on_battery"):
        text = "runs on its battery: clocks are lower, and change while measuring"
        return [bench.warning("battery.discharging", text)]
    power = "connected to power" if details.get("battery") else "no battery"
    return [bench.ok("battery", power)]


def _load(seen: Examination, bench: Bench) -> list[Finding]:
    average, pressure = seen.load.get("average"), seen.load.get("pressure")
    cores = seen.machine.get("cores_usable") or 1
    if average is None:
        return [bench.ok("load", "the load is unknown on this system")]
    load = f"load {average:.1f} on {cores} usable CPUs"
    if pressure is not None:
        load += f", tasks waited for a CPU {pressure:.0f} % of the time"
    if average > _BUSY_SHARE * cores or (pressure or 0.0) > _BUSY_PRESSURE_PERCENT:
        return [bench.warning("load.busy", f"{load}: other work would disturb measuring")]
    return [bench.ok("load", load)]


def _compiler(seen: Examination, bench: Bench) -> list[Finding]:
    torch = [t for t in seen.toolchains if t.framework == "pytorch" and t.problem is None]
    compiler = seen.compiler
    if not torch:
        return [bench.ok("compiler", "not needed: only torch.compile uses one")]
    if compiler is None:
        text = "no C++ compiler: torch.compile cannot work on the CPU (eager and JAX can)"
        return [bench.problem("compiler.missing", text)]
    name, version = compiler.get("command"), compiler.get("version")
    if version is None:
        return [bench.problem("compiler.broken", f"{name} is there but does not run")]
    major = (numbers(version) or (99,))[0]
    findings = []
    if str(name).rpartition("/")[2].startswith(("g++", "gcc")) and major < _OLDEST_GCC:
        text = f"{name} {version} is too old for the code that torch.compile writes"
        findings.append(bench.warning("compiler.old", text))
    if any(t.headers is False for t in torch):
        text = "Python.h is missing: torch.compile cannot build its C++ code"
        findings.append(bench.warning("compiler.no-headers", text))
    return findings or [bench.ok("compiler", f"{name} {version} for torch.compile")]


def _environment(seen: Examination, bench: Bench) -> list[Finding]:
    if not seen.tuning:
        return [bench.ok("environment", "no variables that tune a framework")]
    names = ", ".join(sorted(seen.tuning))
    text = f"your own runs have {names}; what is measured here is without"
    return [bench.warning("environment.tuning", text)]


def _lock(seen: Examination, bench: Bench) -> list[Finding]:
    if seen.lock_held:
        text = "another fw-advisor is measuring on this machine"
        return [bench.warning("lock.held", text)]
    return [bench.ok("lock", "no other fw-advisor is measuring")]


def _terminal(seen: Examination, bench: Bench) -> list[Finding]:
    terminal = seen.terminal
    if not terminal.get("input") or not terminal.get("output"):
        text = "no terminal here: interview works with --answers and --no-input only"
        return [bench.ok("terminal", text)]
    findings = []
    if "utf" not in str(terminal.get("encoding", "")):
        text = f"the terminal's encoding is {terminal.get('encoding') or 'unknown'}, not UTF-8"
        findings.append(bench.warning("terminal.encoding", f"{text}: some characters show as ?"))
    if int(terminal.get("columns") or 80) < 60:
        text = f"the terminal has {terminal['columns']} columns; 60 or more read better"
        findings.append(bench.warning("terminal.narrow", text))
    shown = f"{terminal.get('type') or 'unknown type'}, {terminal.get('columns')} columns"
    return findings or [bench.ok("terminal", shown)]
