"""What a workload is: shared NumPy inputs, what it costs, and how closely results must agree.

The framework versions stand beside the inputs, in ``torch_.py`` and ``jax_.py`` of the same
folder, and return the parts that the runtimes assemble into programs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]
Size = Mapping[str, int]


def normal(
    rng: np.random.Generator, shape: tuple[int, ...], scale: float = 1.0
) -> NDArray[np.float32]:
    """Normal numbers of standard deviation *scale*, float32."""
    return (rng.standard_normal(shape) * scale).astype(np.float32)


@dataclass(frozen=True)
class Tolerance:
    """Largest absolute differences, relative to the largest magnitude of the reference.

    `curve` bounds the loss curve over the first 20 steps, relative to its first value.
    """

    forward: float = 1e-4
    grad: float = 1e-3
    curve: float = 1e-3


@dataclass(frozen=True)
class Workload:
    """One kind of work.

    `inputs` makes every array that the work starts from, parameters included, from a generator
    and a size. `flops` and `bytes_moved` count one call; None where a count would be a guess.
    `variants` names the sizes that are the same work written another way (another memory layout,
    a cell of one's own), by the size that they stand beside: of those the faster one counts.
    `precisions` and `tolerances` name the sizes that differ from the workload's own. `beside`
    names the sizes that answer a question of their own (another type, no padding): they are
    shown and do not count for a task.

    `one_off` workloads are measured once per launch instead of in blocks. With `latency` single
    calls are timed too, each waited for: there a user waits for every one. With `own_process`
    every mode has a fresh process to itself. A stream of `stream_calls` calls is told as a whole,
    the first of them with all that they compile.
    """

    id: str
    title: str
    stands_for: str
    limits: str
    sizes: Mapping[str, Size]
    inputs: Callable[[np.random.Generator, Size], Arrays]
    flops: Callable[[Size], float] | None = None
    bytes_moved: Callable[[Size], float] | None = None
    samples_per_step: Callable[[Size], float] = field(default=lambda _size: 1.0)
    tolerance: Tolerance = Tolerance()
    trains: bool = False
    precision: str = "float32"
    modes: tuple[str, ...] = ("pytorch.eager", "pytorch.compile", "jax.jit")
    extra_modes: tuple[str, ...] = ()
    one_off: bool = False
    latency: bool = False
    own_process: bool = False
    variants: Mapping[str, str] = field(default_factory=dict)
    precisions: Mapping[str, str] = field(default_factory=dict)
    tolerances: Mapping[str, Tolerance] = field(default_factory=dict)
    beside: frozenset[str] = frozenset()
    stream_calls: int | None = None

    def make_inputs(self, seed: int, size: Size) -> Arrays:
        """The inputs for *seed* and *size*: the same bytes for every framework and mode."""
        return self.inputs(np.random.default_rng(seed), size)


class OwnStep(Protocol):
    """A user's own step, which shows more of itself than a shipped workload has to."""

    def observe(self, program: Any, steps: int, call: Callable[[], Any]) -> dict[str, NDArray[Any]]:
        """Results and state of *steps* calls of *program*, and of the same step built again."""

    def faults(self, program: Any) -> list[dict[str, Any]]:
        """What of the state of *program* is NaN, infinite or denormal now."""


@dataclass
class TorchParts:
    """What a torch version of a workload offers.

    ``make_step(wrap)`` returns a step without arguments that advances the state it closes over
    and returns a tensor (or several) that the whole step feeds into; for training, the loss.
    `wrap` is the identity or ``torch.compile`` and is applied to the whole step. `forward`
    returns outputs at the present state, or is None where looking would advance it; `gradients`
    named gradients there; `parameters` the named parameters, all in the layout of the shared
    inputs. ``make_recorded(wrap)`` returns the step as `make_step` does, recorded as one CUDA graph
    in its first call; None where it cannot be. `notes` stand beside the counters of the program.
    `own` looks at a user's own step.
    """

    make_step: Callable[[Callable[..., Any]], Callable[[], Any]]
    forward: Callable[[], Any] | None
    gradients: Callable[[], Mapping[str, Any]] | None = None
    parameters: Callable[[], Mapping[str, Any]] | None = None
    make_recorded: Callable[[Callable[..., Any]], Callable[[], Any]] | None = None
    variant: str = ""
    notes: Mapping[str, Any] = field(default_factory=dict)
    own: OwnStep | None = None


@dataclass
class JaxParts:
    """What a jax version of a workload offers: pure functions of a state and the inputs.

    ``step(state, inputs) -> (state, out)``; for training, out is the loss; an out that is no
    scalar is put into a tuple. The state is donated unless `donate` is False. Where a step is
    a Python loop around a compiled function, ``make_step(wrap)`` returns it instead of `step`,
    `wrap` being ``jax.jit`` (with the first argument donated) or the identity. `x64` runs all of
    it with 64-bit types enabled. `notes` stand beside the counters of the program. `own` looks at
    a user's own step.
    """

    state: Any
    inputs: Any
    forward: Callable[[Any, Any], Any] | None
    step: Callable[[Any, Any], tuple[Any, Any]] | None = None
    make_step: Callable[[Callable[..., Any]], Callable[[Any, Any], tuple[Any, Any]]] | None = None
    gradients: Callable[[Any, Any], Mapping[str, Any]] | None = None
    parameters: Callable[[Any], Mapping[str, Any]] | None = None
    donate: bool = True
    variant: str = ""
    x64: bool = False
    notes: Mapping[str, Any] = field(default_factory=dict)
    own: OwnStep | None = None
