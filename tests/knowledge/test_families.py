"""Families as data: the file says what the code says, answers fit it, standards exist."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from advisor.answers import Answers
from advisor.answers_io import (
    answers_from,
    parse_assignment,
    read_answers,
    to_yaml,
    with_assignments,
)
from advisor.errors import UserError
from advisor.knowledge.families import (
    CARRY_OVER_CLASSES,
    FittedModel,
    check_model,
    spread_of,
)
from advisor.knowledge.fields import Fault
from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.serialise import from_data, to_data
from advisor.knowledge.standards import standard_for
from tests.probes import family_table

BASE = load_rule_base()


def test_the_file_says_what_the_families_themselves_say() -> None:
    """Written anew by: python -m tests.probes.family_table."""
    assert family_table.PATH.read_text("utf-8") == family_table.text()


def test_every_family_can_be_answered_and_has_a_label() -> None:
    assert set(BASE.families) <= set(BASE.facts["model"].values)


def test_every_task_has_a_standard_model_that_is_a_family_with_that_preset() -> None:
    usual = [s.task for s in BASE.standards if not s.packages]
    assert sorted(usual) == sorted(BASE.facts["task"].values)
    for standard in BASE.standards:
        assert standard.model in BASE.facts["model"].values
        family = BASE.families.get(standard.model)
        if family is not None and standard.preset:
            assert standard.preset in family.presets, standard


def test_a_package_that_has_to_be_used_names_the_model_more_nearly_than_the_task() -> None:
    facts = {"task": "general_research", "must_use": ["numpy", "torch_geometric", "gpytorch"]}
    standard = standard_for(BASE, facts)
    assert standard is not None
    assert (standard.model, standard.packages) == ("gaussian_process", ("gpytorch",))
    standard = standard_for(BASE, {**facts, "must_use": ["torch_geometric"]})
    assert standard is not None
    assert (standard.model, standard.packages) == ("graph", ("torch-geometric",))
    # What a package names elsewhere, it doesn't where the task says more.
    standard = standard_for(BASE, {**facts, "task": "llm_pretraining"})
    assert standard is not None
    assert (standard.model, standard.packages) == ("decoder", ())
    known = {package.name for package in BASE.packages}
    assert all(name in known for s in BASE.standards for name in s.packages)


def test_carry_over_has_every_class_and_widens_with_distance() -> None:
    factors = {row.id: row.factor for row in BASE.carry_over}
    assert tuple(factors) == CARRY_OVER_CLASSES
    # What another machine adds comes on top of the others.
    nearer_first = [factor for name, factor in factors.items() if name != "library"]
    assert nearer_first == sorted(nearer_first)
    assert all(row.source and row.date for row in BASE.carry_over)


def test_a_factor_is_the_spread_of_what_it_was_fitted_to() -> None:
    """Two errors of a factor of two: with so few the next one may be further off."""
    fitted = (FittedModel("a", "mlp", 2.0, 1.0), FittedModel("b", "mlp", 1.0, 2.0))
    assert spread_of(fitted) == pytest.approx(2.0 ** (4.303 / 1.96), rel=1e-3)
    rows = [replace(row, fitted=fitted) for row in BASE.carry_over]
    with pytest.raises(UserError, match=r"factor has to be 4\.58, the spread of fitted"):
        from_data(to_data(replace(BASE, carry_over=tuple(rows))))


def test_what_was_fitted_survives_a_record() -> None:
    rows = [replace(r, fitted=(FittedModel("a", "mlp", r.factor, 1.0),)) for r in BASE.carry_over]
    rows = [replace(r, factor=spread_of(r.fitted)) for r in rows]
    base = replace(BASE, carry_over=tuple(rows))
    assert from_data(to_data(base)).carry_over == base.carry_over


def test_the_presets_of_every_family_fit_it() -> None:
    for family in BASE.families.values():
        for size in family.presets.values():
            check_model(BASE.families, {"model": family.id, "model.size": dict(size)})


@pytest.mark.parametrize(
    ("answers", "said", "hint"),
    [
        ({"model": "decoder", "model.size": {"layers": 500}}, "out of range", "from 1 to 200"),
        ({"model": "decoder", "model.size": {"layer": 2}}, "no size 'layer'", "layers"),
        ({"model": "decoder", "model.size": {"norm": "batch"}}, "not a value of norm", "rms"),
        ({"model": "decoder", "model.size": {"layers": "two"}}, "a whole number", "from 1"),
        ({"model": "mlp", "model.size": {"widths": 3}}, "a list of 1 to", "each from"),
        ({"model": "decoder", "model.preset": "gpt2"}, "no preset", "gpt2"),
        ({"model.preset": "gpt2_124m"}, "needs a family", "model: FAMILY"),
        ({"model": "other", "model.size": {"layers": 2}}, "needs a family", "model: FAMILY"),
    ],
)
def test_answers_that_do_not_go_together_are_refused_with_the_range(
    answers: dict[str, Any], said: str, hint: str
) -> None:
    with pytest.raises(Fault) as caught:
        check_model(BASE.families, answers)
    assert said in caught.value.message
    assert hint in caught.value.hint
    data = {"schema": "fw-advisor/answers@1", "answers": answers}
    with pytest.raises(UserError, match=said):
        answers_from(data, BASE, "answers.yaml")


def test_a_family_that_nobody_describes_yet_is_left_to_who_measures_it() -> None:
    check_model({}, {"model": "sampler", "model.size": {"chains": 4}})


def test_a_model_is_written_and_read_back(tmp_path: Path) -> None:
    values = {
        "model": "decoder",
        "model.preset": "gpt2_124m",
        "model.size": {"layers": 8, "norm": "rms"},
    }
    path = tmp_path / "answers.yaml"
    path.write_text(to_yaml(Answers(values=values)), "utf-8")
    assert read_answers(path, BASE).values == values


@pytest.mark.parametrize("text", ['{"layers": 8, "norm": "rms"}', "layers=8,norm=rms"])
def test_a_size_is_set_on_the_command_line(text: str) -> None:
    assert parse_assignment(f"model.size={text}", BASE) == (
        "model.size",
        {"layers": 8, "norm": "rms"},
    )
    answers = with_assignments(Answers(), ["model=decoder", f"model.size={text}"], BASE)
    assert answers.values["model.size"] == {"layers": 8, "norm": "rms"}
    with pytest.raises(UserError, match="out of range"):
        with_assignments(answers, ["model.size=layers=0"], BASE)


def test_a_record_keeps_presets_standards_and_the_table() -> None:
    compact = from_data(to_data(BASE, rules=[]))
    assert compact.standards == BASE.standards
    assert compact.carry_over == BASE.carry_over
    assert compact.families["decoder"].presets == BASE.families["decoder"].presets
    assert from_data(to_data(BASE)).families == BASE.families
