"""The decisions of real people: every file is whole, honest in form, and where its name puts it."""

from __future__ import annotations

import pytest

from advisor.knowledge.loader import load_rule_base
from tests.scenarios.cases import HERE, PARTS, Scenario, part_of, scenarios_of, topics

BASE = load_rule_base()
ALL = [scenario for part in PARTS for scenario in scenarios_of(part)]


@pytest.mark.parametrize("part", PARTS)
def test_a_file_lies_where_the_hash_of_its_name_puts_it(part: str) -> None:
    names = [file.stem for file in (HERE / part).glob("*.yaml")]
    assert names
    assert {part_of(name) for name in names} == {part}
    assert sorted(names) == [s.id for s in ALL if part_of(s.id) == part]


def test_there_are_enough_of_both_parts() -> None:
    assert len(scenarios_of("development")) >= 40
    assert len(scenarios_of("held_out")) >= 20


@pytest.mark.parametrize("scenario", ALL, ids=lambda s: s.id)
def test_the_answers_are_words_of_the_vocabulary(scenario: Scenario) -> None:
    answers = scenario.answers_in(BASE)
    assert "task" in answers.values
    assert {r.topic for r in scenario.reasons} <= set(topics())


def test_each_decision_has_a_thread_of_its_own() -> None:
    urls = [s.source.url for s in ALL]
    assert sorted(urls) == sorted(set(urls))
    assert all(url.startswith("https://") for s in ALL for url in (s.source.url, *s.source.also))


def test_no_thread_was_told_after_it_was_read() -> None:
    dated = [s.source for s in ALL if s.source.date != "unknown"]
    assert dated
    assert all(source.date <= source.read for source in dated if source.date != "unknown")


def test_a_topic_names_a_criterion_and_each_of_its_rules_may_exist() -> None:
    assert {t.criterion for t in topics().values()} <= set(BASE.criteria)
    used = {r.topic for s in ALL for r in s.reasons}
    assert used == set(topics())
