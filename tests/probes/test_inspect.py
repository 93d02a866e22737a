"""`probes inspect` says what an interpreter holds, in any Python that workers run in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from advisor.resources import resource_dir

PROBES = str(resource_dir("probes"))
OLD_AND_NEW = ("python3.10", "python3.11", "python3.12", "python3.13", "python3.14")


def inspect(
    *options: str, python: str = sys.executable, site: Path | None = None, **environ: str
) -> dict:
    paths = {"PYTHONPATH": str(site)} if site else {}
    done = subprocess.run(
        [python, "-B", PROBES, "inspect", *options],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, **paths, **environ},
    )
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    return json.loads(line)


def package(site: Path, name: str, files: dict[str, str], version: str | None = None) -> None:
    """A package below *site*, with metadata if it has a *version*."""
    for file, text in files.items():
        place = site / name / file
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    if version:
        info = site / f"{name}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


def bare(*options: str, site: Path) -> dict:
    """This Python without its site-packages, so that *site* is all it holds."""
    return inspect(*options, python=str(_without_site(site)), site=site)


def _without_site(site: Path) -> Path:
    script = site.parent / "python-without-site"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
    script.chmod(0o755)
    return script


def _places(name: str) -> list[str]:
    """On the PATH (a version manager may have put a stub there), and where such keep them."""
    version = name.removeprefix("python")
    managed = [
        str(place)
        for root in (".pyenv/versions", ".local/share/uv/python")
        for place in sorted(Path.home().glob(f"{root}/*{version}.*/bin/{name}"))
    ]
    return [place for place in [shutil.which(name), *managed] if place]


def _starts(python: str) -> bool:
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


def test_this_interpreter() -> None:
    found = inspect()
    assert found["ok"] is True
    assert found["python"] == ".".join(str(part) for part in sys.version_info[:3])
    assert isinstance(found["headers"], bool)
    assert "asked" not in found


@pytest.mark.parametrize("name", OLD_AND_NEW)
def test_every_python_that_workers_run_in(name: str) -> None:
    python = next(filter(_starts, _places(name)), None)
    if python is None:
        pytest.skip(f"{name} is not on this machine")
    found = inspect(python=python)
    assert found["python"].startswith(name.removeprefix("python"))
    assert set(found["frameworks"]) == {"pytorch", "jax"}


def test_nothing_is_imported_without_being_asked(tmp_path: Path) -> None:
    for name in ("torch", "jax", "jaxlib", "numpy"):
        package(tmp_path / "site", name, {"__init__.py": "raise SystemExit(9)"}, "1.2.3")
    found = bare(site=tmp_path / "site")
    assert found["frameworks"]["jax"]["version"] == "1.2.3"
    assert found["packages"] == {"torch": "1.2.3", "jax": "1.2.3", "jaxlib": "1.2.3",
                                 "numpy": "1.2.3"}  # fmt: skip


def test_build_of_a_wheel_is_read_without_running_it(tmp_path: Path) -> None:
    version = (
        "from typing import Optional\n"
        "__version__ = '2.15.0+cu132'\ncuda: Optional[str] = '13.2'\nhip: Optional[str] = None\n"
        "raise SystemExit(9)\n"
    )
    package(tmp_path / "site", "torch", {"__init__.py": "", "version.py": version})
    torch = bare(site=tmp_path / "site")["frameworks"]["pytorch"]
    assert torch["version"] == "2.15.0+cu132"
    assert torch["build"] == {"cuda": "13.2", "hip": None, "xpu": None}


def test_jax_without_jaxlib_lacks_it(tmp_path: Path) -> None:
    package(tmp_path / "site", "jax", {"__init__.py": ""}, "0.12.0")
    assert bare(site=tmp_path / "site")["frameworks"]["jax"]["lacks"] == ["jaxlib"]


def test_leftovers_are_not_a_framework(tmp_path: Path) -> None:
    """A directory that an uninstall left behind, and metadata without its package."""
    site = tmp_path / "site"
    (site / "torch" / "lib").mkdir(parents=True)
    package(site, "elsewhere", {"__init__.py": ""})
    info = site / "jax-0.12.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: jax\nVersion: 0.12.0\n")
    assert bare(site=site)["frameworks"] == {"pytorch": None, "jax": None}


@pytest.mark.parametrize("text", ["", "Version: \x00\n", "\xff\xfe", "no headers at all"])
def test_broken_metadata_is_passed_over(tmp_path: Path, text: str) -> None:
    site = tmp_path / "site"
    info = site / "flax-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(text, encoding="latin-1")
    package(site, "optax", {"__init__.py": ""}, "0.2.8")
    assert bare(site=site)["packages"]["optax"] == "0.2.8"


def test_further_packages_on_request(tmp_path: Path) -> None:
    package(tmp_path / "site", "ourmodels", {"__init__.py": ""}, "4.0")
    assert "ourmodels" not in bare(site=tmp_path / "site")["packages"]
    found = bare("--packages", "ourmodels,absent", site=tmp_path / "site")
    assert found["packages"] == {"ourmodels": "4.0"}


def test_a_framework_that_prints_does_not_corrupt_the_answer(tmp_path: Path) -> None:
    package(tmp_path / "site", "torch", {"__init__.py": "print('hello from torch')"}, "1.0")
    found = bare("--devices", "pytorch", site=tmp_path / "site")
    assert found["asked"]["pytorch"]["error"].startswith("AttributeError")


def test_a_framework_that_cannot_be_imported_says_why(tmp_path: Path) -> None:
    text = "raise ImportError('libcudnn.so.8: cannot open shared object file')"
    package(tmp_path / "site", "torch", {"__init__.py": text}, "1.0")
    asked = bare("--devices", "pytorch", site=tmp_path / "site")["asked"]["pytorch"]
    assert asked["devices"] == []
    assert "libcudnn.so.8" in asked["error"]


@pytest.mark.frameworks
class TestRealFrameworks:
    def test_jax_with_two_host_devices(self) -> None:
        flags = "--xla_force_host_platform_device_count=2"
        asked = inspect("--devices", "jax", XLA_FLAGS=flags)["asked"]["jax"]
        assert asked["error"] is None
        assert [d["device"] for d in asked["devices"]] == ["cpu:0", "cpu:1"]
        assert all(d["usable"] for d in asked["devices"])

    def test_torch(self) -> None:
        asked = inspect("--devices", "pytorch")["asked"]["pytorch"]
        assert asked["error"] is None
        assert asked["devices"][-1]["device"] == "cpu"
        assert asked["devices"][-1]["usable"] is True
