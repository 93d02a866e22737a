"""Prints, as JSON, our FLOP count over PyTorch's own for the families that are named."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, str(Path(__file__).parents[2]))

from probes.models import catalogue
from probes.torch_runtime import TorchRuntime
from tests.probes.model_parity import sizes_of


def ratios(name: str) -> dict[str, float]:
    """Ours over theirs for one eager step at every tiny size."""
    model = catalogue.load(name)
    runtime = TorchRuntime("cpu", 1, "matched", "float32")
    shares = {}
    for size in sizes_of(model):
        if "depthwise" in size.values():
            continue  # The counter takes the weight's gradient for one of an ungrouped convolution.
        arrays = model.inputs(np.random.default_rng(0), size)
        # Not the library's recurrent layers: the counter does not see into them.
        eager = [v.id for v in model.variants("pytorch", size) if v.mode == "pytorch.eager"]
        variant = "eager_own" if "eager_own" in eager else eager[0]
        module = catalogue.framework_module(name, "torch_")
        parts = module.build(arrays, size, runtime, variant)
        step = parts.make_step(lambda function: function)
        step()
        with FlopCounterMode(display=False) as counter:
            step()
        words = " ".join(str(v) for v in size.values() if isinstance(v, (str, bool)))
        shares[f"{name} {words}"] = model.flops(size) / counter.get_total_flops()
    return shares


print(json.dumps({k: v for name in sys.argv[1:] for k, v in ratios(name).items()}))
