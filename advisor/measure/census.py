"""From what a user's module is made of to the nearest family of models, its sizes, and the rest.

Reads the census that a worker took (layers with shapes, operations). Rules of thumb with their
reasons told: whoever reads the result can name another family. Pure but for `take_census`, which
asks a worker. Measures nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from advisor.errors import UserError
from advisor.workers.environment import worker_environment
from advisor.workers.worker import WorkerCommand, WorkerError, WorkerProcess

_HINT = "NAME is a function that returns (module, example inputs), see docs/modules.md"
_CENSUS_TIMEOUT_S = 240.0
_COMMANDS = {"pytorch": "torch_census", "jax": "jax_census"}

_CONVOLUTIONS = ("Conv1d", "Conv2d", "Conv3d")
_CELLS = {"LSTM": "lstm", "GRU": "gru", "RNN": "own"}
_ATTENTION = "scaled_dot_product_attention"
# Operations that a family has of its own, by what it is called where the family lacks it.
_STRANGE = {
    "layer_norm": "layer norm",
    "batch_norm": "batch norm",
    "group_norm": "group norm",
    "instance_norm": "instance norm",
    "rms_norm": "rms norm",
    "conv1d": "convolution (1d)",
    "conv2d": "convolution",
    "conv3d": "convolution (3d)",
    "conv_transpose2d": "transposed convolution",
    "embedding": "embedding",
    "embedding_bag": "embedding bag",
    _ATTENTION: "attention",
    "lstm": "lstm",
    "gru": "gru",
    "upsample_nearest2d": "interpolation",
    "upsample_bilinear2d": "interpolation",
    "grid_sampler": "grid sampling",
    "index_add": "scatter",
    "scatter_add": "scatter",
    "scatter": "scatter",
    "sort": "sort",
    "topk": "top k",
    "nonzero": "nonzero",
    "fft_fft": "fft",
    "fft_rfft": "fft",
    "stft": "fft",
    "hardswish": "hardswish",
    "hardsigmoid": "hardsigmoid",
    "einsum": "einsum",
    "cumsum": "cumulative sum",
}
_HAS = {
    "decoder": {"layer norm", "rms norm", "embedding", "attention"},
    "vit": {"layer norm", "embedding", "attention", "convolution"},
    "resnet": {"convolution", "batch norm", "group norm"},
    "unet": {"convolution", "group norm", "attention", "interpolation", "transposed convolution"},
    "recurrent": {"lstm", "gru", "embedding"},
    "mlp": set(),
    "autoencoder": set(),
    "recommender": {"embedding", "embedding bag"},
    "graph": {"scatter"},
}


@dataclass(frozen=True)
class Nearest:
    """The family that is nearest to a module.

    Attributes:
        family: Its id, or None where none is near.
        size: Those of its keys that the module says.
        unlike: What the module has and the family does not.
    """

    family: str | None
    size: Mapping[str, Any] = field(default_factory=dict)
    unlike: tuple[str, ...] = ()

    @property
    def own_unlike(self) -> tuple[str, ...]:
        """What the module has and its own measurement leaves out: dropout is at rate 0 there."""
        return tuple(name for name in self.unlike if name == "dropout")


def take_census(
    worker: Sequence[str],
    interpreter: str,
    place: Path,
    source: str,
    *,
    framework: str = "pytorch",
) -> Any:
    """What the worker says of the module *source* (``FILE.py:NAME``), written in *framework*.

    Raises:
        UserError: something in the user's file is wrong.
    """
    environment = worker_environment(place, "census")
    argv = (interpreter, "-B", *worker, _COMMANDS[framework], source)
    command = WorkerCommand(argv, environment, (), place / "census.log")
    with WorkerProcess(command) as process:
        reply = process.receive("census", timeout_s=_CENSUS_TIMEOUT_S)
    if not reply.get("ok"):
        error = reply.get("error") or {}
        raise UserError(str(error.get("text", "the module could not be read")), hint=_HINT)
    if not isinstance(reply.get("census"), dict):
        raise WorkerError("worker-garbage", "no-catalogue")
    return reply["census"]


class Census:
    """A census with the questions that families ask of it."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data
        self.layers: list[Mapping[str, Any]] = list(data["layers"])
        self.operations: list[Mapping[str, Any]] = list(data["operations"])
        self.counts: Counter[str] = Counter()
        for operation in self.operations:
            self.counts[str(operation["name"])] += int(operation["count"])

    def of(self, *kinds: str) -> list[Mapping[str, Any]]:
        """The layers of some kinds, in the order of their calls."""
        return [layer for layer in self.layers if layer["kind"] in kinds]

    def any_of(self, *names: str) -> bool:
        """Whether an operation of one of the names is there."""
        return any(self.counts[name] for name in names)

    @property
    def image(self) -> list[int] | None:
        """The shape of the first input with four axes."""
        shapes = [i["shape"] for i in self.data["inputs"]]
        return next((s for s in shapes if len(s) == 4), None)

    @property
    def batch(self) -> int:
        """The first axis of the first input."""
        shapes = [i["shape"] for i in self.data["inputs"] if i["shape"]]
        return int(shapes[0][0]) if shapes else 1

    @property
    def last(self) -> list[int]:
        """The shape of the first output."""
        return list(self.data["outputs"][0]["shape"])

    def attentions(self) -> int:
        """How many attentions there are, fused or written out."""
        fused = self.counts[_ATTENTION]
        written = min(self.counts["softmax"], self.counts["matmul"] + self.counts["bmm"])
        return fused or len(self.of("MultiheadAttention")) or written

    def attention_shape(self) -> list[int]:
        """Batch, heads, length and features of a head in the first attention; or empty."""
        for operation in self.operations:
            if operation["name"] in (_ATTENTION, "softmax") and len(operation["shape"]) == 4:
                return list(operation["shape"])
        return []

    def causal(self) -> bool:
        """Whether attention looks back only: as was seen, or by its marks where nothing was."""
        seen = self.data.get("looks_back")
        if seen is not None:
            return bool(seen)
        marked = any(o.get("causal") for o in self.operations)
        return marked or self.any_of("tril", "triu", "masked_fill")


def nearest(data: Mapping[str, Any]) -> Nearest:
    """The family nearest to the module that *data* describes, with sizes and what it lacks."""
    census = Census(data)
    family = _family(census)
    if family is None:
        return Nearest(None, unlike=tuple(_parts(census, set())))
    size = {k: v for k, v in _SIZES[family](census).items() if v not in (None, [])}
    unlike = list(_parts(census, _HAS[family]))
    if census.data.get("dropout"):
        unlike.append("dropout")
    return Nearest(family, size, tuple(dict.fromkeys(unlike)))


def _parts(census: Census, has: set[str]) -> Iterator[str]:
    for name in sorted(census.counts):
        word = _STRANGE.get(name)
        if word is not None and word not in has:
            yield word


def _family(census: Census) -> str | None:
    """The rules, most telling first."""
    convolutions, embeddings = census.of(*_CONVOLUTIONS), census.of("Embedding", "EmbeddingBag")
    rules = (
        (bool(census.of(*_CELLS)) or census.any_of("lstm", "gru"), "recurrent"),
        (census.any_of("index_add", "scatter_add", "scatter_reduce"), "graph"),
        (bool(convolutions) and len(census.last) == 4, "unet"),
        (bool(census.attentions()) and census.image is not None, "vit"),
        (bool(convolutions) and census.image is not None, "resnet"),
        (bool(census.attentions()), "decoder" if census.causal() else "vit"),
        (bool(embeddings), "recommender"),
        (len(census.of("Linear")) >= 3 and _bottleneck(census), "autoencoder"),
        (bool(census.of("Linear")), "mlp"),
    )
    return next((family for holds, family in rules if holds), None)


def _bottleneck(census: Census) -> bool:
    """Whether the outputs are as wide as the inputs, and something between is much narrower."""
    widths = [layer["out"][-1] for layer in census.of("Linear")]
    first = census.of("Linear")[0]["in"][-1]
    return bool(widths[-1] == first and min(widths) * 4 <= first)


def _transformer(census: Census) -> dict[str, Any]:
    shape = census.attention_shape()
    heads = next((x["num_heads"] for x in census.of("MultiheadAttention")), None)
    norms = census.of("LayerNorm") or [x for x in census.layers if "RMSNorm" in x["kind"]]
    width = norms[0]["in"][-1] if norms and norms[0]["in"] else None
    return {
        "layers": census.attentions(),
        "heads": heads or (shape[1] if shape else None),
        "width": width,
        "batch": census.batch,
    }


def _words(census: Census) -> dict[str, Any]:
    tables = census.of("Embedding")
    texts = [i["shape"] for i in census.data["inputs"] if "int" in i["dtype"]]
    return {
        "vocabulary": max((t["num_embeddings"] for t in tables), default=None),
        "length": texts[0][-1] if texts else None,
    }


def _decoder(census: Census) -> dict[str, Any]:
    kinds = " ".join(layer["kind"] for layer in census.layers)
    tables = census.of("Embedding")
    return {
        **_transformer(census),
        **_words(census),
        "norm": "rms" if "RMSNorm" in kinds or census.any_of("rms_norm", "rsqrt") else "layer",
        "mlp": "gated" if census.any_of("silu") else "gelu",
        "positions": "rotary" if len(tables) < 2 and census.any_of("cos", "sin") else "learned",
    }


def _vit(census: Census) -> dict[str, Any]:
    image, cuts = census.image, census.of("Conv2d")
    if image is None:
        return {**_transformer(census), **_words(census), "image": 0}
    return {
        **_transformer(census),
        "image": image[-1],
        "channels": image[1],
        "patch": cuts[0]["kernel_size"][0] if cuts else None,
        "classes": census.last[-1] if len(census.last) == 2 else None,
    }


def _stages(census: Census) -> list[tuple[int, int, int]]:
    """By resolution, largest first: pixels of a side, most channels, and convolutions."""
    stages: dict[int, list[int]] = {}
    for layer in census.of("Conv2d"):
        if layer["out"] and len(layer["out"]) == 4:
            stages.setdefault(layer["out"][-1], []).append(layer["out"][1])
    return [(side, max(c), len(c)) for side, c in sorted(stages.items(), reverse=True)]


def _resnet(census: Census) -> dict[str, Any]:
    image = census.image or [1, 3, 32, 32]
    # A stem is a convolution alone.
    stages = [s for s in _stages(census) if s[2] > 1] or _stages(census)
    layers = census.of("Conv2d")
    grouped = any(layer.get("groups", 1) > 1 for layer in layers)
    pointwise = sum(layer.get("kernel_size") == [1, 1] for layer in layers)
    block = "depthwise" if grouped else "bottleneck" if pointwise * 2 > len(layers) else "basic"
    each = {"basic": 2, "bottleneck": 3, "depthwise": 3}[block]
    norm = "batch" if census.of("BatchNorm2d") else "group" if census.of("GroupNorm") else "none"
    return {
        "image": image[-1],
        "channels": image[1],
        "widths": [max(16, width) for _, width, _ in stages][-6:],
        "blocks": max(1, round(sum(n for _, _, n in stages) / (each * max(1, len(stages))))),
        "batch": census.batch,
        "classes": census.last[-1] if len(census.last) == 2 else None,
        "norm": norm,
        "block": block,
    }


def _unet(census: Census) -> dict[str, Any]:
    image = census.image or [1, 1, 28, 28]
    stages = _stages(census)
    return {
        "image": image[-1],
        "channels": image[1],
        "widths": [max(16, width) for _, width, _ in stages][:6],
        "blocks": max(1, round(sum(n for _, _, n in stages) / (4 * max(1, len(stages))))),
        "batch": census.batch,
        "attention": census.attentions() > 0,
    }


def _recurrent(census: Census) -> dict[str, Any]:
    cells = census.of(*_CELLS)
    if not cells:
        return {**_words(census), "batch": census.batch}
    first = cells[0]
    shape = first["in"] or [1, 1, 1]
    return {
        **_words(census),
        "cell": _CELLS[first["kind"]],
        "layers": sum(c.get("num_layers", 1) for c in cells),
        "width": first.get("hidden_size"),
        "length": max(shape[:2]) if len(shape) == 3 and not census.of("Embedding") else None,
        "batch": census.batch,
    } | ({"length": _words(census)["length"]} if census.of("Embedding") else {})


def _dense(census: Census) -> list[int]:
    return [layer["out"][-1] for layer in census.of("Linear") if layer["out"]]


def _mlp(census: Census) -> dict[str, Any]:
    widths = _dense(census)
    return {
        "inputs": census.of("Linear")[0]["in"][-1],
        "widths": widths[:-1][:16] or None,
        "batch": census.batch,
        "classes": max(2, widths[-1]),
    }


def _autoencoder(census: Census) -> dict[str, Any]:
    widths = _dense(census)
    return {
        "inputs": widths[-1],
        "hidden": widths[0],
        "latent": min(widths),
        "layers": max(1, (len(widths) - 2) // 2),
        "batch": census.batch,
    }


def _recommender(census: Census) -> dict[str, Any]:
    tables = census.of("Embedding", "EmbeddingBag")
    return {
        "tables": len(tables),
        "rows": max(t["num_embeddings"] for t in tables),
        "width": tables[0]["embedding_dim"],
        "widths": _dense(census)[:-1][:16] or None,
        "batch": census.batch,
    }


def _graph(census: Census) -> dict[str, Any]:
    layers = census.of("Linear")
    features = layers[0]["in"] if layers else None
    return {
        "nodes": features[0] if features else None,
        "features": features[-1] if features else None,
        "width": layers[0]["out"][-1] if layers else None,
        "classes": max(2, census.last[-1]),
        "layers": max(2, len(layers)),
    }


_SIZES = {
    "decoder": _decoder,
    "vit": _vit,
    "resnet": _resnet,
    "unet": _unet,
    "recurrent": _recurrent,
    "mlp": _mlp,
    "autoencoder": _autoencoder,
    "recommender": _recommender,
    "graph": _graph,
}
