"""What the arguments of a call say that its name does not: shapes, precision, weights, launchers.

Knows the keywords of both frameworks and of the libraries around them. It must not know how a
conflict between two findings is settled.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from advisor.scan.python.arrays import array_kind
from advisor.scan.python.derivatives import asks_for_graph
from advisor.scan.python.reading import Reading
from advisor.scan.python.scopes import Scope

_HUB_ROOTS = ("transformers", "diffusers", "peft", "sentence_transformers", "accelerate", "trl")
_PADDINGS: Mapping[object, tuple[str, str]] = {
    "max_length": ("max_length", "static"),
    "longest": ("longest", "bucketed"),
    True: ("longest", "bucketed"),
}
_TOKENIZING = frozenset({"truncation", "return_tensors", "return_attention_mask", "max_length"})
_STRATEGIES = ("ddp", "fsdp", "deepspeed", "horovod")
_MODEL_ROOTS = ("torchvision", "timm", "torch", "segmentation_models_pytorch")
_TRAINERS = ("Trainer", "Fabric")
_OFF = ("0", "false", "False", "")
_DOUBLE_WORDS = frozenset({"float64", "double", "torch.DoubleTensor", "torch.cuda.DoubleTensor"})
_DOUBLE_NAMES = frozenset({"torch.float64", "torch.double", "numpy.float64", "jax.numpy.float64"})

X64 = "jax_enable_x64"


def take_arguments(reading: Reading, node: ast.Call, dotted: str | None, scope: Scope) -> None:
    """Take down what the arguments of the call *node* (of *dotted*, where that is known) say."""
    if dotted is not None:
        _take_named(reading, node, dotted, scope)
    elif isinstance(node.func, ast.Attribute):
        _take_method(reading, node, node.func, scope)
    for keyword in node.keywords:
        taker = _KEYWORDS.get(keyword.arg or "")
        if taker is not None:
            taker(reading, node, keyword, dotted)


def _take_named(reading: Reading, node: ast.Call, dotted: str, scope: Scope) -> None:
    first = node.args[0] if node.args else None
    name = dotted.rpartition(".")[2]
    if dotted.startswith("jax") and dotted.endswith("config.update") and len(node.args) == 2:
        if _text(first) == X64 and isinstance(node.args[1], ast.Constant):
            reading.note(node, "float64", bool(node.args[1].value), "certain")
    elif name in ("set_default_dtype", "set_default_tensor_type") and first is not None:
        if scope.dotted(first) in _DOUBLE_NAMES or _text(first) in _DOUBLE_WORDS:
            reading.note(node, "float64", value=True, confidence="certain")
    elif name == "from_pretrained" and dotted.startswith(_HUB_ROOTS):
        reading.note(node, "pretrained", "huggingface", "certain")
    elif dotted == "torch.distributed.init_process_group" and _says(node, first, "nccl"):
        reading.note(node, "hardware.train", "nvidia_multi", "likely")


def _take_method(reading: Reading, node: ast.Call, function: ast.Attribute, scope: Scope) -> None:
    first = node.args[0] if node.args else None
    if function.attr == "from_pretrained" and (reading.torch or reading.jax):
        owner = scope.dotted(function.value) or ""
        sure = owner.startswith(_HUB_ROOTS) or isinstance(first, ast.Constant)
        reading.note(node, "pretrained", "huggingface", "likely" if sure else "possible")
    elif function.attr == "backward" and asks_for_graph(node):
        reading.note(node, "transforms", "higher_order_grad", "certain")
    elif function.attr in ("astype", "to") and first is not None:
        wide = _text(first) in _DOUBLE_WORDS or scope.dotted(first) == "numpy.float64"
        if wide and array_kind(function.value, scope) in ("torch", "jax"):
            reading.note(node, "float64", value=True, confidence="likely")
    elif function.attr == "setdefault" and _text(first) == X64.upper() and len(node.args) == 2:
        take_environment(reading, node, node.args[1])


def take_environment(reading: Reading, node: ast.AST, value: ast.expr) -> None:
    """The environment's JAX_ENABLE_X64 is set to *value*."""
    reading.note(node, "float64", _text(value) not in _OFF, "certain")


def _says(node: ast.Call, first: ast.expr | None, word: str) -> bool:
    given = [first, *(kw.value for kw in node.keywords if kw.arg == "backend")]
    return any(word in (_text(value) or "") for value in given if value is not None)


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _dynamic(reading: Reading, node: ast.Call, keyword: ast.keyword, dotted: str | None) -> None:
    if dotted == "torch.compile" and _true(keyword.value):
        reading.note(node, "shapes", "dynamic", "likely")
        reading.note(node, "code.dynamic_shape", "dynamic_dimension", "certain")


def _dynamic_shapes(
    reading: Reading, _: ast.Call, keyword: ast.keyword, dotted: str | None
) -> None:
    if reading.torch and not _off(keyword.value) and dotted is not None:
        reading.note(keyword.value, "shapes", "dynamic", "likely")
        reading.note(keyword.value, "code.dynamic_shape", "dynamic_dimension", "certain")


def _padding(reading: Reading, node: ast.Call, keyword: ast.keyword, dotted: str | None) -> None:
    if not isinstance(keyword.value, ast.Constant) or (dotted or "").startswith(("torch", "flax")):
        return
    words = {kw.arg for kw in node.keywords}
    value = keyword.value.value
    tokenizes = bool(words & _TOKENIZING) or value in ("max_length", "longest")
    if tokenizes and isinstance(value, (str, bool)) and value in _PADDINGS:
        padding, shapes = _PADDINGS[value]
        reading.note(keyword.value, "code.padding", padding, "certain")
        reading.note(keyword.value, "shapes", shapes, "likely")


def _multiple(reading: Reading, _: ast.Call, keyword: ast.keyword, __: str | None) -> None:
    if isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, int):
        reading.note(keyword.value, "code.padding", "multiple", "certain")
        reading.note(keyword.value, "shapes", "bucketed", "certain")


def _grouped(reading: Reading, _: ast.Call, keyword: ast.keyword, __: str | None) -> None:
    if _true(keyword.value):
        reading.note(keyword.value, "shapes", "bucketed", "likely")


def _inplace(reading: Reading, _: ast.Call, keyword: ast.keyword, dotted: str | None) -> None:
    if _true(keyword.value) and (dotted or "").startswith("torch"):
        reading.note(keyword.value, "code.in_place", "inplace", "certain")


def _out(reading: Reading, _: ast.Call, keyword: ast.keyword, dotted: str | None) -> None:
    none = isinstance(keyword.value, ast.Constant) and keyword.value.value is None
    if (dotted or "").startswith("torch.") and not none:
        reading.note(keyword.value, "code.in_place", "out", "certain")


def _dtype(reading: Reading, _: ast.Call, keyword: ast.keyword, dotted: str | None) -> None:
    if not (dotted or "").startswith(("torch", "jax")):
        return
    word = _text(keyword.value) or ""
    wide = word in _DOUBLE_WORDS
    if isinstance(keyword.value, ast.Attribute) and keyword.value.attr in ("float64", "float_"):
        # torch.float64 and jnp.float64 are taken as references; NumPy's is one here only.
        wide = isinstance(keyword.value.value, ast.Name) and keyword.value.value.id in (
            "np",
            "numpy",
        )
    if wide:
        reading.note(keyword.value, "float64", value=True, confidence="likely")
    if word in ("complex64", "complex128"):
        reading.note(keyword.value, "code.complex", "complex", "certain")


def _weights(reading: Reading, node: ast.Call, keyword: ast.keyword, dotted: str | None) -> None:
    root = (dotted or "").split(".", 1)[0]
    named = dotted is not None and root in _MODEL_ROOTS and _called(node) != "list_models"
    if not reading.torch or not named or _off(keyword.value):
        return
    vision = root == "torchvision"
    if ("models" in str(dotted)) if vision else keyword.arg == "pretrained":
        sure = isinstance(keyword.value, ast.Constant)
        reading.note(node, "pretrained", "torch_hub", "certain" if sure else "likely")


def _strategy(reading: Reading, _: ast.Call, keyword: ast.keyword, __: str | None) -> None:
    word = (_text(keyword.value) or "").lower()
    value = next((name for name in _STRATEGIES if word.startswith(name)), None)
    if value is not None:
        reading.note(keyword.value, "code.distributed", value, "certain")
        reading.note(keyword.value, "hardware.train", "nvidia_multi", "likely")


def _accelerator(reading: Reading, _: ast.Call, keyword: ast.keyword, __: str | None) -> None:
    word = (_text(keyword.value) or "").lower()
    if word in ("tpu", "mps"):
        answer = "tpu" if word == "tpu" else "apple"
        reading.note(keyword.value, "hardware.train", answer, "likely")


def _called(node: ast.Call) -> str:
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _nodes(reading: Reading, node: ast.Call, keyword: ast.keyword, __: str | None) -> None:
    value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
    if _called(node) in _TRAINERS and isinstance(value, int) and value > 1:
        reading.note(keyword.value, "hardware.train", "nvidia_cluster", "likely")


def _devices(reading: Reading, node: ast.Call, keyword: ast.keyword, __: str | None) -> None:
    value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
    if _called(node) in _TRAINERS and isinstance(value, int) and value > 1:
        reading.note(keyword.value, "hardware.train", "nvidia_multi", "likely")


def _training(reading: Reading, node: ast.Call, keyword: ast.keyword, __: str | None) -> None:
    if _called(node).endswith("TrainingArguments") and not _off(keyword.value):
        reading.note(keyword.value, "code.distributed", keyword.arg, "certain")
        reading.note(keyword.value, "hardware.train", "nvidia_multi", "likely")


def _off(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value in (None, False, "")


_Taker = Callable[[Reading, ast.Call, ast.keyword, str | None], None]
_KEYWORDS: Mapping[str, _Taker] = {
    "dynamic": _dynamic,
    "dynamic_shapes": _dynamic_shapes,
    "dynamic_axes": _dynamic_shapes,
    "padding": _padding,
    "pad_to_multiple_of": _multiple,
    "group_by_length": _grouped,
    "inplace": _inplace,
    "out": _out,
    "dtype": _dtype,
    "pretrained": _weights,
    "weights": _weights,
    "strategy": _strategy,
    "accelerator": _accelerator,
    "num_nodes": _nodes,
    "devices": _devices,
    "deepspeed": _training,
    "fsdp": _training,
}
