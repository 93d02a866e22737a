"""What a PyTorch program tells about compiling: its own counts, and whether CUDA graphs ran."""

from __future__ import annotations

import sys
import types
from functools import partial

import pytest

from probes.devices import DeviceMissingError
from probes.workload import TorchParts

pytestmark = pytest.mark.frameworks


@pytest.fixture
def runtime(monkeypatch):
    """PyTorch on the CPU; what Dynamo captures is run as it is, which takes no C++ compiler."""
    import torch

    from probes.torch_runtime import TorchRuntime

    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    made = TorchRuntime("cpu", torch.get_num_threads(), "matched", "float32")
    made.forget()
    yield made
    made.forget()


def growing(torch, lengths):
    """A step whose input has another length at every call."""
    left = iter(lengths)

    def make_step(wrap):
        function = wrap(lambda x: torch.tanh(x) * 2)
        return lambda: function(torch.ones(next(left)))

    return TorchParts(make_step=make_step, forward=None)


def test_recompilations_of_a_program_are_counted_and_not_those_of_another(runtime):
    eager = runtime.program(growing(runtime.torch, [3, 4, 5]), "pytorch.eager")
    program = runtime.program(growing(runtime.torch, [3, 4, 5]), "pytorch.compile")
    assert program.fell_back()
    for _ in range(3):
        program.call()
        eager.call()
    found = program.counters()
    assert found["graphs"] == 2  # a static one, then one with a symbolic length
    assert found["recompiles"] == 1
    assert found["graph_breaks"] == 0
    assert not program.fell_back()
    assert {k: v for k, v in eager.counters().items() if k != "threads"} == {
        "graphs": 0,
        "graph_breaks": 0,
        "recompiles": 0,
        "cache_hits": 0,
    }
    assert not eager.fell_back()


def test_what_a_later_program_takes_from_a_cache_is_not_told_of_an_earlier_one(
    runtime, monkeypatch
):
    """Both are built in one process, and the counts of the first are asked again at the end."""
    hits = [0]
    monkeypatch.setattr("probes.torch_runtime._cache_hits", lambda: hits[0])
    first = runtime.program(growing(runtime.torch, [3]), "pytorch.compile")
    first.call()
    cold = first.counters()
    second = runtime.program(growing(runtime.torch, [3]), "pytorch.compile")
    second.call()
    hits[0] = 2
    assert second.counters()["cache_hits"] == 2
    assert first.counters() == cold
    assert cold["cache_hits"] == 0


def test_a_second_program_does_not_pass_on_the_graphs_of_the_first(runtime):
    first = runtime.program(growing(runtime.torch, [3]), "pytorch.compile")
    first.call()

    def make_step(wrap):
        wrap(lambda: None)
        return lambda: None

    second = runtime.program(TorchParts(make_step=make_step, forward=None), "pytorch.compile")
    second.call()
    assert not first.fell_back()
    assert second.fell_back()


def test_there_are_no_cuda_graphs_on_a_cpu(runtime):
    parts = growing(runtime.torch, [3])
    with pytest.raises(DeviceMissingError, match="CUDA graphs"):
        runtime.program(parts, "pytorch.compile_reduce_overhead")


def test_every_replayed_step_is_marked_as_a_new_one(runtime, monkeypatch):
    """The torch of a machine with CUDA, at its boundary: what is asked of it, in which order."""
    asked: list[str] = []

    def compiled(function, mode):
        asked.append(mode)

        def call(*arguments):
            asked.append("call")
            counters["stats"]["unique_graphs"] = 1
            return function(*arguments)

        return call

    counters = {
        "stats": {"unique_graphs": 0},
        "graph_break": {},
        "inductor": {"cudagraph_skips": 0, "fxgraph_cache_hit": 0},
        "aot_autograd": {"autograd_cache_hit": 0},
    }
    monkeypatch.setitem(
        sys.modules, "torch._dynamo.utils", types.SimpleNamespace(counters=counters)
    )
    compiler = types.SimpleNamespace(cudagraph_mark_step_begin=lambda: asked.append("mark"))
    real = runtime.torch
    runtime.torch = types.SimpleNamespace(compile=compiled, compiler=compiler)
    runtime.device = types.SimpleNamespace(type="cuda")
    program = runtime.program(growing(real, [3, 3]), "pytorch.compile_reduce_overhead")
    program.call()
    program.call()
    runtime.torch = real
    assert asked == ["reduce-overhead", "mark", "call", "mark", "call"]
    assert not program.fell_back()
    assert program.counters()["cudagraph_skips"] == 0
    counters["inductor"]["cudagraph_skips"] = 1
    assert program.fell_back()
    assert program.counters()["cudagraph_skips"] == 1
    runtime.device = real.device("cpu")
