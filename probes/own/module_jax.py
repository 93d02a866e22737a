"""A user's Flax NNX module in JAX: a training step with AdamW, or inference, as a pure function.

The module is taken apart into arrays and a definition, and put together again inside the step.
Knows NNX through the user's own import of it; the file is asked for ``(module, inputs, loss)`` as
one with PyTorch is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from probes.own import module as own_module
from probes.own.file import UserFileError
from probes.own.jax_side import JaxOwn, _Built
from probes.own.module import OwnModule
from probes.own.results import flattened
from probes.workload import Arrays, JaxParts

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


class NnxModule(JaxOwn):
    """The user's module as a pure step of JAX."""

    def __init__(self, source: own_module.Source, arrays: Arrays, runtime: JaxRuntime) -> None:
        self._source = source
        self._seed = int(arrays["seed"][0])
        super().__init__(own_module.file_of(source), own_module.options(source), {}, runtime)

    def parts(self) -> JaxParts:
        """The step as a runtime builds programs from it."""
        kind = "optax.adamw" if self._source.trains else "inference"
        return JaxParts(
            step=self._timed.step,
            state=self._timed.state,
            inputs=self._inputs,
            forward=None,
            variant=f"your Flax NNX module, {kind}",
            own=self,
        )

    def _build(self, given: Mapping[str, Any]) -> _Built:
        del given
        nnx = nnx_of(self._file.path)
        own = own_module.build_nnx(self._file, self._source.name, self._seed, nnx)
        own, _ = without_dropout(nnx, own)
        runtime, tree = self._runtime, self._runtime.jax.tree
        given_arrays = {"arguments": own.arguments, "named": dict(own.named)}
        self._inputs = tree.map(runtime.jax.numpy.asarray, given_arrays)
        if self._source.trains:
            own.module.train()
            step, state = self._file.call(lambda: self._training(nnx, own))
        else:
            own.module.eval()
            step, state = _inference(nnx, own)
        return _Built(self._file.pointing(step, own.place), state)

    def _training(self, nnx: Any, own: OwnModule) -> tuple[Callable[..., Any], Any]:
        import jax
        import optax

        rule = optax.adamw(own_module.LEARNING_RATE, weight_decay=own_module.WEIGHT_DECAY)
        loss_of = own.loss or default_loss(nnx, own, self._inputs)
        definition, trained, rest = nnx.split(own.module, nnx.Param, ...)
        if not jax.tree.leaves(trained):
            raise UserFileError(f"{own.place}: no parameter of the module is an nnx.Param")

        def loss(p: Any, kept: Any, inputs: Any) -> tuple[Any, Any]:
            # A variable may only be changed by the trace that made it.
            module = nnx.merge(definition, p, jax.tree.map(lambda leaf: leaf, kept))
            out = module(*inputs["arguments"], **inputs["named"])
            arguments = tuple(inputs["arguments"]) or tuple(inputs["named"].values())
            value = own.loss_of(loss_of, out, arguments)
            if getattr(value, "size", 0) != 1:
                raise UserFileError(f"{own.place}: the loss must be one number, an array")
            return value.reshape(()), nnx.split(module, nnx.Param, ...)[2]

        def step(state: Any, inputs: Any) -> tuple[Any, Any]:
            slopes = jax.value_and_grad(loss, has_aux=True)
            (value, kept), gradients = slopes(state["parameters"], state["rest"], inputs)
            updates, moments = rule.update(gradients, state["optimizer"], state["parameters"])
            after = optax.apply_updates(state["parameters"], updates)
            return {"parameters": after, "rest": kept, "optimizer": moments}, value

        moments = jax.jit(rule.init)(trained)
        return step, {"parameters": trained, "rest": rest, "optimizer": moments}


def _inference(nnx: Any, own: OwnModule) -> tuple[Callable[..., Any], Any]:
    definition, arrays = nnx.split(own.module)

    def step(state: Any, inputs: Any) -> tuple[Any, Any]:
        module = nnx.merge(definition, state)
        return state, leaves_of(module(*inputs["arguments"], **inputs["named"]))

    return step, arrays


def nnx_of(path: str) -> Any:
    """Flax's NNX, which the user's file imports.

    Raises:
        UserFileError: it does not.
    """
    nnx = sys.modules.get("flax.nnx")
    if nnx is None:
        raise UserFileError(f"{path}:1: imports no flax.nnx")
    return nnx


def leaves_of(outputs: Any) -> dict[str, Any]:
    """The floating arrays of what a module returned, by name."""
    import jax.numpy as jnp

    named = {
        ".".join(path) or "output": value
        for path, value in flattened(outputs)
        if hasattr(value, "dtype") and jnp.issubdtype(value.dtype, jnp.floating)
    }
    if not named:
        raise TypeError("the module returns no floating array")
    return named


def default_loss(nnx: Any, own: OwnModule, inputs: Mapping[str, Any]) -> Callable[[Any], Any]:
    """The mean square distance of the outputs to fixed numbers."""
    import jax

    parts = nnx.split(own.module)

    def look(arrays: Any) -> Any:
        module = nnx.merge(parts[0], arrays)
        return leaves_of(module(*inputs["arguments"], **inputs["named"]))

    shapes = jax.eval_shape(look, parts[1])
    targets = {name: own_module.target(tuple(value.shape)) for name, value in shapes.items()}

    def loss(given: Any) -> Any:
        found = leaves_of(given)
        return sum(((found[n] - t) ** 2).mean() for n, t in targets.items())

    return loss


def without_dropout(nnx: Any, own: OwnModule) -> tuple[OwnModule, bool]:
    """*own* with all dropout at rate 0, and whether it had any: as it is with PyTorch's modules."""
    had = False
    for _, part in nnx.iter_modules(own.module):
        for name in ("rate", "dropout_rate"):
            usual = name != "rate" or isinstance(part, nnx.Dropout)
            if usual and isinstance(getattr(part, name, None), float) and getattr(part, name) > 0:
                setattr(part, name, 0.0)
                had = True
    return replace(own), had
