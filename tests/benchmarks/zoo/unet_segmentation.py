"""A U-Net that finds blobs: instance norm, leaky ReLU, pooling, transposed convolutions, Dice.

Two convolutions per level (8, 16, 32 channels) on images of 32 by 32, as in Ronneberger et al.
(2015) with the norm and slope of nnU-Net; the loss is cross entropy plus soft Dice. Ellipses on a
noisy ground, other ones at every step.

Kernels are stored (height, width, in, out), transposed ones as ``jax.lax.conv_transpose`` takes
them. ``images`` and ``masks`` (8, 12, 32, 32, 1) float32.
"""

import numpy as np

TITLE = "Segmentation U-Net on ellipses"
TOLERANCE = 2e-3
BATCHES, BATCH, SIDE, WIDTHS, SLOPE = 8, 12, 32, (8, 16, 32), 0.01
RATE, EPSILON = 2e-3, 1e-5
SAMPLES_PER_STEP = BATCH


def scene(rng):
    """An image and the mask of its one to three ellipses."""
    mask = np.zeros((SIDE, SIDE), bool)
    for _ in range(rng.integers(1, 4)):
        y, x = np.mgrid[:SIDE, :SIDE] - rng.uniform(6, SIDE - 6, (2, 1, 1))
        angle, a, b = rng.uniform(0, 3.14), rng.uniform(3, 8), rng.uniform(3, 8)
        u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        mask |= (u / a) ** 2 + (v / b) ** 2 < 1
    image = rng.uniform(0.3, 1) * mask + rng.uniform(-0.3, 0.3)
    return image + 0.4 * rng.standard_normal((SIDE, SIDE)), mask


def inputs(rng):
    """Scenes and He-scaled kernels."""
    scenes = [scene(rng) for _ in range(BATCHES * BATCH)]
    stacked = np.array(scenes, np.float32).reshape(BATCHES, BATCH, 2, SIDE, SIDE, 1)
    arrays = {"images": stacked[:, :, 0], "masks": stacked[:, :, 1]}

    def kernel(name, side, n_in, n_out):
        scale = (2 / (side * side * n_in)) ** 0.5
        weight = rng.standard_normal((side, side, n_in, n_out)) * scale
        arrays[name] = weight.astype(np.float32)

    n_in = 1
    for level, width in enumerate(WIDTHS):
        kernel(f"down{level}.1", 3, n_in, width)
        kernel(f"down{level}.2", 3, width, width)
        n_in = width
    for level, width in reversed(list(enumerate(WIDTHS[:-1]))):
        kernel(f"grow{level}", 2, n_in, width)
        kernel(f"up{level}.1", 3, 2 * width, width)
        kernel(f"up{level}.2", 3, width, width)
        n_in = width
    kernel("out", 1, WIDTHS[0], 1)
    return arrays


def torch_step(arrays):
    """Plain modules, images with channels first."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    def conv(name):
        side, _, n_in, n_out = arrays[name].shape
        layer = nn.Conv2d(n_in, n_out, side, padding=side // 2)
        kernel = arrays[name].permute(3, 2, 0, 1)
        if side == 2:
            layer = nn.ConvTranspose2d(n_in, n_out, side, stride=side)
            # A scattered kernel is a gathered one that is turned round.
            kernel = arrays[name].flip(0, 1).permute(2, 3, 0, 1)
        layer.weight = nn.Parameter(kernel.contiguous().clone())
        nn.init.zeros_(layer.bias)
        return layer

    class DoubleConv(nn.Sequential):
        def __init__(self, name):
            layers = []
            for part in (f"{name}.1", f"{name}.2"):
                norm = nn.InstanceNorm2d(arrays[part].shape[-1], affine=True)
                layers += [conv(part), norm, nn.LeakyReLU(SLOPE, inplace=True)]
            super().__init__(*layers)

    class UNet(nn.Module):
        def __init__(self):
            super().__init__()
            steps = range(len(WIDTHS) - 1)
            self.down = nn.ModuleList(DoubleConv(f"down{n}") for n in range(len(WIDTHS)))
            self.grow = nn.ModuleList(conv(f"grow{n}") for n in steps)
            self.up = nn.ModuleList(DoubleConv(f"up{n}") for n in steps)
            self.out = conv("out")

        def forward(self, x):
            kept = []
            for level, block in enumerate(self.down):
                x = block(F.max_pool2d(x, 2) if level else x)
                kept.append(x)
            kept.pop()
            for grow, up in zip(reversed(self.grow), reversed(self.up), strict=True):
                x = up(torch.cat((kept.pop(), grow(x)), dim=1))
            return self.out(x)

    device = arrays["images"].device
    model = UNet().to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, fused=True)
    turn = torch.zeros(1, dtype=torch.long, device=device)

    def step():
        images, masks = (
            arrays[k].index_select(0, turn)[0].permute(0, 3, 1, 2) for k in ("images", "masks")
        )
        logits = model(images)
        share = logits.sigmoid()
        overlap = (share * masks).sum((1, 2, 3))
        dice = (2 * overlap + 1) / (share.sum((1, 2, 3)) + masks.sum((1, 2, 3)) + 1)
        loss = F.binary_cross_entropy_with_logits(logits, masks) + 1 - dice.mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        turn.add_(1).remainder_(BATCHES)
        return loss

    return step


def jax_step(arrays):
    """Levels as a loop over names."""
    import jax
    import jax.numpy as jnp
    import optax

    optimizer = optax.adam(RATE)
    layout = ("NHWC", "HWIO", "NHWC")

    def conv(p, name, x):
        y = jax.lax.conv_general_dilated(x, p[name], (1, 1), "SAME", dimension_numbers=layout)
        return y + p[f"{name}.bias"]

    def double(p, name, x):
        for part in (f"{name}.1", f"{name}.2"):
            x = jax.nn.standardize(conv(p, part, x), axis=(1, 2), epsilon=EPSILON)
            x = jax.nn.leaky_relu(x * p[f"{part}.scale"] + p[f"{part}.shift"], SLOPE)
        return x

    def loss_of(p, x, masks):
        window = (1, 2, 2, 1)
        kept = [double(p, "down0", x)]
        for level in range(1, len(WIDTHS)):
            x = jax.lax.reduce_window(kept[-1], -jnp.inf, jax.lax.max, window, window, "VALID")
            kept.append(double(p, f"down{level}", x))
        x = kept.pop()
        for level in reversed(range(len(WIDTHS) - 1)):
            kernel, bias = p[f"grow{level}"], p[f"grow{level}.bias"]
            x = jax.lax.conv_transpose(x, kernel, (2, 2), "VALID", dimension_numbers=layout) + bias
            x = double(p, f"up{level}", jnp.concatenate((kept.pop(), x), -1))
        logits = conv(p, "out", x)
        share = jax.nn.sigmoid(logits)
        overlap, area = (share * masks).sum((1, 2, 3)), (share + masks).sum((1, 2, 3))
        dice = (2 * overlap + 1) / (area + 1)
        return optax.sigmoid_binary_cross_entropy(logits, masks).mean() + 1 - dice.mean()

    def step(state, arrays):
        p, moments, turn = state
        batch = arrays["images"][turn], arrays["masks"][turn]
        loss, gradients = jax.value_and_grad(loss_of)(p, *batch)
        updates, moments = optimizer.update(gradients, moments, p)
        return (optax.apply_updates(p, updates), moments, (turn + 1) % BATCHES), loss

    kernels = {k: v for k, v in arrays.items() if k not in ("images", "masks")}
    p = dict(kernels)
    for name, kernel in kernels.items():
        width = kernel.shape[-1]
        p[f"{name}.bias"] = jnp.zeros(width)
        if "." in name:
            p |= {f"{name}.scale": jnp.ones(width), f"{name}.shift": jnp.zeros(width)}
    return step, (p, optimizer.init(p), jnp.zeros((), jnp.int32))
