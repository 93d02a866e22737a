"""Which family a census names, at which sizes, and what the family lacks."""

from __future__ import annotations

from typing import Any

import pytest

from advisor.measure.census import nearest


def layer(kind: str, given: list[int], out: list[int], **more: Any) -> dict[str, Any]:
    return {"name": "", "kind": kind, "in": given, "out": out, **more}


def census(
    layers: list[dict[str, Any]],
    operations: dict[str, list[int]],
    given: tuple[str, list[int]],
    out: list[int],
    **more: Any,
) -> dict[str, Any]:
    return {
        "layers": layers,
        "operations": [
            {"name": n, "shape": shape, "causal": False, "count": 1}
            for n, shape in operations.items()
        ],
        "inputs": [{"dtype": given[0], "shape": given[1]}],
        "outputs": [{"dtype": "float32", "shape": out}],
        **more,
    }


def test_dense_layers_are_an_mlp_with_their_widths() -> None:
    layers = [layer("Linear", [16, 32], [16, 64]), layer("Linear", [16, 64], [16, 10])]
    found = nearest(census(layers, {}, ("float32", [16, 32]), [16, 10], dropout=True))
    assert found.family == "mlp"
    assert found.size == {"inputs": 32, "widths": [64], "batch": 16, "classes": 10}
    assert found.unlike == found.own_unlike == ("dropout",)


def test_causal_attention_over_words_is_a_decoder() -> None:
    layers = [
        layer("Embedding", [4, 32], [4, 32, 64], num_embeddings=100, embedding_dim=64),
        layer("Embedding", [32], [32, 64], num_embeddings=32, embedding_dim=64),
        layer("LayerNorm", [4, 32, 64], [4, 32, 64]),
    ]
    operations = {"scaled_dot_product_attention": [4, 2, 32, 32], "tril": [32, 32], "topk": [4]}
    found = nearest(census(layers, operations, ("int64", [4, 32]), [4, 32, 100]))
    assert found.family == "decoder"
    wanted = {"layers": 1, "heads": 2, "width": 64, "length": 32, "vocabulary": 100, "batch": 4}
    assert wanted.items() <= dict(found.size).items()
    assert found.unlike == ("top k",)


@pytest.mark.parametrize(
    ("seen", "marks", "family"),
    [
        (True, [], "decoder"),
        (False, ["tril"], "vit"),
        (None, ["tril"], "decoder"),
        (None, [], "vit"),
    ],
)
def test_what_was_seen_of_looking_back_stands_over_how_a_mask_is_written(
    seen: bool | None, marks: list[str], family: str
) -> None:
    layers = [layer("Embedding", [4, 32], [4, 32, 64], num_embeddings=100, embedding_dim=64)]
    marked = {mark: [32, 32] for mark in marks}
    operations = {"scaled_dot_product_attention": [4, 2, 32, 32], **marked}
    data = census(layers, operations, ("int64", [4, 32]), [4, 32, 100], looks_back=seen)
    assert nearest(data).family == family


def test_convolutions_that_end_in_an_image_are_a_unet_and_else_a_resnet() -> None:
    layers = [
        layer("Conv2d", [8, 3, 32, 32], [8, 16, 32, 32], kernel_size=[3, 3], groups=1),
        layer("Conv2d", [8, 16, 32, 32], [8, 32, 16, 16], kernel_size=[3, 3], groups=1),
        layer("BatchNorm2d", [8, 32, 16, 16], [8, 32, 16, 16]),
    ]
    given = ("float32", [8, 3, 32, 32])
    residual = nearest(census(layers, {}, given, [8, 10]))
    assert (residual.family, residual.size["image"], residual.size["widths"]) == (
        "resnet",
        32,
        [16, 32],
    )
    assert residual.size["norm"] == "batch"
    assert nearest(census(layers, {}, given, [8, 3, 32, 32])).family == "unet"


def test_what_is_near_to_nothing_says_so() -> None:
    found = nearest(census([], {"fft_fft": [8]}, ("float32", [8]), [8]))
    assert (found.family, found.unlike) == (None, ("fft",))
