"""The real worker with workloads that cheat, one trick each; none of them may get a ratio.

Started as the worker: ``PYTHON saboteur.py CACHE worker --framework ...``. A workload called
``sabotage_TRICK`` is the shipped one with the trick played on one side. CACHE is a directory in
which JAX keeps what it compiled, as if it had been filled on another day.
"""

from __future__ import annotations

import dataclasses
import itertools
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

sys.path[0] = str(Path(__file__).parents[2])

from probes import catalogue, worker  # noqa: E402  (only now can they be found)

Build = Callable[[dict[str, Any], Any, Any], Any]


def weights_not_transposed(build: Build, arrays: Any, size: Any, runtime: Any) -> Any:
    """The bytes of the transposed matrix in the shape of the right one."""
    wrong = np.ascontiguousarray(arrays["w1"].T).reshape(arrays["w1"].shape)
    return build({**arrays, "w1": wrong}, size, runtime)


def other_thread_count(build: Build, arrays: Any, size: Any, runtime: Any) -> Any:
    """As many threads as it likes, whatever it was given."""
    parts = build(arrays, size, runtime)
    runtime.torch.set_num_threads(1 if runtime.torch.get_num_threads() > 1 else 2)
    return parts


def no_wait(build: Build, arrays: Any, size: Any, runtime: Any) -> Any:
    """Hands the work to a thread and returns what it had: asynchronous, and never waited for."""
    pool, pending = ThreadPoolExecutor(1), []

    def make_step(wrap: Callable[[Any], Any]) -> Callable[[], Any]:
        honest = build(arrays, size, runtime).make_step(wrap)
        result = honest()

        def step() -> Any:
            if not pending or pending[-1].done():
                pending[:] = [pool.submit(honest)]
            return result

        return step

    return dataclasses.replace(build(arrays, size, runtime), make_step=make_step)


def double_precision(build: Build, arrays: Any, size: Any, runtime: Any) -> Any:
    """64 bits on one side."""
    wide = {k: v.astype(np.float64) if v.dtype == np.float32 else v for k, v in arrays.items()}
    with runtime.wide(enabled=True):
        return dataclasses.replace(build(wide, size, runtime), x64=True, gradients=None)


def half_precision(build: Build, arrays: Any, size: Any, runtime: Any) -> Any:
    """Rounds everything to bfloat16 on one side."""
    jnp = runtime.jax.numpy
    parts = build(arrays, size, runtime)

    def rounded(tree: Any) -> Any:
        return runtime.jax.tree.map(
            lambda x: x.astype(jnp.bfloat16).astype(x.dtype) if x.dtype == jnp.float32 else x, tree
        )

    return dataclasses.replace(parts, state=rounded(parts.state), inputs=rounded(parts.inputs))


def constants_captured(build: Build, arrays: Any, size: Any, runtime: Any) -> Any:
    """Closes over its data, so that the compiler may fold what depends on it."""
    parts = build(arrays, size, runtime)
    data = parts.inputs
    return dataclasses.replace(parts, step=lambda state, _: parts.step(state, data))


def shapes_change(build: Build, arrays: Any, size: Any, runtime: Any) -> Any:
    """Takes one row more of padding at every call; the numbers stay as they are."""
    parts, numbers = build(arrays, size, runtime), itertools.count(1)

    def make_step(wrap: Callable[[Any], Any]) -> Any:
        compiled = wrap(lambda state, data: parts.step(state, data[0]))

        def step(state: Any, data: Any) -> Any:
            return compiled(state, (data, np.zeros(next(numbers), np.float32)))

        return step

    return dataclasses.replace(parts, step=None, make_step=make_step)


def dead_loss(build: Build, arrays: Any, size: Any, runtime: Any) -> Any:
    """The loss does not depend on the parameters: nothing is differentiated, nothing learnt."""
    parts = build(arrays, size, runtime)
    zeros = runtime.jax.numpy.zeros_like

    def gradients(state: Any, data: Any) -> Any:
        return runtime.jax.tree.map(zeros, parts.gradients(state, data))

    return dataclasses.replace(
        parts, step=lambda state, data: (state, parts.step(state, data)[1]), gradients=gradients
    )


def honest(build: Build, arrays: Any, size: Any, runtime: Any) -> Any:
    """No trick: what is compiled for it may have been compiled before."""
    return build(arrays, size, runtime)


# Name of the trick: which workload, which side, what it does.
TRICKS: dict[str, tuple[str, str, Callable[..., Any]]] = {
    "weights_not_transposed": ("mlp_train", "torch_", weights_not_transposed),
    "double_precision": ("mlp_train", "jax_", double_precision),
    "half_precision": ("mlp_train", "jax_", half_precision),
    "constants_captured": ("mlp_train", "jax_", constants_captured),
    "shapes_change": ("mlp_train", "jax_", shapes_change),
    "dead_loss": ("mlp_train", "jax_", dead_loss),
    "warm_cache": ("mlp_train", "jax_", honest),
    "no_wait": ("matmul", "torch_", no_wait),
    "other_thread_count": ("mlp_train", "torch_", other_thread_count),
}
_PREFIX = "sabotage_"


def sabotage() -> None:
    """Put the tricks between the worker and its catalogue."""
    load, framework_module = catalogue.load, catalogue.framework_module

    def load_trick(workload_id: str, source: str | None = None) -> Any:
        if not workload_id.startswith(_PREFIX):
            return load(workload_id, source)
        return load(TRICKS[workload_id.removeprefix(_PREFIX)][0])

    def trick_module(workload_id: str, name: str) -> Any:
        if not workload_id.startswith(_PREFIX):
            return framework_module(workload_id, name)
        real, side, trick = TRICKS[workload_id.removeprefix(_PREFIX)]
        build = framework_module(real, name).build
        if side != name:
            return SimpleNamespace(build=build)
        return SimpleNamespace(build=lambda *parts: trick(build, *parts))

    catalogue.load, catalogue.framework_module = load_trick, trick_module


def steady_peak() -> None:
    """Among other tests the measured peak can come out below what a step reaches a second later.

    No trick needs it to be sharp: work that is not waited for seems a hundred times quicker.
    """
    measured = worker.Worker.peak

    def peak(self: Any, request: dict[str, Any]) -> dict[str, Any]:
        found = measured(self, request)
        return {"flops_per_s": max(found["flops_per_s"], 2e12), "bytes_per_s": 2e12}

    worker.Worker.peak = peak  # type: ignore[method-assign]


def keep_compiled(directory: str) -> None:
    """Let JAX store what it compiles, however quick that was."""
    import jax

    jax.config.update("jax_enable_compilation_cache", True)
    jax.config.update("jax_compilation_cache_dir", directory)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)


if __name__ == "__main__":
    cache, command, *options = sys.argv[1:]
    if command == "catalogue":
        sys.exit(catalogue.main(options))
    sabotage()
    steady_peak()
    if "jax" in options:
        keep_compiled(cache)
    sys.exit(worker.main(options))
