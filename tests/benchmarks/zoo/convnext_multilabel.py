"""A small ConvNeXt that says which digits are in a picture of four; averaged weights.

Depthwise kernels of 7 by 7, one layer norm and two dense layers per block, layer scale, patches
for stem and reduction, as in Liu et al. (2022). The loss is a sigmoid per digit; the weights'
moving average is kept for evaluation. Four digits of scikit-learn (Alpaydin & Kaynak, 1998, UCI)
are put together inside the step.

Kernels are stored (height, width, in, out). ``digits`` (1024, 16, 16) float32, ``labels``
(1024,) int64, ``quads`` (10, 8, 4) int64, which digits make a picture.
"""

import numpy as np

TITLE = "ConvNeXt with several labels"
TOLERANCE = 2e-3
BATCHES, BATCH, PIECE, CLASSES = 10, 8, 16, 10
WIDTHS, DEPTHS, KERNEL = (32, 64), (2, 2), 7
RATE, DECAY, AVERAGE, SCALE = 2e-3, 0.05, 0.99, 0.1
SAMPLES_PER_STEP = BATCH
_DATA = ("digits", "labels", "quads")


def inputs(rng):
    """Enlarged digits, draws of four, and kernels of standard deviation 1 / sqrt(fan-in)."""
    from sklearn.datasets import load_digits

    data = load_digits()
    chosen = rng.permutation(len(data.target))[:1024]
    arrays = {
        "digits": np.kron(data.images[chosen] / 8 - 1, np.ones((2, 2))).astype(np.float32),
        "labels": data.target[chosen].astype(np.int64),
        "quads": rng.integers(0, 1024, (BATCHES, BATCH, 4)),
    }

    def weight(name, *shape):
        fan = np.prod(shape[:-1])
        arrays[name] = (rng.standard_normal(shape) * fan**-0.5).astype(np.float32)

    n_in = 1
    for stage, (width, depth) in enumerate(zip(WIDTHS, DEPTHS, strict=True)):
        weight(f"{stage}.down", 2, 2, n_in, width)
        for n in range(depth):
            weight(f"{stage}.{n}.depth", KERNEL, KERNEL, 1, width)
            weight(f"{stage}.{n}.wide", width, 4 * width)
            weight(f"{stage}.{n}.narrow", 4 * width, width)
        n_in = width
    weight("head", WIDTHS[-1], CLASSES)
    return arrays


def torch_step(arrays):
    """Channels go last for norm and dense layers, as in the original code."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    def conv(name, **options):
        height, width, n_in, n_out = arrays[name].shape
        n_in *= options.get("groups", 1)
        layer = nn.Conv2d(n_in, n_out, (height, width), **options)
        layer.weight = nn.Parameter(arrays[name].permute(3, 2, 0, 1).contiguous().clone())
        nn.init.zeros_(layer.bias)
        return layer

    def linear(name):
        layer = nn.Linear(*arrays[name].shape)
        layer.weight = nn.Parameter(arrays[name].T.contiguous().clone())
        nn.init.zeros_(layer.bias)
        return layer

    class Block(nn.Module):
        def __init__(self, name, width):
            super().__init__()
            self.depth = conv(f"{name}.depth", padding=KERNEL // 2, groups=width)
            self.norm = nn.LayerNorm(width, 1e-6)
            self.wide, self.narrow = linear(f"{name}.wide"), linear(f"{name}.narrow")
            self.scale = nn.Parameter(torch.full((width,), SCALE))

        def forward(self, x):
            h = self.norm(self.depth(x).permute(0, 2, 3, 1))
            h = self.scale * self.narrow(F.gelu(self.wide(h)))
            return x + h.permute(0, 3, 1, 2)

    class Stage(nn.Module):
        def __init__(self, stage, width, depth):
            super().__init__()
            self.norm = nn.LayerNorm(WIDTHS[stage - 1], 1e-6) if stage else nn.Identity()
            self.down = conv(f"{stage}.down", stride=2)
            self.blocks = nn.Sequential(*(Block(f"{stage}.{n}", width) for n in range(depth)))

        def forward(self, x):
            x = self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
            return self.blocks(self.down(x))

    class ConvNeXt(nn.Module):
        def __init__(self):
            super().__init__()
            shapes = enumerate(zip(WIDTHS, DEPTHS, strict=True))
            self.stages = nn.Sequential(*(Stage(n, *shape) for n, shape in shapes))
            self.norm, self.head = nn.LayerNorm(WIDTHS[-1], 1e-6), linear("head")

        def forward(self, x):
            return self.head(self.norm(self.stages(x).mean((2, 3))))

    device = arrays["digits"].device
    model = ConvNeXt().to(device, memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY, fused=True)
    weights = list(model.parameters())
    averages = [w.detach().clone() for w in weights]
    turn = torch.zeros(1, dtype=torch.long, device=device)

    def step():
        quads = arrays["quads"].index_select(0, turn)[0]
        pieces = arrays["digits"][quads].view(BATCH, 2, 2, PIECE, PIECE)
        x = pieces.permute(0, 1, 3, 2, 4).reshape(BATCH, 1, 2 * PIECE, 2 * PIECE)
        present = F.one_hot(arrays["labels"][quads], CLASSES).amax(1).float()
        loss = F.binary_cross_entropy_with_logits(model(x), present)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(averages, weights, 1 - AVERAGE)
        turn.add_(1).remainder_(BATCHES)
        return loss

    return step


def jax_step(arrays):
    """The same with channels last throughout."""
    import jax
    import jax.numpy as jnp
    import optax

    optimizer = optax.adamw(RATE, weight_decay=DECAY)

    def conv(p, name, x, stride, pad, groups=1):
        y = jax.lax.conv_general_dilated(
            x,
            p[name],
            (stride, stride),
            [(pad, pad)] * 2,
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            feature_group_count=groups,
        )
        return y + p[f"{name}.bias"]

    def norm(p, name, x):
        scale, shift = p[f"{name}.norm"]
        return jax.nn.standardize(x, axis=-1, epsilon=1e-6) * scale + shift

    def block(p, name, x):
        h = conv(p, f"{name}.depth", x, 1, KERNEL // 2, x.shape[-1])
        h = norm(p, name, h) @ p[f"{name}.wide"] + p[f"{name}.wide.bias"]
        h = jax.nn.gelu(h, approximate=False) @ p[f"{name}.narrow"] + p[f"{name}.narrow.bias"]
        return x + p[f"{name}.scale"] * h

    def loss_of(p, x, present):
        for stage, depth in enumerate(DEPTHS):
            x = norm(p, str(stage), x) if stage else x
            x = conv(p, f"{stage}.down", x, 2, 0)
            for n in range(depth):
                x = block(p, f"{stage}.{n}", x)
        logits = norm(p, "head", x.mean((1, 2))) @ p["head"] + p["head.bias"]
        return optax.sigmoid_binary_cross_entropy(logits, present).mean()

    def step(state, arrays):
        p, averages, moments, turn = state
        quads = arrays["quads"][turn]
        pieces = arrays["digits"][quads].reshape(BATCH, 2, 2, PIECE, PIECE)
        x = pieces.transpose(0, 1, 3, 2, 4).reshape(BATCH, 2 * PIECE, 2 * PIECE, 1)
        present = jax.nn.one_hot(arrays["labels"][quads], CLASSES).max(1)
        loss, gradients = jax.value_and_grad(loss_of)(p, x, present)
        updates, moments = optimizer.update(gradients, moments, p)
        p = optax.apply_updates(p, updates)
        averages = optax.incremental_update(p, averages, 1 - AVERAGE)
        return (p, averages, moments, (turn + 1) % BATCHES), loss

    p = {k: v for k, v in arrays.items() if k not in _DATA}
    p |= {f"{k}.bias": jnp.zeros(v.shape[-1]) for k, v in p.items()}
    widths = {"1": WIDTHS[0], "head": WIDTHS[1]}
    for stage, (width, depth) in enumerate(zip(WIDTHS, DEPTHS, strict=True)):
        names = [f"{stage}.{n}" for n in range(depth)]
        widths |= dict.fromkeys(names, width)
        p |= {f"{name}.scale": jnp.full(width, SCALE, jnp.float32) for name in names}
    p |= {f"{k}.norm": (jnp.ones(width), jnp.zeros(width)) for k, width in widths.items()}
    averages = jax.tree.map(jnp.copy, p)
    return step, (p, averages, optimizer.init(p), jnp.zeros((), jnp.int32))
