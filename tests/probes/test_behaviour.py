"""Every check of behaviour, run for real: it finds what is declared and documented."""

from __future__ import annotations

from typing import Any

import pytest

from advisor.cli.claims import load_table
from probes.behaviour.catalogue import CHECKS
from tests.probes.workers import RealWorker

TABLE = load_table()
TYPES: dict[str, Any] = {"flag": bool, "number": (int, float), "text": str, "series": list}
QUICK = [name for name in CHECKS if not TABLE.checks[name].slow]


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, dict[str, Any]]]:
    workers = {name: RealWorker(name) for name in ("pytorch", "jax")}
    try:
        for worker in workers.values():
            worker.send("hello")
        for worker in workers.values():
            worker.receive()
        seen: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in workers}
        for check in QUICK:
            for worker in workers.values():
                worker.send("behave", check=check)
            for name, worker in workers.items():
                seen[name][check] = worker.receive()["findings"]
        return seen
    finally:
        for worker in workers.values():
            worker.close()


def test_the_rules_declare_the_checks_that_exist():
    assert list(TABLE.checks) == list(CHECKS)


@pytest.mark.frameworks
@pytest.mark.parametrize("framework", ["pytorch", "jax"])
@pytest.mark.parametrize("check", QUICK)
def test_a_check_finds_what_is_declared_and_nothing_else(found, check, framework):
    declared = {
        name.removeprefix(f"{framework}_"): kind
        for name, kind in TABLE.checks[check].findings.items()
        if name.startswith(f"{framework}_")
    }
    findings = found[framework][check]
    assert set(findings) == set(declared)
    for name, value in findings.items():
        assert value is None or isinstance(value, TYPES[declared[name]]), name
        assert declared[name] == "flag" or not isinstance(value, bool), name


@pytest.mark.frameworks
def test_both_agree_with_the_formulas(found):
    for framework in ("pytorch", "jax"):
        seen = found[framework]
        assert seen["value_branches"]["slope"] == 64
        assert seen["derivatives"]["orders"] == 6
        assert seen["derivations"]["from_differences"] < 1e-6
        assert seen["derivations"]["from_corrected"] < 1e-12
        assert seen["derivations"]["from_written"] > 0.5
        assert seen["training_curves"]["from_reference"] < 1e-3
        assert seen["symbolic_export"]["batches"] == 3


@pytest.mark.frameworks
def test_the_traps_that_are_documented_show(found):
    torch, jax = found["pytorch"], found["jax"]
    assert torch["out_of_bounds"]["refused"]
    assert jax["out_of_bounds"] == {
        "refused": False,
        "error": "",
        "value": 3.0,
        "compiled_value": 3.0,
    }
    assert torch["in_place"]["assigned"]
    assert not jax["in_place"]["assigned"]
    assert jax["default_precision"]["type"] == "float32"
    assert torch["default_precision"]["tiny_kept"]
    assert jax["printing"]["compiled_prints"] == 0
    assert jax["printing"]["debug_prints"] == 3
    assert jax["lengths"]["traces"] == jax["lengths"]["lengths"] > torch["lengths"]["traces"]
    assert jax["value_branches"]["lax_reverse"] is False
    assert not jax["random_streams"]["global_state"]
    assert torch["random_streams"]["global_state"]
