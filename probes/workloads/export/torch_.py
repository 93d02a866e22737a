"""Export in PyTorch: ``torch.export`` with a dynamic batch, saved and loaded in memory."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, Size, TorchParts
from probes.workloads.export.inputs import error_text
from probes.workloads.torch_training import adopt
from probes.workloads.transformer_train.torch_ import make_model

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def build(arrays: Arrays, size: Size, runtime: TorchRuntime) -> TorchParts:
    """Parts over ``tokens`` (batch, length); the example that is exported has another batch."""
    import torch

    model = adopt(make_model(size), arrays, runtime).eval()
    first = runtime.tensor(arrays["tokens"])
    example = torch.cat([first, first, first])

    def export() -> tuple[Any, dict[str, Any]]:
        batch = torch.export.Dim("batch", min=1, max=1024)
        try:
            dynamic = {"tokens": {0: batch}}
            program = torch.export.export(model, (example,), dynamic_shapes=dynamic)
        except Exception as error:
            notes = {"exported": True, "symbolic_batch": False, "error": error_text(error)}
            return torch.export.export(model, (first,)), notes
        return program, {"exported": True, "symbolic_batch": True}

    def read_back() -> tuple[Any, dict[str, Any]]:
        try:
            program, notes = export()
        except Exception as error:
            return model, {"exported": False, "symbolic_batch": False, "error": error_text(error)}
        try:
            file = io.BytesIO()
            torch.export.save(program, file)
            file.seek(0)
            program = torch.export.load(file)
            notes.update(serialised=True, artifact_bytes=len(file.getvalue()))
        except Exception as error:
            notes.update(serialised=False, error=error_text(error))
        return program.module(), notes

    start = time.perf_counter()
    loaded, notes = read_back()
    notes["export_s"] = time.perf_counter() - start

    def make_step(wrap: Callable[..., Any]) -> Callable[[], Any]:
        run = wrap(loaded)
        tokens = first

        def step() -> Any:
            nonlocal tokens
            with torch.no_grad():
                logits = run(tokens)
                tokens = logits.argmax(-1)
            return logits

        return step

    return TorchParts(
        make_step=make_step, forward=lambda: loaded(first), variant="torch.export", notes=notes
    )
