"""The pair is the product: PyTorch and JAX, in this order, and the modes that each runs in.

One table of each, read by every room. Standard library only: a bare node uses this too. It must
not know how fast anything is, nor what is said about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Framework = Literal["pytorch", "jax"]

FRAMEWORKS: tuple[Framework, ...] = ("pytorch", "jax")
"""The options. A speed is always that of the second as against the first (see `advisor.ratio`)."""

TITLES = {"pytorch": "PyTorch", "jax": "JAX"}
"""Proper names; they are the same in every language."""

FRAMEWORK_WORDS = {"torch": "pytorch", "pytorch": "pytorch", "jax": "jax"}
"""What the frameworks may be called where somebody types."""


def rival_of(framework: str) -> Framework:
    """The other one of the pair."""
    return "jax" if framework == "pytorch" else "pytorch"


def sign_of(framework: str) -> float:
    """+1 for what speaks for JAX, -1 for what speaks for PyTorch."""
    return 1.0 if framework == "jax" else -1.0


@dataclass(frozen=True)
class ModeInfo:
    """One way to run a framework.

    Attributes:
        framework: Which one.
        compiled: Whether the step is compiled before it runs.
        eager: The same framework's mode without any compiling; None for that mode itself.
        without: The mode that differs from this one in one thing alone; None where there is none.
        recommended: Whether a team may be told to use it.
    """

    framework: Framework
    compiled: bool
    eager: str | None = None
    without: str | None = None
    recommended: bool = True


TORCH_EAGER = "pytorch.eager"
TORCH_COMPILE = "pytorch.compile"
CUDA_GRAPHS = "pytorch.compile_reduce_overhead"
GRAPH_EAGER = "pytorch.eager_cuda_graph"
GRAPH_COMPILED = "pytorch.compile_cuda_graph"
JIT = "jax.jit"
JAX_EAGER = "jax.eager"

MODES = {
    TORCH_EAGER: ModeInfo("pytorch", compiled=False),
    TORCH_COMPILE: ModeInfo("pytorch", compiled=True, eager=TORCH_EAGER, without=TORCH_EAGER),
    CUDA_GRAPHS: ModeInfo("pytorch", compiled=True, eager=TORCH_EAGER, without=TORCH_COMPILE),
    GRAPH_EAGER: ModeInfo("pytorch", compiled=False, eager=TORCH_EAGER, without=TORCH_EAGER),
    GRAPH_COMPILED: ModeInfo("pytorch", compiled=True, eager=TORCH_EAGER, without=TORCH_COMPILE),
    JIT: ModeInfo("jax", compiled=True, eager=JAX_EAGER, without=JAX_EAGER),
    JAX_EAGER: ModeInfo("jax", compiled=False, recommended=False),
}
"""Every mode, simpler ones first within a framework."""

RECORDED = {TORCH_EAGER: GRAPH_EAGER, TORCH_COMPILE: GRAPH_COMPILED}
"""The mode in which the whole step of another one is recorded by hand as one CUDA graph."""


def modes_of(framework: str) -> tuple[str, ...]:
    """The modes of *framework* that a team may be told to use."""
    return tuple(m for m, info in MODES.items() if info.framework == framework and info.recommended)


def framework_of(label: str) -> str:
    """``jax`` of ``jax.jit``, and of ``jax.jit@0.12.0``."""
    return label.partition(".")[0]


def mode_of(label: str) -> str:
    """``pytorch.compile`` of ``pytorch.compile+step@2.14.1``: without variant and version."""
    return label.partition("@")[0].partition("+")[0]


CALLED = frozenset({"a_faster", "b_faster", "equivalent"})
"""The verdicts that call something; ``inconclusive`` and ``invalid`` do not."""
