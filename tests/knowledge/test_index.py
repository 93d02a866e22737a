"""The index is asked without installing; what is dead, empty or a stand-in is named."""

from __future__ import annotations

import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from advisor.knowledge.index import Answer, IndexQuery, PipIndex
from advisor.knowledge.index_check import check_index
from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.model import RuleBase
from advisor.knowledge.refresh import MAX_CLASSIFIERS, OLDEST, work_list
from advisor.knowledge.rule_findings import RuleFinding
from advisor.knowledge.supply import IndexCheck, Install

BASE = load_rule_base()
TODAY = "2026-11-25"
VENDOR = "https://download.pytorch.org/whl/cpu"


@dataclass
class FakeIndex:
    """Holds versions by distribution, or by (distribution, index); remembers what it was asked."""

    held: dict[object, tuple[str, ...]]
    builds: Callable[[IndexQuery], bool] = lambda _: True
    said: dict[str, tuple[str, ...] | None] = field(default_factory=dict)
    asked: list[IndexQuery] = field(default_factory=list)
    read: list[str] = field(default_factory=list)

    def versions(self, question: IndexQuery) -> Answer:
        self.asked.append(question)
        key: object = question.distribution
        versions = self.held.get((key, question.index) if question.index else key, ())
        found = bool(versions) and (not question.platforms or self.builds(question))
        return Answer("versions", versions) if found else Answer("none")

    def classifiers(self, distribution: str, python: str) -> tuple[str, ...] | None:
        self.read.append(distribution)
        return self.said.get(distribution, ())


def line(**changes: object) -> Install:
    given = {
        "id": "pytorch.x", "framework": "pytorch", "hardware": ("cpu",), "os": ("linux",),
        "python": ">=3.10,<3.15", "command": "pip install torch", "sources": (),
        "reviewed": TODAY, "check": (IndexCheck(distribution="torch", versions=">=2.14"),),
    }  # fmt: skip
    return Install(**{**given, **changes})  # type: ignore[arg-type]


def with_lines(*lines: Install) -> RuleBase:
    return replace(BASE, installs=lines, libraries=())


def check(base: RuleBase, held: dict[object, tuple[str, ...]], **more: object) -> list[RuleFinding]:
    index = FakeIndex({"pip": ("26.0",), **held}, **more)  # type: ignore[arg-type]
    return [f for f in check_index(base, index) if f.id != "index-real-now"]


def test_what_resolves_is_left_in_peace() -> None:
    assert check(with_lines(line()), {"torch": ("2.15.0", "2.14.1")}) == []


@pytest.mark.parametrize(
    ("versions", "wanted", "kind"),
    [
        ((), ">=2.14", "index-dead"),
        (("2.13.0",), ">=2.14", "index-no-version"),
        (("0.0.0",), "", "index-empty"),
        (("0.0.0.post1", "0"), "", "index-empty"),
    ],
)
def test_what_does_not_resolve_is_an_error_with_its_line(
    versions: tuple[str, ...], wanted: str, kind: str
) -> None:
    row = line(check=(IndexCheck(distribution="torch", versions=wanted),), where="installs:3:5")
    found = check(with_lines(row), {"torch": versions})
    assert {(f.id, f.severity, f.where) for f in found} == {(kind, "error", "installs:3:5")}
    assert "pytorch.x" in found[0].text


def test_a_stand_in_is_named_with_what_to_do_instead() -> None:
    row = line(id="pytorch.neuron", check=(IndexCheck(distribution="torch-neuronx"),))
    (found,) = check(with_lines(row), {"torch-neuronx": ("1.0",)})
    assert (found.id, found.severity) == ("index-stand-in", "error")
    assert "pip.repos.neuron" in found.hint


def test_a_stand_in_that_became_real_is_told() -> None:
    held: dict[object, tuple[str, ...]] = {"pip": ("26",), "vllm-jax": ("0.33.0", "0.0.0")}
    found = check_index(with_lines(), FakeIndex(held))
    assert [(f.id, f.severity) for f in found] == [("index-real-now", "warning")]
    assert "0.33.0" in found[0].text


def test_both_ends_of_the_pythons_and_every_platform_are_asked() -> None:
    index = FakeIndex({"pip": ("26",), "torch": ("2.15",)})
    row = line(os=("linux", "wsl2", "windows", "macos"), architecture=())
    check_index(with_lines(row), index)
    asked = {(q.python, q.platforms[0]) for q in index.asked if q.platforms}
    assert asked == {
        (python, platform)
        for python in ("3.10", "3.14")
        for platform in ("manylinux_2_28_x86_64", "win_amd64", "macosx_15_0_arm64")
    }


def test_a_build_that_is_missing_for_one_python_is_found() -> None:
    found = check(
        with_lines(line()), {"torch": ("2.15",)}, builds=lambda question: question.python != "3.14"
    )
    assert [f.id for f in found] == ["index-no-build"]
    assert "Python 3.14" in found[0].text


def test_a_platform_that_the_row_names_is_the_one_that_is_asked() -> None:
    index = FakeIndex({"pip": ("26",), "torch-tpu": ("0.2.0",)})
    asks = IndexCheck(distribution="torch-tpu", platforms=("manylinux_2_31_x86_64",))
    check_index(with_lines(line(check=(asks,), python="==3.12")), index)
    asked = {(q.python, q.platforms) for q in index.asked if q.platforms}
    assert asked == {("3.12", ("manylinux_2_31_x86_64",))}


def test_a_vendors_index_that_is_out_of_reach_is_no_error() -> None:
    row = line(check=(IndexCheck(distribution="torch", index=VENDOR),))
    (found,) = check(with_lines(row), {"torch": ("2.15",)})
    assert (found.id, found.severity) == ("index-silent", "warning")
    assert VENDOR in found.text


def test_a_vendors_index_that_answers_is_taken_at_its_word() -> None:
    row = line(check=(IndexCheck(distribution="torch", index=VENDOR, versions="<2.15"),))
    held: dict[object, tuple[str, ...]] = {("torch", VENDOR): ("2.15.0+cpu",)}
    (found, *_) = check(with_lines(row), held)
    assert found.id == "index-no-version"
    assert check(with_lines(row), {("torch", VENDOR): ("2.14.1+cpu",)}) == []
    gone = check(with_lines(row), held, builds=lambda _: False)
    assert {f.id for f in gone} == {"index-no-build"}


def test_without_an_index_one_finding_says_so_and_nothing_else_is_asked() -> None:
    index = FakeIndex({})
    (found,) = check_index(BASE, index)
    assert (found.id, found.severity) == ("index-unreachable", "warning")
    assert len(index.asked) == 1


def test_the_shipped_lines_ask_for_names_that_can_be_asked_for() -> None:
    every: dict[object, tuple[str, ...]] = {"pip": ("26",)}
    for row in (*BASE.installs, *BASE.libraries):
        for asks in row.check:
            key = (asks.distribution, asks.index) if asks.index else asks.distribution
            every[key] = ("2.15.0", "2.14.1", "2.2.2", "0.33", "0.11.2", "0.4.38")
    found = check_index(BASE, FakeIndex(every))
    assert not [f for f in found if f.severity == "error"], found


PIP = """\
#!{python}
import sys, json, os, time
words = sys.argv[1:]
name = words[-1]
if name == "slow":
    time.sleep(30)
if name == "loud":
    print("\\x1b[31mERROR: the index is on fire", file=sys.stderr); sys.exit(2)
if words[0] == "install":
    assert "--dry-run" in words and "--no-deps" in words
    print(json.dumps({{"install": [{{"metadata": {{"classifier": ["Framework :: " + name]}}}}]}}))
    sys.exit(0)
assert words[:2] == ["index", "versions"], words
if name == "there":
    print("there (2.0)"); print("Available versions: 2.0, 1.0"); sys.exit(0)
if name == "echo":
    found = os.environ.get("PIP_FIND_LINKS", "-"), os.environ.get("PIP_NO_INPUT")
    print("echo (1)"); print("Available versions: " + ", ".join([*words[2:-1], *map(repr, found)]))
    sys.exit(0)
print("ERROR: No matching distribution found for " + name, file=sys.stderr); sys.exit(1)
"""


@pytest.fixture
def pip(tmp_path: Path) -> list[str]:
    """A stand-in for pip that answers as pip does."""
    path = tmp_path / "pip"
    path.write_text(PIP.format(python=sys.executable), encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return [str(path)]


def test_pip_is_asked_in_its_own_words(pip: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", "/somewhere")
    index = PipIndex(pip)
    assert index.versions(IndexQuery(distribution="there")) == Answer("versions", ("2.0", "1.0"))
    assert index.versions(IndexQuery(distribution="nowhere")).status == "none"
    asked = IndexQuery(distribution="echo", python="3.12", platforms=("win_amd64",))
    plain = index.versions(asked).versions
    assert plain == (
        "--only-binary", ":all:", "--python-version", "3.12", "--platform", "win_amd64",
        "'/somewhere'", "'1'",
    )  # fmt: skip
    alone = index.versions(replace(asked, index=VENDOR)).versions
    assert alone[:2] == ("--index-url", VENDOR)
    assert alone[-2] == "''"


def test_a_pip_that_hangs_fails_or_is_missing_is_silent(pip: list[str]) -> None:
    slow = PipIndex(pip, timeout_s=1.0).versions(IndexQuery(distribution="slow"))
    assert (slow.status, "1 s" in slow.reason) == ("silent", True)
    loud = PipIndex(pip).versions(IndexQuery(distribution="loud"))
    assert (loud.status, "on fire" in loud.reason) == ("silent", True)
    gone = PipIndex(["/nonexistent/pip"]).versions(IndexQuery(distribution="there"))
    assert gone.status == "silent"


def test_classifiers_are_read_without_installing(pip: list[str]) -> None:
    assert PipIndex(pip).classifiers("there", "3.13") == ("Framework :: there",)
    assert PipIndex(["/nonexistent/pip"]).classifiers("there", "3.13") is None
    assert PipIndex(pip).classifiers("loud", "3.13") is None


class TestWorkList:
    """What a maintainer has to look at again, and why."""

    def test_what_expires_comes_first(self) -> None:
        items = work_list(BASE, today=TODAY, within_days=100)
        days = [item.expires_in_days for item in items]
        assert days == sorted(days)
        due = {item.id for item in items if "expires" in item.reasons}
        assert "pytorch.rocm" in due
        assert {item.kind for item in items} >= {"rule", "install", "absence", "stand-in"}
        assert not [
            i for i in work_list(BASE, today=TODAY, within_days=1) if "expires" in i.reasons
        ]
        late = work_list(BASE, today="2027-03-01", within_days=1)
        assert "expired" in next(i for i in late if i.id == "pytorch.rocm").reasons

    def test_what_was_read_longest_ago_is_on_it(self) -> None:
        oldest = [i for i in work_list(BASE, today=TODAY, within_days=0) if "oldest" in i.reasons]
        assert len(oldest) == OLDEST
        reviewed = sorted(rule.reviewed for rule in BASE.rules)
        assert max(item.reviewed for item in oldest) <= reviewed[OLDEST]

    def test_nothing_is_asked_without_an_index(self) -> None:
        assert all(item.release is None for item in work_list(BASE, today=TODAY))

    def test_packages_that_released_since_the_review_are_told_with_their_classifiers(self) -> None:
        held: dict[object, tuple[str, ...]] = {p.name: (p.release,) for p in BASE.packages}
        held["diffrax"] = ("9.0", "0.7.2")
        held["peft"] = ("0.1",)
        said = {
            "diffrax": ("Development Status :: 7 - Inactive", "Topic :: X", "License :: MIT"),
        }
        index = FakeIndex(held, said=said)  # type: ignore[arg-type]
        items = work_list(BASE, today=TODAY, within_days=0, index=index)
        (item,) = [i for i in items if "released" in i.reasons]
        assert (item.kind, item.id) == ("package", "diffrax")
        assert item.release is not None
        assert (item.release.reviewed, item.release.newest) == ("0.7.2", "9.0")
        assert item.release.classifiers == ("Development Status :: 7 - Inactive",)
        assert index.read == ["diffrax"]

    def test_no_more_wheels_are_read_than_promised_and_none_of_a_framework(self) -> None:
        index = FakeIndex({p.name: ("999",) for p in BASE.packages})
        items = work_list(BASE, today=TODAY, index=index)
        assert len([i for i in items if "released" in i.reasons]) > MAX_CLASSIFIERS
        assert len(index.read) == MAX_CLASSIFIERS
        assert not {"torch", "jax", "jaxlib"} & set(index.read)

    def test_only_what_was_named_is_asked_for(self) -> None:
        index = FakeIndex({"flax": ("999",)})
        (item,) = work_list(BASE, today=TODAY, index=index, only=["flax"])
        assert item.reasons == ("released",)
        assert {q.distribution for q in index.asked} == {"flax"}
        document = item.document()
        assert document["release"]["newest"] == "999"
        assert document["sources"][0] == "https://github.com/google/flax"
