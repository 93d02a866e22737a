"""Which expressions are arrays, which read a value out of one, and which are views.

An inference that would rather not know than guess: what is not certain enough is no array. Knows
the frameworks' naming only as far as that takes. It must not know what follows from it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from advisor.scan.python.scopes import Kind, Scope

_DEEPEST = 60
_LONGEST_ANNOTATION = 300

_NO_ARRAYS = frozenset((
    "device", "dtype", "Generator", "Size", "finfo", "iinfo", "no_grad", "enable_grad",
    "inference_mode", "set_grad_enabled", "is_tensor", "is_grad_enabled", "is_floating_point",
    "is_complex", "numel", "load", "save", "manual_seed", "seed", "initial_seed", "compile",
    "set_default_dtype", "get_default_dtype", "set_printoptions", "autocast", "typename",
    "get_num_threads", "set_num_threads", "use_deterministic_algorithms",
    "set_float32_matmul_precision", "result_type", "promote_types", "can_cast", "allclose",
    "equal", "is_nonzero", "broadcast_shapes", "vmap", "cond",
))  # fmt: skip
"""Functions of torch that return no tensor."""
_ASKING = ("get_", "set_", "is_", "has_")
"""How functions of torch begin that ask or set something beside tensors."""

_TORCH_MODULES = ("torch.nn.functional.", "torch.linalg.", "torch.fft.", "torch.special.")
_JAX_MODULES = ("jax.numpy.", "jax.lax.", "jax.nn.", "jax.random.", "jax.scipy.", "jax.ops.")
_NO_JAX_ARRAYS = frozenset((
    "shape", "ndim", "size", "dtype", "result_type", "issubdtype", "finfo", "iinfo",
    "iscomplexobj", "split", "key", "PRNGKey", "fold_in", "scan", "while_loop", "fori_loop",
    "cond", "switch", "map", "associative_scan", "broadcast_shapes", "promote_types", "isscalar",
    "vectorize", "axis_index", "axis_size", "Precision", "GatherDimensionNumbers", "top_k",
    "psum", "pmean", "dtype_of", "canonicalize_dtype",
))  # fmt: skip
_NO_METHODS = frozenset((
    "size", "dim", "numel", "item", "tolist", "numpy", "stride", "data_ptr", "is_contiguous",
    "get_device", "storage", "backward", "element_size", "nelement", "ndimension",
    "is_floating_point", "is_complex", "register_hook", "dtype", "block_until_ready", "devices",
))  # fmt: skip
"""Methods of arrays that return no array."""

_ARRAY_ATTRIBUTES = frozenset({"T", "mT", "H", "mH", "data", "grad", "real", "imag", "at"})
VIEW_METHODS = frozenset((
    "view", "view_as", "expand", "expand_as", "narrow", "select", "diagonal", "unfold", "t",
    "transpose", "permute", "squeeze", "unsqueeze", "as_strided", "swapaxes", "movedim",
    "flatten", "unbind", "chunk", "split",
))  # fmt: skip
_REDUCING = frozenset((
    "any", "all", "sum", "max", "min", "mean", "norm", "item", "prod", "count_nonzero", "isnan",
    "isinf", "isfinite", "std", "var", "amax", "amin", "argmax", "argmin", "median", "equal",
    "allclose",
))  # fmt: skip
"""What turns arrays into something small that code may branch on."""

_TRACED = ("torch", "jax")
_READERS = frozenset({"float", "int", "bool"})
_ARRAY_NAME = (
    r"(?:[\w.]+\.)?(?:Tensor|FloatTensor|LongTensor|BoolTensor|Array|ArrayLike)|jnp\.ndarray"
)
_SHAPED = (
    r"(?:[\w.]+\.)?(?:Float|Int|Bool|Complex|Shaped|Num|Real|Inexact)\[(?:"
    + _ARRAY_NAME
    + r"),.*\]"
)
_ONE_ARRAY = re.compile(f"(?:{_ARRAY_NAME}|{_SHAPED})", re.DOTALL)
_MAYBE = re.compile(r"^(?:[\w.]+\.)?(?:Optional|Union)\[(.*)\]$", re.DOTALL)


def array_kind(node: ast.expr, scope: Scope, depth: int = 0) -> Kind | None:
    """Whose array *node* evaluates to, where that is certain enough."""
    if depth > _DEEPEST:
        return None
    if isinstance(node, ast.Name):
        return scope.array(node.id)
    if isinstance(node, ast.Call):
        return _call_kind(node, scope, depth)
    if isinstance(node, ast.Attribute):
        return _attribute_kind(node, scope, depth)
    if isinstance(node, (ast.Subscript, ast.Starred, ast.Await)):
        return array_kind(node.value, scope, depth + 1)
    return _compound_kind(node, scope, depth)


def _compound_kind(node: ast.expr, scope: Scope, depth: int) -> Kind | None:
    parts: list[ast.expr] = []
    if isinstance(node, ast.BinOp):
        parts = [node.left, node.right]
    elif isinstance(node, ast.UnaryOp):
        parts = [] if isinstance(node.op, ast.Not) else [node.operand]
    elif isinstance(node, ast.Compare):
        parts = [] if _about_objects(node) else [node.left, *node.comparators]
    elif isinstance(node, ast.IfExp):
        parts = [node.body, node.orelse]
    elif isinstance(node, ast.NamedExpr):
        parts = [node.value]
    kinds = (array_kind(part, scope, depth + 1) for part in parts)
    return next((kind for kind in kinds if kind is not None), None)


def _about_objects(node: ast.Compare) -> bool:
    return any(isinstance(op, (ast.Is, ast.IsNot, ast.In, ast.NotIn)) for op in node.ops)


def _attribute_kind(node: ast.Attribute, scope: Scope, depth: int) -> Kind | None:
    if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
        return scope.array(f"self.{node.attr}")
    if node.attr in _ARRAY_ATTRIBUTES:
        return array_kind(node.value, scope, depth + 1)
    return None


def _call_kind(node: ast.Call, scope: Scope, depth: int) -> Kind | None:
    dotted = scope.dotted(node.func)
    if dotted is not None:
        return _function_kind(dotted)
    function = node.func
    if isinstance(function, ast.Attribute):
        if isinstance(function.value, ast.Name) and function.value.id == "self":
            layer = scope.has_layer(function.attr)
            return _applied_kind(node, scope, depth) if layer else None
        if function.attr in _NO_METHODS:
            return "numpy" if function.attr == "numpy" else None
        return array_kind(function.value, scope, depth + 1)
    if isinstance(function, ast.Call):
        # A layer that was just made, or a transformed function: nn.Linear(3, 4)(x), vmap(f)(x).
        return _applied_kind(node, scope, depth)
    return None


def _applied_kind(node: ast.Call, scope: Scope, depth: int) -> Kind | None:
    """A layer gives arrays where it is given some."""
    kinds = (array_kind(argument, scope, depth + 1) for argument in node.args)
    return next((kind for kind in kinds if kind is not None), None)


def _function_kind(dotted: str) -> Kind | None:
    name = dotted.rpartition(".")[2]
    if dotted.startswith("torch."):
        made = dotted.count(".") == 1 and not (name in _NO_ARRAYS or name.startswith(_ASKING))
        if name[:1].isupper():
            return "torch" if name.endswith("Tensor") or name == "Parameter" else None
        return "torch" if made or dotted.startswith(_TORCH_MODULES) else None
    if dotted.startswith(_JAX_MODULES):
        return None if name in _NO_JAX_ARRAYS or name[:1].isupper() else "jax"
    return "numpy" if dotted.startswith("numpy.") else None


def is_view(node: ast.expr, scope: Scope) -> bool:
    """Whether writing into *node* may change another tensor: it is a part or a view of one."""
    if isinstance(node, ast.Name):
        return node.id in scope.views
    if isinstance(node, ast.Subscript):
        return not isinstance(node.slice, ast.Constant) and array_kind(node.value, scope) == "torch"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in VIEW_METHODS and array_kind(node.func.value, scope) == "torch"
    return False


def reads_value(node: ast.expr, scope: Scope, depth: int = 0, *, bare: bool = True) -> bool:
    """Whether the truth (or the number) of *node* depends on what stands in an array.

    A *bare* name is the test itself, and not a part of a comparison or a sum.
    """
    if depth > _DEEPEST:
        return False
    if isinstance(node, ast.Call):
        return _call_reads(node, scope, depth)
    if isinstance(node, ast.Name):
        # `if mask:` on a parameter asks whether it was given; compared, it is a value.
        given = bare and node.id in scope.parameters
        return scope.holds_number(node.id) or (not given and scope.array(node.id) in _TRACED)
    if isinstance(node, ast.Subscript):
        return array_kind(node, scope) in _TRACED
    bare = bare and isinstance(node, (ast.BoolOp, ast.UnaryOp))
    return any(reads_value(part, scope, depth + 1, bare=bare) for part in _operands(node))


def _operands(node: ast.expr) -> Sequence[ast.expr]:
    """The parts that decide the truth of *node*."""
    if isinstance(node, ast.BoolOp):
        return node.values
    if isinstance(node, ast.UnaryOp):
        return (node.operand,)
    if isinstance(node, ast.BinOp):
        return (node.left, node.right)
    if isinstance(node, ast.Compare) and not _about_objects(node):
        return (node.left, *node.comparators)
    return ()


def _call_reads(node: ast.Call, scope: Scope, depth: int) -> bool:
    function = node.func
    if isinstance(function, ast.Name) and function.id in _READERS:
        return any(reads_value(a, scope, depth + 1, bare=False) for a in node.args)
    dotted = scope.dotted(function)
    if dotted is not None:
        name = dotted.rpartition(".")[2]
        return name in _REDUCING and dotted.startswith(("torch.", "jax.numpy.", "jax.lax."))
    if isinstance(function, ast.Attribute):
        if _undecided(function.value, scope):
            return function.attr in _REDUCING
        kind = array_kind(function.value, scope)
        if function.attr == "item":
            return kind in _TRACED
        return function.attr not in _NO_METHODS and kind in _TRACED
    return False


def _undecided(node: ast.expr, scope: Scope) -> bool:
    """Whether *node* is a parameter that may be an array, or a comparison or a sum of one."""
    if isinstance(node, ast.Name):
        return node.id in scope.undecided
    if isinstance(node, (ast.Compare, ast.BinOp)):
        return any(_undecided(part, scope) for part in _operands(node))
    return False


def annotated_array(annotation: ast.expr | None) -> bool | None:
    """Whether an annotation says array (true), something else (false), or nothing (None)."""
    if annotation is None:
        return None
    try:
        text = ast.unparse(annotation)
    except (RecursionError, ValueError):
        return False
    if len(text) > _LONGEST_ANNOTATION:
        return False
    text = text.strip("'\"")
    inner = _MAYBE.match(text)
    plain = (inner.group(1) if inner else text).removesuffix(", None").removesuffix(" | None")
    return _ONE_ARRAY.fullmatch(plain) is not None
