"""Proximal policy optimisation on a cart with a pole, everything in one program.

48 carts are balanced for 48 steps by the present policy, from new starts every time; advantages
are generalised; then three epochs of four minibatches with clipped ratios, a clipped value loss
and an entropy bonus, as in CleanRL (Huang et al., 2022). The physics are those of Barto, Sutton &
Anderson (1983). Uniform numbers for actions and starts and the minibatches' orders are drawn
beforehand. The output is the mean loss of the minibatches and the share of steps on which no pole
fell. One action that rounding turns round changes a cart's whole rollout, hence the tolerance.

Weights are stored (in, out). ``chance`` (8, 48, 48), ``fresh`` (8, 49, 48, 4) float32, ``orders``
(8, 3, 4, 576) int64.
"""

import numpy as np

TITLE = "PPO on cart-poles"
TOLERANCE = 2e-2
TURNS, CARTS, HORIZON, EPOCHS, PARTS, WIDTH = 8, 48, 48, 3, 4, 64
DISCOUNT, TRACE, CLIP, ENTROPY, VALUE, MOST, RATE = 0.99, 0.95, 0.2, 0.01, 0.5, 0.5, 1e-3
GRAVITY, POLE, MASS, HALF, FORCE, TAU = 9.8, 0.1, 1.1, 0.5, 10.0, 0.02
SAMPLES_PER_STEP = CARTS * HORIZON
SHAPES = {
    f"{net}{n}": shape
    for net, last in (("actor", 2), ("critic", 1))
    for n, shape in enumerate(((4, WIDTH), (WIDTH, WIDTH), (WIDTH, last)), start=1)
}
_DATA = ("chance", "fresh", "orders")


def inputs(rng):
    """Draws for eight rollouts, and weights of orthogonal columns."""
    samples = CARTS * HORIZON
    orders = [rng.permutation(samples).reshape(PARTS, -1) for _ in range(TURNS * EPOCHS)]
    arrays = {
        "chance": rng.random((TURNS, HORIZON, CARTS)).astype(np.float32),
        "fresh": rng.uniform(-0.05, 0.05, (TURNS, HORIZON + 1, CARTS, 4)).astype(np.float32),
        "orders": np.stack(orders).reshape(TURNS, EPOCHS, PARTS, samples // PARTS),
    }
    gains = {"actor3": 0.01, "critic3": 1.0}
    for name, shape in SHAPES.items():
        q, _ = np.linalg.qr(rng.standard_normal((max(shape), min(shape))))
        weight = gains.get(name, 2**0.5) * (q if shape[0] > shape[1] else q.T)
        arrays[name] = weight.astype(np.float32)
    return arrays


def moved(xp, state, right):
    """Where the carts are a fiftieth of a second later; *xp* is the array library."""
    x, speed, angle, turning = (state[:, n] for n in range(4))
    cos, sin = xp.cos(angle), xp.sin(angle)
    push = (FORCE * (2 * right - 1) + POLE * HALF * turning**2 * sin) / MASS
    spin = (GRAVITY * sin - cos * push) / (HALF * (4 / 3 - POLE * cos**2 / MASS))
    gain = push - POLE * HALF * spin * cos / MASS
    changed = (x + TAU * speed, speed + TAU * gain, angle + TAU * turning, turning + TAU * spin)
    return xp.stack(changed, -1)


def torch_step(arrays):
    """A rollout without gradients, then ordinary minibatches."""
    import torch
    from torch import nn

    def network(net):
        layers = []
        for n in (1, 2, 3):
            layer = nn.Linear(*SHAPES[f"{net}{n}"])
            layer.weight = nn.Parameter(arrays[f"{net}{n}"].T.contiguous().clone())
            nn.init.zeros_(layer.bias)
            layers += [layer, nn.Tanh()]
        return nn.Sequential(*layers[:-1])

    device = arrays["chance"].device
    model = nn.ModuleDict({net: network(net) for net in ("actor", "critic")}).to(device)
    actor, critic = model["actor"], model["critic"]
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, eps=1e-5, fused=True)
    turn = torch.zeros(1, dtype=torch.long, device=device)

    @torch.no_grad()
    def rollout(chance, fresh):
        state, seen = fresh[HORIZON], []
        for n in range(HORIZON):
            log_p = actor(state).log_softmax(-1)
            right = (chance[n] < log_p[:, 1].exp()).long()
            score = log_p.gather(1, right[:, None]).squeeze(1)
            new = moved(torch, state, right)
            fell = (new[:, 0].abs() > 2.4) | (new[:, 2].abs() > 0.2095)
            seen.append((state, right, score, critic(state).squeeze(1), fell.float()))
            state = torch.where(fell[:, None], fresh[n], new)
        states, actions, scores, values, ends = map(torch.stack, zip(*seen, strict=True))
        advantages, gain, after = torch.empty_like(values), 0.0, critic(state).squeeze(1)
        for n in reversed(range(HORIZON)):
            going = 1 - ends[n]
            surprise = 1 + DISCOUNT * after * going - values[n]
            advantages[n] = gain = surprise + DISCOUNT * TRACE * going * gain
            after = values[n]
        return states, actions, scores, values, advantages, ends.mean()

    def loss_of(states, actions, scores, values, advantages):
        log_p = actor(states).log_softmax(-1)
        ratio = (log_p.gather(1, actions[:, None]).squeeze(1) - scores).exp()
        normal = (advantages - advantages.mean()) / (advantages.std(correction=0) + 1e-8)
        gain = torch.minimum(normal * ratio, normal * ratio.clamp(1 - CLIP, 1 + CLIP))
        value, target = critic(states).squeeze(1), advantages + values
        near = values + (value - values).clamp(-CLIP, CLIP)
        missed = torch.maximum((value - target).square(), (near - target).square())
        entropy = -(log_p.exp() * log_p).sum(-1)
        return VALUE * 0.5 * missed.mean() - gain.mean() - ENTROPY * entropy.mean()

    def step():
        chance, fresh, orders = (arrays[k].index_select(0, turn).squeeze(0) for k in _DATA)
        *parts, fallen = rollout(chance, fresh)
        flat, losses = [part.flatten(0, 1) for part in parts], []
        for rows in orders.flatten(0, 1).unbind():
            loss = loss_of(*(part[rows] for part in flat))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), MOST)
            optimizer.step()
            losses.append(loss.detach())
        turn.add_(1).remainder_(TURNS)
        return torch.stack(losses).mean(), 1 - fallen

    return step


def jax_step(arrays):
    """Scans over time, back over time, and over minibatches."""
    import jax
    import jax.numpy as jnp
    import optax

    optimizer = optax.chain(optax.clip_by_global_norm(MOST), optax.adam(RATE, eps=1e-5))

    def network(p, net, x):
        x = jnp.tanh(x @ p[f"{net}1"] + p[f"{net}1.bias"])
        x = jnp.tanh(x @ p[f"{net}2"] + p[f"{net}2.bias"])
        return x @ p[f"{net}3"] + p[f"{net}3.bias"]

    def score_of(log_p, actions):
        return jnp.take_along_axis(log_p, actions[:, None], 1)[:, 0]

    def rollout(p, chance, fresh):
        def act(state, draws):
            log_p = jax.nn.log_softmax(network(p, "actor", state))
            right = (draws[0] < jnp.exp(log_p[:, 1])).astype(jnp.int32)
            new = moved(jnp, state, right)
            fell = (abs(new[:, 0]) > 2.4) | (abs(new[:, 2]) > 0.2095)
            value = network(p, "critic", state)[:, 0]
            seen = state, right, score_of(log_p, right), value, fell.astype(jnp.float32)
            return jnp.where(fell[:, None], draws[1], new), seen

        def back(carry, now):
            gain, after = carry
            value, end = now
            surprise = 1 + DISCOUNT * after * (1 - end) - value
            gain = surprise + DISCOUNT * TRACE * (1 - end) * gain
            return (gain, value), gain

        carts, (*seen, ends) = jax.lax.scan(act, fresh[-1], (chance, fresh[:-1]))
        last = jnp.zeros(CARTS), network(p, "critic", carts)[:, 0]
        _, advantages = jax.lax.scan(back, last, (seen[3], ends), reverse=True)
        return (*seen, advantages), ends.mean()

    def loss_of(p, states, actions, scores, values, advantages):
        log_p = jax.nn.log_softmax(network(p, "actor", states))
        ratio = jnp.exp(score_of(log_p, actions) - scores)
        normal = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
        gain = jnp.minimum(normal * ratio, normal * jnp.clip(ratio, 1 - CLIP, 1 + CLIP))
        value, target = network(p, "critic", states)[:, 0], advantages + values
        near = values + jnp.clip(value - values, -CLIP, CLIP)
        missed = jnp.maximum((value - target) ** 2, (near - target) ** 2)
        entropy = -(jnp.exp(log_p) * log_p).sum(-1)
        return VALUE * 0.5 * missed.mean() - gain.mean() - ENTROPY * entropy.mean()

    def step(state, arrays):
        p, moments, turn = state
        chance, fresh, orders = (arrays[k][turn] for k in _DATA)
        parts, fallen = rollout(p, chance, fresh)
        flat = [part.reshape(-1, *part.shape[2:]) for part in parts]

        def update(carry, rows):
            p, moments = carry
            loss, gradients = jax.value_and_grad(loss_of)(p, *(part[rows] for part in flat))
            updates, moments = optimizer.update(gradients, moments)
            return (optax.apply_updates(p, updates), moments), loss

        minibatches = orders.reshape(EPOCHS * PARTS, -1)
        (p, moments), losses = jax.lax.scan(update, (p, moments), minibatches)
        return (p, moments, (turn + 1) % TURNS), (losses.mean(), 1 - fallen)

    p = {name: arrays[name] for name in SHAPES}
    p |= {f"{name}.bias": jnp.zeros(n_out) for name, (_, n_out) in SHAPES.items()}
    return step, (p, optimizer.init(p), jnp.zeros((), jnp.int32))
