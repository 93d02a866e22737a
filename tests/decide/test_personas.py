"""The scenarios that were written down before any result was seen, given and own."""

from __future__ import annotations

import pytest

from advisor.answers import Answers
from advisor.decide.draws import Draws
from advisor.decide.judging import judge, situation_of
from advisor.decide.notices import contradictions_of
from advisor.inputs import Inputs
from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.model import Persona
from advisor.knowledge.personas import evidence_of, load_personas
from tests.decide.making import TODAY

BASE = load_rule_base()
PERSONAS = load_personas(BASE)


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda p: p.id)
def test_the_decision_is_what_an_experienced_engineer_would_say(persona: Persona) -> None:
    evidence = evidence_of(persona, BASE)
    inputs = Inputs(
        answers=Answers(values=dict(persona.answers)),
        evidence=() if evidence is None else (evidence,),
        base=BASE,
        today=TODAY,
    )
    judgement = judge(situation_of(inputs), Draws(inputs.seed, inputs.samples))
    assert judgement.status in persona.expect
    if judgement.framework is not None and persona.framework is not None:
        assert judgement.framework == persona.framework
    assert set(persona.names) <= {c.rule for c in contradictions_of(judgement)}


def test_there_are_the_fourteen_given_and_at_least_twenty_more() -> None:
    assert sum(p.id.startswith("given-") for p in PERSONAS) == 14
    assert len(PERSONAS) >= 34
