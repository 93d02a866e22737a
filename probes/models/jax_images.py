"""Layers on images that several families share in JAX, in either order of their axes.

Kernels are (height, width, in, out) in both; ``p`` is a flat dictionary as in `jax_layers`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Layout:
    """The order of axes of an image: ``NHWC`` or ``NCHW``."""

    axes: str

    @property
    def text(self) -> str:
        """In words."""
        return "channels last" if self.axes == "NHWC" else "channels first"

    @property
    def image_axes(self) -> tuple[int, int]:
        """Height and width."""
        return (self.axes.index("H"), self.axes.index("W"))

    @property
    def channel_shape(self) -> tuple[int, ...]:
        """The shape that makes a vector of channels broadcast over images."""
        return (-1,) if self.axes == "NHWC" else (-1, 1, 1)

    def images(self, array: NDArray[Any]) -> NDArray[Any]:
        """Images (..., height, width, channels) of the shared inputs in this order."""
        return array if self.axes == "NHWC" else np.moveaxis(array, -1, -3)


LAST, FIRST = Layout("NHWC"), Layout("NCHW")


def conv(p: Any, name: str, x: Any, layout: Layout, *, stride: int = 1, groups: int = 1) -> Any:
    """The convolution called *name*, with its bias where it has one, padded by half its side."""
    import jax

    kernel = p[f"{name}.weight"]
    edge = kernel.shape[0] // 2
    x = jax.lax.conv_general_dilated(
        x,
        kernel,
        (stride, stride),
        [(edge, edge)] * 2,
        dimension_numbers=(layout.axes, "HWIO", layout.axes),
        feature_group_count=groups,
    )
    bias = p.get(f"{name}.bias")
    return x if bias is None else x + bias.reshape(layout.channel_shape)


def batch_norm(
    p: Any, name: str, x: Any, averages: Any, *, layout: Layout, epsilon: float, averaged: float
) -> tuple[Any, Any]:
    """Batch normalisation by the batch's statistics, and the running averages after it.

    The variance is the mean of squares less the square of the mean, so that one pass over the
    images finds both, as flax.linen.BatchNorm does by default. *averages* are the mean and the
    variance, (2, channels).
    """
    import jax
    import jax.numpy as jnp

    axes = (0, *layout.image_axes)
    mean = x.mean(axes)
    variance = jnp.maximum((x * x).mean(axes) - mean * mean, 0.0)
    n = x.size // mean.size
    now = jnp.stack([mean, variance * (n / (n - 1))])
    averages = averages + averaged * (jax.lax.stop_gradient(now) - averages)
    scale = p[f"{name}.weight"] * jax.lax.rsqrt(variance + epsilon)
    shift = p[f"{name}.bias"] - mean * scale
    shape = layout.channel_shape
    return x * scale.reshape(shape) + shift.reshape(shape), averages


def group_norm(p: Any, name: str, x: Any, groups: int, *, layout: Layout, epsilon: float) -> Any:
    """Group normalisation, its variance found as in `batch_norm`."""
    import jax
    import jax.numpy as jnp

    channel = layout.axes.index("C")
    shape = (*x.shape[:channel], groups, -1, *x.shape[channel + 1 :])
    grouped = x.reshape(shape)
    axes = tuple(axis for axis in range(1, 5) if axis != channel)
    mean = grouped.mean(axes, keepdims=True)
    variance = jnp.maximum((grouped * grouped).mean(axes, keepdims=True) - mean * mean, 0.0)
    normed = ((grouped - mean) * jax.lax.rsqrt(variance + epsilon)).reshape(x.shape)
    weight, bias = p[f"{name}.weight"], p[f"{name}.bias"]
    return normed * weight.reshape(layout.channel_shape) + bias.reshape(layout.channel_shape)


def max_pool(x: Any, layout: Layout) -> Any:
    """The largest of each 3x3 window, stride 2, padded by one."""
    import jax
    import jax.numpy as jnp

    by_axis = {"N": (1, 1, (0, 0)), "C": (1, 1, (0, 0)), "H": (3, 2, (1, 1)), "W": (3, 2, (1, 1))}
    window, strides, padding = zip(*(by_axis[axis] for axis in layout.axes), strict=True)
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, strides, padding)
