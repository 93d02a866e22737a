"""A step of your own at several sizes, for `fw-advisor probe --workload THIS_FILE.py`.

`inputs` is given each of SIZES by name; where the faster framework changes on the way, the size at
which both take the same time is told. `--workload-template train` says what else a file may hold.
"""

import numpy as np

TITLE = "Dense layer and its gradient, by batch"
SIZES = [{"batch": 8}, {"batch": 64}, {"batch": 512}]
WIDTH = 128


def FLOPS(batch):  # noqa: N802  (the name that is looked for)
    """Floating-point operations of one step: a product forward and one for the gradient."""
    return 4.0 * batch * WIDTH * WIDTH


def SAMPLES_PER_STEP(batch):  # noqa: N802  (the name that is looked for)
    """How many samples one step works through."""
    return batch


def inputs(rng, batch):
    """Every array that the work starts from at one size: a dict of NumPy arrays."""
    return {
        "x": rng.standard_normal((batch, WIDTH)).astype(np.float32),
        "y": rng.standard_normal((batch, WIDTH)).astype(np.float32),
        "weight": (0.1 * rng.standard_normal((WIDTH, WIDTH))).astype(np.float32),
    }


def torch_step(arrays):
    """Return a step without arguments that advances its state and returns the loss."""
    import torch

    weight = torch.nn.Parameter(arrays["weight"].clone())
    optimizer = torch.optim.SGD([weight], lr=0.1)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = ((torch.tanh(arrays["x"] @ weight) - arrays["y"]) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss

    return step


def jax_step(arrays):
    """Return `(step, state)`: `step(state, arrays) -> (state, output)` and its first state."""
    import jax
    import jax.numpy as jnp

    def loss_of(weight, arrays):
        return ((jnp.tanh(arrays["x"] @ weight) - arrays["y"]) ** 2).mean()

    def step(weight, arrays):
        loss, slope = jax.value_and_grad(loss_of)(weight, arrays)
        return weight - 0.1 * slope, loss

    return step, arrays["weight"]
