"""Files with a user's own step at the command line: templates by kind, and the plan of a sweep."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from advisor.cli.own_files import TEMPLATES, template
from tests.cli.test_advise import run


@pytest.mark.parametrize(("given", "kind"), [([], "train"), *(([k], k) for k in TEMPLATES)])
def test_a_template_of_each_kind_is_printed_as_it_ships(given: list[str], kind: str) -> None:
    printed = run("probe", "--workload-template", *given)
    assert printed.returncode == 0
    assert printed.stdout == template(kind)
    names = {n.name for n in ast.parse(printed.stdout).body if isinstance(n, ast.FunctionDef)}
    assert {"inputs", "jax_step"} <= names


def test_a_kind_that_there_is_not_names_those_that_there_are() -> None:
    refused = run("probe", "--workload-template", "nothing")
    assert refused.returncode == 2
    assert "train, infer, jax-only, sweep" in refused.stderr


@pytest.mark.parametrize(
    ("profile", "sizes"),
    [("quick", ["batch=8", "batch=512"]), ("standard", ["batch=8", "batch=64", "batch=512"])],
)
def test_a_sweep_is_planned_at_every_size_that_the_file_names(
    tmp_path: Path, profile: str, sizes: list[str]
) -> None:
    path = tmp_path / "mine.py"
    path.write_text(template("sweep"), "utf-8")
    listed = run("probe", "--workload", path, "--profile", profile, "--list", "--json")
    assert listed.returncode == 0, listed.stderr
    planned = [row["size"] for row in json.loads(listed.stdout)["plan"]]
    assert list(dict.fromkeys(planned)) == sizes
