"""A translation that computes something else is refused, and the reason names what differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from advisor.evidence import Parity
from advisor.measure.own_parity import own_parity_of
from probes import user_workload
from probes.own import module as own_module
from probes.own import translated

torchax = pytest.importorskip("torchax")

FILE = """
import torch
from torch import nn

class Dense(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(8, 16), nn.Linear(16, 4)
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        return self.last(self.drop(torch.relu(self.first(x))))

class Normed(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8)
        self.head = nn.Linear(8, 4)

    def forward(self, x):
        return self.head(torch.relu(self.norm(self.conv(x))).mean((2, 3)))

class Biased(Normed):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)

class Stranger(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.scale = nn.Linear(8, 4), torch.arange(1.0, 5.0)

    def forward(self, x):
        return self.layer(x) * self.scale

SCALE = torch.arange(1.0, 5.0)

class Global(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 4)

    def forward(self, x):
        return self.layer(x) * SCALE

class Branching(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 4)

    def forward(self, x):
        y = self.layer(x)
        return y if y.sum() > 0 else -y

class Noisy(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 4)

    def forward(self, x):
        return self.layer(nn.functional.dropout(x, 0.1, self.training))

def given(module, x):
    y = torch.randint(0, 4, (6,))
    return module, x, lambda out: nn.functional.cross_entropy(out, y)

def dense():
    return given(Dense(), torch.randn(6, 8))

def normed():
    return given(Normed(), torch.randn(6, 3, 8, 8))

def biased():
    return given(Biased(), torch.randn(6, 3, 8, 8))

def stranger():
    return given(Stranger(), torch.randn(6, 8))

def of_global():
    return given(Global(), torch.randn(6, 8))

def fresh():
    # A loss that makes its targets itself, as one writes for PyTorch on a CPU.
    return Dense(), torch.randn(6, 8), lambda out, _: nn.functional.cross_entropy(
        out, torch.zeros(len(out), dtype=torch.long)
    )

def branching():
    return given(Branching(), torch.randn(6, 8))

def noisy():
    return given(Noisy(), torch.randn(6, 8))
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("own") / "mine.py"
    path.write_text(FILE, "utf-8")
    return path


@pytest.fixture(scope="module")
def plain(file: Path) -> Callable[[str], Any]:
    """What PyTorch shows of a module, once for all tests."""
    kept: dict[str, Any] = {}

    def shown(name: str) -> Any:
        if name not in kept:
            kept[name] = _shown(file, name, "pytorch")
        return kept[name]

    return shown


def _shown(path: Path, name: str, framework: str) -> Any:
    if framework == "jax":
        from probes.jax_runtime import JaxRuntime

        runtime: Any = JaxRuntime("cpu", "matched", "float32")
    else:
        from probes.torch_runtime import TorchRuntime

        runtime = TorchRuntime("cpu", 1, "matched", "float32")
    source = f"{path}:{name}"
    arrays = user_workload.load(source).make_inputs(0, {})
    parts = user_workload.build(source, framework, arrays, runtime)
    program = runtime.program(parts, "jax.jit" if framework == "jax" else "pytorch.eager")
    return program.observe(12, program.call)


@pytest.fixture
def parity(file: Path, plain: Callable[[str], Any]) -> Callable[[str], Parity]:
    """What is said of a module and its translation."""

    def compared(name: str) -> Parity:
        sides = {"pytorch.eager": plain(name), "jax.jit": _shown(file, name, "jax")}
        return own_parity_of(sides, {"curve": 1e-3}, None)

    return compared


def pieces(said: Parity) -> set[str]:
    """What differed, by name."""
    assert said.status == "failed"
    [reason] = said.problems.values()
    listed = reason.values.get("differences", [])
    return {str(one.get("piece")) for one in listed} | {str(one["case"]) for one in listed}


@pytest.fixture
def operation() -> Iterator[Callable[[Any, Any], None]]:
    """Plants another translation of an operation, and takes it out again."""
    environment = torchax.default_env()
    kept = dict(environment._ops)

    def plant(of: Any, function: Any) -> None:
        environment._ops[of] = replace(environment._ops[of], func=function)

    yield plant
    environment._ops.clear()
    environment._ops.update(kept)


@pytest.mark.parametrize("name", ["dense", "normed", "biased", "stranger", "fresh"])
def test_a_right_translation_is_certified(parity: Callable[[str], Parity], name: str) -> None:
    said = parity(name)
    assert said.status == "ok", said.problems
    assert said.compared["trained"]


def test_running_averages_of_a_batch_norm_are_compared_too(
    parity: Callable[[str], Parity], monkeypatch: pytest.MonkeyPatch
) -> None:
    import contextlib

    monkeypatch.setattr(translated, "_batch_norms", lambda *_: contextlib.nullcontext())
    assert any("running_mean" in piece for piece in pieces(parity("normed")))


def test_an_operation_that_computes_something_else_is_named_by_its_outputs(
    parity: Callable[[str], Parity], operation: Callable[[Any, Any], None]
) -> None:
    import jax
    import torch

    operation(torch.ops.aten.relu, lambda x: jax.nn.leaky_relu(x, 0.01))
    assert "first output" in pieces(parity("dense"))


def test_a_wrong_gradient_behind_right_outputs_is_refused(
    parity: Callable[[str], Parity], operation: Callable[[Any, Any], None]
) -> None:
    import jax
    import torch

    @jax.custom_jvp
    def relu(x: Any) -> Any:
        return jax.nn.relu(x)

    @relu.defjvp
    def slope(primals: Any, tangents: Any) -> Any:
        (x,), (t,) = primals, tangents
        # At zero and below as well.
        return relu(x), jax.numpy.where(x > -0.1, t, 0.0)

    operation(torch.ops.aten.relu, relu)
    differing = pieces(parity("dense"))
    assert "gradients" in differing
    assert "first output" not in differing


def test_dropout_that_one_side_keeps_is_refused_at_its_line(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_module, "without_dropout", lambda _, own: (replace(own), False))
    with pytest.raises(translated.TranslationError, match=r"mine\.py:12: random numbers"):
        _shown(file, "dense", "jax")


def test_another_type_of_outputs_is_refused(
    parity: Callable[[str], Parity], monkeypatch: pytest.MonkeyPatch
) -> None:
    import jax.numpy as jnp

    real = translated.Translated.arrays_of

    def narrowed(self: Any, tree: Any) -> Any:
        import jax

        def narrow(value: Any) -> Any:
            floating = hasattr(value, "dtype") and jnp.issubdtype(value.dtype, jnp.floating)
            return value.astype(jnp.bfloat16) if floating else value

        return jax.tree.map(narrow, real(self, tree))

    monkeypatch.setattr(translated.Translated, "arrays_of", narrowed)
    assert "dtype" in pieces(parity("dense"))


def test_another_optimizer_is_refused_by_the_weights(
    parity: Callable[[str], Parity], monkeypatch: pytest.MonkeyPatch
) -> None:
    import optax

    monkeypatch.setattr(optax, "adamw", lambda rate, **_: optax.sgd(rate))
    assert any(piece.startswith(("state.", "output")) for piece in pieces(parity("dense")))


@pytest.mark.parametrize(
    ("name", "line", "text"),
    [
        ("of_global", "return self.layer(x) * SCALE", "register_buffer"),
        ("branching", "return y if y.sum() > 0 else -y", "torch.where"),
        ("noisy", "nn.functional.dropout(x", "random numbers"),
    ],
)
def test_what_cannot_be_translated_is_told_with_its_line_and_a_way_out(
    file: Path, name: str, line: str, text: str
) -> None:
    number = next(n for n, row in enumerate(FILE.splitlines(), 1) if line in row)
    with pytest.raises(translated.TranslationError) as told:
        _shown(file, name, "jax")
    assert f"mine.py:{number}: " in str(told.value)
    assert text in str(told.value)


def test_an_operation_without_a_translation_is_named_with_its_line(
    file: Path, operation: Callable[[Any, Any], None]
) -> None:
    import torch

    operation(torch.ops.aten.relu, jax_has_none)
    with pytest.raises(translated.TranslationError, match=r"mine\.py:12: .*aten.*relu"):
        _shown(file, "dense", "jax")


def jax_has_none(*_: Any) -> None:
    """What torchax raises for what it lacks."""
    from torchax.tensor import OperatorNotFound

    raise OperatorNotFound("Operator with name aten::relu has no lowering")


def test_inference_of_a_batch_norm_agrees(parity: Callable[[str], Parity]) -> None:
    # One state alone: nothing moves, so that outputs are what is compared.
    said = parity("normed:infer")
    assert said.status in ("ok", "not_checked")
    assert np.isfinite(said.forward_max_abs or 0.0)
