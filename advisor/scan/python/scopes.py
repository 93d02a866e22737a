"""What the names of one function hold: arrays of a framework, Python numbers read from them, views.

Knows assignments in the order of the text. It must not know what is done with the values.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Literal

from advisor.scan.python.names import Names

Kind = Literal["torch", "jax", "numpy"]
"""Whose array a value is."""


@dataclass(slots=True)
class Scope:
    """One function's (or class's, or file's) local names.

    `arrays` holds names of arrays; `numbers` names of Python values that were read from one;
    `views` names of views of arrays; `shadows` names that hide an import of the same name;
    `undecided` names of `parameters` that may be tensors; `layers` (of a module's class) names of
    attributes that hold layers; `aliases` names of modules and functions
    that were assigned. `step` is true in code that runs
    in a training step or a forward pass; `methods` is true for the scope of a class itself.
    """

    names: Names
    parent: Scope | None = None
    step: bool = False
    methods: bool = False
    arrays: dict[str, Kind] = field(default_factory=dict)
    numbers: set[str] = field(default_factory=set)
    views: set[str] = field(default_factory=set)
    shadows: set[str] = field(default_factory=set)
    parameters: set[str] = field(default_factory=set)
    undecided: set[str] = field(default_factory=set)
    layers: set[str] | None = None
    aliases: dict[str, str] = field(default_factory=dict)

    def child(self, *, step: bool | None = None) -> Scope:
        """The scope of a function inside this one."""
        return Scope(self.names, self, self.step if step is None else step)

    def alias(self, name: str) -> str | None:
        """The dotted name that *name* stands for here."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.aliases:
                return scope.aliases[name]
            if name in scope.shadows:
                return None
            scope = scope.parent
        return self.names.aliases.get(name)

    def array(self, name: str) -> Kind | None:
        """Whose array *name* holds here."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.arrays:
                return scope.arrays[name]
            if name in scope.shadows:
                return None
            scope = scope.parent
        return None

    def has_layer(self, attribute: str) -> bool:
        """Whether the *attribute* of the object at hand holds a layer, as its class shows."""
        scope: Scope | None = self
        while scope is not None:
            if scope.layers is not None:
                return attribute in scope.layers
            scope = scope.parent
        return False

    def holds_number(self, name: str) -> bool:
        """Whether *name* holds a Python value that was read from an array."""
        return name in self.numbers

    def dotted(self, node: ast.expr) -> str | None:
        """The dotted name that *node* (a name, or attributes of one) refers to."""
        parts: list[str] = []
        while type(node) is ast.Attribute:
            parts.append(node.attr)
            node = node.value
        if type(node) is not ast.Name:
            return None
        top = self.alias(node.id)
        if top is None or not parts:
            return top
        parts.append(top)
        return ".".join(reversed(parts))

    def bind(self, name: str, kind: Kind | None) -> None:
        """*name* gets a new value: an array of *kind*, or something else."""
        self.shadows.add(name)
        self.numbers.discard(name)
        self.views.discard(name)
        self.aliases.pop(name, None)
        if kind is None:
            self.arrays.pop(name, None)
        else:
            self.arrays[name] = kind
