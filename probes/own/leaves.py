"""Named leaves of results and states as samples that the driver compares: the same for both sides.

A leaf of up to `MOST` elements is kept whole; of a larger one a fixed sample and three numbers
over all of it: its norm, the mean of its magnitudes, and the sum with fixed signs. Knows NumPy.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST = 4096
# Below this share of a leaf denormal numbers cost nothing that could be seen.
DENORMAL_SHARE = 0.01
STATE_STEPS = 5
"""Steps after which two states are compared.

Where activations have kinks, rounding grows from step to step: in a residual network with
standardised kernels the worst element of an honest pair was 1 % of a usual movement apart after
5 steps and 14 % after 20 (PyTorch 2.13.0 against JAX 0.10.2, CPU, 2026-11-27).
"""
WHOLE = "output"
"""What a result is called that is one array and has no name."""


@dataclass(frozen=True)
class Leaf:
    """One array of a result or state: its values, and the type that the framework gave it."""

    name: str
    values: NDArray[Any]
    dtype: str

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape."""
        return tuple(self.values.shape)


def path_name(parts: Iterable[Any]) -> str:
    """The name of a leaf at the end of *parts*; `WHOLE` where there are none."""
    return ".".join(str(part) for part in parts) or WHOLE


@dataclass
class Watched:
    """What one program computed: its results step by step, and its state before and after.

    Attributes:
        steps: The leaves of each step's result.
        before: The state that it began from, as far as it can be seen.
        after: The state after `STATE_STEPS` of them; after all where nothing moved until then.
    """

    steps: list[list[Leaf]] = field(default_factory=list)
    before: list[Leaf] = field(default_factory=list)
    after: list[Leaf] = field(default_factory=list)

    def note_state(self, of: int, state: Callable[[], list[Leaf]]) -> None:
        """Take what *state* gives after a step of *of* where it is to be compared."""
        number = len(self.steps)
        if number == min(STATE_STEPS, of) or (number == of and not self.trained()):
            self.after = state()

    def arrays(self, kind: str) -> dict[str, NDArray[Any]]:
        """Samples under ``KIND.out/NAME`` (steps, sample) and ``KIND.out+/NAME`` (steps, 3).

        Those of the state stand under ``before`` and ``after`` alike.
        """
        found: dict[str, NDArray[Any]] = {}
        for name in [leaf.name for leaf in self.steps[0]] if self.steps else []:
            series = [leaf for step in self.steps for leaf in step if leaf.name == name]
            if len({leaf.shape for leaf in series}) == 1:
                found[f"{kind}.out/{name}"] = np.stack([sample(x.values) for x in series])
                if series[0].values.size > MOST:
                    found[f"{kind}.out+/{name}"] = np.stack([norms(x.values) for x in series])
        for when, leaves in (("before", self.before), ("after", self.after)):
            for leaf in leaves:
                found[f"{kind}.{when}/{leaf.name}"] = sample(leaf.values)[None]
                if leaf.values.size > MOST:
                    found[f"{kind}.{when}+/{leaf.name}"] = norms(leaf.values)[None]
        return found

    def described(self) -> dict[str, Any]:
        """Types and shapes of results and state by name."""
        last = self.steps[-1] if self.steps else []
        return {
            "out": {leaf.name: [leaf.dtype, list(leaf.shape)] for leaf in last},
            "state": {leaf.name: [leaf.dtype, list(leaf.shape)] for leaf in self.after},
        }

    def trained(self) -> bool | None:
        """Whether a number of the state moved; None where no number of it can be seen."""
        start = {leaf.name: leaf for leaf in self.before}
        pairs = [(start[x.name], x) for x in self.after if x.name in start]
        pairs = [(a, b) for a, b in pairs if a.values.dtype.kind in "fc"]
        if not pairs:
            return None
        return any(a.shape != b.shape or not np.array_equal(a.values, b.values) for a, b in pairs)


def meta(**facts: Any) -> NDArray[Any]:
    """*facts* as an array of one text, which the driver reads beside the samples."""
    return np.array(json.dumps(facts))


def sample(values: NDArray[Any]) -> NDArray[Any]:
    """A fixed sample of *values*, flat; complex numbers as two real ones each."""
    flat = np.ascontiguousarray(values).reshape(-1)
    return real(flat[_places(flat.size)] if flat.size > MOST else flat)


def norms(values: NDArray[Any]) -> NDArray[np.float64]:
    """Norm, mean magnitude, and the sum with fixed signs over the root of the number."""
    wide = real(values).astype(np.float64)
    signed = float(wide @ _signs(wide.size)) / wide.size**0.5
    return np.array([np.linalg.norm(wide), np.mean(np.abs(wide)), signed])


@functools.lru_cache(maxsize=64)
def _places(size: int) -> NDArray[np.int64]:
    # At random: an even stride would look at one channel only.
    return np.sort(np.random.default_rng(size).choice(size, MOST, replace=False))


@functools.lru_cache(maxsize=8)
def _signs(size: int) -> NDArray[np.float64]:
    return np.random.default_rng(size).choice((-1.0, 1.0), size)


def faults(leaves: Sequence[Leaf]) -> list[dict[str, Any]]:
    """What in *leaves* is NaN, infinite or denormal: by leaf the share of its elements."""
    found: list[dict[str, Any]] = []
    for leaf in leaves:
        if leaf.values.dtype.kind not in "fc" or not leaf.values.size:
            continue
        flat = real(leaf.values)
        tiny = _smallest_normal(leaf.dtype, flat)
        kinds: Mapping[str, Any] = {
            "nan": np.isnan(flat),
            "infinite": np.isinf(flat),
            "denormal": (flat != 0) & (np.abs(flat) < tiny),
        }
        for case, marked in kinds.items():
            share = float(np.mean(marked))
            if share > (DENORMAL_SHARE if case == "denormal" else 0.0):
                found.append({"case": case, "leaf": leaf.name[:120], "share": share})
    return found


def real(values: NDArray[Any]) -> NDArray[Any]:
    """*values* flat, complex numbers as two real ones each."""
    flat = np.ascontiguousarray(values).reshape(-1)
    if flat.dtype.kind == "c":
        return flat.view(np.float64 if flat.dtype.itemsize == 16 else np.float32)
    return flat


def _smallest_normal(dtype: str, flat: NDArray[Any]) -> float:
    # bfloat16, shown as float32, has its exponents.
    kind = np.float16 if dtype == "float16" else flat.dtype
    return float(np.finfo(kind).tiny)
