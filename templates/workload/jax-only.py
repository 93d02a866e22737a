"""A step of your own in JAX alone, for `fw-advisor probe --workload THIS_FILE.py`.

Without a `torch_step` there is nothing to compare with: you get times and no ratio. Add one later
and the two are compared before they are timed; `--workload-template train` shows both.
"""

import numpy as np

TITLE = "Gradient descent on many small problems at once"


def inputs(rng):
    """Every array that the work starts from: a dict of NumPy arrays."""
    return {
        "a": rng.standard_normal((512, 8, 8)).astype(np.float32),
        "b": rng.standard_normal((512, 8)).astype(np.float32),
    }


def jax_step(arrays):
    """Return `(step, state)`: `step(state, arrays) -> (state, output)` and its first state."""
    import jax
    import jax.numpy as jnp

    def loss_of(x, a, b):
        return ((a @ x - b) ** 2).mean()

    def step(x, arrays):
        loss, slope = jax.vmap(jax.value_and_grad(loss_of))(x, arrays["a"], arrays["b"])
        return x - 0.05 * slope, loss.mean()

    return step, jnp.zeros((512, 8), jnp.float32)
