"""JAX over several devices: a mesh in one process, the batch sharded, everything else replicated.

The step is the same jitted function; the compiler puts the collectives in.
https://docs.jax.dev/en/latest/notebooks/Distributed_arrays_and_automatic_parallelization.html
(read 2026-11). Knows placement only; knows no model.
"""

from __future__ import annotations

import glob
import os
import re
import shutil
import tempfile
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probes.devices import DeviceMissingError
from probes.jax_runtime import JaxRuntime
from probes.parallel.shards import Built, part_of, widened
from probes.workload import Arrays

MODE = "jax.jit"
_COLLECTIVES = re.compile(r"^(all-reduce|all-gather|reduce-scatter|collective-permute|all-to-all)")
_AXIS = "data"


class JaxRank:
    """One process of JAX that computes on all of its devices, or on one.

    Args:
        device: the device word.
        devices: over how many devices a batch is shared out.
        own: how many of them this process has; all of them unless said.
    """

    mode = MODE

    def __init__(self, device: str, precision: str, devices: int, own: int | None = None) -> None:
        import jax

        self._devices = devices
        self._own = devices if own is None else own
        if device == "cpu":
            jax.config.update("jax_platforms", "cpu")
            jax.config.update("jax_num_cpu_devices", self._own)
        self.runtime = JaxRuntime(device, "matched", precision)
        peers = jax.devices(self.runtime.device.platform)
        if len(peers) < devices:
            raise DeviceMissingError(f"JAX has {len(peers)} of {device!r} here, not {devices}")
        mesh = jax.sharding.Mesh(np.array(peers[:devices]), (_AXIS,))
        spec = jax.sharding.PartitionSpec
        self._everywhere = jax.sharding.NamedSharding(mesh, spec())
        self._shared_out = jax.sharding.NamedSharding(mesh, spec(_AXIS))
        self.backend = "xla" if devices > 1 else None
        if devices > 1:
            # Else the compiler may leave new weights in parts, and the next step is another.
            self.runtime.jit_options["out_shardings"] = self._everywhere

    def join(self, meeting: str, limit_s: float) -> None:
        """Nobody has to be met: one process has all devices."""
        del meeting, limit_s

    def build(
        self, model: Any, arrays: Arrays, size: dict[str, Any], *, wide: bool = False
    ) -> Built:
        """The program of whole batches, shared out over the devices; *wide* in float64."""
        with self.runtime.wide(enabled=wide):
            return self._build(model, widened(arrays) if wide else arrays, size, wide=wide)

    def _build(self, model: Any, arrays: Arrays, size: dict[str, Any], *, wide: bool) -> Built:
        from probes.models import catalogue

        part_of(model, arrays, 0, self._devices)
        parts = catalogue.build(model.id, arrays, size, self.runtime, mode=MODE, variant=None)
        if self._devices > 1:
            parts = replace(
                parts,
                state=self._put(parts.state, self._everywhere),
                inputs=self._put(parts.inputs, self._shared_out),
            )
        return Built(self.runtime.program(parts, MODE), parts, wide)

    def _put(self, tree: Any, sharding: Any) -> Any:
        """All arrays of *tree* placed by *sharding*."""
        return self.runtime.jax.device_put(tree, sharding)

    def reference_parts(self, model: Any, size: dict[str, Any]) -> int:
        """One: statistics of a batch are taken over all devices."""
        del model, size
        return 1

    def gradients(self, built: Built) -> dict[str, NDArray[Any]]:
        """Gradients of the whole batch."""
        jitted = self.runtime.jax.jit(built.parts.gradients, **self.runtime.jit_options)
        with self.runtime.wide(enabled=built.wide):
            found = jitted(built.parts.state, built.parts.inputs)
            return {name: np.array(value) for name, value in found.items()}

    def collectives_s(self, built: Built, steps: int) -> tuple[float | None, str]:
        """Seconds per step and device that the profiler saw in collectives, or None and why."""
        profiler = self.runtime.jax.profiler
        if not hasattr(profiler, "ProfileData"):
            return None, "not-told"
        place = tempfile.mkdtemp(prefix="trace-")
        try:
            with profiler.trace(place):
                for _ in range(steps):
                    built.program.wait(built.program.call())
            files = glob.glob(os.path.join(place, "**", "*.xplane.pb"), recursive=True)
            spent_ns = sum(
                event.duration_ns
                for file in files
                for plane in profiler.ProfileData.from_file(file).planes
                for line in plane.lines
                for event in line.events
                if _COLLECTIVES.match(event.name)
            )
        finally:
            shutil.rmtree(place, ignore_errors=True)
        return (spent_ns / 1e9 / steps / self._own, "") if spent_ns else (None, "not-told")

    def memory(self, built: Built) -> tuple[int | None, str]:
        """Bytes of a step that the compiler planned for one device; all devices have as many.

        Arguments, results and scratch; the process holds all devices, so that its own peak says
        nothing about one. https://docs.jax.dev/en/latest/aot.html (memory_analysis)
        """
        parts, options = built.parts, self.runtime.jit_options
        jitted = self.runtime.jax.jit(parts.step, donate_argnums=(0,), **options)
        found = jitted.lower(parts.state, parts.inputs).compile().memory_analysis()
        names = ("argument_size_in_bytes", "output_size_in_bytes", "temp_size_in_bytes")
        if found is None or not all(hasattr(found, name) for name in names):
            return None, "not-told"
        shared = getattr(found, "alias_size_in_bytes", 0)
        return int(sum(getattr(found, name) for name in names) - shared), "planned"

    def leave(self) -> None:
        """Nobody has to be left."""
