"""What a batch system gave to this process: CPUs and GPUs of a node that others use as well.

A node's own counts say what it has, not what this job may use. Only the environment tells, where
the batch system does not bind the job to its CPUs. Variables, by system:

- Slurm: https://slurm.schedmd.com/sbatch.html (output environment variables)
- PBS: the PBS Professional user's guide, "NCPUS" among the job's variables
- LSF: https://www.ibm.com/docs/en/spectrum-lsf (LSB_DJOB_NUMPROC)
- Grid Engine: sge_submit(1), NSLOTS
- Kubernetes: limits are control groups (`advisor.machine.cgroup`); GPUs come with a limit only
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_NONE = ("", "-1", "none", "void", "nodevfiles")


@dataclass(frozen=True)
class Allocation:
    """The share of a node that a batch system gave to this process.

    Attributes:
        scheduler: ``slurm``, ``pbs``, ``lsf``, ``sge`` or ``kubernetes``.
        cpus: How many CPUs this task may use; None where the system does not say.
        gpus: Whether GPUs belong to it; None where that is not known.
    """

    scheduler: str
    cpus: int | None = None
    gpus: bool | None = None


@dataclass(frozen=True)
class _System:
    scheduler: str
    job: str
    cpus: tuple[str, ...] = ()
    gpus: tuple[str, ...] = ()


_SYSTEMS = (
    _System(
        "slurm",
        "SLURM_JOB_ID",
        # Per task where it was asked for; else the job's CPUs on this node.
        ("SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE"),
        ("SLURM_JOB_GPUS", "SLURM_STEP_GPUS", "SLURM_GPUS_ON_NODE", "SLURM_GPUS"),
    ),
    _System("pbs", "PBS_JOBID", ("NCPUS",)),
    _System("lsf", "LSB_JOBID", ("LSB_DJOB_NUMPROC",)),
    _System("sge", "SGE_TASK_ID", ("NSLOTS",), ("SGE_HGR_gpu",)),
    _System("kubernetes", "KUBERNETES_SERVICE_HOST"),
)


def read_allocation(environ: Mapping[str, str]) -> Allocation | None:
    """What *environ* says of a batch job; None outside of one."""
    for system in _SYSTEMS:
        if system.job in environ:
            counts = (environ.get(name, "") for name in system.cpus)
            cpus = next((int(text) for text in counts if text.isdigit() and int(text)), None)
            return Allocation(system.scheduler, cpus, _has_gpus(system, environ))
    return None


def _has_gpus(system: _System, environ: Mapping[str, str]) -> bool | None:
    """Named ones are there; a list of visible devices that a job's prologue emptied has none."""
    if any(environ.get(name, "").strip() not in ("", "0") for name in system.gpus):
        return True
    for name in ("CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES"):
        if name in environ:
            return environ[name].strip().lower() not in _NONE
    return None
