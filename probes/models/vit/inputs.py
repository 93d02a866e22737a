"""Training step of an encoder transformer that classifies: images in patches, or text.

Images are cut into patches, each a token by one product, after a class token; positions are
learned. With ``image`` 0 it is a text encoder: tokens of a vocabulary, of which the first stands
for the sequence. Pre-norm blocks of full attention and a GELU layer of four times the width, all
with biases; a final norm, a dense layer on the class token, cross-entropy; AdamW with decay on
matrices only.

Shapes: ``x`` (batches, batch, image, image, channels) float32, or ``tokens`` (batches, batch,
length) int64; ``y`` (batches, batch) int64 of ``classes``; the kernel of the patches (patch,
patch, channels, width); weights (in, out) float32 of standard deviation 0.02.

Stands for: vision transformers and fine-tuning of text encoders. Limits: float32, no dropout or
stochastic depth, no augmentation, no padding, blocks normalised first (BERT normalises after).

FLOP count: 2 per weight of a dense layer and token forward, plus 4 * tokens * width per token
and layer for attention, times three for the backward pass, less the gradient of the image.
"""

from __future__ import annotations

import numpy as np

from probes.model import BATCHES, JIT, Key, Model, Preset, Size, Variant, normal
from probes.workload import Arrays, Tolerance

LEARNING_RATE = 3e-4
WEIGHT_DECAY = 0.05
EPSILON = 1e-6
# The standard deviation of weights, but for the last layer, which a first step should reach.
SCALE = 0.02

KEYS = (
    Key("image", "pixels of a side, 0 for text", 72, 0, 1024),
    Key("patch", "pixels of a side of a patch", 6, 1, 128),
    Key("channels", "channels of the image", 3, 1, 256),
    Key("classes", "classes", 100, 2, 100_000),
    Key("layers", "transformer blocks", 8, 1, 200),
    Key("width", "features of a token", 64, 8, 16384),
    Key("heads", "attention heads", 4, 1, 256),
    Key("length", "tokens of a text", 128, 2, 131072),
    Key("vocabulary", "different tokens of texts", 30522, 2, 1_000_000),
    Key("batch", "images or texts", 32, 1, 65536),
)

_DEIT = "Touvron et al., Training data-efficient image transformers, arXiv 2012.12877"
_IMAGENET = {"image": 224, "patch": 16, "classes": 1000, "layers": 12, "batch": 64}
_BERT = {"image": 0, "length": 128, "vocabulary": 30522, "classes": 2, "batch": 32}
_ALONE = "batch of one device of sixteen"
PRESETS = (
    Preset(
        "cifar100_small",
        "a small vision transformer on CIFAR-100",
        {},
        "https://keras.io/examples/vision/image_classification_with_vision_transformer",
        "2021-01",
        "batch of 32 instead of 256, a class token instead of two wide layers at the end, inner "
        "layers of four times the width",
    ),
    Preset(
        "deit_ti",
        "DeiT-Ti/16 on ImageNet",
        {"width": 192, "heads": 3, **_IMAGENET},
        _DEIT,
        "2020-12",
        _ALONE,
    ),
    Preset(
        "deit_s",
        "DeiT-S/16 on ImageNet",
        {"width": 384, "heads": 6, **_IMAGENET},
        _DEIT,
        "2020-12",
        _ALONE,
    ),
    Preset(
        "bert_tiny",
        "BERT of 2 layers, fine-tuned on pairs of sentences",
        {"layers": 2, "width": 128, "heads": 2, **_BERT},
        "Turc et al., Well-Read Students Learn Better, arXiv 1908.08962",
        "2019-08",
        "normalised before the layers",
    ),
    Preset(
        "bert_base",
        "BERT-base, fine-tuned on pairs of sentences",
        {"layers": 12, "width": 768, "heads": 12, **_BERT},
        "Devlin et al., BERT, arXiv 1810.04805",
        "2018-10",
        "normalised before the layers",
    ),
)


def fits(size: Size) -> str | None:
    """Heads have to divide the width and patches the image."""
    if size["width"] % size["heads"]:
        return f"heads is {size['heads']}; it has to divide the width of {size['width']}"
    if size["image"] % size["patch"]:
        return f"patch is {size['patch']}; it has to divide the image of {size['image']}"
    return None


def tokens_of(size: Size) -> int:
    """Tokens of one image, the class token included, or of one text."""
    if size["image"]:
        return int((size["image"] // size["patch"]) ** 2 + 1)
    return int(size["length"])


def weights(rng: np.random.Generator, size: Size) -> Arrays:
    """Every weight of the model, under the names that PyTorch's module gives them."""
    d, c, side = size["width"], size["channels"], size["patch"]
    arrays: Arrays = {"position": normal(rng, (tokens_of(size), d), SCALE)}
    if size["image"]:
        fan_in = side * side * c
        arrays["patch.weight"] = normal(rng, (side, side, c, d), fan_in**-0.5)
        arrays["patch.bias"] = np.zeros(d, np.float32)
        arrays["first"] = normal(rng, (d,), SCALE)
    else:
        arrays["token.weight"] = normal(rng, (size["vocabulary"], d), SCALE)
    dense = {"head": (d, size["classes"], d**-0.5)}
    norms = ["norm"]
    for n in range(size["layers"]):
        block = f"blocks.{n}"
        norms += [f"{block}.norm1", f"{block}.norm2"]
        dense |= {
            f"{block}.qkv": (d, 3 * d, SCALE),
            f"{block}.project": (d, d, SCALE),
            f"{block}.expand": (d, 4 * d, SCALE),
            f"{block}.contract": (4 * d, d, SCALE),
        }
    for name, (n_in, n_out, scale) in dense.items():
        arrays[f"{name}.weight"] = normal(rng, (n_in, n_out), scale)
        arrays[f"{name}.bias"] = np.zeros(n_out, np.float32)
    for name in norms:
        arrays[f"{name}.weight"] = np.ones(d, np.float32)
        arrays[f"{name}.bias"] = np.zeros(d, np.float32)
    return arrays


def data_name(size: Size) -> str:
    """Which of the shared inputs holds the images or texts."""
    return "x" if size["image"] else "tokens"


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """Weights, and batches of normal images or random texts with random classes."""
    arrays = weights(rng, size)
    batches = (BATCHES, size["batch"])
    if size["image"]:
        side = size["image"]
        arrays["x"] = normal(rng, (*batches, side, side, size["channels"]))
    else:
        arrays["tokens"] = rng.integers(0, size["vocabulary"], (*batches, size["length"]))
    arrays["y"] = rng.integers(0, size["classes"], batches)
    return arrays


def flops(size: Size) -> float:
    """Floating-point operations of one training step."""
    d, tokens = size["width"], tokens_of(size)
    per_token = size["layers"] * (24 * d * d + 4 * tokens * d)
    patches = 2.0 * size["channels"] * size["image"] ** 2 * d
    return float(size["batch"] * (3 * tokens * per_token + 2 * patches + 6 * d * size["classes"]))


MODEL = Model(
    id="vit",
    title="Encoder transformer, training",
    stands_for="vision transformers and fine-tuning of text encoders",
    limits="float32, no dropout, no augmentation, no padding, blocks normalised first",
    keys=KEYS,
    depth="layers",
    presets=PRESETS,
    tiny={
        "image": 8,
        "patch": 4,
        "classes": 4,
        "layers": 2,
        "width": 32,
        "heads": 2,
        "length": 7,
        "vocabulary": 30,
        "batch": 4,
    },
    inputs=inputs,
    flops=flops,
    samples_per_step=lambda size: float(size["batch"]),
    sample="image or text",
    fits=fits,
    jax=(
        JIT,
        Variant("jit_written", "jax.jit", "attention written out as two products and a softmax"),
    ),
    tolerance=Tolerance(forward=1e-4, grad=1e-3, curve=2e-3),
)
