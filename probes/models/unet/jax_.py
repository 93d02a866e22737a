"""The U-Net in JAX: pure functions, jax.nn.dot_product_attention, channels last by default."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from probes.model import Size, groups_of
from probes.models.jax_images import FIRST, LAST, Layout, conv, group_norm
from probes.models.jax_layers import dense
from probes.models.jax_step import batches_of, parameters_of, train_parts
from probes.models.unet.inputs import (
    CLIP,
    EPSILON,
    LEARNING_RATE,
    Block,
    middle,
    way_down,
    way_up,
)
from probes.workload import Arrays, JaxParts

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def norm(p: Any, name: str, x: Any, layout: Layout) -> Any:
    """The group normalisation called *name*."""
    groups = groups_of(p[f"{name}.weight"].size)
    return group_norm(p, name, x, groups, layout=layout, epsilon=EPSILON)


def attended(p: Any, name: str, x: Any, layout: Layout) -> Any:
    """Images plus attention over all of their pixels."""
    import jax
    import jax.numpy as jnp

    first = layout is FIRST
    qkv = conv(p, f"{name}.qkv", norm(p, f"{name}.norm3", x, layout), layout)
    qkv = jnp.moveaxis(qkv, 1, -1) if first else qkv
    q, k, v = jnp.split(qkv.reshape(x.shape[0], -1, 1, qkv.shape[-1]), 3, axis=-1)
    mixed = jax.nn.dot_product_attention(q, k, v).reshape(*qkv.shape[:-1], -1)
    mixed = jnp.moveaxis(mixed, -1, 1) if first else mixed
    return x + conv(p, f"{name}.project", mixed, layout)


def residual(p: Any, part: Block, x: Any, time: Any, layout: Layout) -> Any:
    """One residual block of images and the time (batch, features)."""
    import jax

    name = part.name
    inner = conv(p, f"{name}.conv1", jax.nn.silu(norm(p, f"{name}.norm1", x, layout)), layout)
    shift = dense(p, f"{name}.time", time)
    inner = inner + (shift[:, :, None, None] if layout is FIRST else shift[:, None, None])
    inner = conv(p, f"{name}.conv2", jax.nn.silu(norm(p, f"{name}.norm2", inner, layout)), layout)
    same = part.n_in == part.n_out
    x = inner + (x if same else conv(p, f"{name}.shortcut", x, layout))
    return attended(p, name, x, layout) if part.attention else x


def sines(time: Any, features: int) -> Any:
    """Sines and cosines (batch, features) of times (batch,) (Vaswani et al., 2017)."""
    import jax.numpy as jnp

    half = features // 2
    angles = time[:, None] * jnp.exp(-math.log(10000) / half * jnp.arange(half))
    return jnp.concatenate((jnp.sin(angles), jnp.cos(angles)), axis=-1)


def doubled(x: Any, layout: Layout) -> Any:
    """Images of twice as many pixels a side, each repeated."""
    import jax.numpy as jnp

    height, width = layout.image_axes
    return jnp.repeat(jnp.repeat(x, 2, axis=height), 2, axis=width)


def apply(p: Any, x: Any, time: Any, size: Size, layout: Layout) -> Any:
    """Noisy images and times (batch,) to the noise."""
    import jax
    import jax.numpy as jnp

    time = jax.nn.silu(dense(p, "time.0", sines(time, size["widths"][0])))
    time = jax.nn.silu(dense(p, "time.1", time))
    x = conv(p, "first", x, layout)
    kept = [x]
    for part in way_down(size):
        if isinstance(part, Block):
            x = residual(p, part, x, time, layout)
        else:
            x = conv(p, part.name, x, layout, stride=2)
        kept.append(x)
    for part in middle(size):
        x = residual(p, part, x, time, layout)
    for part in way_up(size):
        if isinstance(part, Block):
            x = jnp.concatenate((x, kept.pop()), axis=layout.axes.index("C"))
            x = residual(p, part, x, time, layout)
        else:
            x = conv(p, part.name, doubled(x, layout), layout)
    return conv(p, "last", jax.nn.silu(norm(p, "norm", x, layout)), layout)


def build(arrays: Arrays, size: Size, runtime: JaxRuntime, variant: str) -> JaxParts:
    """Parts of the training step over the batches of images, noise and times."""
    import jax.numpy as jnp
    import optax

    layout = FIRST if variant == "jit_first" else LAST

    def forward(p: Any, batch: Any) -> Any:
        x, noise, time, schedule = batch
        kept, added = schedule[time].T
        noisy = kept[:, None, None, None] * x + added[:, None, None, None] * noise
        return apply(p, noisy, time, size, layout)

    def shown(p: Any, batch: Any) -> Any:
        noise = forward(p, batch)
        return jnp.moveaxis(noise, 1, -1) if layout is FIRST else noise

    names = ("x", "noise", "time")
    ordered = {**arrays, **{name: layout.images(arrays[name]) for name in names[:2]}}
    schedule = runtime.array(arrays["schedule"])
    return train_parts(
        parameters_of(arrays, runtime, (*names, "schedule")),
        [(*batch, schedule) for batch in batches_of(ordered, runtime, names)],
        loss=lambda p, batch: jnp.mean((forward(p, batch) - batch[1]) ** 2),
        forward=shown,
        optimizer=optax.chain(optax.clip_by_global_norm(CLIP), optax.adam(LEARNING_RATE)),
        variant=f"{variant}, optax.adam, {layout.text}",
    )
