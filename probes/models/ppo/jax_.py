"""The update in JAX: one program of scans over steps, epochs and minibatches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.model import Size
from probes.models.gradients import by_kind
from probes.models.jax_layers import dense
from probes.models.jax_step import batches_of, in_turn, parameters_of
from probes.models.ppo.inputs import (
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
    POLE_MASS,
    RATIO_CLIP,
    SMOOTHING,
    STEEPEST,
    TIME_STEP_S,
    UNROLLED,
    VALUE_WEIGHT,
)
from probes.workload import Arrays, JaxParts

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def policy(p: Any, states: Any) -> tuple[Any, Any]:
    """States (n, 4) to logits (n, 2) and values (n,)."""
    import jax.numpy as jnp

    def through(network: str) -> Any:
        x = jnp.tanh(dense(p, f"{network}.0", states))
        return dense(p, f"{network}.2", jnp.tanh(dense(p, f"{network}.1", x)))

    return through("actor"), through("critic")[:, 0]


def moved(states: Any, actions: Any) -> Any:
    """States (n, 4) of cart-poles one time step after *actions* (n,)."""
    import jax.numpy as jnp

    _, speed, angle, turning = states.T
    force = jnp.where(actions == 1, FORCE, -FORCE)
    sine, cosine = jnp.sin(angle), jnp.cos(angle)
    total = CART_MASS + POLE_MASS
    pushed = (force + POLE_MASS * HALF_LENGTH * turning**2 * sine) / total
    falling = (GRAVITY * sine - cosine * pushed) / (
        HALF_LENGTH * (4.0 / 3.0 - POLE_MASS * cosine**2 / total)
    )
    driving = pushed - POLE_MASS * HALF_LENGTH * falling * cosine / total
    return states + TIME_STEP_S * jnp.stack((speed, driving, turning, falling), axis=-1)


def act(p: Any, states: Any, ages: Any, noise: Any, resets: Any) -> tuple[Any, Any]:
    """One step: new states and ages; and states, actions, log probabilities, values, endings."""
    import jax
    import jax.numpy as jnp

    logits, values = policy(p, states)
    actions = (logits + noise).argmax(-1)
    chances = jnp.take_along_axis(jax.nn.log_softmax(logits), actions[:, None], axis=-1)[:, 0]
    after, ages = moved(states, actions), ages + 1
    over = (abs(after[:, 0]) > FARTHEST) | (abs(after[:, 2]) > STEEPEST) | (ages >= LONGEST)
    now = (jnp.where(over[:, None], resets, after), jnp.where(over, 0, ages))
    return now, (states, actions, chances, values, over)


def collected(p: Any, now: Any, noise: Any, resets: Any, unroll: int) -> tuple[Any, Any]:
    """Act for the horizon; samples (steps * environments, ...) and the states after it."""
    import jax
    import jax.numpy as jnp

    now, kept = jax.lax.scan(
        lambda now, drawn: act(p, *now, *drawn), now, (noise, resets), unroll=unroll
    )
    states, actions, chances, values, over = kept
    last_value = policy(p, now[0])[1]

    def backward(carry: Any, seen: Any) -> tuple[Any, Any]:
        following, value_after = carry
        value, ended = seen
        goes_on = 1.0 - ended.astype(value.dtype)
        surprise = 1.0 + DISCOUNT * goes_on * value_after - value
        following = surprise + DISCOUNT * SMOOTHING * goes_on * following
        return (following, value), following

    first = (jnp.zeros_like(last_value), last_value)
    _, advantages = jax.lax.scan(backward, first, (values, over), reverse=True, unroll=unroll)
    columns = (states, actions, chances, values, advantages, advantages + values)
    return jax.tree.map(lambda column: column.reshape(-1, *column.shape[2:]), columns), now


def loss_of(p: Any, samples: Any) -> Any:
    """The objective of *samples*, as a loss."""
    import jax
    import jax.numpy as jnp

    states, actions, chances, old_values, advantages, targets = samples
    logits, values = policy(p, states)
    all_chances = jax.nn.log_softmax(logits)
    ratio = jnp.exp(jnp.take_along_axis(all_chances, actions[:, None], axis=-1)[:, 0] - chances)
    advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
    clipped = jnp.clip(ratio, 1 - RATIO_CLIP, 1 + RATIO_CLIP)
    gain = jnp.minimum(ratio * advantages, clipped * advantages).mean()
    near = old_values + jnp.clip(values - old_values, -RATIO_CLIP, RATIO_CLIP)
    missed = jnp.maximum((values - targets) ** 2, (near - targets) ** 2).mean()
    entropy = -(jnp.exp(all_chances) * all_chances).sum(-1).mean()
    return 0.5 * VALUE_WEIGHT * missed - gain - ENTROPY_WEIGHT * entropy


def build(arrays: Arrays, size: Size, runtime: JaxRuntime, variant: str) -> JaxParts:
    """Parts of the update over the batches of draws."""
    import jax
    import jax.numpy as jnp
    import optax

    unroll = UNROLLED if variant == "jit_unroll" else 1
    rule = optax.chain(optax.clip_by_global_norm(CLIP), optax.adam(LEARNING_RATE, eps=ADAM_EPSILON))

    def picked(samples: Any, part: Any) -> Any:
        return jax.tree.map(lambda column: column[part], samples)

    def step(state: Any, batch: Any) -> tuple[Any, Any]:
        p, rule_state, now = state
        noise, resets, orders = batch
        samples, now = collected(p, now, noise, resets, unroll)

        def learn(carry: Any, part: Any) -> tuple[Any, Any]:
            p, rule_state = carry
            value, slope = jax.value_and_grad(loss_of)(p, picked(samples, part))
            updates, rule_state = rule.update(slope, rule_state, p)
            return (optax.apply_updates(p, updates), rule_state), value

        parts = orders.reshape(size["epochs"] * size["minibatches"], -1)
        (p, rule_state), losses = jax.lax.scan(learn, (p, rule_state), parts)
        return (p, rule_state, now), losses[-1]

    def gradients(state: Any, batches: Any) -> Any:
        p, _, now = state
        noise, resets, orders = batches[0]
        samples, _ = collected(p, now, noise, resets, 1)
        part = orders[0].reshape(size["minibatches"], -1)[0]
        return by_kind(jax.grad(loss_of)(p, picked(samples, part)), jnp.concatenate)

    def forward(state: Any, _: Any) -> Any:
        logits, values = policy(state[0], state[2][0])
        return jnp.concatenate((logits, values[:, None]), axis=1)

    p = parameters_of(arrays, runtime, ("noise", "resets", "states", "orders"))
    ages = jnp.zeros(size["environments"], jnp.int32)
    return JaxParts(
        step=lambda state, batches: step(state, batches[0]),
        make_step=in_turn(step),
        state=(p, jax.jit(rule.init)(p), (runtime.array(arrays["states"]), ages)),
        inputs=batches_of(arrays, runtime, ("noise", "resets", "orders")),
        forward=forward,
        gradients=gradients,
        parameters=lambda state: state[0],
        variant=f"{variant}, optax.adam, lax.scan with unroll={unroll}",
    )
