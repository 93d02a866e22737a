"""The transition in PyTorch: chains as a batch, a Python loop over leapfrog steps.

What is compiled takes its gradient with ``torch.func``, which becomes part of the graph.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from probes.model import Size
from probes.models.sampler.inputs import step_size
from probes.models.torch_step import Wrap, batches_of
from probes.workload import Arrays, TorchParts

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


class Sampler:
    """Transitions over places, log densities and their gradients, a batch of chains each."""

    def __init__(self, data: Any, size: Size, *, functional: bool) -> None:
        self.data = data
        self.h = step_size(size)
        self.leapfrogs = size["leapfrogs"]
        self.slope = self.slope_functional if functional else self.slope_by_graph

    def density(self, places: Any) -> Any:
        """Log density (chains,) at *places* (chains, dimensions), but for a constant."""
        import torch.nn.functional as F

        prior = -0.5 * places.square().sum(-1)
        return prior + F.logsigmoid(places @ self.data.T).sum(-1)

    def slope_by_graph(self, places: Any) -> tuple[Any, Any]:
        """Log densities at *places* and their gradients; chains do not mix."""
        import torch

        places = places.detach().requires_grad_()
        log_density = self.density(places)
        (slope,) = torch.autograd.grad(log_density.sum(), places)
        return log_density.detach(), slope

    def slope_functional(self, places: Any) -> tuple[Any, Any]:
        """The same, as a function that can be compiled with what is around it."""
        from torch.func import grad_and_value

        def total(places: Any) -> tuple[Any, Any]:
            log_density = self.density(places)
            return log_density.sum(), log_density

        slope, (_, log_density) = grad_and_value(total, has_aux=True)(places)
        return log_density, slope

    def leapfrog(self, places: Any, momenta: Any, slope: Any) -> tuple[Any, ...]:
        """One step: places, momenta, log densities and gradients after it."""
        momenta = momenta + 0.5 * self.h * slope
        places = places + self.h * momenta
        log_density, slope = self.slope(places)
        return places, momenta + 0.5 * self.h * slope, log_density, slope

    def transition(self, state: Any, momenta: Any, limits: Any, leapfrog: Any) -> Any:
        """New places, log densities and gradients after one transition."""
        import torch

        places, density, slope = state
        moving, after = momenta, density
        for _ in range(self.leapfrogs):
            places, moving, after, slope = leapfrog(places, moving, slope)
        gained = after - density - 0.5 * (moving.square() - momenta.square()).sum(-1)
        taken = limits < gained
        new = (places, after, slope)
        return tuple(
            torch.where(taken if old.ndim == 1 else taken[:, None], now, old)
            for now, old in zip(new, state, strict=True)
        )


def build(arrays: Arrays, size: Size, runtime: TorchRuntime, variant: str) -> TorchParts:
    """Parts over the states of the chains, fed with draws."""
    import torch

    data, start = runtime.tensor(arrays["data"]), runtime.tensor(arrays["start"])
    sampler = Sampler(data, size, functional=variant != "eager")
    batches = batches_of(arrays, runtime, ("momenta", "limits"))

    def whole(state: Any, momenta: Any, limits: Any) -> Any:
        return sampler.transition(state, momenta, limits, sampler.leapfrog)

    def by_step(wrap: Wrap) -> Callable[..., Any]:
        leapfrog = wrap(sampler.leapfrog)
        return lambda state, momenta, limits: sampler.transition(state, momenta, limits, leapfrog)

    def make_step(wrap: Wrap) -> Callable[[], Any]:
        advance = wrap(whole) if variant == "compile_loop" else by_step(wrap)
        turn = itertools.cycle(batches)
        state = (start, *sampler.slope(start))

        def step() -> Any:
            nonlocal state
            state = advance(state, *next(turn))
            return state[1], state

        return step

    def forward() -> Any:
        log_density, slope = sampler.slope(start)
        return torch.cat((log_density[:, None], slope), dim=1)

    how = "torch.autograd.grad" if variant == "eager" else "torch.func.grad_and_value"
    return TorchParts(make_step=make_step, forward=forward, variant=f"{variant}, {how}")
