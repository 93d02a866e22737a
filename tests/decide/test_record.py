"""The record: frozen, thawed, replayed byte for byte, and checked against a later day."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from advisor.answers_io import answers_from
from advisor.decide.deciding import decide
from advisor.decision import Decision
from advisor.errors import UserError
from advisor.inputs import Inputs
from advisor.jsonio import canonical_bytes, dumps, parse_json
from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.model import RuleBase
from advisor.record import Record, check, freeze, replay, replay_findings, thaw
from tests.decide.making import TODAY, comparison, evidence_with, probe, work

BASE = load_rule_base()


def word(decision: Decision, inputs: Inputs) -> Decision:
    """Stands for the wording, which is proved elsewhere: one sentence."""
    return decision.model_copy(update={"headline": f"{decision.status} on {inputs.today}"})


SAID = {
    "task": "scientific_computing",
    "transforms": ["vectorized_simulation"],
    "team.jax": "some",
    "team.pytorch": "none",
    "hardware.train": "cpu",
    "deadline_weeks": 26,
    "priorities": ["performance", "team"],
}


def measured(speed: float) -> Any:
    blocks = [{"round": 0, "samples_s": [0.001] * 50}]
    entries = [
        {"framework": "jax", "mode": "jax.jit", "status": "ok", "median_s": 0.001,
         "launches": [{"index": 0, "blocks": blocks}]},
    ]  # fmt: skip
    model = work(speed, model="ode", name="diffrax_spiral", title="An ode")
    return evidence_with(probe("ode_gradient", comparison(speed), entries=entries), works=[model])


def inputs(base: RuleBase = BASE, speed: float = 2.5) -> Inputs:
    document = {"schema": "fw-advisor/answers@1", "project": "Sparrow", "answers": SAID}
    return Inputs(
        answers=answers_from(document, base, "test"),
        evidence=(measured(speed),),
        base=base,
        today=TODAY,
        created=TODAY,
        samples=2000,
        tool_version="0.0",
    )


@pytest.fixture(scope="module")
def frozen() -> dict[str, Any]:
    made = inputs()
    return freeze(Record(inputs=made, decision=word(decide(made), made)))


def test_a_record_survives_the_file_and_replays_byte_for_byte(frozen: dict[str, Any]) -> None:
    text = dumps(frozen)
    record = thaw(parse_json(text.encode(), name="d.json"), "d.json")
    assert replay_findings(record, word) == []
    again = Record(inputs=record.inputs, decision=replay(record, word))
    assert dumps(freeze(again)) == text


def test_a_record_keeps_no_raw_samples_and_stays_small(frozen: dict[str, Any]) -> None:
    assert "samples_s" not in json.dumps(frozen)
    rules = frozen["made_from"]["rules"]
    share = len(canonical_bytes(rules))
    assert share < 1_400 * len(rules["rules"])
    assert len(canonical_bytes(frozen)) - share < 46_000


@pytest.mark.parametrize(
    ("path", "value", "part"),
    [
        (("status",), "lean", "status"),
        (("options", 0, "p_clear"), 0.5, "options"),
        (("made_from", "answers", "answers", "team.jax"), "deep", "answers"),
        (("made_from", "evidence", 0, "probes", 0, "comparisons", 0, "time_ratio"), 0.399,
         "evidence"),
        (("made_from", "rules", "rules", 0, "reliability"), "low", "rules"),
        (("made_from", "seed"), 9, "replay"),
    ],
)  # fmt: skip
def test_whatever_was_changed_in_a_record_is_noticed(
    frozen: dict[str, Any], path: tuple[Any, ...], value: Any, part: str
) -> None:
    changed = copy.deepcopy(frozen)
    place: Any = changed
    for key in path[:-1]:
        place = place[key]
    assert place[path[-1]] != value
    place[path[-1]] = value
    findings = replay_findings(thaw(changed, "d.json"), word)
    assert any(part in (x.get("part"), *x.get("fields", ())) for x in findings)


def test_evidence_that_cannot_be_is_read_in_part_and_then_replays_to_something_else(
    frozen: dict[str, Any],
) -> None:
    data = copy.deepcopy(frozen)
    damaged = {"schema": "fw-advisor/evidence@1", "probes": [{"id": 3}]}
    data["made_from"]["evidence"] = [damaged]
    findings = replay_findings(thaw(data, "decision.json"), word)
    assert {"part": "evidence"} in findings


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d.pop("made_from"),
        lambda d: d["made_from"].pop("rules"),
        lambda d: d.update(schema="fw-advisor/decision@2"),
        lambda d: d.update(schema="fw-advisor/evidence@1"),
        lambda d: d["made_from"].update(seed="0"),
        lambda d: d["made_from"].update(samples=10**12),
        lambda d: d["made_from"].update(rules={"schema": "x"}),
        lambda d: d["made_from"].update(answers=[]),
        lambda d: d.update(status="certain"),
        lambda d: d["made_from"].update(today="tomorrow"),
    ],
)  # fmt: skip
def test_what_is_no_record_is_refused_with_words(frozen: dict[str, Any], spoil: Any) -> None:
    data = copy.deepcopy(frozen)
    spoil(data)
    with pytest.raises(UserError):
        thaw(data, "d.json")


def test_on_the_same_day_a_decision_holds(frozen: dict[str, Any]) -> None:
    result = check(thaw(frozen, "d"), base=BASE, evidence=None, today=TODAY, word=word)
    assert result.holds
    assert result.findings == ()


def test_a_year_later_expired_claims_are_named(frozen: dict[str, Any]) -> None:
    result = check(thaw(frozen, "d"), base=BASE, evidence=None, today="2028-01-01", word=word)
    assert not result.holds
    ids = {f.id for f in result.findings}
    assert {"claim-expired", "revisit-due"} <= ids
    assert result.now.rules_stale
    kept = [o.p_clear for o in result.now.options if o.framework == "jax"]
    before = [o["p_clear"] for o in frozen["options"] if o["framework"] == "jax"]
    assert kept <= before


def test_a_ratio_that_moved_is_told_and_may_end_it(frozen: dict[str, Any]) -> None:
    result = check(thaw(frozen, "d"), base=BASE, evidence=[measured(0.2)], today=TODAY, word=word)
    assert "speed-moved" in {f.id for f in result.findings}
    assert result.now.performance.ratio == pytest.approx(0.2)
    near = check(thaw(frozen, "d"), base=BASE, evidence=[measured(2.51)], today=TODAY, word=word)
    assert near.holds
    assert "speed-moved" not in {f.id for f in near.findings}


def test_a_number_that_the_decision_waits_for_ends_it() -> None:
    made = inputs(speed=1.0)
    frozen = freeze(Record(inputs=made, decision=word(decide(made), made)))
    waits = [r["condition"] for r in frozen["revisit"] if r["condition"]]
    assert waits
    beyond = waits[0].get("above", waits[0].get("below"))
    reached = beyond * (1.5 if "above" in waits[0] else 1 / 1.5)
    result = check(
        thaw(frozen, "d"), base=BASE, evidence=[measured(reached)], today=TODAY, word=word
    )
    assert not result.holds
    assert any(f.id == "revisit-due" for f in result.findings)


def test_rules_that_were_changed_or_removed_are_told(frozen: dict[str, Any]) -> None:
    fired = frozen["rules_fired"]
    changed, removed = fired[0], fired[1]
    rules = tuple(
        replace(r, title="another title") if r.id == changed else r
        for r in BASE.rules
        if r.id != removed
    )
    today = replace(BASE, rules=rules)
    result = check(thaw(frozen, "d"), base=today, evidence=None, today=TODAY, word=word)
    told = {(f.id, f.rule) for f in result.findings}
    assert ("rule-changed", changed) in told
    assert ("rule-removed", removed) in told


def test_a_changed_record_does_not_hold(frozen: dict[str, Any]) -> None:
    changed = copy.deepcopy(frozen)
    changed["headline"] = "Use whatever you like"
    result = check(thaw(changed, "d"), base=BASE, evidence=None, today=TODAY, word=word)
    assert not result.holds
    assert result.findings[0].id == "does-not-replay"


def test_the_same_inputs_give_the_same_bytes_in_another_process(
    frozen: dict[str, Any], tmp_path: Path
) -> None:
    import subprocess
    import sys

    path = tmp_path / "d.json"
    path.write_text(dumps(frozen), encoding="utf-8")
    code = (
        "import sys, pathlib; from advisor.jsonio import read_json, dumps;"
        "from advisor.record import *; from tests.decide.test_record import word;"
        "p = pathlib.Path(sys.argv[1]);"
        "r = thaw(read_json(p), str(p));"
        "sys.stdout.write(dumps(freeze(Record(inputs=r.inputs, decision=replay(r, word)))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, check=True, text=True,
        env={"PYTHONHASHSEED": "7", "PYTHONPATH": "."},
    )  # fmt: skip
    assert done.stdout == path.read_text(encoding="utf-8")
