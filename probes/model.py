"""What a model is: a family of real models, generated at any size from a few numbers.

A family says its sizes, presets and variants as data; `workload_of` makes the `Workload` of one
size, which a worker builds and times like any other. The framework versions stand beside the
inputs, in ``torch_.py`` and ``jax_.py`` of the same folder.

Knows sizes and what they may be; must not know how anything is timed, nor a framework.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probes.workload import Arrays, Tolerance, Workload

Size = Mapping[str, Any]
PREFIX = "model:"
# How many batches a step takes in turn, so that nothing that it computes can be kept from the
# last call. More would only take memory.
BATCHES = 4


class SizeError(ValueError):
    """A size that a family does not have; the text names the key and what it may be."""


@dataclass(frozen=True)
class Key:
    """One number, word or list of numbers that a family is generated from.

    Numbers are whole, from `low` to `high`; with `longest` it is a list of 1 to that many such
    numbers. Words (and true, false) are one of `choices`.
    """

    name: str
    unit: str
    default: Any
    low: int | None = None
    high: int | None = None
    longest: int = 0
    choices: tuple[str | bool, ...] = ()

    def checked(self, value: Any) -> Any:
        """*value*, as it is used.

        Raises:
            SizeError: it is out of range, or of another kind.
        """
        if self.choices:
            # True equals 1: a number must not pass for a choice.
            if any(value == c and type(value) is type(c) for c in self.choices):
                return value
            raise SizeError(f"{self.name} is {_shown(value)}; {self.allowed()}")
        numbers = value if self.longest and isinstance(value, (list, tuple)) else [value]
        fits = 1 <= len(numbers) <= max(1, self.longest) and all(map(self._in_range, numbers))
        if not fits or (self.longest and not isinstance(value, (list, tuple))):
            raise SizeError(f"{self.name} is {_shown(value)}; {self.allowed()}")
        return [int(number) for number in numbers] if self.longest else int(value)

    def _in_range(self, number: Any) -> bool:
        if isinstance(number, bool) or not isinstance(number, int):
            return False
        return (self.low is None or number >= self.low) and (
            self.high is None or number <= self.high
        )

    def allowed(self) -> str:
        """What the key may be, in words."""
        if self.choices:
            return f"it is one of: {', '.join(map(_shown, self.choices))}"
        span = f"from {self.low} to {self.high}"
        if self.longest:
            return f"it is a list of 1 to {self.longest} whole numbers, each {span}"
        return f"it is a whole number {span}"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else repr(value)[:60]


@dataclass(frozen=True)
class Preset:
    """The sizes of a real model, with the page or paper that they are from and its date.

    Keys that are left out have their defaults. `differs` says in what it is not that model.
    """

    id: str
    title: str
    size: Size
    source: str
    date: str
    differs: str = ""


@dataclass(frozen=True)
class Variant:
    """One way to write the same work in one framework, run in one mode.

    `only` restricts it to sizes whose words are among those given (``{"cell": ("lstm",)}``),
    `at_most` to sizes whose numbers are no larger (what is unrolled compiles for ever). Whether it
    fits is asked of the size that was asked for, not of one that is cut in depth.

    `rewrite` says that a program of its own has to be made for it, which much work does not fit
    into: all steps of a loop as one graph, a fixed graph as a sparse matrix, Taylor arithmetic.

    `records` says that its step can be recorded as one CUDA graph: shapes are fixed, and nothing
    is read back or decided on the host while it runs.
    """

    id: str
    mode: str
    text: str
    only: Mapping[str, tuple[str | bool, ...]] = field(default_factory=dict)
    at_most: Mapping[str, int] = field(default_factory=dict)
    rewrite: bool = False
    records: bool = False

    def fits(self, size: Size) -> bool:
        """Whether a model of *size* can be written this way."""
        return all(size[key] in words for key, words in self.only.items()) and all(
            size[key] <= most for key, most in self.at_most.items()
        )


# What every family can do in PyTorch: https://docs.pytorch.org/docs/stable/torch.compiler.html
# and https://docs.pytorch.org/tutorials/recipes/compiling_optimizer.html (read 2026-11).
EAGER = Variant("eager", "pytorch.eager", "eager, fused optimizer", records=True)
COMPILE = Variant(
    "compile", "pytorch.compile", "model and loss compiled, eager fused optimizer", records=True
)
COMPILE_STEP = Variant(
    "compile_step", "pytorch.compile", "model, loss and optimizer compiled, optimizer not fused"
)
JIT = Variant("jit", "jax.jit", "the whole step jitted, state donated")
_LAST = "channels last in memory"
TORCH_IMAGES = (
    EAGER,
    Variant("eager_last", "pytorch.eager", f"{EAGER.text}, {_LAST}", records=True),
    COMPILE,
    Variant("compile_last", "pytorch.compile", f"{COMPILE.text}, {_LAST}", records=True),
    COMPILE_STEP,
)
"""How PyTorch may run convolutions over images: in either order in memory."""
JAX_IMAGES = (JIT, Variant("jit_first", "jax.jit", f"{JIT.text}, channels first"))
"""How JAX may: channels last, which it is written for, or first."""


@dataclass(frozen=True)
class Model:
    """One family of models: what it is generated from, and how it may be written.

    `depth` names the key that counts equal parts (layers, steps): the time of a step is linear in
    it, so that a deep model can be measured at two depths; they are multiples of `depth_step`,
    what a loop writes out at a time. `tiny` are the numbers of a size at which everything is still
    there, for checking that all variants compute the same.

    `fits` says what is wrong with a size whose keys are in range each, or returns None. `sample`
    is what `samples_per_step` counts; `flops` counts one step, or is None where a count would be a
    guess. The first preset is the default size, the first variant of a mode is how it is built
    when nobody asks.

    `split` names the arrays, (batches, batch, ...), whose batch can be shared out over devices;
    empty where the family is not offered so. `coupled` says of a size whether the samples of a
    batch depend on each other, as batch normalisation makes them. `branches` says that rounding
    can turn a choice inside a step (which action is drawn), after which two equal curves part: at
    a real size that happens within a few steps, so that the tiny model alone is compared.
    """

    id: str
    title: str
    stands_for: str
    limits: str
    keys: tuple[Key, ...]
    depth: str
    presets: tuple[Preset, ...]
    tiny: Size
    inputs: Callable[[np.random.Generator, Size], Arrays]
    samples_per_step: Callable[[Size], float]
    sample: str
    pytorch: tuple[Variant, ...] = (EAGER, COMPILE, COMPILE_STEP)
    jax: tuple[Variant, ...] = (JIT,)
    flops: Callable[[Size], float] | None = None
    fits: Callable[[Size], str | None] = lambda _size: None
    tolerance: Tolerance = field(default_factory=Tolerance)
    trains: bool = True
    precision: str = "float32"
    depth_step: int = 1
    split: tuple[str, ...] = ()
    coupled: Callable[[Size], bool] = lambda _size: False
    branches: bool = False

    def sized(self, asked: Size) -> dict[str, Any]:
        """A whole size: *asked*, completed by the defaults.

        Raises:
            SizeError: a key that the family does not have, or a value out of its range.
        """
        names = [key.name for key in self.keys]
        for name in asked:
            if name not in names:
                raise SizeError(f"{self.id} has no size {name!r}; its sizes are {', '.join(names)}")
        try:
            size = {key.name: key.checked(asked.get(key.name, key.default)) for key in self.keys}
        except SizeError as error:
            raise SizeError(f"{self.id}: {error}") from None
        problem = self.fits(size)
        if problem:
            raise SizeError(f"{self.id}: {problem}")
        return size

    def preset(self, preset_id: str) -> dict[str, Any]:
        """The size of a preset.

        Raises:
            SizeError: there is none of that name.
        """
        for preset in self.presets:
            if preset.id == preset_id:
                return self.sized(preset.size)
        known = ", ".join(preset.id for preset in self.presets)
        raise SizeError(f"{self.id} has no preset {preset_id!r}; its presets are {known}")

    def tiny_of(self, size: Size) -> dict[str, Any]:
        """A size that is quick to build, with the words (norm, cell, ...) of *size*.

        Numbers that are zero stay so: they leave a part out.
        """
        words = {key.name for key in self.keys if key.choices}
        kept = {k: v for k, v in size.items() if k in words or v == 0}
        return self.sized({**self.tiny, **kept})

    def variants(self, framework: str, size: Size | None = None) -> list[Variant]:
        """The variants in *framework*, of those that *size* can be written in."""
        every: Sequence[Variant] = {"pytorch": self.pytorch, "jax": self.jax}[framework]
        return [v for v in every if size is None or v.fits(size)]

    def variant(self, size: Size, mode: str, variant_id: str | None = None) -> str:
        """The variant to build in *mode*: the one asked for, or the first that there is.

        Variants that compile can be compiled with CUDA graphs too
        (``pytorch.compile_reduce_overhead``).

        Raises:
            SizeError: the family has no such variant at this size, or not in this mode.
        """
        framework = mode.partition(".")[0]
        able = [v.id for v in self.variants(framework, size) if mode.startswith(v.mode)]
        # What is run without jit is written as for it.
        able = able or [v.id for v in self.variants(framework, size) if mode == "jax.eager"]
        if not able or (variant_id is not None and variant_id not in able):
            asked = f"variant {variant_id!r}" if variant_id else "variant"
            raise SizeError(
                f"{self.id} has no {asked} in {mode} at this size; there are: {', '.join(able)}"
            )
        return variant_id or able[0]

    def modes(self) -> tuple[str, ...]:
        """The modes that the family has variants for."""
        return tuple(dict.fromkeys(v.mode for v in (*self.pytorch, *self.jax)))


def workload_of(model: Model, size: Size) -> Workload:
    """The work of one step of *model* at *size*, in the form that workers build and time.

    Its one size is called ``asked``. Its inputs are made at the size that they are asked for,
    which is checked first.

    Raises:
        SizeError: see `Model.sized`.
    """
    whole = model.sized(size)

    def inputs(rng: np.random.Generator, asked: Size) -> Arrays:
        return model.inputs(rng, model.sized(asked))

    return Workload(
        id=f"{PREFIX}{model.id}",
        title=model.title,
        stands_for=model.stands_for,
        limits=model.limits,
        sizes={"asked": whole},
        inputs=inputs,
        flops=model.flops,
        samples_per_step=model.samples_per_step,
        tolerance=model.tolerance,
        trains=model.trains,
        precision=model.precision,
        modes=model.modes(),
    )


def normal(
    rng: np.random.Generator, shape: Sequence[int], scale: float = 1.0
) -> NDArray[np.float32]:
    """Normal numbers of standard deviation *scale*, float32 from the start: models are large."""
    drawn = rng.standard_normal(tuple(shape), dtype=np.float32)
    drawn *= np.float32(scale)
    return drawn


def groups_of(channels: int) -> int:
    """Groups of group normalisation (Wu and He, 2018): at most 32, of at least four channels.

    With fewer in a group a constant that is added to a channel has no effect.
    """
    return max(n for n in range(1, 33) if channels % n == 0 and (n == 1 or channels >= 4 * n))


def dense(
    rng: np.random.Generator, name: str, n_in: int, n_out: int, *, gain: float = 1.0
) -> Arrays:
    """Weight (in, out) of standard deviation gain / sqrt(in), and a bias of zeros."""
    return {
        f"{name}.weight": normal(rng, (n_in, n_out), gain * n_in**-0.5),
        f"{name}.bias": np.zeros(n_out, np.float32),
    }
