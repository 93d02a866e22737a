"""Hamiltonian Monte Carlo for a Bayesian logistic regression, 64 chains side by side.

Twenty leapfrog steps per transition with a jittered step size that adapts to an acceptance of
0.8. The data are the 569 breast tumours of scikit-learn (Wolberg, Street & Mangasarian, 1995,
UCI), 30 standardised measurements and a constant. Momenta, acceptance draws and jitter are drawn
beforehand. The output is the mean potential energy of the chains.

``x`` (569, 31), ``y`` (569,), ``start`` (64, 31), ``momenta`` (16, 64, 31), ``chance`` (16, 64),
``jitter`` (16,) float32.
"""

import numpy as np

TITLE = "Hamiltonian Monte Carlo for logistic regression"
TOLERANCE = 5e-3
TURNS, CHAINS, LEAPFROGS = 16, 64, 20
PRIOR, SIZE, WANTED, GAIN = 1.0, 0.03, 0.8, 0.1
SAMPLES_PER_STEP = CHAINS
_DRAWS = ("momenta", "chance", "jitter")


def inputs(rng):
    """Standardised data, where the chains begin, and draws of sixteen transitions."""
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    x = (data.data - data.data.mean(0)) / data.data.std(0)
    x = np.concatenate((x, np.ones((len(x), 1))), axis=1)
    arrays = {
        "x": x,
        "y": data.target,
        "start": 0.1 * rng.standard_normal((CHAINS, x.shape[1])),
        "momenta": rng.standard_normal((TURNS, CHAINS, x.shape[1])),
        "chance": rng.random((TURNS, CHAINS)),
        "jitter": rng.uniform(0.8, 1.2, TURNS),
    }
    return {name: np.asarray(array, np.float32) for name, array in arrays.items()}


def torch_step(arrays):
    """All chains in one product; their summed energies share one backward pass."""
    import torch
    import torch.nn.functional as F

    x, y = arrays["x"], arrays["y"]
    weights = arrays["start"].clone()
    size = torch.tensor(SIZE, device=x.device).log()
    turn = torch.zeros(1, dtype=torch.long, device=x.device)

    def energy_of(w):
        logits = w @ x.T
        return F.softplus(logits).sum(1) - logits @ y + 0.5 * w.square().sum(1) / PRIOR**2

    def energy_and_slope(w):
        w = w.detach().requires_grad_()
        energy = energy_of(w)
        (slope,) = torch.autograd.grad(energy.sum(), w)
        return energy.detach(), slope

    def step():
        momenta, chance, jitter = (arrays[k].index_select(0, turn).squeeze(0) for k in _DRAWS)
        length = size.exp() * jitter
        w, momentum = weights.clone(), momenta
        before, slope = energy_and_slope(w)
        for _ in range(LEAPFROGS):
            momentum = momentum - 0.5 * length * slope
            w = w + length * momentum
            energy, slope = energy_and_slope(w)
            momentum = momentum - 0.5 * length * slope
        gone = before + 0.5 * momenta.square().sum(1) - energy - 0.5 * momentum.square().sum(1)
        accepted = chance.log() < gone
        weights.copy_(torch.where(accepted[:, None], w, weights))
        size.add_(GAIN * (gone.clamp(max=0).exp().mean() - WANTED))
        turn.add_(1).remainder_(TURNS)
        return torch.where(accepted, energy, before).mean()

    return step


def jax_step(arrays):
    """One chain, mapped over chains; a scan over leapfrogs."""
    import jax
    import jax.numpy as jnp

    def energy_of(w, x, y):
        logits = x @ w
        return jax.nn.softplus(logits).sum() - logits @ y + 0.5 * (w @ w) / PRIOR**2

    def transition(w, momentum, log_chance, length, x, y):
        energy_and_slope = jax.value_and_grad(energy_of)

        def leapfrog(carry, _):
            w, momentum, _, slope = carry
            momentum = momentum - 0.5 * length * slope
            w = w + length * momentum
            energy, slope = energy_and_slope(w, x, y)
            return (w, momentum - 0.5 * length * slope, energy, slope), None

        before, slope = energy_and_slope(w, x, y)
        start = (w, momentum, before, slope)
        (new, last, energy, _), _ = jax.lax.scan(leapfrog, start, length=LEAPFROGS)
        gone = before + 0.5 * (momentum @ momentum) - energy - 0.5 * (last @ last)
        accepted = log_chance < gone
        chance = jnp.exp(jnp.minimum(gone, 0))
        return jnp.where(accepted, new, w), jnp.where(accepted, energy, before), chance

    def step(state, arrays):
        weights, size, turn = state
        momenta, chance, jitter = (arrays[k][turn] for k in _DRAWS)
        mapped = jax.vmap(transition, (0, 0, 0, None, None, None))
        length = jnp.exp(size) * jitter
        data = arrays["x"], arrays["y"]
        weights, energies, chances = mapped(weights, momenta, jnp.log(chance), length, *data)
        size = size + GAIN * (chances.mean() - WANTED)
        return (weights, size, (turn + 1) % TURNS), energies.mean()

    size = jnp.log(jnp.asarray(SIZE, jnp.float32))
    return step, (arrays["start"], size, jnp.zeros((), jnp.int32))
