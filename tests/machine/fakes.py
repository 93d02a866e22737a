"""Machines made of files, and interpreters made of shell scripts."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from advisor.machine.host import Host

CPUINFO = """processor\t: {n}
vendor_id\t: GenuineIntel
model name\t: Intel(R) Xeon(R) Platinum 8480+  CPU @ 2.00GHz
physical id\t: 0
core id\t\t: {core}
flags\t\t: fpu sse2 {flags}

"""


def write(root: Path, files: Mapping[str, str]) -> None:
    """Write *files* (absolute names) below *root*."""
    for name, text in files.items():
        place = root / name.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")


def script(root: Path, name: str, body: str) -> Path:
    """An executable shell script below *root*."""
    write(root, {name: f"#!/bin/sh\n{body}\n"})
    place = root / name.lstrip("/")
    place.chmod(place.stat().st_mode | stat.S_IXUSR)
    return place


def machine_root(
    root: Path, *, cpus: int = 4, smt: bool = False, allowed: str = "", flags: str = "avx avx2"
) -> Path:
    """An Intel Linux machine with 16 GiB; with *smt*, CPU n and n + cpus/2 share a core."""
    cores = cpus // 2 if smt else cpus
    files = {
        "/proc/cpuinfo": "".join(
            CPUINFO.format(n=n, core=n % cores, flags=flags) for n in range(cpus)
        ),
        "/proc/meminfo": "MemTotal:       16777216 kB\nMemFree:  1 kB\n",
        "/proc/self/status": f"Name:\tx\nCpus_allowed_list:\t{allowed or f'0-{cpus - 1}'}\n",
        "/proc/sys/kernel/osrelease": "6.8.0-secrethost-generic\n",
        "/proc/sys/kernel/hostname": "annas-laptop\n",
        "/etc/hostname": "annas-laptop\n",
        "/etc/os-release": 'NAME="Ubuntu"\nVERSION_ID="24.04"\nID=ubuntu\nID_LIKE=debian\n',
    }
    for n in range(cpus):
        group = f"{n % cores},{n % cores + cores}" if smt else str(n)
        files[f"/sys/devices/system/cpu/cpu{n}/topology/thread_siblings_list"] = f"{group}\n"
    write(root, files)
    return root


def cgroup2(root: Path, path: str, files: Mapping[str, str], *, mount_root: str = "/") -> None:
    """Version 2, mounted at /sys/fs/cgroup; this process is in *path*."""
    write(
        root,
        {
            "/proc/self/cgroup": f"0::{path}\n",
            "/proc/self/mountinfo": (
                "22 1 0:20 / / rw - ext4 /dev/x rw\n"
                f"30 22 0:26 {mount_root} /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n"
            ),
            **{f"/sys/fs/cgroup{name}": text for name, text in files.items()},
        },
    )


def cgroup1(root: Path, path: str, files: Mapping[str, str], *, mount_root: str = "/") -> None:
    """Version 1, cpu and memory mounted apart; this process is in *path* of both."""
    write(
        root,
        {
            "/proc/self/cgroup": f"9:name=systemd:/\n4:memory:{path}\n1:cpu,cpuacct:{path}\n",
            "/proc/self/mountinfo": (
                f"31 22 0:27 {mount_root} /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
                f"32 22 0:28 {mount_root} /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
                "33 22 0:29 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n"
            ),
            **{f"/sys/fs/cgroup{name}": text for name, text in files.items()},
        },
    )


def pci(root: Path, address: str, vendor: int, device: int, class_code: int, **files: str) -> None:
    """One device on the bus; ``driver=NAME`` says what drives it, others are sysfs files."""
    driver = files.pop("driver", "")
    place = f"/sys/bus/pci/devices/{address}"
    write(
        root,
        {
            f"{place}/vendor": f"0x{vendor:04x}\n",
            f"{place}/device": f"0x{device:04x}\n",
            f"{place}/class": f"0x{class_code:06x}\n",
            f"{place}/uevent": f"DRIVER={driver}\n" if driver else "PCI_CLASS=1\n",
            **{f"{place}/{name}": text for name, text in files.items()},
        },
    )


def host(root: Path, **environ: str) -> Host:
    """The fake machine as a `Host`."""
    return Host(root, environ={"PATH": os.environ["PATH"], **environ})


def holdings(**changes: Any) -> dict[str, Any]:
    """What a well-behaved interpreter with both frameworks answers."""
    answer: dict[str, Any] = {
        "ok": True,
        "protocol": 1,
        "python": "3.12.4",
        "packages": {"numpy": "2.3.0", "torch": "2.14.1", "jax": "0.12.0", "jaxlib": "0.12.0"},
        "frameworks": {
            "pytorch": {"version": "2.14.1", "build": {"cuda": "13.0"}, "lacks": []},
            "jax": {"version": "0.12.0", "build": {}, "lacks": []},
        },
    }
    return {**answer, **changes}


def interpreter(root: Path, name: str, answer: Mapping[str, Any] | None = None) -> Path:
    """A fake interpreter that answers *answer* to everything."""
    text = json.dumps(holdings() if answer is None else answer)
    return script(root, name, f"cat <<'END'\n{text}\nEND")


def delegating(root: Path, name: str, before: str) -> Path:
    """An interpreter that does *before* (shell) and then is the real one."""
    return script(root, name, f'{before}\nexec "{sys.executable}" "$@"')
