"""Generation in PyTorch: caches written in place, under ``torch.inference_mode``."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from probes.model import Size
from probes.models.decoder.torch_ import make_model
from probes.models.torch_step import Wrap, adopt, batches_of
from probes.workload import Arrays, TorchParts

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


class Decoding:
    """A decoder and its caches: what a prompt and what one more token do to them.

    `caches` are pairs of keys and values, (batch, heads, length, features) each.
    """

    def __init__(self, model: Any, size: Size, runtime: TorchRuntime) -> None:
        import torch

        self.model = model
        heads, d = size["heads"], size["width"]
        shape = (2, size["batch"], heads, size["length"], d // heads)
        self.caches = [torch.zeros(shape, device=runtime.device) for _ in model.blocks]
        if runtime.device.type == "cuda":
            # A graph that writes into its inputs is replayed only where their place is fixed.
            for cache in self.caches:
                torch._dynamo.mark_static_address(cache)  # noqa: SLF001
        self.places = torch.arange(size["length"], device=runtime.device)
        self.rotary = size["positions"] == "rotary"

    def embedded(self, tokens: Any, places: Any) -> tuple[Any, Any]:
        """(batch, n) tokens at *places* as (batch, n, width), and their rotary turns."""
        x = self.model.token(tokens)
        if self.rotary:
            return x, self.model.turns[:, places]
        return x + self.model.position.weight[places], None

    def logits(self, x: Any) -> Any:
        """(batch, vocabulary) logits after the last token of (batch, n, width)."""
        import torch.nn.functional as F

        return F.linear(self.model.norm(x[:, -1]), self.model.token.weight)

    def prompt(self, tokens: Any) -> Any:
        """Fill the caches with (batch, n) tokens; the logits after them."""
        import torch.nn.functional as F

        n = tokens.shape[1]
        x, turns = self.embedded(tokens, self.places[:n])
        for block, (keys, values) in zip(self.model.blocks, self.caches, strict=True):
            q, k, v = block.heads_of(x, turns)
            keys[:, :, :n], values[:, :, :n] = k, v
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + block.project(mixed.transpose(1, 2).flatten(2))
            x = x + block.mlp(x)
        return self.logits(x)

    def next_sliced(self, token: Any, place: int) -> Any:
        """Take in (batch,) tokens at *place*; the logits after them, over what is filled."""
        import torch.nn.functional as F

        x, turns = self.embedded(token[:, None], self.places[place : place + 1])
        for block, (keys, values) in zip(self.model.blocks, self.caches, strict=True):
            q, keys[:, :, place : place + 1], values[:, :, place : place + 1] = block.heads_of(
                x, turns
            )
            mixed = F.scaled_dot_product_attention(
                q, keys[:, :, : place + 1], values[:, :, : place + 1]
            )
            x = x + block.project(mixed.transpose(1, 2).flatten(2))
            x = x + block.mlp(x)
        return self.logits(x)

    def next_masked(self, token: Any, place: Any) -> Any:
        """Take in (batch,) tokens at *place* (1,); the logits after them, over the whole cache."""
        import torch.nn.functional as F

        mask = (self.places <= place)[None]
        x, turns = self.embedded(token[:, None], place)
        for block, (keys, values) in zip(self.model.blocks, self.caches, strict=True):
            q, k, v = block.heads_of(x, turns)
            keys.index_copy_(2, place, k)
            values.index_copy_(2, place, v)
            mixed = F.scaled_dot_product_attention(q, keys, values, attn_mask=mask)
            x = x + block.project(mixed.transpose(1, 2).flatten(2))
            x = x + block.mlp(x)
        return self.logits(x)


def build(arrays: Arrays, size: Size, runtime: TorchRuntime, variant: str) -> TorchParts:
    """Parts of the generation over the batches of ``prompts``."""
    import torch

    model = adopt(make_model(size), arrays, runtime).eval()
    decoding = Decoding(model, size, runtime)
    prompts = [prompt for (prompt,) in batches_of(arrays, runtime, ("prompts",))]
    sliced = variant == "eager"
    start, end = size["prompt"], size["prompt"] + size["new_tokens"] - 1
    places = list(range(start, end)) if sliced else list(decoding.places[start:end].split(1))

    def generate(prompt: Any, take_prompt: Any, take_token: Any) -> tuple[Any, Any]:
        """Logits of the last token, and all that were picked (new_tokens, batch)."""
        logits = take_prompt(prompt)
        picked = [logits.argmax(-1)]
        for place in places:
            logits = take_token(picked[-1], place)
            picked.append(logits.argmax(-1))
        return logits, torch.stack(picked)

    one = decoding.next_sliced if sliced else decoding.next_masked

    def make_step(wrap: Wrap) -> Callable[[], Any]:
        take_prompt, take_token = wrap(decoding.prompt), wrap(one)
        turn = itertools.cycle(prompts)
        last = prompts[0][:, 0]

        def step() -> Any:
            nonlocal last
            with torch.inference_mode():
                prompt = torch.cat((last[:, None], next(turn)[:, 1:]), dim=1)
                logits, picked = generate(prompt, take_prompt, take_token)
                last = picked[-1]
                return logits, picked

        return step

    def forward() -> Any:
        with torch.inference_mode():
            return generate(prompts[0], decoding.prompt, one)[0]

    return TorchParts(
        make_step=make_step,
        forward=forward,
        variant=f"{variant}, " + ("a growing slice" if sliced else "the whole cache masked"),
    )
