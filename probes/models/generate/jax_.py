"""Generation in JAX: the cache is state, updated by slices and donated."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from probes.model import Size
from probes.models.decoder.jax_ import heads_of, mlp, norm, turns_of
from probes.models.jax_layers import dense
from probes.models.jax_step import batches_of, parameters_of
from probes.workload import Arrays, JaxParts

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def taken_in(p: Any, tokens: Any, place: Any, caches: Any, size: Size) -> tuple[Any, Any]:
    """Take in (batch, n) tokens from *place* on; the logits after them, and the caches.

    Attention reaches over the whole cache behind a mask; of a prompt, over the prompt alone.
    """
    import jax
    import jax.numpy as jnp

    n = tokens.shape[1]
    places = place + jnp.arange(n)
    x, turns = p["token.weight"][tokens], None
    if size["positions"] == "rotary":
        turns = turns_of(places, size["width"] // size["heads"])
    else:
        x = x + p["position.weight"][places]
    updated = []
    for layer, cache in enumerate(caches):
        block = f"blocks.{layer}"
        q, k, v = heads_of(p, block, x, size, turns)
        keys, values = (
            jax.lax.dynamic_update_slice_in_dim(old, new, place, axis=1)
            for old, new in zip(cache, (k, v), strict=True)
        )
        updated.append((keys, values))
        if n > 1:
            mixed = jax.nn.dot_product_attention(q, k, v, is_causal=True)
        else:
            mask = (jnp.arange(size["length"]) <= place)[None, None, None]
            mixed = jax.nn.dot_product_attention(q, keys, values, mask=mask)
        x = x + dense(p, f"{block}.project", mixed.reshape(x.shape))
        x = x + mlp(p, block, x, size)
    return norm(p, "norm", x[:, -1], size) @ p["token.weight"].T, updated


def build(arrays: Arrays, size: Size, runtime: JaxRuntime, variant: str) -> JaxParts:
    """Parts over the last tokens and the caches, fed with batches of ``prompts``."""
    import jax
    import jax.numpy as jnp

    start, end = size["prompt"], size["prompt"] + size["new_tokens"] - 1

    def take_prompt(state: Any, inputs: Any) -> tuple[Any, Any]:
        last, caches = state
        p, prompt = inputs
        return taken_in(p, jnp.concatenate((last[:, None], prompt[:, 1:]), 1), 0, caches, size)

    def take_token(state: Any, inputs: Any) -> tuple[Any, Any]:
        logits, caches = state
        p, place = inputs
        token = logits.argmax(-1).astype(jnp.int32)
        return taken_in(p, token[:, None], place, caches, size), token

    def whole(state: Any, inputs: Any) -> tuple[Any, Any]:
        p, _ = inputs
        (logits, caches), picked = jax.lax.scan(
            lambda state, place: take_token(state, (p, place)),
            take_prompt(state, inputs),
            jnp.arange(start, end),
        )
        last = logits.argmax(-1).astype(jnp.int32)
        return (last, caches), (logits, jnp.concatenate((picked, last[None])))

    def token_by_token(wrap: Callable[..., Any]) -> Callable[[Any, Any], Any]:
        first, more = wrap(take_prompt), wrap(take_token)
        turns = itertools.count()
        places = [np.int32(place) for place in range(start, end)]

        def step(state: Any, inputs: Any) -> tuple[Any, Any]:
            p, prompts = inputs
            state = first(state, (p, prompts[next(turns) % len(prompts)]))
            picked = []
            for place in places:
                state, token = more(state, (p, place))
                picked.append(token)
            logits, caches = state
            last = logits.argmax(-1).astype(jnp.int32)
            return (last, caches), (logits, (*picked, last))

        return step

    prompts = [prompt for (prompt,) in batches_of(arrays, runtime, ("prompts",))]
    features = size["width"] // size["heads"]
    shape = (size["batch"], size["length"], size["heads"], features)
    caches = [(jnp.zeros(shape), jnp.zeros(shape)) for _ in range(size["layers"])]
    return JaxParts(
        step=lambda state, inputs: whole(state, (inputs[0], inputs[1][0])),
        make_step=token_by_token if variant == "jit_token" else _fed(whole),
        state=(prompts[0][:, 0], caches),
        inputs=(parameters_of(arrays, runtime, ("prompts",)), prompts),
        forward=lambda state, inputs: whole(state, (inputs[0], inputs[1][0]))[1][0],
        variant=f"{variant}, the whole cache masked",
    )


def _fed(whole: Callable[..., Any]) -> Callable[..., Any]:
    """``make_step`` of *whole*, which is given one batch of prompts after the other."""

    def make_step(wrap: Callable[..., Any]) -> Callable[[Any, Any], Any]:
        advance = wrap(whole)
        turns = itertools.count()

        def step(state: Any, inputs: Any) -> Any:
            p, prompts = inputs
            return advance(state, (p, prompts[next(turns) % len(prompts)]))

        return step

    return make_step
