"""The worker's loop: build programs, time blocks of them when told, say what happened.

Knows one framework and the protocol; decides nothing about what its numbers mean. Every
request gets exactly one reply; what a framework raises becomes ``{"ok": false, ...}``.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from typing import Any

from probes import PROTOCOL, host, timing
from probes.protocol import serve

# How many first calls are timed one by one: late compilation (a lazily created optimizer
# state, a second specialisation) happens within them.
FIRST_CALLS = 5


VERBS = (
    "hello",
    "inputs",
    "behave",
    "attain",
    "build",
    "warm",
    "block",
    "latency",
    "finish",
    "precision",
    "peak",
    "drop",
)
"""What the driver may ask for."""


class Worker:
    """One framework in one process, with the programs that were built in it."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._programs: dict[str, Any] = {}
        self._runtime: Any = None
        self._import_s = 0.0
        self._memory: dict[str, dict[str, int | None]] = {}

    def hello(self, request: dict[str, Any]) -> dict[str, Any]:
        """Import the framework, and say what it is and what it may use."""
        del request
        start = time.perf_counter()
        self._runtime = _make_runtime(self._options)
        self._import_s = time.perf_counter() - start
        return {
            "protocol": PROTOCOL,
            "pid": os.getpid(),
            "framework": self._options.framework,
            "python": host.python_version(),
            "import_s": self._import_s,
            "affinity": host.affinity(),
            **self._runtime.facts(),
        }

    def build(self, request: dict[str, Any]) -> dict[str, Any]:
        """Build one program and time its first calls, compilation included.

        A `workload` called ``model:FAMILY`` is one step of a model, at any `size` of it and in
        the `variant` that is asked for, or the first that there is in the `mode`.
        """
        before_bytes = self._peak_anew()
        start = time.perf_counter()
        program = self._make_program(request)
        if request.get("plant_s"):
            program = _Planted(program, float(request["plant_s"]))
        self._programs[request["key"]] = program
        build_s = time.perf_counter() - start
        calls: list[float] = []

        def timed() -> Any:
            begin = time.perf_counter()
            result = program.call()
            program.wait(result)
            calls.append(time.perf_counter() - begin)
            return result

        if request.get("observe"):
            self._observe(program, request["observe"], int(request.get("steps", 20)), timed)
        while len(calls) < FIRST_CALLS:
            timed()
        memory = {"memory_before_bytes": before_bytes, **self._peaks(program)}
        self._memory[request["key"]] = memory
        return {
            "build_s": build_s,
            "first_calls_s": calls[:FIRST_CALLS],
            "variant": program.variant,
            "counters": {**program.counters(), **memory},
            "fell_back": program.fell_back(),
        }

    def _make_program(self, request: dict[str, Any]) -> Any:
        if self._options.framework == "numpy":
            return self._runtime.program(request["mode"])
        parts = _build_parts(self._runtime, self._options.framework, request)
        return self._runtime.program(parts, request["mode"])

    @staticmethod
    def _observe(program: Any, path: str, steps: int, call: Callable[[], Any]) -> None:
        import numpy as np

        found = program.observe(steps, call)
        partial = f"{path}.{os.getpid()}.npz"
        np.savez(partial, **found)
        os.replace(partial, path)

    def inputs(self, request: dict[str, Any]) -> dict[str, Any]:
        """Write the shared inputs of a workload; needs no framework."""
        from probes import catalogue

        workload = catalogue.load(request["workload"], request.get("source"))
        digest = catalogue.write_inputs(
            workload, request["size"], int(request["seed"]), request["path"]
        )
        return {"sha256": digest}

    def behave(self, request: dict[str, Any]) -> dict[str, Any]:
        """What one small check of behaviour finds."""
        from probes.behaviour import catalogue

        return catalogue.run(request["check"], self._options.framework)

    def attain(self, request: dict[str, Any]) -> dict[str, Any]:
        """Train a small classifier; its accuracy after every epoch, and the process's peak."""
        from probes.accuracy import attaining

        found = attaining.attain(self._runtime, self._options.framework, request)
        return {**found, "peak_memory_bytes": host.peak_memory_bytes()}

    def warm(self, request: dict[str, Any]) -> dict[str, Any]:
        """Call a program until it is steady."""
        program = self._programs[request["key"]]
        return timing.warm_up(program, float(request["min_s"]), float(request["max_s"]))

    def block(self, request: dict[str, Any]) -> dict[str, Any]:
        """One block of samples."""
        return timing.block(
            self._programs[request["key"]],
            float(request["seconds"]),
            int(request["calls"]),
            int(request.get("min_samples", 5)),
            discard=int(request.get("discard", timing.DISCARD_CALLS)),
        )

    def latency(self, request: dict[str, Any]) -> dict[str, Any]:
        """Times of single calls, each waited for."""
        program = self._programs[request["key"]]
        return {"calls_s": timing.waited_calls(program, float(request["seconds"]))}

    def finish(self, request: dict[str, Any]) -> dict[str, Any]:
        """Counters and peak memory of one program at the end of a launch."""
        program = self._programs[request["key"]]
        memory = self._memory.get(request["key"], {})
        counters = {**program.counters(), **memory}
        faults: list[Any] = getattr(program, "faults", list)()
        if faults:
            counters["state_faults"] = faults[:3]
        peaks = [p for p in (self._peak(), memory.get("build_peak_bytes")) if p is not None]
        return {
            "counters": counters,
            "peak_memory_bytes": self._planned(program) or max(peaks, default=None),
        }

    def _planned(self, program: Any) -> int | None:
        """What a step needs of an accelerator, where the framework's peak cannot be reset."""
        planned = getattr(program, "planned_bytes", None)
        if planned is None or self._on_device("peak_memory_bytes") is None:
            return None
        found: int | None = planned()
        return found

    def _peak(self) -> int | None:
        """The largest use of memory since the last reset: of the device, or of this process."""
        on_device: int | None = self._on_device("peak_memory_bytes")
        return host.peak_memory_bytes() if on_device is None else on_device

    def _peak_anew(self) -> int | None:
        """Start the peak anew; returns what is in use now, where the system can reset it."""
        host.reset_peak_memory()
        self._on_device("reset_peak_memory")
        return self._peak()

    def _peaks(self, program: Any) -> dict[str, int | None]:
        """The peak so far, compilation included, and that of two steps alone."""
        build_peak_bytes = self._peak()
        rest_bytes = self._peak_anew()
        for _ in range(2):
            program.wait(program.call())
        return {
            "build_peak_bytes": build_peak_bytes,
            "step_rest_bytes": rest_bytes,
            "step_peak_bytes": self._peak(),
        }

    def _on_device(self, question: str) -> Any:
        """Ask the runtime about the accelerator's memory; None on the CPU."""
        method = getattr(self._runtime, question, None)
        return None if method is None else method()

    def precision(self, request: dict[str, Any]) -> dict[str, Any]:
        """Largest relative error of a known float32 product against float64.

        The class of arithmetic is read off the error, not off a setting: about 6e-7 for
        float32, 3.5e-5 for TF32, 3e-4 for bfloat16 factors (4e-3 for a bfloat16 result).
        """
        import numpy as np

        n = int(request.get("n", 1024))
        rng = np.random.default_rng(7)
        a = rng.uniform(0.5, 1.5, (64, n)).astype(np.float32)
        b = rng.uniform(0.5, 1.5, (n, 64)).astype(np.float32)
        exact = a.astype(np.float64) @ b.astype(np.float64)
        found = self._runtime.product(a, b)
        error = np.max(np.abs(found.astype(np.float64) - exact) / np.abs(exact))
        return {"max_relative_error": float(error), "dtype": str(found.dtype)}

    def peak(self, request: dict[str, Any]) -> dict[str, Any]:
        """The machine's best rates: float32 products in FLOP/s, copies in bytes/s (both ways).

        Over sizes, since small arrays fit into a cache and small products leave a large device
        idle: products of (n, n) grow while that makes them faster; copies are of 256 KiB to
        64 MiB. An accelerator is filled by a large one at once: XLA takes five seconds to choose
        a kernel for each size (H200, JAX 0.11.2, 2026-11-27).
        """
        seconds = float(request.get("seconds", 0.08))
        flops_per_s, n = 0.0, 256 if self._options.device == "cpu" else 4096
        while n <= int(request.get("most", 16384)):
            run = self._runtime.product_program(n)
            call_s = timing.shortest_call_s(run, self._runtime.wait_for, seconds)
            improved = 2.0 * n**3 / call_s > 1.03 * flops_per_s
            flops_per_s = max(flops_per_s, 2.0 * n**3 / call_s)
            # The next size takes eight times as long.
            if (
                self._options.device != "cpu"
                or (n >= 1024 and not improved)
                or 8 * call_s > seconds
            ):
                break
            n *= 2
        copies = []
        for count in (1 << 16, 1 << 20, 1 << 24):
            run = self._runtime.copy_program(count)
            call_s = timing.shortest_call_s(run, self._runtime.wait_for, seconds / 2)
            copies.append(2.0 * 4 * count / call_s)
        return {"flops_per_s": flops_per_s, "bytes_per_s": max(copies)}

    def drop(self, request: dict[str, Any]) -> dict[str, Any]:
        """Forget a program, so that its memory can be used again."""
        self._programs.pop(request["key"], None)
        self._memory.pop(request["key"], None)
        if not self._programs and hasattr(self._runtime, "forget"):
            self._runtime.forget()
        return {}


class _Planted:
    """A program that is slower by a known time per call: what the self-test must find."""

    def __init__(self, program: Any, seconds: float) -> None:
        self._program = program
        self._seconds = seconds
        self.variant = f"{program.variant} + {seconds:.6f} s"
        self.wait = program.wait
        # The self-test's own work computes nothing that could be observed.
        self.observe = getattr(program, "observe", None)
        self.compile_events = program.compile_events
        self.counters = program.counters
        self.fell_back = program.fell_back

    def call(self) -> Any:
        """The program's call, waited for, then the delay."""
        result = self._program.call()
        self.wait(result)
        timing.spin(self._seconds)
        return result


def _make_runtime(options: argparse.Namespace) -> Any:
    if options.framework == "pytorch":
        from probes.torch_runtime import TorchRuntime

        return TorchRuntime(options.device, options.cores, options.settings, options.precision)
    if options.framework == "jax":
        from probes.jax_runtime import JaxRuntime

        return JaxRuntime(options.device, options.settings, options.precision)
    from probes.numpy_runtime import NumpyRuntime

    return NumpyRuntime()


def _build_parts(runtime: Any, framework: str, request: dict[str, Any]) -> Any:
    import numpy as np

    from probes import catalogue
    from probes.model import PREFIX

    with np.load(request["inputs"], allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    if request.get("source"):
        from probes import user_workload

        return user_workload.build(request["source"], framework, arrays, runtime)
    if request["workload"].startswith(PREFIX):
        from probes.models import catalogue as models

        name = request["workload"].removeprefix(PREFIX)
        chosen = {"mode": request["mode"], "variant": request.get("variant")}
        return models.build(name, arrays, request["size"], runtime, **chosen)
    name = "torch_" if framework == "pytorch" else "jax_"
    module = catalogue.framework_module(request["workload"], name)
    return module.build(arrays, request["size"], runtime)


def main(argv: list[str]) -> int:
    """Serve requests until the driver closes the channel or says ``bye``."""
    parser = argparse.ArgumentParser(prog="probes worker")
    parser.add_argument("--framework", choices=("pytorch", "jax", "numpy"), required=True)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--cores", type=int, default=0)
    parser.add_argument("--settings", choices=("matched", "default"), default="matched")
    parser.add_argument("--precision", default="float32")
    worker = Worker(parser.parse_args(argv))
    return serve(worker, VERBS)
