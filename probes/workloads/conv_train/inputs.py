"""One training step of a small residual network: the convolutions that image models consist of.

A stem (3x3, 3 to w channels), a residual block at w channels, one at 2w with stride 2 and a
projected shortcut, mean over the image, a dense layer; batch normalisation after every
convolution with batch statistics, running averages kept; cross-entropy, Adam at 1e-3.

Shapes: ``x`` (batch, image, image, 3) float32; ``y`` (batch,) int64 of 10 classes; kernels
(height, width, in, out). Sizes: ``layout`` 0 is what each framework is written in (PyTorch
channels first, JAX channels last), 1 channels last in both, 2 channels first in both; here the
order in memory alone makes a factor of two and more, in opposite directions.

Stands for: image classifiers, convolutional encoders and denoisers (He et al., 2016). Limits:
small images and few channels, no augmentation, no input pipeline, no mixed precision.

FLOP count: 2 multiply-adds per kernel element and output pixel; backward forms the gradients of
weights and inputs, thus three times the forward count, less the input gradient of the stem.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from probes.workload import Arrays, Size, Tolerance, Workload, normal

LEARNING_RATE = 1e-3
CLASSES = 10
MOMENTUM = 0.1
EPSILON = 1e-5
OWN, LAST, FIRST = 0, 1, 2
LEAST_WIDTH = 16
"""Below it PyTorch can overwrite memory where the CPU has AVX2 only:
https://github.com/uxlfoundation/oneDNN/issues/6035"""


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """Weights (He et al., 2015), normalisation at one and zero, and one batch of images."""
    batch, image, w = size["batch"], size["image"], size["width"]
    if w < LEAST_WIDTH:
        raise ValueError(f"width is {w}; below {LEAST_WIDTH} PyTorch can overwrite memory")

    def kernel(side: int, n_in: int, n_out: int) -> NDArray[np.float32]:
        return normal(rng, (side, side, n_in, n_out), (2 / (side * side * n_in)) ** 0.5)

    arrays: Arrays = {
        "stem.conv.weight": kernel(3, 3, w),
        "first.a.conv.weight": kernel(3, w, w),
        "first.b.conv.weight": kernel(3, w, w),
        "second.a.conv.weight": kernel(3, w, 2 * w),
        "second.b.conv.weight": kernel(3, 2 * w, 2 * w),
        "second.shortcut.conv.weight": kernel(1, w, 2 * w),
    }
    for name, weight in list(arrays.items()):
        norm = name.replace("conv.weight", "norm")
        arrays[f"{norm}.weight"] = np.ones(weight.shape[3], np.float32)
        arrays[f"{norm}.bias"] = np.zeros(weight.shape[3], np.float32)
    arrays["head.weight"] = normal(rng, (2 * w, CLASSES), (2 * w) ** -0.5)
    arrays["head.bias"] = np.zeros(CLASSES, np.float32)
    arrays["x"] = normal(rng, (batch, image, image, 3))
    arrays["y"] = rng.integers(0, CLASSES, batch)
    return arrays


def flops(size: Size) -> float:
    """Floating-point operations of one training step, convolutions and the dense layer."""
    w = size["width"]
    pixels, quarter = size["image"] ** 2, ((size["image"] + 1) // 2) ** 2
    stem = 9 * 3 * w * pixels
    first = 2 * 9 * w * w * pixels
    second = (9 * w * 2 * w + 9 * 4 * w * w + w * 2 * w) * quarter
    return 2.0 * size["batch"] * (2 * stem + 3 * (first + second + 2 * w * CLASSES))


_SMALL = {"batch": 8, "image": 16, "width": 16}
_MEDIUM = {"batch": 8, "image": 32, "width": 24}
_LARGE = {"batch": 32, "image": 32, "width": 64}

WORKLOAD = Workload(
    id="conv_train",
    title="Convolutional training step",
    stands_for="image classifiers, convolutional encoders and denoisers",
    limits="small images and few channels, no augmentation, no mixed precision",
    sizes={
        "small": {**_SMALL, "layout": OWN},
        "medium": {**_MEDIUM, "layout": OWN},
        "large": {**_LARGE, "layout": OWN},
        "medium_last": {**_MEDIUM, "layout": LAST},
        "large_last": {**_LARGE, "layout": LAST},
        "large_first": {**_LARGE, "layout": FIRST},
    },
    variants={"medium_last": "medium", "large_last": "large", "large_first": "large"},
    inputs=inputs,
    flops=flops,
    samples_per_step=lambda size: float(size["batch"]),
    tolerance=Tolerance(forward=1e-4, grad=1e-3, curve=2e-3),
    trains=True,
)
