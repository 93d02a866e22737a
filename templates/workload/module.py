"""A module of the user's as a step: written by `fw-advisor probe --module`, not meant to be read.

FILE and NAME are put in. Training with AdamW where the module is in training mode, inference else.
"""

import numpy as np

FILE, NAME = "", ""
TITLE = f"Your module {NAME}"


def inputs(rng):
    """One number: the module brings its own inputs."""
    return {"draw": rng.standard_normal(1).astype(np.float32)}


def made(torch):
    """The module, its example inputs (a tuple) and its loss, as the user's function gives them."""
    import importlib.util
    import sys
    from pathlib import Path

    sys.path.insert(0, str(Path(FILE).parent))
    spec = importlib.util.spec_from_file_location(Path(FILE).stem, FILE)
    user = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = user
    spec.loader.exec_module(user)
    torch.manual_seed(0)
    module, given, *loss = getattr(user, NAME)()
    given = given if isinstance(given, tuple) else (given,)
    return module, given, loss[0] if loss else squares


def squares(output):
    """A loss for whoever gives none: the mean squares of all floating parts of the output."""
    if hasattr(output, "is_floating_point"):
        return output.float().square().mean() if output.is_floating_point() else 0.0
    parts = output.values() if isinstance(output, dict) else output
    return sum(squares(part) for part in parts if part is not None)


def torch_step(arrays):
    """A training step with AdamW, or a forward pass where the module is in evaluation mode."""
    import torch

    device = arrays["draw"].device
    module, given, loss_of = made(torch)
    module = module.to(device)
    given = tuple(x.to(device) if hasattr(x, "to") else x for x in given)
    if not module.training:

        @torch.inference_mode()
        def infer():
            return module(*given)

        return infer
    optimizer = torch.optim.AdamW(module.parameters(), lr=1e-4)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(module(*given))
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step
