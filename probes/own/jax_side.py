"""A user's step in JAX: built, and looked at from outside.

A step is a pure function of a state and the arrays; a Flax NNX module in the state is taken apart
for jit and put together again inside. Knows the contract of ``jax_step`` and JAX's trees.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from probes import jax_fairness
from probes.own import options as own_options
from probes.own.file import UserFile, UserFileError, kind_of
from probes.own.leaves import Leaf, Watched, faults, meta, path_name
from probes.own.options import Options
from probes.own.statistics import STATISTICAL_RUNS, summary
from probes.workload import Arrays, JaxParts

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime

Step = Callable[[Any, Any], tuple[Any, Any]]


@dataclass(frozen=True)
class _Built:
    """One build: the step over arrays alone, and the state that it begins from."""

    step: Step
    state: Any


class JaxOwn:
    """The user's ``jax_step`` over the shared *arrays*."""

    def __init__(
        self, file: UserFile, options: Options, arrays: Arrays, runtime: JaxRuntime
    ) -> None:
        self._file = file
        self._options = options
        self._runtime = runtime
        self._wide = options.precision == "float64"
        with runtime.wide(enabled=self._wide):
            self._inputs = {name: runtime.array(array) for name, array in arrays.items()}
        self._timed = self._build(options.given(parity=False))

    def parts(self) -> JaxParts:
        """The step as a runtime builds programs from it."""
        return JaxParts(
            step=self._timed.step,
            state=self._timed.state,
            inputs=self._inputs,
            forward=None,
            variant="the user's own step",
            x64=self._wide,
            own=self,
        )

    def _build(self, given: Mapping[str, Any]) -> _Built:
        file, make = self._file, self._file.function("jax_step")
        if make is None:
            raise UserFileError(f"{file.place()}: offers no jax_step()")
        with self._runtime.wide(enabled=self._wide):
            pair = file.call(make, dict(self._inputs), **given)
        if not (isinstance(pair, tuple) and len(pair) == 2 and callable(pair[0])):
            raise UserFileError(
                f"{file.place(make)}: jax_step() must return (step, state), not {kind_of(pair)}"
            )
        step, state = pair
        place = file.place(step, make, "jax_step")
        step, state = self._apart(file.pointing(step, place), state)
        self._refuse_strangers(state, file.place(make))
        structure = self._runtime.jax.tree.structure(state)

        def checked(out: Any) -> None:
            if not (isinstance(out, (tuple, list)) and len(out) == 2):
                raise UserFileError(
                    f"{place}: the step of jax_step() must return (state, output), "
                    f"not {kind_of(out)}"
                )
            if self._runtime.jax.tree.structure(out[0]) != structure:
                raise UserFileError(
                    f"{place}: the step of jax_step() must return (state, output); what it returns "
                    "first is not built like the first state"
                )
            self._refuse_results(out[1], place)

        return _Built(file.pointing(step, place, checked), state)

    def _apart(self, step: Step, state: Any) -> tuple[Step, Any]:
        """*step* and *state* without objects of Flax NNX, whose arrays jit is to be given alone."""
        nnx = sys.modules.get("flax.nnx")
        leaves = self._runtime.jax.tree.leaves
        if nnx is None or not any(
            _is_nnx(nnx, leaf) for leaf in leaves(state, is_leaf=lambda x: _is_nnx(nnx, x))
        ):
            return step, state
        definition, arrays = nnx.split(state)

        def whole(arrays: Any, inputs: Any) -> Any:
            out: Any = step(nnx.merge(definition, arrays), inputs)
            if not (isinstance(out, (tuple, list)) and len(out) == 2):
                return out
            return nnx.state(out[0]), out[1]

        return whole, arrays

    def _refuse_strangers(self, state: Any, place: str) -> None:
        for path, leaf in self._flat(state):
            if not _is_number(leaf):
                name = ".".join(("state", *path))
                raise UserFileError(
                    f"{place}: {name} is no array but {_shown(leaf)}: partition it, so that the "
                    "state that jax_step() returns holds arrays alone (with Equinox: "
                    "eqx.partition(model, eqx.is_array), and eqx.combine in the step)"
                )

    def _refuse_results(self, result: Any, place: str) -> None:
        for path, leaf in self._flat(result):
            if not _is_number(leaf):
                raise UserFileError(
                    f"{place}: the step of jax_step() must return arrays or numbers, "
                    f"not {_shown(leaf)} ({path_name(path)})"
                )

    def _flat(self, tree: Any) -> list[tuple[tuple[str, ...], Any]]:
        with_path = self._runtime.jax.tree_util.tree_flatten_with_path
        return [(tuple(map(_word, path)), leaf) for path, leaf in with_path(tree)[0]]

    def observe(self, program: Any, steps: int, call: Callable[[], Any]) -> dict[str, NDArray[Any]]:
        """What the timed program computes, and under jit what a second build of it does.

        With a rate what is compared is built with rate 0; with statistics the compiled step runs
        from several states, each with a seed of its own.
        """
        options = self._options
        if options.policy == own_options.INPUTS:
            before = self._named(program.state)
            seen = Watched(before=before)
            for _ in range(steps):
                seen.steps.append(self._named(call()[1]))
                seen.note_state(steps, lambda: self._named(program.state))
        else:
            seen = self._run(self._build(options.given(parity=True)), program, steps)
        program.settle_counts()
        arrays = seen.arrays("first")
        products: list[str] | None = None
        if program.compiled:
            again = self._build(options.given(parity=True))
            arrays |= self._run(again, program, steps).arrays("again")
            products = self._products(again)
        if options.policy == own_options.STATISTICAL:
            arrays |= summary([seen, *self._others(program, steps)])
        program.forget_counts()
        arrays["meta"] = meta(
            **seen.described(),
            policy=options.policy,
            rate=options.rate,
            trained=seen.trained(),
            graph=None,
            products=products,
        )
        return arrays

    def _run(self, built: _Built, program: Any, steps: int, jitted: Step | None = None) -> Watched:
        """*steps* steps of *built*, by its own function or by one that is compiled already."""
        jax = self._runtime.jax
        step = jitted or (jax.jit(built.step) if program.compiled else built.step)
        with self._runtime.wide(enabled=self._wide):
            state = jax.tree.map(jax.numpy.asarray, built.state)
            seen = Watched(before=self._named(state))
            for _ in range(steps):
                state, out = step(state, self._inputs)
                seen.steps.append(self._named(out))
                seen.note_state(steps, partial(self._named, state))
        return seen

    def _others(self, program: Any, steps: int) -> list[Watched]:
        first = self._build(self._options.given(parity=True))
        jitted = self._runtime.jax.jit(first.step)
        builds = (
            self._build(self._options.given(parity=True, run=n)) for n in range(1, STATISTICAL_RUNS)
        )
        return [self._run(built, program, steps, jitted) for built in builds]

    def _named(self, tree: Any) -> list[Leaf]:
        return [self._leaf(path_name(path), leaf) for path, leaf in self._flat(tree)]

    def _leaf(self, name: str, value: Any) -> Leaf:
        jax = self._runtime.jax
        if hasattr(value, "dtype") and jax.dtypes.issubdtype(value.dtype, jax.dtypes.prng_key):
            value = jax.random.key_data(value)
        if not hasattr(value, "dtype"):
            return Leaf(name, np.asarray(value), "number")
        dtype, array = str(value.dtype), np.array(value)
        # What NumPy has no type for (bfloat16, the float8 types) is told as float32.
        known = array.dtype.kind in "biufc"
        return Leaf(name, array if known else array.astype(np.float32), dtype)

    def faults(self, program: Any) -> list[dict[str, Any]]:
        """What of the timed state and of one more result is NaN, infinite or denormal."""
        result = program.call()[1]
        return faults([*self._named(program.state), *self._named(result)])

    def _products(self, built: _Built) -> list[str] | None:
        """The types in which the step multiplies matrices, by its own trace."""
        try:
            with self._runtime.wide(enabled=self._wide):
                traced = self._runtime.jax.make_jaxpr(built.step)(built.state, self._inputs)
        except Exception:
            return None
        return jax_fairness.product_types(traced)


def _word(entry: Any) -> str:
    """One step of a path in a tree, as its user would write it."""
    for name in ("key", "idx", "name"):
        if hasattr(entry, name):
            return str(getattr(entry, name))
    return str(entry)


def _is_nnx(nnx: Any, found: Any) -> bool:
    kinds = tuple(k for k in (getattr(nnx, n, None) for n in ("Pytree", "Object", "Module")) if k)
    return isinstance(found, kinds)


def _is_number(leaf: Any) -> bool:
    if hasattr(leaf, "dtype"):
        return getattr(leaf.dtype, "kind", "") != "O"
    return isinstance(leaf, (bool, int, float, complex))


def _shown(leaf: Any) -> str:
    name = getattr(leaf, "__name__", "")
    return f"the function {name}" if callable(leaf) and name else kind_of(leaf)
