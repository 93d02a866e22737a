"""What is this process's own: jobs of batch systems, unequal cores, containers without their GPU.

Each is a machine made of files and an environment, as reports from the field show it.
"""

from __future__ import annotations

import pytest

from advisor.machine.allocation import Allocation, read_allocation
from advisor.machine.describe import describe_machine
from advisor.machine.detected import detected_facts
from advisor.machine.doctor import findings
from advisor.machine.examination import Examination, executes, visibility_of
from advisor.machine.host import Host
from advisor.measure import cpus as cpus_module
from advisor.measure.cpus import usable_cpus
from tests.machine.fakes import pci, write
from tests.machine.test_doctor import MENDS


@pytest.mark.parametrize(
    ("environ", "allocation"),
    [
        ({}, None),
        (
            {"SLURM_JOB_ID": "7", "SLURM_CPUS_PER_TASK": "4", "SLURM_CPUS_ON_NODE": "64"},
            Allocation("slurm", 4),
        ),
        (
            {"SLURM_JOB_ID": "7", "SLURM_CPUS_ON_NODE": "8", "CUDA_VISIBLE_DEVICES": ""},
            Allocation("slurm", 8, gpus=False),
        ),
        (
            {"SLURM_JOB_ID": "7", "SLURM_JOB_GPUS": "0", "CUDA_VISIBLE_DEVICES": "0"},
            Allocation("slurm", None, gpus=True),
        ),
        ({"PBS_JOBID": "9.host", "NCPUS": "12"}, Allocation("pbs", 12)),
        ({"LSB_JOBID": "3", "LSB_DJOB_NUMPROC": "6"}, Allocation("lsf", 6)),
        ({"SGE_TASK_ID": "undefined", "JOB_ID": "5", "NSLOTS": "2"}, Allocation("sge", 2)),
        (
            {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "NVIDIA_VISIBLE_DEVICES": "void"},
            Allocation("kubernetes", None, gpus=False),
        ),
        ({"SLURM_JOB_ID": "7", "SLURM_CPUS_PER_TASK": "many"}, Allocation("slurm")),
        # What a user sets for himself makes no job.
        ({"CUDA_VISIBLE_DEVICES": "", "NSLOTS": "4"}, None),
    ],
)
def test_what_a_batch_system_gave(environ, allocation):
    assert read_allocation(environ) == allocation


def node(root, environ, *, cpus="0-63", gpus=0, tool=None):
    """A machine below *root*; *tool* is what its nvidia-smi prints."""
    write(root, {"/proc/self/status": f"Cpus_allowed_list:\t{cpus}\n"})
    for n in range(gpus):
        pci(root, f"0000:{n + 1:02x}:00.0", 0x10DE, 0x2330, 0x030200, driver="nvidia")
    if gpus:
        write(root, {"/sys/module/nvidia/version": "580.65.06\n"})
    if tool is not None:
        write(root, {"/usr/bin/nvidia-smi": f"#!/bin/sh\necho '{tool}'\nexit 6\n"})
        (root / "usr/bin/nvidia-smi").chmod(0o755)
    return Host(root, environ)


def told(host, area):
    """What doctor says of one area of *host*."""
    machine = describe_machine(host=host)
    seen = Examination(machine=machine, visibility=visibility_of(host.environ))
    return [f for f in findings(seen, MENDS) if f.area == area]


def test_a_job_uses_the_cpus_that_it_was_given_and_not_the_nodes(tmp_path, monkeypatch):
    host = node(tmp_path, {"SLURM_JOB_ID": "7", "SLURM_CPUS_PER_TASK": "4"})
    machine = describe_machine(host=host)
    assert machine["cores_usable"] == 4
    [finding] = told(host, "quota")
    assert finding.id == "quota.scheduler"
    assert "4 of the 64 CPUs" in finding.text


SLURM = {"SLURM_JOB_ID": "7", "CUDA_VISIBLE_DEVICES": ""}


def test_a_job_without_a_gpu_is_told_how_to_ask_for_one(tmp_path):
    host = node(tmp_path, SLURM, gpus=8, tool="No devices were found")
    [finding] = told(host, "accelerator")
    assert finding.id == "accelerator.not-in-slurm-job"
    assert "this Slurm job has no GPU" in finding.text
    assert "No devices were found" in finding.text
    assert "--gres=gpu" in str(finding.mend)
    machine = describe_machine(host=host)
    assert detected_facts(machine, [], host.environ)["detected.hardware"] == "cpu"


def test_outside_of_a_job_an_empty_list_hides_the_gpus_and_is_to_be_unset(tmp_path):
    [finding] = told(node(tmp_path, {"CUDA_VISIBLE_DEVICES": ""}, gpus=8), "accelerator")
    assert finding.id == "accelerator.hidden"


def test_a_container_that_was_started_without_its_gpu_says_so(tmp_path):
    host = node(tmp_path, {}, gpus=1, tool="Failed to initialize NVML: Unknown Error")
    write(tmp_path, {"/.dockerenv": ""})
    [finding] = told(host, "accelerator")
    assert finding.id == "accelerator.not-in-container"
    assert "Failed to initialize NVML" in finding.text
    assert "--gpus all" in str(finding.mend)
    # With the device in it, it is the driver that is silent, in its own words.
    write(tmp_path, {"/dev/nvidia0": ""})
    [finding] = told(host, "accelerator")
    assert finding.id == "accelerator.driver-silent"
    assert "nvidia-smi says: Failed to initialize NVML" in finding.text


def hybrid(root):
    """An i9-13900H: performance cores with two threads each, then efficiency cores."""
    write(
        root,
        {
            "/proc/self/status": "Cpus_allowed_list:\t0-19\n",
            "/sys/devices/cpu_core/cpus": "0-11\n",
            "/sys/devices/cpu_atom/cpus": "12-19\n",
            **{
                f"/sys/devices/system/cpu/cpu{n}/topology/core_cpus_list": (
                    f"{n // 2 * 2}-{n // 2 * 2 + 1}\n" if n < 12 else f"{n}\n"
                )
                for n in range(20)
            },
        },
    )
    return Host(root, {})


def test_unequal_cores_are_told_and_the_fast_ones_come_first(tmp_path, monkeypatch):
    host = hybrid(tmp_path)
    details = describe_machine(host=host)["details"]
    assert details["fast_cpus"] == list(range(12))
    [finding] = told(host, "cpu")
    assert "6 fast and 8 slow cores" in finding.text
    monkeypatch.setattr(cpus_module, "affinity_of", lambda pid: tuple(range(20)))
    every = usable_cpus(None, details["smt_siblings"], details["fast_cpus"])
    assert set(every) == {*range(0, 12, 2), *range(12, 20)}
    # What runs on one core runs on a fast one, and so does all that a quota leaves.
    assert every[-1] == 10
    assert usable_cpus(6.0, details["smt_siblings"], details["fast_cpus"]) == tuple(range(0, 12, 2))


def test_capacities_tell_fast_cores_apart_where_the_kernel_gives_them(tmp_path):
    files = {
        f"/sys/devices/system/cpu/cpu{n}/cpu_capacity": f"{1024 if n >= 4 else 446}\n"
        for n in range(6)
    }
    write(tmp_path, files)
    details = describe_machine(host=Host(tmp_path, {}))["details"]
    assert details["fast_cpus"] == [4, 5]
    write(tmp_path, dict.fromkeys(files, "1024\n"))
    assert describe_machine(host=Host(tmp_path, {}))["details"]["fast_cpus"] == []


def test_memory_nodes_are_told(tmp_path):
    write(
        tmp_path,
        {
            "/sys/devices/system/node/node0/cpulist": "0-31\n",
            "/sys/devices/system/node/node1/cpulist": "32-63\n",
            # Memory without CPUs is no place where threads run.
            "/sys/devices/system/node/node2/cpulist": "\n",
        },
    )
    host = Host(tmp_path, {})
    assert describe_machine(host=host)["details"]["numa_nodes"] == 2
    assert "cpu.numa" in {f.id for f in told(host, "cpu")}


def test_a_temporary_directory_that_cannot_execute_is_a_problem_with_its_mend(monkeypatch):
    class Mounted:
        f_flag = 8

    monkeypatch.setattr("os.statvfs", lambda directory: Mounted)
    monkeypatch.setattr("os.ST_NOEXEC", 8)
    assert not executes("/tmp")
    Mounted.f_flag = 0
    assert executes("/tmp")
    seen = Examination(machine={}, temporary_free_bytes=1 << 40, temporary_executes=False)
    [finding] = [f for f in findings(seen, MENDS) if f.area == "disk"]
    assert (finding.id, finding.severity) == ("disk.noexec", "problem")
    assert "TMPDIR" in str(finding.mend)
