"""A user's Flax NNX module: trained, called and told by its jaxpr, as one of PyTorch is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from advisor.measure.census import nearest
from advisor.measure.own_parity import own_parity_of
from probes import user_workload
from probes.own import module as own_module

FILE = """
import jax
import jax.numpy as jnp
import optax
from flax import nnx

class Block(nnx.Module):
    def __init__(self, rngs):
        self.norm, self.norm2 = nnx.LayerNorm(32, rngs=rngs), nnx.LayerNorm(32, rngs=rngs)
        self.attention = nnx.MultiHeadAttention(4, 32, decode=False, rngs=rngs)
        self.expand, self.contract = nnx.Linear(32, 64, rngs=rngs), nnx.Linear(64, 32, rngs=rngs)
        self.drop = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x, mask):
        x = x + self.attention(self.norm(x), mask=mask)
        return x + self.drop(self.contract(nnx.gelu(self.expand(self.norm2(x)))))

class Language(nnx.Module):
    def __init__(self, rngs, causal=True):
        self.token, self.causal = nnx.Embed(50, 32, rngs=rngs), causal
        self.place = nnx.Embed(16, 32, rngs=rngs)
        self.first, self.second = Block(rngs), Block(rngs)
        self.head = nnx.Linear(32, 50, rngs=rngs)

    def __call__(self, tokens):
        x = self.token(tokens) + self.place(jnp.arange(tokens.shape[1]))
        mask = nnx.make_causal_mask(tokens) if self.causal else None
        return self.head(self.second(self.first(x, mask), mask))

class Images(nnx.Module):
    def __init__(self, rngs):
        self.conv = nnx.Conv(3, 16, (3, 3), rngs=rngs)
        self.norm = nnx.BatchNorm(16, rngs=rngs)
        self.deeper = nnx.Conv(16, 16, (3, 3), rngs=rngs)
        self.head = nnx.Linear(16, 5, rngs=rngs)

    def __call__(self, x):
        x = nnx.relu(self.norm(self.conv(x)))
        return self.head(nnx.relu(self.deeper(x)).mean((1, 2)))

class Sequence(nnx.Module):
    def __init__(self, rngs):
        self.token = nnx.Embed(50, 16, rngs=rngs)
        self.cells = nnx.RNN(nnx.LSTMCell(16, 16, rngs=rngs))
        self.head = nnx.Linear(16, 50, rngs=rngs)

    def __call__(self, tokens):
        return self.head(self.cells(self.token(tokens)))

class Dense(nnx.Module):
    def __init__(self, rngs):
        self.first, self.last = nnx.Linear(8, 16, rngs=rngs), nnx.Linear(16, 4, rngs=rngs)

    def __call__(self, x):
        return self.last(nnx.relu(self.first(x)))

def tokens():
    return jax.random.randint(jax.random.key(1), (2, 16), 0, 50)

def next_token(logits, ids):
    return optax.softmax_cross_entropy_with_integer_labels(logits[:, :-1], ids[:, 1:]).mean()

def language():
    return Language(nnx.Rngs(0)), tokens(), next_token

def reader():
    return Language(nnx.Rngs(0), causal=False), tokens(), next_token

def images():
    return Images(nnx.Rngs(0)), jax.random.normal(jax.random.key(1), (4, 12, 12, 3))

def sequence():
    return Sequence(nnx.Rngs(0)), tokens(), next_token

def dense():
    return Dense(nnx.Rngs(0)), jax.random.normal(jax.random.key(1), (6, 8))

def strange():
    return 3, jnp.zeros(1)
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("own") / "mine.py"
    path.write_text(FILE, "utf-8")
    return path


@pytest.fixture
def flax() -> Any:
    return pytest.importorskip("flax")


def observed(path: Path, name: str) -> Any:
    from probes.jax_runtime import JaxRuntime

    runtime = JaxRuntime("cpu", "matched", "float32")
    source = f"{path}:{name}"
    arrays = user_workload.load(source).make_inputs(0, {})
    parts = user_workload.build(source, "jax", arrays, runtime)
    program = runtime.program(parts, "jax.jit")
    return program.observe(12, program.call)


def census_of(path: Path, name: str) -> Any:
    root = Path(__file__).parents[2]
    argv = [sys.executable, "-B", str(root / "probes"), "jax_census", f"{path}:{name}"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    reply = json.loads(done.stdout)
    assert reply["ok"], reply
    return reply["census"]


def test_what_a_module_is_written_in_is_read_and_not_run(tmp_path: Path, file: Path) -> None:
    assert own_module.workload(f"{file}:dense").modes == ("jax.jit",)
    other = tmp_path / "both.py"
    other.write_text("import torch\nfrom flax import nnx\nraise SystemExit\n", "utf-8")
    assert own_module.workload(f"{other}:make").modes[0] == "pytorch.eager"


@pytest.mark.usefixtures("flax")
@pytest.mark.parametrize("name", ["dense", "images", "language"])
def test_a_training_step_learns_and_does_the_same_twice(file: Path, name: str) -> None:
    shown = observed(file, name)
    curve = next(v for k, v in shown.items() if k.startswith("first.out/")).ravel()
    assert curve[-1] < curve[0]
    assert own_parity_of({"jax.jit": shown}, {"curve": 1e-3}, None).problems == {}


@pytest.mark.usefixtures("flax")
def test_running_averages_move_while_it_is_trained(file: Path) -> None:
    shown = observed(file, "images")
    mean = next(k for k in shown if k.startswith("first.before/") and "norm.mean" in k)
    assert np.any(shown[mean] != shown[mean.replace("before", "after")])


@pytest.mark.usefixtures("flax")
def test_inference_trains_nothing(file: Path) -> None:
    shown = observed(file, "dense:infer")
    weights = [k for k in shown if k.startswith("first.before/") and "kernel" in k]
    assert weights
    assert all(np.array_equal(shown[k], shown[k.replace("before", "after")]) for k in weights)


@pytest.mark.usefixtures("flax")
def test_what_is_no_module_is_told_at_its_line(file: Path) -> None:
    with pytest.raises(user_workload.UserFileError, match=r"mine\.py:\d+: .*flax\.nnx\.Module"):
        observed(file, "strange")


@pytest.mark.usefixtures("flax")
@pytest.mark.parametrize(
    ("name", "family", "size"),
    [
        ("language", "decoder", {"layers": 2, "heads": 4, "width": 32, "vocabulary": 50}),
        ("reader", "vit", {"layers": 2, "heads": 4, "width": 32, "image": 0}),
        ("images", "resnet", {"image": 12, "channels": 3, "norm": "batch", "classes": 5}),
        ("sequence", "recurrent", {"cell": "lstm", "width": 16, "length": 16}),
        ("dense", "mlp", {"inputs": 8, "widths": [16], "batch": 6, "classes": 4}),
    ],
)
def test_the_family_is_told_by_the_jaxpr(
    file: Path, name: str, family: str, size: dict[str, Any]
) -> None:
    near = nearest(census_of(file, name))
    assert near.family == family
    assert {key: near.size.get(key) for key in size} == size


@pytest.mark.usefixtures("flax")
def test_dropout_is_left_out_and_said(file: Path) -> None:
    assert "dropout" in nearest(census_of(file, "language")).unlike
