"""A user's own module: what its file has to say, and a real step of a tiny one."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from advisor.measure.own_parity import own_parity_of
from probes import user_workload
from probes.own import translated
from probes.own.module import looks_back

GOOD = """
import torch
from torch import nn

def make():
    module = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 4))
    y = torch.randint(0, 4, (6,))
    return module, torch.randn(6, 8), lambda out: nn.functional.cross_entropy(out, y)

class Mixed(nn.Module):
    def __init__(self, causal):
        super().__init__()
        self.embedding, self.causal = nn.Embedding(9, 8), causal

    def forward(self, tokens):
        x = self.embedding(tokens)
        return x.cumsum(1) if self.causal else x + x.mean(1, keepdim=True)

def tokens_back():
    return Mixed(True), torch.arange(8)[None]

def tokens_all():
    return Mixed(False), torch.arange(8)[None]

def nothing():
    return 3

def strange():
    return 3, torch.zeros(1)
"""


def built(path: Path, name: str, framework: str = "pytorch"):
    if framework == "jax":
        from probes.jax_runtime import JaxRuntime

        runtime = JaxRuntime("cpu", "matched", "float32")
    else:
        from probes.torch_runtime import TorchRuntime

        runtime = TorchRuntime("cpu", 1, "matched", "float32")
    source = f"{path}:{name}"
    arrays = user_workload.load(source).make_inputs(0, {})
    parts = user_workload.build(source, framework, arrays, runtime)
    return runtime.program(parts, "jax.jit" if framework == "jax" else "pytorch.eager")


def observed(path: Path, name: str, framework: str = "pytorch"):
    program = built(path, name, framework)
    return program.observe(12, program.call)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(GOOD, "utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("absent", r"mine\.py:1: defines no absent\(\); it defines: make, .*nothing, strange"),
        ("nothing", r"mine\.py:25: nothing\(\) must return"),
        ("strange", r"mine\.py:28: strange\(\) must return .* the first is int"),
    ],
)
def test_a_mistake_is_told_at_its_line(file: Path, name: str, text: str) -> None:
    with pytest.raises(user_workload.UserFileError, match=text):
        built(file, name)


def test_a_training_step_learns_and_shows_outputs_and_gradients(file: Path) -> None:
    shown = observed(file, "make")
    curve = shown["first.out/output"].ravel()
    assert curve[-1] < curve[0]
    assert np.any(shown["first.out/gradients"])
    assert shown["first.out/first output"].size == 24


@pytest.mark.parametrize(
    ("name", "seen"), [("tokens_back", True), ("tokens_all", False), ("make", None)]
)
def test_whether_a_module_looks_back_is_tried(file: Path, name: str, seen: bool | None) -> None:
    from probes.torch_census import census

    assert census(f"{file}:{name}")["looks_back"] is seen


def test_inference_trains_nothing(file: Path) -> None:
    shown = observed(file, "make:infer")
    before = shown["first.before/parameters.0.weight"]
    assert np.array_equal(before, shown["first.after/parameters.0.weight"])


def test_without_torchax_the_translation_says_what_it_needs() -> None:
    if importlib.util.find_spec("torchax"):
        pytest.skip("torchax is installed here")
    with pytest.raises(translated.TranslationMissingError, match="torchax"):
        translated.load_torchax()


def test_a_translation_computes_the_same(file: Path) -> None:
    pytest.importorskip("torchax")
    sides = {"pytorch.eager": observed(file, "make"), "jax.jit": observed(file, "make", "jax")}
    assert own_parity_of(sides, {"curve": 1e-3}, None).status == "ok"


@pytest.mark.parametrize(
    ("called", "seen"),
    [
        (lambda x: np.cumsum(x, axis=1), True),
        (lambda x: x + x.mean(axis=1, keepdims=True), False),
        # What comes last is not looked at there either: nothing is known of the rest.
        (lambda x: np.repeat(x[:, :1], x.shape[1], axis=1), None),
        (lambda x: x.mean(axis=1), None),
        (lambda x: x[:, :, 99], None),
    ],
    ids=["loop", "mean", "first-only", "no-places", "refuses"],
)
def test_looking_back_is_told_by_what_changes(called, seen) -> None:
    given = np.random.default_rng(0).standard_normal((2, 5, 3))
    changed = given.copy()
    changed[:, -1] = changed[:, 0]
    assert looks_back(called, given, changed) is seen
