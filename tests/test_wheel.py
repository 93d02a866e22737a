"""The built wheel, installed elsewhere, is whole: it finds its data and adds only `advisor`."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("wheel")
    for tool in ("build", "hatchling"):
        assert importlib.util.find_spec(tool), f"{tool} belongs to the dev extras"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "build", "--wheel", "--no-isolation"),
            *("--outdir", str(place), str(ROOT)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    [found] = place.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel unpacked as pip does for one without compiled parts."""
    place = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place)
    return place


def run(installed: Path, cwd: Path, code: str) -> str:
    """Run *code* far from the checkout, with the unpacked wheel first on the path."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environment["PYTHONPATH"] = str(installed)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_only_advisor_and_its_metadata_are_added(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/", 1)[0] for name in names}
    assert {name for name in tops if not name.endswith(".dist-info")} == {"advisor"}
    assert not [n for n in names if "__pycache__" in n or n.endswith(".pyc")]
    assert not [n for n in names if n.startswith("advisor/tests")]


def test_every_data_file_of_the_checkout_is_in_the_wheel(wheel):
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "probes", "rules", "templates"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if tracked.returncode:
        pytest.skip("no git checkout to compare with")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    wanted = [name for name in tracked.stdout.decode().split("\0") if name]
    assert wanted
    missing = [n for n in wanted if (ROOT / n).exists() and f"advisor/_data/{n}" not in names]
    assert missing == []


def test_an_installed_wheel_finds_its_data_and_not_the_checkouts(installed, tmp_path):
    code = (
        "import advisor; from advisor.resources import resource_dir\n"
        "print(advisor.__file__)\n"
        "for name in ('rules', 'templates', 'probes'): print(resource_dir(name))"
    )
    lines = run(installed, tmp_path, code).splitlines()
    assert [Path(line).is_relative_to(installed) for line in lines] == [True] * 4
    assert (Path(lines[1]) / "questions.yaml").is_file()
    assert (Path(lines[3]) / "__main__.py").is_file()


def test_an_installed_worker_starts_and_lists_the_workloads(installed, tmp_path):
    code = (
        "from pathlib import Path; from advisor.resources import resource_dir\n"
        "from advisor.measure.catalogue import read_catalogue\n"
        "found = read_catalogue((str(resource_dir('probes')),), Path('.'))\n"
        "print(' '.join(sorted(w.id for w in found)))"
    )
    assert {"matmul", "mlp_train"} <= set(run(installed, tmp_path, code).split())


def test_the_command_of_an_installed_wheel_answers(installed, tmp_path):
    code = (
        "import sys; sys.argv = ['fw-advisor', '--help']\n"
        "from importlib.metadata import entry_points\n"
        "[command] = entry_points(group='console_scripts', name='fw-advisor')\n"
        "assert command.value == 'advisor.cli:main', command\n"
        "command.load()()"
    )
    assert "Exit codes" in run(installed, tmp_path, code)


def test_the_version_is_one(installed, wheel, tmp_path):
    code = (
        "from importlib.metadata import version; import advisor\n"
        "print(version('fw-advisor'), advisor.__version__)"
    )
    first, second = run(installed, tmp_path, code).split()
    assert first == second
    assert f"-{first}-" in wheel.name
