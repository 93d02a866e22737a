"""Walks the tree of one file in the order of the text, and hands each part to who understands it.

Knows Python's statements and expressions, and nothing of what they mean. Written for speed: a code
base has millions of nodes, most of which say nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from advisor.scan.python import arguments, references, sizes, writes
from advisor.scan.python.arrays import array_kind, is_view, reads_value
from advisor.scan.python.binding import TENSOR_LIKE, bind_parameters, bind_target
from advisor.scan.python.derivatives import Derivatives, transformation
from advisor.scan.python.devices import DeviceWords
from advisor.scan.python.reading import Reading
from advisor.scan.python.scopes import Kind, Scope
from advisor.scan.python.steps import FORWARD, Frame, Steps, is_step

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_COMPILERS = frozenset(
    {"jit", "filter_jit", "compile", "vmap", "filter_vmap", "pmap", "checkpoint", "remat"}
)
_TRACERS = ("jit", "vmap", "pmap")
_BODIES = ("body", "orelse", "finalbody")
_CONTEXTS = (ast.Load, ast.Store, ast.Del)
_AUTOGRAD = ("torch.autograd.Function", "torch.autograd.function.Function")
_MODULES = (
    "torch.nn.", "flax.linen.Module", "flax.nnx.Module", "equinox.Module", "haiku.Module",
    "lightning.", "pytorch_lightning.", "sonnet.",
)  # fmt: skip
_DEVICE_PLACES = frozenset({"to", "device", "cuda", "map_location"})


@dataclass
class Walker:
    """One walk over one file."""

    reading: Reading
    derivatives: Derivatives = field(default_factory=Derivatives)
    devices: DeviceWords = field(default_factory=DeviceWords)
    steps: Steps = field(default_factory=Steps)
    frame: Frame = field(default_factory=lambda: Frame("", ""))
    owner: str = ""
    module: bool = False

    def run(self, tree: ast.Module) -> None:
        """Walk *tree* and take down what only the whole of it tells."""
        self.block(tree.body, Scope(self.reading.names))
        self.derivatives.finish(self.reading)
        self.devices.finish(self.reading)
        self.steps.finish(self.reading)

    def block(self, body: list[ast.stmt], scope: Scope) -> None:
        """Walk the statements of *body* in their order."""
        for statement in body:
            kind = type(statement)
            if kind is ast.Assign or kind is ast.AnnAssign or kind is ast.AugAssign:
                self.assignment(statement, scope)
            elif isinstance(statement, _Function):
                self.function(statement, scope)
            elif isinstance(statement, ast.ClassDef):
                self.class_(statement, scope)
            elif isinstance(statement, (ast.Expr, ast.Return)):
                value = statement.value
                if value is not None and type(value) is not ast.Constant:
                    self.expression(value, scope)
            elif kind is not ast.Import and kind is not ast.ImportFrom:
                self.compound(statement, scope)

    def compound(self, statement: ast.stmt, scope: Scope) -> None:
        """Any other statement: its expressions first, then what stands inside."""
        if isinstance(statement, (ast.If, ast.While)):
            self.branch(statement.test, scope, statement)
        elif isinstance(statement, (ast.For, ast.AsyncFor)):
            self.loop(statement, scope)
        bodies = [getattr(statement, name, None) or [] for name in _BODIES]
        for child in ast.iter_child_nodes(statement):
            if isinstance(child, ast.expr):
                self.expression(child, scope)
            elif isinstance(child, (ast.ExceptHandler, ast.match_case)):
                bodies.append(child.body)
            elif isinstance(child, ast.withitem):
                self.context(child, scope)
        for body in bodies:
            self.block(body, scope)

    def context(self, item: ast.withitem, scope: Scope) -> None:
        """One context of a with statement."""
        self.expression(item.context_expr, scope)
        if item.optional_vars is not None:
            bind_target(item.optional_vars, None, scope)

    def branch(self, test: ast.expr, scope: Scope, place: ast.AST) -> None:
        """A branch on *test*: taken down where it depends on an array, in a step."""
        if reads_value(test, scope):
            self.frame.branches.append((place, "certain" if self.frame.root else "likely"))

    def loop(self, statement: ast.For | ast.AsyncFor, scope: Scope) -> None:
        """A loop: over a range that was read from an array, or over an array's items."""
        over = statement.iter
        counted = over.args if isinstance(over, ast.Call) and _is_range(over.func) else []
        if any(reads_value(argument, scope) for argument in counted):
            self.frame.branches.append((statement, "certain"))
        kind = None if isinstance(over, ast.Call) else array_kind(over, scope)
        target = statement.target
        if self.reading.torch and isinstance(over, ast.Call):
            target, kind = _parameters(over.func, target)
        bind_target(target, kind, scope)

    def function(self, node: _Function, scope: Scope) -> None:
        """A function: its decorators and defaults outside, its body in a scope of its own."""
        for expression in (*node.decorator_list, *node.args.defaults):
            self.expression(expression, scope)
        for default in node.args.kw_defaults:
            if default is not None:
                self.expression(default, scope)
        if node.name == "__init__" or self.module:
            sizes.take_defaults(self.reading, node)
        compilers = [self._compiler(decorator, scope) for decorator in node.decorator_list]
        compiled = any(name is not None for name, _ in compilers)
        traced = any(name in _TRACERS and not static for name, static in compilers)
        outer = self.frame
        nested = bool(outer.name) and not self._direct(scope)
        root = is_step(node.name, module=self.module, compiled=compiled) or (nested and outer.root)
        self.frame = outer if nested and outer.root else Frame(node.name, self.owner, root)
        inner = scope.child(step=root)
        leading = root and self.module and self._direct(scope) and node.name in FORWARD
        traced = traced and self.reading.jax
        bind_parameters(node, inner, self.reading, leading=leading, traced=traced)
        self.block(node.body, inner)
        if self.frame is not outer:
            self.steps.take(self.frame)
        self.frame = outer
        scope.shadows.add(node.name)

    def class_(self, node: ast.ClassDef, scope: Scope) -> None:
        """A class: its bases outside, its body in a scope that its methods look into."""
        bases = [scope.dotted(base) or "" for base in node.bases]
        for expression in (*node.bases, *node.decorator_list, *(kw.value for kw in node.keywords)):
            self.expression(expression, scope)
        if any(base in _AUTOGRAD for base in bases):
            self.reading.note(node, "code.custom_autograd", "function", "certain")
        sizes.take_fields(self.reading, node)
        outer = self.owner, self.module, self.frame
        self.owner, self.frame = node.name, Frame("", node.name)
        self.module = self._is_module(node, bases)
        inner = scope.child(step=False)
        inner.methods = True
        inner.layers = set() if self.module else None
        self.block(node.body, inner)
        self.owner, self.module, self.frame = outer
        scope.shadows.add(node.name)

    def _is_module(self, node: ast.ClassDef, bases: list[str]) -> bool:
        if any(base.startswith(_MODULES) for base in bases):
            return True
        methods = {item.name for item in node.body if isinstance(item, _Function)}
        if any(base in _AUTOGRAD for base in bases) or not node.bases:
            return False
        return self.reading.torch and "forward" in methods

    def _direct(self, scope: Scope) -> bool:
        """Whether *scope* is a class's own, so that functions in it are methods."""
        return scope.methods

    def _compiler(self, decorator: ast.expr, scope: Scope) -> tuple[str | None, bool]:
        """The transformation that *decorator* is, and whether some arguments stay Python's."""
        call = decorator if isinstance(decorator, ast.Call) else None
        name = transformation(scope.dotted(call.func if call else decorator))
        if name is None and call is not None and call.args:
            name = transformation(scope.dotted(call.args[0]))
        words = call.keywords if call is not None else []
        static = any((word.arg or "").startswith(("static", "in_axes")) for word in words)
        return (name if name in _COMPILERS else None), static

    def assignment(self, node: ast.stmt, scope: Scope) -> None:
        """An assignment: the value, then what it is bound or written to."""
        if isinstance(node, ast.AugAssign):
            writes.take_augmented(self.reading, node, scope)
            self.expression(node.value, scope)
            self.expression(node.target, scope)
            return
        assert isinstance(node, (ast.Assign, ast.AnnAssign))
        value = node.value
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if value is not None:
            self.expression(value, scope)
        for target in targets:
            self.target(target, value, scope)

    def target(self, target: ast.expr, value: ast.expr | None, scope: Scope) -> None:
        """One target of an assignment of *value*."""
        writes.take_target(self.reading, target, scope)
        if isinstance(target, ast.Subscript):
            self.expression(target, scope)
            key = target.slice
            if isinstance(key, ast.Constant) and key.value == arguments.X64.upper() and value:
                arguments.take_environment(self.reading, target, value)
        elif isinstance(target, ast.Attribute) and target.attr == arguments.X64 and value:
            arguments.take_environment(self.reading, target, value)
        if value is None:
            return
        if isinstance(target, ast.Name):
            if target.id in _DEVICE_KEYWORDS and isinstance(value, ast.Constant):
                self.devices.take_text(value, named=True)
            self.derivatives.take_assignment(target.id, value, scope)
            if scope.parent is None:
                sizes.take(self.reading, value, target.id, "likely")
        view = is_view(value, scope)
        kind = array_kind(value, scope) or self._kept(target, value, scope)
        number = kind is None and reads_value(value, scope)
        dotted = scope.dotted(value) if isinstance(value, (ast.Attribute, ast.Name)) else None
        bind_target(target, kind, scope, value=value, view=view, number=number, dotted=dotted)

    def _kept(self, target: ast.expr, value: ast.expr, scope: Scope) -> Kind | None:
        """``x = self.f(x)``: what was an array is taken for one still."""
        if not isinstance(target, ast.Name) or not isinstance(value, ast.Call):
            return None
        own = isinstance(value.func, ast.Attribute) and isinstance(value.func.value, ast.Name)
        passed = any(isinstance(a, ast.Name) and a.id == target.id for a in value.args)
        return scope.array(target.id) if own and passed else None

    def expression(self, root: ast.expr, scope: Scope) -> None:
        """Walk one expression; the order inside it does not matter."""
        stack: list[ast.AST] = [root]
        while stack:
            node = stack.pop()
            kind = type(node)
            if kind is ast.Name or kind is ast.Attribute:
                dotted = scope.dotted(node)  # type: ignore[arg-type]
                if dotted is not None:
                    self.reference(node, dotted)  # type: ignore[arg-type]
                elif kind is ast.Attribute:
                    stack.append(node.value)  # type: ignore[attr-defined]
            elif kind is ast.Constant:
                self.constant(node)  # type: ignore[arg-type]
            elif kind is ast.Call:
                self.call(node, scope, stack)  # type: ignore[arg-type]
            elif kind is ast.Lambda:
                stack.append(node.body)  # type: ignore[attr-defined]
            else:
                self.other(node, scope, stack)

    def other(self, node: ast.AST, scope: Scope, stack: list[ast.AST]) -> None:
        """An expression that is neither a name, nor a constant, nor a call."""
        if isinstance(node, ast.IfExp):
            self.branch(node.test, scope, node)
        elif isinstance(node, ast.Dict):
            sizes.take_dictionary(self.reading, node)
        elif isinstance(node, ast.Subscript):
            writes.take_mask(self.reading, node, scope)
        mentioned = _MENTIONED.get(type(node))
        if mentioned is not None:
            self.mention(mentioned(node), scope, stack)
            return
        for name in node._fields:
            value = getattr(node, name, None)
            if type(value) is list:
                stack += [item for item in value if isinstance(item, ast.AST)]
            elif isinstance(value, ast.AST) and not isinstance(value, _CONTEXTS):
                stack.append(value)

    def mention(self, parts: list[ast.expr], scope: Scope, stack: list[ast.AST]) -> None:
        """Parts of a comparison or a collection: a name that only stands there is a hint."""
        for part in parts:
            dotted = scope.dotted(part)
            if dotted is None:
                stack.append(part)
            else:
                self.reference(part, dotted, compared=True)

    def constant(self, node: ast.Constant) -> None:
        """A constant: a complex number, or a device's word."""
        if not (self.reading.torch or self.reading.jax):
            return
        if type(node.value) is str:
            self.devices.take_text(node, named=False)
        elif type(node.value) is complex:
            self.reading.note(node, "code.complex", "complex", "likely")

    def reference(self, node: ast.expr, dotted: str, *, compared: bool = False) -> None:
        """A reference to an imported name."""
        references.take_reference(self.reading, node, dotted, compared=compared)
        if dotted.startswith(("torch.cuda.", "torch.mps.", "torch.backends.mps.", "torch.xpu.")):
            word = "mps" if ".mps." in dotted else dotted.split(".")[1]
            self.devices.mention(node, word)

    def call(self, node: ast.Call, scope: Scope, stack: list[ast.AST]) -> None:
        """A call: what is called, what its arguments say, then the arguments themselves."""
        function = node.func
        dotted = scope.dotted(function)
        if dotted is not None:
            self.reference(function, dotted)
            self.derivatives.take_call(self.reading, node, dotted, scope)
            self.devices.take_jax(node, dotted)
            writes.take_function(self.reading, node, dotted)
            if self.frame.name:
                self.derivatives.take_body(self.frame.name, dotted)
        elif isinstance(function, ast.Attribute):
            references.take_method(self.reading, node, function, scope)
            writes.take_method(self.reading, node, function, scope)
            stack.append(function.value)
            if function.attr == "cuda" and self.reading.torch:
                self.devices.mention(node, "cuda")
            if isinstance(function.value, ast.Name):
                self.on_name(function.value.id, function.attr, scope)
        elif isinstance(function, ast.Name):
            self.frame.calls.add(function.id)
        else:
            stack.append(function)
        arguments.take_arguments(self.reading, node, dotted, scope)
        sizes.take_call(self.reading, node, dotted)
        self._arguments(node, function, dotted, stack)

    def on_name(self, name: str, method: str, scope: Scope) -> None:
        """A method of a name: of the object itself, or of a parameter that shows what it is."""
        if name == "self":
            self.frame.calls.add(f"self.{method}")
        elif name in scope.undecided and method in TENSOR_LIKE and self.reading.torch:
            scope.undecided.discard(name)
            scope.arrays[name] = "torch"

    def _arguments(
        self, node: ast.Call, function: ast.expr, dotted: str | None, stack: list[ast.AST]
    ) -> None:
        name = function.attr if isinstance(function, ast.Attribute) else (dotted or "")
        device = name.rpartition(".")[2] in _DEVICE_PLACES
        for argument in node.args:
            if device and isinstance(argument, ast.Constant):
                self.devices.take_text(argument, named=True)
            else:
                stack.append(argument)
        for keyword in node.keywords:
            value = keyword.value
            if keyword.arg in _DEVICE_KEYWORDS and isinstance(value, ast.Constant):
                self.devices.take_text(value, named=True)
            else:
                stack.append(value)


def _entries(node: Any) -> list[ast.expr]:
    return [part for part in (*node.keys, *node.values) if part is not None]


_MENTIONED: Mapping[type, Callable[[Any], list[ast.expr]]] = {
    ast.Compare: lambda node: [node.left, *node.comparators],
    ast.Dict: _entries,
    ast.List: lambda node: node.elts,
    ast.Tuple: lambda node: node.elts,
    ast.Set: lambda node: node.elts,
}


def _parameters(function: ast.expr, target: ast.expr) -> tuple[ast.expr, Kind | None]:
    """The target of a loop over a module's tensors, and that it holds one."""
    name = function.attr if isinstance(function, ast.Attribute) else ""
    if name in ("parameters", "buffers"):
        return target, "torch"
    if name in ("named_parameters", "named_buffers") and isinstance(target, ast.Tuple):
        return target.elts[-1], "torch"
    return target, None


def _is_range(function: ast.expr) -> bool:
    return isinstance(function, ast.Name) and function.id == "range"


_DEVICE_KEYWORDS = frozenset({"device", "map_location", "device_type", "device_map", "accelerator"})
