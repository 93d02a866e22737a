"""A machine is described by what its files say, within the limits that hold for the process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from advisor.evidence_io import evidence_from
from advisor.machine.cpu import one_per_core
from advisor.machine.describe import describe_machine
from advisor.machine.host import Host, cpu_list
from tests.machine import fakes

GIB = 1 << 30


def describe(root: Path) -> dict:
    return describe_machine(host=fakes.host(root))


def test_plain_machine(tmp_path: Path) -> None:
    found = describe(fakes.machine_root(tmp_path))
    assert found["os"] == "linux"
    assert found["arch"] == "x86_64"
    assert found["cpu"] == "Intel Xeon Platinum 8480+ CPU @ 2.00GHz"
    assert (found["cores_physical"], found["cores_usable"]) == (4, 4)
    assert found["cpu_quota"] is None
    assert found["memory_bytes"] == 16 * GIB
    assert found["accelerators"] == []
    assert found["details"]["memory_limited"] is False
    assert found["details"]["system"] == "Ubuntu 24.04, kernel 6.8.0"


def test_empty_root_gives_unknowns_and_no_error(tmp_path: Path) -> None:
    found = describe(tmp_path)
    assert found["cpu"] == "unknown"
    for key in ("cores_physical", "cores_usable", "cpu_quota", "memory_bytes"):
        assert found[key] is None
    evidence_from({"schema": "fw-advisor/evidence@1", "machine": found}, name="here")


def test_description_is_a_valid_part_of_evidence_here() -> None:
    found = describe_machine()
    data = {"schema": "fw-advisor/evidence@1", "machine": found}
    kept = evidence_from(data, name="here").machine
    assert kept.cores_usable is not None
    assert kept.cores_usable >= 1
    json.dumps(found, allow_nan=False)


def test_nothing_private_is_kept(tmp_path: Path) -> None:
    root = fakes.machine_root(tmp_path)
    found = describe_machine(host=fakes.host(root, HOME="/home/anna", USER="anna", LOGNAME="anna"))
    text = json.dumps(found)
    for secret in ("anna", "secrethost", "laptop"):
        assert secret not in text


def test_hyperthreads_are_not_cores(tmp_path: Path) -> None:
    found = describe(fakes.machine_root(tmp_path, cpus=8, smt=True))
    assert found["cores_physical"] == 4
    assert found["details"]["cores_logical"] == 8
    assert found["details"]["smt_siblings"] == [[0, 4], [1, 5], [2, 6], [3, 7]]


def test_affinity_counts_and_so_do_siblings_within_it(tmp_path: Path) -> None:
    found = describe(fakes.machine_root(tmp_path, cpus=8, smt=True, allowed="0,4-5"))
    assert found["cores_usable"] == 3
    assert found["details"]["cores_allowed_physical"] == 2


@pytest.mark.parametrize(
    ("cpus", "siblings", "kept"),
    [
        ((0, 1, 2, 3), [[0, 2], [1, 3]], (0, 1)),
        ((2, 3), [[0, 2], [1, 3]], (2, 3)),
        ((0, 7), [[0, 2]], (0, 7)),
        ((0, 1), [], (0, 1)),
    ],
)
def test_one_cpu_per_core(cpus, siblings, kept) -> None:
    assert one_per_core(cpus, siblings) == kept


@pytest.mark.parametrize(
    ("text", "cpus"),
    [("0-2,5", (0, 1, 2, 5)), ("3", (3,)), ("", ()), (" 1 , x, 2-\n", (1,)), ("2-1", ())],
)
def test_kernel_cpu_lists(text: str, cpus) -> None:
    assert cpu_list(text) == cpus


class TestCgroup2:
    def test_own_quota_and_memory(self, tmp_path: Path) -> None:
        root = fakes.machine_root(tmp_path)
        fakes.cgroup2(
            root,
            "/box",
            {"/box/cpu.max": "150000 100000\n", "/box/memory.max": f"{2 * GIB}\n"},
        )
        found = describe(root)
        assert found["cpu_quota"] == 1.5
        assert found["cores_usable"] == 1
        assert found["memory_bytes"] == 2 * GIB
        assert found["details"]["memory_total_bytes"] == 16 * GIB
        assert found["details"]["memory_limited"] is True
        assert found["details"]["cgroup_version"] == 2

    def test_tightest_level_wins(self, tmp_path: Path) -> None:
        root = fakes.machine_root(tmp_path)
        fakes.cgroup2(
            root,
            "/pod/box",
            {
                "/pod/cpu.max": "200000 100000",
                "/pod/box/cpu.max": "300000 100000",
                "/pod/memory.max": f"{4 * GIB}",
                "/pod/box/memory.max": "max",
                "/pod/box/memory.high": f"{3 * GIB}",
            },
        )
        found = describe(root)
        assert (found["cpu_quota"], found["memory_bytes"]) == (2.0, 3 * GIB)

    def test_no_limit_is_none(self, tmp_path: Path) -> None:
        root = fakes.machine_root(tmp_path)
        fakes.cgroup2(root, "/box", {"/box/cpu.max": "max 100000", "/box/memory.max": "max"})
        found = describe(root)
        assert found["cpu_quota"] is None
        assert found["memory_bytes"] == 16 * GIB

    def test_container_sees_only_its_part_of_the_tree(self, tmp_path: Path) -> None:
        root = fakes.machine_root(tmp_path)
        fakes.cgroup2(root, "/", {"/cpu.max": "50000 100000"})
        found = describe(root)
        assert found["cpu_quota"] == 0.5
        assert found["cores_usable"] == 1

    def test_path_outside_of_the_mount(self, tmp_path: Path) -> None:
        root = fakes.machine_root(tmp_path)
        fakes.cgroup2(
            root, "/../other/box", {"/cpu.max": "300000 100000"}, mount_root="/docker/abc"
        )
        assert describe(root)["cpu_quota"] == 3.0

    @pytest.mark.parametrize("text", ["", "x y", "100000", "-1 100000", "1000 0", "\0"])
    def test_nonsense_is_no_quota(self, tmp_path: Path, text: str) -> None:
        root = fakes.machine_root(tmp_path)
        fakes.cgroup2(root, "/", {"/cpu.max": text})
        assert describe(root)["cpu_quota"] is None


class TestCgroup1:
    def test_quota_and_memory(self, tmp_path: Path) -> None:
        root = fakes.machine_root(tmp_path)
        fakes.cgroup1(
            root,
            "/job/7",
            {
                "/cpu/job/7/cpu.cfs_quota_us": "50000\n",
                "/cpu/job/7/cpu.cfs_period_us": "100000\n",
                "/cpu/job/7/cpu.stat": "nr_periods 35\nnr_throttled 33\nthrottled_time 9\n",
                "/memory/job/memory.limit_in_bytes": f"{GIB}\n",
                "/memory/job/7/memory.limit_in_bytes": "9223372036854771712\n",
            },
        )
        found = describe(root)
        assert (found["cpu_quota"], found["cores_usable"]) == (0.5, 1)
        assert found["memory_bytes"] == GIB
        assert found["details"]["cgroup_version"] == 1

    def test_no_limits(self, tmp_path: Path) -> None:
        root = fakes.machine_root(tmp_path)
        fakes.cgroup1(
            root,
            "/",
            {
                "/cpu/cpu.cfs_quota_us": "-1\n",
                "/cpu/cpu.cfs_period_us": "100000\n",
                "/memory/memory.limit_in_bytes": "9223372036854771712\n",
            },
        )
        found = describe(root)
        assert found["cpu_quota"] is None
        assert found["memory_bytes"] == 16 * GIB

    def test_container_with_the_path_of_its_host(self, tmp_path: Path) -> None:
        root = fakes.machine_root(tmp_path)
        fakes.cgroup1(
            root,
            "/docker/abc",
            {"/cpu/cpu.cfs_quota_us": "250000", "/cpu/cpu.cfs_period_us": "100000"},
            mount_root="/docker/abc",
        )
        assert describe(root)["cpu_quota"] == 2.5


class TestPower:
    @staticmethod
    def supplies(root: Path, **kinds: dict[str, str]) -> dict:
        for name, files in kinds.items():
            place = f"/sys/class/power_supply/{name}"
            fakes.write(root, {f"{place}/{key}": f"{text}\n" for key, text in files.items()})
        return describe(root)["details"]

    def test_on_battery(self, tmp_path: Path) -> None:
        found = self.supplies(
            fakes.machine_root(tmp_path),
            AC={"type": "Mains", "online": "0"},
            BAT0={"type": "Battery", "status": "Discharging"},
        )
        assert (found["battery"], found["on_battery"]) == (True, True)

    def test_plugged_in(self, tmp_path: Path) -> None:
        found = self.supplies(
            fakes.machine_root(tmp_path),
            AC={"type": "Mains", "online": "1"},
            BAT0={"type": "Battery", "status": "Discharging"},
        )
        assert (found["battery"], found["on_battery"]) == (True, False)

    def test_a_mouse_is_not_a_laptop(self, tmp_path: Path) -> None:
        found = self.supplies(
            fakes.machine_root(tmp_path),
            hid0={"type": "Battery", "status": "Discharging", "scope": "Device"},
        )
        assert (found["battery"], found["on_battery"]) == (False, None)

    def test_governor_and_heat(self, tmp_path: Path) -> None:
        root = fakes.machine_root(tmp_path, cpus=2)
        for n in range(2):
            place = f"/sys/devices/system/cpu/cpu{n}"
            fakes.write(
                root,
                {
                    f"{place}/cpufreq/scaling_governor": "powersave\n",
                    f"{place}/cpufreq/scaling_driver": "acpi-cpufreq\n",
                    f"{place}/thermal_throttle/core_throttle_count": "3\n",
                },
            )
        found = describe(root)["details"]
        assert found["governor"] == "powersave"
        assert found["frequency_driver"] == "acpi-cpufreq"
        assert found["throttled_count"] == 6


def test_windows_subsystem_is_told_apart(tmp_path: Path) -> None:
    root = fakes.machine_root(tmp_path)
    fakes.write(root, {"/proc/sys/kernel/osrelease": "5.15.153.1-microsoft-standard-WSL2\n"})
    assert describe(root)["os"] == "wsl2"


def test_arm_board_is_named_by_its_device_tree(tmp_path: Path) -> None:
    fakes.write(
        tmp_path,
        {
            "/proc/cpuinfo": (
                "processor\t: 0\nCPU implementer\t: 0x41\nFeatures\t: fp asimd sve bf16\n\n"
            ),
            "/proc/device-tree/model": "NVIDIA Jetson AGX Orin\0",
        },
    )
    found = describe(tmp_path)
    assert found["arch"] == "aarch64"
    assert found["cpu"] == "NVIDIA Jetson AGX Orin"
    assert found["details"]["cpu_flags"] == ["asimd", "sve", "bf16"]


def test_a_hanging_command_is_given_up(tmp_path: Path) -> None:
    slow = fakes.script(tmp_path, "/bin/slow", "sleep 600 & sleep 600")
    assert Host(tmp_path).output_of([str(slow)], timeout_s=0.2) is None
    assert Host(tmp_path).output_of([str(tmp_path / "absent")]) is None
