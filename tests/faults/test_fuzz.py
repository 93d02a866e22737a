"""Spoilt bytes for everything that reads bytes of others: accepted or refused, never a crash."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from tests.faults.fuzzing import PARSERS, crashes, examples_of
from tests.faults.mutation import mutated
from tests.faults.parsers import Refusal

QUICK = {"answers": 300, "evidence": 200, "record": 100, "rules": 200, "protocol": 400}
CORPUS = Path(__file__).with_name("corpus")


@pytest.mark.parametrize("name", PARSERS)
def test_spoilt_bytes_are_read_or_refused_with_words(name: str, tmp_path: Path) -> None:
    assert crashes(name, tmp_path, QUICK[name]) == []


@pytest.mark.parametrize("name", PARSERS)
def test_good_bytes_are_read(name: str, tmp_path: Path) -> None:
    for raw in examples_of(name):
        PARSERS[name](raw, tmp_path)


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*/*")), ids=lambda path: path.name)
def test_what_once_broke_is_refused_or_read(path: Path, tmp_path: Path) -> None:
    with contextlib.suppress(*Refusal):
        PARSERS[path.parent.name](path.read_bytes(), tmp_path)


def test_the_same_number_spoils_in_the_same_way() -> None:
    seeds = examples_of("answers")
    assert list(mutated(seeds, 20)) == list(mutated(seeds, 20))
    assert len({raw for _, raw in mutated(seeds, 200)}) > 150
