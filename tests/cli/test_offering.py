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

BASE = load_rule_base()
HERE = Surroundings(
    {"os": "linux"},
    (
        InstalledToolchain("pytorch", sys.executable, version="2.13.0"),
        InstalledToolchain("jax", sys.executable, version="0.10.2"),
    ),
)


def offered(budget: str | None = "60s", device: str = "cpu", **values: Any) -> str:
    offer = Offer(base=BASE, around=HERE, device=device, budget=budget)
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
