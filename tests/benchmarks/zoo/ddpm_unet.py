"""A small denoising diffusion model: a U-Net with timesteps, group norm, SiLU and attention.

Images of 16 by 16 in two resolutions (32, 64 channels), attention at 8 by 8 and in the middle,
nearest-neighbour upsampling, a cosine noise schedule, the noise as target (Ho et al., 2020;
Nichol & Dhariwal, 2021), and averaged weights. Noise and times are drawn beforehand.

Kernels are stored (height, width, in, out). ``images`` (256, 16, 16, 1), ``noise`` (8, 8, 16, 16,
1) float32; ``rows``, ``times`` (8, 8) int64; ``alphas`` (200,) float32, the share of signal.
"""

import numpy as np

TITLE = "Denoising diffusion on digits"
TOLERANCE = 2e-3
BATCHES, BATCH, SIDE, TIMES = 8, 8, 16, 200
BASE, WIDE, EMBEDDED, HEADS, GROUPS = 32, 64, 128, 4, 8
RATE, AVERAGE = 1e-3, 0.995
SAMPLES_PER_STEP = BATCH
_DATA = ("images", "noise", "rows", "times", "alphas")
# Residual blocks by name: channels in and out. Those named in ATTEND are followed by attention.
RESIDUAL = {
    "down1": (BASE, BASE),
    "down2": (BASE, WIDE),
    "middle": (WIDE, WIDE),
    "up2": (2 * WIDE, WIDE),
    "up1": (WIDE + BASE, BASE),
}
ATTEND = ("down2", "middle")
PLAIN = {"stem": (1, BASE), "reduce": (BASE, BASE), "grow": (WIDE, WIDE), "out": (BASE, 1)}


def inputs(rng):
    """Digits between -1 and 1, draws for eight batches, kernels scaled by 1 / sqrt(fan-in)."""
    from sklearn.datasets import load_digits

    chosen = rng.permutation(1797)[:256]
    images = np.kron(load_digits().images[chosen] / 8 - 1, np.ones((2, 2)))
    angle = (np.arange(1, TIMES + 1) / TIMES + 0.008) / 1.008 * np.pi / 2
    arrays = {
        "images": images[..., None],
        "noise": rng.standard_normal((BATCHES, BATCH, SIDE, SIDE, 1)),
        "rows": rng.integers(0, 256, (BATCHES, BATCH)),
        "times": rng.integers(0, TIMES, (BATCHES, BATCH)),
        "alphas": np.cos(angle) ** 2,
    }

    def weight(name, *shape):
        arrays[name] = rng.standard_normal(shape) * np.prod(shape[:-1]) ** -0.5

    weight("time1", BASE, EMBEDDED)
    weight("time2", EMBEDDED, EMBEDDED)
    for name, shape in PLAIN.items():
        weight(name, 3, 3, *shape)
    for name, (n_in, n_out) in RESIDUAL.items():
        weight(f"{name}.conv1", 3, 3, n_in, n_out)
        weight(f"{name}.time", EMBEDDED, n_out)
        weight(f"{name}.conv2", 3, 3, n_out, n_out)
        if n_in != n_out:
            weight(f"{name}.skip", 1, 1, n_in, n_out)
    for name in ATTEND:
        weight(f"{name}.qkv", 1, 1, WIDE, 3 * WIDE)
        weight(f"{name}.proj", 1, 1, WIDE, WIDE)
    return {k: a if a.dtype == np.int64 else a.astype(np.float32) for k, a in arrays.items()}


def torch_step(arrays):
    """Modules as in the reference code; ``AveragedModel`` keeps the averages."""
    import torch
    import torch.nn.functional as F
    from torch import nn
    from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

    def conv(name, stride=1):
        side, _, n_in, n_out = arrays[name].shape
        layer = nn.Conv2d(n_in, n_out, side, stride, side // 2)
        layer.weight = nn.Parameter(arrays[name].permute(3, 2, 0, 1).contiguous().clone())
        nn.init.zeros_(layer.bias)
        return layer

    def linear(name):
        layer = nn.Linear(*arrays[name].shape)
        layer.weight = nn.Parameter(arrays[name].T.contiguous().clone())
        nn.init.zeros_(layer.bias)
        return layer

    class Attention(nn.Module):
        def __init__(self, name):
            super().__init__()
            self.norm = nn.GroupNorm(GROUPS, WIDE)
            self.qkv, self.proj = conv(f"{name}.qkv"), conv(f"{name}.proj")

        def forward(self, x):
            qkv = self.qkv(self.norm(x)).unflatten(1, (3, HEADS, -1)).flatten(4)
            q, k, v = qkv.transpose(3, 4).unbind(1)
            y = F.scaled_dot_product_attention(q, k, v)
            return x + self.proj(y.transpose(2, 3).reshape(x.shape))

    class Residual(nn.Module):
        def __init__(self, name):
            super().__init__()
            n_in, n_out = RESIDUAL[name]
            self.norm1, self.norm2 = nn.GroupNorm(GROUPS, n_in), nn.GroupNorm(GROUPS, n_out)
            self.conv1, self.conv2 = conv(f"{name}.conv1"), conv(f"{name}.conv2")
            self.time = linear(f"{name}.time")
            self.skip = conv(f"{name}.skip") if n_in != n_out else nn.Identity()
            self.attention = Attention(name) if name in ATTEND else nn.Identity()

        def forward(self, x, time):
            h = self.conv1(F.silu(self.norm1(x))) + self.time(time)[:, :, None, None]
            h = self.conv2(F.silu(self.norm2(h)))
            return self.attention(h + self.skip(x))

    class UNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.time = nn.Sequential(linear("time1"), nn.SiLU(), linear("time2"), nn.SiLU())
            self.stem, self.grow, self.out = conv("stem"), conv("grow"), conv("out")
            self.reduce = conv("reduce", stride=2)
            self.blocks = nn.ModuleDict({name: Residual(name) for name in RESIDUAL})
            self.norm = nn.GroupNorm(GROUPS, BASE)
            waves = torch.exp(-np.log(10000.0) * torch.arange(BASE // 2) / (BASE // 2))
            self.register_buffer("waves", waves.float())

        def forward(self, x, t):
            angle = t[:, None] * self.waves
            t = self.time(torch.cat((angle.sin(), angle.cos()), dim=1))
            block = self.blocks
            high = block["down1"](self.stem(x), t)
            low = block["down2"](self.reduce(high), t)
            h = torch.cat((block["middle"](low, t), low), dim=1)
            h = F.interpolate(block["up2"](h, t), scale_factor=2.0, mode="nearest")
            h = block["up1"](torch.cat((self.grow(h), high), dim=1), t)
            return self.out(F.silu(self.norm(h)))

    device = arrays["images"].device
    model = UNet().to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.0, fused=True)
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(AVERAGE))
    turn = torch.zeros(1, dtype=torch.long, device=device)

    def step():
        noise, rows, t = (arrays[k].index_select(0, turn)[0] for k in _DATA[1:4])
        share = arrays["alphas"][t].view(-1, 1, 1, 1)
        x = share.sqrt() * arrays["images"][rows] + (1 - share).sqrt() * noise
        guess = model(x.permute(0, 3, 1, 2).contiguous(), t)
        loss = F.mse_loss(guess, noise.permute(0, 3, 1, 2))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        averaged.update_parameters(model)
        turn.add_(1).remainder_(BATCHES)
        return loss

    return step


def jax_step(arrays):
    """Blocks as functions of one dict of weights, channels last."""
    import jax
    import jax.numpy as jnp
    import optax

    optimizer = optax.adamw(RATE, weight_decay=0.0)

    def conv(p, name, x, stride=1):
        pad = p[name].shape[0] // 2
        layout = ("NHWC", "HWIO", "NHWC")
        y = jax.lax.conv_general_dilated(
            x, p[name], (stride, stride), [(pad, pad)] * 2, dimension_numbers=layout
        )
        return y + p[f"{name}.bias"]

    def norm(p, name, x):
        grouped = x.reshape(*x.shape[:3], GROUPS, -1)
        normal = jax.nn.standardize(grouped, axis=(1, 2, 4), epsilon=1e-5).reshape(x.shape)
        return normal * p[f"{name}.scale"] + p[f"{name}.shift"]

    def dense(p, name, x):
        return x @ p[name] + p[f"{name}.bias"]

    def residual(p, name, x, time):
        h = conv(p, f"{name}.conv1", jax.nn.silu(norm(p, f"{name}.norm1", x)))
        h = h + dense(p, f"{name}.time", time)[:, None, None]
        h = conv(p, f"{name}.conv2", jax.nn.silu(norm(p, f"{name}.norm2", h)))
        x = h + (conv(p, f"{name}.skip", x) if f"{name}.skip" in p else x)
        if name not in ATTEND:
            return x
        qkv = conv(p, f"{name}.qkv", norm(p, f"{name}.norm3", x))
        q, k, v = jnp.moveaxis(qkv.reshape(len(x), -1, 3, HEADS, WIDE // HEADS), 2, 0)
        y = jax.nn.dot_product_attention(q, k, v)
        return x + conv(p, f"{name}.proj", y.reshape(x.shape))

    def loss_of(p, x, t, noise):
        waves = jnp.exp(-jnp.log(10000.0) * jnp.arange(BASE // 2) / (BASE // 2))
        angle = t[:, None] * waves
        t = jax.nn.silu(dense(p, "time1", jnp.concatenate((jnp.sin(angle), jnp.cos(angle)), 1)))
        t = jax.nn.silu(dense(p, "time2", t))
        high = residual(p, "down1", conv(p, "stem", x), t)
        low = residual(p, "down2", conv(p, "reduce", high, 2), t)
        h = jnp.concatenate((residual(p, "middle", low, t), low), -1)
        h = jnp.repeat(jnp.repeat(residual(p, "up2", h, t), 2, axis=1), 2, axis=2)
        h = residual(p, "up1", jnp.concatenate((conv(p, "grow", h), high), -1), t)
        guess = conv(p, "out", jax.nn.silu(norm(p, "out", h)))
        return jnp.mean((guess - noise) ** 2)

    def step(state, arrays):
        p, averages, moments, turn = state
        noise, rows, t = (arrays[k][turn] for k in _DATA[1:4])
        share = arrays["alphas"][t][:, None, None, None]
        x = jnp.sqrt(share) * arrays["images"][rows] + jnp.sqrt(1 - share) * noise
        loss, gradients = jax.value_and_grad(loss_of)(p, x, t, noise)
        updates, moments = optimizer.update(gradients, moments, p)
        p = optax.apply_updates(p, updates)
        # The first average is the weights themselves.
        rate = jnp.where(moments[0].count == 1, 1.0, 1 - AVERAGE)
        averages = optax.incremental_update(p, averages, rate)
        return (p, averages, moments, (turn + 1) % BATCHES), loss

    p = {k: v for k, v in arrays.items() if k not in _DATA}
    p |= {f"{k}.bias": jnp.zeros(v.shape[-1]) for k, v in p.items()}
    widths = {"out": BASE}
    for name, (n_in, n_out) in RESIDUAL.items():
        widths |= {f"{name}.norm1": n_in, f"{name}.norm2": n_out}
        widths |= {f"{name}.norm3": n_out} if name in ATTEND else {}
    for name, width in widths.items():
        p |= {f"{name}.scale": jnp.ones(width), f"{name}.shift": jnp.zeros(width)}
    averages = jax.tree.map(jnp.copy, p)
    return step, (p, averages, optimizer.init(p), jnp.zeros((), jnp.int32))
