"""A training step recorded by hand as one CUDA graph: forward, backward and optimizer.

Knows how a step is recorded and how what it has changed is put back; knows no model. What is
replayed asks nothing of Python, which a small step on an accelerator mostly waits for. The order
is that of https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs (read 2026-11).
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

# Library handles, workspaces, compiled code and the optimizer's state come into being in the first
# steps, which cannot be recorded; PyTorch's notes take three.
_WARMING_STEPS = 3


def recorded_step(
    step: Callable[..., Any],
    batches: Sequence[tuple[Any, ...]],
    tensors: Iterable[Any],
    optimizers: Sequence[Any],
) -> Callable[[], Any]:
    """*step* over one of *batches* after the other, recorded in the first call and replayed then.

    Args:
        step: takes the tensors of a batch, returns the loss; ends gradients at its beginning.
        batches: tensors on a CUDA device, of the same shapes in every batch.
        tensors: parameters and buffers: all that a step changes beside its optimizers' states.
        optimizers: those of `torch.optim` that *step* advances.

    Returns:
        What takes one step and returns its loss, in memory that the next call writes to.
    """
    import torch

    state = list(tensors)
    turn = itertools.cycle(batches)
    recorded: list[tuple[tuple[Any, ...], Any, Any]] = []

    def call() -> Any:
        if not recorded:
            # Streams and the recording are those of the current device, which need not be this one.
            with torch.cuda.device(batches[0][0].device):
                recorded.append(_record(step, batches[0], state, optimizers))
        inputs, graph, loss = recorded[0]
        for held, tensor in zip(inputs, next(turn), strict=True):
            held.copy_(tensor)
        graph.replay()
        return loss

    return call


def _record(
    step: Callable[..., Any],
    batch: tuple[Any, ...],
    state: Sequence[Any],
    optimizers: Sequence[Any],
) -> tuple[tuple[Any, ...], Any, Any]:
    """The tensors that are read, the graph, and the loss that it writes; nothing has advanced."""
    import torch

    inputs = tuple(tensor.clone() for tensor in batch)
    for group in (group for one in optimizers for group in one.param_groups):
        # Without it a step counts on the host, once, while it is recorded.
        group.update({"capturable": True} if "capturable" in group else {})
    kept = [tensor.detach().clone() for tensor in state]
    before = {id(t): t.clone() for t in _states(optimizers)}
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(_WARMING_STEPS):
            step(*inputs)
    torch.cuda.current_stream().wait_stream(stream)
    with torch.no_grad():
        for tensor, old in zip(state, kept, strict=True):
            tensor.copy_(old)
        for tensor in _states(optimizers):
            # Moments and counts begin at zero where a first step makes them.
            tensor.copy_(before[id(tensor)]) if id(tensor) in before else tensor.zero_()
    graph = torch.cuda.CUDAGraph()
    with warnings.catch_warnings():
        # An empty one would be replayed in no time.
        warnings.filterwarnings("error", message=".*CUDA Graph is empty.*")
        with torch.cuda.graph(graph):
            loss = step(*inputs)
    return inputs, graph, loss


def _states(optimizers: Sequence[Any]) -> list[Any]:
    """The tensors of the optimizers' states."""
    import torch

    return [
        value
        for one in optimizers
        for values in one.state.values()
        for value in values.values()
        if isinstance(value, torch.Tensor)
    ]
