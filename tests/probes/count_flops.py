"""Prints, as JSON, our FLOP count over PyTorch's own for the workloads that are named."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, str(Path(__file__).parents[2]))

from probes import catalogue
from probes.torch_runtime import TorchRuntime


def ratio(name: str) -> float:
    """Ours over theirs, for one step at the small size.

    Of the variant with a written cell where there is one: the counter does not see into the
    library's LSTM.
    """
    workload = catalogue.load(name)
    size = workload.sizes.get("small_written", workload.sizes["small"])
    runtime = TorchRuntime("cpu", 1, "matched", "float32")
    module = catalogue.framework_module(name, "torch_")
    step = module.build(workload.make_inputs(0, size), size, runtime).make_step(lambda f: f)
    step()
    with FlopCounterMode(display=False) as counter:
        step()
    return workload.flops(size) / counter.get_total_flops()


torch.manual_seed(0)
print(json.dumps({name: ratio(name) for name in sys.argv[1:]}))
