"""Sizes of models in Python: arguments of constructors, fields of configurations, constants.

Knows where sizes stand in code. It must not know what they are called (`advisor.scan.sizes`).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

from advisor.knowledge.code_signals import Confidence
from advisor.scan.python.reading import Reading
from advisor.scan.sizes import SIZE, size_key, size_value

_CONFIGURATION = re.compile(
    r"config|args|arguments|hparams|hyper|settings|params|options", re.IGNORECASE
)
_MAKER = re.compile(r"config|model|make|create|build|get_|module|net", re.IGNORECASE)

# Layers whose first arguments are sizes, in their order.
_POSITIONAL: Mapping[str, tuple[str, ...]] = {
    "torch.nn.Embedding": ("vocabulary", "width"),
    "torch.nn.MultiheadAttention": ("width", "heads"),
    "torch.nn.TransformerEncoderLayer": ("width", "heads"),
    "torch.nn.TransformerDecoderLayer": ("width", "heads"),
    "torch.nn.Transformer": ("width", "heads", "layers"),
    "torch.nn.LSTM": ("", "width", "layers"),
    "torch.nn.GRU": ("", "width", "layers"),
    "torch.nn.RNN": ("", "width", "layers"),
    "flax.nnx.Embed": ("vocabulary", "width"),
    "flax.linen.Embed": ("vocabulary", "width"),
    "equinox.nn.Embedding": ("vocabulary", "width"),
    "haiku.Embed": ("vocabulary", "width"),
}
_LINEAR = frozenset({"torch.nn.Linear", "flax.nnx.Linear", "equinox.nn.Linear"})


def constant(node: ast.expr) -> Any:
    """The plain value that *node* spells; None where it spells none."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, (ast.List, ast.Tuple)) and len(node.elts) <= 64:
        values = [constant(element) for element in node.elts]
        return None if None in values else values
    return None


def take_call(reading: Reading, node: ast.Call, dotted: str | None) -> None:
    """Sizes among the arguments of a constructor or a maker of models."""
    if dotted is not None:
        _take_positional(reading, node, dotted)
    name = _called(node.func)
    makes = name[:1].isupper() or _MAKER.search(name) is not None or name == "dict"
    if makes:
        for keyword in node.keywords:
            if keyword.arg:
                configuration = _CONFIGURATION.search(name) is not None
                take(reading, keyword.value, keyword.arg, "likely", configuration=configuration)
    if name == "add_argument":
        _take_option(reading, node)


def _take_positional(reading: Reading, node: ast.Call, dotted: str) -> None:
    for size, argument in zip(_POSITIONAL.get(dotted, ()), node.args, strict=False):
        value = size_value(f"{SIZE}{size}", constant(argument)) if size else None
        if value is not None:
            reading.note(node, f"{SIZE}{size}", value, "certain")
    if dotted in _LINEAR and len(node.args) >= 2:
        widths = size_value(f"{SIZE}widths", [constant(argument) for argument in node.args[:2]])
        if widths is not None:
            reading.note(node, f"{SIZE}widths", widths, "likely")


def _take_option(reading: Reading, node: ast.Call) -> None:
    default = next((kw.value for kw in node.keywords if kw.arg == "default"), None)
    for argument in node.args:
        option = constant(argument)
        if default is not None and isinstance(option, str) and option.startswith("--"):
            take(reading, default, option[2:], "likely", place=node)


def take(
    reading: Reading,
    value: ast.expr,
    name: str,
    confidence: Confidence,
    *,
    configuration: bool = False,
    place: ast.AST | None = None,
) -> None:
    """Take down that *name* is given *value*, where that is a size."""
    key = size_key(name, configuration=configuration)
    size = size_value(key, constant(value)) if key is not None else None
    if key is not None and size is not None:
        reading.note(place or value, key, size, confidence)


def take_fields(reading: Reading, node: ast.ClassDef) -> None:
    """Sizes among the fields of a configuration's class."""
    if not _CONFIGURATION.search(node.name) and not node.decorator_list:
        return
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            if statement.value is not None:
                name = statement.target.id
                take(reading, statement.value, name, "certain", configuration=True)
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name = statement.targets[0].id
            take(reading, statement.value, name, "certain", configuration=True)


def take_defaults(reading: Reading, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    """Sizes among the defaults of a constructor."""
    arguments = [*node.args.posonlyargs, *node.args.args]
    defaults = node.args.defaults
    pairs = list(zip(arguments[len(arguments) - len(defaults) :], defaults, strict=True))
    pairs += [
        (argument, default)
        for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        if default is not None
    ]
    for argument, default in pairs:
        take(reading, default, argument.arg, "likely")


def take_dictionary(reading: Reading, node: ast.Dict) -> None:
    """Sizes among the entries of a dictionary."""
    for key, value in zip(node.keys, node.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            take(reading, value, key.value, "likely")


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
