"""A small vision transformer: class token, layer scale, stochastic depth, label smoothing.

Handwritten digits of scikit-learn (Alpaydin & Kaynak, 1998, UCI), enlarged to 32 by 32 and cut
at random out of a frame of 40 by 40 inside the step. Patches of 8 by 8, four blocks of width 96.
Which blocks a sample skips and where it is cut is drawn beforehand.

Weights are stored (in, out). ``images`` (512, 40, 40) uint8, ``labels`` (512,) int64, ``rows``
(12, 32), ``corners`` (12, 32, 2) int64, ``keep`` (12, 4, 32) float32.
"""

import numpy as np

TITLE = "Vision transformer on digits"
TOLERANCE = 2e-3
BATCHES, BATCH, SIDE, FRAME, PATCH, CLASSES = 12, 32, 32, 40, 8, 10
LAYERS, WIDTH, HEADS, PLACES = 4, 96, 3, 17
RATE, DECAY, SMOOTHING, MOST_SKIPPED = 1e-3, 0.05, 0.1, 0.2
SAMPLES_PER_STEP = BATCH
_DATA = ("images", "labels", "rows", "corners", "keep")


def inputs(rng):
    """Digits in a frame, twelve batches of them, and weights."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    chosen = rng.permutation(len(digits.target))[:512]
    large = np.kron(digits.images[chosen], np.ones((4, 4))) * 15
    kept = 1 - MOST_SKIPPED * np.arange(LAYERS)[:, None] / (LAYERS - 1)
    arrays = {
        "images": np.pad(large, ((0, 0), (4, 4), (4, 4))).astype(np.uint8),
        "labels": digits.target[chosen].astype(np.int64),
        "rows": rng.integers(0, 512, (BATCHES, BATCH)),
        "corners": rng.integers(0, FRAME - SIDE + 1, (BATCHES, BATCH, 2)),
        "keep": ((rng.random((BATCHES, LAYERS, BATCH)) < kept) / kept).astype(np.float32),
    }

    def normal(*shape):
        return (rng.standard_normal(shape) * shape[0] ** -0.5).astype(np.float32)

    arrays |= {"patch": normal(PATCH * PATCH, WIDTH), "head": normal(WIDTH, CLASSES)}
    arrays["cls"] = (rng.standard_normal(WIDTH) * 0.02).astype(np.float32)
    arrays["pos"] = (rng.standard_normal((PLACES, WIDTH)) * 0.02).astype(np.float32)
    for n in range(LAYERS):
        arrays |= {f"{n}.qkv": normal(WIDTH, 3 * WIDTH), f"{n}.out": normal(WIDTH, WIDTH)}
        arrays |= {f"{n}.fc1": normal(WIDTH, 4 * WIDTH), f"{n}.fc2": normal(4 * WIDTH, WIDTH)}
    return arrays


def torch_step(arrays):
    """Patches by a strided convolution, crops by indexing."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    def linear(name):
        layer = nn.Linear(*arrays[name].shape)
        layer.weight = nn.Parameter(arrays[name].T.contiguous().clone())
        nn.init.zeros_(layer.bias)
        return layer

    class Block(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(WIDTH, 1e-6), nn.LayerNorm(WIDTH, 1e-6)
            self.qkv, self.out = linear(f"{n}.qkv"), linear(f"{n}.out")
            self.fc1, self.fc2 = linear(f"{n}.fc1"), linear(f"{n}.fc2")
            self.scale1, self.scale2 = (nn.Parameter(torch.full((WIDTH,), 0.1)) for _ in range(2))

        def forward(self, x, keep):
            qkv = self.qkv(self.norm1(x)).unflatten(-1, (3, HEADS, -1))
            q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
            y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
            x = x + keep * self.scale1 * self.out(y)
            return x + keep * self.scale2 * self.fc2(F.gelu(self.fc1(self.norm2(x))))

    class ViT(nn.Module):
        def __init__(self):
            super().__init__()
            self.patch = nn.Conv2d(1, WIDTH, PATCH, PATCH)
            kernel = arrays["patch"].T.reshape(WIDTH, 1, PATCH, PATCH)
            self.patch.weight = nn.Parameter(kernel.contiguous().clone())
            nn.init.zeros_(self.patch.bias)
            self.cls = nn.Parameter(arrays["cls"].clone())
            self.pos = nn.Parameter(arrays["pos"].clone())
            self.blocks = nn.ModuleList(Block(n) for n in range(LAYERS))
            self.norm, self.head = nn.LayerNorm(WIDTH, 1e-6), linear("head")

        def forward(self, x, keep):
            x = self.patch(x).flatten(2).transpose(1, 2)
            x = torch.cat((self.cls.expand(len(x), 1, -1), x), dim=1) + self.pos
            for block, kept in zip(self.blocks, keep, strict=True):
                x = block(x, kept[:, None, None])
            return self.head(self.norm(x[:, 0]))

    device = arrays["images"].device
    model = ViT().to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY, fused=True)
    criterion = nn.CrossEntropyLoss(label_smoothing=SMOOTHING)
    turn = torch.zeros(1, dtype=torch.long, device=device)
    span = torch.arange(SIDE, device=device)

    def step():
        rows, corners, keep = (arrays[k].index_select(0, turn)[0] for k in _DATA[2:])
        top, left = (corners[:, None, :] + span[:, None]).unbind(-1)
        cut = arrays["images"][rows[:, None, None], top[:, :, None], left[:, None, :]]
        x = (cut.float() / 255 - 0.5).unsqueeze(1)
        optimizer.zero_grad(set_to_none=True)
        loss = criterion(model(x, keep), arrays["labels"][rows])
        loss.backward()
        optimizer.step()
        turn.add_(1).remainder_(BATCHES)
        return loss

    return step


def jax_step(arrays):
    """Patches by a reshape and a product, crops by a mapped dynamic slice."""
    import jax
    import jax.numpy as jnp
    import optax

    optimizer = optax.adamw(RATE, weight_decay=DECAY)

    def norm(p, name, x):
        normal = jax.nn.standardize(x, axis=-1, epsilon=1e-6)
        return normal * p[f"{name}.weight"] + p[f"{name}.bias"]

    def dense(p, name, x):
        return x @ p[name] + p[f"{name}.bias"]

    def block(p, n, x, keep):
        qkv = dense(p, f"{n}.qkv", norm(p, f"{n}.norm1", x)).reshape(BATCH, PLACES, 3, HEADS, -1)
        y = jax.nn.dot_product_attention(*jnp.moveaxis(qkv, 2, 0)).reshape(x.shape)
        x = x + keep * p[f"{n}.scale1"] * dense(p, f"{n}.out", y)
        h = jax.nn.gelu(dense(p, f"{n}.fc1", norm(p, f"{n}.norm2", x)), approximate=False)
        return x + keep * p[f"{n}.scale2"] * dense(p, f"{n}.fc2", h)

    def loss_of(p, x, labels, keep):
        grid = SIDE // PATCH
        x = x.reshape(BATCH, grid, PATCH, grid, PATCH).swapaxes(2, 3)
        x = dense(p, "patch", x.reshape(BATCH, grid * grid, PATCH * PATCH))
        cls = jnp.broadcast_to(p["cls"], (BATCH, 1, WIDTH))
        x = jnp.concatenate((cls, x), axis=1) + p["pos"]
        for n in range(LAYERS):
            x = block(p, n, x, keep[n][:, None, None])
        logits = dense(p, "head", norm(p, "norm", x[:, 0]))
        targets = optax.smooth_labels(jax.nn.one_hot(labels, CLASSES), SMOOTHING)
        return optax.softmax_cross_entropy(logits, targets).mean()

    def step(state, arrays):
        p, moments, turn = state
        rows, corners, keep = (arrays[k][turn] for k in _DATA[2:])
        cut = jax.vmap(lambda image, at: jax.lax.dynamic_slice(image, at, (SIDE, SIDE)))
        x = cut(arrays["images"][rows], corners).astype(jnp.float32) / 255 - 0.5
        loss, gradients = jax.value_and_grad(loss_of)(p, x, arrays["labels"][rows], keep)
        updates, moments = optimizer.update(gradients, moments, p)
        return (optax.apply_updates(p, updates), moments, (turn + 1) % BATCHES), loss

    p = {k: v for k, v in arrays.items() if k not in _DATA}
    p |= {f"{k}.bias": jnp.zeros(v.shape[1]) for k, v in p.items() if k not in ("cls", "pos")}
    for name in ["norm", *(f"{n}.norm{k}" for n in range(LAYERS) for k in (1, 2))]:
        p |= {f"{name}.weight": jnp.ones(WIDTH), f"{name}.bias": jnp.zeros(WIDTH)}
    p |= {f"{n}.scale{k}": jnp.full(WIDTH, 0.1, jnp.float32) for n in range(LAYERS) for k in (1, 2)}
    return step, (p, optimizer.init(p), jnp.zeros((), jnp.int32))
