"""Export in JAX: ``jax.export`` with a symbolic batch, serialised and read back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, JaxParts, Size
from probes.workloads.export.inputs import error_text
from probes.workloads.jax_training import parameters_of
from probes.workloads.transformer_train.jax_ import apply

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def build(arrays: Arrays, size: Size, runtime: JaxRuntime) -> JaxParts:
    """Parts over ``tokens`` (batch, length)."""
    import jax
    from jax import export as jax_export

    parameters = parameters_of(arrays, runtime, ("tokens",))
    first = runtime.array(arrays["tokens"])

    def model(p: Any, tokens: Any) -> Any:
        return apply(p, tokens, size["blocks"])

    def exported_with(batch: Any) -> Any:
        shape = jax.ShapeDtypeStruct((batch, size["length"]), first.dtype)
        specs = jax.tree.map(lambda p: jax.ShapeDtypeStruct(p.shape, p.dtype), parameters)
        return jax_export.export(jax.jit(model))(specs, shape)

    def export() -> tuple[Any, dict[str, Any]]:
        try:
            (batch,) = jax_export.symbolic_shape("batch")
            program = exported_with(batch)
        except Exception as error:
            notes = {"exported": True, "symbolic_batch": False, "error": error_text(error)}
            return exported_with(size["batch"]), notes
        return program, {"exported": True, "symbolic_batch": True}

    def read_back() -> tuple[Any, dict[str, Any]]:
        try:
            program, notes = export()
        except Exception as error:
            return model, {"exported": False, "symbolic_batch": False, "error": error_text(error)}
        try:
            artifact = program.serialize()
            program = jax_export.deserialize(artifact)
            notes.update(serialised=True, artifact_bytes=len(artifact))
        except Exception as error:
            notes.update(serialised=False, error=error_text(error))
        return program.call, notes

    start = time.perf_counter()
    loaded, notes = read_back()
    notes["export_s"] = time.perf_counter() - start

    def step(tokens: Any, p: Any) -> tuple[Any, Any]:
        logits = loaded(p, tokens)
        return logits.argmax(-1).astype(tokens.dtype), (logits,)

    return JaxParts(
        step=step,
        state=first,
        inputs=parameters,
        forward=lambda tokens, p: loaded(p, tokens),
        variant="jax.export",
        notes=notes,
    )
