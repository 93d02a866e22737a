"""What the product says of decisions of real people: counted right, and argued where it differs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ruamel.yaml import YAML

from advisor.answers import Answers
from advisor.decide.deciding import decide
from advisor.decision import Decision, DecisionReason, Recommended
from advisor.inputs import Inputs
from advisor.knowledge.loader import load_rule_base
from tests.scenarios.asking import interviewed
from tests.scenarios.cases import HERE, GivenReason, Scenario, part_of, scenarios_of
from tests.scenarios.judging import (
    TODAY,
    Judged,
    agreement_of,
    decision_for,
    judged,
    rules_for,
    said_by,
    tally,
)
from tests.scenarios.strengths import (
    WORDS,
    Followed,
    argued,
    expected_share,
    followed,
    lower_edge,
)

BASE = load_rule_base()
DEVELOPMENT = scenarios_of("development")


@pytest.fixture(scope="module")
def results() -> list[Judged]:
    return [judged(scenario, BASE) for scenario in DEVELOPMENT]


def decided(scenario: Scenario, what: str) -> Scenario:
    return scenario.model_copy(update={"decided": what})


@pytest.mark.parametrize(
    ("status", "framework", "people", "agreement"),
    [
        ("recommend", "jax", "jax", "agrees"),
        ("lean", "jax", "pytorch", "other"),
        ("forced", "pytorch", "pytorch", "agrees"),
        ("no_clear_winner", None, "jax", "undecided"),
        ("insufficient_evidence", None, "either", "agrees"),
        ("recommend", "jax", "either", "other"),
        ("no_feasible_option", None, "no_feasible_option", "agrees"),
        ("no_feasible_option", None, "jax", "other"),
    ],
)
def test_an_outcome_agrees_only_where_the_team_would_do_the_same(
    status: str, framework: str | None, people: str, agreement: str
) -> None:
    decision = decision_for(Answers(values={"task": "image"}), BASE).model_copy(
        update={"status": status, "recommended": Recommended(framework=framework)}
    )
    assert agreement_of(decision, decided(DEVELOPMENT[0], people)) == agreement


def test_a_reason_counts_only_among_the_first_three_for_what_was_taken() -> None:
    def reason(rule: str, favours: str) -> DecisionReason:
        return DecisionReason(rule=rule, favours=favours, criterion="risk", contribution=1)

    rules = ["claim.a.one", "claim.a.two", "claim.team.codebase-jax", "claim.platform.tpu"]
    reasons = [reason("claim.ecosystem.probabilistic", "pytorch")]
    reasons += [reason(rule, "jax") for rule in rules]
    decision = Decision.model_construct(reasons=reasons)
    top = rules_for(decision, "jax")
    assert top == rules[:3]
    assert said_by(GivenReason(topic="existing_code", favours="jax", says="-"), top)
    assert not said_by(GivenReason(topic="tpu", favours="jax", says="-"), top)
    assert not said_by(GivenReason(topic="samplers", favours="jax", says="-"), top)


def test_what_is_counted_is_what_is_decided() -> None:
    scenario = DEVELOPMENT[0]
    answers = scenario.answers_in(BASE)
    whole = decide(Inputs(answers=answers, evidence=(), base=BASE, today=TODAY))
    counted = decision_for(answers, BASE)
    assert (counted.status, counted.leader) == (whole.status, whole.leader)
    assert counted.recommended.framework == whole.recommended.framework
    assert (counted.reasons, counted.rules_fired) == (whole.reasons, whole.rules_fired)


def test_every_scenario_is_counted_once(results: list[Judged]) -> None:
    counted = tally(results)
    assert counted.scenarios == len(DEVELOPMENT)
    assert counted.agree + counted.undecided + counted.other == counted.scenarios
    assert counted.reasons == sum(len(s.reasons_for) for s in DEVELOPMENT)
    assert counted.found + sum(len(r.lost) for r in results) == counted.reasons
    assert counted.unsayable <= counted.reasons - counted.found


def test_what_differs_is_argued(results: list[Judged]) -> None:
    written = YAML(typ="safe").load((HERE / "disagreements.yaml").read_text("utf-8"))
    entries = {entry["scenario"]: entry for entry in written["disagreements"]}
    differ = {r.scenario.id for r in results if r.agreement != "agrees"}
    assert differ <= set(entries), "argue these, or mend what they share"
    assert {part_of(name) for name in entries} == {"development"}
    assert {entry["right"] for entry in entries.values()} <= {"people", "product", "both"}
    assert {entry["cause"] for entry in entries.values()} == set(written["causes"])
    assert all(entry["because"].strip() for entry in entries.values())


def test_no_claim_contradicts_its_strength_without_a_reason(results: list[Judged]) -> None:
    odd = {c.rule for c in followed(results, BASE) if c.contradicts}
    assert odd <= set(argued())
    assert set(argued()) <= {rule.id for rule in BASE.rules}


def test_strengths_are_ordered_by_how_often_they_should_be_followed() -> None:
    shares = [share for word in WORDS for share in (lower_edge(word), expected_share(word))]
    assert shares == sorted(shares)
    assert shares[0] > 0.5


def test_a_strength_is_contradicted_by_many_who_did_otherwise_and_by_few_firings_never() -> None:
    strong = Followed("claim.x", "strong", "jax", fired=10, followed=4)
    assert strong.contradicts
    assert not replace(strong, followed=8).contradicts
    assert not replace(strong, fired=4, followed=0).contradicts
    assert not replace(strong, strength="weak", followed=5).contradicts


def test_an_interview_asks_for_what_a_scenario_tells_and_for_nothing_twice() -> None:
    scenario = next(s for s in DEVELOPMENT if s.answers["task"] == "llm_pretraining")
    talk = interviewed(scenario, BASE)
    assert talk.asked[0] == "task"
    assert len(talk.asked) == len(set(talk.asked))
    assert set(talk.left_out) == set(scenario.answers) - set(talk.asked)
