"""A NumPy program for the self-test: does measuring work here, without any framework?

Its work mixes a small product with element-wise passes, so that cores and caches both count.
"""

from __future__ import annotations

from typing import Any

import numpy as np

FRAMEWORK = "numpy"


class NumpyRuntime:
    """NumPy in one process; there is one workload, `selftest`."""

    def facts(self) -> dict[str, Any]:
        """Version of NumPy."""
        return {"version": np.__version__, "threads": None}

    def program(self, mode: str) -> NumpyProgram:
        """The reference program; *mode* only names it."""
        del mode
        return NumpyProgram()


class NumpyProgram:
    """About 0.2 ms of NumPy: ``tanh(state @ factor)`` on (128, 128) float32, and a reduction."""

    variant = "numpy"

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self._factor = (rng.standard_normal((128, 128)) / 12).astype(np.float32)
        self._state = rng.standard_normal((128, 128)).astype(np.float32)

    def call(self) -> Any:
        """One step from the state of the last."""
        self._state = np.tanh(self._state @ self._factor)
        self._state += np.float32(0.5)
        return self._state.sum()

    def wait(self, result: Any) -> None:
        """NumPy has computed everything when it returns."""

    def compile_events(self) -> int:
        """NumPy compiles nothing."""
        return 0

    def counters(self) -> dict[str, Any]:
        """Nothing is counted."""
        return {}

    def fell_back(self) -> bool:
        """There is nothing to fall back from."""
        return False
