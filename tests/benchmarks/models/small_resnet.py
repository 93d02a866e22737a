"""A small residual network on real images: what the suite predicts by, and does not contain.

Unlike the suite's network: group norm instead of batch norm, six blocks in two stages, momentum
SGD, a batch of 64. The images are handwritten digits, 8 by 8 pixels, that scikit-learn brings
along (Alpaydin & Kaynak, 1998, UCI), enlarged to 16 by 16.

Shapes: ``x`` (64, 16, 16, 1) float32, ``y`` (64,) int64; kernels (height, width, in, out) float32.
"""

import numpy as np

TITLE = "Small residual network on digits"
TOLERANCE = 2e-3
BATCH, SIDE, WIDTH, GROUPS, CLASSES = 64, 16, 16, 4, 10
STAGES = (
    *[(WIDTH, WIDTH, 1)] * 3,
    (WIDTH, 2 * WIDTH, 2),
    *[(2 * WIDTH, 2 * WIDTH, 1)] * 2,
)
RATE, MOMENTUM, EPSILON = 0.05, 0.9, 1e-5
SAMPLES_PER_STEP = BATCH


def _flops():
    side, total = SIDE, 2 * 9 * WIDTH * SIDE * SIDE
    for n_in, n_out, stride in STAGES:
        side //= stride
        total += 2 * 9 * (n_in + n_out) * n_out * side * side
        total += 2 * n_in * n_out * side * side if stride > 1 else 0
    return 3.0 * BATCH * total


FLOPS = _flops()


def inputs(rng):
    """He-scaled kernels, and one batch of digits with pixels from 0 to 1."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    chosen = rng.choice(len(digits.target), BATCH, replace=False)
    images = np.kron(digits.images[chosen] / 16.0, np.ones((2, 2)))

    def kernel(side, n_in, n_out):
        scale = np.sqrt(2 / (side * side * n_in))
        return (rng.standard_normal((side, side, n_in, n_out)) * scale).astype(np.float32)

    arrays = {
        "x": images[..., None].astype(np.float32),
        "y": digits.target[chosen].astype(np.int64),
        "stem": kernel(3, 1, WIDTH),
        "head": (rng.standard_normal((2 * WIDTH, CLASSES)) * 0.1).astype(np.float32),
    }
    for n, (n_in, n_out, stride) in enumerate(STAGES):
        arrays[f"{n}.a"], arrays[f"{n}.b"] = kernel(3, n_in, n_out), kernel(3, n_out, n_out)
        for name in ("a", "b"):
            arrays[f"{n}.{name}.scale"] = np.ones(n_out, np.float32)
            arrays[f"{n}.{name}.shift"] = np.zeros(n_out, np.float32)
        if stride > 1:
            arrays[f"{n}.skip"] = kernel(1, n_in, n_out)
    return arrays


def torch_step(arrays):
    """One step of a module in PyTorch's own layout."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    def conv(name, stride=1):
        side, _, n_in, n_out = arrays[name].shape
        layer = nn.Conv2d(n_in, n_out, side, stride, padding=side // 2, bias=False)
        layer.weight = nn.Parameter(arrays[name].permute(3, 2, 0, 1).contiguous().clone())
        return layer

    def norm(name):
        layer = nn.GroupNorm(GROUPS, arrays[f"{name}.scale"].shape[0], eps=EPSILON)
        layer.weight = nn.Parameter(arrays[f"{name}.scale"].clone())
        layer.bias = nn.Parameter(arrays[f"{name}.shift"].clone())
        return layer

    class Block(nn.Module):
        def __init__(self, n, stride):
            super().__init__()
            self.a, self.b = conv(f"{n}.a", stride), conv(f"{n}.b")
            self.norm_a, self.norm_b = norm(f"{n}.a"), norm(f"{n}.b")
            self.skip = conv(f"{n}.skip", stride) if stride > 1 else nn.Identity()

        def forward(self, x):
            h = self.norm_b(self.b(F.relu(self.norm_a(self.a(x)))))
            return F.relu(h + self.skip(x))

    class ResNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = conv("stem")
            self.blocks = nn.Sequential(*(Block(n, s) for n, (_, _, s) in enumerate(STAGES)))
            self.head = nn.Parameter(arrays["head"].clone())

        def forward(self, x):
            return self.blocks(F.relu(self.stem(x))).mean((2, 3)) @ self.head

    x, y = arrays["x"].permute(0, 3, 1, 2).contiguous(), arrays["y"]
    model = ResNet().to(x.device)
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=MOMENTUM, fused=True)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def jax_step(arrays):
    """The same as a pure function, in JAX's own layout."""
    import jax
    import jax.numpy as jnp
    import optax

    optimizer = optax.sgd(RATE, momentum=MOMENTUM)

    def conv(kernel, x, stride=1):
        pad = kernel.shape[0] // 2
        return jax.lax.conv_general_dilated(
            x,
            kernel,
            (stride, stride),
            [(pad, pad)] * 2,
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
        )

    def norm(p, name, x):
        grouped = x.reshape(*x.shape[:3], GROUPS, -1)
        mean = grouped.mean((1, 2, 4), keepdims=True)
        variance = grouped.var((1, 2, 4), keepdims=True)
        normal = (grouped - mean) * jax.lax.rsqrt(variance + EPSILON)
        return normal.reshape(x.shape) * p[f"{name}.scale"] + p[f"{name}.shift"]

    def loss_of(p, x, y):
        x = jax.nn.relu(conv(p["stem"], x))
        for n, (_, _, stride) in enumerate(STAGES):
            h = jax.nn.relu(norm(p, f"{n}.a", conv(p[f"{n}.a"], x, stride)))
            h = norm(p, f"{n}.b", conv(p[f"{n}.b"], h))
            x = jax.nn.relu(h + (conv(p[f"{n}.skip"], x, stride) if stride > 1 else x))
        logits = jnp.mean(x, (1, 2)) @ p["head"]
        return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()

    def step(state, arrays):
        p, optimizer_state = state
        loss, gradients = jax.value_and_grad(loss_of)(p, arrays["x"], arrays["y"])
        updates, optimizer_state = optimizer.update(gradients, optimizer_state, p)
        return (optax.apply_updates(p, updates), optimizer_state), loss

    parameters = {name: array for name, array in arrays.items() if name not in ("x", "y")}
    return step, (parameters, optimizer.init(parameters))
