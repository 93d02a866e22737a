"""One process: a family's PyTorch module translated, beside the family as written for JAX.

Both take the same loss, weights, batches and optimizer, so that only the translation is between
them. Prints one JSON document: seconds of a step by program, block by block, and the losses of
the first steps. Run by an interpreter with torch, jax and torchax.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from probes.jax_runtime import JaxRuntime
from probes.model import Size
from probes.models import catalogue
from probes.own.module import OwnModule
from probes.own.translated import Held, load_torchax
from probes.torch_runtime import TorchRuntime

TRANSLATED = "translated"
_STEPS = 5
_BLOCKS = 6
_BLOCK_S = 0.25
_WARM_S = 1.0
_PREFIX = "model."


@dataclass(frozen=True)
class Source:
    """That it is trained, as a user's module says it."""

    trains: bool = True


class Side:
    """What `Held` asks of whoever translates."""

    def __init__(self, runtime: JaxRuntime) -> None:
        import torch

        self._source = Source()
        self._torchax = load_torchax()
        self._runtime = runtime
        self.torch, self.jax = torch, runtime.jax

    @property
    def environment(self) -> Any:
        """Where operations of PyTorch become those of JAX."""
        return self._torchax.default_env()

    def arrays_of(self, tree: Any) -> Any:
        """*tree* with JAX's arrays for tensors."""

        def array(value: Any) -> Any:
            held = isinstance(value, self.torch.Tensor)
            return self._runtime.array(value.detach().numpy()) if held else value

        return self.torch.utils._pytree.tree_map(array, tree)


@dataclass
class Program:
    """A jitted step, its state, and what it is given in turn."""

    advance: Callable[[Any, Any], Any]
    state: Any
    batches: list[Any]
    turn: int = 0

    def step(self) -> Any:
        """One step; returns the loss, not waited for."""
        batch = self.batches[self.turn % len(self.batches)]
        self.turn += 1
        self.state, loss = self.advance(self.state, batch)
        return loss

    def wait(self, loss: Any) -> None:
        """Until *loss* and the state are there."""
        import jax

        jax.block_until_ready((loss, self.state))


def _caught(family: str, name: str, runtime: Any, built: Mapping[str, Any]) -> dict[str, Any]:
    """What a family's ``build`` gives to ``train_parts``."""
    module = catalogue.framework_module(family, name)
    kept: dict[str, Any] = {}
    real = module.train_parts

    def catch(*arguments: Any, **named: Any) -> Any:
        kept.update(named, arguments=arguments)
        return real(*arguments, **named)

    module.train_parts = catch
    try:
        kept["parts"] = module.build(built["arrays"], built["size"], runtime, built["variant"])
    finally:
        module.train_parts = real
    return kept


def programs(family: str, size: Size, seed: int) -> dict[str, Program]:
    """The translation, and every way in which the family is written for ``jax.jit``."""
    model = catalogue.load(family)
    whole = model.sized(size)
    arrays = model.inputs(np.random.default_rng(seed), whole)
    jax_runtime = JaxRuntime("cpu", "matched", "float32")
    made: dict[str, Program] = {}
    rule: Any = None
    for variant in model.variants("jax", whole):
        if variant.mode == "jax.jit":
            built = {"arrays": arrays, "size": whole, "variant": variant.id}
            caught = _caught(family, "jax_", jax_runtime, built)
            made[variant.id] = _idiomatic(caught, jax_runtime)
            # A way of its own to update (of a table's rows alone) is no rule for a translation.
            rule = caught.get("optimizer", rule)
    eager = model.variant(whole, "pytorch.eager")
    torch_runtime = TorchRuntime("cpu", 1, "matched", "float32")
    built = {"arrays": arrays, "size": whole, "variant": eager}
    caught = _caught(family, "torch_", torch_runtime, built)
    made[TRANSLATED] = _translated(caught, rule, jax_runtime)
    return made


def _idiomatic(caught: Mapping[str, Any], runtime: JaxRuntime) -> Program:
    parts = caught["parts"]
    assert parts.make_step is not None, "families feed their steps from a loop"
    compiled: list[Any] = []

    def wrap(function: Any) -> Any:
        compiled.append(runtime.jax.jit(function, donate_argnums=0))
        return compiled[-1]

    parts.make_step(wrap)
    return Program(compiled[0], runtime.jax.tree.map(_copied, parts.state), list(parts.inputs))


def _copied(array: Any) -> Any:
    # The weights are donated, and every variant begins with the same ones.
    return array.copy() if hasattr(array, "copy") else array


def _translated(caught: Mapping[str, Any], rule: Any, runtime: JaxRuntime) -> Program:
    import optax
    import torch

    class Loss(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.model = next(a for a in caught["arguments"] if isinstance(a, torch.nn.Module))

        def forward(self, *batch: Any) -> Any:
            return caught["loss"](*batch)

    module, batches = Loss().train(), caught["batches"]
    own = OwnModule(module, tuple(batches[0]), {}, lambda value: value, "")
    side = Side(runtime)
    held = Held(side, own)  # type: ignore[arg-type]
    trained, fixed, buffers = held.state()
    jax = runtime.jax

    def loss(p: Any, kept: Any, batch: Any) -> tuple[Any, Any]:
        weights = {_PREFIX + name: weight for name, weight in p.items()}
        return held.loss(weights, fixed, kept, {"arguments": batch, "named": {}, "closed": {}})

    def step(state: Any, batch: Any) -> tuple[Any, Any]:
        p, kept, moments = state
        (value, kept), gradients = jax.value_and_grad(loss, has_aux=True)(p, kept, batch)
        updates, moments = rule.update(gradients, moments, p)
        return (optax.apply_updates(p, updates), kept, moments), value

    # Which weights decay is said by the names that both sides share.
    weights = {name.removeprefix(_PREFIX): weight for name, weight in trained.items()}
    state = (weights, buffers, jax.jit(rule.init)(weights))
    given = [side.arrays_of(tuple(batch)) for batch in batches]
    return Program(jax.jit(step, donate_argnums=0), state, given)


def measured(made: Mapping[str, Program], seed: int) -> dict[str, Any]:
    """Losses of the first steps, seconds to compile, and seconds of a step, block by block."""
    losses, compile_s = {}, {}
    for name, program in made.items():
        start = time.perf_counter()
        first = float(program.step())
        compile_s[name] = time.perf_counter() - start
        losses[name] = [first, *(float(program.step()) for _ in range(_STEPS - 1))]
    calls = {name: _calls(program) for name, program in made.items()}
    order = list(made)
    np.random.default_rng(seed).shuffle(order)
    seconds: dict[str, list[float]] = {name: [] for name in made}
    for block in range(_BLOCKS):
        for name in order if block % 2 else reversed(order):
            seconds[name].append(_block(made[name], calls[name]))
    return {"losses": losses, "compile_s": compile_s, "step_s": seconds}


def _calls(program: Program) -> int:
    """So many steps make a block; warms the program on the way."""
    spent, steps = 0.0, 0
    while spent < _WARM_S or steps < 3:
        spent += _block(program, 1)
        steps += 1
    return max(1, round(_BLOCK_S * steps / spent))


def _block(program: Program, calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        loss = program.step()
    # The weights are ready after the loss.
    program.wait(loss)
    return (time.perf_counter() - start) / calls


def main() -> int:
    """``FAMILY SIZE-AS-JSON SEED``."""
    family, size, seed = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])
    import jax

    found = measured(programs(family, size, seed), seed)
    import torch
    import torchax

    loaded = {"torch": torch, "jax": jax, "torchax": torchax}
    versions = {name: str(module.__version__) for name, module in loaded.items()}
    print(json.dumps({**found, "versions": versions}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
