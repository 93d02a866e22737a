"""The graph network in JAX: gathered sources and ``segment_sum`` over sorted targets."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from probes.model import Size
from probes.models.graph.inputs import DATA, LEARNING_RATE, SLOPE, WEIGHT_DECAY, layers
from probes.models.jax_step import parameters_of, train_parts
from probes.workload import Arrays, JaxParts

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def convolution(p: Any, name: str, x: Any, graph: Any, summed: Any) -> Any:
    """One layer of graph convolution, (nodes, in) to (nodes, out)."""
    sources, _, scales = graph
    x = x @ p[f"{name}.weight"]
    return summed(x[sources] * scales[:, None]) + p[f"{name}.bias"]


def attention(p: Any, name: str, x: Any, graph: Any, summed: Any) -> Any:
    """One layer of graph attention, (nodes, in) to (nodes, out)."""
    import jax
    import jax.numpy as jnp

    sources, targets, _ = graph
    nodes, heads = x.shape[0], p[f"{name}.source"].shape[0]
    x = (x @ p[f"{name}.weight"]).reshape(nodes, heads, -1)
    sent = (x * p[f"{name}.source"]).sum(-1)
    taken = (x * p[f"{name}.target"]).sum(-1)
    scores = jax.nn.leaky_relu(sent[sources] + taken[targets], SLOPE)
    # The largest score only keeps the exponentials small: no gradient is needed of it.
    most = jax.ops.segment_max(
        jax.lax.stop_gradient(scores), targets, nodes, indices_are_sorted=True
    )
    weights = jnp.exp(scores - most[targets])
    weights = weights / summed(weights)[targets]
    return summed(x[sources] * weights[..., None]).reshape(nodes, -1) + p[f"{name}.bias"]


def build(arrays: Arrays, size: Size, runtime: JaxRuntime, variant: str) -> JaxParts:
    """Parts of the training step over the sets of labelled nodes."""
    import jax
    import optax

    attends = size["message"] == "attention"
    layer, active = (attention, jax.nn.elu) if attends else (convolution, jax.nn.relu)
    names = [name for name, *_ in layers(size)]

    def logits(p: Any, batch: Any) -> Any:
        x, _, _, *graph = batch
        summed = partial(
            jax.ops.segment_sum,
            segment_ids=graph[1],
            num_segments=size["nodes"],
            indices_are_sorted=True,
        )
        for name in names[:-1]:
            x = active(layer(p, name, x, graph, summed))
        return layer(p, names[-1], x, graph, summed)

    def loss(p: Any, batch: Any) -> Any:
        _, y, labelled, *_ = batch
        scores = logits(p, batch)[labelled]
        return optax.softmax_cross_entropy_with_integer_labels(scores, y[labelled]).mean()

    fixed = ("x", "y", "sources", "targets", "scales")
    x, y, *graph = (runtime.array(arrays[name]) for name in fixed)
    return train_parts(
        parameters_of(arrays, runtime, DATA),
        [(x, y, runtime.array(labelled), *graph) for labelled in arrays["labelled"]],
        loss=loss,
        forward=logits,
        optimizer=optax.chain(optax.add_decayed_weights(WEIGHT_DECAY), optax.adam(LEARNING_RATE)),
        variant=f"{variant}, optax.adam, segment_sum over sorted targets",
    )
