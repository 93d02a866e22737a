"""Ranking all seven criteria is as good as ranking three: who says more never knows less."""

from __future__ import annotations

import pytest

from advisor.answers import Answers
from advisor.decide.draws import Draws
from advisor.decide.judging import Judgement, judge, situation_of
from advisor.decision import CRITERIA
from advisor.inputs import Inputs
from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.model import Persona
from advisor.knowledge.personas import evidence_of, load_personas

BASE = load_rule_base()
PERSONAS = [p for p in load_personas(BASE) if "priorities" not in p.answers]
DRAWS = Draws(0, 1500)


def ranked(persona: Persona, ranking: list[str]) -> Judgement:
    evidence = evidence_of(persona, BASE)
    values = {**persona.answers, "priorities": ranking}
    inputs = Inputs(
        answers=Answers(values=values),
        evidence=() if evidence is None else (evidence,),
        base=BASE,
        today="2026-11-26",
    )
    return judge(situation_of(inputs), DRAWS)


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda p: p.id)
def test_no_ranking_of_all_makes_a_decision_lack_evidence(persona: Persona) -> None:
    """Risk first, then the order that the criteria have: what was reported to fail."""
    plain = ranked(persona, [])
    every = ["risk", *(c for c in CRITERIA if c != "risk")]
    for ranking in (every, every[::-1], [*CRITERIA]):
        full = ranked(persona, ranking)
        if "criteria" not in plain.why_insufficient:
            assert "criteria" not in full.why_insufficient
        three = ranked(persona, ranking[:3])
        sides = {full.framework, three.framework} - {None}
        assert len(sides) < 2, "the other framework for four more ranks"
