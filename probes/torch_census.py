"""What a user's module is made of: layers with their shapes, and operations by torch.export.

Runs the module once in PyTorch and says what was seen, as data; which family is near is decided
elsewhere. Where it cannot be exported, the operations are missing and the reason is there.
"""

from __future__ import annotations

import collections
import importlib.util
from typing import Any

from probes.own import module as own_module
from probes.own.firsts import leaves_of
from probes.own.module import OwnModule, is_sequence, looks_back
from probes.protocol import answer_once

_MOST_LAYERS = 2000
_ATTRIBUTES = (
    "num_heads",
    "hidden_size",
    "num_layers",
    "bidirectional",
    "groups",
    "stride",
    "kernel_size",
    "num_embeddings",
    "embedding_dim",
    "mode",
)


def main(argv: list[str]) -> int:
    """Print the census of the module that the one argument names, as one JSON document."""
    return answer_once(lambda: {"census": census(argv[0])})


def census(source: str) -> dict[str, Any]:
    """Layers, operations, inputs and outputs of the module that *source* names.

    Raises:
        UserFileError: the file is wrong, or the module cannot be called with its inputs.
    """
    import torch

    found = own_module.parse(source)
    file = own_module.file_of(found)
    own = own_module.build(file, found.name, 0, torch)
    own, dropout = own_module.without_dropout(torch, own)
    own.module.eval()
    layers, outputs = file.pointing(lambda: _called(torch, own), own.place)()
    operations, failed = _exported(torch, own)
    given = torch.utils._pytree.tree_leaves([own.arguments, dict(own.named)])  # noqa: SLF001
    return {
        "place": own.place,
        "trains": found.trains,
        "layers": layers[:_MOST_LAYERS],
        "operations": operations,
        "not_exported": failed,
        "inputs": [_tensor(t) for t in given if isinstance(t, torch.Tensor)],
        "outputs": [_tensor(t) for t in leaves_of(torch, outputs).values()],
        "parameters": sum(p.numel() for p in own.module.parameters()),
        "dropout": dropout,
        "looks_back": _looks_back(torch, own),
        "translates_here": all(importlib.util.find_spec(n) for n in ("torchax", "jax")),
    }


def _tensor(tensor: Any) -> dict[str, Any]:
    return {"shape": list(tensor.shape), "dtype": _dtype(tensor)}


def _dtype(tensor: Any) -> str:
    return str(tensor.dtype).split(".")[-1]


def _called(torch: Any, own: OwnModule) -> tuple[list[dict[str, Any]], Any]:
    """Every layer without parts, in the order of its calls, and what the module returned."""
    seen: list[dict[str, Any]] = []
    names = {id(m): n for n, m in own.module.named_modules()}

    def note(module: Any, inputs: Any, output: Any) -> None:
        leaf = isinstance(module, torch.nn.MultiheadAttention) or not list(module.children())
        if leaf:
            seen.append(_layer(torch, names.get(id(module), ""), module, inputs, output))

    hooks = [m.register_forward_hook(note) for m in own.module.modules()]
    try:
        with torch.no_grad():
            outputs = own.module(*own.arguments, **own.named)
    finally:
        for hook in hooks:
            hook.remove()
    return seen, outputs


def _looks_back(torch: Any, own: OwnModule) -> bool | None:
    """As `own_module.looks_back`; None where no input is a sequence."""
    tree = torch.utils._pytree  # noqa: SLF001  (torch.export's own trees)
    given, spec = tree.tree_flatten((own.arguments, dict(own.named)))
    tensors = [(n, x) for n, x in enumerate(given) if isinstance(x, torch.Tensor)]
    at = next((n for n, x in tensors if is_sequence(x, _dtype(x))), None)
    if at is None:
        return None

    def called(value: Any) -> Any:
        arguments, named = tree.tree_unflatten([*given[:at], value, *given[at + 1 :]], spec)
        with torch.no_grad():
            output = next(iter(leaves_of(torch, own.module(*arguments, **named)).values()))
        return output.double().cpu().numpy()

    changed = given[at].clone()
    changed[:, -1] = changed[:, 0]
    return looks_back(called, given[at], changed)


def _layer(torch: Any, name: str, module: Any, inputs: Any, output: Any) -> dict[str, Any]:
    def shape(value: Any) -> list[int] | None:
        first = value[0] if isinstance(value, (tuple, list)) and value else value
        return list(first.shape) if isinstance(first, torch.Tensor) else None

    held = {k: getattr(module, k) for k in _ATTRIBUTES if hasattr(module, k)}
    usable = {k: v for k, v in held.items() if isinstance(v, (bool, int, str, tuple))}
    return {
        "name": name,
        "kind": type(module).__name__,
        "in": shape(inputs),
        "out": shape(output),
        **{k: list(v) if isinstance(v, tuple) else v for k, v in usable.items()},
    }


def _exported(torch: Any, own: OwnModule) -> tuple[list[dict[str, Any]], str | None]:
    """Operations with the shape of their first input and how often; or why there are none."""
    try:
        with torch.no_grad():
            program = torch.export.export(own.module, own.arguments, dict(own.named))
    except Exception as error:
        return [], f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    counts: collections.Counter[tuple[str, tuple[int, ...], bool]] = collections.Counter()
    for node in program.graph.nodes:
        if node.op != "call_function":
            continue
        name = str(getattr(node.target, "overloadpacket", node.target)).split(".")[-1]
        values = [a.meta.get("val") for a in node.args if hasattr(a, "meta")]
        shapes = [v.shape for v in values if hasattr(v, "shape")]
        first = tuple(int(n) for n in shapes[0]) if shapes else ()
        counts[name, first, _causal(node)] += 1
    return [
        {"name": name, "shape": list(shape), "causal": causal, "count": count}
        for (name, shape, causal), count in counts.items()
    ], None


def _causal(node: Any) -> bool:
    """Whether an attention looks back only."""
    return bool(node.kwargs.get("is_causal") or (len(node.args) > 5 and node.args[5] is True))
