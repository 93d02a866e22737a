"""Which rules speak in each scenario: a rule that goes missing, or fires elsewhere, is noticed.

The list is kept in personas_fired.json. After a change that is meant, read the difference and
write it anew: ``python -m tests.decide.test_persona_rules``.
"""

from __future__ import annotations

import json
from pathlib import Path

from advisor.decide.judging import outcomes_of, situation_of
from advisor.inputs import Inputs
from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.model import RuleBase
from advisor.knowledge.personas import answers_of, evidence_of, load_personas

GOLDEN = Path(__file__).with_name("personas_fired.json")
TODAY = "2026-11-24"


def fired(base: RuleBase) -> dict[str, list[str]]:
    """Ids of the rules that fire, by scenario."""
    fired = {}
    for persona in load_personas(base):
        evidence = evidence_of(persona, base)
        inputs = Inputs(
            answers=answers_of(persona),
            evidence=(evidence,) if evidence else (),
            base=base,
            today=TODAY,
        )
        _, outcomes = outcomes_of(situation_of(inputs))
        fired[persona.id] = sorted(outcome.rule.id for outcome in outcomes if outcome.fires)
    return fired


def test_the_same_rules_speak_in_every_scenario() -> None:
    assert fired(load_rule_base()) == json.loads(GOLDEN.read_text("utf-8"))


def test_most_claims_and_vetoes_speak_somewhere() -> None:
    base = load_rule_base()
    heard = {rule for rules in json.loads(GOLDEN.read_text("utf-8")).values() for rule in rules}
    scoring = [rule.id for rule in base.rules if rule.kind != "note"]
    assert sum(rule in heard for rule in scoring) >= 0.7 * len(scoring)


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(fired(load_rule_base()), indent=1) + "\n", "utf-8")
