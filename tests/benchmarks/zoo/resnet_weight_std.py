"""A pre-activation ResNet with group norm and standardised kernels, as in Big Transfer.

Three stages of one block (16, 32, 64 channels) on coloured digits of 32 by 32 (scikit-learn;
Alpaydin & Kaynak, 1998, UCI). Brightness and a square hole per image are drawn beforehand and
applied inside the step. Nesterov momentum with coupled weight decay.

Kernels are stored (height, width, in, out). ``images`` (320, 32, 32, 3) uint8, ``labels`` (320,)
int64, ``rows`` (10, 16), ``holes`` (10, 16, 2) int64, ``light`` (10, 16) float32.
"""

import numpy as np

TITLE = "Pre-activation ResNet with standardised kernels"
TOLERANCE = 3e-3
BATCHES, BATCH, SIDE, HOLE, CLASSES, GROUPS = 10, 16, 32, 8, 10, 8
WIDTHS, EPSILON = (16, 32, 64), 1e-5
RATE, MOMENTUM, DECAY = 0.05, 0.9, 1e-4
SAMPLES_PER_STEP = BATCH
_DATA = ("images", "labels", "rows", "holes", "light")


def inputs(rng):
    """Digits in two colours each, draws of ten batches, He-scaled kernels."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    chosen = rng.permutation(len(digits.target))[:320]
    shape = np.kron(digits.images[chosen] / 16, np.ones((4, 4)))[..., None]
    ink, paper = rng.uniform(0.5, 1, (320, 1, 1, 3)), rng.uniform(0, 0.5, (320, 1, 1, 3))
    arrays = {
        "images": (255 * (shape * ink + (1 - shape) * paper)).astype(np.uint8),
        "labels": digits.target[chosen].astype(np.int64),
        "rows": rng.permutation(320)[: BATCHES * BATCH].reshape(BATCHES, BATCH),
        "holes": rng.integers(0, SIDE - HOLE, (BATCHES, BATCH, 2)),
        "light": rng.uniform(0.8, 1.2, (BATCHES, BATCH)).astype(np.float32),
    }

    def kernel(side, n_in, n_out):
        scale = np.sqrt(2 / (side * side * n_in))
        return (rng.standard_normal((side, side, n_in, n_out)) * scale).astype(np.float32)

    arrays["stem"] = kernel(3, 3, WIDTHS[0])
    for n, (n_in, n_out) in enumerate(zip((WIDTHS[0], *WIDTHS), WIDTHS, strict=False)):
        arrays |= {f"{n}.conv1": kernel(3, n_in, n_out), f"{n}.conv2": kernel(3, n_out, n_out)}
        if n_in != n_out:
            arrays[f"{n}.short"] = kernel(1, n_in, n_out)
    arrays["head"] = (rng.standard_normal((WIDTHS[-1], CLASSES)) * 0.01).astype(np.float32)
    return arrays


def torch_step(arrays):
    """A convolution of its own kind, and the rest of the shelf."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    class StdConv(nn.Conv2d):
        def __init__(self, name, stride=1):
            side, _, n_in, n_out = arrays[name].shape
            super().__init__(n_in, n_out, side, stride, padding=side // 2, bias=False)
            self.weight = nn.Parameter(arrays[name].permute(3, 2, 0, 1).contiguous().clone())

        def forward(self, x):
            variance, mean = torch.var_mean(self.weight, (1, 2, 3), correction=0, keepdim=True)
            kernel = (self.weight - mean) * torch.rsqrt(variance + 1e-8)
            return F.conv2d(x, kernel, None, self.stride, self.padding)

    class Block(nn.Module):
        def __init__(self, n, n_in, n_out):
            super().__init__()
            stride = 1 if n_in == n_out else 2
            self.norm1, self.norm2 = nn.GroupNorm(GROUPS, n_in), nn.GroupNorm(GROUPS, n_out)
            self.conv1, self.conv2 = StdConv(f"{n}.conv1", stride), StdConv(f"{n}.conv2")
            self.short = StdConv(f"{n}.short", stride) if stride == 2 else None

        def forward(self, x):
            h = F.relu(self.norm1(x))
            short = x if self.short is None else self.short(h)
            return short + self.conv2(F.relu(self.norm2(self.conv1(h))))

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            pairs = zip((WIDTHS[0], *WIDTHS), WIDTHS, strict=False)
            self.stem = StdConv("stem")
            self.blocks = nn.Sequential(*(Block(n, *pair) for n, pair in enumerate(pairs)))
            self.norm = nn.GroupNorm(GROUPS, WIDTHS[-1])
            self.head = nn.Linear(WIDTHS[-1], CLASSES)
            self.head.weight = nn.Parameter(arrays["head"].T.contiguous().clone())
            nn.init.zeros_(self.head.bias)

        def forward(self, x):
            x = F.relu(self.norm(self.blocks(self.stem(x))))
            return self.head(x.mean((2, 3)))

    device = arrays["images"].device
    model = Net().to(device)
    optimizer = torch.optim.SGD(
        model.parameters(), RATE, MOMENTUM, weight_decay=DECAY, nesterov=True, fused=True
    )
    turn = torch.zeros(1, dtype=torch.long, device=device)
    span = torch.arange(SIDE, device=device)

    def augmented(rows, holes, light):
        inside = (span >= holes[..., None]) & (span < holes[..., None] + HOLE)
        hole = inside[:, 0, :, None] & inside[:, 1, None, :]
        x = arrays["images"][rows].permute(0, 3, 1, 2) / 127.5 - 1
        return (x * light[:, None, None, None]).masked_fill(hole[:, None], 0.0)

    def step():
        rows, holes, light = (arrays[k].index_select(0, turn)[0] for k in _DATA[2:])
        logits = model(augmented(rows, holes, light).contiguous())
        loss = F.cross_entropy(logits, arrays["labels"][rows])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        turn.add_(1).remainder_(BATCHES)
        return loss

    return step


def jax_step(arrays):
    """The same with channels last."""
    import jax
    import jax.numpy as jnp
    import optax

    optimizer = optax.chain(
        optax.add_decayed_weights(DECAY), optax.sgd(RATE, MOMENTUM, nesterov=True)
    )

    def conv(kernel, x, stride=1):
        kernel = jax.nn.standardize(kernel, axis=(0, 1, 2), epsilon=1e-8)
        pad = kernel.shape[0] // 2
        return jax.lax.conv_general_dilated(
            x, kernel, (stride,) * 2, [(pad, pad)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC")
        )

    def norm(p, name, x):
        grouped = x.reshape(*x.shape[:3], GROUPS, -1)
        normal = jax.nn.standardize(grouped, axis=(1, 2, 4), epsilon=EPSILON).reshape(x.shape)
        return jax.nn.relu(normal * p[f"{name}.weight"] + p[f"{name}.bias"])

    def block(p, n, x):
        stride = 2 if f"{n}.short" in p else 1
        h = norm(p, f"{n}.norm1", x)
        short = conv(p[f"{n}.short"], h, 2) if stride == 2 else x
        h = conv(p[f"{n}.conv1"], h, stride)
        return short + conv(p[f"{n}.conv2"], norm(p, f"{n}.norm2", h))

    def loss_of(p, x, labels):
        x = conv(p["stem"], x)
        for n in range(len(WIDTHS)):
            x = block(p, n, x)
        logits = norm(p, "norm", x).mean((1, 2)) @ p["head"] + p["head.bias"]
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    def augmented(images, holes, light):
        span = jnp.arange(SIDE)
        inside = (span >= holes[..., None]) & (span < holes[..., None] + HOLE)
        hole = inside[:, 0, :, None] & inside[:, 1, None, :]
        x = (images / 127.5 - 1) * light[:, None, None, None]
        return jnp.where(hole[..., None], 0.0, x)

    def step(state, arrays):
        p, moments, turn = state
        rows, holes, light = (arrays[k][turn] for k in _DATA[2:])
        x = augmented(arrays["images"][rows], holes, light)
        loss, gradients = jax.value_and_grad(loss_of)(p, x, arrays["labels"][rows])
        updates, moments = optimizer.update(gradients, moments, p)
        return (optax.apply_updates(p, updates), moments, (turn + 1) % BATCHES), loss

    p = {k: v for k, v in arrays.items() if k not in _DATA}
    p["head.bias"] = jnp.zeros(CLASSES)
    norms = [("norm", WIDTHS[-1])]
    for n, (n_in, n_out) in enumerate(zip((WIDTHS[0], *WIDTHS), WIDTHS, strict=False)):
        norms += [(f"{n}.norm1", n_in), (f"{n}.norm2", n_out)]
    for name, width in norms:
        p |= {f"{name}.weight": jnp.ones(width), f"{name}.bias": jnp.zeros(width)}
    return step, (p, optimizer.init(p), jnp.zeros((), jnp.int32))
