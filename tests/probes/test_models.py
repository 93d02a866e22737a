"""Both frameworks, and every way to write a model in them, compute the same thing.

A family has a worker of each framework to itself: one that dies costs one family.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from probes.models import catalogue
from tests.probes.model_parity import (
    Seen,
    default_variants,
    every_variant,
    observe,
    plain_variants,
    sizes_of,
)
from tests.probes.workers import both_frameworks

# A family compiles a dozen programs; that takes its time where others use the machine too.
pytestmark = [pytest.mark.frameworks, pytest.mark.timeout(600)]
# What else a family's variants may differ in after twenty steps, relative to the largest weight.
PARAMETERS = 1e-3
# What these minimise says nothing of how far they are.
NO_LOSS = ("ppo",)
# Compiled here too; others are by `python -m tests.probes.model_parity --all`.
COMPILED = ("mlp",)
# One of each kind; all of them, which take minutes, with FW_ADVISOR_ALL_FAMILIES=1.
USUAL = ("decoder", "mlp", "ode", "pinn", "recurrent", "resnet")
FAMILIES = catalogue.names() if os.environ.get("FW_ADVISOR_ALL_FAMILIES") else USUAL


@pytest.fixture(scope="module")
def quick_compiler() -> Iterator[None]:
    """XLA without LLVM's optimisations, which halves the time of compiling and changes no sum."""
    with pytest.MonkeyPatch.context() as patch:
        given = os.environ.get("XLA_FLAGS", "")
        patch.setenv("XLA_FLAGS", f"{given} --xla_backend_optimization_level=0".strip())
        yield


@pytest.fixture(scope="module", params=FAMILIES)
def family(request: Any, tmp_path_factory: Any, quick_compiler: None) -> Iterator[list[Seen]]:
    """A family at its tiny sizes: all variants at the first, the default ones at the others."""
    model = catalogue.load(request.param)
    first, *others = sizes_of(model)
    variants = every_variant if model.id in COMPILED else plain_variants
    folder: Path = tmp_path_factory.mktemp(model.id)
    with both_frameworks() as workers:
        yield [
            observe(workers, model, first, variants(model, first), folder),
            *(observe(workers, model, s, default_variants(model, s), folder) for s in others),
        ]


def test_all_variants_compute_the_same(family: list[Seen]) -> None:
    for seen in family:
        parity = seen.parity()
        assert parity.status == "ok", (seen.size, parity.problems)
        assert parity.forward_max_abs is not None
        assert all(len(curve) == 20 for curve in seen.curves().values())
        if seen.model.trains:
            assert parity.grad_max_abs is not None
            assert parity.parameters_equal is True
            assert seen.parameters_max_abs() < PARAMETERS * seen.largest_parameter()


def test_training_lowers_the_loss_of_a_batch(family: list[Seen]) -> None:
    for seen in family:
        for label, curve in seen.curves().items():
            assert len(set(curve[:4])) == 4, f"{label} takes one batch again and again"
            if seen.model.trains and seen.model.id not in NO_LOSS:
                # The batches come in turn, four of them.
                assert np.mean(curve[-4:]) < np.mean(curve[:4]), (label, curve)


def test_steps_are_compiled_once_and_close_over_nothing(family: list[Seen]) -> None:
    for seen in family:
        assert set(seen.compiled_in_a_block.values()) == {0}
        assert not any(reply["fell_back"] for reply in seen.replies.values())
        for label, reply in seen.replies.items():
            if label.startswith("jax"):
                # What a step closes over, XLA may fold away: work that PyTorch has to do.
                assert reply["counters"]["constant_bytes"] == 0, label


def test_what_is_wrong_is_noticed_or_refused(tmp_path: Path, quick_compiler: None) -> None:
    model = catalogue.load("mlp")
    size = model.tiny_of({})
    with both_frameworks() as workers:
        # The frameworks are given different inputs.
        seen = observe(
            workers, model, size, default_variants(model, size), tmp_path, seeds={"jax": 1}
        )
        assert seen.parity().status == "failed"
        request = {"key": "it", "mode": "jax.jit", "workload": "model:mlp"}
        inputs = str(tmp_path / "inputs-jax.npz")
        for wrong, text in (
            ({"size": {**size, "batch": 0}}, "mlp: batch is 0; it is a whole number from 1"),
            ({"size": size, "variant": "eager"}, "no variant 'eager' in jax.jit"),
        ):
            workers["jax"].send("build", **request, **wrong, inputs=inputs)
            with pytest.raises(AssertionError) as caught:
                workers["jax"].receive()
            assert text in str(caught.value)
