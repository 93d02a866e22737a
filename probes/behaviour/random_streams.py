"""Random numbers inside ``vmap``: one stream per element, and the same again from the same seed."""

from __future__ import annotations

from typing import Any

from probes.behaviour.seeing import error_of

LANES = 4


def torch_findings() -> dict[str, Any]:
    """``torch.func.vmap``, which has to be told whether elements differ."""
    import torch

    def noisy(x: Any) -> Any:
        return x + torch.rand(())

    def lanes(randomness: str | None) -> list[float]:
        torch.manual_seed(0)
        options = {} if randomness is None else {"randomness": randomness}
        return [float(v) for v in torch.func.vmap(noisy, **options)(torch.zeros(LANES))]

    error = error_of(lambda: lanes(None))
    return {
        "by_default_refused": error != "",
        "distinct": len(set(lanes("different"))),
        "repeats": lanes("different") == lanes("different"),
        "global_state": _moves(lambda: float(torch.rand(()))),
    }


def jax_findings() -> dict[str, Any]:
    """``jax.vmap`` over keys that are split from one."""
    import jax

    def lanes() -> list[float]:
        keys = jax.random.split(jax.random.key(0), LANES)
        return [float(v) for v in jax.vmap(jax.random.uniform)(keys)]

    return {
        "by_default_refused": False,
        "distinct": len(set(lanes())),
        "repeats": lanes() == lanes(),
        "global_state": _moves(lambda: float(jax.random.uniform(jax.random.key(0)))),
    }


def _moves(draw: Any) -> bool:
    """Whether drawing twice with the same arguments gives two numbers: a hidden state moved."""
    return bool(draw() != draw())
