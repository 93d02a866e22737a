"""Which functions run in a step, and whether they branch on what stands in arrays.

Knows the names that steps have, and follows calls by name within one file. It must not know how an
expression is judged (`arrays`).
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field

from advisor.knowledge.code_signals import Confidence
from advisor.scan.python.reading import Reading

FORWARD = frozenset({"forward", "__call__", "_forward_impl", "forward_features"})
"""The methods of a module that take arrays first."""

_ROOTS = FORWARD | {"training_step"}
_STEP = re.compile(
    r"(.*_)?(train_step|training_step|update_step|loss_fn|loss_function|compute_loss|forward)"
    r"|step_fn|train_one_step|_?update_minibatch"
)


@dataclass(slots=True)
class Frame:
    """One function: its branches on values, and what it calls by name (``self.f`` or ``f``)."""

    name: str
    owner: str
    root: bool = False
    branches: list[tuple[ast.AST, Confidence]] = field(default_factory=list)
    calls: set[str] = field(default_factory=set)

    @property
    def key(self) -> str:
        """The function's name in its file."""
        return f"{self.owner}.{self.name}" if self.owner else self.name


def is_step(name: str, *, module: bool, compiled: bool) -> bool:
    """Whether a function called *name* runs in a step: by its name, its class, or its decorator."""
    return compiled or (module and name in _ROOTS) or _STEP.fullmatch(name) is not None


@dataclass(slots=True)
class Steps:
    """The functions of one file."""

    frames: dict[str, Frame] = field(default_factory=dict)

    def take(self, frame: Frame) -> None:
        """Remember *frame*; a function that is defined again adds to the first."""
        first = self.frames.setdefault(frame.key, frame)
        if first is not frame:
            first.branches += frame.branches
            first.calls |= frame.calls
            first.root |= frame.root

    def finish(self, reading: Reading) -> None:
        """Take down the branches of all functions that a step reaches."""
        for key in sorted(self._reached(reading.traced)):
            for node, confidence in self.frames[key].branches:
                reading.note(node, "control_flow", value=True, confidence=confidence)

    def _reached(self, traced: set[str]) -> set[str]:
        todo = [k for k, frame in self.frames.items() if frame.root or frame.name in traced]
        reached: set[str] = set()
        while todo:
            key = todo.pop()
            if key in reached:
                continue
            reached.add(key)
            frame = self.frames[key]
            for name in frame.calls:
                other = name.replace("self.", f"{frame.owner}.", 1)
                if other in self.frames:
                    todo.append(other)
        return reached
