"""The small classifier in JAX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, JaxParts, Size

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def build(arrays: Arrays, size: Size, runtime: JaxRuntime) -> JaxParts:
    """Parts over the batch (batch, width)."""
    import jax

    del size

    def classify(x: Any, inputs: Any) -> tuple[Any, Any]:
        first, w1, w2 = inputs
        probabilities = jax.nn.softmax(jax.nn.relu(x @ w1) @ w2)
        return first + 0.1 * probabilities[:, :1], (probabilities,)

    first = runtime.array(arrays["x"])
    return JaxParts(
        step=classify,
        state=first,
        inputs=(first, runtime.array(arrays["w1"]), runtime.array(arrays["w2"])),
        # Nothing may run before the first call that is timed.
        forward=None,
    )
