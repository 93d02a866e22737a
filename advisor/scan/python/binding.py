"""What the names of a function are bound to: parameters, targets of assignments and loops.

Knows how values reach names. It must not know what the values do.
"""

from __future__ import annotations

import ast

from advisor.scan.python.arrays import annotated_array
from advisor.scan.python.reading import Reading
from advisor.scan.python.scopes import Kind, Scope

_SELF = ("self", "cls", "ctx")
# Methods by which a parameter shows that it is a tensor.
TENSOR_LIKE = frozenset((
    "unsqueeze", "permute", "view", "masked_fill", "contiguous", "size", "dim", "detach",
    "masked_select", "scatter_", "expand_as", "bmm", "softmax", "chunk",
))  # fmt: skip


def bind_parameters(
    node: ast.FunctionDef | ast.AsyncFunctionDef,
    scope: Scope,
    reading: Reading,
    *,
    leading: bool,
    traced: bool,
) -> None:
    """Bind the parameters of *node* in its *scope*.

    Those without a type may be arrays; with *leading*, the first is one; where JAX traces the
    function (*traced*), all are.
    """
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    first = True
    for argument in arguments:
        scope.shadows.add(argument.arg)
        scope.parameters.add(argument.arg)
        if argument.arg in _SELF:
            continue
        says = annotated_array(argument.annotation)
        leads = (traced or (first and leading)) and says is None
        if says or leads:
            scope.arrays[argument.arg] = "torch" if reading.torch and not traced else "jax"
        elif says is None and (reading.torch or reading.jax):
            scope.undecided.add(argument.arg)
        first = False
    for rest in (node.args.vararg, node.args.kwarg):
        if rest is not None:
            scope.shadows.add(rest.arg)


def bind_target(
    target: ast.expr,
    kind: Kind | None,
    scope: Scope,
    *,
    value: ast.expr | None = None,
    view: bool = False,
    number: bool = False,
    dotted: str | None = None,
) -> None:
    """Bind *target* to an array of *kind*, a view, a number read, a module, or anything."""
    if isinstance(target, ast.Name):
        _bind_name(target.id, kind, scope, value=value, view=view, number=number, dotted=dotted)
    elif isinstance(target, (ast.Tuple, ast.List)):
        for element in target.elts:
            bind_target(element, kind, scope, view=view)
    elif isinstance(target, ast.Starred):
        bind_target(target.value, None, scope)
    elif isinstance(target, ast.Attribute):
        holder = _class_scope(scope)
        of_self = isinstance(target.value, ast.Name) and target.value.id == "self"
        if of_self and holder is not None:
            _bind_attribute(target.attr, kind, holder, value)


def _bind_name(
    name: str,
    kind: Kind | None,
    scope: Scope,
    *,
    value: ast.expr | None,
    view: bool,
    number: bool,
    dotted: str | None,
) -> None:
    nothing = isinstance(value, ast.Constant) and value.value is None
    if nothing and name in scope.names.aliases:
        # `except ImportError: torch = None` hides nothing.
        return
    scope.bind(name, kind)
    if dotted is not None:
        scope.aliases[name] = dotted
    if view:
        scope.views.add(name)
    if number:
        scope.numbers.add(name)


def _bind_attribute(name: str, kind: Kind | None, holder: Scope, value: ast.expr | None) -> None:
    if kind is not None:
        holder.arrays[f"self.{name}"] = kind
    elif holder.layers is not None and isinstance(value, ast.Call):
        function = value.func
        called = function.attr if isinstance(function, ast.Attribute) else ""
        called = function.id if isinstance(function, ast.Name) else called
        if called[:1].isupper():
            holder.layers.add(name)


def _class_scope(scope: Scope) -> Scope | None:
    outer: Scope | None = scope
    while outer is not None and not outer.methods:
        outer = outer.parent
    return outer
