"""A package that no rule knows is looked up in an environment's metadata, and nothing is run."""

from __future__ import annotations

from importlib.metadata import distribution
from pathlib import Path

import pytest

from advisor.knowledge.installed import (
    Installed,
    InstalledMetadata,
    dependence,
    look_up_installed,
    site_packages_of,
)
from advisor.knowledge.loader import load_rule_base

FRAMEWORKS = {"pytorch": ["torch"], "jax": ["jax", "jaxlib"]}
METADATA = {
    "our-models": Installed(
        "1.2", ("house-tools>=2", 'flax>=0.12; extra == "jax"', "numpy"), ("models",)
    ),
    "house-tools": Installed("2.0", ("Pytorch_Lightning<3", 'colorama; sys_platform == "win32"')),
    "pytorch-lightning": Installed("2.6", ("torch>=2.1", "our-models")),
    "torch": Installed("2.14"),
    "solver": Installed("0.1", ("jaxlib==0.10.2", "jax")),
    "both": Installed("0.1", ("torch", "solver")),
    "plain": Installed("3.0", ("numpy", 'torch; extra == "gpu"', 'jax[cuda13] ; extra == "tpu"')),
    "odd": Installed("0", ("torch >>= 2", "torch; python_version < '3'", "")),
}


def test_the_chain_that_leads_to_a_framework_is_told() -> None:
    found = dependence("our_models", METADATA, FRAMEWORKS)
    assert found is not None
    assert (found.distribution, found.version) == ("our-models", "1.2")
    assert found.needs == {
        "pytorch": ("our-models", "house-tools", "pytorch-lightning", "torch"),
    }


def test_the_shortest_chain_counts_and_both_frameworks_are_found() -> None:
    found = dependence("both", METADATA, FRAMEWORKS)
    assert found is not None
    assert found.needs == {"pytorch": ("both", "torch"), "jax": ("both", "solver", "jaxlib")} or (
        found.needs == {"pytorch": ("both", "torch"), "jax": ("both", "solver", "jax")}
    )


def test_what_only_an_extra_brings_is_optional() -> None:
    found = dependence("plain", METADATA, FRAMEWORKS)
    assert found is not None
    assert found.needs == {}
    assert found.optional == {"pytorch": "gpu", "jax": "tpu"}


def test_an_import_name_leads_to_its_distribution() -> None:
    found = dependence("models", METADATA, FRAMEWORKS)
    assert found is not None
    assert found.distribution == "our-models"


def test_what_is_not_installed_and_what_is_broken_claims_nothing() -> None:
    assert dependence("nobody", METADATA, FRAMEWORKS) is None
    found = dependence("odd", METADATA, FRAMEWORKS)
    assert found is not None
    assert (found.needs, found.optional) == ({}, {})


def fake_distribution(site: Path, name: str, *requires: str, top_level: str = "") -> None:
    folder = site / f"{name}-1.0.dist-info"
    folder.mkdir(parents=True)
    lines = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0"]
    lines += [f"Requires-Dist: {line}" for line in requires]
    (folder / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")
    if top_level:
        (folder / "top_level.txt").write_text(top_level, encoding="utf-8")


@pytest.mark.parametrize("layout", ["lib/python3.12/site-packages", "Lib/site-packages"])
def test_an_environment_is_read_without_being_run(tmp_path: Path, layout: str) -> None:
    interpreter = tmp_path / "bin" / "python"
    interpreter.parent.mkdir()
    interpreter.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    site = tmp_path / layout
    fake_distribution(site, "Our_Lib", "torch>=2", top_level="ourlib\n")
    fake_distribution(site, "torch")
    for name in ("our-lib", "OUR.LIB", "ourlib"):
        found = look_up_installed(name, interpreter, FRAMEWORKS)
        assert found is not None
        assert (found.distribution, found.needs) == ("our-lib", {"pytorch": ("our-lib", "torch")})
    assert look_up_installed("sys", interpreter, FRAMEWORKS) is None
    metadata = InstalledMetadata(site_packages_of(interpreter))
    assert sorted(metadata) == ["our-lib", "torch"]
    assert len(metadata) == 2
    assert "numpy" not in metadata


def test_nothing_is_found_where_there_is_no_environment(tmp_path: Path) -> None:
    assert site_packages_of(tmp_path / "bin" / "python") == ()
    assert look_up_installed("torch", tmp_path / "bin" / "python", FRAMEWORKS) is None


def test_a_real_environment_is_read() -> None:
    base = load_rule_base()
    frameworks = {name: info.packages for name, info in base.frameworks.items()}
    here = Path(str(distribution("hypothesis").locate_file("")))
    found = dependence("Hypothesis", InstalledMetadata([here]), frameworks)
    assert found is not None
    assert found.version == distribution("hypothesis").version
    assert found.needs == {}
