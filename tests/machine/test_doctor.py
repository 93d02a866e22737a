"""Doctor names the cause, not the symptom, and the command that mends it."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from advisor.cli.doctor import doctor_lines
from advisor.cli.measuring import load_mends
from advisor.errors import UserError
from advisor.machine import examination
from advisor.machine.causes import pip_of
from advisor.machine.doctor import findings, refusal
from advisor.machine.examination import Examination, examine, find_compiler
from advisor.machine.findings import AREAS, Finding
from advisor.machine.mends import SCHEMA, Mends, at_least, mends_from, numbers
from advisor.machine.toolchains import InstalledToolchain
from advisor.resources import resource_dir
from tests.machine import fakes

MENDS = load_mends()
GIB = 1 << 30
H200 = {
    "kind": "nvidia",
    "name": "NVIDIA H200",
    "count": 1,
    "memory_bytes": 140 * GIB,
    "driver": "580.95.05",
    "compute_capability": "9.0",
}
MI300 = {"kind": "amd", "name": "MI300X", "count": 1, "memory_bytes": 1, "driver": "ROCm 7.2.1"}
ARC = {"kind": "intel_gpu", "name": "Intel GPU", "count": 1, "memory_bytes": 1, "driver": "xe"}
TPU = {"kind": "tpu", "name": "TPU v5e", "count": 4, "memory_bytes": None, "driver": "vfio"}
APPLE = {"kind": "apple", "name": "M4 GPU", "count": 1, "memory_bytes": None, "driver": "Metal"}
TRN = {"kind": "trainium", "name": "Neuron", "count": 1, "memory_bytes": None, "driver": "2.2"}
CUDA_DEVICE = {"device": "cuda:0", "kind": "cuda", "name": "NVIDIA H200", "usable": True}
CPU_DEVICE = {"device": "cpu", "kind": "cpu", "name": "CPU", "usable": True}


def torch(**changes: Any) -> InstalledToolchain:
    packages = {"numpy": "2", "torch": "2.14.1", "pip": "25", **changes.pop("packages", {})}
    given = {"version": "2.14.1", "python": "3.12.4", "devices": (CPU_DEVICE,), **changes}
    return InstalledToolchain("pytorch", "/env/bin/python", packages=packages, **given)


def jax(**changes: Any) -> InstalledToolchain:
    packages = {"numpy": "2", "jax": "0.12.0", "jaxlib": "0.12.0", "pip": "25"}
    packages |= changes.pop("packages", {})
    given = {"version": "0.12.0", "python": "3.12.4", "devices": (CPU_DEVICE,), **changes}
    return InstalledToolchain("jax", "/env/bin/python", packages=packages, **given)


def seen(*chains: InstalledToolchain, accelerators: tuple = (), **changes: Any) -> Examination:
    details = {"cores_allowed": 8, "cores_logical": 8, "cpu_flags": ["avx", "avx2"]}
    machine = {
        "os": changes.pop("os", "linux"),
        "arch": "x86_64",
        "cpu": "A CPU",
        "cores_physical": 8,
        "cores_usable": 8,
        "cpu_quota": None,
        "memory_bytes": 32 * GIB,
        "accelerators": list(accelerators),
        **changes.pop("machine", {}),
        "details": {**details, **changes.pop("details", {})},
    }
    given: dict[str, Any] = {
        "distribution": ("ubuntu", "debian"),
        "compiler": {"command": "g++", "version": "13.2.0"},
        "load": {"average": 0.1, "pressure": 0.0},
        "temporary_free_bytes": 10 * GIB,
        "terminal": {"input": True, "output": True, "encoding": "utf-8", "columns": 80},
        **changes,
    }
    return Examination(machine=machine, toolchains=chains, **given)


def ailing(examined: Examination) -> list[Finding]:
    """What is wrong; every problem must come with something to do about it."""
    found = [f for f in findings(examined, MENDS) if f.severity != "ok"]
    assert not [f.id for f in found if f.severity == "problem" and not f.mend]
    return found


def one(examined: Examination) -> Finding:
    (found,) = ailing(examined)
    return found


class TestHealthy:
    def test_every_area_is_told_and_nothing_is_wrong(self) -> None:
        found = findings(seen(torch(), jax()), MENDS)
        assert [f.area for f in found] == list(AREAS)
        assert {f.severity for f in found} == {"ok"}
        assert all(f.mend is None for f in found)

    def test_a_gpu_that_both_use(self) -> None:
        plugin = {"jax-cuda13-plugin": "0.12.0"}
        chains = (
            torch(build={"cuda": "13.0"}, devices=(CUDA_DEVICE, CPU_DEVICE)),
            jax(packages=plugin, devices=(CUDA_DEVICE, CPU_DEVICE)),
        )
        examined = seen(*chains, accelerators=(H200,))
        assert ailing(examined) == []
        (gpu,) = [f for f in findings(examined, MENDS) if f.area == "accelerator"]
        assert "used by PyTorch and JAX" in gpu.text


class TestSilentFallback:
    """One row per cause that was recorded in the field."""

    @pytest.mark.parametrize(
        ("chain", "accelerator", "os", "finding", "mend"),
        [
            # CPU-only wheels beside a GPU
            (torch(), H200, "linux", "pytorch.cpu-wheel", "install -U --force-reinstall torch"),
            (torch(), H200, "windows", "pytorch.cpu-wheel", "/whl/cu130"),
            (torch(), {**H200, "driver": "550.1"}, "linux", "pytorch.cpu-wheel", "/whl/cu126"),
            (torch(), {**H200, "driver": "470.1"}, "linux", "pytorch.cpu-wheel", "to 525"),
            (jax(), {**H200, "driver": "470.1"}, "linux", "jax.missing-plugin", "to 525"),
            (
                torch(),
                {**H200, "driver": "575.1", "compute_capability": "12.0"},
                "linux",
                "pytorch.cpu-wheel",
                "driver to 580",
            ),
            (torch(), MI300, "linux", "pytorch.cpu-wheel", "/whl/rocm7.14"),
            (torch(), MI300, "windows", "pytorch.cpu-wheel", "rocm.docs.amd.com"),
            (torch(), ARC, "wsl2", "pytorch.cpu-wheel", "native Windows"),
            (torch(), ARC, "linux", "pytorch.cpu-wheel", "/whl/xpu"),
            (torch(), TPU, "linux", "pytorch.missing-plugin", "torch_tpu"),
            (torch(), TRN, "linux", "pytorch.missing-plugin", "torch-neuronx"),
            (jax(), H200, "linux", "jax.missing-plugin", "'jax[cuda13]'"),
            (jax(), H200, "wsl2", "jax.missing-plugin", "'jax[cuda13]'"),
            (jax(), {**H200, "driver": "550.1"}, "linux", "jax.missing-plugin", "'jax[cuda12]'"),
            (
                jax(),
                {**H200, "compute_capability": "6.1"},
                "linux",
                "jax.missing-plugin",
                "'jax[cuda12]'",
            ),
            (jax(), MI300, "linux", "jax.missing-plugin", "rocm7-local"),
            (jax(), ARC, "linux", "jax.missing-plugin", "oneapi"),
            (jax(), TPU, "linux", "jax.missing-plugin", "'jax[tpu]'"),
            (jax(), TRN, "linux", "jax.missing-plugin", "jax-neuronx"),
            # plugin of another version
            (
                jax(packages={"jax-cuda13-plugin": "0.11.2"}),
                H200,
                "linux",
                "jax.plugin-lag",
                "'jax[cuda13]'",
            ),
            (
                jax(packages={"jax-rocm7-plugin": "0.11.2"}),
                MI300,
                "linux",
                "jax.plugin-lag",
                "'jax==0.11.2'",
            ),
            # driver too old for the wheel, silent in the framework
            (
                torch(build={"cuda": "13.0"}),
                {**H200, "driver": "550.54.15"},
                "linux",
                "pytorch.driver-too-old",
                "/whl/cu126",
            ),
            (
                torch(build={"cuda": "12.6"}),
                {**H200, "driver": "470.256.02"},
                "linux",
                "pytorch.driver-too-old",
                "update the NVIDIA driver to 525",
            ),
            (
                jax(packages={"jax-cuda13-plugin": "0.12.0"}),
                {**H200, "driver": "570.86"},
                "linux",
                "jax.driver-too-old",
                "'jax[cuda12]'",
            ),
            # GPU too old for the wheel
            (
                torch(build={"cuda": "13.0"}),
                {**H200, "compute_capability": "7.0"},
                "linux",
                "pytorch.gpu-too-old",
                "/whl/cu126",
            ),
            # no such thing as JAX on this system's GPU
            (jax(), H200, "windows", "jax.native-windows", "WSL2"),
            (jax(), MI300, "windows", "jax.native-windows", "WSL2"),
            (jax(packages={"jax-metal": "0.1.1"}), APPLE, "macos", "jax.metal-dead", "uninstall"),
        ],
    )
    def test_cause_and_mend(self, chain, accelerator, os, finding: str, mend: str) -> None:
        found = one(seen(chain, accelerators=(accelerator,), os=os))
        assert (found.id, found.severity) == (finding, "problem")
        assert found.mend is not None
        assert mend in found.mend
        assert "{" not in found.mend

    def test_apple_gpu_without_any_plugin_is_no_fault(self) -> None:
        found = one(seen(jax(), accelerators=(APPLE,), os="macos"))
        assert (found.id, found.severity, found.mend) == ("jax.no-back-end", "warning", None)

    def test_wheel_without_kernels_for_the_gpu(self) -> None:
        bad = {**CUDA_DEVICE, "usable": False, "error": "no kernel image is available"}
        chain = torch(build={"cuda": "13.0"}, devices=(bad, CPU_DEVICE))
        assert one(seen(chain, accelerators=(H200,))).id == "pytorch.gpu-too-old"

    def test_device_that_fails_when_used(self) -> None:
        bad = {**CUDA_DEVICE, "usable": False, "error": "CUDA error: unknown"}
        chain = torch(build={"cuda": "13.0"}, devices=(bad, CPU_DEVICE))
        found = one(seen(chain, accelerators=(H200,)))
        assert found.id == "pytorch.device-unusable"
        assert "CUDA error: unknown" in found.text

    def test_fallback_warning_is_quoted_where_nothing_else_explains(self) -> None:
        chain = jax(
            packages={"jax-cuda13-plugin": "0.12.0"},
            warnings=("unrelated", "Unable to initialize CUDA. Falling back to cpu."),
        )
        found = one(seen(chain, accelerators=(H200,)))
        assert found.id == "jax.no-device"
        assert "Falling back to cpu" in found.text

    @pytest.mark.parametrize("value", ["", "-1", " ", "none"])
    def test_hidden_devices_are_told_once(self, value: str) -> None:
        visibility = {"CUDA_VISIBLE_DEVICES": value}
        found = one(seen(torch(), jax(), accelerators=(H200,), visibility=visibility))
        assert found.id == "accelerator.hidden"
        assert found.mend == "unset CUDA_VISIBLE_DEVICES"

    def test_some_devices_visible_is_no_fault(self) -> None:
        chain = torch(build={"cuda": "13.0"}, devices=(CUDA_DEVICE,))
        assert not ailing(
            seen(chain, accelerators=(H200,), visibility={"CUDA_VISIBLE_DEVICES": "1"})
        )

    def test_no_driver_is_told_once(self) -> None:
        found = one(seen(torch(), jax(), accelerators=({**H200, "driver": None},)))
        assert found.id == "accelerator.no-driver"
        assert found.mend == "sudo ubuntu-drivers install"

    def test_driver_that_does_not_answer(self) -> None:
        mute = {"kind": "nvidia", "name": "NVIDIA GPU", "count": 1, "driver": "580.1"}
        chain = torch(build={"cuda": "13.0"}, devices=(CUDA_DEVICE,))
        assert one(seen(chain, accelerators=(mute,))).id == "accelerator.driver-silent"

    def test_mig(self) -> None:
        split = {**H200, "mig": True, "mig_devices": 7}
        chain = torch(build={"cuda": "13.0"}, devices=(CUDA_DEVICE,))
        found = one(seen(chain, accelerators=(split,)))
        assert (found.id, found.severity) == ("accelerator.mig", "warning")
        assert "7" in found.text

    def test_an_environment_without_pip_is_mended_from_outside(self) -> None:
        chain = jax()
        packages = {k: v for k, v in chain.packages.items() if k != "pip"}
        found = one(seen(dataclasses.replace(chain, packages=packages), accelerators=(TPU,)))
        assert found.mend == "python3 -m pip --python /env/bin/python install -U 'jax[tpu]'"


class TestPasting:
    """A mend is pasted into a shell as it stands."""

    @pytest.mark.parametrize(
        "place", ["my env/bin/python", "env/bin/python", 'a "b" $c `d`/bin/python', "it's/python"]
    )
    def test_the_interpreter_is_reached(self, tmp_path: Path, monkeypatch, place: str) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        python = fakes.script(tmp_path, f"/{place}", "echo reached")
        found = pip_of(dataclasses.replace(torch(), interpreter=str(python)))
        assert found["python"].startswith("~/")
        assert str(tmp_path) not in found["pip"]
        done = subprocess.run(
            ["sh", "-c", found["python"]], capture_output=True, text=True, check=False
        )
        assert done.stdout == "reached\n", (found, done.stderr)

    def test_the_mend_shows_it_so(self, monkeypatch) -> None:
        monkeypatch.setenv("HOME", "/home/anna")
        chain = dataclasses.replace(jax(), interpreter="/home/anna/my env/bin/python")
        found = one(seen(chain, accelerators=(TPU,)))
        assert found.mend == """~/"my env/bin/python" -m pip install -U 'jax[tpu]'"""


class TestOldPython:
    """A package that an interpreter is too old for is not what its mend names."""

    @pytest.mark.parametrize(
        ("python", "accelerator", "mend"),
        [
            ("3.10.13", H200, "'jax[cuda12]'"),
            ("3.11.7", H200, "'jax[cuda13]'"),
            ("3.10.13", MI300, "environment with Python 3.12"),
            ("3.11.7", MI300, "rocm7-local"),
            ("3.11.7", ARC, "environment with Python 3.12"),
            ("3.12.1", ARC, "oneapi"),
        ],
    )
    def test_the_command_fits_the_python(self, python: str, accelerator, mend: str) -> None:
        chain = jax(python=python, version="0.6.2")
        found = one(seen(chain, accelerators=(accelerator,)))
        assert found.id == "jax.missing-plugin"
        assert found.mend is not None
        assert mend in found.mend
        refused = refusal(chain, "gpu", seen(accelerators=(accelerator,)).machine, MENDS)
        assert refused is not None
        assert refused["hint"] == found.mend


class TestRefusal:
    """A framework is never measured on another device than the one that was asked for."""

    BOTH = (CUDA_DEVICE, {**CUDA_DEVICE, "device": "cuda:1"}, CPU_DEVICE)

    @pytest.mark.parametrize("device", ["cpu", "cuda", "cuda:0", "cuda:1", "gpu", "gpu:1"])
    def test_what_is_there_is_not_refused(self, device: str) -> None:
        chain = torch(build={"cuda": "13.0"}, devices=self.BOTH)
        machine = seen(accelerators=(H200,)).machine
        assert refusal(chain, device, machine, MENDS) is None

    @pytest.mark.parametrize(
        ("device", "accelerators", "visibility", "reason"),
        [
            ("cuda", (H200,), {}, "pytorch.cpu-wheel"),
            ("gpu", (H200,), {}, "pytorch.cpu-wheel"),
            ("cuda", (H200,), {"CUDA_VISIBLE_DEVICES": ""}, "accelerator.hidden"),
            ("cuda", ({**H200, "driver": None},), {}, "accelerator.no-driver"),
            ("tpu", (H200,), {}, "device-missing"),
            ("cuda", (), {}, "device-missing"),
            ("cpu:1", (), {}, "device-missing"),
        ],
    )
    def test_refused_with_its_cause(self, device, accelerators, visibility, reason: str) -> None:
        machine = seen(accelerators=accelerators).machine
        found = refusal(torch(), device, machine, MENDS, visibility)
        assert found is not None
        assert found["id"] == reason
        assert found["text"]
        assert found["hint"]

    def test_a_device_that_fails_does_not_count(self) -> None:
        bad = {**CUDA_DEVICE, "usable": False, "error": "out of memory"}
        chain = torch(build={"cuda": "13.0"}, devices=(bad, CPU_DEVICE))
        found = refusal(chain, "cuda", seen(accelerators=(H200,)).machine, MENDS)
        assert found is not None
        assert "out of memory" in found["text"]

    def test_the_toolchains_own_problem_comes_first(self) -> None:
        chain = torch(problem={"id": "framework-missing", "text": "why"})
        found = refusal(chain, "cpu", seen().machine, MENDS)
        assert found == {"id": "framework-missing", "text": "why", "hint": ""}


class TestToolchainProblems:
    @pytest.mark.parametrize(
        ("chain", "reason", "finding", "mend"),
        [
            (torch(), "framework-missing", "pytorch.missing", "/whl/cpu"),
            (jax(), "framework-missing", "jax.missing", "install -U jax"),
            (jax(), "framework-broken", "jax.broken", "install -U jax"),
            (torch(), "numpy-missing", "pytorch.numpy-missing", "install numpy"),
            (jax(), "python-too-old", "jax.python-too-old", "Python 3.12"),
        ],
    )
    def test_named_and_mended(self, chain, reason, finding, mend) -> None:
        broken = dataclasses.replace(chain, problem={"id": reason, "text": "why"}, devices=())
        found = one(seen(broken))
        assert found.id == finding
        assert found.mend is not None
        assert mend in found.mend

    def test_interpreter_that_hung(self) -> None:
        broken = torch(problem={"id": "interpreter-hung", "text": "no answer within 5 s"})
        found = one(seen(broken))
        assert found.id == "pytorch.interpreter-hung"
        assert "/env/bin/python" in found.text

    def test_broken_interpreter_nearby_is_a_warning_told_once(self) -> None:
        problem = {"id": "interpreter-crashed", "text": "exit status 1"}
        nearby = (torch(problem=problem, origin="./.venv"), jax(problem=problem, origin="./.venv"))
        found = one(seen(torch(), jax(), nearby=nearby))
        assert (found.id, found.severity) == ("python.interpreter-crashed", "warning")
        assert "./.venv" in found.text


class TestHeldBack:
    """An old Python keeps a framework at an old release, and pip does not say so."""

    def test_named_with_the_python_that_is_needed(self) -> None:
        found = one(seen(torch(), jax(version="0.10.2", python="3.11.7")))
        assert (found.id, found.severity) == ("jax.behind", "warning")
        assert found.mend is not None
        assert "3.12" in found.mend

    @pytest.mark.parametrize(("version", "python"), [("0.10.2", "3.12.1"), ("0.12.0", "3.11.7")])
    def test_only_where_python_is_what_holds_it_back(self, version: str, python: str) -> None:
        assert ailing(seen(torch(), jax(version=version, python=python))) == []


class TestMachine:
    @pytest.mark.parametrize(
        ("changes", "finding", "severity"),
        [
            ({"details": {"cpu_flags": ["sse2"]}}, "cpu.no-avx", "problem"),
            ({"details": {"cores_allowed": 1}}, "cpu.affinity", "warning"),
            ({"details": {"governor": "powersave"}}, "cpu.governor", "warning"),
            ({"details": {"throttled_count": 9}}, "cpu.throttled", "warning"),
            ({"machine": {"cpu_quota": 0.5}}, "quota.below-cores", "warning"),
            ({"machine": {"memory_bytes": 2 * GIB}}, "memory.low", "warning"),
            ({"machine": {"memory_bytes": None}}, "memory.unknown", "warning"),
            ({"shm_bytes": 64 << 20}, "memory.small-shm", "warning"),
            ({"temporary_free_bytes": 1000}, "disk.full", "problem"),
            ({"details": {"battery": True, "on_battery": True}}, "battery.discharging", "warning"),
            ({"load": {"average": 7.0, "pressure": None}}, "load.busy", "warning"),
            ({"load": {"average": 0.0, "pressure": 22.0}}, "load.busy", "warning"),
            ({"compiler": None}, "compiler.missing", "problem"),
            ({"compiler": {"command": "g++", "version": None}}, "compiler.broken", "problem"),
            ({"compiler": {"command": "g++", "version": "8.3.0"}}, "compiler.old", "warning"),
            ({"tuning": {"OMP_NUM_THREADS": "1"}}, "environment.tuning", "warning"),
            ({"lock_held": True}, "lock.held", "warning"),
            (
                {"terminal": {"input": True, "output": True, "encoding": "ascii", "columns": 80}},
                "terminal.encoding",
                "warning",
            ),
            (
                {"terminal": {"input": True, "output": True, "encoding": "utf-8", "columns": 40}},
                "terminal.narrow",
                "warning",
            ),
        ],
    )
    def test_named(self, changes: dict, finding: str, severity: str) -> None:
        found = one(seen(torch(), jax(), **changes))
        assert (found.id, found.severity) == (finding, severity)

    @pytest.mark.parametrize(
        "changes",
        [
            {"details": {"governor": "powersave", "frequency_driver": "intel_pstate"}},
            {"details": {"cpu_flags": None}},
            {"details": {"battery": True, "on_battery": False}},
            {"machine": {"cpu_quota": 8.0}},
            {"compiler": {"command": "clang++", "version": "8.0.1"}},
            {"terminal": {"input": False, "output": False}},
            {"load": {"average": None, "pressure": None}},
            {"temporary_free_bytes": None},
        ],
    )
    def test_no_false_alarm(self, changes: dict) -> None:
        assert ailing(seen(torch(), jax(), **changes)) == []

    def test_missing_headers(self) -> None:
        assert one(seen(torch(headers=False), jax())).id == "compiler.no-headers"

    def test_without_pytorch_no_compiler_is_needed(self) -> None:
        assert ailing(seen(jax(), compiler=None)) == []

    @pytest.mark.parametrize(
        ("distribution", "mend"),
        [
            (("debian",), "sudo apt-get install g++"),
            (("rocky", "rhel", "centos", "fedora"), "sudo dnf install gcc-c++"),
            (("gentoo",), "install a C++ compiler, or name one in CXX"),
        ],
    )
    def test_mend_fits_the_distribution(self, distribution, mend: str) -> None:
        found = one(seen(torch(), jax(), compiler=None, distribution=distribution))
        assert found.mend == mend


class TestMends:
    def test_every_placeholder_and_condition_is_known(self) -> None:
        for mend in MENDS.mends:
            assert set(re.findall(r"{(\w*)}", mend.text)) <= {"pip", "python", "version"}
            assert all(f.partition(".")[0] in AREAS for f in mend.findings)

    def test_every_finding_with_a_mend_is_one_that_doctor_can_make(self) -> None:
        source = "".join(
            path.read_text(encoding="utf-8")
            for path in Path(examination.__file__).parent.glob("*.py")
        )
        for mend in MENDS.mends:
            for finding in mend.findings:
                _, _, word = finding.partition(".")
                assert f".{word}" in source or f'"{word}"' in source, finding

    def test_a_mend_is_never_printed_with_a_hole(self) -> None:
        context = {"hardware": ["tpu"], "os": ["linux"], "distribution": [], "cuda": ["none"]}
        assert MENDS.for_finding("jax.missing-plugin", context) is None

    @pytest.mark.parametrize(
        "data",
        [
            None,
            {"schema": "fw-advisor/mends@2"},
            {"schema": SCHEMA, "mends": [{"finding": "x.y"}]},
            {
                "schema": SCHEMA,
                "mends": [{"finding": "a.b", "mend": "c", "when": {"moon": "full"}}],
            },
            {"schema": SCHEMA, "mends": [7]},
            {"schema": SCHEMA, "needs": [{"framework": "jax"}]},
        ],
    )
    def test_another_shape_is_refused(self, data: Any) -> None:
        with pytest.raises(UserError) as caught:
            mends_from(data, name="mends.yaml")
        assert caught.value.where == "mends.yaml"

    def test_text_that_looks_like_a_template_stays_text(self) -> None:
        entry = {"finding": "a.b", "mend": "{pip.__class__} %s {0}"}
        mends = mends_from({"schema": SCHEMA, "mends": [entry]}, name="x")
        assert mends.for_finding("a.b", {}, pip="p") == "{pip.__class__} %s {0}"

    @pytest.mark.parametrize(
        ("found", "needed", "enough"),
        [
            ("580.95.05", "580", True),
            ("550.54.15", "580", False),
            ("10.0", "7.5", True),
            ("7.0", "7.5", False),
            ("unknown", "525", False),
        ],
    )
    def test_versions_compare_as_numbers(self, found: str, needed: str, enough: bool) -> None:
        assert at_least(found, needed) is enough
        assert numbers("2.13.0+cpu") == (2, 13, 0)

    def test_no_data_still_gives_findings(self) -> None:
        found = findings(seen(torch(), jax(), accelerators=(H200,)), Mends())
        assert {f.id for f in found if f.severity == "problem"} == {
            "pytorch.cpu-wheel",
            "jax.missing-plugin",
        }


class TestCompiler:
    def test_named_in_cxx(self, tmp_path: Path) -> None:
        fakes.script(tmp_path, "/usr/bin/my-g++", "echo 'my-g++ (GCC) 14.1.0'")
        host = fakes.host(tmp_path, CXX="my-g++")
        assert find_compiler(host) == {"command": "my-g++", "version": "14.1.0"}

    def test_present_and_broken(self, tmp_path: Path) -> None:
        fakes.script(tmp_path, "/usr/bin/g++", "exit 1")
        assert find_compiler(fakes.host(tmp_path)) == {"command": "g++", "version": None}

    def test_absent(self, tmp_path: Path) -> None:
        assert find_compiler(fakes.host(tmp_path)) is None


class TestShown:
    FOUND = (
        Finding("pytorch.ok", "pytorch", "ok", "PyTorch 2"),
        Finding("jax.missing", "jax", "problem", "not there", "pip install jax"),
        Finding("load.busy", "load", "warning", "busy"),
    )

    def test_one_line_per_area_and_the_mend_below(self) -> None:
        lines = doctor_lines(self.FOUND, colour=False, unicode=True)
        assert lines == [
            "✓ pytorch      PyTorch 2",
            "✗ jax          problem: not there",
            "               mend: pip install jax",
            "! load         warning: busy",
            "",
            "1 problem and 1 warning found.",
        ]

    def test_narrow_terminals_wrap_the_text_and_never_the_mend(self) -> None:
        mend = "pip install " + "x" * 100
        found = [Finding("jax.missing", "jax", "problem", "word " * 30, mend)]
        lines = doctor_lines(found, colour=False, unicode=True, width=60)
        assert f"               mend: {mend}" in lines
        others = [line for line in lines if "mend:" not in line]
        assert max(map(len, others)) <= 60
        assert all(line.startswith(" " * 15) for line in others[1:-2])

    def test_plain_ascii_and_words_beside_the_colour(self) -> None:
        plain = "\n".join(doctor_lines(self.FOUND, colour=False, unicode=False))
        assert plain.isascii()
        coloured = "\n".join(doctor_lines(self.FOUND, colour=True, unicode=True))
        stripped = re.sub(r"\x1b\[\d*m", "", coloured)
        assert stripped == "\n".join(doctor_lines(self.FOUND, colour=False, unicode=True))


class TestCommand:
    @staticmethod
    def run(*options: str, **environ: str) -> subprocess.CompletedProcess[str]:
        import os

        code = "from advisor.cli import main; main()"
        return subprocess.run(
            [sys.executable, "-c", code, "doctor", *options],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, **environ},
        )

    def test_json_is_one_document_with_facts_and_nothing_private(self, tmp_path: Path) -> None:
        environ = {
            "USER": "anna-canary",
            "LOGNAME": "anna-canary",
            "HOSTNAME": "host-canary",
            "XLA_FLAGS": "--xla_dump_to=/home/anna-canary/dump",
            "JAX_COORDINATOR_ADDRESS": "node-canary:1234",
            "OMP_NUM_THREADS": "1",
            "CUDA_VISIBLE_DEVICES": "GPU-5d5c31f2-canary",
        }
        done = self.run("--json", **environ)
        assert done.returncode == 0
        document = json.loads(done.stdout)
        assert document["schema"] == "fw-advisor/doctor@1"
        for finding in document["findings"]:
            assert set(finding) == {"id", "area", "severity", "text", "mend"}
            assert finding["severity"] in ("ok", "warning", "problem")
        assert {f["area"] for f in document["findings"]} == set(AREAS)
        assert document["facts"]["machine"]["cores_usable"] >= 1
        tuning = document["facts"]["tuning"]
        assert (tuning["JAX_COORDINATOR_ADDRESS"], tuning["OMP_NUM_THREADS"]) == ("<set>", "1")
        assert document["facts"]["visibility"]["CUDA_VISIBLE_DEVICES"] == "<1 device>"
        for secret in ("canary", "5d5c31f2", str(Path.home()) + "/"):
            assert secret not in done.stdout

    def test_a_wrong_interpreter_is_the_users_mistake(self, tmp_path: Path) -> None:
        done = self.run("--json", "--python", f"torch={tmp_path}/absent")
        assert done.returncode == 2
        assert json.loads(done.stdout)["error"]["hint"]
        assert "Traceback" not in done.stderr

    def test_an_interpreter_without_the_framework(self, tmp_path: Path) -> None:
        answer = fakes.holdings(frameworks={"pytorch": None, "jax": None})
        bare = fakes.interpreter(tmp_path, "bare/bin/python", answer)
        done = self.run("--python", f"torch={bare}", "--python", f"jax={bare}")
        assert done.returncode == 0
        assert done.stdout.count("problem: ") == 2
        assert done.stdout.count("mend: ") >= 2


def test_a_user_without_home_or_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Containers run as random numbers: nothing may need a home directory."""

    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nowhere)
    found = findings(seen(torch(), jax()), MENDS)
    assert {f.severity for f in found} == {"ok"}


def test_examining_a_machine_made_of_files(tmp_path: Path) -> None:
    root = fakes.machine_root(tmp_path / "root")
    fakes.cgroup2(root, "/", {"/cpu.max": "100000 100000"})
    fakes.write(root, {"/proc/loadavg": "9.50 1 1 1/1 1\n"})
    path = fakes.interpreter(tmp_path, "env/bin/python")
    examined = examine(
        {"torch": [str(path)], "jax": [str(path)]},
        worker=(str(resource_dir("probes")),),
        host=fakes.host(root),
        directory=tmp_path,
    )
    found = {f.id for f in ailing(examined)}
    assert {"quota.below-cores", "load.busy", "compiler.missing"} <= found
    json.dumps(examined.facts(), allow_nan=False)
