"""Which models are measured for which answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from advisor.answers import Answers
from advisor.cli.model_options import model_options, models_asked
from advisor.cli.models import with_carry_over
from advisor.evidence import to_data
from advisor.evidence_io import evidence_from
from advisor.knowledge.loader import load_rule_base
from tests.decide import making

BASE = load_rule_base()


@pytest.mark.parametrize(
    ("values", "models"),
    [
        ({}, ()),
        ({"task": "llm_pretraining"}, ("decoder:gpt2_124m", "decoder:nanogpt_cpu")),
        ({"task": "language"}, ("vit:bert_base", "vit:bert_tiny")),
        ({"task": "llm_pretraining", "model": "other"},
         ("decoder:gpt2_124m", "decoder:nanogpt_cpu")),
        ({"task": "image", "model": "vit", "model.preset": "deit_s"}, ("vit:deit_s",)),
        ({"task": "image", "model": "mlp"}, ("mlp:mnist_mlp",)),
    ],
)  # fmt: skip
def test_answers_name_the_models_to_measure(
    values: dict[str, Any], models: tuple[str, ...]
) -> None:
    assert models_asked(BASE, Answers(values=values)) == models


def test_own_numbers_stand_over_those_of_a_preset() -> None:
    values = {"model": "decoder", "model.preset": "nanogpt_cpu", "model.size": {"layers": 9}}
    [text] = models_asked(BASE, Answers(values=values))
    family, _, size = text.partition(":")
    assert family == "decoder"
    assert json.loads(size) == {**BASE.families["decoder"].presets["nanogpt_cpu"], "layers": 9}


def test_options_are_those_of_probe() -> None:
    values = {"model": "decoder", "model.preset": "nanogpt_cpu"}
    assert model_options(BASE, Answers(values=values)) == ("--model", "decoder:nanogpt_cpu")


def test_standard_models_name_presets_that_there_are() -> None:
    for standard in BASE.standards:
        presets = {"", *BASE.families[standard.model].presets}
        assert {standard.preset, standard.smaller} <= presets


def test_every_task_has_a_model_to_measure_where_its_family_exists() -> None:
    for standard in BASE.standards:
        asked = models_asked(BASE, Answers(values={"task": standard.task}))
        assert bool(asked) == (standard.model in BASE.families)


def test_evidence_of_a_model_says_how_far_it_carries_and_who_says_so() -> None:
    """A team's own module carries further than a family of its size."""
    works = [making.work(1.3), making.work(1.3, model="module:net")]
    measured = with_carry_over(making.evidence_with(works=works))
    family, own = (work.carry_over or {} for work in measured.works)
    assert 1 < own["factor"] < family["factor"]
    assert family["from"] == next(r.source for r in BASE.carry_over if r.id == "same_size")
    assert evidence_from(to_data(measured), name="again") == measured
