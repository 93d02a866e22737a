"""Inference of your own for `fw-advisor probe --workload THIS_FILE.py`.

Nothing is trained: what the step returns is compared element by element, then it is timed.
`fw-advisor probe --workload-template train` says what else a file may hold.
"""

import numpy as np

TITLE = "Inference of a small network"
SAMPLES_PER_STEP = 32


def inputs(rng):
    """Every array that the work starts from, weights included: a dict of NumPy arrays."""
    return {
        "x": rng.standard_normal((32, 128)).astype(np.float32),
        "hidden": (0.1 * rng.standard_normal((128, 256))).astype(np.float32),
        "output": (0.1 * rng.standard_normal((256, 10))).astype(np.float32),
    }


def torch_step(arrays):
    """Return a step without arguments that returns what is compared."""
    import torch

    # Without inference_mode (or no_grad) PyTorch also prepares gradients that nobody asks for.
    @torch.inference_mode()
    def step():
        logits = torch.relu(arrays["x"] @ arrays["hidden"]) @ arrays["output"]
        return {"logits": logits, "chances": torch.softmax(logits, -1)}

    return step


def jax_step(arrays):
    """Return `(step, state)`; there is no state, so that an empty tuple goes through."""
    import jax

    def step(state, arrays):
        logits = jax.nn.relu(arrays["x"] @ arrays["hidden"]) @ arrays["output"]
        return state, {"logits": logits, "chances": jax.nn.softmax(logits, -1)}

    return step, ()
