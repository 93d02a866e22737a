"""The zoo of real models: every file is a workload with both sides and has its sizes beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from probes import user_workload

ZOO = Path(__file__).parents[1] / "benchmarks" / "zoo"
FILES = sorted(ZOO.glob("*.py"))
SIZES: dict[str, dict[str, Any]] = YAML(typ="safe").load(ZOO / "sizes.yaml")

LIST = "list"
NUMBER = "number"
DECODER = {
    **dict.fromkeys(("layers", "width", "heads", "length", "vocabulary", "batch"), NUMBER),
    "norm": {"layer", "rms"},
    "mlp": {"gelu", "gated"},
    "positions": {"learned", "rotary"},
}
# The families' size keys: a number, a list of numbers, or one of several words.
FAMILIES: dict[str, dict[str, Any]] = {
    "decoder": DECODER,
    "generate": {**DECODER, "prompt": NUMBER, "new_tokens": NUMBER},
    "vit": dict.fromkeys(
        ("image", "patch", "channels", "classes", "layers", "width", "heads", "batch", "length"),
        NUMBER,
    )
    | {"vocabulary": NUMBER},
    "resnet": {
        **dict.fromkeys(("image", "channels", "blocks", "batch", "classes"), NUMBER),
        "widths": LIST,
        "norm": {"batch", "group", "none"},
        "block": {"basic", "bottleneck", "depthwise"},
    },
    "unet": {
        **dict.fromkeys(("image", "channels", "batch"), NUMBER),
        "widths": LIST,
        "attention": {True, False},
    },
    "recurrent": {
        **dict.fromkeys(("layers", "width", "length", "vocabulary", "batch"), NUMBER),
        "cell": {"lstm", "gru", "own"},
    },
    "mlp": {"widths": LIST, "batch": NUMBER, "classes": NUMBER},
    "autoencoder": dict.fromkeys(("inputs", "hidden", "latent", "batch"), NUMBER),
    "graph": {
        **dict.fromkeys(("layers", "nodes", "edges", "features", "width", "classes"), NUMBER),
        "message": {"gcn", "attention"},
    },
    "ode": {
        **dict.fromkeys(("states", "width", "depth", "steps", "batch"), NUMBER),
        "solver": {"euler", "rk4"},
    },
    "pinn": dict.fromkeys(("points", "width", "depth", "order"), NUMBER),
    "ppo": dict.fromkeys(("environments", "horizon", "width", "epochs", "minibatches"), NUMBER),
    "recommender": {
        **dict.fromkeys(("tables", "rows", "width", "batch"), NUMBER),
        "widths": LIST,
    },
    "sampler": dict.fromkeys(("chains", "dimensions", "observations", "leapfrogs"), NUMBER),
    "gaussian_process": dict.fromkeys(("points", "dimensions"), NUMBER),
}


# What an author may say besides, where it is not what the family has anyway.
FURTHER: dict[str, dict[str, Any]] = {
    "autoencoder": {"layers": NUMBER},
    "mlp": {"inputs": NUMBER},
    "unet": {"blocks": NUMBER},
}


def _fits(value: Any, kind: Any) -> bool:
    if kind == NUMBER:
        return type(value) is int and value >= 0
    if kind == LIST:
        return isinstance(value, list) and bool(value) and all(_fits(v, NUMBER) for v in value)
    return value in kind


def test_every_file_has_its_sizes_and_no_sizes_lack_a_file() -> None:
    assert sorted(SIZES) == [file.stem for file in FILES]
    assert len(FILES) >= 16


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_is_a_workload_of_both_frameworks(file: Path) -> None:
    workload = user_workload.load(str(file))
    assert workload.modes == ("pytorch.eager", "pytorch.compile", "jax.jit")
    assert workload.title != file.name
    assert workload.samples_per_step({}) > 1


@pytest.mark.parametrize("name", SIZES)
def test_sizes_are_in_the_words_of_a_family(name: str) -> None:
    row = SIZES[name]
    assert set(row) == {"family", "size", "unlike"}
    words, further = FAMILIES[row["family"]], FURTHER.get(row["family"], {})
    keys = {**words, **further}
    assert {k: v for k, v in row["size"].items() if k not in keys or not _fits(v, keys[k])} == {}
    needed = set(words)
    if row["family"] == "vit":
        # Without an image it is a text encoder, which has tokens instead of patches.
        text = {"length", "vocabulary"}
        image = {"patch", "channels", "classes"}
        needed -= text if row["size"]["image"] else image
    assert needed == set(row["size"]) - set(further)
    assert all(isinstance(text, str) and text for text in row["unlike"])


def test_every_family_has_a_model() -> None:
    assert {row["family"] for row in SIZES.values()} == set(FAMILIES)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_one_seed_gives_the_same_inputs_twice(file: Path) -> None:
    workload = user_workload.load(str(file))
    first, second = (workload.make_inputs(5, {}) for _ in range(2))
    assert first.keys() == second.keys()
    for name, array in first.items():
        assert np.array_equal(array, second[name])
        assert array.dtype in (np.float32, np.float64, np.int64, np.uint8, np.bool_)
