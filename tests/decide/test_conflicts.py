"""Answers that do not fit together are named, and what cannot be true does not count."""

from __future__ import annotations

from typing import Any

import pytest

from advisor.answers import Answers
from advisor.decide.deciding import decide
from advisor.decision import Decision
from advisor.inputs import Inputs
from advisor.knowledge.conflicts import clashes_in, counted
from advisor.knowledge.evaluate import truth_of
from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.serialise import from_data, to_data
from advisor.record import freeze, replay_findings, thaw
from advisor.render.decision_words import word_decision, worded_record

BASE = load_rule_base()
SOUND: dict[str, Any] = {
    "task": "image",
    "stage": "research",
    "team.pytorch": "some",
    "team.jax": "some",
    "codebase": "none",
    "hardware.train": "nvidia",
    "hardware.os": "linux",
    "deployment": "python_server",
    "pretrained": "none",
    "shapes": "static",
    "float64": False,
    "must_use": [],
    "exclude": [],
}
PLANTED: list[dict[str, Any]] = [
    *({"hardware.train": h, "hardware.os": os}
      for h in ("tpu", "tpu_pod", "trainium") for os in ("windows", "wsl2", "macos")),
    *({"hardware.train": "apple", "hardware.os": os} for os in ("windows", "wsl2", "linux")),
    *({"hardware.train": h, "hardware.os": "macos"}
      for h in ("nvidia", "nvidia_multi", "nvidia_cluster", "amd", "intel_gpu")),
    {"hardware.train": "apple", "hardware.os": "macos", "float64": True},
    {"hardware.train": "trainium", "float64": True},
    {"task": "llm_pretraining", "hardware.train": "cpu"},
    *({"task": task, "environment_kind": kind}
      for task in ("image", "speech", "scientific_computing", "recommender")
      for kind in ("in_graph", "external")),
    {"task": "llm_finetuning", "pretrained": "none"},
    *({"task": "llm_pretraining", "pretrained": p}
      for p in ("huggingface", "torch_hub", "jax_native")),
    {"task": "llm_serving", "pretrained": "torch_hub"},
    *({"task": task, "deployment": "llm_server"}
      for task in ("graph", "recommender", "tabular_timeseries")),
    {"task": "llm_serving", "deployment": "none"},
    {"stage": "product", "deployment": "none"},
    {"task": "llm_serving", "steps_per_run": 1000},
    {"task": "llm_serving", "transforms": ["higher_order_grad"]},
    {"task": "diffusion", "float64": True},
    {"stage": "education", "artifact_lifetime_months": 36},
    {"task": "llm_pretraining", "steps_per_run": 100},
    {"steps_per_run": 1000000, "restarts_per_day": 200},
    {"task": "reinforcement_learning", "environment_kind": "in_graph", "shapes": "dynamic"},
    *({"task": "llm_pretraining", "model": m} for m in ("resnet", "graph", "generate")),
    {"task": "llm_serving", "model": "decoder"},
    {"task": "image", "model": "ppo"},
    {"task": "image", "model": "recommender"},
    {"task": "recommender", "model": "resnet"},
    {"codebase": "pytorch", "team.pytorch": "none"},
    {"codebase": "jax", "team.jax": "none"},
    {"pretrained": "torch_hub", "exclude": ["pytorch"]},
    {"pretrained": "jax_native", "exclude": ["jax"]},
    {"exclude": ["pytorch", "jax"]},
    {"must_use": ["tensorflow"], "exclude": ["tensorflow"]},
    {"must_use": ["numpyro", "torch-geometric"]},
    {"must_use": ["diffrax"], "exclude": ["jax"]},
    {"must_use": ["vllm"], "exclude": ["pytorch"]},
    {"must_use": ["PyG"], "exclude": ["pytorch"]},
    {"prefer": ["optax"], "exclude": ["jax"]},
    {"prefer": ["flax"], "must_use": ["torch-geometric"]},
]  # fmt: skip


def decided(**more: Any) -> Decision:
    return decide(inputs_of(**more))


def inputs_of(**more: Any) -> Inputs:
    answers = Answers(values={**SOUND, **more})
    return Inputs(answers=answers, evidence=(), base=BASE, today="2026-11-26", samples=200)


def named(facts: dict[str, Any]) -> set[str]:
    return {clash.id for clash in clashes_in(BASE, facts)}


def test_sixty_planted_contradictions_are_all_named() -> None:
    assert len(PLANTED) >= 60
    missed = [change for change in PLANTED if not named({**SOUND, **change}) - named(SOUND)]
    assert missed == []


@pytest.mark.parametrize("change", PLANTED[::6], ids=str)
def test_each_is_a_notice_with_a_sentence(change: dict[str, Any]) -> None:
    record = worded_record(inputs_of(**change))
    told = [n for n in record.decision.notices if n.id.startswith(("answers-", "need", "wish"))]
    assert told
    assert all(notice.text and "{" not in notice.text for notice in told)
    assert replay_findings(thaw(freeze(record), "decision.json"), word_decision) == []


def test_sound_answers_are_not_objected_to() -> None:
    assert named(SOUND) == set()
    for persona in ("llm_finetuning", "reinforcement_learning"):
        more = {"task": persona, "pretrained": "huggingface", "environment_kind": "none"}
        assert named({**SOUND, **more}) == set()


@pytest.mark.parametrize(
    "change",
    [c for c in PLANTED if any(x.ignore for x in clashes_in(BASE, {**SOUND, **c}))],
    ids=str,
)
def test_what_cannot_be_true_moves_nothing(change: dict[str, Any]) -> None:
    """The decision is that of the answers without what does not count."""
    with_it = decided(**change)
    kept = counted(BASE, {**SOUND, **change})
    answers = Answers(values=kept)
    without = decide(
        Inputs(answers=answers, evidence=(), base=BASE, today="2026-11-26", samples=200)
    )
    assert with_it.options == without.options
    assert with_it.reasons == without.reasons
    asked_again = {unknown.fact for unknown in with_it.unknowns}
    assert not asked_again & set(change)


def test_every_entry_of_the_table_can_be_true() -> None:
    """A planted case, or a machine that was looked at, makes each of them speak."""
    cases = [{**SOUND, **change} for change in PLANTED]
    here = {"hardware.same_as_here": True, "hardware.os": "windows", "detected.hardware": "cpu"}
    cases += [{**SOUND, **here, "detected.os": "linux"}]
    for conflict in BASE.conflicts:
        assert any(truth_of(conflict.when, case) == "true" for case in cases), conflict.id


def test_the_table_survives_a_record() -> None:
    assert from_data(to_data(BASE, rules=[])).conflicts == BASE.conflicts
