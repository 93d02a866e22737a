"""Per-sample gradients in PyTorch: ``torch.func.vmap`` over ``torch.func.grad_and_value``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, Size, TorchParts
from probes.workloads.per_sample_gradient.inputs import CLIP, LEARNING_RATE, PARAMETERS

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def build(arrays: Arrays, size: Size, runtime: TorchRuntime) -> TorchParts:
    """Parts over the dictionary ``{w1, b1, w2, b2}``."""
    import torch
    import torch.nn.functional as F
    from torch.func import grad_and_value, vmap

    del size
    first = {name: runtime.tensor(arrays[name]) for name in PARAMETERS}
    x, y = runtime.tensor(arrays["x"]), runtime.tensor(arrays["y"])
    current = first

    def logits(p: Any, x: Any) -> Any:
        return F.relu(x @ p["w1"] + p["b1"]) @ p["w2"] + p["b2"]

    def loss(p: Any, x: Any, y: Any) -> Any:
        return F.cross_entropy(logits(p, x), y)

    def clipped_mean(p: Any, x: Any, y: Any) -> tuple[Any, Any]:
        gradients, losses = vmap(grad_and_value(loss), in_dims=(None, 0, 0))(p, x, y)
        norms = torch.sqrt(sum(g.flatten(1).square().sum(1) for g in gradients.values()))
        scale = torch.clamp(CLIP / norms, max=1.0) / x.shape[0]
        mean = {k: torch.tensordot(scale, g, dims=1) for k, g in gradients.items()}
        return mean, losses.mean()

    def train(p: Any, x: Any, y: Any) -> tuple[Any, Any]:
        gradients, value = clipped_mean(p, x, y)
        return {k: p[k] - LEARNING_RATE * gradients[k] for k in p}, value

    def make_step(wrap: Callable[..., Any]) -> Callable[[], Any]:
        advance = wrap(train)

        def step() -> Any:
            nonlocal current
            current, value = advance(current, x, y)
            return value

        return step

    return TorchParts(
        make_step=make_step,
        forward=lambda: logits(first, x),
        gradients=lambda: clipped_mean(first, x, y)[0],
        parameters=lambda: current,
        variant="torch.func.vmap(grad_and_value), plain gradient descent",
    )
