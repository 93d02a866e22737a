"""References and methods: counted by name, and taken for what the tables say that they mean.

Knows the tables' lookups. It must not know what else a call's arguments say (`arguments`).
"""

from __future__ import annotations

import ast

from advisor.scan.python.arrays import array_kind
from advisor.scan.python.names import last_name
from advisor.scan.python.reading import Reading
from advisor.scan.python.scopes import Scope

# Methods that nothing else is likely to have, in a file that imports PyTorch.
_DISTINCTIVE = frozenset((
    "cuda", "detach", "detach_", "backward", "requires_grad_", "unsqueeze", "permute",
    "contiguous", "is_contiguous", "masked_fill", "masked_fill_", "masked_select", "scatter_",
    "scatter_add", "scatter_add_", "scatter_reduce", "index_select", "index_add", "index_add_",
    "index_copy_", "index_fill_", "expand_as", "view", "view_as", "type_as", "new_zeros",
    "new_ones", "new_full", "new_tensor", "new_empty", "bmm", "data_ptr", "pin_memory",
    "share_memory_", "register_buffer", "register_parameter", "register_forward_hook",
    "register_forward_pre_hook", "register_full_backward_hook", "named_parameters",
    "named_modules", "named_buffers", "named_children", "load_state_dict", "state_dict",
    "zero_grad", "add_", "sub_", "mul_", "div_", "clamp_", "copy_", "fill_", "zero_", "normal_",
    "uniform_", "exponential_", "bernoulli_", "lerp_", "addcmul_", "addcdiv_",
    "repeat_interleave", "numel", "retain_grad", "rsqrt", "bfloat16", "half", "expand",
    "as_strided", "narrow", "resize_", "set_", "random_", "item",
))  # fmt: skip
_WITHOUT_ARGUMENTS = frozenset(
    {"cpu", "float", "double", "long", "numpy", "eval", "parameters", "cfloat", "cdouble"}
)
_WITH_ARGUMENTS = frozenset({"to"})
_AT_METHODS = frozenset(
    ["set", "add", "subtract", "multiply", "mul", "divide", "power", "min", "max", "apply", "get"]
)
_AT = "jax.numpy.ndarray.at"


def take_reference(
    reading: Reading, node: ast.expr, dotted: str, *, compared: bool = False
) -> None:
    """Count the reference *node* to *dotted* and take down what it speaks for.

    What is only *compared* with (``x.dtype == torch.float64``) is a hint.
    """
    meaning = reading.tables.meaning(dotted)
    if meaning.name is not None:
        reading.use(node, meaning.name)
    for signal in meaning.signals:
        sure = "possible" if compared else signal.confidence
        reading.note(node, signal.key, signal.value, sure)


def take_method(reading: Reading, node: ast.Call, function: ast.Attribute, scope: Scope) -> None:
    """Count the method call *node*, where it is certain enough whose method it is."""
    if reading.jax and _is_at(function):
        reading.use(node, _AT)
        return
    if not reading.torch:
        return
    name = reading.tables.methods.get(function.attr)
    signals = reading.tables.method_signals.get(function.attr, ())
    if (name is None and not signals) or not _is_torch(node, function, scope):
        return
    if name is not None:
        reading.use(node, name)
    for signal in signals:
        reading.note(node, signal.key, signal.value, signal.confidence)


def _is_at(function: ast.Attribute) -> bool:
    """``x.at[...].set``: JAX's way of writing."""
    inner = function.value
    return (
        function.attr in _AT_METHODS
        and isinstance(inner, ast.Subscript)
        and isinstance(inner.value, ast.Attribute)
        and inner.value.attr == "at"
    )


def _is_torch(node: ast.Call, function: ast.Attribute, scope: Scope) -> bool:
    kind = array_kind(function.value, scope)
    if kind is not None:
        return kind == "torch"
    if isinstance(function.value, ast.Constant):
        return False
    attr = function.attr
    if attr in _DISTINCTIVE:
        return True
    given = bool(node.args or node.keywords)
    if attr in _WITH_ARGUMENTS:
        return given
    if attr in _WITHOUT_ARGUMENTS:
        return not given
    return attr == "step" and not given and "opt" in last_name(function.value).lower()
