"""The recurrent model in JAX: a cell in ``lax.scan``; the input's part is one product before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.model import Size
from probes.models.jax_layers import dense
from probes.models.jax_step import batches_of, parameters_of, train_parts
from probes.models.recurrent.inputs import CLIP, EPSILON, LEARNING_RATE, UNROLLED
from probes.workload import Arrays, JaxParts

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def lstm_cell(state: Any, projected: Any, own: Any) -> Any:
    """One step of an LSTM over (hidden, memory); *projected* is the input's part of the gates."""
    import jax
    import jax.numpy as jnp

    hidden, memory = state
    gates = projected + hidden @ own["weight_hh"].T + own["bias_hh"]
    i, f, g, o = jnp.split(gates, 4, axis=-1)
    memory = jax.nn.sigmoid(f) * memory + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(memory), memory


def gru_cell(state: Any, projected: Any, own: Any) -> Any:
    """One step of a GRU over (hidden,)."""
    import jax
    import jax.numpy as jnp

    (hidden,) = state
    reset, update, new = jnp.split(projected, 3, axis=-1)
    gates = hidden @ own["weight_hh"].T + own["bias_hh"]
    own_reset, own_update, own_new = jnp.split(gates, 3, axis=-1)
    new = jnp.tanh(new + jax.nn.sigmoid(reset + own_reset) * own_new)
    update = jax.nn.sigmoid(update + own_update)
    return (new + update * (hidden - new),)


def own_cell(state: Any, projected: Any, own: Any) -> Any:
    """One step of the normalised gated unit over (hidden,)."""
    import jax
    import jax.numpy as jnp

    (hidden,) = state
    gates = projected + hidden @ own["weight_hh"].T
    gates = jax.nn.standardize(gates, axis=-1, epsilon=EPSILON)
    reset, new, update = jnp.split(gates * own["norm_weight"] + own["norm_bias"], 3, axis=-1)
    new = jnp.tanh(jax.nn.sigmoid(reset) * new)
    update = jax.nn.sigmoid(update - 1)
    return (hidden + update * (new - hidden),)


CELLS: dict[str, Any] = {"lstm": lstm_cell, "gru": gru_cell, "own": own_cell}


def apply(p: Any, tokens: Any, size: Size, unroll: int) -> Any:
    """(length, batch) tokens to (length, batch, vocabulary) logits."""
    import jax
    import jax.numpy as jnp

    cell = CELLS[size["cell"]]
    zeros = jnp.zeros((tokens.shape[1], size["width"]), jnp.float32)
    x = p["token.weight"][tokens]
    for layer in range(size["layers"]):
        end = f"_l{layer}"
        own = {
            name.removeprefix("cells.").removesuffix(end): value
            for name, value in p.items()
            if name.startswith("cells.") and name.endswith(end)
        }
        projected = x @ own["weight_ih"].T
        if "bias_ih" in own:
            projected = projected + own["bias_ih"]

        def step(state: Any, projected: Any, own: Any = own) -> tuple[Any, Any]:
            state = cell(state, projected, own)
            return state, state[0]

        first = (zeros,) * (2 if size["cell"] == "lstm" else 1)
        _, x = jax.lax.scan(step, first, projected, unroll=unroll)
    return dense(p, "head", x)


def build(arrays: Arrays, size: Size, runtime: JaxRuntime, variant: str) -> JaxParts:
    """Parts of the training step over the batches of ``tokens``."""
    import optax

    unroll = UNROLLED if variant == "jit_unroll" else 1

    def forward(p: Any, batch: Any) -> Any:
        return apply(p, batch[0][:-1], size, unroll)

    def loss(p: Any, batch: Any) -> Any:
        targets = batch[0][1:]
        return optax.softmax_cross_entropy_with_integer_labels(forward(p, batch), targets).mean()

    return train_parts(
        parameters_of(arrays, runtime, ("tokens",)),
        batches_of(arrays, runtime, ("tokens",)),
        loss=loss,
        forward=forward,
        optimizer=optax.chain(optax.clip_by_global_norm(CLIP), optax.adam(LEARNING_RATE)),
        variant=f"{variant}, optax.adam, lax.scan with unroll={unroll}",
    )
