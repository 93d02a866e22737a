"""Says what a user's own module computes: ``probes census --file F --name N`` prints one object.

The module is exported to a graph of basic operations, whose kinds and shapes are counted; from them
the nearest family of models and its sizes are read off, and what the family has not. Runs the
user's code, as measuring it does. Knows PyTorch; measures nothing.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from typing import Any

from probes.protocol import Channel

# Basic operations by what they are called here; what is not named is counted as it is called.
KINDS = {
    "aten.convolution": "convolution",
    "aten.conv1d": "convolution_1d",
    "aten.conv2d": "convolution",
    "aten.conv3d": "convolution_3d",
    "aten.conv_transpose2d": "upsampling",
    "aten.upsample_nearest2d": "upsampling",
    "aten.upsample_bilinear2d": "upsampling",
    "aten.linear": "dense",
    "aten.addmm": "dense",
    "aten.scaled_dot_product_attention": "attention",
    "aten.embedding": "embedding",
    "aten.embedding_bag": "embedding",
    "aten.lstm": "lstm",
    "aten.gru": "gru",
    "aten.batch_norm": "batch_norm",
    "aten.group_norm": "group_norm",
    "aten.layer_norm": "layer_norm",
    "aten.rms_norm": "rms_norm",
    "aten.index_add": "scatter",
    "aten.scatter_add": "scatter",
    "aten.dropout": "dropout",
    "aten.silu": "silu",
    "aten.gelu": "gelu",
}
# What a family has beyond dense layers; the rest of what is counted is told as unlike.
_PARTS = {
    "decoder": {"attention", "embedding", "layer_norm", "rms_norm", "gelu", "silu", "dense"},
    "vit": {"attention", "embedding", "layer_norm", "gelu", "convolution", "dense"},
    "resnet": {"convolution", "batch_norm", "group_norm", "dense"},
    "unet": {"convolution", "upsampling", "group_norm", "attention", "silu", "dense"},
    "recurrent": {"lstm", "gru", "embedding", "dense"},
    "recommender": {"embedding", "dense"},
    "graph": {"scatter", "dense"},
    "mlp": {"dense"},
}


def main(argv: list[str]) -> int:
    """Print the census, or why there is none."""
    parser = argparse.ArgumentParser(prog="probes census")
    parser.add_argument("--file", required=True)
    parser.add_argument("--name", required=True)
    options = parser.parse_args(argv)
    channel = Channel()
    try:
        channel.reply({"ok": True, **census(options.file, options.name)})
    except Exception as error:
        place = _place(error, options.file)
        text = f"{type(error).__name__}: {error}"[:600]
        channel.reply({"ok": False, "error": {"text": text, "line": place}})
    return 0


def _place(error: BaseException, file: str) -> int | None:
    """The last line of the user's file that was on the way to *error*."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f.lineno for f in frames if os.path.realpath(f.filename) == os.path.realpath(file)]
    return lines[-1] if lines else None


def census(file: str, name: str) -> dict[str, Any]:
    """Kinds, parameters, and the nearest family with its sizes, of the module that *name* makes."""
    import torch

    module, given = _made(file, name)
    trains = bool(module.training)
    with torch.no_grad():
        graph = torch.export.export(module.eval(), given).graph_module
    seen = list(_operations(graph))
    kinds = Counter(kind for kind, _, _ in seen)
    family, size = _family(module, kinds, seen, given)
    unlike = sorted(k for k in kinds if k not in _PARTS.get(family, set()) and k in KINDS.values())
    return {
        "name": name,
        "trains": trains,
        "parameters": sum(p.numel() for p in module.parameters()),
        "operations": dict(kinds.most_common(20)),
        "family": family,
        "size": size,
        "unlike": unlike,
    }


def _made(file: str, name: str) -> tuple[Any, tuple[Any, ...]]:
    import torch

    sys.path.insert(0, os.path.dirname(file))
    stem = os.path.splitext(os.path.basename(file))[0]
    spec = importlib.util.spec_from_file_location(stem, file)
    if spec is None or spec.loader is None:
        raise ValueError("is no Python file")
    user = importlib.util.module_from_spec(spec)
    sys.modules[stem] = user
    spec.loader.exec_module(user)
    torch.manual_seed(0)
    made = getattr(user, name)()
    if not isinstance(made, tuple) or len(made) not in (2, 3):
        raise TypeError(f"{name}() has to return (module, inputs) or (module, inputs, loss)")
    module, given = made[:2]
    if not isinstance(module, torch.nn.Module):
        raise TypeError(f"{name}() returned {type(module).__name__} and no torch.nn.Module first")
    return module, given if isinstance(given, tuple) else (given,)


def _operations(graph: Any) -> Iterator[tuple[str, list[list[int]], Any]]:
    """Kind, shapes of the tensors that come in, and the node, of every operation."""
    for node in graph.graph.nodes:
        if node.op != "call_function":
            continue
        called = str(node.target).rsplit(".", 1)[0]
        shapes = [_shape(argument) for argument in node.args]
        yield KINDS.get(called, called), [s for s in shapes if s is not None], node


def _shape(argument: Any) -> list[int] | None:
    value = getattr(argument, "meta", {}).get("val")
    shape = getattr(value, "shape", None)
    return None if shape is None else [int(n) for n in shape]


def _family(
    module: Any, kinds: Counter[str], seen: list[Any], given: tuple[Any, ...]
) -> tuple[str, dict[str, Any]]:
    """The family that shares most with the module, and the sizes that can be read off."""
    batch = next((int(x.shape[0]) for x in given if getattr(x, "ndim", 0)), 1)
    family = _nearest(kinds, seen)
    if family == "recurrent":
        return family, _recurrent(module, given, batch)
    if family in ("unet", "resnet"):
        return family, {**_picture(seen, given, batch), **_classes(seen, family)}
    if family == "vit" and kinds["convolution"]:
        return family, _patches(kinds, seen, given, batch)
    if family in ("decoder", "vit"):
        return family, _transformer(module, kinds, seen, batch)
    if family == "recommender":
        return family, {"tables": kinds["embedding"], "batch": batch}
    return family, _dense(seen, batch) if family == "mlp" else {}


def _nearest(kinds: Counter[str], seen: list[Any]) -> str:
    """The first family whose marks are all there; a dense network where none is."""
    causal = _causal(seen)
    marks = (
        ("recurrent", kinds["lstm"] or kinds["gru"]),
        ("unet", kinds["upsampling"] and kinds["convolution"]),
        ("decoder", kinds["attention"] and kinds["embedding"] and causal),
        ("vit", kinds["attention"]),
        ("resnet", kinds["convolution"]),
        ("graph", kinds["scatter"]),
        ("recommender", kinds["embedding"] > 1),
    )
    return next((family for family, mark in marks if mark), "mlp")


def _dense(seen: list[Any], batch: int) -> dict[str, Any]:
    weights = [shapes[1] for kind, shapes, _ in seen if kind == "dense" and len(shapes) > 1]
    size: dict[str, Any] = {"batch": batch}
    if weights:
        widths = [out for out, _ in weights]
        size |= {"inputs": weights[0][1], "widths": widths[:-1] or widths, "classes": widths[-1]}
    return size


def _recurrent(module: Any, given: tuple[Any, ...], batch: int) -> dict[str, Any]:
    import torch

    layers = [m for m in module.modules() if isinstance(m, (torch.nn.LSTM, torch.nn.GRU))]
    tables = [m for m in module.modules() if isinstance(m, torch.nn.Embedding)]
    size: dict[str, Any] = {"batch": batch}
    if layers:
        size |= {
            "cell": type(layers[0]).__name__.lower(),
            "layers": sum(layer.num_layers for layer in layers),
            "width": layers[0].hidden_size,
        }
    if given and given[0].ndim > 1:
        size["length"] = int(given[0].shape[1])
    if tables:
        size["vocabulary"] = tables[0].num_embeddings
    return size


def _transformer(module: Any, kinds: Counter[str], seen: list[Any], batch: int) -> dict[str, Any]:
    import torch

    queries = [shapes[0] for kind, shapes, _ in seen if kind == "attention" and shapes]
    tables = [m for m in module.modules() if isinstance(m, torch.nn.Embedding)]
    size: dict[str, Any] = {"layers": kinds["attention"], "batch": batch}
    if queries:
        size |= {"heads": queries[0][1], "length": queries[0][2]}
        size["width"] = queries[0][1] * queries[0][3]
    if tables:
        size["vocabulary"] = max(table.num_embeddings for table in tables)
    if _causal(seen):
        size |= {"norm": "rms" if kinds["rms_norm"] else "layer"}
        size["mlp"] = "gated" if kinds["silu"] else "gelu"
    else:
        size["image"] = 0
    return size


def _patches(
    kinds: Counter[str], seen: list[Any], given: tuple[Any, ...], batch: int
) -> dict[str, Any]:
    queries = [shapes[0] for kind, shapes, _ in seen if kind == "attention" and shapes]
    first = next((shapes for kind, shapes, _ in seen if kind == "convolution"), None)
    size: dict[str, Any] = {"layers": kinds["attention"], "batch": batch}
    size |= _classes(seen, "vit")
    if queries:
        size |= {"heads": queries[0][1], "width": queries[0][1] * queries[0][3]}
    if first and given and given[0].ndim == 4:
        size |= {"image": int(given[0].shape[-1]), "channels": int(given[0].shape[1])}
        size["patch"] = first[1][-1]
    return size


def _picture(seen: list[Any], given: tuple[Any, ...], batch: int) -> dict[str, Any]:
    size: dict[str, Any] = {"batch": batch}
    if given and given[0].ndim == 4:
        size |= {"image": int(given[0].shape[-1]), "channels": int(given[0].shape[1])}
    made = [shapes[1][0] for kind, shapes, _ in seen if kind == "convolution" and len(shapes) > 1]
    widths = sorted({width for width in made if width >= 8})
    if widths:
        size["widths"] = widths[:4]
    return size


def _classes(seen: list[Any], family: str) -> dict[str, int]:
    dense = [shapes for kind, shapes, _ in seen if kind == "dense" and len(shapes) > 1]
    return {"classes": dense[-1][1][0]} if dense and family != "unet" else {}


def _causal(seen: list[Any]) -> bool:
    return any(
        kind == "attention" and (node.kwargs.get("is_causal") or True in node.args[4:])
        for kind, _, node in seen
    )
