"""Steps that compute the same in both frameworks, each written in a way that users do."""

from __future__ import annotations

from tests.probes.own_steps import NETWORK, REGRESSION

HINGE = """
import numpy as np

def inputs(rng):
    x = rng.standard_normal((32, 4)).astype(np.float32)
    y = np.sign(x @ np.array([[1.0], [-2.0], [0.5], [1.0]])).astype(np.float32)
    return {"x": x + 0.5 * y * np.array([1, -2, 0.5, 1], np.float32), "y": y,
            "w": np.zeros((4, 1), np.float32)}

def torch_step(arrays):
    import torch
    w = arrays["w"].clone().requires_grad_()
    def step():
        loss = torch.relu(1 - arrays["y"] * (arrays["x"] @ w)).mean()
        (slope,) = torch.autograd.grad(loss, w)
        with torch.no_grad():
            w.sub_(slope)
        return loss.detach()
    return step

def jax_step(arrays):
    import jax
    def loss_of(w, arrays):
        return jax.nn.relu(1 - arrays["y"] * (arrays["x"] @ w)).mean()
    def step(w, arrays):
        loss, slope = jax.value_and_grad(loss_of)(w, arrays)
        return w - slope, loss
    return step, arrays["w"]
"""

INFERENCE = """
import numpy as np

TITLE = "Inference that returns a large array"

def inputs(rng):
    return {"x": rng.standard_normal((96, 32)).astype(np.float32),
            "w": rng.standard_normal((32, 96)).astype(np.float32)}

def torch_step(arrays):
    import torch
    @torch.inference_mode()
    def step():
        return torch.softmax(arrays["x"] @ arrays["w"], -1)
    return step

def jax_step(arrays):
    import jax
    def step(state, arrays):
        return state, jax.nn.softmax(arrays["x"] @ arrays["w"], -1)
    return step, ()
"""

RECORDS = """
from __future__ import annotations
from dataclasses import dataclass
from typing import Any, NamedTuple
import numpy as np
from helper import SCALE
from . import helper

@dataclass
class Sizes:
    rows: int = 16
    width: int = 6

class Result(NamedTuple):
    loss: Any
    hits: Any

SIZE = Sizes()

def inputs(rng):
    return {"x": rng.standard_normal((SIZE.rows, SIZE.width)).astype(np.float32),
            "y": rng.integers(0, SIZE.width, SIZE.rows).astype(np.int64)}

def torch_step(arrays):
    import torch
    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.eye(SIZE.width) * SCALE)
        def forward(self, x):
            return x @ self.weight
    net = Net()
    optimizer = torch.optim.SGD(net.parameters(), lr=helper.SCALE)
    def step() -> Result:
        optimizer.zero_grad()
        out = net(arrays["x"])
        loss = torch.nn.functional.cross_entropy(out, arrays["y"])
        loss.backward()
        optimizer.step()
        return Result(loss, out.argmax(-1))
    return step

def jax_step(arrays):
    import jax
    import jax.numpy as jnp
    def loss_of(params, arrays):
        out = arrays["x"] @ params["weight"]
        rows = jax.nn.log_softmax(out)[jnp.arange(SIZE.rows), arrays["y"]]
        return -rows.mean(), out
    def step(params, arrays):
        (loss, out), slope = jax.value_and_grad(loss_of, has_aux=True)(params, arrays)
        params = jax.tree.map(lambda p, g: p - SCALE * g, params, slope)
        return params, Result(loss, out.argmax(-1))
    return step, {"weight": jnp.eye(SIZE.width) * SCALE}
"""

DOUBLE = """
import numpy as np

PRECISION = "float64"
TOLERANCE = 1e-9

def inputs(rng):
    a = rng.standard_normal((12, 12))
    return {"a": a @ a.T + 12 * np.eye(12), "b": rng.standard_normal((12, 1)), "s": np.ones(())}

def torch_step(arrays):
    import torch
    s = arrays["s"].clone().requires_grad_()
    def step():
        c = torch.linalg.cholesky(arrays["a"] * s)
        z = torch.linalg.solve_triangular(c, arrays["b"], upper=False)
        loss = (z ** 2).sum() + 2 * torch.log(torch.diagonal(c)).sum()
        (slope,) = torch.autograd.grad(loss, s)
        with torch.no_grad():
            s.sub_(0.001 * slope)
        return loss.detach()
    return step

def jax_step(arrays):
    import jax
    import jax.numpy as jnp
    def loss_of(s, arrays):
        c = jnp.linalg.cholesky(arrays["a"] * s)
        z = jax.scipy.linalg.solve_triangular(c, arrays["b"], lower=True)
        return (z ** 2).sum() + 2 * jnp.log(jnp.diagonal(c)).sum()
    def step(s, arrays):
        loss, slope = jax.value_and_grad(loss_of)(s, arrays)
        return s - 0.001 * slope, loss
    return step, arrays["s"]
"""

SPECTRUM = """
import numpy as np

def inputs(rng):
    return {"x": rng.standard_normal((8, 64)).astype(np.float32)}

def torch_step(arrays):
    import torch
    def step():
        return {"spectrum": torch.fft.rfft(arrays["x"])}
    return step

def jax_step(arrays):
    import jax.numpy as jnp
    def step(state, arrays):
        return state, {"spectrum": jnp.fft.rfft(arrays["x"])}
    return step, None
"""

DROPOUT = """
import numpy as np

RANDOM = "rate"
RATE = 0.2

def inputs(rng):
    return {"x": rng.standard_normal((64, 8)).astype(np.float32),
            "y": rng.standard_normal((64, 1)).astype(np.float32),
            "w": 0.1 * rng.standard_normal((8, 1)).astype(np.float32)}

def torch_step(arrays, rate):
    import torch
    w = torch.nn.Parameter(arrays["w"].clone())
    optimizer = torch.optim.SGD([w], lr=0.1)
    def step():
        optimizer.zero_grad()
        x = torch.nn.functional.dropout(arrays["x"], rate)
        loss = ((x @ w - arrays["y"]) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss
    return step

def jax_step(arrays, rate):
    import jax
    import jax.numpy as jnp
    def loss_of(w, key, arrays):
        keep = jax.random.bernoulli(key, 1 - rate, arrays["x"].shape)
        x = jnp.where(keep, arrays["x"] / (1 - rate), 0)
        return ((x @ w - arrays["y"]) ** 2).mean()
    def step(state, arrays):
        w, seed = state
        loss, slope = jax.value_and_grad(loss_of)(w, jax.random.key(seed), arrays)
        return (w - 0.1 * slope, seed + 1), loss
    return step, (arrays["w"], jnp.uint32(0))
"""

NOISE = """
import numpy as np

RANDOM = "statistical"
TOLERANCE = 0.05

def inputs(rng):
    return {"x": rng.standard_normal((2048, 4)).astype(np.float32),
            "w": 3.0 * np.ones((4, 1), np.float32)}

def torch_step(arrays, seed):
    import torch
    draws = torch.Generator().manual_seed(seed)
    w = torch.nn.Parameter(arrays["w"].clone())
    optimizer = torch.optim.SGD([w], lr=0.05)
    def step():
        optimizer.zero_grad()
        noise = torch.randn(2048, 1, generator=draws)
        loss = ((arrays["x"] @ w + noise) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss
    return step

def jax_step(arrays, seed):
    import jax
    def loss_of(w, key, arrays):
        return ((arrays["x"] @ w + jax.random.normal(key, (2048, 1))) ** 2).mean()
    def step(state, arrays):
        w, key = state
        key, now = jax.random.split(key)
        loss, slope = jax.value_and_grad(loss_of)(w, now, arrays)
        return (w - 0.05 * slope, key), loss
    return step, (arrays["w"], jax.random.key(seed))
"""

SIZED = 'SIZES = [{"rows": 16}, {"rows": 64}]\n' + REGRESSION.replace(
    "(rng)", "(rng, rows)"
).replace("standard_normal((64, 8))", "standard_normal((rows, 8))")
BELOW = """
if __name__ == "__main__":
    import argparse
    argparse.ArgumentParser().parse_args()
"""

# A bias of the keys adds the same to every score of a query, so that its gradient is zero but for
# rounding, and Adam makes steps of it: each side goes another way, and nothing depends on it.
ATTENTION = """
import numpy as np

NAMES = ("query", "key", "value", "query_bias", "key_bias", "value_bias", "head")

def inputs(rng):
    shapes = ((16, 16),) * 3 + ((16,),) * 3 + ((16, 1),)
    drawn = {n: (0.4 * rng.standard_normal(s)).astype(np.float32) for n, s in zip(NAMES, shapes)}
    drawn["key_bias"] *= 0
    x = rng.standard_normal((16, 8, 16)).astype(np.float32)
    return {**drawn, "x": x, "y": np.tanh(x[:, :, :1] * x[:, :1, 1:2]).astype(np.float32)}

def torch_step(arrays):
    import torch
    class Attention(torch.nn.Module):
        def __init__(self):
            super().__init__()
            for name in NAMES:
                setattr(self, name, torch.nn.Parameter(arrays[name].clone()))
        def forward(self, x):
            q, k = x @ self.query + self.query_bias, x @ self.key + self.key_bias
            shares = torch.softmax(q @ k.transpose(1, 2) / 4, -1)
            return shares @ (x @ self.value + self.value_bias) @ self.head
    model = Attention()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    def step():
        loss = ((model(arrays["x"]) - arrays["y"]) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.detach()
    return step

def jax_step(arrays):
    import jax, optax
    optimizer = optax.adam(1e-3)
    def loss_of(p, x, y):
        q, k = x @ p["query"] + p["query_bias"], x @ p["key"] + p["key_bias"]
        shares = jax.nn.softmax(q @ k.transpose(0, 2, 1) / 4, -1)
        return ((shares @ (x @ p["value"] + p["value_bias"]) @ p["head"] - y) ** 2).mean()
    def step(state, arrays):
        p, moments = state
        loss, slopes = jax.value_and_grad(loss_of)(p, arrays["x"], arrays["y"])
        updates, moments = optimizer.update(slopes, moments)
        return (optax.apply_updates(p, updates), moments), loss
    parameters = {name: arrays[name] for name in NAMES}
    return step, (parameters, optimizer.init(parameters))
"""

HONEST = {
    "a bias of attention's keys": ATTENTION,
    "hinge that reaches zero": HINGE,
    "inference": INFERENCE,
    "records and helpers": RECORDS,
    "float64": DOUBLE,
    "complex": SPECTRUM,
    "dropout": DROPOUT,
    "noise": NOISE,
    "sizes": SIZED,
    "byte order mark": "\ufeff" + NETWORK.replace("RESULT", "(loss, logits)"),
    "command line below": NETWORK.replace("RESULT", "loss") + BELOW,
}
"""By what is special in them; of `own_steps.BASES` the plain ones come on top."""
