"""Where the shipped rules/, templates/ and probes/ lie: in a wheel, or beside the package."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent


def resource_dir(name: str) -> Path:
    """The directory called *name*: inside the package when installed, at the root in a checkout.

    Raises:
        FileNotFoundError: the installation is incomplete.
    """
    for candidate in (_HERE / "_data" / name, _HERE.parent / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"fw-advisor is missing its {name}/ directory; reinstall it")
