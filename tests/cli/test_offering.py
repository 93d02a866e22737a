"""What is said before anybody agrees to be measured."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from advisor.answers import Answers
from advisor.cli.measuring import Surroundings
from advisor.cli.offering import Offer
from advisor.knowledge.loader import load_rule_base
from advisor.machine.toolchains import InstalledToolchain
from advisor.measure.wishes import Wishes

BASE = load_rule_base()
HERE = Surroundings(
    {"os": "linux"},
    (
        InstalledToolchain("pytorch", sys.executable, version="2.13.0"),
        InstalledToolchain("jax", sys.executable, version="0.10.2"),
    ),
)


def offered(budget: str | None = "60s", device: str = "cpu", **values: Any) -> str:
    offer = Offer(
        base=BASE, around=HERE, device=lambda _: device, budget=lambda _: budget,
        wishes=lambda _: Wishes(),
    )  # fmt: skip
    return offer.what(Answers(values={k.replace("__", "."): v for k, v in values.items()}))


@pytest.mark.parametrize(
    ("values", "model"),
    [
        ({"model": "decoder", "model__preset": "gpt2_124m"}, "(gpt2_124m)"),
        ({"model": "decoder", "model__size": {"layers": 9, "norm": "rms"}}, "(layers 9, norm rms)"),
        ({"model": "decoder", "model__preset": "nanogpt_cpu", "model__size": {"layers": 9}},
         "(layers 9; otherwise nanogpt_cpu)"),
        ({}, "(several presets, since nobody said which: gpt2_124m, nanogpt_cpu)"),
        ({"model": "other"}, "(several presets, since nobody said which: gpt2_124m, nanogpt_cpu)"),
    ],
)  # fmt: skip
def test_the_model_that_is_timed_is_named_with_its_size(values: dict[str, Any], model: str) -> None:
    assert offered(task="llm_pretraining", **values) == (
        f"GPT-like model, training {model} and small probes of the task, "
        "in PyTorch 2.13.0 and JAX 0.10.2, on the CPU, about 60 s"
    )


def test_one_preset_that_nobody_named_is_no_choice_of_theirs() -> None:
    assert "(mnist_mlp, since nobody said which) and" in offered(task="image", model="mlp")


def test_how_long_and_on_what_follow_the_options() -> None:
    text = offered("3m", device="cuda", task="image", model="mlp")
    assert text.endswith("on the cuda, about 3 min")
    assert offered(None, task="image").endswith("some minutes")


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("advisor.measure.cpus.usable_cpus", lambda *_: (0, 1))


def refused(*models: str, profile: str = "quick", budget_s: float | None = 60.0) -> str:
    wishes = Wishes(profile=profile, budget_s=budget_s, models=models)
    offer = Offer(
        base=BASE, around=HERE, device=lambda _: "cpu", budget=lambda _: "60s",
        wishes=lambda _: wishes,
    )  # fmt: skip
    return offer.cannot(Answers())


@pytest.mark.usefixtures("two_cores")
def test_a_model_that_has_no_chance_is_told_with_what_may_do() -> None:
    text = refused("decoder:gpt2_124m")
    assert text.startswith("Nothing of gpt2_124m can be measured in that time here: with layers 1 ")
    assert "a smaller preset (nanogpt_cpu)" in text
    assert "probe --export-worker probe.pyz" in text
    # A thorough run would not do it either.
    assert "more time" not in text


@pytest.mark.usefixtures("two_cores")
def test_more_time_is_named_where_it_may_do() -> None:
    assert "more time (--profile thorough)" in refused("decoder:nanogpt_char")
    short = refused("resnet:resnet18_cifar", profile="standard", budget_s=5.0)
    assert "more time (a larger --budget)" in short


@pytest.mark.usefixtures("two_cores")
def test_nothing_is_told_of_models_that_may_fit_or_cannot_be_planned() -> None:
    assert refused("decoder:nanogpt_cpu") == ""
    assert refused("decoder:no_such_preset") == ""
    assert refused() == ""
