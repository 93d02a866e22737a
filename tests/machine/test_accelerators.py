"""Accelerators are found by driver tools, else on the bus; lookalikes are not taken for them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from advisor.evidence_io import evidence_from
from advisor.machine.accelerators import find_accelerators
from advisor.machine.describe import describe_machine
from advisor.machine.detected import hardware_text, hardware_word
from advisor.machine.host import Host
from tests.machine import fakes

GIB = 1 << 30
H200 = "NVIDIA H200, 143771, 580.95.05, 9.0, Disabled"
DISPLAY = 0x030000
COMPUTE_3D = 0x030200
PROCESSING = 0x120000


def found_in(root: Path, **environ: str) -> list[dict]:
    # The real PATH would find this machine's own tools.
    host = Host(root, environ=environ)
    return [a.document() for a in find_accelerators(host)]


def smi(root: Path, *rows: str, listing: str = "") -> None:
    printed = "\n".join(rows)
    body = f'if [ "$1" = "-L" ]; then cat <<"END"\n{listing}\nEND\n'
    fakes.script(
        root,
        "/usr/bin/nvidia-smi",
        f'{body}else cat <<"END"\n{printed}\nEND\nfi',
    )


def test_none(tmp_path: Path) -> None:
    assert found_in(fakes.machine_root(tmp_path)) == []


def test_equal_gpus_are_counted_together(tmp_path: Path) -> None:
    smi(tmp_path, H200, H200, "NVIDIA L4, 23034, 580.95.05, 8.9, [N/A]")
    first, second = found_in(tmp_path)
    assert first == {
        "kind": "nvidia",
        "name": "NVIDIA H200",
        "count": 2,
        "memory_bytes": 143771 << 20,
        "driver": "580.95.05",
        "compute_capability": "9.0",
    }
    assert (second["name"], second["count"]) == ("NVIDIA L4", 1)


def test_unified_memory_is_unknown_and_not_zero(tmp_path: Path) -> None:
    smi(tmp_path, "NVIDIA GB10, [N/A], 580.95.05, 12.1, [N/A]")
    assert found_in(tmp_path)[0]["memory_bytes"] is None


def test_old_driver_that_knows_fewer_questions(tmp_path: Path) -> None:
    fakes.script(
        tmp_path,
        "/usr/bin/nvidia-smi",
        'case "$1" in *compute_cap*) echo "Field is not valid"; exit 2;; esac\n'
        'echo "Tesla K80, 11441, 470.256.02"',
    )
    (found,) = found_in(tmp_path)
    assert (found["name"], found["driver"]) == ("Tesla K80", "470.256.02")
    assert "compute_capability" not in found


def test_mig_instances_are_counted_per_gpu_and_ids_left_out(tmp_path: Path) -> None:
    listing = (
        "GPU 0: NVIDIA H200 (UUID: GPU-5d5c31f2-aaaa)\n"
        "  MIG 3g.71gb     Device  0: (UUID: MIG-7c6c-bbbb)\n"
        "  MIG 3g.71gb     Device  1: (UUID: MIG-9c6c-cccc)\n"
    )
    smi(tmp_path, H200.replace("Disabled", "Enabled"), listing=listing)
    (found,) = found_in(tmp_path)
    assert (found["mig"], found["mig_devices"]) == (True, 2)
    assert found["mig_profiles"] == ["3g.71gb", "3g.71gb"]
    data = {"schema": "fw-advisor/evidence@1", "machine": {"accelerators": [found]}}
    kept = evidence_from(data, name="here").machine.accelerators[0]
    assert (kept.mig, kept.mig_devices, kept.mig_profiles) == (True, 2, ["3g.71gb"] * 2)
    assert "split by MIG: 3g.71gb+3g.71gb" in hardware_text({"accelerators": [found]})
    assert "5d5c31f2" not in json.dumps(found)


@pytest.mark.parametrize(
    "body",
    [
        "exit 9",
        "echo 'Failed to initialize NVML: Driver/library version mismatch'; exit 18",
        "echo '<html>garbage, really, not'",
        "printf '\\377\\376,,,,'",
        "kill -SEGV $$",
    ],
)
def test_broken_nvidia_smi_leaves_what_the_kernel_knows(tmp_path: Path, body: str) -> None:
    fakes.script(tmp_path, "/usr/bin/nvidia-smi", body)
    fakes.write(
        tmp_path,
        {
            "/dev/nvidia0": "",
            "/dev/nvidia1": "",
            "/dev/nvidiactl": "",
            "/proc/driver/nvidia/version": (
                "NVRM version: NVIDIA UNIX x86_64 Kernel Module  470.256.02  Thu May  2 2024\n"
            ),
        },
    )
    (found,) = found_in(tmp_path)
    assert found["count"] == 2
    assert found["driver"] == "470.256.02"
    assert found["memory_bytes"] is None


def test_nvidia_smi_that_hangs_is_asked_once(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("advisor.machine.host._COMMAND_TIMEOUT_S", 0.5)
    asked = tmp_path / "asked"
    fakes.script(tmp_path, "/usr/bin/nvidia-smi", f'echo x >> "{asked}"; sleep 600')
    fakes.write(tmp_path, {"/dev/nvidia0": "", "/sys/module/nvidia/version": "580.95.05\n"})
    (found,) = found_in(tmp_path)
    assert found["driver"] == "580.95.05"
    assert asked.read_text() == "x\n"


def test_gpu_on_the_bus_without_a_driver(tmp_path: Path) -> None:
    fakes.pci(tmp_path, "0000:01:00.0", 0x10DE, 0x2330, COMPUTE_3D, driver="nouveau")
    fakes.pci(tmp_path, "0000:01:00.1", 0x10DE, 0x22BA, 0x040300)
    (found,) = found_in(tmp_path)
    assert (found["kind"], found["count"], found["driver"]) == ("nvidia", 1, None)


class TestAmd:
    def test_discrete_card_with_rocm(self, tmp_path: Path) -> None:
        fakes.pci(
            tmp_path,
            "0000:c1:00.0",
            0x1002,
            0x74A1,
            PROCESSING,
            driver="amdgpu",
            mem_info_vram_total=f"{192 * GIB}\n",
            product_name="AMD Instinct MI300X\n",
        )
        fakes.write(tmp_path, {"/opt/rocm/.info/version": "7.2.1-81\n"})
        (found,) = found_in(tmp_path)
        assert found["name"] == "AMD Instinct MI300X"
        assert found["driver"] == "ROCm 7.2.1"
        assert found["memory_bytes"] == 192 * GIB

    def test_processor_graphics_are_not_an_accelerator(self, tmp_path: Path) -> None:
        memory = f"{GIB // 2}\n"
        fakes.pci(tmp_path, "0000:06:00.0", 0x1002, 0x1638, DISPLAY, mem_info_vram_total=memory)
        assert found_in(tmp_path) == []

    def test_container_that_hides_the_bus(self, tmp_path: Path) -> None:
        nodes = "/sys/class/kfd/kfd/topology/nodes"
        fakes.write(
            tmp_path,
            {
                f"{nodes}/0/properties": "cpu_cores_count 64\nsimd_count 0\n",
                f"{nodes}/1/properties": "cpu_cores_count 0\nsimd_count 1216\n",
                "/dev/kfd": "",
            },
        )
        (found,) = found_in(tmp_path)
        assert (found["kind"], found["driver"]) == ("amd", "amdgpu")


def test_intel_card_but_not_processor_graphics(tmp_path: Path) -> None:
    fakes.pci(tmp_path, "0000:00:02.0", 0x8086, 0x7D55, DISPLAY, driver="i915")
    assert found_in(tmp_path) == []
    fakes.pci(tmp_path, "0000:03:00.0", 0x8086, 0x56C0, DISPLAY, driver="xe")
    assert [a["kind"] for a in found_in(tmp_path)] == ["intel_gpu"]


class TestTpu:
    def test_chips_on_the_bus(self, tmp_path: Path) -> None:
        for n in range(4):
            fakes.pci(tmp_path, f"0000:00:0{n + 4}.0", 0x1AE0, 0x0063, 0xFF0000)
            fakes.write(tmp_path, {f"/dev/vfio/{n}": ""})
        (found,) = found_in(tmp_path)
        assert (found["name"], found["count"]) == ("TPU v5e", 4)
        assert found["driver"] == "vfio"

    def test_the_cloud_network_card_is_no_tpu(self, tmp_path: Path) -> None:
        fakes.pci(tmp_path, "0000:00:05.0", 0x1AE0, 0x0042, 0x020000)
        assert found_in(tmp_path) == []

    def test_device_nodes_count_with_the_environment_only(self, tmp_path: Path) -> None:
        fakes.write(tmp_path, {"/dev/accel0": ""})
        assert found_in(tmp_path) == []
        (found,) = found_in(tmp_path, TPU_ACCELERATOR_TYPE="v4-8")
        assert found["name"] == "TPU v4-8"


def test_neuron_devices(tmp_path: Path) -> None:
    fakes.write(tmp_path, {"/dev/neuron0": "", "/dev/neuron1": ""})
    (found,) = found_in(tmp_path)
    assert (found["kind"], found["count"]) == ("trainium", 2)


def test_the_description_carries_them(tmp_path: Path) -> None:
    smi(fakes.machine_root(tmp_path), H200)
    machine = describe_machine(host=Host(tmp_path, environ={}))
    assert machine["accelerators"][0]["kind"] == "nvidia"


@pytest.mark.parametrize(
    ("kinds", "environ", "word"),
    [
        ([], {}, "cpu"),
        ([("nvidia", 1)], {}, "nvidia"),
        ([("nvidia", 8)], {}, "nvidia_multi"),
        ([("nvidia", 1), ("nvidia", 1)], {}, "nvidia_multi"),
        ([("nvidia", 8)], {"SLURM_JOB_NUM_NODES": "4"}, "nvidia_cluster"),
        ([("nvidia", 8)], {"SLURM_JOB_NUM_NODES": "1"}, "nvidia_multi"),
        ([("nvidia", 1)], {"SLURM_JOB_NUM_NODES": "many"}, "nvidia"),
        ([("amd", 8)], {}, "amd"),
        ([("tpu", 4)], {}, "tpu"),
        ([("tpu", 4)], {"TPU_WORKER_HOSTNAMES": "a,b"}, "tpu_pod"),
        ([("apple", 1)], {}, "apple"),
        ([("trainium", 16)], {}, "trainium"),
        ([("intel_gpu", 1)], {}, "intel_gpu"),
        ([("intel_gpu", 1), ("nvidia", 1)], {}, "nvidia"),
    ],
)
def test_word_of_the_vocabulary(kinds, environ, word: str) -> None:
    accelerators = [{"kind": kind, "count": count} for kind, count in kinds]
    assert hardware_word(accelerators, environ) == word
