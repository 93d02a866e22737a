"""Your own step for `fw-advisor probe --workload THIS_FILE.py`.

Offer `inputs`, and `torch_step`, `jax_step` or both. With both, the two are compared like every
other probe: same inputs, same results over the first steps, then time. With one you get times
and no ratio. Import the frameworks inside the functions: each runs in a process of its own.
"""

import numpy as np

TITLE = "Linear regression step"
# Optional: largest relative difference of the results of the first 20 steps (default 1e-3), the
# floating-point operations of one step, and how many samples one step works through.
TOLERANCE = 1e-3
FLOPS = 4.0 * 256 * 64
SAMPLES_PER_STEP = 256


def inputs(rng):
    """Every array that the work starts from, parameters included: a dict of NumPy arrays.

    Same seed, same arrays, for both frameworks. Use float32 (and int64 for indices).
    """
    return {
        "x": rng.standard_normal((256, 64)).astype(np.float32),
        "y": rng.standard_normal((256, 1)).astype(np.float32),
        "w": np.zeros((64, 1), np.float32),
    }


def torch_step(arrays):
    """Return a step without arguments that advances its state and returns a tensor (the loss).

    `arrays` holds the inputs as tensors on the measured device. The step is timed as it is, and
    once more under `torch.compile`.
    """
    import torch

    w = torch.nn.Parameter(arrays["w"].clone())
    optimizer = torch.optim.SGD([w], lr=0.01)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = ((arrays["x"] @ w - arrays["y"]) ** 2).mean()
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

    def loss_of(w, arrays):
        return ((arrays["x"] @ w - arrays["y"]) ** 2).mean()

    def step(w, arrays):
        loss, gradient = jax.value_and_grad(loss_of)(w, arrays)
        return w - 0.01 * gradient, loss

    return step, arrays["w"]
