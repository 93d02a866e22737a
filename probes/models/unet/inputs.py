"""Training step of a denoising diffusion model: a U-Net that predicts the noise of an image.

Down and up through one level for each of ``widths`` (its channels), halving the image between
levels: ``blocks`` residual blocks per level on the way down and one more on the way up, each up
block fed with what its counterpart below gave out; two blocks in the middle. A residual block is
twice group norm (at most 32 groups, of at least four channels), SiLU and a 3x3 convolution, with
the embedded time added in between. With ``attention`` every block of the last level and the first
of the middle is followed by attention over all pixels, of one head. Mean squared error of the
noise; Adam at 2e-4, the gradient's norm clipped at 1 (Ho et al., 2020).

Shapes: ``x`` and ``noise`` (batches, batch, image, image, channels) float32; ``time`` (batches,
batch) int64 of 1000 steps; ``schedule`` (1000, 2) float32, the factors of image and noise of every
step; kernels (height, width, in, out) of standard deviation 1 / sqrt(height * width * in).

Stands for: diffusion models on pixels or latents, and U-Nets of segmentation. Limits: float32, no
dropout, no moving average of the weights, no conditioning on text, noise drawn outside the step.

FLOP count: 2 multiply-adds per kernel element and output pixel, 4 * pixels per pixel and channel
of attention, three times that with the backward pass, less the input gradient of the first layer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from probes.model import (
    BATCHES,
    JAX_IMAGES,
    TORCH_IMAGES,
    Key,
    Model,
    Preset,
    Size,
    normal,
)
from probes.workload import Arrays, Tolerance

LEARNING_RATE = 2e-4
CLIP = 1.0
EPSILON = 1e-5
STEPS = 1000

KEYS = (
    Key("image", "pixels of a side", 28, 4, 1024),
    Key("channels", "channels of the image", 1, 1, 256),
    # Narrower ones can damage memory in PyTorch on processors with AVX2 only:
    # https://github.com/uxlfoundation/oneDNN/issues/6035
    Key("widths", "channels of the levels", [28, 56, 112], 16, 8192, longest=6),
    Key("blocks", "residual blocks of each level", 2, 1, 16),
    Key("batch", "images", 16, 1, 65536),
    Key("attention", "attention in the last level", default=True, choices=(True, False)),
)

_DDPM = "Ho et al., Denoising Diffusion Probabilistic Models, arXiv 2006.11239"
PRESETS = (
    Preset(
        "fashion_mnist",
        "a small U-Net on Fashion-MNIST",
        {},
        "Rogge and Rasul, The Annotated Diffusion Model",
        "2022-06",
        "batch of 16 instead of 128, attention in the last level only",
    ),
    Preset(
        "ddpm_cifar10",
        "DDPM on CIFAR-10 (36 million)",
        {"image": 32, "channels": 3, "widths": [128, 256, 256, 256], "batch": 128},
        f"{_DDPM}, appendix B",
        "2020-06",
        "attention at 4 instead of 16 pixels, no dropout",
    ),
    Preset(
        "ldm4_celeba",
        "latent diffusion on faces (274 million)",
        {"image": 64, "channels": 3, "widths": [224, 448, 672, 896], "batch": 48},
        "Rombach et al., High-Resolution Image Synthesis, arXiv 2112.10752, appendix",
        "2021-12",
        "attention in the last level only",
    ),
)


@dataclass(frozen=True)
class Block:
    """One residual block at *side* pixels, and whether attention follows.

    `skipped` of its input's channels come from the way down.
    """

    name: str
    n_in: int
    n_out: int
    side: int
    attention: bool
    skipped: int = 0


@dataclass(frozen=True)
class Change:
    """A convolution that halves or follows a doubling of the image, which has *side* after it."""

    name: str
    width: int
    side: int


def time_width(size: Size) -> int:
    """Features of the embedded time."""
    return 4 * int(size["widths"][0])


def way_down(size: Size) -> list[Block | Change]:
    """Blocks and halvings in order; what each gives out is kept for the way up."""
    stages: list[Block | Change] = []
    width, last = size["widths"][0], len(size["widths"]) - 1
    for level, n_out in enumerate(size["widths"]):
        side = size["image"] >> level
        attends = bool(size["attention"]) and level == last
        for _ in range(size["blocks"]):
            stages.append(Block(f"down.{len(stages)}", width, n_out, side, attends))
            width = n_out
        if level < last:
            stages.append(Change(f"down.{len(stages)}", width, side // 2))
    return stages


def middle(size: Size) -> list[Block]:
    """Two blocks at the lowest resolution, with attention after the first of them."""
    width, side = size["widths"][-1], size["image"] >> (len(size["widths"]) - 1)
    attends = bool(size["attention"])
    return [Block(f"middle.{n}", width, width, side, attends and n == 0) for n in (0, 1)]


def way_up(size: Size) -> list[Block | Change]:
    """Blocks and doublings in order; each block takes the last of what is kept."""
    down = way_down(size)
    kept = [size["widths"][0]]
    kept += [part.n_out if isinstance(part, Block) else part.width for part in down]
    stages: list[Block | Change] = []
    width, last = size["widths"][-1], len(size["widths"]) - 1
    for level in reversed(range(last + 1)):
        n_out, side = size["widths"][level], size["image"] >> level
        attends = bool(size["attention"]) and level == last
        for _ in range(size["blocks"] + 1):
            skipped = kept.pop()
            name = f"up.{len(stages)}"
            stages.append(Block(name, width + skipped, n_out, side, attends, skipped))
            width = n_out
        if level > 0:
            stages.append(Change(f"up.{len(stages)}", width, 2 * side))
    return stages


def parts(size: Size) -> list[Block | Change]:
    """All blocks and changes of resolution, in order."""
    return [*way_down(size), *middle(size), *way_up(size)]


def fits(size: Size) -> str | None:
    """The image has to be halved exactly between all levels."""
    halvings = len(size["widths"]) - 1
    if size["image"] % 2**halvings:
        return f"image is {size['image']}; {halvings + 1} levels need a multiple of {2**halvings}"
    return None


def layers(size: Size) -> dict[str, tuple[int, ...]]:
    """Shapes of all kernels (side, side, in, out) and dense weights (in, out) by name."""
    first, wide = size["widths"][0], time_width(size)
    shapes: dict[str, tuple[int, ...]] = {
        "time.0": (first, wide),
        "time.1": (wide, wide),
        "first": (3, 3, size["channels"], first),
        "last": (3, 3, first, size["channels"]),
    }
    for part in parts(size):
        if isinstance(part, Change):
            shapes[part.name] = (3, 3, part.width, part.width)
            continue
        shapes[f"{part.name}.conv1"] = (3, 3, part.n_in, part.n_out)
        shapes[f"{part.name}.time"] = (wide, part.n_out)
        shapes[f"{part.name}.conv2"] = (3, 3, part.n_out, part.n_out)
        if part.n_in != part.n_out:
            shapes[f"{part.name}.shortcut"] = (1, 1, part.n_in, part.n_out)
        if part.attention:
            shapes[f"{part.name}.qkv"] = (1, 1, part.n_out, 3 * part.n_out)
            shapes[f"{part.name}.project"] = (1, 1, part.n_out, part.n_out)
    return shapes


def norms(size: Size) -> dict[str, int]:
    """Channels of all group norms by name."""
    channels = {"norm": size["widths"][0]}
    for part in parts(size):
        if isinstance(part, Block):
            channels[f"{part.name}.norm1"] = part.n_in
            channels[f"{part.name}.norm2"] = part.n_out
            if part.attention:
                channels[f"{part.name}.norm3"] = part.n_out
    return channels


def schedule() -> NDArray[np.float32]:
    """Factors of image and noise of every step, variances growing linearly (Ho et al., 2020)."""
    kept = np.cumprod(1 - np.linspace(1e-4, 0.02, STEPS))
    return np.stack([np.sqrt(kept), np.sqrt(1 - kept)], axis=1).astype(np.float32)


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """Weights, normalisation at one and zero, and batches of images, noise and times."""
    arrays: Arrays = {}
    for name, shape in layers(size).items():
        arrays[f"{name}.weight"] = normal(rng, shape, math.prod(shape[:-1]) ** -0.5)
        arrays[f"{name}.bias"] = np.zeros(shape[-1], np.float32)
    for name, channels in norms(size).items():
        arrays[f"{name}.weight"] = np.ones(channels, np.float32)
        arrays[f"{name}.bias"] = np.zeros(channels, np.float32)
    shape = (BATCHES, size["batch"], size["image"], size["image"], size["channels"])
    arrays["x"] = normal(rng, shape)
    arrays["noise"] = normal(rng, shape)
    arrays["time"] = rng.integers(0, STEPS, shape[:2])
    arrays["schedule"] = schedule()
    return arrays


def flops(size: Size) -> float:
    """Floating-point operations of one training step, products and convolutions."""
    sides = {"first": size["image"], "last": size["image"], "time": 1}
    attention = 0.0
    for part in parts(size):
        sides[part.name] = part.side
        if isinstance(part, Block) and part.attention:
            attention += 4.0 * part.side**4 * part.n_out
    total = attention
    for name, shape in layers(size).items():
        owner = name if name in sides else name.rpartition(".")[0]
        pixels = 1 if name.endswith(".time") else sides[owner] ** 2
        total += 2.0 * math.prod(shape) * pixels
    first = 2.0 * 9 * size["channels"] * size["widths"][0] * size["image"] ** 2
    return float(size["batch"] * (3 * total - first))


MODEL = Model(
    id="unet",
    title="Diffusion U-Net, training",
    stands_for="diffusion models on pixels or latents, and U-Nets",
    limits="float32, no dropout, no average of the weights, no conditioning on text",
    keys=KEYS,
    depth="blocks",
    presets=PRESETS,
    tiny={"image": 8, "channels": 3, "widths": [16, 32], "blocks": 1, "batch": 3},
    inputs=inputs,
    flops=flops,
    samples_per_step=lambda size: float(size["batch"]),
    sample="image",
    fits=fits,
    pytorch=TORCH_IMAGES,
    jax=JAX_IMAGES,
    tolerance=Tolerance(forward=1e-4, grad=1e-3, curve=2e-3),
)
