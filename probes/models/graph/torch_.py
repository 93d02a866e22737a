# mypy: disallow-subclassing-any=False
"""The graph network in PyTorch: gathered sources and ``index_add``, or a sparse product."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.model import Size
from probes.models.graph.inputs import LEARNING_RATE, SLOPE, WEIGHT_DECAY, layers
from probes.models.torch_step import adopt, train_parts
from probes.workload import Arrays, TorchParts

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def summed(messages: Any, targets: Any, nodes: int) -> Any:
    """Messages (edges, ...) added up by their target, (nodes, ...)."""
    return messages.new_zeros(nodes, *messages.shape[1:]).index_add(0, targets, messages)


def make_convolution(n_in: int, n_out: int) -> Any:
    """One layer of graph convolution: features (nodes, in) and the graph to (nodes, out)."""
    import torch
    from torch import nn

    class Convolution(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.empty(n_in, n_out))
            self.bias = nn.Parameter(torch.empty(n_out))

        def forward(self, x: Any, graph: Any) -> Any:
            sources, targets, scales, matrix = graph
            x = x @ self.weight
            if matrix is not None:
                return matrix @ x + self.bias
            return summed(x[sources] * scales[:, None], targets, x.shape[0]) + self.bias

    return Convolution()


def make_attention(n_in: int, n_out: int, heads: int) -> Any:
    """One layer of graph attention: features (nodes, in) and the graph to (nodes, out)."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.empty(n_in, n_out))
            self.bias = nn.Parameter(torch.empty(n_out))
            self.source = nn.Parameter(torch.empty(heads, n_out // heads))
            self.target = nn.Parameter(torch.empty(heads, n_out // heads))

        def forward(self, x: Any, graph: Any) -> Any:
            sources, targets, _, _ = graph
            nodes = x.shape[0]
            x = (x @ self.weight).unflatten(-1, (heads, -1))
            sent, taken = (x * self.source).sum(-1), (x * self.target).sum(-1)
            scores = F.leaky_relu(sent[sources] + taken[targets], SLOPE)
            # The largest score only keeps the exponentials small: no gradient is needed of it.
            index = targets[:, None].expand_as(scores)
            most = torch.full_like(taken, -torch.inf).scatter_reduce(
                0, index, scores.detach(), "amax"
            )
            weights = (scores - most[targets]).exp()
            weights = weights / summed(weights, targets, nodes)[targets]
            return summed(x[sources] * weights[..., None], targets, nodes).flatten(1) + self.bias

    return Attention()


def make_model(size: Size) -> Any:
    """The model: features (nodes, features) and the graph to (nodes, classes) logits."""
    import torch.nn.functional as F
    from torch import nn

    attention = size["message"] == "attention"

    def make_layer(n_in: int, n_out: int, heads: int) -> Any:
        return make_attention(n_in, n_out, heads) if attention else make_convolution(n_in, n_out)

    class Graph(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList(make_layer(*rest) for _, *rest in layers(size))

        def forward(self, x: Any, graph: Any) -> Any:
            *hidden, last = self.layers
            for layer in hidden:
                x = layer(x, graph)
                x = F.elu(x) if attention else F.relu(x)
            return last(x, graph)

    return Graph()


def build(arrays: Arrays, size: Size, runtime: TorchRuntime, variant: str) -> TorchParts:
    """Parts of the training step over the sets of labelled nodes."""
    import torch
    import torch.nn.functional as F

    model = adopt(make_model(size), arrays, runtime)
    names = ("x", "y", "sources", "targets", "scales")
    x, y, sources, targets, scales = (runtime.tensor(arrays[name]) for name in names)
    matrix, nodes = None, size["nodes"]
    if variant == "eager_sparse":
        rows = torch.bincount(targets, minlength=nodes).cumsum(0)
        rows = torch.cat((rows.new_zeros(1), rows))
        matrix = torch.sparse_csr_tensor(rows, sources, scales, (nodes, nodes))
    graph = (sources, targets, scales, matrix)

    def loss(labelled: Any) -> Any:
        return F.cross_entropy(model(x, graph)[labelled], y[labelled])

    options = {"lr": LEARNING_RATE, "weight_decay": WEIGHT_DECAY}
    return train_parts(
        runtime,
        model,
        variant,
        batches=[(runtime.tensor(labelled),) for labelled in arrays["labelled"]],
        loss=loss,
        forward=lambda _labelled: model(x, graph),
        optimizer=("Adam", model.parameters(), options),
        how="a sparse matrix" if matrix is not None else "gathered sources, index_add",
    )
