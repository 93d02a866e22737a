# mypy: disallow-subclassing-any=False
"""The update in PyTorch: batched environments, Python loops over steps and minibatches."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from probes.model import Size
from probes.models.gradients import by_kind
from probes.models.ppo.inputs import (
    ACTIONS,
    ADAM_EPSILON,
    CART_MASS,
    CLIP,
    DISCOUNT,
    ENTROPY_WEIGHT,
    FARTHEST,
    FORCE,
    GRAVITY,
    HALF_LENGTH,
    LEARNING_RATE,
    LONGEST,
    OBSERVED,
    POLE_MASS,
    RATIO_CLIP,
    SMOOTHING,
    STEEPEST,
    TIME_STEP_S,
    VALUE_WEIGHT,
)
from probes.models.torch_step import Wrap, adopt, batches_of
from probes.workload import Arrays, TorchParts
from probes.workloads.torch_training import shared

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def make_policy(size: Size) -> Any:
    """Actor and critic: states (n, 4) to logits (n, 2) and values (n,)."""
    import torch
    from torch import nn

    def network(outputs: int) -> Any:
        widths = (OBSERVED, size["width"], size["width"], outputs)
        return nn.ModuleList(nn.Linear(*pair) for pair in itertools.pairwise(widths))

    def through(layers: Any, x: Any) -> Any:
        first, second, last = layers
        return last(torch.tanh(second(torch.tanh(first(x)))))

    class Policy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.actor, self.critic = network(ACTIONS), network(1)

        def value(self, states: Any) -> Any:
            return through(self.critic, states)[:, 0]

        def forward(self, states: Any) -> tuple[Any, Any]:
            return through(self.actor, states), self.value(states)

    return Policy()


def moved(states: Any, actions: Any) -> Any:
    """States (n, 4) of cart-poles one time step after *actions* (n,)."""
    import torch

    _, speed, angle, turning = states.unbind(-1)
    force = torch.where(actions == 1, FORCE, -FORCE)
    sine, cosine = angle.sin(), angle.cos()
    total = CART_MASS + POLE_MASS
    pushed = (force + POLE_MASS * HALF_LENGTH * turning**2 * sine) / total
    falling = (GRAVITY * sine - cosine * pushed) / (
        HALF_LENGTH * (4.0 / 3.0 - POLE_MASS * cosine**2 / total)
    )
    driving = pushed - POLE_MASS * HALF_LENGTH * falling * cosine / total
    changes = torch.stack((speed, driving, turning, falling), dim=-1)
    return states + TIME_STEP_S * changes


class Learner:
    """The parts of an update; each can be compiled by itself."""

    def __init__(self, policy: Any) -> None:
        self.policy = policy

    def act(self, states: Any, ages: Any, noise: Any, resets: Any) -> tuple[Any, ...]:
        """One step: new states and ages; action, its log probability, value, whether it ended."""
        import torch
        import torch.nn.functional as F

        logits, values = self.policy(states)
        actions = (logits + noise).argmax(-1)
        chances = F.log_softmax(logits, dim=-1).gather(-1, actions[:, None])[:, 0]
        after, ages = moved(states, actions), ages + 1
        over = (after[:, 0].abs() > FARTHEST) | (after[:, 2].abs() > STEEPEST) | (ages >= LONGEST)
        after = torch.where(over[:, None], resets, after)
        return after, torch.where(over, 0, ages), actions, chances, values, over

    def advantages(self, values: Any, over: Any, last_value: Any) -> Any:
        """Generalised advantages (horizon, environments); every step's reward is one."""
        import torch

        backwards, following, value_after = [], torch.zeros_like(last_value), last_value
        for value, ended in zip(reversed(values), reversed(over), strict=True):
            goes_on = 1.0 - ended.to(value.dtype)
            surprise = 1.0 + DISCOUNT * goes_on * value_after - value
            following = surprise + DISCOUNT * SMOOTHING * goes_on * following
            backwards.append(following)
            value_after = value
        return torch.stack(backwards[::-1])

    def samples(self, now: Any, drawn: Any, act: Any) -> tuple[Any, Any]:
        """Act for the horizon; samples (steps * environments, ...) and the states after it.

        *now* are states and ages, *drawn* noise and resets, *act* is the method or compiled.
        """
        import torch

        kept: list[tuple[Any, ...]] = []
        for noise, resets in zip(*(draws.unbind(0) for draws in drawn), strict=True):
            states, ages, *rest = act(*now, noise, resets)
            kept.append((now[0], *rest))
            now = (states, ages)
        seen, actions, chances, values, over = zip(*kept, strict=True)
        advantages = self.advantages(values, over, self.policy.value(now[0]))
        values = torch.stack(values)
        acted = (torch.stack(seen), torch.stack(actions), torch.stack(chances))
        columns = (*acted, values, advantages, advantages + values)
        return tuple(column.flatten(0, 1) for column in columns), now

    def loss(self, samples: tuple[Any, ...], picked: Any) -> Any:
        """The objective of the samples that are *picked*, as a loss."""
        import torch
        import torch.nn.functional as F

        states, actions, chances, old_values, advantages, targets = (c[picked] for c in samples)
        logits, values = self.policy(states)
        all_chances = F.log_softmax(logits, dim=-1)
        ratio = (all_chances.gather(-1, actions[:, None])[:, 0] - chances).exp()
        spread = advantages.std(correction=0)
        advantages = (advantages - advantages.mean()) / (spread + 1e-8)
        clipped = ratio.clamp(1 - RATIO_CLIP, 1 + RATIO_CLIP)
        gain = torch.minimum(ratio * advantages, clipped * advantages).mean()
        near = old_values + (values - old_values).clamp(-RATIO_CLIP, RATIO_CLIP)
        missed = torch.maximum((values - targets) ** 2, (near - targets) ** 2).mean()
        entropy = -(all_chances.exp() * all_chances).sum(-1).mean()
        return 0.5 * VALUE_WEIGHT * missed - gain - ENTROPY_WEIGHT * entropy


class Update:
    """The update of one policy: what it starts from, its step, and what it shows."""

    def __init__(self, arrays: Arrays, size: Size, runtime: TorchRuntime, variant: str) -> None:
        self.size = size
        self.variant = variant
        self.policy = adopt(make_policy(size), arrays, runtime)
        self.learner = Learner(self.policy)
        self.first_states = runtime.tensor(arrays["states"])
        self.batches = batches_of(arrays, runtime, ("noise", "resets", "orders"))
        self.rule, self.rule_name = runtime.optimizer(
            "Adam",
            self.policy.parameters(),
            fused=variant != "compile_step",
            lr=LEARNING_RATE,
            eps=ADAM_EPSILON,
        )

    def start(self) -> tuple[Any, Any]:
        """States and ages to begin with."""
        import torch

        ages = torch.zeros(
            len(self.first_states), dtype=torch.int64, device=self.first_states.device
        )
        return self.first_states.clone(), ages

    def collect(self, now: Any, drawn: Any) -> Any:
        """Samples and states after them, nothing compiled inside."""
        return self.learner.samples(now, drawn, self.learner.act)

    def parts(self, orders: Any) -> Any:
        """The samples of every minibatch of all epochs."""
        return orders.unflatten(1, (self.size["minibatches"], -1)).flatten(0, 1).unbind(0)

    def improve(self) -> None:
        """Apply the gradients that there are."""
        import torch

        torch.nn.utils.clip_grad_norm_(self.policy.parameters(), CLIP)
        self.rule.step()

    def make_step(self, wrap: Wrap) -> Callable[[], Any]:
        """One update, from the states that the last one left."""
        import torch

        learner = self.learner
        loss_of = wrap(learner.loss)
        improve = wrap(self.improve) if self.variant == "compile_step" else self.improve
        if self.variant == "compile_loop":
            collect = wrap(self.collect)
        else:
            collect = partial(learner.samples, act=wrap(learner.act))
        turn, now = itertools.cycle(self.batches), self.start()

        def step() -> Any:
            nonlocal now
            *drawn, orders = next(turn)
            with torch.no_grad():
                samples, now = collect(now, drawn)
            for part in self.parts(orders):
                self.rule.zero_grad(set_to_none=True)
                value = loss_of(samples, part)
                value.backward()
                improve()
            return value, now

        return step

    def gradients(self) -> Any:
        """Gradients of the first minibatch of the first update."""
        import torch

        *drawn, orders = self.batches[0]
        with torch.no_grad():
            samples, _ = self.collect(self.start(), drawn)
        self.rule.zero_grad(set_to_none=True)
        self.learner.loss(samples, self.parts(orders)[0]).backward()
        return by_kind(shared(self.policy, gradients=True), torch.cat)

    def forward(self) -> Any:
        """Logits and value (environments, 3) of the states to begin with."""
        import torch

        logits, values = self.policy(self.first_states)
        return torch.cat((logits, values[:, None]), dim=1)


def build(arrays: Arrays, size: Size, runtime: TorchRuntime, variant: str) -> TorchParts:
    """Parts of the update over the batches of draws."""
    update = Update(arrays, size, runtime, variant)
    return TorchParts(
        make_step=update.make_step,
        forward=update.forward,
        gradients=update.gradients,
        parameters=lambda: shared(update.policy),
        variant=f"{variant}, {update.rule_name}, Python loops",
    )
