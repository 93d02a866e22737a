"""A small MobileNetV3: inverted bottlenecks, squeeze and excitation, hard swish, RMSprop.

Depthwise convolutions of 3 by 3 and 5 by 5 with batch norm on 32 by 32 images of blobs, 9 classes
(three shapes, three colours). Root mean square propagation with momentum as in the paper (Howard
et al., 2019), at a lower rate.

Kernels are stored (height, width, in, out), for depthwise ones in = 1. ``x`` (8, 16, 32, 32, 3)
float32, ``y`` (8, 16) int64.
"""

import numpy as np

TITLE = "MobileNetV3 on shapes"
TOLERANCE = 3e-3
BATCHES, BATCH, SIDE, CLASSES, STEM, LAST = 8, 16, 32, 9, 16, 96
# Kernel, channels in, expanded, out; stride; whether squeezed.
BLOCKS = (
    (3, 16, 32, 16, 1, True),
    (3, 16, 64, 24, 2, False),
    (3, 24, 72, 24, 1, False),
    (5, 24, 96, 40, 2, True),
    (5, 40, 120, 40, 1, True),
)
RATE, MOMENTUM, ALPHA, EPSILON = 4e-4, 0.9, 0.9, 1e-3
SAMPLES_PER_STEP = BATCH


def picture(rng, label):
    """A disc, a square or a ring in one of three colours, on a noisy ground."""
    y, x = np.mgrid[:SIDE, :SIDE] - rng.uniform(10, 22, (2, 1, 1))
    size = rng.uniform(5, 9)
    round_, square = np.hypot(x, y) / size, np.maximum(abs(x), abs(y)) / size
    shape = (round_ < 1, square < 0.9, abs(round_ - 0.8) < 0.25)[label % 3]
    image = rng.standard_normal((SIDE, SIDE, 3)) * 0.3
    image[..., label // 3] += shape * rng.uniform(0.7, 1.3)
    return image


def inputs(rng):
    """Pictures, and kernels scaled by their fan-out."""
    y = rng.integers(0, CLASSES, (BATCHES, BATCH))
    x = np.stack([picture(rng, label) for label in y.ravel()])
    arrays = {"x": x.reshape(BATCHES, BATCH, SIDE, SIDE, 3).astype(np.float32), "y": y}

    def kernel(name, side, n_in, n_out):
        fan = side * side * (n_out if n_in > 1 else 1)
        weight = rng.standard_normal((side, side, n_in, n_out)) * (2 / fan) ** 0.5
        arrays[name] = weight.astype(np.float32)

    kernel("stem", 3, 3, STEM)
    for n, (side, n_in, wide, n_out, _, squeezed) in enumerate(BLOCKS):
        kernel(f"{n}.expand", 1, n_in, wide)
        kernel(f"{n}.depth", side, 1, wide)
        kernel(f"{n}.project", 1, wide, n_out)
        if squeezed:
            kernel(f"{n}.squeeze", 1, wide, wide // 4)
            kernel(f"{n}.excite", 1, wide // 4, wide)
    kernel("last", 1, BLOCKS[-1][3], LAST)
    arrays["head"] = (rng.standard_normal((LAST, CLASSES)) * 0.05).astype(np.float32)
    return arrays


def torch_step(arrays):
    """Channels last in memory; the optimizer has no fused form, so the one that loops at once."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    def conv(name, stride=1, *, bias=False):
        side, _, n_in, n_out = arrays[name].shape
        groups = n_out if n_in == 1 else 1
        layer = nn.Conv2d(n_in * groups, n_out, side, stride, side // 2, groups=groups, bias=bias)
        layer.weight = nn.Parameter(arrays[name].permute(3, 2, 0, 1).contiguous().clone())
        if bias:
            nn.init.zeros_(layer.bias)
        return layer

    class Excite(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.squeeze = conv(f"{n}.squeeze", bias=True)
            self.excite = conv(f"{n}.excite", bias=True)

        def forward(self, x):
            h = F.relu(self.squeeze(F.adaptive_avg_pool2d(x, 1)))
            return x * F.hardsigmoid(self.excite(h))

    class Block(nn.Module):
        def __init__(self, n, n_in, wide, n_out, stride, squeezed):
            super().__init__()
            self.residual = stride == 1 and n_in == n_out
            layers = [conv(f"{n}.expand"), nn.BatchNorm2d(wide, momentum=0.01), nn.Hardswish()]
            layers += [conv(f"{n}.depth", stride), nn.BatchNorm2d(wide, momentum=0.01)]
            layers += [nn.Hardswish(), *([Excite(n)] if squeezed else [])]
            layers += [conv(f"{n}.project"), nn.BatchNorm2d(n_out, momentum=0.01)]
            self.body = nn.Sequential(*layers)

        def forward(self, x):
            return x + self.body(x) if self.residual else self.body(x)

    device = arrays["x"].device
    head = nn.Linear(LAST, CLASSES)
    head.weight = nn.Parameter(arrays["head"].T.contiguous().clone())
    nn.init.zeros_(head.bias)
    stem = (conv("stem", 2), nn.BatchNorm2d(STEM, momentum=0.01), nn.Hardswish())
    blocks = (Block(n, *row[1:]) for n, row in enumerate(BLOCKS))
    last = (conv("last"), nn.BatchNorm2d(LAST, momentum=0.01), nn.Hardswish())
    model = nn.Sequential(*stem, *blocks, *last, nn.AdaptiveAvgPool2d(1), nn.Flatten(), head)
    model = model.to(device, memory_format=torch.channels_last)
    optimizer = torch.optim.RMSprop(
        model.parameters(), lr=RATE, alpha=ALPHA, eps=EPSILON, momentum=MOMENTUM, foreach=True
    )
    turn = torch.zeros(1, dtype=torch.long, device=device)

    def step():
        x, y = (arrays[k].index_select(0, turn).squeeze(0) for k in "xy")
        # A view: channels last is how the images come.
        loss = F.cross_entropy(model(x.permute(0, 3, 1, 2)), y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        turn.add_(1).remainder_(BATCHES)
        return loss

    return step


def jax_step(arrays):
    """Depthwise kernels by ``feature_group_count``; statistics are carried in the state."""
    import jax
    import jax.numpy as jnp
    import optax

    optimizer = optax.rmsprop(RATE, decay=ALPHA, eps=EPSILON, momentum=MOMENTUM, eps_in_sqrt=False)

    def conv(kernel, x, stride=1):
        side, _, n_in, n_out = kernel.shape
        return jax.lax.conv_general_dilated(
            x,
            kernel,
            (stride, stride),
            [(side // 2, side // 2)] * 2,
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            feature_group_count=n_out if n_in == 1 else 1,
        )

    def normed(p, statistics, name, x, stride=1):
        x = conv(p[name], x, stride)
        mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
        unbiased = variance * (x.size / (x.size - x.shape[-1]))
        old_mean, old_variance = statistics[name]
        statistics[name] = 0.99 * old_mean + 0.01 * mean, 0.99 * old_variance + 0.01 * unbiased
        scale, shift = p[f"{name}.norm"]
        return (x - mean) * (jax.lax.rsqrt(variance + 1e-5) * scale) + shift

    def excited(p, n, x):
        h = x.mean((1, 2)) @ p[f"{n}.squeeze"][0, 0] + p[f"{n}.squeeze.bias"]
        h = jax.nn.relu(h) @ p[f"{n}.excite"][0, 0] + p[f"{n}.excite.bias"]
        return x * jax.nn.hard_sigmoid(h)[:, None, None]

    def loss_of(p, statistics, x, y):
        statistics = dict(statistics)
        x = jax.nn.hard_swish(normed(p, statistics, "stem", x, 2))
        for n, (_, n_in, _, n_out, stride, squeezed) in enumerate(BLOCKS):
            h = jax.nn.hard_swish(normed(p, statistics, f"{n}.expand", x))
            h = jax.nn.hard_swish(normed(p, statistics, f"{n}.depth", h, stride))
            h = normed(p, statistics, f"{n}.project", excited(p, n, h) if squeezed else h)
            x = x + h if stride == 1 and n_in == n_out else h
        x = jax.nn.hard_swish(normed(p, statistics, "last", x)).mean((1, 2))
        logits = x @ p["head"] + p["head.bias"]
        return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean(), statistics

    def step(state, arrays):
        p, statistics, moments, turn = state
        (loss, statistics), gradients = jax.value_and_grad(loss_of, has_aux=True)(
            p, statistics, arrays["x"][turn], arrays["y"][turn]
        )
        updates, moments = optimizer.update(gradients, moments, p)
        p = optax.apply_updates(p, updates)
        return (p, statistics, moments, (turn + 1) % BATCHES), loss

    p = {k: v for k, v in arrays.items() if k not in ("x", "y")}
    biased = [k for k in p if k.endswith(("squeeze", "excite", "head"))]
    width = {k: v.shape[-1] for k, v in p.items()}
    p |= {f"{k}.bias": jnp.zeros(width[k]) for k in biased}
    norms = [k for k in width if k not in biased]
    p |= {f"{k}.norm": (jnp.ones(width[k]), jnp.zeros(width[k])) for k in norms}
    statistics = {k: (jnp.zeros(width[k]), jnp.ones(width[k])) for k in norms}
    return step, (p, statistics, optimizer.init(p), jnp.zeros((), jnp.int32))
