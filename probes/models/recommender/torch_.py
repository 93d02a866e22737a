# mypy: disallow-subclassing-any=False
"""The click predictor in PyTorch: one table for all, its gradients sparse or dense."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.model import Size
from probes.models.recommender.inputs import LEARNING_RATE, layers
from probes.models.torch_step import Wrap, adopt, batches_of, train_parts
from probes.workload import Arrays, TorchParts

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def make_model(size: Size, *, sparse: bool) -> Any:
    """The model: numbers (batch, 13) and rows (batch, tables) to logits (batch,)."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    def linears(part: str) -> Any:
        return nn.ModuleList(nn.Linear(n_in, n_out) for _, n_in, n_out in layers(part, size))

    def through(network: Any, x: Any) -> Any:
        *hidden, last = network
        for layer in hidden:
            x = F.relu(layer(x))
        return last(x)

    class Recommender(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            rows = size["tables"] * size["rows"]
            self.table = nn.Embedding(rows, size["width"], sparse=sparse)
            self.bottom, self.top = linears("bottom"), linears("top")
            pairs = torch.tril_indices(size["tables"] + 1, size["tables"] + 1, offset=-1)
            self.register_buffer("pairs", pairs, persistent=False)

        def mixed(self, numbers: Any, embedded: Any) -> Any:
            """Logits of numbers and the embeddings (batch, tables, width)."""
            first = through(self.bottom, numbers)
            vectors = torch.cat((first[:, None], embedded), dim=1)
            products = torch.bmm(vectors, vectors.transpose(1, 2))
            products = products[:, self.pairs[0], self.pairs[1]]
            return through(self.top, torch.cat((first, products), dim=1))[:, 0]

        def forward(self, numbers: Any, rows: Any) -> Any:
            return self.mixed(numbers, self.table(rows))

    return Recommender()


def build(arrays: Arrays, size: Size, runtime: TorchRuntime, variant: str) -> TorchParts:
    """Parts of the training step over the batches of numbers, rows and clicks."""
    import torch.nn.functional as F

    sparse = variant in {"eager", "compile"}
    model = adopt(make_model(size, sparse=sparse), arrays, runtime)

    def loss_after(numbers: Any, embedded: Any, clicks: Any) -> Any:
        return F.binary_cross_entropy_with_logits(model.mixed(numbers, embedded), clicks)

    def loss(numbers: Any, rows: Any, clicks: Any) -> Any:
        return loss_after(numbers, model.table(rows), clicks)

    def after_compiled(wrap: Wrap) -> Any:
        compiled = wrap(loss_after)
        return lambda numbers, rows, clicks: compiled(numbers, model.table(rows), clicks)

    options = {"lr": LEARNING_RATE}
    dense = [p for name, p in model.named_parameters() if not sparse or name != "table.weight"]
    return train_parts(
        runtime,
        model,
        variant,
        batches=batches_of(arrays, runtime, ("numbers", "rows", "clicks")),
        loss=loss,
        forward=lambda numbers, rows, _clicks: model(numbers, rows),
        optimizer=("SGD", dense, options),
        sparse=("SGD", [model.table.weight], options) if sparse else None,
        compiled=after_compiled if sparse else None,
        how=f"{'sparse' if sparse else 'dense'} gradients of the table",
    )
