"""Training step of a convolutional classifier: residual stages, SGD with momentum.

A stem, one stage of ``blocks`` blocks for each of ``widths`` (the channels that it gives out),
halving the image between stages; mean over the image, a dense layer, cross-entropy. Images of at
least 96 pixels have the stem of the ImageNet networks (7x7, stride 2, then 3x3 pooling with
stride 2), smaller ones a 3x3 convolution. Blocks: ``basic`` (two 3x3) and ``bottleneck`` (1x1 to
a quarter, 3x3, 1x1 back; He et al., 2016), with a projected shortcut where the shape changes;
``depthwise`` is an inverted residual (1x1 to six times the channels, 3x3 per channel, 1x1 back;
Sandler et al., 2018). Normalisation after every convolution: ``batch`` with batch statistics and
running averages, ``group`` with at most 32 groups of at least four channels, or ``none``, then
with biases. SGD: 0.01, momentum 0.9, decay 1e-4.

Shapes: ``x`` (batches, batch, image, image, channels) float32; ``y`` (batches, batch) int64 of
``classes``; kernels (height, width, in, out) scaled as He et al. (2015), the last of each block
smaller by sqrt(blocks), so that deep networks without normalisation stay finite.

Stands for: image classifiers and convolutional encoders. Limits: float32, no augmentation, no
input pipeline, no mixed precision, stages of equally many blocks, one device.

FLOP count: 2 multiply-adds per kernel element and output pixel; with the backward pass three
times that, less the input gradient of the stem.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from probes.model import (
    BATCHES,
    JAX_IMAGES,
    TORCH_IMAGES,
    Key,
    Model,
    Preset,
    Size,
    dense,
    normal,
)
from probes.workload import Arrays, Tolerance

LEARNING_RATE = 0.01
MOMENTUM = 0.9
WEIGHT_DECAY = 1e-4
# How much of the batch's statistics goes into the running averages; torch.nn.BatchNorm2d's own.
AVERAGED = 0.1
EPSILON = 1e-5
EXPANSION = 6
LARGE_IMAGE = 96

KEYS = (
    Key("image", "pixels of a side", 32, 8, 2048),
    Key("channels", "channels of the image", 3, 1, 256),
    # Narrower ones can damage memory in PyTorch on processors with AVX2 only:
    # https://github.com/uxlfoundation/oneDNN/issues/6035
    Key("widths", "channels of the stages", [16, 32, 64], 16, 8192, longest=6),
    Key("blocks", "blocks of each stage", 3, 1, 100),
    Key("batch", "images", 128, 2, 65536),
    Key("classes", "classes", 10, 2, 100_000),
    Key("norm", "normalisation", "batch", choices=("batch", "group", "none")),
    Key("block", "kind of block", "basic", choices=("basic", "bottleneck", "depthwise")),
)

_HE = "He et al., Deep Residual Learning for Image Recognition, arXiv 1512.03385"
_IMAGENET = {"image": 224, "classes": 1000}
PRESETS = (
    Preset("resnet20_cifar", "ResNet-20 on CIFAR", {}, f"{_HE}, section 4.2", "2015-12"),
    Preset(
        "resnet18",
        "ResNet-18 on ImageNet",
        {"widths": [64, 128, 256, 512], "blocks": 2, "batch": 32, **_IMAGENET},
        f"{_HE}, table 1",
        "2015-12",
        "batch of one device of eight",
    ),
    Preset(
        "resnet18_cifar",
        "ResNet-18 on CIFAR",
        {"widths": [64, 128, 256, 512], "blocks": 2},
        "https://github.com/kuangliu/pytorch-cifar",
        "2021-02",
    ),
    Preset(
        "resnet50",
        "ResNet-50 on ImageNet",
        {"widths": [256, 512, 1024, 2048], "blocks": 4, "batch": 32, "block": "bottleneck"}
        | _IMAGENET,
        f"{_HE}, table 1",
        "2015-12",
        "4, 4, 4, 4 blocks instead of 3, 4, 6, 3; batch of one device of eight",
    ),
    Preset(
        "mobilenet_like",
        "inverted residuals, about as MobileNetV2",
        {"widths": [24, 32, 64, 96, 160], "blocks": 3, "batch": 96, "block": "depthwise"}
        | _IMAGENET,
        "Sandler et al., MobileNetV2, arXiv 1801.04381",
        "2018-01",
        "stages of equally many blocks, a ResNet stem, no wide layer before the classes",
    ),
)


@dataclass(frozen=True)
class Conv:
    """One convolution, its normalisation included: names, channels, side, stride, groups."""

    name: str
    n_in: int
    n_out: int
    side: int = 3
    stride: int = 1
    groups: int = 1


@dataclass(frozen=True)
class Block:
    """One block: its convolutions in order, and the shortcut's where it has one.

    `added` is whether the input is added to what the convolutions make of it.
    """

    name: str
    convolutions: tuple[Conv, ...]
    shortcut: Conv | None
    added: bool


def stem(size: Size) -> Conv:
    """The first convolution."""
    large = size["image"] >= LARGE_IMAGE
    width = size["widths"][0] // (4 if size["block"] == "bottleneck" else 1)
    return Conv("stem", size["channels"], width, 7 if large else 3, 2 if large else 1)


def blocks(size: Size) -> list[Block]:
    """Every block, in order."""
    rows: list[Block] = []
    n_in = stem(size).n_out
    for stage, width in enumerate(size["widths"]):
        for n in range(size["blocks"]):
            stride = 2 if stage > 0 and n == 0 else 1
            rows.append(_block(f"blocks.{len(rows)}", size["block"], n_in, width, stride))
            n_in = width
    return rows


def _block(name: str, kind: str, n_in: int, width: int, stride: int) -> Block:
    a, b, c = (f"{name}.{layer}" for layer in "abc")
    same = n_in == width and stride == 1
    if kind == "depthwise":
        inner = EXPANSION * n_in
        middle = Conv(b, inner, inner, 3, stride, inner)
        return Block(name, (Conv(a, n_in, inner, 1), middle, Conv(c, inner, width, 1)), None, same)
    shortcut = None if same else Conv(f"{name}.shortcut", n_in, width, 1, stride)
    if kind == "basic":
        pair = (Conv(a, n_in, width, 3, stride), Conv(b, width, width))
        return Block(name, pair, shortcut, added=True)
    inner = width // 4
    three = (Conv(a, n_in, inner, 1), Conv(b, inner, inner, 3, stride), Conv(c, inner, width, 1))
    return Block(name, three, shortcut, added=True)


def fits(size: Size) -> str | None:
    """The image has to outlast the halvings, and bottlenecks have to be divisible by four."""
    halvings = len(size["widths"]) - 1 + (2 if size["image"] >= LARGE_IMAGE else 0)
    if size["image"] < 2**halvings:
        return f"image is {size['image']}; {len(size['widths'])} stages need {2**halvings} pixels"
    if size["block"] == "bottleneck" and any(width % 64 for width in size["widths"]):
        return "widths of bottleneck blocks are multiples of 64"
    return None


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """Weights, normalisation at one and zero, and batches of images."""
    arrays: Arrays = {}

    def add(conv: Conv, gain: float = 1.0) -> None:
        fan_in = conv.side**2 * conv.n_in // conv.groups
        shape = (conv.side, conv.side, conv.n_in // conv.groups, conv.n_out)
        arrays[f"{conv.name}.conv.weight"] = normal(rng, shape, gain * (2 / fan_in) ** 0.5)
        if size["norm"] != "none":
            arrays[f"{conv.name}.norm.weight"] = np.ones(conv.n_out, np.float32)
        layer = "conv" if size["norm"] == "none" else "norm"
        arrays[f"{conv.name}.{layer}.bias"] = np.zeros(conv.n_out, np.float32)

    add(stem(size))
    for block in blocks(size):
        *first, last = block.convolutions
        for conv in first:
            add(conv)
        add(last, gain=size["blocks"] ** -0.5)
        if block.shortcut is not None:
            add(block.shortcut)
    arrays |= dense(rng, "head", size["widths"][-1], size["classes"])
    side = size["image"]
    arrays["x"] = normal(rng, (BATCHES, size["batch"], side, side, size["channels"]))
    arrays["y"] = rng.integers(0, size["classes"], (BATCHES, size["batch"]))
    return arrays


def flops(size: Size) -> float:
    """Floating-point operations of one training step, convolutions and the dense layer."""
    first = stem(size)
    side = -(-size["image"] // first.stride)
    stem_flops = _conv_flops(first, side)
    side = -(-side // 2) if size["image"] >= LARGE_IMAGE else side
    rest = 2.0 * size["widths"][-1] * size["classes"]
    for block in blocks(size):
        before = side
        side = -(-side // max(conv.stride for conv in block.convolutions))
        for conv in block.convolutions:
            # All that comes before the stride works on the larger image.
            before = -(-before // conv.stride)
            rest += _conv_flops(conv, before)
        if block.shortcut is not None:
            rest += _conv_flops(block.shortcut, side)
    return float(size["batch"] * (2 * stem_flops + 3 * rest))


def _conv_flops(conv: Conv, side: int) -> float:
    return 2.0 * conv.side**2 * (conv.n_in // conv.groups) * conv.n_out * side**2


MODEL = Model(
    id="resnet",
    title="Convolutional classifier, training",
    stands_for="image classifiers and convolutional encoders",
    limits="float32, no augmentation, no input pipeline, stages of equally many blocks, one device",
    keys=KEYS,
    depth="blocks",
    presets=PRESETS,
    tiny={"image": 8, "channels": 3, "widths": [64, 64], "blocks": 1, "batch": 4, "classes": 5},
    inputs=inputs,
    flops=flops,
    samples_per_step=lambda size: float(size["batch"]),
    sample="image",
    fits=fits,
    pytorch=TORCH_IMAGES,
    jax=JAX_IMAGES,
    tolerance=Tolerance(forward=1e-4, grad=1e-3, curve=2e-3),
    split=("x", "y"),
    coupled=lambda size: size["norm"] == "batch",
)
