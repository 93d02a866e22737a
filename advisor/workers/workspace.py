"""A private directory per run: inputs, observations, caches and logs, gone when the run ends.

A run that was killed cannot clean up; the next one removes what has no living owner.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from advisor.files import owner_lives

_PREFIX = "fw-advisor-run-"
_TRIES, _BETWEEN_S = 20, 0.05


@contextlib.contextmanager
def workspace() -> Iterator[Path]:
    """A fresh directory, mode 0700, removed at the end."""
    sweep(Path(tempfile.gettempdir()))
    place = None
    try:
        place = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
        yield place
    finally:
        if place is not None:
            _remove(place)


def _remove(place: Path) -> None:
    """Remove *place*; what a process that is just ending writes into it meanwhile, too."""
    for _ in range(_TRIES):
        shutil.rmtree(place, ignore_errors=True)
        if not place.exists():
            return
        time.sleep(_BETWEEN_S)


def sweep(root: Path) -> list[Path]:
    """Remove directories of runs that no longer live; returns what was removed."""
    removed = []
    for place in root.glob(f"{_PREFIX}*"):
        owner = place.name.removeprefix(_PREFIX).split("-", 1)[0]
        with contextlib.suppress(OSError):
            ours = place.is_dir() and not place.is_symlink() and _is_ours(place)
            if ours and owner.isdigit() and not owner_lives(int(owner)):
                shutil.rmtree(place, ignore_errors=True)
                removed.append(place)
    return removed


def _is_ours(place: Path) -> bool:
    return not hasattr(os, "getuid") or place.stat().st_uid == os.getuid()
