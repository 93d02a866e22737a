"""A training step of your own for `fw-advisor probe --workload THIS_FILE.py`.

Offer `inputs`, and `torch_step`, `jax_step` or both. With both, the two are compared first: what
each step returns, element by element over twenty steps, and the state behind it where both name
it alike; then they are timed. With one you get times and no ratio. Import the frameworks inside
the functions: each runs in a process of its own. Helpers may stand in files beside this one.
"""

import numpy as np

TITLE = "Training step of a small network"
# Optional. TOLERANCE: largest relative difference of results and state (default 1e-3).
# FLOPS: floating-point operations of one step; SAMPLES_PER_STEP: how many samples it works through.
# PRECISION = "float64": both frameworks compute in 64 bits.
# RANDOM: how random numbers inside the step are treated. "inputs" (default): there are none, they
# come from inputs(). "rate": the functions take a second parameter `rate`; compared at rate 0,
# timed at RATE. "statistical": they take a `seed`; means over several runs are compared.
TOLERANCE = 1e-3
FLOPS = 6.0 * 256 * (64 * 32 + 32)
SAMPLES_PER_STEP = 256


def inputs(rng):
    """Every array that the work starts from, parameters included: a dict of NumPy arrays.

    Same seed, same arrays, for both frameworks. Use float32 (and int64 for indices).
    """
    return {
        "x": rng.standard_normal((256, 64)).astype(np.float32),
        "y": rng.standard_normal((256, 1)).astype(np.float32),
        "hidden": (0.1 * rng.standard_normal((64, 32))).astype(np.float32),
        "output": (0.1 * rng.standard_normal((32, 1))).astype(np.float32),
    }


def torch_step(arrays):
    """Return a step without arguments that advances its state and returns what is compared.

    `arrays` holds the inputs as tensors on the measured device. A step may return a tensor (the
    loss), or tuples and dicts of them. It is timed as it is, and once more under `torch.compile`.
    """
    import torch

    params = {name: torch.nn.Parameter(arrays[name].clone()) for name in ("hidden", "output")}
    optimizer = torch.optim.SGD(params.values(), lr=0.05)

    def step():
        optimizer.zero_grad(set_to_none=True)
        predicted = torch.tanh(arrays["x"] @ params["hidden"]) @ params["output"]
        loss = ((predicted - arrays["y"]) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss

    return step


def jax_step(arrays):
    """Return `(step, state)`: a pure `step(state, arrays) -> (state, output)` and its first state.

    The step is timed under `jax.jit`, the state donated. Read the arrays from the argument: what a
    jitted function closes over becomes a constant of the program, and that is another program.
    """
    import jax
    import jax.numpy as jnp

    def loss_of(params, arrays):
        predicted = jnp.tanh(arrays["x"] @ params["hidden"]) @ params["output"]
        return ((predicted - arrays["y"]) ** 2).mean()

    def step(params, arrays):
        loss, slopes = jax.value_and_grad(loss_of)(params, arrays)
        return jax.tree.map(lambda p, g: p - 0.05 * g, params, slopes), loss

    return step, {name: arrays[name] for name in ("hidden", "output")}
