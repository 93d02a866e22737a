"""What doctor looks at, gathered once: facts only, no judgement.

Everything here can be pasted in public: paths are shown with ``~``, and of the environment only
variables that are known to matter are kept, with their values only where those say nothing.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from advisor.machine.describe import describe_machine
from advisor.machine.host import Host
from advisor.machine.inspection import Holdings, abandon
from advisor.machine.toolchains import InstalledToolchain, find_toolchains, survey, with_devices
from advisor.text import inert, private
from advisor.workers.environment import dropped_tuning, shown_value
from advisor.workers.lock import is_held

# Those that hide accelerators from a process.
VISIBILITY = (
    "CUDA_VISIBLE_DEVICES",
    "NVIDIA_VISIBLE_DEVICES",
    "HIP_VISIBLE_DEVICES",
    "ROCR_VISIBLE_DEVICES",
    "ZE_AFFINITY_MASK",
    "ONEAPI_DEVICE_SELECTOR",
    "TPU_VISIBLE_CHIPS",
    "TPU_VISIBLE_DEVICES",
    "NEURON_RT_VISIBLE_CORES",
)
# Tuning variables whose values can be pasted in public; of all others only the name is told.
_PLAIN_TUNING = frozenset(
    {
        "CUDA_LAUNCH_BLOCKING",
        "JAX_ENABLE_X64",
        "MALLOC_ARENA_MAX",
        "MKL_NUM_THREADS",
        "NPROC",
        "NUMEXPR_NUM_THREADS",
        "NVIDIA_TF32_OVERRIDE",
        "OMP_NUM_THREADS",
        "OMP_PROC_BIND",
        "OPENBLAS_NUM_THREADS",
        "PJRT_NPROC",
        "PYTORCH_ENABLE_MPS_FALLBACK",
        "TORCH_COMPILE_DISABLE",
        "VECLIB_MAXIMUM_THREADS",
        "XLA_PYTHON_CLIENT_MEM_FRACTION",
        "XLA_PYTHON_CLIENT_PREALLOCATE",
    }
)


@dataclass(frozen=True)
class Examination:
    """The raw facts behind the findings.

    `compiler` has ``command``, ``version`` (None: it does not run) and is None without one;
    `load` has ``average`` (runnable tasks over a minute) and ``pressure`` (share of time in
    which tasks waited for a CPU, percent over 10 s), None where unknown.
    """

    machine: Mapping[str, Any]
    toolchains: tuple[InstalledToolchain, ...] = ()
    nearby: tuple[InstalledToolchain, ...] = ()
    visibility: Mapping[str, str] = field(default_factory=dict)
    tuning: Mapping[str, str] = field(default_factory=dict)
    distribution: tuple[str, ...] = ()
    compiler: Mapping[str, str | None] | None = None
    load: Mapping[str, float | None] = field(default_factory=dict)
    lock_held: bool = False
    shm_bytes: int | None = None
    temporary_free_bytes: int | None = None
    temporary_executes: bool = True
    terminal: Mapping[str, Any] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """The facts as plain data, for ``doctor --json``."""
        return {
            "machine": dict(self.machine),
            "toolchains": [toolchain_facts(t) for t in self.toolchains],
            "nearby": [toolchain_facts(t) for t in self.nearby],
            "visibility": dict(self.visibility),
            "tuning": dict(self.tuning),
            "distribution": list(self.distribution),
            "compiler": None if self.compiler is None else dict(self.compiler),
            "load": dict(self.load),
            "lock_held": self.lock_held,
            "shm_bytes": self.shm_bytes,
            "temporary_free_bytes": self.temporary_free_bytes,
            "temporary_executes": self.temporary_executes,
            "terminal": dict(self.terminal),
        }


def toolchain_facts(toolchain: InstalledToolchain) -> dict[str, Any]:
    """One toolchain as plain data, nothing private in it."""
    return {
        "framework": toolchain.framework,
        "version": toolchain.version,
        "python": toolchain.python,
        "interpreter": private(toolchain.interpreter),
        "origin": toolchain.origin,
        "build": dict(toolchain.build),
        "packages": dict(toolchain.packages),
        "devices": [dict(device) for device in toolchain.devices],
        "warnings": list(toolchain.warnings),
        "problem": None if toolchain.problem is None else dict(toolchain.problem),
    }


def examine(
    requested: Mapping[str, Sequence[str]],
    *,
    worker: Sequence[str],
    host: Host | None = None,
    directory: Path | None = None,
) -> Examination:
    """Look at everything; takes seconds, since both frameworks are imported for their devices.

    Raises:
        UserError: a requested interpreter does not exist.
    """
    host = host or Host()
    # First, before our own work shows in it.
    load = _load(host)
    answers: dict[str, Holdings] = {}
    places: dict[str, Any] = {"environ": host.environ, "directory": directory}
    # The frameworks' own start takes longest: all else is looked at meanwhile.
    with ThreadPoolExecutor(max_workers=2) as pool:
        describing = pool.submit(describe_machine, host=host)
        chosen = find_toolchains(requested, worker=worker, answers=answers, **places)
        machine = describing.result()
        alone = bool(machine.get("accelerators"))
        asking = pool.submit(with_devices, chosen, worker=worker, side_by_side=not alone)
        try:
            others = survey(worker=worker, answers=answers, **places)
            compiler = find_compiler(host)
            toolchains = tuple(asking.result())
        except BaseException:
            abandon()
            raise
    names = {(t.framework, t.interpreter) for t in chosen}
    return Examination(
        machine=machine,
        toolchains=toolchains,
        nearby=tuple(t for t in others if (t.framework, t.interpreter) not in names),
        visibility=visibility_of(host.environ),
        tuning={name: shown(name, v) for name, v in dropped_tuning(host.environ).items()},
        distribution=_distribution(host),
        compiler=compiler,
        load=load,
        lock_held=is_held(),
        shm_bytes=_shm_bytes(host),
        temporary_free_bytes=shutil.disk_usage(tempfile.gettempdir()).free,
        temporary_executes=executes(tempfile.gettempdir()),
        terminal=_terminal(host),
    )


def executes(directory: str) -> bool:
    """Whether programs may be started from *directory*; what torch.compile builds is loaded so."""
    if not hasattr(os, "statvfs"):
        return True
    return not os.statvfs(directory).f_flag & getattr(os, "ST_NOEXEC", 0)


def visibility_of(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that hide accelerators, as far as *environ* sets them."""
    return {name: inert(shown_value(name, environ[name])) for name in VISIBILITY if name in environ}


def shown(name: str, value: str) -> str:
    """The value of a tuning variable where it can only be a number or a word of the framework."""
    harmless = len(value) <= 20 and re.fullmatch(r"-?[0-9.]+|true|false|on|off", value.lower())
    return value if name in _PLAIN_TUNING and harmless else "<set>"


def find_compiler(host: Host) -> dict[str, str | None] | None:
    """The C++ compiler that torch.compile would take: ``$CXX``, else the system's usual one."""
    usual = "clang++" if host.system == "Darwin" else "g++"
    name = host.environ.get("CXX") or ("cl" if host.system == "Windows" else usual)
    command = shutil.which(name, path=host.environ.get("PATH")) if host.is_real else None
    command = command or host.find_command(name)
    if command is None:
        return None
    text = host.output_of([command, "--version"])
    match = re.search(r"\d+\.\d+(?:\.\d+)?", (text or "").partition("\n")[0])
    version = match.group(0) if match else (None if text is None else "unknown")
    return {"command": inert(private(name), limit=100), "version": version}


def _distribution(host: Host) -> tuple[str, ...]:
    """ID and ID_LIKE of os-release(5)."""
    words: list[str] = []
    for line in (host.read("/etc/os-release") or host.read("/usr/lib/os-release") or "").split(
        "\n"
    ):
        key, _, value = line.partition("=")
        if key in ("ID", "ID_LIKE"):
            words += value.strip("\"'").split()
    return tuple(dict.fromkeys(words))


def _load(host: Host) -> dict[str, float | None]:
    match = re.match(r"\d+\.\d+", host.read("/proc/loadavg") or "")
    pressure = re.search(r"some avg10=(\d+\.\d+)", host.read("/proc/pressure/cpu") or "")
    average = float(match.group(0)) if match else None
    if average is None and host.is_real and hasattr(os, "getloadavg"):
        average = os.getloadavg()[0]
    return {"average": average, "pressure": float(pressure.group(1)) if pressure else None}


def _shm_bytes(host: Host) -> int | None:
    """The size of /dev/shm, through which data loaders hand batches over."""
    if not host.is_real or host.system != "Linux" or not host.exists("/dev/shm"):  # noqa: S108
        return None
    return shutil.disk_usage("/dev/shm").total  # noqa: S108


def _terminal(host: Host) -> dict[str, Any]:
    size = shutil.get_terminal_size()
    return {
        "input": sys.stdin is not None and sys.stdin.isatty(),
        "output": sys.stderr is not None and sys.stderr.isatty(),
        "type": inert(host.environ.get("TERM", ""), limit=40),
        "encoding": (sys.stderr.encoding or "").lower() if sys.stderr else "",
        "columns": size.columns,
    }
