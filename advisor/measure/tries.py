"""Ways to write a model that one launch tries: their order, how long each takes, what failing says.

Knows modes, and the seconds that building them took in this launch. It must not know workers, nor
what is timed; whether there is time for a way is for whoever has the clock.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from advisor.evidence import UNTRIED, Reason
from advisor.measure.plan import first_build_seconds
from advisor.measure.work import Failure, Mode, ModeRun, WorkItem
from advisor.pair import (
    CUDA_GRAPHS,
    GRAPH_COMPILED,
    GRAPH_EAGER,
    RECORDED,
    TORCH_COMPILE,
    TORCH_EAGER,
)

# What compiling a rewrite takes of another compiled way: its loops are unrolled (an LSTM's 69 s
# against 13 s, 2 CPUs, 2026-11-27).
REWRITE_TIMES = 5.0
# See `Tries.first_compile_s`.
COMPILE_ONCE_S, COMPILE_TIMES = 12.0, 5.5
COMPILE_ACCELERATOR_S = 25.0
# What takes so much longer than it was thought to is given up under a budget: guesses were within
# 11 %, on two machines; on a third a compile took 59 s of 26, and nothing was left to compare in.
GIVEN_UP_TIMES, GIVEN_UP_LEAST_S = 1.5, 10.0
# Another way to replay what was compiled already takes its kernels from the cache.
REPLAYED_SHARE = 0.6
_PLAIN = {**{way: plain for plain, way in RECORDED.items()}, CUDA_GRAPHS: TORCH_COMPILE}
_TURNS = ("cheap", "compiled", "further")


def in_turns(modes: Iterable[Mode]) -> list[list[Mode]]:
    """*modes* in the order in which they are tried: kinds differ more than ways of a kind.

    torch.compile is dear, and a recording keeps memory that nobody else can use: it comes last of
    its turn.
    """
    ordered = sorted(modes, key=lambda mode: mode.name in RECORDED.values())
    return [[mode for mode in ordered if _turn(mode) == turn] for turn in _TURNS]


def _turn(mode: Mode) -> str:
    if not mode.tag and mode.name in (TORCH_COMPILE, GRAPH_COMPILED, CUDA_GRAPHS):
        return "compiled"
    return "cheap" if not mode.tag or mode.name in (TORCH_EAGER, GRAPH_EAGER) else "further"


def short_of_memory(reason: Reason) -> bool:
    """Whether memory was short in a worker: PyTorch's own error, or XLA's code of it."""
    kind, text = (str(reason.values.get(name, "")) for name in ("kind", "text"))
    return kind == "OutOfMemoryError" or "RESOURCE_EXHAUSTED" in text


class Tries:
    """What was built of one item in one launch, and what that says of the rest.

    Args:
        on_cpu: Whether the CPU itself is measured.
    """

    def __init__(self, *, on_cpu: bool) -> None:
        self._on_cpu = on_cpu
        self._built_s: dict[tuple[str, str, str], float] = {}

    def note(self, mode: Mode, seconds: float) -> None:
        """*mode* was prepared, which took *seconds*."""
        self._built_s[mode.toolchain.key, mode.name, mode.tag] = seconds

    def begun(self, mode: Mode) -> bool:
        """Whether any way of its toolchain was prepared: one at least is, whatever it takes."""
        return any(toolchain == mode.toolchain.key for toolchain, _, _ in self._built_s)

    def expected_s(self, item: WorkItem, mode: Mode, jit: ModeRun | None) -> float:
        """About how long preparing *mode* takes: as its like did, or as a first compile does.

        *jit* is what jax.jit did for the same item, where it was prepared.
        """
        plain = _PLAIN.get(mode.name)
        if plain is not None:
            built_s = self._built_s.get((mode.toolchain.key, plain, mode.tag))
            if built_s is None:
                # What it replays has to be prepared first.
                return self.expected_s(item, replace(mode, name=plain), jit)
            return first_build_seconds(mode) if plain == TORCH_EAGER else REPLAYED_SHARE * built_s
        alike_s = [
            seconds
            for (toolchain, name, _), seconds in self._built_s.items()
            if (toolchain, name) == (mode.toolchain.key, mode.name)
        ]
        expected_s = max(alike_s) if alike_s else self._first_s(mode, jit)
        rewrites = item.asked.rewrites if item.asked is not None else ()
        return expected_s * (REWRITE_TIMES if mode.label in rewrites else 1.0)

    def _first_s(self, mode: Mode, jit: ModeRun | None) -> float:
        """About how long the first build of its kind takes, as JAX's compiler lets guess.

        A first torch.compile takes some 12 s for itself, and then five and a half times what
        jax.jit takes for the same step: within 11 % of the 13 to 42 s seen in ten of eleven files
        of rules/library (AMD EPYC, 2 CPUs, 2026-11-27); an LSTM took 12.6 s of 17.5. On an
        accelerator, where XLA tries kernels out, the one says nothing of the other: 24 s for a
        residual network of 20 layers, of which jax.jit took 5 (H200, 16 CPUs, 2026-11-27).
        """
        if mode.name != TORCH_COMPILE:
            return first_build_seconds(mode)
        if not self._on_cpu:
            return COMPILE_ACCELERATOR_S
        if jit is None:
            return first_build_seconds(mode)
        compile_s = math.fsum(jit.first_calls_s) - len(jit.first_calls_s) * jit.warm_call_s
        return COMPILE_ONCE_S + COMPILE_TIMES * max(0.0, compile_s)

    def limit_s(self, mode: Mode, expected_s: float) -> float:
        """How long *mode* may take under a budget; what replays another way runs it first."""
        plain = _PLAIN.get(mode.name, "")
        plain_s = self._built_s.get((mode.toolchain.key, plain, mode.tag), 0.0)
        return max(GIVEN_UP_TIMES * max(expected_s, plain_s), GIVEN_UP_LEAST_S)

    def alike(
        self, modes: Sequence[Mode], broken: Mode, failure: Failure, *, late: bool
    ) -> dict[str, Failure]:
        """By label what *broken* gave, and those of *modes* that would break as it did.

        What was *late*, and its like, is untried; so is what had too little memory beside the
        other ways of the launch. What replays it would do no better.
        """
        if late or short_of_memory(failure.reason):
            failure = Failure("skipped", Reason(UNTRIED))
        failures = {broken.label: failure}
        for mode in modes:
            built = (mode.toolchain.key, mode.name, mode.tag) in self._built_s
            if mode.toolchain != broken.toolchain or built:
                continue
            replays = _PLAIN.get(mode.name) == broken.name and (late or mode.tag == broken.tag)
            if replays or (late and mode.name == broken.name):
                failures[mode.label] = failure
        return failures
