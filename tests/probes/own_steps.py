"""Steps as users write them: honest ones in many forms, and copies with one planted mistake.

Each text is a whole file. A mistake is one line replaced by another, in one framework. Knows the
contract of a user's file and how a worker is asked for what a step shows; decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from advisor.evidence import Parity
from advisor.measure.own_parity import own_parity_of
from advisor.measure.parity import read_observation
from probes import catalogue, user_workload
from tests.probes.workers import RealWorker

MODES = {"pytorch": "pytorch.eager", "jax": "jax.jit"}

REGRESSION = """
import numpy as np

def inputs(rng):
    x = rng.standard_normal((64, 8)).astype(np.float32)
    y = (x @ rng.standard_normal((8, 1)) + 1.0).astype(np.float32)
    return {"x": x, "y": y, "w": 0.1 * rng.standard_normal((8, 1)).astype(np.float32)}

def torch_step(arrays):
    import torch
    w = torch.nn.Parameter(arrays["w"].clone())
    optimizer = torch.optim.SGD([w], lr=0.05)
    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = ((arrays["x"] @ w - arrays["y"]) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss
    return step

def jax_step(arrays):
    import jax
    import jax.numpy as jnp
    def loss_of(w, arrays):
        out = arrays["x"] @ w
        return ((out - arrays["y"]) ** 2).mean()
    def step(state, arrays):
        w, before = state
        loss, slope = jax.value_and_grad(loss_of)(w, arrays)
        w = w - 0.05 * slope
        return (w, loss), loss
    first = arrays["w"]
    return step, (first, jnp.float32(0.0))
"""

NETWORK = """
import numpy as np

def inputs(rng):
    def normal(*shape):
        return rng.standard_normal(shape).astype(np.float32)
    return {
        "x": normal(32, 12), "y": rng.integers(0, 5, 32).astype(np.int64),
        "w": 0.3 * normal(12, 16), "v": 0.3 * normal(16, 5),
    }

def torch_step(arrays):
    import torch
    w, v = (torch.nn.Parameter(arrays[name].clone()) for name in "wv")
    optimizer = torch.optim.Adam([w, v], lr=0.01)
    held = [torch.zeros(())]
    def step():
        optimizer.zero_grad(set_to_none=True)
        logits = torch.relu(arrays["x"] @ w) @ v
        loss = torch.nn.functional.cross_entropy(logits, arrays["y"])
        loss.backward()
        optimizer.step()
        return RESULT
    return step

def jax_step(arrays):
    import jax
    import jax.numpy as jnp
    import optax
    optimizer = optax.adam(0.01)
    def loss_of(params, arrays):
        logits = jax.nn.relu(arrays["x"] @ params["w"]) @ params["v"]
        rows = optax.softmax_cross_entropy_with_integer_labels(logits, arrays["y"])
        return rows.mean(), logits
    def step(state, arrays):
        params, slopes = state
        (loss, logits), grads = jax.value_and_grad(loss_of, has_aux=True)(params, arrays)
        updates, slopes = optimizer.update(grads, slopes)
        return (optax.apply_updates(params, updates), slopes), RESULT
    params = {name: arrays[name] for name in "wv"}
    return step, (params, optimizer.init(params))
"""

CONVOLUTION = """
import numpy as np

def inputs(rng):
    def normal(*shape):
        return rng.standard_normal(shape).astype(np.float32)
    return {"x": normal(8, 3, 8, 8), "y": normal(8, 4), "k": 0.3 * normal(4, 3, 3, 3)}

def torch_step(arrays):
    import torch
    k = torch.nn.Parameter(arrays["k"].clone())
    optimizer = torch.optim.SGD([k], lr=0.05, momentum=0.9)
    held = [torch.zeros(())]
    def step():
        optimizer.zero_grad(set_to_none=True)
        out = torch.nn.functional.conv2d(arrays["x"], k, padding=1).mean((2, 3))
        loss = ((out - arrays["y"]) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss, out
    return step

def jax_step(arrays):
    import jax
    import jax.numpy as jnp
    def loss_of(k, arrays):
        out = jax.lax.conv(arrays["x"], k, (1, 1), "SAME").mean((2, 3))
        return ((out - arrays["y"]) ** 2).mean(), out
    def step(state, arrays):
        k, m = state["k"], state["m"]
        (loss, out), slope = jax.value_and_grad(loss_of, has_aux=True)(k, arrays)
        m = 0.9 * m + slope
        return {"k": k - 0.05 * m, "m": m}, (loss, out)
    return step, {"k": arrays["k"], "m": jnp.zeros_like(arrays["k"])}
"""

BASES = {
    "regression": REGRESSION,
    "loss": NETWORK.replace("RESULT", "loss"),
    "logits": NETWORK.replace("RESULT", '{"loss": loss, "logits": logits}'),
    "convolution": CONVOLUTION,
}


@dataclass(frozen=True)
class Fault:
    """One mistake: its kind, the base, what is replaced, and the words that may name it."""

    kind: str
    base: str
    old: str
    new: str
    cases: frozenset[str]

    @property
    def text(self) -> str:
        """The file with the mistake."""
        text = BASES[self.base]
        assert text.count(self.old) == 1, (self.kind, self.base, text.count(self.old))
        return text.replace(self.old, self.new)


_RIGHT = {
    "unrelated": {"too-far"},
    "negated": {"negated"},
    "no backward": {"stays"},
    "no optimizer": {"stays"},
    "detached": {"stays"},
    "wrong sign": {"opposite"},
    "bfloat16": {"products", "dtype"},
    "stale": {"late"},
    "learning rate": {"later-steps"},
    "random": {"out", "after"},
}
"""By kind the cases of a difference that say what is wrong."""

_REGRESSION = {
    "unrelated": ('first = arrays["w"]', 'first = arrays["w"] + 0.7'),
    "negated": ("return (w, loss), loss", "return (w, loss), -loss"),
    "no backward": ("w = w - 0.05 * slope", "w = w - 0.05 * jnp.zeros_like(w)"),
    "no optimizer": ("        w = w - 0.05 * slope\n", ""),
    "detached": ('out = arrays["x"] @ w\n', 'out = jax.lax.stop_gradient(arrays["x"] @ w)\n'),
    "wrong sign": ("w - 0.05 * slope", "w + 0.05 * slope"),
    "bfloat16": (
        'out = arrays["x"] @ w',
        'out = (arrays["x"].astype("bfloat16") @ w.astype("bfloat16")).astype("float32")',
    ),
    "stale": ("return (w, loss), loss", "return (w, loss), before"),
    "learning rate": ("w - 0.05 * slope", "w - 0.06 * slope"),
    "random": ('first = arrays["w"]', 'first = arrays["w"] + np.float32(np.random.rand())'),
}  # fmt: skip

_TORCH = {
    "no backward": ("        loss.backward()\n", ""),
    "no optimizer": ("        optimizer.step()\n", ""),
    "wrong sign": ("loss.backward()", "(-loss).backward()"),
}

_NETWORK = {
    **_TORCH,
    "unrelated": ("torch.nn.Parameter(arrays[name].clone())",
                  "torch.nn.Parameter(torch.flip(arrays[name], (0,)))"),
    "detached": ('torch.relu(arrays["x"] @ w) @ v\n',
                 'torch.relu(arrays["x"] @ w.detach()) @ v.detach() + 0 * (w.sum() + v.sum())\n'),
    "bfloat16": ('torch.relu(arrays["x"] @ w) @ v\n',
                 '(torch.relu(arrays["x"].bfloat16() @ w.bfloat16()) @ v.bfloat16()).float()\n'),
    "learning rate": ("[w, v], lr=0.01", "[w, v], lr=0.012"),
    "random": ("torch.nn.Parameter(arrays[name].clone())",
               "torch.nn.Parameter(arrays[name] + 0.1 * torch.rand_like(arrays[name]))"),
}  # fmt: skip

# How a base's PyTorch side ends, which is where the JAX side begins.
_END = "\n    return step\n\ndef jax"
_STEPPED = "optimizer.step()\n        "
_KEPT = "held.append(loss.detach())\n        return "
_DICT = '{"loss": loss, "logits": logits}'

_BY_BASE: dict[str, dict[str, tuple[str, str]]] = {
    "regression": _REGRESSION,
    "loss": {
        **_NETWORK,
        "negated": (f"{_STEPPED}return loss", f"{_STEPPED}return -loss"),
        "stale": (f"{_STEPPED}return loss", f"{_STEPPED}{_KEPT}held[-2]"),
    },
    "logits": {
        **_NETWORK,
        "negated": (f"{_STEPPED}return {_DICT}",
                    f"{_STEPPED}return {_DICT.replace(': logits', ': -logits')}"),
        "stale": (f"{_STEPPED}return {_DICT}",
                  f"{_STEPPED}{_KEPT}{_DICT.replace(': loss', ': held[-2]')}"),
    },
    "convolution": {
        **_TORCH,
        "unrelated": ('Parameter(arrays["k"].clone())', 'Parameter(arrays["k"].flip(0))'),
        "negated": (f"return loss, out{_END}", f"return loss, -out{_END}"),
        "detached": ('arrays["x"], k, padding=1)', 'arrays["x"], k.detach() + 0 * k, padding=1)'),
        "bfloat16": ('conv2d(arrays["x"], k, padding=1)',
                     'conv2d(arrays["x"].bfloat16(), k.bfloat16(), padding=1).float()'),
        "stale": (f"return loss, out{_END}", f"{_KEPT}held[-2], out{_END}"),
        "learning rate": ("lr=0.05, momentum", "lr=0.06, momentum"),
        "random": ('Parameter(arrays["k"].clone())',
                   'Parameter(arrays["k"] + 0.1 * torch.rand(4, 3, 3, 3))'),
    },
}  # fmt: skip

FAULTS = [
    Fault(kind, base, old, new, frozenset(_RIGHT[kind]))
    for base, planted in _BY_BASE.items()
    for kind, (old, new) in sorted(planted.items())
]


def parity_of_file(path: Path, workers: Mapping[str, RealWorker], folder: Path) -> Parity:
    """What the driver says of the file at *path* after real workers have built it."""
    workload = user_workload.load(str(path))
    (size,) = list(workload.sizes.values())[:1]
    inputs = folder / f"{path.stem}-inputs.npz"
    catalogue.write_inputs(workload, size, 0, str(inputs))
    observations: dict[str, Any] = {}
    for framework, mode in MODES.items():
        seen = folder / f"{path.stem}-{framework}.npz"
        request = {
            "key": "it", "mode": mode, "workload": workload.id, "source": str(path),
            "size": dict(size), "inputs": str(inputs), "observe": str(seen),
        }  # fmt: skip
        workers[framework].ask("build", **request)
        workers[framework].ask("drop", key="it")
        observations[mode] = read_observation(seen)
    return own_parity_of(observations, {"curve": workload.tolerance.curve}, None)
