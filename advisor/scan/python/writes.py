"""Writes into arrays: items, methods with an underscore, and writes through views.

Knows how PyTorch writes in place. JAX's arrays cannot change, and NumPy's do not matter here.
"""

from __future__ import annotations

import ast
import re

from advisor.scan.python.arrays import array_kind, is_view
from advisor.scan.python.reading import Reading
from advisor.scan.python.scopes import Scope

_KEY = "code.in_place"
_METHOD = re.compile(r"[a-z][a-z0-9_]*[a-z0-9]_")
# These change flags, not what stands in the tensor.
_NO_WRITES = frozenset({"requires_grad_", "share_memory_", "detach_", "rename_", "retain_grad_"})


def take_target(reading: Reading, target: ast.expr, scope: Scope) -> None:
    """An assignment to *target*, which may be a part of a tensor."""
    if not reading.torch:
        return
    if isinstance(target, ast.Subscript) and array_kind(target.value, scope) == "torch":
        through = is_view(target.value, scope)
        reading.note(target, _KEY, "through_view" if through else "item", "certain")
    elif isinstance(target, ast.Attribute) and target.attr == "data":
        named = isinstance(target.value, ast.Name)
        if not named or array_kind(target.value, scope) == "torch":
            reading.note(target, _KEY, "data", "likely")


def take_augmented(reading: Reading, node: ast.AugAssign, scope: Scope) -> None:
    """``x += y``: the tensor itself is changed, where x is one."""
    target = node.target
    if isinstance(target, ast.Subscript):
        take_target(reading, target, scope)
    elif reading.torch and array_kind(target, scope) == "torch":
        through = is_view(target, scope)
        reading.note(node, _KEY, "through_view" if through else "augmented", "likely")


def take_function(reading: Reading, node: ast.Call, dotted: str) -> None:
    """``torch.relu_(x)``; initialisers and clipping write too, but where nothing else is done."""
    name = dotted.rpartition(".")[2]
    elsewhere = dotted.startswith(("torch.nn.init.", "torch.nn.utils.", "torch.Tensor."))
    if dotted.startswith("torch.") and not elsewhere and _METHOD.fullmatch(name):
        reading.note(node, _KEY, "function", "certain")


def take_mask(reading: Reading, node: ast.Subscript, scope: Scope) -> None:
    """``x[x > 0]``: how much it takes depends on what stands in the array."""
    mask = node.slice.operand if isinstance(node.slice, ast.UnaryOp) else node.slice
    if not isinstance(node.ctx, ast.Load) or not isinstance(mask, ast.Compare):
        return
    if array_kind(node.value, scope) in ("torch", "jax") and array_kind(mask, scope):
        reading.note(node, "code.dynamic_shape", "boolean_mask", "certain")


def take_method(reading: Reading, node: ast.Call, function: ast.Attribute, scope: Scope) -> None:
    """``x.add_(y)`` and its like."""
    name = function.attr
    if not reading.torch or name in _NO_WRITES or not _METHOD.fullmatch(name):
        return
    kind = array_kind(function.value, scope)
    tensor_method = f"torch.Tensor.{name}" in reading.tables.framework_names("pytorch")
    if kind == "torch" or tensor_method:
        through = is_view(function.value, scope)
        sure = kind == "torch" or tensor_method
        value = "through_view" if through else "method"
        reading.note(node, _KEY, value, "certain" if sure else "likely")
