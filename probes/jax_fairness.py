"""What a compiled JAX step tells about itself: constants it holds, and caches it was taken from.

Knows jaxprs and JAX's own event names; decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

# https://docs.jax.dev/en/latest/persistent_compilation_cache.html
_CACHE_HIT = "/jax/compilation_cache/cache_hits"
_HITS = [0]
_LISTENING: list[bool] = []


def listen(jax: Any) -> None:
    """Count hits of the persistent compilation cache from now on."""
    if not _LISTENING:
        _LISTENING.append(True)
        jax.monitoring.register_event_listener(_count_hit)


def cache_hits() -> int:
    """How many compilations of this process were taken from a persistent cache."""
    return _HITS[0]


def _count_hit(event: str, **_: Any) -> None:
    if event == _CACHE_HIT:
        _HITS[0] += 1


def constant_bytes(jax: Any, step: Callable[..., Any], *arguments: Any) -> int:
    """Bytes of the arrays that *step* closes over instead of taking them as arguments.

    XLA may fold what depends on them only, so that work is left out of every timed call. To be
    asked after the first calls: tracing warms caches that a first call would pay for.
    """
    found: dict[int, int] = {}
    _collect(jax.make_jaxpr(step)(*arguments), found)
    return sum(found.values())


def product_types(jaxpr: Any) -> list[str]:
    """The floating types that *jaxpr* multiplies matrices in, products inside of it included."""
    types: set[str] = set()
    for equation in _equations(jaxpr):
        if equation.primitive.name in ("dot_general", "conv_general_dilated"):
            types.update(str(v.aval.dtype) for v in equation.invars[:2])
    return sorted(name for name in types if "float" in name or "complex" in name)


def _equations(jaxpr: Any) -> Iterator[Any]:
    inner = getattr(jaxpr, "jaxpr", jaxpr)
    for equation in getattr(inner, "eqns", ()):
        yield equation
        for value in equation.params.values():
            for part in value if isinstance(value, (tuple, list)) else (value,):
                if hasattr(part, "eqns") or hasattr(part, "jaxpr"):
                    yield from _equations(part)


def _collect(jaxpr: Any, found: dict[int, int]) -> None:
    for constant in getattr(jaxpr, "consts", ()):
        found[id(constant)] = int(getattr(constant, "nbytes", 0))
    inner = getattr(jaxpr, "jaxpr", jaxpr)
    for equation in getattr(inner, "eqns", ()):
        for value in equation.params.values():
            for part in value if isinstance(value, (tuple, list)) else (value,):
                if hasattr(part, "eqns") or hasattr(part, "consts"):
                    _collect(part, found)
