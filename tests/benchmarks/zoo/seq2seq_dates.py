"""An encoder and a decoder that turn written dates into ISO dates, letter by letter.

"Thursday, 26 November 2026" becomes "2026-11-26". Two layers each of PyTorch's own
``nn.Transformer`` with norms first, ReLU and padding masks; sinusoidal positions, one embedding
for both sides and the output, smoothed labels, Adam as in the transformer's first paper
(Vaswani et al., 2017) at a constant rate.

Weights have the names and the (out, in) layout of ``nn.Transformer``. ``source`` (16, 24, 32) and
``target`` (16, 24, 12) int64.
"""

import datetime as dt

import numpy as np

TITLE = "Encoder-decoder transformer on dates"
TOLERANCE = 2e-3
BATCHES, BATCH, LENGTH, ANSWER = 16, 24, 32, 12
WIDTH, HEADS, INNER, LAYERS, VOCABULARY = 64, 4, 256, 2, 128
RATE, SMOOTHING = 1e-3, 0.1
PAD, BEGIN, END = 0, 2, 3
FORMATS = ("%A, %d %B %Y", "%d.%m.%Y", "%b %d, %Y", "%A %d/%m/%y", "%B %d %Y", "day %j of %Y")
SAMPLES_PER_STEP = BATCH


def inputs(rng):
    """Random days of 80 years in six formats; Xavier weights."""
    day_one = dt.date(1970, 1, 1)
    days = [day_one + dt.timedelta(int(n)) for n in rng.integers(0, 29000, BATCHES * BATCH)]
    source = np.full((len(days), LENGTH), PAD, np.int64)
    target = np.full((len(days), ANSWER), PAD, np.int64)
    for n, day in enumerate(days):
        letters = day.strftime(FORMATS[rng.integers(len(FORMATS))]).encode("ascii")
        source[n, : len(letters)] = list(letters)
        target[n] = [BEGIN, *day.isoformat().encode("ascii"), END]
    arrays = {
        "source": source.reshape(BATCHES, BATCH, LENGTH),
        "target": target.reshape(BATCHES, BATCH, ANSWER),
    }

    def dense(name, suffix, n_out, n_in):
        bound = (6 / (n_in + n_out)) ** 0.5
        arrays[f"{name}{suffix}weight"] = rng.uniform(-bound, bound, (n_out, n_in))
        arrays[f"{name}{suffix}bias"] = np.zeros(n_out)

    def norm(name):
        arrays[f"{name}.weight"], arrays[f"{name}.bias"] = np.ones(WIDTH), np.zeros(WIDTH)

    for part in ("encoder", "decoder"):
        attentions = ("self_attn", "multihead_attn")[: 1 + (part == "decoder")]
        for layer in (f"{part}.layers.{n}" for n in range(LAYERS)):
            for attention in attentions:
                dense(f"{layer}.{attention}", ".in_proj_", 3 * WIDTH, WIDTH)
                dense(f"{layer}.{attention}", ".out_proj.", WIDTH, WIDTH)
            dense(layer, ".linear1.", INNER, WIDTH)
            dense(layer, ".linear2.", WIDTH, INNER)
            for n in range(1 + len(attentions)):
                norm(f"{layer}.norm{n + 1}")
        norm(f"{part}.norm")
    arrays["embed"] = rng.standard_normal((VOCABULARY, WIDTH)) * WIDTH**-0.5
    angle = np.arange(LENGTH)[:, None] / 10000 ** (np.arange(0, WIDTH, 2) / WIDTH)
    arrays["waves"] = np.concatenate((np.sin(angle), np.cos(angle)), axis=1)
    return {k: a if a.dtype == np.int64 else a.astype(np.float32) for k, a in arrays.items()}


def torch_step(arrays):
    """``nn.Transformer`` with its masks."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    class Translator(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding.from_pretrained(arrays["embed"].clone(), freeze=False)
            self.body = nn.Transformer(
                WIDTH, HEADS, LAYERS, LAYERS, INNER, dropout=0.0, batch_first=True, norm_first=True
            )
            names = self.body.state_dict()
            self.body.load_state_dict({name: arrays[name] for name in names})
            self.register_buffer("waves", arrays["waves"].clone())
            causal = nn.Transformer.generate_square_subsequent_mask(ANSWER - 1)
            self.register_buffer("causal", causal)

        def embedded(self, tokens):
            return self.embed(tokens) * WIDTH**0.5 + self.waves[: tokens.shape[1]]

        def forward(self, source, target):
            padding = source == PAD
            h = self.body(
                self.embedded(source),
                self.embedded(target),
                tgt_mask=self.causal,
                src_key_padding_mask=padding,
                memory_key_padding_mask=padding,
                tgt_is_causal=True,
            )
            return F.linear(h, self.embed.weight)

    device = arrays["source"].device
    model = Translator().to(device).train()
    optimizer = torch.optim.Adam(
        model.parameters(), lr=RATE, betas=(0.9, 0.98), eps=1e-9, fused=True
    )
    turn = torch.zeros(1, dtype=torch.long, device=device)

    def step():
        source = arrays["source"].index_select(0, turn).squeeze(0)
        target = arrays["target"].index_select(0, turn).squeeze(0)
        logits = model(source, target[:, :-1])
        loss = F.cross_entropy(
            logits.transpose(1, 2), target[:, 1:], label_smoothing=SMOOTHING, ignore_index=PAD
        )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        turn.add_(1).remainder_(BATCHES)
        return loss

    return step


def jax_step(arrays):
    """Layers as functions of a flat dict; kernels transposed once."""
    import jax
    import jax.numpy as jnp
    import optax

    optimizer = optax.adam(RATE, b2=0.98, eps=1e-9)

    def norm(p, name, x):
        normal = jax.nn.standardize(x, axis=-1, epsilon=1e-5)
        return normal * p[f"{name}.weight"] + p[f"{name}.bias"]

    def attention(p, name, x, y, **mask):
        kernel, bias = p[f"{name}.in_proj_weight"], p[f"{name}.in_proj_bias"]
        if x is y:
            q, k, v = jnp.split(x @ kernel + bias, 3, -1)
        else:
            q = x @ kernel[:, :WIDTH] + bias[:WIDTH]
            k, v = jnp.split(y @ kernel[:, WIDTH:] + bias[WIDTH:], 2, -1)
        q, k, v = (z.reshape(*z.shape[:2], HEADS, -1) for z in (q, k, v))
        mixed = jax.nn.dot_product_attention(q, k, v, **mask).reshape(x.shape)
        return mixed @ p[f"{name}.out_proj.weight"] + p[f"{name}.out_proj.bias"]

    def layer(p, name, x, own_mask, memory=None, mask=None):
        h = norm(p, f"{name}.norm1", x)
        x = x + attention(p, f"{name}.self_attn", h, h, **own_mask)
        last = "norm2"
        if memory is not None:
            h, last = norm(p, f"{name}.norm2", x), "norm3"
            x = x + attention(p, f"{name}.multihead_attn", h, memory, **mask)
        h = norm(p, f"{name}.{last}", x) @ p[f"{name}.linear1.weight"]
        h = jax.nn.relu(h + p[f"{name}.linear1.bias"])
        return x + h @ p[f"{name}.linear2.weight"] + p[f"{name}.linear2.bias"]

    def loss_of(p, waves, source, target):
        embed = p["embed"] * WIDTH**0.5
        mask = {"mask": (source != PAD)[:, None, None, :]}
        x = embed[source] + waves[:LENGTH]
        for n in range(LAYERS):
            x = layer(p, f"encoder.layers.{n}", x, mask)
        memory = norm(p, "encoder.norm", x)
        x = embed[target[:, :-1]] + waves[: ANSWER - 1]
        for n in range(LAYERS):
            x = layer(p, f"decoder.layers.{n}", x, {"is_causal": True}, memory, mask)
        logits = norm(p, "decoder.norm", x) @ p["embed"].T
        wanted = optax.smooth_labels(jax.nn.one_hot(target[:, 1:], VOCABULARY), SMOOTHING)
        return optax.softmax_cross_entropy(logits, wanted).mean()

    def step(state, arrays):
        p, moments, turn = state
        batch = arrays["source"][turn], arrays["target"][turn]
        loss, gradients = jax.value_and_grad(loss_of)(p, arrays["waves"], *batch)
        updates, moments = optimizer.update(gradients, moments, p)
        return (optax.apply_updates(p, updates), moments, (turn + 1) % BATCHES), loss

    kept = {k: v for k, v in arrays.items() if k not in ("source", "target", "waves")}
    p = {k: v.T if k != "embed" else v for k, v in kept.items()}
    return step, (p, optimizer.init(p), jnp.zeros((), jnp.int32))
