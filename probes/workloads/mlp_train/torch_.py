"""The MLP step in PyTorch: modules, the loss from logits, Adam, gradients set to None."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, Size, TorchParts
from probes.workloads.mlp_train.inputs import LEARNING_RATE, WIDTHS

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def build(arrays: Arrays, size: Size, runtime: TorchRuntime) -> TorchParts:
    """Parts of the training step; ``Linear.weight`` is (out, in), hence the transposes."""
    import torch
    from torch import nn

    n_in, n_hidden, n_out = WIDTHS
    model = nn.Sequential(nn.Linear(n_in, n_hidden), nn.ReLU(), nn.Linear(n_hidden, n_out))
    with torch.no_grad():
        model[0].weight.copy_(torch.from_numpy(arrays["w1"].T))
        model[0].bias.copy_(torch.from_numpy(arrays["b1"]))
        model[2].weight.copy_(torch.from_numpy(arrays["w2"].T))
        model[2].bias.copy_(torch.from_numpy(arrays["b2"]))
    model.to(runtime.device)
    x, y = runtime.tensor(arrays["x"]), runtime.tensor(arrays["y"])
    loop = bool(size.get("optimizer_loop"))
    optimizer, variant = runtime.adam(model.parameters(), LEARNING_RATE, loop=loop)
    loss_of = nn.CrossEntropyLoss()

    def train(x: Any, y: Any) -> Any:
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    def named(part: str) -> dict[str, Any]:
        values = {
            "w1": model[0].weight,
            "b1": model[0].bias,
            "w2": model[2].weight,
            "b2": model[2].bias,
        }
        chosen = {k: v.grad if part == "grad" else v for k, v in values.items()}
        return {k: v.T if v.ndim == 2 else v for k, v in chosen.items()}

    def gradients() -> dict[str, Any]:
        optimizer.zero_grad(set_to_none=True)
        loss_of(model(x), y).backward()
        return named("grad")

    return TorchParts(
        make_step=lambda wrap: runtime.bind(wrap(train), x, y),
        forward=lambda: model(x),
        gradients=gradients,
        parameters=lambda: named("value"),
        variant=variant,
    )
