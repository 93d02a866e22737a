"""ResNet-18 for small images: batch norm with running statistics, momentum, weight decay.

Four stages of two basic blocks (16 to 128 channels) after a stem of 3 by 3, as He et al. (2015)
and everybody's CIFAR code have it, a quarter as wide; blocks begin as the
identity (Goyal et al., 2017). The images are gratings of ten directions in noise, 16 by 16, three
colours; half of them are flipped inside the step.

Kernels are stored (out, in, height, width) under the module's names. ``images`` (288, 3, 16, 16)
float32, ``labels`` (288,) int64, ``order`` (12, 24) int64, ``flip`` (12, 24) bool.
"""

import numpy as np

TITLE = "ResNet-18 on gratings"
TOLERANCE = 3e-3
BATCHES, BATCH, SIDE, CLASSES = 12, 24, 16, 10
WIDTHS, BLOCKS = (16, 32, 64, 128), 2
RATE, MOMENTUM, DECAY = 0.005, 0.9, 5e-4
SAMPLES_PER_STEP = BATCH
_DATA = ("images", "labels", "order", "flip")


def plan():
    """Name, channels in and out, and stride of every block."""
    n_in = WIDTHS[0]
    for stage, n_out in enumerate(WIDTHS):
        for n in range(BLOCKS):
            yield f"layer{stage + 1}.{n}", n_in, n_out, 2 if stage and not n else 1
            n_in = n_out


def gratings(rng, count):
    """Waves of one direction per class, with random phase, length, colour and noise."""
    labels = rng.integers(0, CLASSES, count)
    angle = (np.pi * labels / CLASSES)[:, None, None]
    y, x = np.mgrid[:SIDE, :SIDE]
    along = x * np.cos(angle) + y * np.sin(angle)
    phase, rate = rng.uniform(0, 6.28, (count, 1, 1)), rng.uniform(0.5, 1.0, (count, 1, 1))
    wave = np.sin(along * rate + phase)[:, None] * rng.uniform(0.3, 1, (count, 3, 1, 1))
    images = wave + 0.3 * rng.standard_normal((count, 3, SIDE, SIDE))
    return images.astype(np.float32), labels.astype(np.int64)


def inputs(rng):
    """Images, their order, and He-scaled kernels."""
    count = BATCHES * BATCH
    arrays = dict(zip(_DATA, gratings(rng, count), strict=False))
    arrays["order"] = rng.permutation(count).reshape(BATCHES, BATCH)
    arrays["flip"] = rng.random((BATCHES, BATCH)) < 0.5

    def kernel(name, n_in, n_out, side):
        scale = np.sqrt(2 / (side * side * n_out))
        weight = rng.standard_normal((n_out, n_in, side, side)) * scale
        arrays[f"{name}.weight"] = weight.astype(np.float32)

    kernel("conv1", 3, WIDTHS[0], 3)
    for name, n_in, n_out, stride in plan():
        kernel(f"{name}.conv1", n_in, n_out, 3)
        kernel(f"{name}.conv2", n_out, n_out, 3)
        if stride == 2:
            kernel(f"{name}.down", n_in, n_out, 1)
    fc = rng.uniform(-1, 1, (CLASSES, WIDTHS[-1])) * WIDTHS[-1] ** -0.5
    arrays["fc.weight"] = fc.astype(np.float32)
    arrays["fc.bias"] = np.zeros(CLASSES, np.float32)
    return arrays


def torch_step(arrays):
    """The model of the shelf with channels last in memory."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    def conv3(n_in, n_out, stride=1):
        return nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False)

    class BasicBlock(nn.Module):
        def __init__(self, n_in, n_out, stride):
            super().__init__()
            self.conv1, self.bn1 = conv3(n_in, n_out, stride), nn.BatchNorm2d(n_out)
            self.conv2, self.bn2 = conv3(n_out, n_out), nn.BatchNorm2d(n_out)
            nn.init.zeros_(self.bn2.weight)
            self.down = self.bn3 = None
            if stride != 1:
                self.down = nn.Conv2d(n_in, n_out, 1, stride, bias=False)
                self.bn3 = nn.BatchNorm2d(n_out)

        def forward(self, x):
            h = F.relu(self.bn1(self.conv1(x)), inplace=True)
            h = self.bn2(self.conv2(h))
            return F.relu(h + (x if self.down is None else self.bn3(self.down(x))))

    class ResNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.bn1 = conv3(3, WIDTHS[0]), nn.BatchNorm2d(WIDTHS[0])
            stages = [[] for _ in WIDTHS]
            for name, *shape in plan():
                stages[int(name[5]) - 1].append(BasicBlock(*shape))
            self.layer1, self.layer2, self.layer3, self.layer4 = (
                nn.Sequential(*blocks) for blocks in stages
            )
            self.fc = nn.Linear(WIDTHS[-1], CLASSES)

        def forward(self, x):
            x = F.relu(self.bn1(self.conv1(x)), inplace=True)
            x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
            return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))

    images, labels = arrays["images"], arrays["labels"]
    model = ResNet()
    weights = {k: v for k, v in arrays.items() if k not in _DATA}
    missing = model.load_state_dict(weights, strict=False)
    assert not missing.unexpected_keys
    model = model.to(images.device, memory_format=torch.channels_last).train()
    images = images.contiguous(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(
        model.parameters(), lr=RATE, momentum=MOMENTUM, weight_decay=DECAY, fused=True
    )
    turn = torch.zeros(1, dtype=torch.long, device=images.device)

    def step():
        rows, flip = (arrays[k].index_select(0, turn)[0] for k in ("order", "flip"))
        x = images[rows]
        x = torch.where(flip[:, None, None, None], x.flip(3), x)
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(model(x), labels[rows])
        loss.backward()
        optimizer.step()
        turn.add_(1).remainder_(BATCHES)
        return loss

    return step


def jax_step(arrays):
    """Kernels and images brought to JAX's layout once; running statistics are part of the state."""
    import jax
    import jax.numpy as jnp
    import optax

    optimizer = optax.chain(optax.add_decayed_weights(DECAY), optax.sgd(RATE, MOMENTUM))

    def conv(kernel, x, stride=1):
        pad = kernel.shape[0] // 2
        return jax.lax.conv_general_dilated(
            x, kernel, (stride,) * 2, [(pad, pad)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC")
        )

    def norm(p, running, name, x):
        count = x.size // x.shape[-1]
        mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
        unbiased = variance * count / (count - 1)
        old = running[name]
        running[name] = (0.9 * old[0] + 0.1 * mean, 0.9 * old[1] + 0.1 * unbiased)
        scale, shift = p[name]
        return (x - mean) * jax.lax.rsqrt(variance + 1e-5) * scale + shift

    def loss_of(p, running, x, labels):
        running = dict(running)
        x = jax.nn.relu(norm(p, running, "bn1", conv(p["conv1.weight"], x)))
        for name, _, _, stride in plan():
            h = conv(p[f"{name}.conv1.weight"], x, stride)
            h = jax.nn.relu(norm(p, running, f"{name}.bn1", h))
            h = norm(p, running, f"{name}.bn2", conv(p[f"{name}.conv2.weight"], h))
            if stride == 2:
                x = norm(p, running, f"{name}.bn3", conv(p[f"{name}.down.weight"], x, 2))
            x = jax.nn.relu(h + x)
        logits = x.mean((1, 2)) @ p["fc.weight"] + p["fc.bias"]
        loss = optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()
        return loss, running

    def step(state, arrays):
        p, running, moments, turn = state
        rows, flip = arrays["order"][turn], arrays["flip"][turn]
        x = arrays["images"][rows].transpose(0, 2, 3, 1)
        x = jnp.where(flip[:, None, None, None], x[:, :, ::-1], x)
        value_and_grad = jax.value_and_grad(loss_of, has_aux=True)
        (loss, running), gradients = value_and_grad(p, running, x, arrays["labels"][rows])
        updates, moments = optimizer.update(gradients, moments, p)
        p = optax.apply_updates(p, updates)
        return (p, running, moments, (turn + 1) % BATCHES), loss

    weights = {k: v for k, v in arrays.items() if k not in _DATA}
    p = {k: v.transpose(2, 3, 1, 0) if v.ndim == 4 else v.T for k, v in weights.items()}
    norms = {"bn1": WIDTHS[0]}
    for name, _, n_out, stride in plan():
        norms |= {f"{name}.bn{k}": n_out for k in ((1, 2, 3) if stride == 2 else (1, 2))}
    p |= {name: (jnp.ones(width), jnp.zeros(width)) for name, width in norms.items()}
    for name, _, n_out, _ in plan():
        p[f"{name}.bn2"] = (jnp.zeros(n_out), jnp.zeros(n_out))
    running = {name: (jnp.zeros(width), jnp.ones(width)) for name, width in norms.items()}
    return step, (p, running, optimizer.init(p), jnp.zeros((), jnp.int32))
