"""JAX as the worker sees it: device, precision, and programs made from pure functions.

Knows how a step is run with and without jit, waited for and observed. Knows no workload.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probes import jax_devices, jax_fairness
from probes.observe import Observation, observe_training
from probes.workload import JaxParts

FRAMEWORK = "jax"
_COMPILATIONS = [0]


class JaxRuntime:
    """One JAX in one process, on one device.

    Args:
        device: ``cpu``, ``gpu``, ``cuda``, ``rocm``, ``xpu``, ``mps``, ``tpu``, with an index
            where there are several (``cuda:1``).
        settings: ``matched`` (equal precision) or ``default`` (what a user gets).
        precision: ``float32``, ``tf32`` or ``bfloat16``: the class of matrix products.
    """

    def __init__(self, device: str, settings: str, precision: str) -> None:
        import jax

        self.jax = jax
        # What else jit is told, such as where results are placed.
        self.jit_options: dict[str, Any] = {}
        self.settings = settings
        self.device = jax_devices.select(jax, device)
        if settings == "matched":
            # https://docs.jax.dev/en/latest/_autosummary/jax.default_matmul_precision.html
            word = {"float32": "highest", "tf32": "tensorfloat32", "bfloat16": "bfloat16"}
            jax.config.update("jax_default_matmul_precision", word.get(precision, "highest"))
        jax.config.update("jax_default_device", self.device)
        jax.monitoring.register_event_duration_secs_listener(_count_compilations)
        jax_fairness.listen(jax)

    def facts(self) -> dict[str, Any]:
        """Version, platform and defaults of this framework."""
        jax = self.jax
        import jaxlib

        return {
            "version": jax.__version__,
            "jaxlib": jaxlib.__version__,
            "platform": self.device.platform,
            "threads": None,
            "x64": bool(jax.config.jax_enable_x64),
            "default_matmul_precision": jax.config.jax_default_matmul_precision,
            "devices": [jax_devices.describe(jax, self.device)],
        }

    def reset_peak_memory(self) -> None:
        """JAX has no reset: the peak is that of the process."""

    def peak_memory_bytes(self) -> int | None:
        """The peak of memory in arrays on the accelerator; None on the CPU."""
        return jax_devices.peak_memory_bytes(self.device)

    def array(self, array: NDArray[Any]) -> Any:
        """*array* on the device; dtype kept for floats, integers narrowed to 32 bits."""
        # Not committed to the device: a step whose inputs are committed and whose state is not
        # would be compiled a second time on its second call.
        with self.wide(enabled=array.dtype == np.float64):
            return self.jax.numpy.asarray(np.array(array))

    def wide(self, *, enabled: bool) -> Any:
        """A context with 64-bit types where *enabled*: the other programs keep the default."""
        if not enabled:
            return contextlib.nullcontext()
        if hasattr(self.jax, "enable_x64"):
            return self.jax.enable_x64(enabled)
        # Older releases have it among the experiments only.
        return importlib.import_module("jax.experimental").enable_x64()

    def forget(self) -> None:
        """Forget what was compiled, once no program is left."""
        self.jax.clear_caches()

    def program(self, parts: JaxParts, mode: str) -> JaxProgram:
        """The program of *mode* (``jax.jit`` or ``jax.eager``).

        Raises:
            ValueError: a mode this runtime does not know.
        """
        jitted: list[Any] = []

        def jit(function: Callable[..., Any]) -> Any:
            donate = (0,) if self._donates(parts) else ()
            jitted.append(self.jax.jit(function, donate_argnums=donate, **self.jit_options))
            return jitted[-1]

        def as_is(function: Callable[..., Any]) -> Any:
            return function

        if mode not in {"jax.jit", "jax.eager"}:
            raise ValueError(f"unknown mode {mode}")
        wrap = jit if mode == "jax.jit" else as_is
        step = parts.make_step(wrap) if parts.make_step else wrap(_step_of(parts))
        program = JaxProgram(self, parts, step, mode, jitted)
        whole = "step jitted whole" if mode == "jax.jit" and not parts.make_step else ""
        donated = "state donated" if jitted and self._donates(parts) else ""
        program.variant = ", ".join(text for text in (parts.variant, whole, donated) if text)
        return program

    def _donates(self, parts: JaxParts) -> bool:
        return parts.donate and self.settings == "matched"

    def product(self, a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        """``a @ b`` on the device at the present precision, as NumPy."""
        return np.array(self.array(a) @ self.array(b))

    def product_program(self, n: int) -> Callable[[], Any]:
        """A call that forms one (n, n) float32 product; does not wait."""
        rng = np.random.default_rng(0)
        a = self.array(rng.standard_normal((n, n)).astype(np.float32))
        product = self.jax.jit(lambda x, y: x @ y)
        return lambda: product(a, a)

    def copy_program(self, count: int) -> Callable[[], Any]:
        """A call that copies *count* float32 numbers on the device; does not wait."""
        a = self.jax.numpy.ones(count, self.jax.numpy.float32)
        copy: Callable[[], Any] = a.copy
        return copy

    def wait_for(self, result: Any) -> None:
        """Return when *result* is computed."""
        self.jax.block_until_ready(result)


class JaxProgram:
    """One mode of one workload in JAX."""

    def __init__(
        self,
        runtime: JaxRuntime,
        parts: JaxParts,
        step: Callable[..., Any],
        mode: str,
        jitted: Sequence[Any],
    ) -> None:
        self._runtime = runtime
        self._parts = parts
        self._step = step
        self._mode = mode
        self._jitted = jitted
        self._constant_bytes: int | None = None
        if parts.x64:
            self.call = self._call_wide  # type: ignore[method-assign]
        # A copy: donation makes the buffers that it starts from unusable, and another mode of
        # the same parts starts from them too.
        self._state = self._copied(parts.state)
        self.variant = parts.variant
        self._compiled_before = _COMPILATIONS[0]
        self._hits_before = jax_fairness.cache_hits()
        self._hits: int | None = None
        self._settled = self._compiled_before

    def _copied(self, state: Any) -> Any:
        """*state* in buffers of its own, made by one compiled function and not one a shape."""
        jax = self._runtime.jax
        with self._runtime.wide(enabled=self._parts.x64):
            return jax.jit(lambda leaves: jax.tree.map(jax.numpy.copy, leaves))(state)

    def call(self) -> Any:
        """One step from the state of the last; returns new state and output, not waited for."""
        self._state, out = self._step(self._state, self._parts.inputs)
        return self._state, out

    def _call_wide(self) -> Any:
        with self._runtime.wide(enabled=True):
            self._state, out = self._step(self._state, self._parts.inputs)
            return self._state, out

    def wait(self, result: Any) -> None:
        """Wait for every leaf: JAX is asynchronous on the CPU too."""
        self._runtime.jax.block_until_ready(result)

    def compile_events(self) -> int:
        """XLA compilations in this process so far."""
        return _COMPILATIONS[0]

    def counters(self) -> dict[str, Any]:
        """Traces of what is jitted, and compilations in this process since it was built.

        Cache hits are those until this is first asked, after the first calls: later ones are of
        other programs, whose small operations are often the same.
        """
        if self._hits is None:
            self._hits = jax_fairness.cache_hits() - self._hits_before
        # No public count exists; without it the gate on compilations in blocks remains.
        sizes = [f._cache_size() for f in self._jitted if hasattr(f, "_cache_size")]  # noqa: SLF001
        return {
            **self._parts.notes,
            "traces": sum(sizes) if sizes else None,
            "compilations": _COMPILATIONS[0] - self._compiled_before,
            "cache_hits": self._hits,
            "constant_bytes": self._constant_bytes,
        }

    @property
    def state(self) -> Any:
        """The state that the next call starts from."""
        return self._state

    @property
    def compiled(self) -> bool:
        """Whether the step runs under jit."""
        return self._mode == "jax.jit"

    def settle_counts(self) -> None:
        """What is compiled from here on, up to `forget_counts`, is not this program's."""
        self.counters()
        self._settled = _COMPILATIONS[0]

    def forget_counts(self) -> None:
        """Leave out what was compiled since `settle_counts`."""
        self._compiled_before += _COMPILATIONS[0] - self._settled

    def faults(self) -> list[dict[str, Any]]:
        """What of a user's state is NaN, infinite or denormal now; empty for other work."""
        return self._parts.own.faults(self) if self._parts.own is not None else []

    def planned_bytes(self) -> int | None:
        """Device memory of one step as XLA planned it; None where the step is not one program.

        Arguments, results and scratch, donated buffers once. JAX's own peak cannot be reset and is
        that of the process's life, its compiler's trials included.
        https://docs.jax.dev/en/latest/aot.html (memory_analysis)
        """
        if self._mode != "jax.jit" or self._parts.step is None or self._parts.make_step:
            return None
        with self._runtime.wide(enabled=self._parts.x64):
            step = self._jitted[0].lower(self._state, self._parts.inputs).compile()
        found = step.memory_analysis()
        names = ("argument_size_in_bytes", "output_size_in_bytes", "temp_size_in_bytes")
        if found is None or not all(hasattr(found, name) for name in names):
            return None
        shared = getattr(found, "alias_size_in_bytes", 0)
        return int(sum(getattr(found, name) for name in names) - shared)

    def fell_back(self) -> bool:
        """Whether a compiled mode ran without having compiled anything."""
        return self._mode == "jax.jit" and _COMPILATIONS[0] == self._compiled_before

    def observe(self, steps: int, call: Callable[[], Any]) -> Observation:
        """Outputs, gradients and the curve of *steps* calls from the initial state."""
        parts = self._parts
        if parts.own is not None:
            shown = parts.own.observe(self, steps, call)
            self._note_constants()
            return shown
        forward = None
        gradients: Mapping[str, Any] = {}
        if self._mode == "jax.jit":
            forward, gradients = self._outputs()
        losses = []
        for _ in range(steps):
            state, out = call()
            losses.append(_to_numpy(self._runtime.jax.tree.leaves(out or state)[0]))
        self._note_constants()
        parameters = parts.parameters(self._state) if parts.parameters else {}
        return observe_training(
            forward, gradients, losses, {k: np.array(v) for k, v in parameters.items()}
        )

    def _outputs(self) -> tuple[NDArray[Any] | None, dict[str, NDArray[Any]]]:
        """Outputs and gradients at the present state, compiled together, which is quicker."""
        parts = self._parts

        def both(state: Any, inputs: Any) -> Any:
            forward = parts.forward(state, inputs) if parts.forward else None
            return forward, parts.gradients(state, inputs) if parts.gradients else {}

        with self._runtime.wide(enabled=parts.x64):
            forward, found = self._runtime.jax.jit(both)(self._state, parts.inputs)
            gradients = {k: np.array(v) for k, v in found.items()}
            return None if forward is None else _to_numpy(forward), gradients

    def _note_constants(self) -> None:
        if self._mode == "jax.jit" and self._parts.step is not None:
            with self._runtime.wide(enabled=self._parts.x64):
                self._constant_bytes = jax_fairness.constant_bytes(
                    self._runtime.jax, self._parts.step, self._state, self._parts.inputs
                )


def _to_numpy(value: Any) -> NDArray[Any]:
    """*value* as NumPy; bfloat16, which NumPy cannot store, as float32."""
    found = np.array(value)
    return found.astype(np.float32) if found.dtype.name == "bfloat16" else found


def _step_of(parts: JaxParts) -> Callable[..., Any]:
    if parts.step is None:
        raise ValueError("a workload offers neither step nor make_step")
    return parts.step


def _count_compilations(event: str, duration: float, **_: Any) -> None:
    del duration
    if event.endswith("backend_compile_duration"):
        _COMPILATIONS[0] += 1
