"""PyTorch as the worker sees it: device, threads, precision, and programs made from parts.

Knows how a step is run eagerly or compiled, waited for and observed. Knows no workload.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probes import torch_devices
from probes.devices import DeviceMissingError
from probes.observe import Observation, observe_training
from probes.workload import TorchParts

FRAMEWORK = "pytorch"
# Modes that compile nothing.
_EAGER = ("pytorch.eager", "pytorch.eager_cuda_graph")
_FUSED_ADAM = ("cpu", "cuda", "mps", "xpu")
_RECOMPILED = [0]
_WATCHING: list[bool] = []
# How often Dynamo gave up on a frame, and after how many compilations.
_GIVEN_UP: list[int] = []


class TorchRuntime:
    """One PyTorch in one process, on one device.

    Args:
        device: ``cpu``, ``gpu``, ``cuda``, ``rocm``, ``xpu``, ``mps``, ``tpu``, with an index
            where there are several (``cuda:1``).
        cores: CPU cores allowed; the intra-op thread count in ``matched`` settings.
        settings: ``matched`` (equal threads and precision, fused optimizer) or ``default``
            (what a user gets without asking for anything).
        precision: ``float32``, ``tf32`` or ``bfloat16``: the class of matrix products.
    """

    def __init__(self, device: str, cores: int | None, settings: str, precision: str) -> None:
        import torch

        self.torch = torch
        self.device = torch_devices.select(torch, device)
        self.settings = settings
        if settings == "matched":
            if cores:
                torch.set_num_threads(cores)
            self._set_precision(precision)

    def _set_precision(self, precision: str) -> None:
        # https://docs.pytorch.org/docs/stable/generated/torch.set_float32_matmul_precision.html
        word = {"float32": "highest", "tf32": "high", "bfloat16": "medium"}.get(precision)
        self.torch.set_float32_matmul_precision(word or "highest")
        self.torch.backends.cudnn.allow_tf32 = precision == "tf32"
        # XLA tries several convolution algorithms too; without this only one side would.
        self.torch.backends.cudnn.benchmark = self.device.type == "cuda"

    def facts(self) -> dict[str, Any]:
        """Version, threads and build of this framework."""
        torch = self.torch
        return {
            "version": torch.__version__,
            "threads": torch.get_num_threads(),
            "interop_threads": torch.get_num_interop_threads(),
            "cuda": torch.version.cuda,
            "hip": getattr(torch.version, "hip", None),
            "float32_matmul_precision": torch.get_float32_matmul_precision(),
            "devices": [torch_devices.describe(torch, self.device)],
        }

    def tensor(self, array: NDArray[Any]) -> Any:
        """*array* on the device, dtype kept."""
        return self.torch.from_numpy(np.array(array)).to(self.device)

    def parameter(self, array: NDArray[Any]) -> Any:
        """*array* on the device as a leaf that collects gradients."""
        return self.tensor(array).requires_grad_()

    def adam(
        self, parameters: Iterable[Any], learning_rate: float, *, loop: bool = False
    ) -> tuple[Any, str]:
        """Adam and the name of its variant: the fastest honest one in matched settings.

        The fused implementation is no default anywhere; on a CPU the default is a Python loop
        over the parameters, as with *loop*. Back ends outside PyTorch may lack it.
        https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html
        """
        adam = self.torch.optim.Adam
        if loop:
            plain = adam(parameters, lr=learning_rate, foreach=False, fused=False)
            return plain, "torch.optim.Adam(foreach=False), a loop over the parameters"
        if self.settings == "default" or self.device.type not in _FUSED_ADAM:
            return adam(parameters, lr=learning_rate), "torch.optim.Adam (default)"
        return adam(parameters, lr=learning_rate, fused=True), "torch.optim.Adam(fused=True)"

    def optimizer(
        self, name: str, parameters: Iterable[Any], *, fused: bool = True, **options: Any
    ) -> tuple[Any, str]:
        """``torch.optim.NAME`` and what it runs as: fused where asked, in matched settings.

        Adam, AdamW, SGD and Adagrad have a fused implementation on the devices that `adam` names.
        """
        kind = getattr(self.torch.optim, name)
        if fused and self.settings == "matched" and self.device.type in _FUSED_ADAM:
            return kind(parameters, fused=True, **options), f"torch.optim.{name}(fused=True)"
        return kind(parameters, **options), f"torch.optim.{name} (default)"

    def parallel(self, module: Any) -> Any:
        """*module* as it is trained: on one device as it is, over several wrapped."""
        return module

    def bare(self, module: Any) -> Any:
        """The module in what `parallel` returned."""
        return module

    def bind(self, function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
        """*function* with its tensor arguments fixed: what is timed is the call, not look-ups."""
        return lambda: function(*arguments)

    def wait(self) -> None:
        """Return when the device has done everything that was asked of it."""
        torch_devices.synchronize(self.torch, self.device)

    def reset_peak_memory(self) -> None:
        """Start the device's memory peak anew; nothing happens on the CPU."""
        torch_devices.reset_peak_memory(self.torch, self.device)

    def peak_memory_bytes(self) -> int | None:
        """The peak of memory in tensors on the accelerator; None on the CPU."""
        return torch_devices.peak_memory_bytes(self.torch, self.device)

    def program(self, parts: TorchParts, mode: str) -> TorchProgram:
        """The program of *mode*: eager or compiled, and either replayed as CUDA graphs.

        Raises:
            ValueError: a mode this runtime does not know.
            DeviceMissingError: CUDA graphs are asked for on a device that has none.
        """
        if mode == "pytorch.eager":
            return TorchProgram(self, parts, parts.make_step(_as_it_is), mode)
        if mode == "pytorch.eager_cuda_graph":
            return TorchProgram(self, parts, self._recorded(parts, _as_it_is), mode)
        _watch_recompiles()
        if parts.own is None:
            self._allow_ways()
        if mode == "pytorch.compile_cuda_graph":
            return TorchProgram(self, parts, self._recorded(parts, self.torch.compile), mode)
        if mode == "pytorch.compile":
            return TorchProgram(self, parts, parts.make_step(self.torch.compile), mode)
        if mode == "pytorch.compile_reduce_overhead":
            return TorchProgram(self, parts, self._graphed(parts), mode)
        raise ValueError(f"unknown mode {mode}")

    def _allow_ways(self) -> None:
        """Let one line of source be compiled for each of many ways to write a shipped model.

        Dynamo keeps eight programs of a line and runs the ninth eagerly. What a user's own step
        does is what it does for the user.
        """
        config = sys.modules.get("torch._dynamo.config")
        if config is None:
            return
        # Before PyTorch 2.7 it was called so.
        name = "recompile_limit" if hasattr(config, "recompile_limit") else "cache_size_limit"
        setattr(config, name, 64)

    def forget(self) -> None:
        """Forget what was compiled, once no program is left.

        Compiled code and its history are kept per line of source: a second size of a workload
        would be compiled with dynamic shapes because the first had others.
        """
        utilities = sys.modules.get("torch._dynamo.utils")
        # The first reset imports the compiler, which takes seconds; optimizers import the rest.
        if utilities is not None and _compiled_graphs():
            self.torch.compiler.reset()
            utilities.counters.clear()

    def _graphed(self, parts: TorchParts) -> Callable[[], Any]:
        """The step under ``mode="reduce-overhead"``; every call says that a new step begins.

        Else outputs of the last step would count as alive and keep graphs from being replayed.
        https://docs.pytorch.org/docs/stable/generated/torch.compiler.cudagraph_mark_step_begin.html
        """
        self._need_graphs()
        compiler = self.torch.compiler
        step = parts.make_step(
            lambda function: self.torch.compile(function, mode="reduce-overhead")
        )

        def call() -> Any:
            compiler.cudagraph_mark_step_begin()
            return step()

        return call

    def _recorded(self, parts: TorchParts, wrap: Callable[..., Any]) -> Callable[[], Any]:
        """The whole step, recorded by hand."""
        self._need_graphs()
        if parts.make_recorded is None:
            raise ValueError("this step cannot be recorded as one CUDA graph")
        return parts.make_recorded(wrap)

    def _need_graphs(self) -> None:
        if self.device.type != "cuda":
            raise DeviceMissingError(f"CUDA graphs do not exist on {self.device.type}")

    def product(self, a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        """``a @ b`` on the device at the present precision, as NumPy."""
        with self.torch.no_grad():
            return self.to_numpy(self.tensor(a) @ self.tensor(b))

    def product_program(self, n: int) -> Callable[[], Any]:
        """A call that forms one (n, n) float32 product; does not wait."""
        rng = np.random.default_rng(0)
        a = self.tensor(rng.standard_normal((n, n)).astype(np.float32))
        out = self.torch.empty_like(a)
        return lambda: self.torch.matmul(a, a, out=out)

    def copy_program(self, count: int) -> Callable[[], Any]:
        """A call that copies *count* float32 numbers on the device; does not wait."""
        a = self.torch.ones(count, device=self.device)
        out = self.torch.empty_like(a)
        return lambda: out.copy_(a)

    def wait_for(self, result: Any) -> None:
        """Return when *result* and all before it is computed."""
        del result
        self.wait()

    def to_numpy(self, value: Any) -> NDArray[Any]:
        """*value* as a NumPy array of its own."""
        value = value.detach().cpu()
        # NumPy has no bfloat16.
        return np.array((value.float() if value.dtype == self.torch.bfloat16 else value).numpy())


class TorchProgram:
    """One mode of one workload in PyTorch."""

    def __init__(
        self, runtime: TorchRuntime, parts: TorchParts, step: Callable[[], Any], mode: str
    ) -> None:
        self._runtime = runtime
        self._parts = parts
        self._mode = mode
        self.call = step
        self.variant = parts.variant
        self._hits_before = _cache_hits()
        self._first_compiled: dict[str, int] | None = None
        self._graphs_before = _compiled_graphs()
        self._breaks_before = _graph_breaks()
        self._recompiled_before = _RECOMPILED[0]
        self._skips_before = _graph_skips()
        self._given_up_before = len(_GIVEN_UP)

    def wait(self, result: Any) -> None:
        """PyTorch computes in order on one stream: waiting for the device waits for all."""
        del result
        self._runtime.wait()

    def compile_events(self) -> int:
        """Graphs compiled in this process; 0 where the compiler was never loaded."""
        return _compiled_graphs()

    def counters(self) -> dict[str, Any]:
        """Graphs, graph breaks and recompilations since this program was made.

        Graphs and cache hits are those until this is first asked, after the first calls: later
        ones are of other programs of the process. An eager program compiles nothing, whatever
        others did since.
        """
        counts = {"graphs": 0, "graph_breaks": 0, "recompiles": 0, "cache_hits": 0}
        if self._mode not in _EAGER:
            if self._first_compiled is None:
                self._first_compiled = {
                    "graphs": _compiled_graphs() - self._graphs_before,
                    "cache_hits": _cache_hits() - self._hits_before,
                }
            counts = {
                **self._first_compiled,
                "graph_breaks": _graph_breaks() - self._breaks_before,
                "recompiles": _RECOMPILED[0] - self._recompiled_before,
            }
            given_up = _GIVEN_UP[self._given_up_before :]
            counts |= {"gave_up_after": max(given_up)} if given_up else {}
        if self._mode == "pytorch.compile_reduce_overhead":
            counts["cudagraph_skips"] = _graph_skips() - self._skips_before
        shown = {name: max(0, count) for name, count in counts.items()}
        return {**self._parts.notes, **shown, "threads": self._threads()}

    def _threads(self) -> int | None:
        """Now, since the work itself may have changed the number; None off the CPU."""
        runtime = self._runtime
        return int(runtime.torch.get_num_threads()) if runtime.device.type == "cpu" else None

    def fell_back(self) -> bool:
        """Whether a compiled mode compiled nothing, or one of CUDA graphs recorded none."""
        if self._mode in _EAGER:
            return False
        skipped = "reduce_overhead" in self._mode and _graph_skips() > self._skips_before
        return skipped or _compiled_graphs() <= self._graphs_before

    @property
    def wrap(self) -> Callable[..., Any] | None:
        """What compiles the step; None where it runs eagerly."""
        return None if self._mode in _EAGER else self._runtime.torch.compile

    def faults(self) -> list[dict[str, Any]]:
        """What of a user's state is NaN, infinite or denormal now; empty for other work."""
        return self._parts.own.faults(self) if self._parts.own is not None else []

    def observe(self, steps: int, call: Callable[[], Any]) -> Observation:
        """Outputs, gradients and the curve of *steps* calls from the initial state."""
        to_numpy = self._runtime.to_numpy
        if self._parts.own is not None:
            return self._parts.own.observe(self, steps, call)
        eager = self._mode == "pytorch.eager"
        gradients: Mapping[str, Any] = {}
        forward = None
        if eager:
            forward = to_numpy(self._parts.forward()) if self._parts.forward else None
            if self._parts.gradients is not None:
                gradients = {k: to_numpy(v) for k, v in self._parts.gradients().items()}
        losses = [to_numpy(self._first(call())) for _ in range(steps)]
        parameters = self._parts.parameters() if self._parts.parameters else {}
        return observe_training(
            forward, gradients, losses, {k: to_numpy(v) for k, v in parameters.items()}
        )

    @staticmethod
    def _first(result: Any) -> Any:
        return result[0] if isinstance(result, (tuple, list)) else result


def _as_it_is(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


def _cache_hits() -> int:
    """Graphs of this process that came out of a compile cache instead of the compiler."""
    module = sys.modules.get("torch._dynamo.utils")
    if module is None:
        return 0
    found = module.counters["inductor"]["fxgraph_cache_hit"]
    return int(found + module.counters["aot_autograd"]["autograd_cache_hit"])


def _graph_breaks() -> int:
    module = sys.modules.get("torch._dynamo.utils")
    return int(sum(module.counters["graph_break"].values())) if module else 0


def _graph_skips() -> int:
    """How often Inductor went without CUDA graphs, for a reason that it logs."""
    module = sys.modules.get("torch._dynamo.utils")
    return int(module.counters["inductor"]["cudagraph_skips"]) if module else 0


def _watch_recompiles() -> None:
    """Count compilations of code that was compiled before, from now on.

    A compile id (torch._guards.CompileId) prints as FRAME/N, N counting the compilations of one
    frame from 0.
    """
    try:
        from torch._dynamo.callback import callback_handler
    except ImportError:
        return
    if not _WATCHING:
        _WATCHING.append(True)
        callback_handler.register_start_callback(_count_recompile)
        logging.getLogger("torch._dynamo.convert_frame").addHandler(_Limits(logging.WARNING))


class _Limits(logging.Handler):
    """Hears that Dynamo reached a limit of recompilations and runs a frame eagerly from then on.

    Nothing else tells: the frame still counts as compiled.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Note the limit that *record* is about, if it is about one."""
        arguments = record.args if isinstance(record.args, tuple) else ()
        if "recompile_limit" in str(arguments[:1]) and isinstance(arguments[1], int):
            _GIVEN_UP.append(arguments[1])


def _count_recompile(arguments: Any = None) -> None:
    found = re.match(r"(?:\d+/)?(\d+)/(\d+)", str(getattr(arguments, "compile_id", "")))
    if found is not None and int(found[2]) > 0:
        _RECOMPILED[0] += 1


def _compiled_graphs() -> int:
    module = sys.modules.get("torch._dynamo.utils")
    return int(module.counters["stats"]["unique_graphs"]) if module else 0
