"""The encoder in JAX: pure functions, jax.nn.dot_product_attention, the loss from logits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.model import Size
from probes.models.jax_layers import attention, dense, layer_norm
from probes.models.jax_step import batches_of, parameters_of, train_parts
from probes.models.vit.inputs import EPSILON, LEARNING_RATE, WEIGHT_DECAY, data_name
from probes.workload import Arrays, JaxParts

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def embedded(p: Any, x: Any, size: Size) -> Any:
    """Images (batch, image, image, channels) or tokens (batch, length), (batch, tokens, width)."""
    import jax
    import jax.numpy as jnp

    if not size["image"]:
        return p["token.weight"][x] + p["position"]
    side = size["patch"]
    patches = jax.lax.conv_general_dilated(
        x, p["patch.weight"], (side, side), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    patches = patches.reshape(x.shape[0], -1, size["width"]) + p["patch.bias"]
    first = jnp.broadcast_to(p["first"], (x.shape[0], 1, size["width"]))
    return jnp.concatenate((first, patches), axis=1) + p["position"]


def apply(p: Any, x: Any, size: Size, *, written: bool) -> Any:
    """Images or tokens to (batch, classes) logits."""
    import jax
    import jax.numpy as jnp

    x = embedded(p, x, size)
    for n in range(size["layers"]):
        block = f"blocks.{n}"
        qkv = dense(p, f"{block}.qkv", layer_norm(p, f"{block}.norm1", x, EPSILON))
        q, k, v = (
            part.reshape(*part.shape[:2], size["heads"], -1) for part in jnp.split(qkv, 3, axis=-1)
        )
        mixed = attention(q, k, v, causal=False, written=written)
        x = x + dense(p, f"{block}.project", mixed.reshape(x.shape))
        inner = dense(p, f"{block}.expand", layer_norm(p, f"{block}.norm2", x, EPSILON))
        x = x + dense(p, f"{block}.contract", jax.nn.gelu(inner))
    return dense(p, "head", layer_norm(p, "norm", x[:, 0], EPSILON))


def build(arrays: Arrays, size: Size, runtime: JaxRuntime, variant: str) -> JaxParts:
    """Parts of the training step over the batches of images or texts."""
    import optax

    written = variant == "jit_written"
    names = (data_name(size), "y")

    def forward(p: Any, batch: Any) -> Any:
        return apply(p, batch[0], size, written=written)

    def loss(p: Any, batch: Any) -> Any:
        scores = forward(p, batch)
        return optax.softmax_cross_entropy_with_integer_labels(scores, batch[1]).mean()

    parameters = parameters_of(arrays, runtime, names)
    decays = {name: value.ndim >= 2 for name, value in parameters.items()}
    return train_parts(
        parameters,
        batches_of(arrays, runtime, names),
        loss=loss,
        forward=forward,
        optimizer=optax.adamw(LEARNING_RATE, weight_decay=WEIGHT_DECAY, mask=decays),
        variant=f"{variant}, optax.adamw, "
        + ("written attention" if written else "jax.nn.dot_product_attention"),
    )
