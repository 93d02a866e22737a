"""PyTorch over several devices: one process each, gradients averaged as they are computed.

DistributedDataParallel (https://docs.pytorch.org/docs/stable/notes/ddp.html) or, on accelerators,
FSDP2 (https://docs.pytorch.org/docs/stable/distributed.fsdp.fully_shard.html); both read 2026-11.
Knows how a module is wrapped and how processes find each other; knows no model.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from probes import host
from probes.parallel.shards import Built, part_of, widened
from probes.torch_runtime import TorchRuntime
from probes.workload import Arrays

MODE = "pytorch.eager"
_LOOPBACK = "lo0" if sys.platform == "darwin" else "lo"
_BACKENDS = {"cpu": "gloo", "cuda": "nccl", "xpu": "xccl"}


class ParallelTorchRuntime(TorchRuntime):
    """A runtime whose modules average their gradients over all ranks.

    Args:
        way: ``ddp`` or ``fsdp``; empty for one device, whose modules stay as they are.
        options: as for a `TorchRuntime`: device, cores, settings, precision.
    """

    def __init__(self, way: str, *options: Any) -> None:
        super().__init__(*options)
        self._way = way
        self.wide = False

    def parallel(self, module: Any) -> Any:
        """*module*, whose backward pass ends with the gradients of the whole batch."""
        torch = self.torch
        if self.wide:
            module = module.double()
        if not self._way:
            return module
        if self.device.type == "cuda":
            # It exists on accelerators only: on a CPU each process normalises by its own part.
            module = torch.nn.SyncBatchNorm.convert_sync_batchnorm(module)
        if self._way == "fsdp":
            from torch.distributed.fsdp import fully_shard

            return fully_shard(module)
        devices = None if self.device.type == "cpu" else [self.device.index]
        return torch.nn.parallel.DistributedDataParallel(module, device_ids=devices)

    def bare(self, module: Any) -> Any:
        """The module that was wrapped."""
        return module.module if self._way == "ddp" else module

    def to_numpy(self, value: Any) -> NDArray[Any]:
        """*value* as a NumPy array, put together of its parts where it is shared out."""
        whole = value.full_tensor() if hasattr(value, "full_tensor") else value
        return super().to_numpy(whole)


class TorchRank:
    """One process of PyTorch among several, or alone.

    Args:
        way: ``ddp`` or ``fsdp``.
        device: the device word; a rank of several takes the device of its own number.
        cores: CPU cores of this process.
        precision: the class of matrix products.
        place: which rank of how many.
    """

    mode = MODE

    def __init__(
        self, way: str, device: str, *, cores: int, precision: str, place: tuple[int, int]
    ) -> None:
        self._rank, self._ranks = rank, ranks = place
        # On a CPU a device is a process; an accelerator's number is the rank's.
        own = device if device == "cpu" or ranks == 1 else f"{device.partition(':')[0]}:{rank}"
        options = (own, cores, "matched", precision)
        several = ranks > 1
        self.runtime = ParallelTorchRuntime(way if several else "", *options)
        kind = self.runtime.device.type
        self.backend = _BACKENDS.get(kind, "gloo") if several else None
        self._synced = kind == "cuda" or not several

    def join(self, meeting: str, limit_s: float) -> None:
        """Meet the other ranks at the file *meeting*; a collective waits *limit_s* at most.

        Raises:
            RuntimeError: the others did not come.
        """
        if self._ranks == 1:
            return
        import torch.distributed as dist

        for prefix in ("GLOO", "NCCL"):
            os.environ.setdefault(f"{prefix}_SOCKET_IFNAME", _LOOPBACK)
        dist.init_process_group(
            self.backend,
            init_method=Path(meeting).as_uri(),
            rank=self._rank,
            world_size=self._ranks,
            timeout=dt.timedelta(seconds=limit_s),
        )

    def build(
        self, model: Any, arrays: Arrays, size: dict[str, Any], *, wide: bool = False
    ) -> Built:
        """The program of this rank's part of the batches in *arrays*; *wide* in float64."""
        from probes.models import catalogue

        own = part_of(model, widened(arrays) if wide else arrays, self._rank, self._ranks)
        self.runtime.wide = wide
        whole = {**size, "batch": size["batch"] // self._ranks}
        parts = catalogue.build(model.id, own, whole, self.runtime, mode=MODE, variant=None)
        return Built(self.runtime.program(parts, MODE), parts)

    def reference_parts(self, model: Any, size: dict[str, Any]) -> int:
        """Into how many parts one device has to split a batch to compute what the ranks do."""
        return self._ranks if model.coupled(size) and not self._synced else 1

    def gradients(self, built: Built) -> dict[str, NDArray[Any]]:
        """Gradients of the whole batch, as every rank has them after the backward pass."""
        found = built.parts.gradients()
        return {name: self.runtime.to_numpy(value) for name, value in found.items()}

    def collectives_s(self, built: Built, steps: int) -> tuple[float | None, str]:
        """Seconds per step that the profiler saw in collectives, or None and why.

        https://docs.pytorch.org/docs/stable/profiler.html; they overlap with computing.
        """
        torch = self.runtime.torch
        activities = [torch.profiler.ProfilerActivity.CPU]
        if self.runtime.device.type == "cuda":
            activities.append(torch.profiler.ProfilerActivity.CUDA)
        with torch.profiler.profile(activities=activities) as profiled:
            for _ in range(steps):
                built.program.wait(built.program.call())
        prefix = f"{self.backend}:"
        on_device = self.runtime.device.type == "cuda"
        names = ("ncclDevKernel", "ncclKernel") if on_device else (prefix,)
        spans = [e.time_range for e in profiled.events() if e.name.startswith(names)]
        if not spans:
            return None, "not-told"
        return sum(s.elapsed_us() for s in spans) / 1e6 / steps, ""

    def memory(self, built: Built) -> tuple[int | None, str]:
        """Bytes of this rank and what they count: the device's peak, or the process's."""
        del built
        on_device = self.runtime.peak_memory_bytes()
        if on_device is not None:
            return on_device, "device_peak"
        return host.peak_memory_bytes(), "process_peak"

    def leave(self) -> None:
        """Leave the group of ranks."""
        if self._ranks > 1:
            import torch.distributed as dist

            if dist.is_initialized():
                dist.destroy_process_group()
