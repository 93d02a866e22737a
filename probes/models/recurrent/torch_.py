# mypy: disallow-subclassing-any=False
"""The recurrent model in PyTorch: the library's layers, or a cell in a Python loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.model import Size
from probes.models.recurrent.inputs import CLIP, EPSILON, GATES, LEARNING_RATE
from probes.models.torch_step import Wrap, adopt, batches_of, train_parts
from probes.workload import Arrays, TorchParts

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def lstm_cell(projected: Any, state: Any, recurrent: Any, bias: Any) -> Any:
    """One step of an LSTM over (hidden, memory); *projected* is the input's part of the gates."""
    import torch
    import torch.nn.functional as F

    hidden, memory = state
    i, f, g, o = (projected + F.linear(hidden, recurrent, bias)).chunk(4, dim=-1)
    memory = torch.sigmoid(f) * memory + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(memory), memory


def gru_cell(projected: Any, state: Any, recurrent: Any, bias: Any) -> Any:
    """One step of a GRU over (hidden,)."""
    import torch
    import torch.nn.functional as F

    (hidden,) = state
    reset, update, new = projected.chunk(3, dim=-1)
    own_reset, own_update, own_new = F.linear(hidden, recurrent, bias).chunk(3, dim=-1)
    new = torch.tanh(new + torch.sigmoid(reset + own_reset) * own_new)
    update = torch.sigmoid(update + own_update)
    return (new + update * (hidden - new),)


def own_cell(projected: Any, state: Any, recurrent: Any, scale: Any, shift: Any) -> Any:
    """One step of the normalised gated unit over (hidden,)."""
    import torch
    import torch.nn.functional as F

    (hidden,) = state
    gates = projected + F.linear(hidden, recurrent)
    gates = F.layer_norm(gates, gates.shape[-1:], scale, shift, eps=EPSILON)
    reset, new, update = gates.chunk(3, dim=-1)
    new = torch.tanh(torch.sigmoid(reset) * new)
    update = torch.sigmoid(update - 1)
    return (hidden + update * (new - hidden),)


CELLS: dict[str, Any] = {"lstm": lstm_cell, "gru": gru_cell, "own": own_cell}


def make_loop(size: Size) -> Any:
    """Stacked cells as a Python loop, with the parameters that the library's layers have.

    Its ``cell`` is what runs one step, and can be replaced by something compiled.
    """
    import torch
    import torch.nn.functional as F
    from torch import nn

    kind, width, gates = size["cell"], size["width"], GATES[size["cell"]] * size["width"]
    vectors = ("norm_weight", "norm_bias") if kind == "own" else ("bias_ih", "bias_hh")

    class Loop(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = CELLS[kind]
            for layer in range(size["layers"]):
                for name in ("weight_ih", "weight_hh"):
                    weight = nn.Parameter(torch.empty(gates, width))
                    self.register_parameter(f"{name}_l{layer}", weight)
                for name in vectors:
                    vector = nn.Parameter(torch.empty(gates))
                    self.register_parameter(f"{name}_l{layer}", vector)

        def layer(self, n: int, x: Any) -> Any:
            def own(name: str) -> Any:
                return getattr(self, f"{name}_l{n}")

            first, second = map(own, vectors)
            more = (first, second) if kind == "own" else (second,)
            projected = F.linear(x, own("weight_ih"), None if kind == "own" else first)
            state = (x.new_zeros(x.shape[1], width),) * (2 if kind == "lstm" else 1)
            outputs = []
            for step in projected.unbind(0):
                state = self.cell(step, state, own("weight_hh"), *more)
                outputs.append(state[0])
            return torch.stack(outputs)

        def forward(self, x: Any) -> tuple[Any, None]:
            for n in range(size["layers"]):
                x = self.layer(n, x)
            return x, None

    return Loop()


def make_model(size: Size, *, library: bool) -> Any:
    """The model: (length, batch) tokens to (length, batch, vocabulary) logits."""
    from torch import nn

    width = size["width"]

    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.token = nn.Embedding(size["vocabulary"], width)
            if library:
                layers = {"lstm": nn.LSTM, "gru": nn.GRU}[size["cell"]]
                self.cells = layers(width, width, size["layers"])
            else:
                self.cells = make_loop(size)
            self.head = nn.Linear(width, size["vocabulary"])

        def forward(self, tokens: Any) -> Any:
            outputs, _ = self.cells(self.token(tokens))
            return self.head(outputs)

    return Recurrent()


def build(arrays: Arrays, size: Size, runtime: TorchRuntime, variant: str) -> TorchParts:
    """Parts of the training step over the batches of ``tokens``."""
    import torch.nn.functional as F

    own = variant in {"eager_own", "compile_own", "compile_loop"} or size["cell"] == "own"
    model = adopt(make_model(size, library=not own), arrays, runtime)

    def loss(tokens: Any) -> Any:
        logits = model(tokens[:-1])
        return F.cross_entropy(logits.flatten(0, 1), tokens[1:].flatten())

    def cell_compiled(wrap: Wrap) -> Any:
        model.cells.cell = wrap(model.cells.cell)
        return loss

    by_cell = own and variant != "compile_loop"
    return train_parts(
        runtime,
        model,
        variant,
        batches=batches_of(arrays, runtime, ("tokens",)),
        loss=loss,
        forward=lambda tokens: model(tokens[:-1]),
        optimizer=("Adam", model.parameters(), {"lr": LEARNING_RATE}),
        clip=CLIP,
        compiled=cell_compiled if by_cell else None,
        how="a cell in a Python loop" if own else f"nn.{size['cell'].upper()}",
    )
