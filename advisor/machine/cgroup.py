"""What a container or a batch system allows this process: CPU quota and memory, cgroup v1 and v2.

The frameworks size their thread pools from the number of CPUs and do not see the quota, and the
total memory of the machine says nothing about a limit. CgroupLimits hold on every level of the
hierarchy, so the tightest from the process's own group up to the mount counts.

Sources: the kernel's admin-guide, cgroup-v2 ("CPU Interface Files", "Memory Interface Files")
and cgroup-v1 (memory, scheduler/sched-bwc); proc(5) for cgroup and mountinfo.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from advisor.machine.host import Host


@dataclass(frozen=True)
class CgroupLimits:
    """The limits of this process; None where there is none.

    `version` is the highest version of control groups that is mounted.
    """

    cpu_quota: float | None = None
    memory_bytes: int | None = None
    version: int | None = None
    throttled_periods: int | None = None


@dataclass(frozen=True)
class _Mount:
    root: str
    point: str
    controllers: frozenset[str]
    version: int


def read_limits(host: Host) -> CgroupLimits:
    """The limits that hold for this process on *host*."""
    mounts = _mounts(host)
    if not mounts:
        return CgroupLimits()
    quotas: list[float] = []
    sizes: list[int] = []
    throttled: list[int] = []
    for version, controllers, path in _groups(host):
        for mount in mounts:
            if mount.version != version or (version == 1 and not controllers & mount.controllers):
                continue
            for directory in _upwards(mount, path):
                quotas += _quota(host, directory, version)
                sizes += _memory(host, directory, version)
                throttled += _throttled(host, directory)
    return CgroupLimits(
        cpu_quota=min(quotas, default=None),
        memory_bytes=min(sizes, default=None),
        version=max(mount.version for mount in mounts),
        throttled_periods=max(throttled, default=None),
    )


def _mounts(host: Host) -> list[_Mount]:
    mounts = []
    for line in (host.read("/proc/self/mountinfo") or "").splitlines():
        left, separator, right = line.partition(" - ")
        fields, kind = left.split(), right.split()
        if not separator or len(fields) < 5 or not kind:
            continue
        root, point = fields[3], fields[4]
        if kind[0] == "cgroup2":
            mounts.append(_Mount(root, point, frozenset(), 2))
        elif kind[0] == "cgroup" and len(kind) >= 3:
            mounts.append(_Mount(root, point, frozenset(kind[2].split(",")), 1))
    return mounts


def _groups(host: Host) -> Iterator[tuple[int, frozenset[str], str]]:
    for line in (host.read("/proc/self/cgroup") or "").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            yield 2, frozenset(), path
        elif controllers:
            yield 1, frozenset(controllers.split(",")), path


def _upwards(mount: _Mount, path: str) -> Iterator[str]:
    """Directories from the process's group up to the mount point.

    In a container the mount shows only the container's part of the tree, while the path may
    still be counted from the host's root: then the mount point itself is the group.
    """
    relative = posixpath.relpath(path or "/", mount.root or "/")
    directory = mount.point
    if not relative.startswith(".."):
        directory = posixpath.normpath(posixpath.join(mount.point, relative))
    while True:
        yield directory
        if directory == mount.point or len(directory) <= 1:
            return
        directory = posixpath.dirname(directory)


def _quota(host: Host, directory: str, version: int) -> list[float]:
    """Allowed CPU time per wall time, in cores."""
    if version == 2:
        fields = (host.read(f"{directory}/cpu.max") or "").split()
        if len(fields) == 2 and fields[0].isdigit() and fields[1].isdigit() and int(fields[1]):
            return [int(fields[0]) / int(fields[1])]
        return []
    quota = host.read_int(f"{directory}/cpu.cfs_quota_us")
    period = host.read_int(f"{directory}/cpu.cfs_period_us")
    if quota is None or not period or quota <= 0:
        return []
    return [quota / period]


def _memory(host: Host, directory: str, version: int) -> list[int]:
    names = ("memory.max", "memory.high") if version == 2 else ("memory.limit_in_bytes",)
    sizes = [host.read_int(f"{directory}/{name}") for name in names]
    # Version 1 writes "no limit" as a number near 2**63.
    return [size for size in sizes if size is not None and 0 < size < 1 << 60]


def _throttled(host: Host, directory: str) -> list[int]:
    for line in (host.read(f"{directory}/cpu.stat") or "").splitlines():
        name, _, value = line.partition(" ")
        if name == "nr_throttled" and value.strip().isdigit():
            return [int(value)]
    return []
