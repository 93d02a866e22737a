"""A device that a framework lacks is told with its cause and mend: here, and on a bare node."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from advisor.answers import Answers
from advisor.cli import measuring
from advisor.cli.exporting import export_worker
from advisor.cli.interviewing import Talk
from advisor.cli.measuring import load_mends
from advisor.errors import UserError
from advisor.machine.mends import mends_from
from advisor.measure.selection import Wishes
from advisor.render.evidence_words import word_notice
from tests.machine import fakes

CPU = {"device": "cpu", "kind": "cpu", "name": "CPU", "usable": True}
CUDA = {"device": "cuda:0", "kind": "cuda", "name": "NVIDIA H200", "usable": True}


def answer(*devices: dict[str, Any], build: str | None = "13.0") -> dict[str, Any]:
    """An interpreter with both frameworks that see *devices*."""
    asked = {"devices": list(devices), "warnings": [], "error": None}
    frameworks = fakes.holdings()["frameworks"]
    frameworks["pytorch"]["build"]["cuda"] = build
    return fakes.holdings(frameworks=frameworks, asked={"pytorch": asked, "jax": asked})


@pytest.fixture
def gpu(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine whose driver shows an H200."""
    row = "NVIDIA H200, 143771, 580.95.05, 9.0, Disabled"
    fakes.script(tmp_path, "/bin/nvidia-smi", f"echo '{row}'")
    return {
        "PATH": f"{tmp_path}/bin:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "FW_ADVISOR_LOCK": str(tmp_path / "lock"),
    }


def probe(env: dict[str, str], *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "advisor", "probe", "--json", *map(str, arguments)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=env,
        check=False,
    )


def pythons(*paths: Path) -> list[str]:
    torch, jax = paths
    return ["--python", f"torch={torch}", "--python", f"jax={jax}"]


def test_hidden_devices_are_named_as_the_cause_with_the_mend(
    gpu: dict[str, str], tmp_path: Path
) -> None:
    python = fakes.interpreter(tmp_path, "env/bin/python", answer(CPU))
    ran = probe({**gpu, "CUDA_VISIBLE_DEVICES": ""}, "--device", "gpu", *pythons(python, python))
    assert ran.returncode == 4, ran.stderr
    error = json.loads(ran.stdout)["error"]
    assert "CUDA_VISIBLE_DEVICES hides the NVIDIA H200" in error["message"]
    assert "unset CUDA_VISIBLE_DEVICES" in error["hint"]


def test_each_framework_keeps_its_own_mend(gpu: dict[str, str], tmp_path: Path) -> None:
    python = fakes.interpreter(tmp_path, "env/bin/python", answer(CPU, build=None))
    ran = probe(gpu, "--device", "gpu", *pythons(python, python))
    assert ran.returncode == 4
    hint = json.loads(ran.stdout)["error"]["hint"]
    assert "install -U --force-reinstall torch" in hint
    assert "install -U 'jax[cuda13]'" in hint


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    place = tmp_path / "probe.pyz"
    export_worker(place, Wishes(profile="quick", only=("matmul",), device="gpu"))
    return place


@pytest.mark.parametrize("options", [[], ["-S"]], ids=["with NumPy", "bare"])
def test_a_node_names_the_cause_and_the_mend_too(
    gpu: dict[str, str], tmp_path: Path, exported: Path, options: list[str]
) -> None:
    python = fakes.interpreter(tmp_path, "env/bin/python", answer(CPU, build=None))
    plan = exported.with_suffix(".plan.json")
    ran = subprocess.run(
        [sys.executable, *options, exported, "--plan", plan, *pythons(python, python)],
        capture_output=True,
        text=True,
        env=gpu,
        check=False,
    )
    assert ran.returncode == 4, ran.stderr
    error = json.loads(ran.stdout)["error"]
    assert "built without support for the NVIDIA H200" in error["message"]
    assert "install -U --force-reinstall torch" in error["hint"]
    assert "install -U 'jax[cuda13]'" in error["hint"]


def test_the_exported_file_holds_the_mends(exported: Path) -> None:
    with zipfile.ZipFile(exported) as archive:
        packed = archive.read("advisor/machine/mends.json")
    assert mends_from(json.loads(packed), name="packed") == load_mends()


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, gpu: dict[str, str], tmp_path: Path) -> Path:
    """This process on that machine, in a directory with no environment in it."""
    for name, value in gpu.items():
        monkeypatch.setenv(name, value)
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


def current(monkeypatch: pytest.MonkeyPatch, python: Path) -> None:
    """Let *python* be the interpreter of fw-advisor."""
    fake = SimpleNamespace(executable=str(python))
    monkeypatch.setattr("advisor.machine.interpreters.sys", fake)


def test_a_toolchain_that_has_the_device_wins(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without = fakes.interpreter(here, "first/bin/python", answer(CPU, build=None))
    having = fakes.interpreter(here, "second/bin/python", answer(CUDA, CPU))
    monkeypatch.setenv("FW_ADVISOR_PYTHON", os.pathsep.join([str(without), str(having)]))
    nothing = fakes.holdings(frameworks={"pytorch": None, "jax": None})
    bare = fakes.interpreter(here, "bare/bin/python", nothing)
    current(monkeypatch, bare)
    on_gpu = measuring.look_around(device="gpu").toolchains
    assert [(t.interpreter, t.problem) for t in on_gpu] == [(str(having), None)] * 2
    on_cpu = measuring.look_around(device="cpu").toolchains
    assert [t.interpreter for t in on_cpu] == [str(without)] * 2


def test_where_none_has_the_device_the_cause_is_told(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = fakes.interpreter(here, "first/bin/python", answer(CPU, build=None))
    current(monkeypatch, without)
    found = measuring.look_around(device="gpu").toolchains
    assert [(t.problem or {})["id"] for t in found] == ["pytorch.cpu-wheel", "jax.missing-plugin"]


def test_an_accelerator_that_nobody_asked_for_is_noticed(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = fakes.interpreter(here, "env/bin/python", answer(CPU))
    current(monkeypatch, python)
    (notice,) = measuring.look_around().notices
    assert (notice.id, notice.severity) == ("accelerator-unused", "warning")
    worded = word_notice(notice)
    assert "NVIDIA H200" in worded.text
    assert "--device gpu" in worded.hint
    # Whoever says cpu means it.
    assert measuring.look_around(device="cpu").notices == ()
    campaign = measuring.make_campaign(measuring.look_around(), measuring.make_wishes())
    assert list(campaign.notices) == [notice]


def test_without_an_accelerator_nothing_is_noticed(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("advisor.machine.describe.find_accelerators", lambda host: [])
    python = fakes.interpreter(here, "env/bin/python", answer(CPU))
    current(monkeypatch, python)
    assert measuring.look_around().notices == ()


def test_interpreters_in_the_answers_are_measured_unless_an_option_names_others(
    here: Path,
) -> None:
    python = fakes.interpreter(here, "env/bin/python", answer(CPU))
    text = "schema: fw-advisor/answers@1\nanswers: {task: image}\n"
    answers = here / "answers.yaml"
    answers.write_text(f"{text}pythons: {{torch: {python}, jax: {here}/other}}\n", "utf-8")
    option = f"jax={python}"
    talk = Talk(
        rules=(), python=(option,), profile="quick", device=None, budget=None, seed=0, probe=True,
        quiet=True, colour=False, prompt=True,
    )  # fmt: skip
    talk.starting_answers(file=answers, assignments=(), resume=False, defaults=False, example=False)
    assert talk.python == (option, f"torch={python}")
    assert {t.interpreter for t in talk.around.toolchains} == {str(python)}


def test_an_interview_on_native_windows_starts_nothing_aside(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = fakes.interpreter(here, "env/bin/python", answer(CPU))
    talk = Talk(
        rules=(), python=tuple(pythons(python, python)[1::2]), profile="quick", device=None,
        budget=None, seed=0, probe=True, quiet=True, colour=False, prompt=True,
    )  # fmt: skip
    assert all(t.problem is None for t in talk.around.toolchains)
    monkeypatch.setattr("advisor.cli.interviewing.os", SimpleNamespace(name="nt"))
    talk._begin_aside(Answers(values={"task": "image"}))
    assert talk.aside is None


def an_interview(*set_: str, device: str | None = None) -> tuple[Talk, Answers]:
    talk = Talk(
        rules=(), python=(), profile="standard", device=device, budget=None, seed=0, probe=True,
        quiet=True, colour=False, prompt=True,
    )  # fmt: skip
    answers = talk.starting_answers(
        file=None, assignments=("task=image", *set_), resume=False, defaults=False, example=False
    )
    return talk, answers


def test_an_interview_measures_the_accelerator_that_both_can_use(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    current(monkeypatch, fakes.interpreter(here, "env/bin/python", answer(CUDA, CPU)))
    talk, answers = an_interview()
    talk.quiet = False
    # Nothing has looked around before this is asked.
    assert "--device" in talk._options(answers)
    assert "Looking whether both frameworks can use the NVIDIA H200" in capsys.readouterr().err
    wishes = talk._wishes(answers)
    assert (wishes.device, wishes.budget_s) == ("cuda", 240.0)
    assert all(t.problem is None for t in talk.around.toolchains)
    assert talk.around.notices == ()
    # Whoever says later that the training is on CPUs has those measured.
    wishes = talk._wishes(answers.with_value("hardware.train", "cpu", "asked"))
    assert (wishes.device, wishes.budget_s) == ("cpu", 110.0)


@pytest.mark.parametrize(
    ("devices", "set_", "device"),
    [
        ((CPU,), (), None),  # its frameworks are builds for the CPU
        ((CUDA, CPU), ("hardware.train=cpu",), None),
        ((CUDA, CPU), (), "cpu"),
    ],
)
def test_an_interview_measures_the_cpu_where_the_accelerator_is_not_meant(
    here: Path, monkeypatch: pytest.MonkeyPatch, devices, set_, device
) -> None:
    current(monkeypatch, fakes.interpreter(here, "env/bin/python", answer(*devices)))
    talk, answers = an_interview(*set_, device=device)
    assert all(t.problem is None for t in talk.around.toolchains)
    assert talk._wishes(answers).device == "cpu"
    assert talk._wishes(answers).budget_s == 110.0
    left_out = [n for n in talk.around.notices if n.id == "accelerator-left-out"]
    assert bool(left_out) == (devices == (CPU,))
    assert all("which PyTorch cannot use" in word_notice(n).text for n in left_out[:1])


def test_what_trains_on_another_kind_of_accelerator_measures_the_cpu_or_is_carried_there(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    current(monkeypatch, fakes.interpreter(here, "env/bin/python", answer(CUDA, CPU)))
    talk, answers = an_interview("hardware.train=tpu")
    assert talk._wishes(answers).device == "cpu"
    carried = talk._wishes(answers, "tpu")
    assert (carried.device, carried.budget_s) == ("tpu", 240.0)


def test_one_framework_alone_is_no_reason_to_measure_the_accelerator(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = answer(CUDA, CPU)
    alone["frameworks"]["jax"] = None
    current(monkeypatch, fakes.interpreter(here, "env/bin/python", alone))
    talk, answers = an_interview()
    assert talk._wishes(answers).device == "cpu"


@pytest.mark.parametrize(
    ("device", "precision", "fits"), [("cuda", "tf32", True), ("cpu", "tf32", False)]
)
def test_tf32_is_how_tensor_cores_multiply(device, precision, fits) -> None:
    if fits:
        assert measuring.make_wishes(device=device, precision=precision).precision == "tf32"
        return
    with pytest.raises(UserError, match="--precision tf32 does not exist on cpu"):
        measuring.make_wishes(device=device, precision=precision)
