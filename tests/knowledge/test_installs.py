"""Every combination has an install line or a reason; the wrong lines of the past stay away."""

from __future__ import annotations

import itertools
import re

import pytest

from advisor.cli.measuring import load_mends
from advisor.errors import UserError
from advisor.knowledge.install_form import ARCHITECTURES
from advisor.knowledge.installs import fits, install_lines
from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.rule_check import check
from advisor.knowledge.supply import Absence, Install
from advisor.machine.mends import with_lines

BASE = load_rule_base()
MENDS = load_mends()
HARDWARE = tuple(BASE.facts["hardware.train"].values)
SYSTEMS = tuple(BASE.facts["hardware.os"].values)
PYTHONS = tuple(dict.fromkeys([*BASE.facts["python"].values, "3.15"]))
PLACES = list(
    itertools.product(("pytorch", "jax"), HARDWARE, SYSTEMS, PYTHONS, (None, *ARCHITECTURES))
)


def line(framework: str, hardware: str, os: str, python: str = "3.12", **more: str) -> str:
    found = install_lines(BASE, framework, hardware=hardware, os=os, python=python, **more)
    return found.command if isinstance(found, Install) else f"no line: {found.why}"


def test_every_combination_has_a_line_or_a_reason_of_its_own() -> None:
    for framework, hardware, os, python, arch in PLACES:
        found = install_lines(BASE, framework, hardware=hardware, os=os, python=python, arch=arch)
        assert found.id, (framework, hardware, os, python, arch, found)
        if isinstance(found, Absence):
            assert found.why
            assert found.instead, found.id


def test_what_has_a_line_has_no_reason_against_it() -> None:
    for framework, hardware, os, python, arch in PLACES:
        if arch is None:
            continue
        place = {"hardware": hardware, "os": os, "python": python, "arch": arch}
        lines = [i.id for i in BASE.installs if i.framework == framework and fits(i, **place)]
        against = [a.id for a in BASE.absences if a.framework == framework and not a.package]
        against = [a for a in BASE.absences if a.id in against and fits(a, **place)]
        # What is about builds without the lock is said where nothing else fits.
        if any(not a.architecture and not a.free_threaded for a in against):
            assert not lines, (place, lines)


def test_every_row_is_reached() -> None:
    seen = {
        install_lines(BASE, framework, hardware=hardware, os=os, python=python, arch=arch).id
        for framework, hardware, os, python, arch in PLACES
    }
    meant_for_mends = {"pytorch.cuda-old"}
    rows = {i.id for i in BASE.installs} | {a.id for a in BASE.absences if not a.package}
    assert rows - seen == meant_for_mends


@pytest.mark.parametrize(
    ("framework", "hardware", "os", "has"),
    [
        # The general index serves other things under AWS's names.
        ("pytorch", "trainium", "linux", "pip.repos.neuron.amazonaws.com"),
        ("jax", "trainium", "linux", "pip.repos.neuron.amazonaws.com"),
        # Pasted alone, the plain package is the wrong build.
        ("pytorch", "amd", "linux", "--index-url https://download.pytorch.org/whl/rocm"),
        ("pytorch", "intel_gpu", "linux", "--index-url https://download.pytorch.org/whl/xpu"),
        ("pytorch", "intel_gpu", "windows", "--index-url https://download.pytorch.org/whl/xpu"),
        ("pytorch", "nvidia", "windows", "--index-url https://download.pytorch.org/whl/cu13"),
        ("pytorch", "nvidia", "linux", "pip install torch"),
        ("pytorch", "tpu", "linux", "torch_tpu"),
        ("jax", "nvidia", "linux", "jax[cuda13]"),
        ("jax", "tpu_pod", "linux", "jax[tpu]"),
        ("jax", "amd", "linux", "jax[rocm7-local]"),
    ],
)
def test_the_line_brings_the_build_for_the_hardware(
    framework: str, hardware: str, os: str, has: str
) -> None:
    assert has in line(framework, hardware, os)


@pytest.mark.parametrize(
    ("framework", "hardware", "os", "why"),
    [
        ("pytorch", "intel_gpu", "wsl2", "not on WSL2"),
        ("jax", "intel_gpu", "wsl2", "says no"),
        ("pytorch", "amd", "windows", "AMD publishes"),
        ("jax", "nvidia", "windows", "no GPU support on native Windows"),
        ("jax", "amd", "windows", "no GPU support on native Windows"),
        ("pytorch", "nvidia", "macos", "Apple's GPU only"),
        ("jax", "tpu", "windows", "Linux hosts only"),
    ],
)
def test_where_there_is_none_the_reason_is_told(
    framework: str, hardware: str, os: str, why: str
) -> None:
    assert why in line(framework, hardware, os)
    assert line(framework, hardware, os).startswith("no line")


def test_the_python_decides() -> None:
    assert "torch_tpu needs Python 3.11" in line("pytorch", "tpu", "linux", "3.10")
    assert "pip install torch_tpu" in line("pytorch", "tpu", "linux", "3.11")
    assert "jax-neuronx" in line("jax", "trainium", "linux", "3.14")
    assert "torch_tpu" in line("pytorch", "tpu", "linux", "3.13.2")
    assert "jax[cuda12]" in line("jax", "nvidia", "linux", "3.10")
    assert "no extra for ROCm 7" in line("jax", "amd", "linux", "3.10")
    for hardware, os in (("cpu", "linux"), ("nvidia", "windows"), ("amd", "linux")):
        newest = line("pytorch", hardware, os, "3.15")
        assert "--index-url https://download.pytorch.org/whl/" in newest, (hardware, os)
    assert "whl/xpu" in line("pytorch", "intel_gpu", "windows", "3.15")
    assert "jax[cuda13]" in line("jax", "nvidia", "linux", "3.13t")


@pytest.mark.parametrize("python", ["3.13t", "3.14t", "3.15t"])
def test_builds_without_the_lock_get_what_has_wheels_for_them(python: str) -> None:
    assert line("pytorch", "cpu", "linux", python) == "pip install torch"
    assert line("pytorch", "nvidia", "linux", python) == "pip install torch"
    assert line("pytorch", "apple", "macos", python) == "pip install torch"
    assert line("jax", "cpu", "linux", python) == "pip install jax"
    assert "jax[cuda13]" in line("jax", "nvidia", "linux", python)
    assert "jax[tpu]" in line("jax", "tpu", "linux", python)
    for framework, hardware, os in (
        ("jax", "cpu", "windows"),
        ("jax", "amd", "linux"),
        ("pytorch", "amd", "linux"),
        ("pytorch", "nvidia", "windows"),
    ):
        assert "free-threaded" in line(framework, hardware, os, python)  # fmt: skip
    for framework, hardware, os in (("pytorch", "trainium", "linux"), ("jax", "apple", "linux")):
        assert line(framework, hardware, os, python).startswith("no line")


def test_the_architecture_decides() -> None:
    assert "torch==2.2.2" in line("pytorch", "cpu", "macos", arch="x86_64")
    assert line("pytorch", "cpu", "macos", arch="arm64") == "pip install torch"
    assert line("pytorch", "nvidia", "linux", arch="aarch64") == "pip install torch"
    assert "64-bit ARM" in line("jax", "amd", "linux", arch="aarch64")
    assert "whl/cpu" in line("pytorch", "cpu", "windows", "3.12", arch="arm64")
    assert "3.11 to 3.13" in line("pytorch", "cpu", "windows", "3.14", arch="arm64")
    assert "NVIDIA publishes" in line("pytorch", "nvidia", "windows", arch="arm64")


def test_what_is_not_known_rules_nothing_out() -> None:
    found = install_lines(BASE, "jax", hardware="nvidia", os=None)
    assert isinstance(found, Install)
    assert found.id == "jax.cuda13"
    nobody = install_lines(BASE, "theano", hardware="cpu", os="linux")
    assert isinstance(nobody, Absence)
    assert nobody.why


def test_libraries_with_traps_have_lines_of_their_own() -> None:
    def library(package: str, framework: str, hardware: str) -> str:
        return line(framework, hardware, "linux", package=package)

    assert "maxtext[tpu]" in library("maxtext", "jax", "tpu")
    assert "maxtext[cuda12]" in library("maxtext", "jax", "nvidia")
    assert library("vllm-tpu", "jax", "tpu") == "pip install vllm-tpu"
    assert library("vllm", "pytorch", "tpu") == "pip install vllm-torchtpu"
    assert "empty" in library("vllm-jax", "jax", "tpu")
    assert "git clone" in library("sglang-jax", "jax", "nvidia")
    assert "pip install torch jax torchax" in line("pytorch", "apple", "macos", package="torchax")


def test_no_line_installs_a_stand_in_by_its_plain_name() -> None:
    names = {stand_in.distribution for stand_in in BASE.stand_ins}
    assert {"torch-neuronx", "neuronx-cc", "nki", "jax-neuronx", "vllm-jax"} <= names
    texts = [i.command for i in (*BASE.installs, *BASE.libraries)]
    texts += [mend.text for mend in MENDS.mends]
    for text in texts:
        for name in names:
            for spec in re.findall(rf"\b{name}\b[^\s&]*", text):
                assert ">=" in spec, text
                assert "index-url" in text, text


def test_indexes_in_commands_are_those_that_their_vendors_document() -> None:
    hosts = {"download.pytorch.org", "pip.repos.neuron.amazonaws.com"}
    for row in (*BASE.installs, *BASE.libraries):
        given = re.findall(r"index-url\s+https://([^/\s]+)", row.command)
        assert set(given) <= hosts, row.id
        asked = {re.sub(r"https://([^/]+).*", r"\1", c.index) for c in row.check if c.index}
        assert asked <= set(given), row.id


def test_every_row_is_sourced_dated_and_checkable() -> None:
    day = "2026-11-27"
    assert not [f for f in check(BASE, today=day) if f.severity == "error"]
    for row in (*BASE.installs, *BASE.libraries, *BASE.absences, *BASE.stand_ins):
        assert row.sources, row
        assert row.reviewed <= day < row.expires, row
    for row in BASE.installs:
        assert row.check, row.id


@pytest.mark.parametrize("hardware", ["amd", "intel_gpu", "tpu", "trainium"])
@pytest.mark.parametrize("finding", ["pytorch.missing", "pytorch.broken"])
def test_doctor_never_falls_through_to_the_plain_package(finding: str, hardware: str) -> None:
    for os in ("linux", "windows", "wsl2"):
        context = {"hardware": [hardware], "os": [os], "cuda": ["none"], "python": ["3.12"]}
        mend = MENDS.for_finding(finding, context, pip="pip", python="python")
        if (hardware, os) not in {("tpu", "windows"), ("tpu", "wsl2")}:
            assert mend is not None
            assert not re.fullmatch(r"pip install (-U --force-reinstall )?torch", mend), (os, mend)


@pytest.mark.parametrize(
    ("driver", "capability", "cuda"),
    [
        ("575.1", "12.0", "needs-13"),
        ("580.2", "12.0", "13"),
        ("575.1", "9.0", "12"),
        ("580.2", "7.0", "12"),
        ("470.1", "12.0", "none"),
        ("580.2", "3.5", "none"),
        ("575.1", None, "12"),
        (None, "9.0", "none"),
    ],
)
def test_builds_without_kernels_for_a_gpu_do_not_count(
    driver: str | None, capability: str | None, cuda: str
) -> None:
    assert MENDS.newest_cuda("pytorch", driver, capability) == cuda


def test_a_mend_that_refers_to_no_line_is_refused() -> None:
    data = {"mends": [{"finding": "pytorch.missing", "install": "pytorch.cpuu"}]}
    with pytest.raises(UserError, match="cpuu"):
        with_lines(data, {"pytorch.cpu": "pip install torch"}, name="mends.yaml")
    written = with_lines(
        {"mends": [{"finding": "x", "install": "a", "options": "-U", "when": {"os": "linux"}}]},
        {"a": 'pip install "b[c]" && pip install d'},
        name="x",
    )
    assert written["mends"] == [
        {
            "finding": "x",
            "when": {"os": "linux"},
            "mend": "{pip} install -U 'b[c]' && {pip} install -U d",
        }
    ]
