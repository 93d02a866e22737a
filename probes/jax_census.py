"""What a user's Flax NNX module is made of, in the words of `torch_census`.

Traces the module once: products, convolutions, lookups and what else its jaxpr holds, and from the
module itself the kinds of its norms, cells and attentions. Images are told with their channels
first, as PyTorch's are. Which family is near is decided elsewhere.
"""

from __future__ import annotations

import collections
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from probes.own import module as own_module
from probes.own.file import UserFile
from probes.own.module import OwnModule, is_sequence, looks_back
from probes.own.module_jax import leaves_of, nnx_of, without_dropout
from probes.protocol import answer_once

_CELLS = {
    "LSTMCell": "LSTM",
    "OptimizedLSTMCell": "LSTM",
    "GRUCell": "GRU",
    "SimpleCell": "RNN",
}
_NORMS = {
    "LayerNorm": "layer_norm",
    "RMSNorm": "rms_norm",
    "BatchNorm": "batch_norm",
    "GroupNorm": "group_norm",
    "InstanceNorm": "instance_norm",
}
# Functions that JAX traces by name, and primitives, by what PyTorch calls them.
_NAMED = {"silu": "silu", "gelu": "gelu", "_resize": "upsample_nearest2d"}
_PRIMITIVES = {
    "scatter-add": "scatter_add",
    "sort": "sort",
    "top_k": "topk",
    "fft": "fft_fft",
    "cumsum": "cumsum",
    "cos": "cos",
    "sin": "sin",
}
_IMAGE_AXES = 4


def main(argv: list[str]) -> int:
    """Print the census of the module that the one argument names, as one JSON document."""
    return answer_once(lambda: {"census": census(argv[0])})


def census(source: str) -> dict[str, Any]:
    """Layers, operations, inputs and outputs of the module that *source* names.

    Raises:
        UserFileError: the file is wrong, or the module cannot be called with its inputs.
    """
    found = own_module.parse(source)
    file = own_module.file_of(found)
    nnx = nnx_of(file.path)
    own = own_module.build_nnx(file, found.name, 0, nnx)
    own, dropout = without_dropout(nnx, own)
    own.module.eval()
    trace, outputs = _traced(nnx, file, own)
    seen = Trace()
    seen.walk(trace.jaxpr)
    inputs = [_tensor(a) for a in _arrays([own.arguments, dict(own.named)])]
    return {
        "place": own.place,
        "trains": found.trains,
        "layers": [*seen.layers, *_parts(nnx, own, inputs)],
        "operations": [
            {"name": name, "shape": list(shape), "causal": False, "count": count}
            for (name, shape), count in (seen.operations + _norms(nnx, own)).items()
        ],
        "not_exported": None,
        "inputs": inputs,
        "outputs": [_tensor(a) for a in outputs],
        "parameters": sum(math.prod(a.shape) for a in _arrays(nnx.state(own.module, nnx.Param))),
        "dropout": dropout,
        "looks_back": _looks_back(nnx, own),
        "translates_here": False,
    }


def _traced(nnx: Any, file: UserFile, own: OwnModule) -> tuple[Any, list[Any]]:
    import jax

    definition, arrays = nnx.split(own.module)
    shapes: list[Any] = []

    def call(state: Any, arguments: Any, named: Any) -> Any:
        found = leaves_of(nnx.merge(definition, state)(*arguments, **named))
        shapes.extend(jax.ShapeDtypeStruct(a.shape, a.dtype) for a in found.values())
        return found

    trace = file.pointing(jax.make_jaxpr(call), own.place)
    return trace(arrays, own.arguments, dict(own.named)), shapes


def _looks_back(nnx: Any, own: OwnModule) -> bool | None:
    """As `own_module.looks_back`; None where no input is a sequence."""
    import jax
    import jax.numpy as jnp

    given, spec = jax.tree.flatten((own.arguments, dict(own.named)))
    at = next(
        (n for n, x in enumerate(given) if hasattr(x, "dtype") and is_sequence(x, f"{x.dtype}")),
        None,
    )
    if at is None:
        return None
    x = jnp.asarray(given[at])
    definition, arrays = nnx.split(own.module)

    def called(value: Any) -> Any:
        arguments, named = jax.tree.unflatten(spec, [*given[:at], value, *given[at + 1 :]])
        outputs = nnx.merge(definition, arrays)(*arguments, **named)
        return np.asarray(next(iter(leaves_of(outputs).values())), np.float64)

    return looks_back(called, x, x.at[:, -1].set(x[:, 0]))


def _arrays(tree: Any) -> list[Any]:
    import jax

    return [leaf for leaf in jax.tree.leaves(tree) if hasattr(leaf, "dtype")]


def _tensor(array: Any) -> dict[str, Any]:
    shape = list(array.shape)
    return {
        "shape": _first(shape) if len(shape) == _IMAGE_AXES else shape,
        "dtype": f"{array.dtype}",
    }


def _first(shape: list[int]) -> list[int]:
    """A shape with channels last as one with channels first."""
    return [shape[0], shape[-1], *shape[1:-1]]


class Trace:
    """Layers and operations of a jaxpr, with what is inside of its loops and functions."""

    def __init__(self) -> None:
        self.layers: list[dict[str, Any]] = []
        self.operations: collections.Counter[tuple[str, tuple[int, ...]]] = collections.Counter()

    def walk(self, jaxpr: Any, times: int = 1) -> None:
        """Note every equation of *jaxpr*, which runs *times* times."""
        for equation in jaxpr.eqns:
            name = equation.primitive.name
            for _ in range(min(times, 200)):
                self.layers.extend(_layer(name, equation))
            for operation in _operations(name, equation):
                self.operations[operation] += times
            # A scan over layers runs its body once for each of them, one over time does too; of
            # the latter the cells are told by the module.
            repeats = times * (equation.params["length"] if _is_depth(name, equation) else 1)
            for inner in _inside(equation.params):
                self.walk(inner, repeats)


def _is_depth(name: str, equation: Any) -> bool:
    """Whether a loop runs over stacked weights: matrices are among what it takes apart."""
    if name != "scan":
        return False
    begin = equation.params["num_consts"] + equation.params["num_carry"]
    stacked = [v.aval.shape for v in equation.invars[begin:]]
    carried = [v.aval.shape for v in equation.invars[equation.params["num_consts"] : begin]]
    widths = {shape[-1] for shape in carried if shape}
    return any(len(shape) == 3 and shape[1] in widths for shape in stacked)


def _inside(params: Mapping[str, Any]) -> Iterator[Any]:
    for value in params.values():
        for one in value if isinstance(value, (tuple, list)) else (value,):
            inner = getattr(one, "jaxpr", one)
            if hasattr(inner, "eqns"):
                yield inner


def _layer(name: str, equation: Any) -> Iterator[dict[str, Any]]:
    if name == "dot_general":
        yield from _dense(equation)
    elif name == "conv_general_dilated":
        yield _convolution(equation)
    elif name == "gather":
        table, places = (v.aval for v in equation.invars[:2])
        if len(table.shape) == 2 and "float" in str(table.dtype):
            yield {
                "name": "",
                "kind": "Embedding",
                "in": list(places.shape[:-1]),
                "out": list(equation.outvars[0].aval.shape),
                "num_embeddings": table.shape[0],
                "embedding_dim": table.shape[1],
            }


def _dense(equation: Any) -> Iterator[dict[str, Any]]:
    """A product with weights: one side is a matrix, or more axes of one, that no batch shares."""
    (left, _), batches = equation.params["dimension_numbers"]
    x, weights = (v.aval.shape for v in equation.invars[:2])
    if any(batches) or len(weights) < 2 or len(x) < 2:
        return
    rows = [n for axis, n in enumerate(x) if axis not in left]
    width = math.prod(equation.outvars[0].aval.shape[len(rows) :])
    features = math.prod(x[axis] for axis in left)
    yield {"name": "", "kind": "Linear", "in": [*rows, features], "out": [*rows, width]}


def _convolution(equation: Any) -> dict[str, Any]:
    numbers, params = equation.params["dimension_numbers"], equation.params
    x, kernel = (v.aval.shape for v in equation.invars[:2])
    out = equation.outvars[0].aval.shape
    return {
        "name": "",
        "kind": f"Conv{len(x) - 2}d",
        "in": [x[axis] for axis in numbers.lhs_spec],
        "out": [out[axis] for axis in numbers.out_spec],
        "groups": params["feature_group_count"],
        "stride": list(params["window_strides"]),
        "kernel_size": [kernel[axis] for axis in numbers.rhs_spec[2:]],
    }


def _operations(name: str, equation: Any) -> Iterator[tuple[str, tuple[int, ...]]]:
    shape = tuple(getattr(equation.outvars[0].aval, "shape", ()))
    if name == "dot_general" and any(equation.params["dimension_numbers"][1]):
        yield "matmul", shape
    elif name == "exp" and len(shape) >= 4:
        while len(shape) > _IMAGE_AXES and 1 in shape:
            at = shape.index(1)
            shape = (*shape[:at], *shape[at + 1 :])
        yield "softmax", shape
    elif name == "conv_general_dilated":
        transposed = any(n > 1 for n in equation.params["lhs_dilation"])
        yield f"conv_transpose{len(shape) - 2}d" if transposed else f"conv{len(shape) - 2}d", shape
    elif name in ("ge", "gt", "le", "lt") and _is_triangle(equation, shape):
        yield "tril", shape
    elif name in _PRIMITIVES:
        yield _PRIMITIVES[name], shape
    elif equation.params.get("name") in _NAMED:
        yield _NAMED[equation.params["name"]], shape


def _is_triangle(equation: Any, shape: tuple[int, ...]) -> bool:
    """Whether places are compared with places, as a mask that looks back does."""
    square = len(shape) >= 2 and shape[-1] == shape[-2] > 1
    return square and all("int" in str(v.aval.dtype) for v in equation.invars)


def _parts(nnx: Any, own: OwnModule, inputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Norms, cells and attentions by the module's own word, which a jaxpr does not tell."""
    layers: list[dict[str, Any]] = []
    first = next((i["shape"] for i in inputs if i["shape"]), [1])
    for path, part in nnx.iter_modules(own.module):
        kind, name = type(part).__name__, ".".join(map(str, path))
        if kind in _NORMS:
            features = getattr(part, "num_features", 0)
            told = "BatchNorm2d" if kind == "BatchNorm" else kind
            layers.append({"name": name, "kind": told, "in": [first[0], features], "out": None})
        elif kind in _CELLS:
            hidden = getattr(part, "hidden_features", None)
            seen = [*first[:2], getattr(part, "in_features", 1)]
            cell = {"name": name, "kind": _CELLS[kind], "in": seen, "out": None}
            layers.append({**cell, "hidden_size": hidden, "num_layers": 1})
        elif kind == "MultiHeadAttention":
            heads = {"kind": "MultiheadAttention", "num_heads": part.num_heads}
            layers.append({"name": name, **heads, "in": first, "out": None})
    return layers


def _norms(nnx: Any, own: OwnModule) -> collections.Counter[tuple[str, tuple[int, ...]]]:
    counts: collections.Counter[tuple[str, tuple[int, ...]]] = collections.Counter()
    for _, part in nnx.iter_modules(own.module):
        word = _NORMS.get(type(part).__name__)
        if word is not None:
            counts[word, ()] += 1
    return counts
