"""A user's module in JAX by translation with torchax: the one place where both frameworks meet.

The module runs once under torchax while JAX traces it; the compiled program has no PyTorch in it.
AdamW is optax's. Knows torchax; a translation is no rewrite, and what it says is one-sided.
"""

from __future__ import annotations

import contextlib
import os
import types
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from probes.own import module as own_module
from probes.own.file import UserFile, UserFileError
from probes.own.jax_side import JaxOwn, _Built
from probes.own.module import OwnModule
from probes.workload import Arrays, JaxParts

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime

_BRANCHES = (
    "ConcretizationTypeError",
    "TracerArrayConversionError",
    "TracerBoolConversionError",
    "TracerIntegerConversionError",
)
_TELEMETRY = "ENABLE_RUNTIME_UPTIME_TELEMETRY"


class TranslationError(UserFileError):
    """torchax cannot translate the module; everything else can still be measured."""


class TranslationMissingError(Exception):
    """This interpreter has no torchax, or not what it needs."""


class RandomDrawError(Exception):
    """A random number was drawn while the module was traced."""


class TranslatedFile(UserFile):
    """A user's file whose errors are those of the translation."""

    def error_in(self, error: BaseException, place: str = "") -> UserFileError:
        """*error* with the operation that has no translation, and the user's line."""
        if isinstance(error, UserFileError):
            return error
        plain = super().error_in(error, place or self.place("forward"))
        where = str(plain).split(f": {type(error).__name__}: ", 1)[0]
        return TranslationError(f"{where}: {_cause(error)}")


def _cause(error: BaseException) -> str:
    text = " ".join(str(error).split())[:300]
    if type(error).__name__ == "OperatorNotFound":
        return f"torchax has no translation of this operation: {text}"
    if isinstance(error, RandomDrawError):
        return (
            "random numbers are drawn in the forward pass: those of the frameworks differ, so that "
            "nothing could be compared; take them as an input, or draw none while it is measured"
        )
    if type(error).__name__ in _BRANCHES:
        return (
            "a branch or a number of Python depends on the values of tensors, which one compiled "
            "program cannot: choose with torch.where, and take sizes from shapes"
        )
    if isinstance(error, AssertionError) and "Expect a Tensor" in text:
        return (
            "a tensor is used that is neither parameter, buffer, input nor attribute of a module: "
            "make it one with register_buffer(), or make it on the device of the input"
        )
    return f"cannot be translated: {type(error).__name__}: {text}"


def load_torchax() -> Any:
    """torchax, with what it sets at import put back.

    Raises:
        TranslationMissingError: it cannot be imported here.
    """
    kept = os.environ.get(_TELEMETRY)
    try:
        import torchax
    except Exception as error:
        raise TranslationMissingError(
            f"{type(error).__name__}: {error}; the translation needs torch, jax and torchax in "
            "one interpreter: pip install --pre 'fw-advisor[translate]'"
        ) from error
    finally:
        # It asks for telemetry that nobody here asked for.
        os.environ.pop(_TELEMETRY, None)
        if kept is not None:
            os.environ[_TELEMETRY] = kept
    return torchax


class Translated(JaxOwn):
    """The user's module as a pure step of JAX."""

    def __init__(self, source: own_module.Source, arrays: Arrays, runtime: JaxRuntime) -> None:
        self._source = source
        self._seed = int(arrays["seed"][0])
        self._torchax = load_torchax()
        # Made before anything is traced: it holds a key, which must not be that of a trace.
        self._torchax.default_env()
        import torch

        self._torch = torch
        self._firsts: dict[str, NDArray[Any]] = {}
        super().__init__(
            own_module.file_of(source, TranslatedFile), own_module.options(source), {}, runtime
        )

    def parts(self) -> JaxParts:
        """The step as a runtime builds programs from it."""
        return JaxParts(
            step=self._timed.step,
            state=self._timed.state,
            inputs=self._inputs,
            forward=None,
            variant=f"translated by torchax {self._torchax.__version__}",
            own=self,
        )

    def _build(self, given: Mapping[str, Any]) -> _Built:
        del given
        torch = self._torch
        own = own_module.build(self._file, self._source.name, self._seed, torch)
        own, _ = own_module.without_dropout(torch, own)
        own.module.train(self._source.trains)
        held = Held(self, own)
        self._inputs = held.inputs
        step, state = self._training(held) if self._source.trains else _inference(held)
        pointed = self._file.pointing(step, own.place)
        if self._source.trains and not self._firsts:
            self._firsts = self._file.pointing(lambda: held.first_look(state), own.place)()
        return _Built(pointed, state)

    def arrays_of(self, tree: Any) -> Any:
        """*tree* with JAX's arrays for tensors."""
        torch, runtime = self._torch, self._runtime

        def array(value: Any) -> Any:
            return (
                runtime.array(value.detach().numpy()) if isinstance(value, torch.Tensor) else value
            )

        return torch.utils._pytree.tree_map(array, tree)  # noqa: SLF001

    @property
    def torch(self) -> Any:
        """PyTorch, which the module is written in."""
        return self._torch

    @property
    def jax(self) -> Any:
        """JAX, which it runs in."""
        return self._runtime.jax

    @property
    def environment(self) -> Any:
        """Where operations of PyTorch become those of JAX."""
        return self._torchax.default_env()

    def _training(self, held: Held) -> tuple[Callable[..., Any], Any]:
        import optax

        jax = self.jax
        rule = optax.adamw(own_module.LEARNING_RATE, weight_decay=own_module.WEIGHT_DECAY)
        trained, fixed, buffers = held.state()

        def step(state: Any, inputs: Any) -> tuple[Any, Any]:
            slopes = jax.value_and_grad(held.loss, has_aux=True)
            (value, kept), gradients = slopes(
                state["parameters"], state["fixed"], state["buffers"], inputs
            )
            updates, moments = rule.update(gradients, state["optimizer"], state["parameters"])
            after = optax.apply_updates(state["parameters"], updates)
            return {**state, "parameters": after, "buffers": kept, "optimizer": moments}, value

        state = {"parameters": trained, "fixed": fixed, "buffers": buffers}
        return step, {**state, "optimizer": jax.jit(rule.init)(trained)}

    def observe(self, program: Any, steps: int, call: Callable[[], Any]) -> dict[str, NDArray[Any]]:
        """What any own step shows, and outputs and gradients at the first state."""
        from probes.own.firsts import with_firsts

        return with_firsts(super().observe(program, steps, call), self._firsts)


class Held:
    """A module, its inputs and the tensors that its loss closes over, as functions of arrays."""

    def __init__(self, side: Translated, own: OwnModule) -> None:
        from probes.own import firsts

        self._side = side
        self._own = own
        self._loss: Callable[..., Any] | None = None
        if side._source.trains:  # noqa: SLF001
            self._loss = own.loss or firsts.default_loss(side.torch, own)
        closed = _closed_over(side.torch, self._loss)
        self.inputs = side.arrays_of(
            {"arguments": own.arguments, "named": dict(own.named), "closed": closed}
        )

    def state(self) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        """Trained parameters, others, and buffers, by name."""
        module, arrays_of = self._own.module, self._side.arrays_of
        all_ = dict(module.named_parameters())
        trained = {n: p for n, p in all_.items() if p.requires_grad}
        fixed = {n: p for n, p in all_.items() if not p.requires_grad}
        return arrays_of(trained), arrays_of(fixed), arrays_of(dict(module.named_buffers()))

    def outputs(
        self, parameters: Any, fixed: Any, buffers: Any, inputs: Any, *, loss: bool
    ) -> tuple[Any, Any]:
        """The loss or the floating outputs, and the buffers after the call."""
        from probes.own import firsts

        environment, torch, own = self._side.environment, self._side.torch, self._own
        weights, rest, kept, given = environment.j2t_iso((parameters, fixed, buffers, inputs))
        with contextlib.ExitStack() as around:
            around.enter_context(environment)
            # Integers are 32 bits wide in JAX: the one difference that parity lets pass.
            around.enter_context(warnings.catch_warnings())
            warnings.filterwarnings("ignore", "Explicitly requested dtype int64")
            # What is made without a device (torch.zeros in a loss) is made where the inputs are.
            around.enter_context(torch.device("jax"))
            around.enter_context(_no_draws(environment))
            around.enter_context(_plain_tensors(torch, own.module, environment))
            around.enter_context(_batch_norms(torch, own.module, kept))
            out = torch.func.functional_call(
                own.module,
                {**weights, **rest, **kept},
                tuple(given["arguments"]),
                dict(given["named"]),
                tie_weights=True,
            )
            if loss:
                assert self._loss is not None, "only what is trained has a loss"
                function = _with_closed(self._loss, given["closed"])
                arguments = tuple(given["arguments"]) or tuple(given["named"].values())
                found = own.loss_of(function, out, arguments)
            else:
                found = firsts.leaves_of(torch, out)
        return environment.t2j_iso(found), environment.t2j_iso(kept)

    def loss(self, parameters: Any, fixed: Any, buffers: Any, inputs: Any) -> tuple[Any, Any]:
        """The loss, a scalar, and the buffers after the call."""
        value, kept = self.outputs(parameters, fixed, buffers, inputs, loss=True)
        return value.reshape(()), kept

    def first_look(self, state: Any) -> dict[str, NDArray[Any]]:
        """Outputs and gradients before the first step."""
        import numpy as np

        from probes.own.firsts import firsts

        jax = self._side.jax
        given = (state["parameters"], state["fixed"], state["buffers"], self.inputs)

        def both(*arguments: Any) -> Any:
            outputs, _ = self.outputs(*arguments, loss=False)
            return outputs, jax.grad(self.loss, has_aux=True)(*arguments)[0]

        outputs, slopes = jax.jit(both)(*given)
        return firsts(
            {n: np.array(a) for n, a in outputs.items()},
            {n: np.array(a) for n, a in slopes.items()},
        )


def _inference(held: Held) -> tuple[Callable[..., Any], Any]:
    trained, fixed, buffers = held.state()

    def step(state: Any, inputs: Any) -> tuple[Any, Any]:
        found, _ = held.outputs(
            state["parameters"], state["fixed"], state["buffers"], inputs, loss=False
        )
        return state, found

    return step, {"parameters": trained, "fixed": fixed, "buffers": buffers}


@contextlib.contextmanager
def _no_draws(environment: Any) -> Iterator[None]:
    """Whoever draws a random number is refused at its line: it would also leave the trace."""

    def refuse(*_: Any) -> None:
        raise RandomDrawError

    environment.get_and_rotate_prng_key = refuse
    try:
        yield
    finally:
        del environment.get_and_rotate_prng_key


@contextlib.contextmanager
def _plain_tensors(torch: Any, module: Any, environment: Any) -> Iterator[None]:
    """Tensors that a module keeps as plain attributes are constants of the translation."""
    kept = [
        (part, name, value)
        for part in module.modules()
        for name, value in vars(part).items()
        if isinstance(value, torch.Tensor)
    ]
    try:
        for part, name, value in kept:
            setattr(part, name, environment.to_xla(value))
        yield
    finally:
        for part, name, value in kept:
            setattr(part, name, value)


@contextlib.contextmanager
def _batch_norms(torch: Any, module: Any, kept: dict[str, Any]) -> Iterator[None]:
    """Batch norms of *module* put what they see into *kept*, which torchax leaves as it was.

    As torch.nn.BatchNorm does in training: the variance of a batch is the unbiased one.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html
    """
    kind = torch.nn.modules.batchnorm._BatchNorm  # noqa: SLF001

    def watch(name: str) -> Callable[..., None]:
        prefix = f"{name}." if name else ""

        def note(part: Any, inputs: Any) -> None:
            x = inputs[0].detach()
            axes = [n for n in range(x.ndim) if n != 1]
            count = kept[f"{prefix}num_batches_tracked"] + 1
            share = part.momentum if part.momentum is not None else 1.0 / count
            for key, seen in (("mean", x.mean(axes)), ("var", x.var(axes))):
                before = kept[f"{prefix}running_{key}"]
                kept[f"{prefix}running_{key}"] = (1 - share) * before + share * seen
            kept[f"{prefix}num_batches_tracked"] = count

        return note

    hooks = [
        part.register_forward_pre_hook(watch(name))
        for name, part in module.named_modules()
        if isinstance(part, kind) and part.training and part.running_mean is not None
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _closed_over(torch: Any, loss: Callable[..., Any] | None) -> dict[str, Any]:
    """The tensors that a loss closes over, such as targets; dicts of them too."""
    if not isinstance(loss, types.FunctionType):
        return {}
    cells = zip(loss.__code__.co_freevars, loss.__closure__ or (), strict=True)
    held = {name: cell.cell_contents for name, cell in cells}

    def is_data(value: Any) -> bool:
        if isinstance(value, dict):
            return bool(value) and all(is_data(v) for v in value.values())
        return isinstance(value, torch.Tensor)

    return {name: value for name, value in held.items() if is_data(value)}


def _with_closed(loss: Callable[..., Any], closed: Mapping[str, Any]) -> Callable[..., Any]:
    """*loss* over other values of what it closes over."""
    if not closed or not isinstance(loss, types.FunctionType):
        return loss
    cells = zip(loss.__code__.co_freevars, loss.__closure__ or (), strict=True)
    values = tuple(types.CellType(closed[n]) if n in closed else cell for n, cell in cells)
    made = types.FunctionType(
        loss.__code__, loss.__globals__, loss.__name__, loss.__defaults__, values
    )
    made.__kwdefaults__ = loss.__kwdefaults__
    return made
