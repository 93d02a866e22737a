"""Transformations inside one another: derivatives of derivatives, of samples, of steps.

Knows the names of the transformations in both frameworks. It must not know what is differentiated.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field

from advisor.scan.python.reading import Reading
from advisor.scan.python.scopes import Scope

_GRADIENTS = frozenset(
    {"grad", "value_and_grad", "grad_and_value", "filter_grad", "filter_value_and_grad"}
)
_DERIVATIVES = _GRADIENTS | frozenset((
    "jacrev", "jacfwd", "jacobian", "jvp", "vjp", "hessian", "filter_jacrev", "filter_jacfwd",
    "filter_jvp", "filter_vjp", "filter_hessian", "hvp", "vhp", "linearize",
))  # fmt: skip
_MAPS = frozenset({"vmap", "filter_vmap", "pmap"})
_TRACING = _DERIVATIVES | _MAPS | frozenset((
    "jit", "filter_jit", "compile", "scan", "while_loop", "fori_loop", "cond", "switch", "map",
    "associative_scan", "checkpoint", "remat", "shard_map", "pallas_call", "eval_shape",
    "make_jaxpr", "export",
))  # fmt: skip
_ROOTS = ("torch.", "jax.", "functorch.", "flax.", "equinox.", "haiku.")
_SIMULATION = re.compile(
    r"(^|_)(step|env|envs|reset|rollout|simulate|simulation|dynamics|integrate|odeint|ode|solve|"
    r"trajectory|episode|diffeqsolve)(_|$)"
)


def transformation(dotted: str | None) -> str | None:
    """The bare name of the transformation that *dotted* is; none where it is something else."""
    if dotted is None or not dotted.startswith(_ROOTS):
        return None
    name = dotted.rpartition(".")[2]
    return name if name in _TRACING else None


@dataclass(slots=True)
class Derivatives:
    """Which names of the file are derivatives or take some, and what is taken of names.

    `assigned` maps a name to the transformation that it was bound to; `takers` are functions whose
    body takes a derivative.
    """

    assigned: dict[str, str] = field(default_factory=dict)
    takers: set[str] = field(default_factory=set)
    taken: list[tuple[str, str, ast.Call]] = field(default_factory=list)

    def take_call(self, reading: Reading, node: ast.Call, dotted: str, scope: Scope) -> None:
        """Take down what the call *node* of the transformation *dotted* says."""
        name = transformation(dotted)
        if name is None:
            return
        _take_traced(reading, node)
        inner = node.args[0] if node.args else None
        if name in _DERIVATIVES and asks_for_graph(node):
            reading.note(node, "transforms", "higher_order_grad", "certain")
        if inner is None or name not in _DERIVATIVES | _MAPS:
            return
        if name in _MAPS:
            _take_map(reading, node, inner)
        direct = _transformations_in(inner, scope)
        if isinstance(inner, ast.Name):
            self.taken.append((name, inner.id, node))
        elif name in _DERIVATIVES and direct & _DERIVATIVES:
            reading.note(node, "transforms", "higher_order_grad", "certain")
        elif name in _MAPS and direct & _GRADIENTS:
            _note_per_sample(reading, node)

    def take_assignment(self, target: str, value: ast.expr, scope: Scope) -> None:
        """*target* is bound to *value*, which may be a derivative."""
        if isinstance(value, ast.Call):
            name = transformation(scope.dotted(value.func))
            if name in _DERIVATIVES:
                self.assigned[target] = name

    def take_body(self, function: str, dotted: str) -> None:
        """The body of *function* calls the transformation *dotted*."""
        if transformation(dotted) in _DERIVATIVES:
            self.takers.add(function)

    def finish(self, reading: Reading) -> None:
        """Take down the derivatives of names that turned out to be derivatives, or to take some."""
        for name, of, node in self.taken:
            if name in _DERIVATIVES and of in self.assigned:
                reading.note(node, "transforms", "higher_order_grad", "certain")
            elif name in _DERIVATIVES and of in self.takers:
                reading.note(node, "transforms", "higher_order_grad", "likely")
            elif name in _MAPS and self.assigned.get(of) in _GRADIENTS:
                _note_per_sample(reading, node)


def _take_traced(reading: Reading, node: ast.Call) -> None:
    for argument in node.args:
        if isinstance(argument, ast.Name):
            reading.traced.add(argument.id)
        elif isinstance(argument, ast.Attribute):
            reading.traced.add(argument.attr)


def _take_map(reading: Reading, node: ast.Call, inner: ast.expr) -> None:
    name = ""
    if isinstance(inner, ast.Attribute):
        name = inner.attr
    elif isinstance(inner, ast.Name):
        name = inner.id
    if name and _SIMULATION.search(name.lower()):
        reading.note(node, "transforms", "vectorized_simulation", "likely")


def _note_per_sample(reading: Reading, node: ast.Call) -> None:
    """Parameters that are shared (None) leave no doubt; mapped ones make it something else."""
    axes = [kw.value for kw in node.keywords if kw.arg in ("in_dims", "in_axes")] + node.args[1:2]
    if not axes:
        reading.note(node, "transforms", "per_sample_grad", "possible")
        return
    first = axes[0].elts[0] if isinstance(axes[0], ast.Tuple) and axes[0].elts else axes[0]
    if isinstance(first, ast.Constant) and first.value is None:
        reading.note(node, "transforms", "per_sample_grad", "certain")


def asks_for_graph(node: ast.Call) -> bool:
    """Whether the gradients of this call are to be differentiated again."""
    return any(
        keyword.arg == "create_graph"
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value is True
        for keyword in node.keywords
    )


def _transformations_in(node: ast.expr, scope: Scope) -> set[str]:
    """The transformations called directly in *node*, which is not a name."""
    names: set[str] = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call):
            name = transformation(scope.dotted(inner.func))
            if name is not None:
                names.add(name)
    return names
