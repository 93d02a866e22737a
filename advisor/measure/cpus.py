"""The CPUs that workers may use: whole cores, within the quota, the fast ones last."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence

from advisor.evidence import Machine
from advisor.machine.cpu import one_per_core
from advisor.workers.affinity import affinity_of


def usable_cpus(
    cpu_quota: float | None = None,
    siblings: Sequence[Sequence[int]] = (),
    fast: Collection[int] = (),
) -> tuple[int, ...]:
    """The CPUs that workers may use: one per physical core of this process's, cut to the quota.

    *siblings* holds the groups of logical CPUs that share a core, as far as the system tells;
    *fast* those of the fast cores where there are slow ones too. They stand last, since a quota
    and what runs on one core take the last ones.
    """
    allowed = affinity_of(os.getpid()) or tuple(range(os.cpu_count() or 1))
    # Two threads on one core slow each other, and how much differs between the frameworks.
    cpus = tuple(sorted(one_per_core(allowed, siblings), key=lambda cpu: (cpu in fast, cpu)))
    if cpu_quota is None:
        return cpus
    # Threads beyond the quota would be throttled in turn, a different way in each framework.
    return cpus[-max(1, int(cpu_quota)) :]


def cpus_of(machine: Machine) -> tuple[int, ...]:
    """The CPUs that workers may use on *machine*, which is this one."""
    details = machine.details
    # A batch system that does not bind a job to its CPUs says in words how many are the job's.
    limits = [n for n in (machine.cpu_quota, details.get("scheduler_cpus")) if n is not None]
    return usable_cpus(
        min(limits, default=None),
        details.get("smt_siblings") or (),
        details.get("fast_cpus") or (),
    )
