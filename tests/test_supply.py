"""What the project is built from is pinned: every dependency it names has one version in use."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
# What `make test` installs; the other extras are the user's own environment.
INSTALLED = ("frameworks", "dev")


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    stated = [line for line in lines if line.strip() and not line.startswith("#")]
    matched = [re.fullmatch(r"([\w.\-\[\]]+)==([^\s;]+)(\s*;.*)?", line.strip()) for line in stated]
    assert None not in matched, "a pin is NAME==VERSION"
    return {canonicalize_name(m[1]): m[2] for m in matched if m}


def needs() -> list[Requirement]:
    extras = [line for name in INSTALLED for line in PROJECT["optional-dependencies"][name]]
    return [Requirement(line) for line in (*PROJECT["dependencies"], *extras)]


@pytest.mark.parametrize("need", needs(), ids=lambda need: need.name)
def test_a_dependency_is_pinned_within_its_range(need: Requirement) -> None:
    pinned = pins().get(canonicalize_name(need.name))
    assert pinned is not None, f"{need.name} has no line in constraints.txt"
    assert need.specifier.contains(Version(pinned), prereleases=True)
