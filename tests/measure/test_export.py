"""The exported file, run as a node runs it: one file, an interpreter, nothing installed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import zipfile
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from advisor.cli.exporting import export_worker, worker_archive
from advisor.errors import UserError
from advisor.evidence_io import read_evidence
from advisor.measure.wishes import Wishes, read_plan

PLAN = "fw-advisor/plan@1"
HOME = Path.home() / ".pyenv" / "versions"
CURRENT = Path(sys.executable)


def found(*patterns: str) -> list[Path]:
    return sorted(p for pattern in patterns for p in HOME.glob(f"{pattern}/bin/python"))


SUPPORTED = [CURRENT, *found("3.1[0-4].*")]
TOO_OLD = found("2.7.*", "3.[6-9].*")


def holds_numpy(python: Path) -> bool:
    code = "import importlib.util as u, sys; sys.exit(u.find_spec('numpy') is None)"
    return subprocess.run([python, "-c", code], check=False).returncode == 0


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file under a path with a space, with a plan for the shortest run beside it."""
    place = tmp_path_factory.mktemp("a node") / "probe.pyz"
    export_worker(place, Wishes(profile="quick", only=("matmul",)))
    return place


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """The environment of a node: nothing that leads to this checkout or to its environment."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "TMPDIR": str(temporary),
        "FW_ADVISOR_LOCK": str(tmp_path / "lock"),
    }


def run(
    python: Path, file: Path, *arguments: str | Path, env: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(python), str(file), *map(str, arguments)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd=env["HOME"],
        env=env,
        check=False,
    )


def plan_file(place: Path, **document: Any) -> Path:
    place.write_text(json.dumps({"schema": PLAN, **document}), encoding="utf-8")
    return place


def test_the_bytes_depend_on_the_files_alone(tmp_path: Path, exported: Path) -> None:
    assert worker_archive() == worker_archive() == exported.read_bytes()
    export_worker(tmp_path / "other.pyz", Wishes(profile="thorough", seed=3))
    assert (tmp_path / "other.pyz").read_bytes() == exported.read_bytes()


def test_it_holds_what_measuring_needs_and_nothing_above_it(exported: Path) -> None:
    names = zipfile.ZipFile(exported).namelist()
    assert {"__main__.py", "advisor/workers/guardian.py", "probes/workloads/matmul/jax_.py"} <= {
        *names
    }
    tops = {name.split("/")[1] for name in names if name.startswith("advisor/")}
    assert tops == {
        *("__init__.py", "accuracy.py", "bounds.py", "devices.py", "errors.py", "evidence"),
        "files.py",
        *(
            "jsonio.py",
            "owned.py",
            "pair.py",
            "ratio.py",
            "reason.py",
            "resources.py",
            "scaling.py",
        ),
        *("text.py", "wording.json"),
        *("machine", "measure", "node", "render", "workers"),
    }
    words = {name for name in names if name.startswith("advisor/render/")}
    assert words == {f"advisor/render/{n}.py" for n in ("__init__", "evidence_words", "wording")}
    assert os.access(exported, os.X_OK)


@pytest.mark.parametrize("python", SUPPORTED, ids=str)
def test_every_interpreter_reads_all_of_it_and_starts_it(
    python: Path, exported: Path, bare: dict[str, str]
) -> None:
    code = (
        "import sys, zipfile\n"
        "with zipfile.ZipFile(sys.argv[1]) as z:\n"
        "    for n in z.namelist(): compile(z.read(n), n, 'exec')\n"
    )
    subprocess.run([str(python), "-W", "error", "-c", code, str(exported)], check=True)
    told = run(python, exported, "--help", env=bare)
    assert (told.returncode, told.stderr) == (0, "")
    assert "--plan" in told.stdout
    asked = run(python, exported, "inspect", env=bare)
    assert json.loads(asked.stdout)["ok"] is True


@pytest.mark.parametrize("python", TOO_OLD, ids=str)
def test_an_interpreter_that_is_too_old_says_so(
    python: Path, exported: Path, bare: dict[str, str]
) -> None:
    told = run(python, exported, "--plan", "plan.json", env=bare)
    assert told.returncode == 2
    assert "needs 3.10 or later" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_bare_interpreter_with_nothing_beside_it_says_what_is_missing(
    exported: Path, bare: dict[str, str]
) -> None:
    # -S takes even an installed NumPy away.
    told = subprocess.run(
        [sys.executable, "-S", str(exported)],
        capture_output=True,
        text=True,
        cwd=bare["HOME"],
        env={**bare, "FW_ADVISOR_NODE_TAKEN_OVER": "1"},
        check=False,
    )
    assert told.returncode == 4
    document = json.loads(told.stdout)
    assert document["schema"] == "fw-advisor/error@1"
    assert "NumPy is missing" in document["error"]["message"]
    assert "--python torch=PATH" in document["error"]["hint"]


@pytest.mark.parametrize("python", [p for p in SUPPORTED if not holds_numpy(p)], ids=str)
def test_the_same_under_the_interpreters_that_are_bare(
    python: Path, exported: Path, bare: dict[str, str]
) -> None:
    told = run(python, exported, env=bare)
    assert told.returncode == 4
    assert "NumPy is missing" in json.loads(told.stdout)["error"]["message"]
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"schema": "fw-advisor/answers@1"}, "is no plan"),
        ({"wishes": {"profil": "quick"}}, "did you mean 'profile'?"),
        ({"wishes": {"profile": "hasty"}}, "one of: quick, standard, thorough"),
        ({"wishes": {"only": "matmul"}}, "'only' has to be a list of names"),
        ({"wishes": {"budget_s": -1}}, "'budget_s' has to be a number of seconds above 0"),
        ({"wishes": {"seed": True}}, "'seed' has to be a whole number"),
        ({"wishes": []}, "'wishes' is no object"),
        ({"plan": []}, "holds neither wishes nor rows"),
        ({"plan": [{"probe": "matmul"}], "shell": "rm"}, "'shell' is not known"),
    ],
)
def test_a_wrong_plan_is_refused_with_its_name(
    tmp_path: Path, document: dict[str, Any], told: str
) -> None:
    place = plan_file(tmp_path / "plan.json", **document)
    with pytest.raises(UserError) as caught:
        read_plan(place)
    assert told in str(caught.value)
    assert str(place) in str(caught.value)


def test_a_plan_comes_back_as_it_was_written(tmp_path: Path) -> None:
    wishes = Wishes(
        profile="thorough",
        settings="default",
        skip=("export",),
        frameworks=("jax",),
        budget_s=90.0,
        seed=7,
        probes=("conv_train", "memory"),
        values={"conv_train": 1.0, "memory": 0.25},
    )
    export_worker(tmp_path / "probe.pyz", wishes)
    assert read_plan(tmp_path / "probe.plan.json") == wishes


def test_rows_alone_are_a_plan_too(tmp_path: Path) -> None:
    rows = [{"probe": name, "modes": [], "seconds": 1} for name in ("matmul", "memory", "matmul")]
    assert read_plan(plan_file(tmp_path / "p.json", plan=rows)) == Wishes(only=("matmul", "memory"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--plan", "absent.json"], "absent.json: cannot be read"),
        (["--plam", "x"], "unrecognized arguments"),
        (["--python", "torch"], "does not say which framework"),
        (["--python", "jax=/nowhere/python"], "no Python interpreter lies at"),
        (["--workload", "absent.py"], "is no Python file"),
        (["-o", "no/such/place.json"], "cannot be written"),
    ],
)
def test_a_wrong_option_is_told_before_anything_is_measured(
    exported: Path, bare: dict[str, str], arguments: list[str], told: str
) -> None:
    ran = run(CURRENT, exported, *arguments, env=bare)
    assert ran.returncode == 2
    assert told in ran.stderr
    assert "Traceback" not in ran.stderr
    assert json.loads(ran.stdout)["schema"] == "fw-advisor/error@1"


def advisor(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "advisor", "probe", *map(str, arguments)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def test_the_command_writes_both_files_and_says_how_to_use_them(tmp_path: Path) -> None:
    place = tmp_path / "probe.pyz"
    ran = advisor("--export-worker", place, "--only", "matmul", "--budget", "60s", "--json")
    assert ran.returncode == 0
    document = json.loads(ran.stdout)
    assert document["schema"] == "fw-advisor/export@1"
    assert Path(document["worker"]).read_bytes() == worker_archive()
    assert read_plan(Path(document["plan"])) == Wishes(only=("matmul",), budget_s=60.0)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--export-worker", "probe.zip"], "written as .pyz"),
        (["--export-worker", "probe.pyz", "--label", "x"], "--label does not travel"),
        (["--export-worker", "probe.pyz", "--python", "jax=x"], "--python does not travel"),
        (["--export-worker", "/proc/no/probe.pyz"], "cannot be written"),
    ],
)
def test_the_command_refuses_what_cannot_be_meant(arguments: list[str], told: str) -> None:
    ran = advisor(*arguments)
    assert ran.returncode == 2
    assert told in ran.stderr
    assert not Path("probe.pyz").exists()


def test_a_machine_without_psutil_and_cpuinfo_is_described(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As on a bare Mac: no /proc, no packages."""
    host_module = import_module("advisor.machine.host")
    for name in ("psutil", "cpuinfo"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(host_module.Host, "read", lambda self, name: None)
    monkeypatch.setattr(host_module.Host, "listing", lambda self, name: [])
    host = host_module.Host()
    host.system = "Darwin"
    document = import_module("advisor.machine.describe").describe_machine(host=host)
    assert document["memory_bytes"] > 0
    assert document["details"]["cores_logical"] == os.cpu_count()


needs_jax = pytest.mark.skipif(find_spec("jax") is None, reason="no jax in this interpreter")


@pytest.fixture
def jax_plan(tmp_path: Path) -> Path:
    wishes = {"profile": "quick", "only": ["matmul"], "frameworks": ["jax"], "budget_s": 5}
    return plan_file(tmp_path / "plan.json", wishes=wishes)


@needs_jax
@pytest.mark.frameworks
def test_it_measures_where_nothing_is_installed_and_the_advisor_reads_it(
    exported: Path, bare: dict[str, str], jax_plan: Path
) -> None:
    ran = run(CURRENT, exported, "--plan", jax_plan, "--label", "node\tseven", env=bare)
    assert ran.returncode == 0, ran.stderr
    assert "measuring: " in ran.stderr
    place = Path(bare["HOME"]) / "evidence.json"
    place.write_text(ran.stdout, encoding="utf-8")
    evidence = read_evidence(place)
    assert evidence.machine.label == "node seven"
    entries = [e for p in evidence.probes for e in p.entries]
    assert entries
    assert {(e.mode, e.status) for e in entries} == {("jax.jit", "ok")}
    # What it says is in words already: they travelled along.
    assert all(n.text for n in evidence.notices)
    assert str(exported.parent) not in ran.stdout


@needs_jax
@pytest.mark.frameworks
def test_a_bare_interpreter_hands_over_to_one_that_it_was_pointed_to(
    exported: Path, bare: dict[str, str], jax_plan: Path, tmp_path: Path
) -> None:
    empty = next((p for p in SUPPORTED if not holds_numpy(p)), None)
    if empty is None:
        pytest.skip("every interpreter found here holds NumPy")
    target = tmp_path / "evidence.json"
    options = ("--python", f"jax={CURRENT}", "-o", target)
    process = subprocess.Popen(
        list(map(str, (empty, exported, "--plan", jax_plan, *options))),
        stderr=subprocess.PIPE,
        text=True,
        env=bare,
    )
    assert process.stderr is not None
    # It measures: that it does so to the end is what another interpreter is tested for.
    assert process.stderr.readline().startswith("measuring: ")
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 130
    assert read_evidence(target).machine.os == sys.platform


@needs_jax
@pytest.mark.frameworks
def test_a_scheduler_that_ends_it_still_gets_the_evidence(
    exported: Path, bare: dict[str, str], jax_plan: Path
) -> None:
    process = subprocess.Popen(
        [str(CURRENT), str(exported), "--plan", str(jax_plan)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=bare,
    )
    assert process.stderr is not None
    assert process.stderr.readline().startswith("measuring: ")
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate()
    assert process.returncode == 130
    document = json.loads(out)
    assert document["schema"] == "fw-advisor/evidence@1"
    assert {e["status"] for p in document["probes"] for e in p["entries"]} <= {"interrupted"}
    assert "interrupted" in err
    assert not list(Path(bare["TMPDIR"]).iterdir())
