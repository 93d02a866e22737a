"""Outputs, losses and gradients of a user's module, named alike on both sides.

Whoever calls hands PyTorch in. Knows how a module's results are taken apart.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probes.own import module as own_module
from probes.own.leaves import meta, norms, sample
from probes.own.module import OwnModule
from probes.own.results import flattened


def leaves_of(torch: Any, outputs: Any) -> dict[str, Any]:
    """The floating tensors of what a module returned, by name."""
    named = {
        ".".join(path) or "output": value
        for path, value in flattened(outputs)
        if isinstance(value, torch.Tensor) and value.is_floating_point()
    }
    if not named:
        raise TypeError("the module returns no floating tensor")
    return named


def default_loss(torch: Any, own: OwnModule) -> Callable[[Any], Any]:
    """The loss that outputs carry themselves, or their mean square distance to fixed numbers."""
    with torch.no_grad():
        kept = {n: b.detach().clone() for n, b in own.module.named_buffers()}
        outputs = own.module(*own.arguments, **own.named)
        for name, buffer in own.module.named_buffers():
            buffer.copy_(kept[name])
    if getattr(outputs, "loss", None) is not None:
        return lambda given: given.loss
    targets = {
        name: torch.from_numpy(own_module.target(tuple(value.shape))).to(value.device)
        for name, value in leaves_of(torch, outputs).items()
    }

    def loss(given: Any) -> Any:
        found = leaves_of(torch, given)
        return sum(((found[n].float() - t) ** 2).mean() for n, t in targets.items())

    return loss


def firsts(
    outputs: Mapping[str, NDArray[Any]], slopes: Mapping[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """Outputs and all gradients in one leaf: what rounds to zero is small beside the others."""
    whole = np.concatenate([slopes[n].ravel() for n in sorted(slopes)])
    return {**{f"first {n}": a for n, a in outputs.items()}, "gradients": whole}


def with_firsts(
    shown: dict[str, NDArray[Any]], first: Mapping[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """*shown* with the leaves of *first* among its results."""
    if not first:
        return shown
    facts = json.loads(str(shown["meta"]))
    out = dict(facts["out"])
    for name, array in first.items():
        out[name] = [str(array.dtype), list(array.shape)]
        shown[f"first.out/{name}"] = sample(array)[None]
        shown[f"first.out+/{name}"] = norms(array)[None]
    return {**shown, "meta": meta(**{**facts, "out": out})}
