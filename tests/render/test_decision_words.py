"""Every field of a decision that holds words is worded from its parts, and from nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from advisor.decide.deciding import decide
from advisor.decision import Decision, Recommended, Revisit
from advisor.inputs import Inputs
from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.model import RuleBase
from advisor.knowledge.personas import answers_of, evidence_of, load_personas
from advisor.record import Record, check
from advisor.render.decision_words import revisit_text, word_decision, worded_record
from advisor.render.value_words import value_text
from tests.render.records import STATUSES, WORDS, parts, record


@pytest.fixture(scope="module")
def base() -> RuleBase:
    return load_rule_base()


def worded(status: str = "recommend", **update: Any) -> Decision:
    inputs = record().inputs
    return word_decision(parts(status).model_copy(update=update), inputs)


def empty_words(value: Any, path: str = "") -> list[str]:
    """The paths of fields for words that are empty."""
    if isinstance(value, dict):
        return [
            place
            for key, inner in value.items()
            for place in (
                [f"{path}.{key}"]
                if key in WORDS and inner == ""
                else empty_words(inner, f"{path}.{key}")
            )
        ]
    if isinstance(value, list):
        return [place for inner in value for place in empty_words(inner, path)]
    return []


@pytest.mark.parametrize("status", STATUSES)
def test_no_field_for_words_stays_empty(status: str) -> None:
    # Only a veto that rules nothing out has no price.
    empty = [p for p in empty_words(worded(status).to_dict()) if p != ".vetoes.price_text"]
    assert empty == []


def test_wording_twice_changes_nothing_and_parts_stay_as_they_are() -> None:
    inputs = record().inputs
    once = word_decision(parts("recommend"), inputs)
    assert word_decision(once, inputs) == once
    bare = parts("recommend")
    again = once.model_copy(update={"headline": "", "confidence_text": ""})
    assert again.status == bare.status
    assert [f.change for f in again.flips] == [f.change for f in bare.flips]


HEADLINES = {
    "recommend": "Use PyTorch rather than JAX",
    "lean": "Lean towards JAX rather than PyTorch",
    "forced": "Use PyTorch: it is the only option left",
    "no_clear_winner": "No clear winner: PyTorch leads, but not clearly enough; if you must choose "
    "now, take PyTorch as a tie-break",
    "insufficient_evidence": "Too little is known to recommend either; find out first: packages "
    "that must be used, the speed of conv_train",
    "no_feasible_option": "Neither PyTorch nor JAX is left: lift a constraint first",
}


@pytest.mark.parametrize("status", STATUSES)
def test_the_headline_says_the_status(status: str) -> None:
    assert worded(status).headline == HEADLINES[status]


def test_practical_equality_is_called_that() -> None:
    headline = worded("no_clear_winner", tie_mass=0.6).headline
    assert headline.startswith("No clear winner: PyTorch and JAX are practically equal here")


def test_shares_are_never_called_chances_and_a_forced_choice_has_its_price() -> None:
    assert worded().confidence_text == (
        "PyTorch is clearly ahead in 94 % of the sampled weightings and uncertainties; in 4 % the "
        "two are practically equal"
    )
    assert worded("forced").confidence_text == (
        "The other option is ruled out, which costs 10.0 of 100 points: JAX would have "
        "been ahead of PyTorch"
    )
    assert "nothing was compared" in worded("no_feasible_option").confidence_text


MODES = [
    (
        {"kind": "measured", "gain": 1.02, "workloads": ["mlp_train"], "worthwhile": False},
        "torch.compile makes steps 1.02 times as fast on mlp_train: not worth it",
    ),
    (
        {"kind": "measured", "gain": 1.5, "workloads": ["a", "b"], "compile_s": 4.0,
         "break_even_steps": 120.4, "steps_per_run": 10_000, "steps_assumed": True},
        (
            "torch.compile makes steps 1.50 times as fast on a and b; compiling takes up to 4.00 s "
            "and pays after 120 steps (10,000 steps per run, assumed)"
        ),
    ),
    (
        {"kind": "jit", "compile_s": 6.0, "restarts_per_day": 50},
        (
            "JAX is used compiled; running it operation by operation is for debugging; compiling "
            "took 6.00 s here; 50 starts a day cost 5 minutes of compiling"
        ),
    ),
    (
        {"kind": "rule", "rule": "note.stack.image"},
        "Title of note.stack.image (rule note.stack.image; not measured here)",
    ),
    (
        {"kind": "fastest", "workloads": ["A network"]},
        "the fastest of the ways that were tried with A network, in one launch",
    ),
    (
        {"kind": "fastest", "workloads": ["A network"], "compile_s": 20.0},
        (
            "the fastest of the ways that were tried with A network, in one launch; compiling "
            "took 20.0 s, which short runs do not earn back"
        ),
    ),
    (
        {"kind": "unmeasured"},
        "what compiling gains was not measured; start eager, and measure torch.compile",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("because", "text"), MODES)
def test_the_mode_has_its_reason(because: dict[str, Any], text: str) -> None:
    chosen = {"framework": "pytorch", "mode": "pytorch.eager", "mode_because": because}
    recommended = Recommended.model_validate(chosen)
    assert worded(recommended=recommended).recommended.mode_reason == text


@pytest.mark.parametrize(
    ("why", "text"),
    [
        ("codebase", "there is PyTorch code"),
        ("skill", "the team knows PyTorch better"),
        ("ahead", "PyTorch is slightly ahead, in 95 %"),
        ("convention", "a convention and not a finding"),
    ],
)
def test_a_tie_break_has_its_reason(why: str, text: str) -> None:
    recommended = Recommended.model_validate({"tie_break": "pytorch", "tie_break_because": why})
    reason = worded("no_clear_winner", recommended=recommended).recommended.tie_break_reason
    assert text in str(reason)


def test_a_measured_reason_names_the_faster_one_first_with_its_level() -> None:
    speed = parts("recommend").performance
    slower = speed.model_copy(update={"ratio": 0.5, "ci": [0.4, 0.625], "level": 0.971})
    [reason] = [r for r in worded(performance=slower).reasons if r.rule is None]
    assert reason.text == (
        "PyTorch 2.00 times as fast as JAX (97.1 % interval 1.60 to 2.50) on A network, measured "
        "here, on other hardware than will train"
    )
    assert reason.because[0].text == (
        "JAX 1.30 times as fast as PyTorch (1.20 to 1.40), explains: 100 % of the task"
    )
    unsure = speed.model_copy(update={"winner_open": True, "ci": [0.8, 1.3]})
    [reason] = [r for r in worded(performance=unsure).reasons if r.rule is None]
    assert reason.text == (
        "JAX 0.80 to 1.30 times as fast as PyTorch on A network: which one is faster is not settled"
    )


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        ({"above": 3.4}, "when a measurement shows JAX at least 3.4 times as fast"),
        ({"below": 0.5}, "when a measurement shows PyTorch at least 2 times as fast"),
        ({"above": 0.5}, "when a measurement shows PyTorch at most 2 times as fast"),
        ({"below": 3.4}, "when a measurement shows JAX at most 3.4 times as fast"),
    ],
)
def test_a_number_to_wait_for_says_which_side(
    condition: dict[str, float], text: str, base: RuleBase
) -> None:
    entry = Revisit(kind="speed", condition={"fact": "measured.jax_speedup", **condition})
    assert revisit_text(entry, base) == text


def test_a_tie_of_priorities_reads_as_a_tie(base: RuleBase) -> None:
    ranking = ["ecosystem", "risk=team", "performance"]
    assert value_text(base, "priorities", ranking) == (
        "Libraries and models, then Long-term risk and the people (tied), then Speed"
    )
    assert value_text(base, "priorities", ["risk"]) == "Long-term risk"
    assert value_text(base, "must_use", []) == "none"
    assert value_text(base, "steps_per_run", 20000.0) == "20,000 steps"


def test_every_shipped_scenario_is_worded_in_full(base: RuleBase) -> None:
    for persona in load_personas(base)[::12]:
        evidence = evidence_of(persona, base)
        inputs = Inputs(
            answers=answers_of(persona), evidence=(evidence,) if evidence else (), base=base,
            today="2026-11-24", samples=200,
        )  # fmt: skip
        decision = worded_record(inputs).decision
        empty = [p for p in empty_words(decision.to_dict()) if p != ".vetoes.price_text"]
        assert [p for p in empty if p != ".notes.because.text"] == [], persona.id
        assert "{" not in decision.headline + "".join(f.text for f in decision.flips)


def test_a_changed_sentence_in_a_record_is_noticed(base: RuleBase) -> None:
    persona = load_personas(base)[0]
    inputs = Inputs(
        answers=answers_of(persona), evidence=(), base=base, today="2026-11-24", samples=200
    )
    made = worded_record(inputs)

    def found(record_: Record) -> list[str]:
        result = check(record_, base=base, evidence=None, today="2026-11-24", word=word_decision)
        return [f.id for f in result.findings]

    assert "does-not-replay" not in found(made)
    changed = made.decision.model_copy(update={"headline": "Use JAX rather than PyTorch"})
    assert "does-not-replay" in found(Record(inputs=inputs, decision=changed))
    assert decide(inputs).headline == ""
