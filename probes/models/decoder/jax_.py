"""The decoder in JAX: pure functions, jax.nn.dot_product_attention, the loss from logits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.model import Size
from probes.models.decoder.inputs import (
    BETAS,
    CLIP,
    EPSILON,
    LEARNING_RATE,
    ROTARY_BASE,
    WEIGHT_DECAY,
)
from probes.models.jax_layers import attention, dense, layer_norm, rms_norm
from probes.models.jax_step import batches_of, parameters_of, train_parts
from probes.workload import Arrays, JaxParts

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def norm(p: Any, name: str, x: Any, size: Size) -> Any:
    """The normalisation of *size* called *name*."""
    return (rms_norm if size["norm"] == "rms" else layer_norm)(p, name, x, EPSILON)


def turns_of(places: Any, features: int) -> tuple[Any, Any]:
    """Cosines and sines (length, 1, features / 2) of rotary positions (Su et al., 2021)."""
    import jax.numpy as jnp

    angles = places[:, None] * ROTARY_BASE ** -(jnp.arange(0, features, 2) / features)
    return jnp.cos(angles)[:, None], jnp.sin(angles)[:, None]


def rotated(x: Any, turns: Any) -> Any:
    """Features of (batch, length, heads, features) turned by *turns*, cosines and sines."""
    import jax.numpy as jnp

    cosine, sine = turns
    a, b = jnp.split(x, 2, axis=-1)
    return jnp.concatenate((a * cosine - b * sine, b * cosine + a * sine), axis=-1)


def heads_of(p: Any, block: str, x: Any, size: Size, turns: Any) -> tuple[Any, Any, Any]:
    """Queries, keys and values, (batch, length, heads, features) each."""
    import jax.numpy as jnp

    parts = jnp.split(dense(p, f"{block}.qkv", norm(p, f"{block}.norm1", x, size)), 3, axis=-1)
    q, k, v = (part.reshape(*part.shape[:2], size["heads"], -1) for part in parts)
    if turns is not None:
        q, k = rotated(q, turns), rotated(k, turns)
    return q, k, v


def mlp(p: Any, block: str, x: Any, size: Size) -> Any:
    """The dense layers of a block."""
    import jax

    x = norm(p, f"{block}.norm2", x, size)
    if size["mlp"] == "gelu":
        return dense(p, f"{block}.contract", jax.nn.gelu(dense(p, f"{block}.expand", x)))
    gate = jax.nn.silu(dense(p, f"{block}.gate", x))
    return dense(p, f"{block}.contract", gate * dense(p, f"{block}.expand", x))


def apply(p: Any, tokens: Any, size: Size, *, written: bool) -> Any:
    """(batch, length) tokens to (batch, length, vocabulary) logits."""
    import jax.numpy as jnp

    x, turns = p["token.weight"][tokens], None
    if size["positions"] == "rotary":
        turns = turns_of(jnp.arange(tokens.shape[1]), size["width"] // size["heads"])
    else:
        x = x + p["position.weight"][: tokens.shape[1]]
    for n in range(size["layers"]):
        block = f"blocks.{n}"
        q, k, v = heads_of(p, block, x, size, turns)
        mixed = attention(q, k, v, causal=True, written=written)
        x = x + dense(p, f"{block}.project", mixed.reshape(x.shape))
        x = x + mlp(p, block, x, size)
    return norm(p, "norm", x, size) @ p["token.weight"].T


def build(arrays: Arrays, size: Size, runtime: JaxRuntime, variant: str) -> JaxParts:
    """Parts of the training step over the batches of ``tokens``."""
    import optax

    written = variant == "jit_written"

    def forward(p: Any, batch: Any) -> Any:
        return apply(p, batch[0][:, :-1], size, written=written)

    def loss(p: Any, batch: Any) -> Any:
        targets = batch[0][:, 1:]
        return optax.softmax_cross_entropy_with_integer_labels(forward(p, batch), targets).mean()

    parameters = parameters_of(arrays, runtime, ("tokens",))
    decays = {name: value.ndim >= 2 for name, value in parameters.items()}
    optimizer = optax.chain(
        optax.clip_by_global_norm(CLIP),
        optax.adamw(LEARNING_RATE, *BETAS, weight_decay=WEIGHT_DECAY, mask=decays),
    )
    return train_parts(
        parameters,
        batches_of(arrays, runtime, ("tokens",)),
        loss=loss,
        forward=forward,
        optimizer=optimizer,
        variant=f"{variant}, optax.adamw, "
        + ("written attention" if written else "jax.nn.dot_product_attention"),
    )
