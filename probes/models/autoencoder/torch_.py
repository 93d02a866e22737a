# mypy: disallow-subclassing-any=False
"""The variational autoencoder in PyTorch: two lists of linear layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.model import Size
from probes.models.autoencoder.inputs import LEARNING_RATE, stack
from probes.models.torch_step import adopt, batches_of, train_parts
from probes.workload import Arrays, TorchParts

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def make_model(size: Size) -> Any:
    """The model: (batch, inputs) and noise to logits of the inputs, means and log variances."""
    import torch.nn.functional as F
    from torch import nn

    def linears(part: str) -> Any:
        return nn.ModuleList(nn.Linear(n_in, n_out) for _, n_in, n_out in stack(part, size))

    def through(layers: Any, x: Any) -> Any:
        *hidden, last = layers
        for layer in hidden:
            x = F.relu(layer(x))
        return last(x)

    class Autoencoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder, self.decoder = linears("encoder"), linears("decoder")

        def forward(self, x: Any, noise: Any) -> tuple[Any, Any, Any]:
            mean, log_variance = through(self.encoder, x).chunk(2, dim=-1)
            latent = mean + (0.5 * log_variance).exp() * noise
            return through(self.decoder, latent), mean, log_variance

    return Autoencoder()


def build(arrays: Arrays, size: Size, runtime: TorchRuntime, variant: str) -> TorchParts:
    """Parts of the training step over the batches of ``x`` and ``noise``."""
    import torch.nn.functional as F

    model = adopt(make_model(size), arrays, runtime)

    def loss(x: Any, noise: Any) -> Any:
        logits, mean, log_variance = model(x, noise)
        likelihood = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        divergence = -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum()
        return (likelihood + divergence) / x.shape[0]

    return train_parts(
        runtime,
        model,
        variant,
        batches=batches_of(arrays, runtime, ("x", "noise")),
        loss=loss,
        forward=lambda x, noise: model(x, noise)[0],
        optimizer=("Adam", model.parameters(), {"lr": LEARNING_RATE}),
    )
