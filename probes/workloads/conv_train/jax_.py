"""The residual network in JAX: pure functions; running averages are part of the state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, JaxParts, Size
from probes.workloads.conv_train.inputs import EPSILON, FIRST, LEARNING_RATE, MOMENTUM
from probes.workloads.jax_training import parameters_of

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def build(arrays: Arrays, size: Size, runtime: JaxRuntime) -> JaxParts:
    """Parts of the training step over ``(parameters, averages, optimizer state)``."""
    import jax
    import jax.numpy as jnp
    import optax

    last = size["layout"] != FIRST
    layout = ("NHWC", "HWIO", "NHWC") if last else ("NCHW", "HWIO", "NCHW")
    image_axes, channel_shape = ((1, 2), (-1,)) if last else ((2, 3), (-1, 1, 1))

    def conv_norm(p: Any, averages: Any, name: str, x: Any, stride: int = 1) -> Any:
        kernel = p[f"{name}.conv.weight"]
        edge = kernel.shape[0] // 2
        x = jax.lax.conv_general_dilated(
            x, kernel, (stride, stride), [(edge, edge)] * 2, dimension_numbers=layout
        )
        axes = (0, *image_axes)
        mean, variance = x.mean(axes), x.var(axes)
        n = x.size // mean.size
        old_mean, old_variance = averages[name]
        averages[name] = (
            old_mean + MOMENTUM * (mean - old_mean),
            old_variance + MOMENTUM * (variance * n / (n - 1) - old_variance),
        )
        scale = p[f"{name}.norm.weight"] * jax.lax.rsqrt(variance + EPSILON)
        shift = p[f"{name}.norm.bias"] - mean * scale
        return x * scale.reshape(channel_shape) + shift.reshape(channel_shape)

    def block(p: Any, averages: Any, name: str, x: Any, stride: int) -> Any:
        inner = jax.nn.relu(conv_norm(p, averages, f"{name}.a", x, stride))
        inner = conv_norm(p, averages, f"{name}.b", inner)
        if f"{name}.shortcut.conv.weight" in p:
            x = conv_norm(p, averages, f"{name}.shortcut", x, stride)
        return jax.nn.relu(inner + x)

    def logits(p: Any, averages: Any, x: Any) -> tuple[Any, Any]:
        averages = dict(averages)
        x = jax.nn.relu(conv_norm(p, averages, "stem", x))
        x = block(p, averages, "second", block(p, averages, "first", x, 1), 2)
        return x.mean(image_axes) @ p["head.weight"] + p["head.bias"], averages

    def loss(p: Any, averages: Any, batch: Any) -> tuple[Any, Any]:
        x, y = batch
        found, averages = logits(p, averages, x)
        return optax.softmax_cross_entropy_with_integer_labels(found, y).mean(), averages

    optimizer = optax.adam(LEARNING_RATE)

    def step(state: Any, batch: Any) -> tuple[Any, Any]:
        p, averages, optimizer_state = state
        slope = jax.value_and_grad(loss, has_aux=True)
        (value, averages), gradients = slope(p, averages, batch)
        updates, optimizer_state = optimizer.update(gradients, optimizer_state, p)
        return (optax.apply_updates(p, updates), averages, optimizer_state), value

    parameters = parameters_of(arrays, runtime, ("x", "y"))
    averages = {
        name.removesuffix(".conv.weight"): (jnp.zeros(a.shape[3]), jnp.ones(a.shape[3]))
        for name, a in arrays.items()
        if name.endswith("conv.weight")
    }
    x = arrays["x"] if last else arrays["x"].transpose(0, 3, 1, 2)
    return JaxParts(
        step=step,
        state=(parameters, averages, jax.jit(optimizer.init)(parameters)),
        inputs=(runtime.array(x), runtime.array(arrays["y"])),
        forward=lambda state, batch: logits(state[0], state[1], batch[0])[0],
        gradients=lambda state, batch: jax.grad(loss, has_aux=True)(state[0], state[1], batch)[0],
        parameters=lambda state: state[0],
        variant="optax.adam, " + ("channels last" if last else "channels first"),
    )
