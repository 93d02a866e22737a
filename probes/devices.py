"""The devices of a framework in this interpreter: listed with proof that they work.

A device counts as usable only after an operation on it gave the right number: a GPU can be
visible and yet have no kernels in the wheel. Warnings on the way are kept, since a framework
that falls back to the CPU says so only there.
"""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from typing import Any

Device = dict[str, Any]


class DeviceMissingError(RuntimeError):
    """The framework has no such device here; its name crosses to the driver in the reply."""


@contextlib.contextmanager
def listening() -> Iterator[list[str]]:
    """Collects what is warned of or logged as a warning meanwhile."""
    heard: list[str] = []

    def note(text: str) -> None:
        line = " ".join(text.split())[:500]
        if line and line not in heard:
            heard.append(line)

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            note(record.getMessage())

    ear = Ear(logging.WARNING)
    logging.getLogger().addHandler(ear)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                yield heard
            finally:
                for warning in caught:
                    # Deprecations speak to the framework's programmers, not about devices.
                    if not issubclass(warning.category, (DeprecationWarning, FutureWarning)):
                        note(str(warning.message))
    finally:
        logging.getLogger().removeHandler(ear)


def list_devices(framework: str) -> list[Device]:
    """The devices of *framework*, the CPU last.

    Raises:
        ImportError: it is not there, or cannot be loaded.
        RuntimeError: it has no working back end at all.
    """
    if framework == "pytorch":
        from probes import torch_devices

        return torch_devices.list_devices()
    from probes import jax_devices

    return jax_devices.list_devices()


def proven(device: Device, error: str | None) -> Device:
    """*device* with whether it works, and if not, why."""
    return {**device, "usable": error is None, "error": error}
