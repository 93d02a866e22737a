"""A step recorded by hand: nothing has advanced when it is recorded, and it steps as if eager."""

from __future__ import annotations

import contextlib
import types

import numpy as np
import pytest

from probes.devices import DeviceMissingError
from probes.models import catalogue
from probes.models.torch_graph import recorded_step
from probes.workload import TorchParts

pytestmark = pytest.mark.frameworks

FAMILIES = ("mlp", "decoder", "resnet", "recurrent", "unet", "recommender", "graph")


@pytest.fixture
def as_if_cuda(monkeypatch):
    """The part of torch.cuda that records, over a CPU: what is recorded runs once, at once."""
    import torch

    calls: list[str] = []

    class Graph:
        def replay(self):
            calls.append("replay")

    @contextlib.contextmanager
    def recording(graph):
        calls.append("recording")
        yield

    stream = types.SimpleNamespace(wait_stream=lambda other: None)
    monkeypatch.setattr(torch.cuda, "Stream", lambda: stream)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: stream)
    monkeypatch.setattr(torch.cuda, "device", lambda device: contextlib.nullcontext())
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: contextlib.nullcontext())
    monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
    monkeypatch.setattr(torch.cuda, "graph", recording)
    return calls


@pytest.mark.parametrize(
    ("name", "options"),
    [
        # A loop over parameters refuses to be capturable on a CPU.
        ("Adam", {"lr": 0.1, "fused": True}),
        ("SGD", {"lr": 0.1, "momentum": 0.9}),
        ("Adagrad", {"lr": 0.1, "initial_accumulator_value": 0.5}),
    ],
)
def test_warming_leaves_the_first_step_to_be_taken(as_if_cuda, name, options):
    """What is recorded begins where an eager step begins: weights, running means, moments."""
    import torch

    def made():
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
        return model, getattr(torch.optim, name)(model.parameters(), **options)

    def step_of(model, optimizer):
        def step(x):
            optimizer.zero_grad(set_to_none=True)
            loss = (model(x) * torch.arange(4.0)).square().mean()
            loss.backward()
            optimizer.step()
            return loss

        return step

    batches = [(torch.randn(5, 3),), (torch.randn(5, 3),)]
    model, optimizer = made()
    plain, plain_optimizer = made()
    changed = (*model.parameters(), *model.buffers())
    call = recorded_step(step_of(model, optimizer), batches, changed, [optimizer])
    recorded_loss = call()
    eager_loss = step_of(plain, plain_optimizer)(*batches[0])
    assert as_if_cuda == ["recording", "replay"]
    assert torch.equal(recorded_loss, eager_loss)
    for mine, theirs in zip(changed, (*plain.parameters(), *plain.buffers()), strict=True):
        assert torch.equal(mine, theirs)
    if "capturable" in optimizer.param_groups[0]:
        assert optimizer.param_groups[0]["capturable"]


def test_each_replay_reads_the_next_batch(as_if_cuda):
    import torch

    seen = []
    batches = [(torch.full((2,), float(n)),) for n in range(3)]

    def step(x):
        seen.append(x)
        return x

    call = recorded_step(step, batches, [], [])
    losses = [call()[0].item() for _ in range(5)]
    assert losses == [0, 1, 2, 0, 1]
    assert len({id(x) for x in seen}) == 1
    assert as_if_cuda.count("recording") == 1


@pytest.mark.parametrize("mode", ["pytorch.eager_cuda_graph", "pytorch.compile_cuda_graph"])
def test_nothing_is_recorded_on_a_cpu(mode):
    from probes.torch_runtime import TorchRuntime

    parts = TorchParts(make_step=lambda wrap: lambda: None, forward=None)
    with pytest.raises(DeviceMissingError, match="CUDA graphs"):
        TorchRuntime("cpu", 1, "matched", "float32").program(parts, mode)


@pytest.mark.parametrize("family", FAMILIES)
def test_on_a_gpu_it_learns_what_the_eager_step_learns(family):
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    from probes.torch_runtime import TorchRuntime

    runtime = TorchRuntime("cuda", None, "matched", "float32")
    model = catalogue.load(family)
    size = model.tiny_of({})
    arrays = model.inputs(np.random.default_rng(0), size)
    for variant in (v for v in model.variants("pytorch", size) if v.records):
        curves = []
        for mode in (variant.mode, f"{variant.mode}_cuda_graph"):
            parts = catalogue.build(family, arrays, size, runtime, mode=mode, variant=variant.id)
            program = runtime.program(parts, mode)
            curves.append([float(program.call()) for _ in range(12)])
        assert np.allclose(*curves, rtol=1e-3), (family, variant.id, curves)
        assert len(set(curves[1])) > 6
