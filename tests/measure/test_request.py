"""From toolchains to what is measured: labels that differ, and nothing that vanishes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from advisor.errors import NothingToMeasureError
from advisor.machine.toolchains import InstalledToolchain
from advisor.measure.campaign import Campaign
from advisor.measure.request import campaign_for, specs_of
from advisor.measure.wishes import Wishes
from advisor.render.evidence_words import word_notice

BROKEN = {"id": "framework-broken", "text": "jaxlib is missing", "hint": "pip install jaxlib"}


def chain(framework: str, version: str, python: str = "3.12.4", **more: Any) -> InstalledToolchain:
    return InstalledToolchain(
        framework, f"/env{version}{python}/bin/python", version, python, **more
    )


def campaign(*chains: InstalledToolchain, **wishes: Any) -> Campaign:
    return campaign_for(
        Wishes(**wishes),
        chains,
        {},
        worker=("worker",),
        cache=Path("/nowhere"),
        created="2026-11-25",
        install_hint="install them",
    )


def test_every_toolchain_of_a_framework_has_its_own_suffix() -> None:
    chains = [
        chain("jax", "0.10"),
        chain("jax", "0.12"),
        chain("jax", "0.12", "3.13.1"),
        chain("jax", "0.12", "3.13.2"),
        chain("jax", "0.12", "3.13.3"),
        chain("pytorch", "2.13"),
        chain("pytorch", "2.14"),
    ]
    suffixes = [spec.suffix for spec in specs_of(chains)[0]]
    assert suffixes == [
        *("", "@0.12", "@0.12-py3.13", "@0.12-py3.13-2", "@0.12-py3.13-3"),
        *("", "@2.14"),
    ]


def test_a_broken_second_toolchain_is_noticed_and_leaves_the_run_incomplete() -> None:
    made = campaign(chain("jax", "0.12"), chain("jax", "0.11", problem=BROKEN))
    (notice,) = map(word_notice, made.notices)
    assert (notice.id, notice.severity) == ("toolchain-left-out", "warning")
    assert "/env0.11" in notice.text
    assert "jaxlib is missing" in notice.text
    assert notice.hint == BROKEN["hint"]
    assert made.short
    assert made.missing == {}


def test_what_was_not_asked_for_is_not_missed() -> None:
    chains = (chain("jax", "0.12"), chain("jax", "0.11", problem=BROKEN), chain("pytorch", "2.14"))
    made = campaign(*chains, frameworks=("torch",))
    assert (made.notices, made.short) == ([], False)


def test_neither_framework_each_with_its_own_mend() -> None:
    hints = {"jax": "unset X", "pytorch": "install torch"}
    chains = [
        chain(name, "1", problem={"id": "x", "text": "why", "hint": hint})
        for name, hint in hints.items()
    ]
    with pytest.raises(NothingToMeasureError) as caught:
        campaign(*chains)
    assert caught.value.hint.split("\n  ") == ["jax: unset X", "pytorch: install torch"]


def test_what_has_no_mend_of_its_own_gets_the_general_one() -> None:
    chains = (chain("jax", "1", problem=BROKEN), chain("pytorch", "1", problem={"text": "gone"}))
    with pytest.raises(NothingToMeasureError) as caught:
        campaign(*chains)
    assert caught.value.hint.split("\n  ") == ["jax: pip install jaxlib", "install them"]
