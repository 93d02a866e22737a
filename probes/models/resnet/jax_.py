"""The residual network in JAX: pure functions; running averages are part of the state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from probes.model import Size, groups_of
from probes.models.jax_images import FIRST, LAST, Layout, batch_norm, conv, group_norm, max_pool
from probes.models.jax_layers import dense
from probes.models.jax_step import batches_of, parameters_of, train_parts
from probes.models.resnet.inputs import (
    AVERAGED,
    EPSILON,
    LARGE_IMAGE,
    LEARNING_RATE,
    MOMENTUM,
    WEIGHT_DECAY,
    Block,
    Conv,
    blocks,
    stem,
)
from probes.workload import Arrays, JaxParts

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


class Network:
    """The model at one size and layout; `averages` are updated in the dictionary given."""

    def __init__(self, size: Size, layout: Layout) -> None:
        self.size = size
        self.layout = layout

    def conv_norm(self, p: Any, averages: Any, spec: Conv, x: Any) -> Any:
        """A convolution and the normalisation after it."""
        x = conv(p, f"{spec.name}.conv", x, self.layout, stride=spec.stride, groups=spec.groups)
        name = f"{spec.name}.norm"
        if self.size["norm"] == "batch":
            x, averages[name] = batch_norm(
                p,
                name,
                x,
                averages[name],
                layout=self.layout,
                epsilon=EPSILON,
                averaged=AVERAGED,
            )
        elif self.size["norm"] == "group":
            x = group_norm(p, name, x, groups_of(spec.n_out), layout=self.layout, epsilon=EPSILON)
        return x

    def block(self, p: Any, averages: Any, spec: Block, x: Any) -> Any:
        """One block: what its convolutions make of the input, added to the input."""
        import jax

        depthwise = self.size["block"] == "depthwise"
        *first, last = spec.convolutions
        inner = x
        for one in first:
            inner = self.conv_norm(p, averages, one, inner)
            inner = jax.nn.relu6(inner) if depthwise else jax.nn.relu(inner)
        inner = self.conv_norm(p, averages, last, inner)
        if spec.added:
            shortcut = spec.shortcut
            inner = inner + (x if shortcut is None else self.conv_norm(p, averages, shortcut, x))
        return inner if depthwise else jax.nn.relu(inner)

    def logits(self, p: Any, averages: Any, x: Any) -> tuple[Any, Any]:
        """(batch, classes) logits of images, and the running averages after them."""
        import jax

        averages = dict(averages)
        x = jax.nn.relu(self.conv_norm(p, averages, stem(self.size), x))
        if self.size["image"] >= LARGE_IMAGE:
            x = max_pool(x, self.layout)
        for spec in blocks(self.size):
            x = self.block(p, averages, spec, x)
        return dense(p, "head", x.mean(self.layout.image_axes)), averages


def first_averages(arrays: Arrays, size: Size) -> Arrays:
    """Running means of zero and variances of one, (2, channels), for every batch norm."""
    if size["norm"] != "batch":
        return {}
    return {
        name.removesuffix(".weight"): np.stack([np.zeros_like(a), np.ones_like(a)])
        for name, a in arrays.items()
        if name.endswith("norm.weight")
    }


def build(arrays: Arrays, size: Size, runtime: JaxRuntime, variant: str) -> JaxParts:
    """Parts of the training step over the batches of ``x`` and ``y``."""
    import optax

    layout = FIRST if variant == "jit_first" else LAST
    network = Network(size, layout)

    def loss(p: Any, averages: Any, batch: Any) -> tuple[Any, Any]:
        x, y = batch
        scores, averages = network.logits(p, averages, x)
        return optax.softmax_cross_entropy_with_integer_labels(scores, y).mean(), averages

    shown = {**arrays, "x": layout.images(arrays["x"])}
    averages = first_averages(arrays, size)
    return train_parts(
        parameters_of(arrays, runtime, ("x", "y")),
        batches_of(shown, runtime, ("x", "y")),
        loss=loss,
        forward=lambda p, averages, batch: network.logits(p, averages, batch[0])[0],
        optimizer=optax.chain(
            optax.add_decayed_weights(WEIGHT_DECAY), optax.sgd(LEARNING_RATE, MOMENTUM)
        ),
        variant=f"{variant}, optax.sgd, {layout.text}",
        carried={name: runtime.array(a) for name, a in averages.items()},
    )
