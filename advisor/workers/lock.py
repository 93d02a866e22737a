"""One measuring run per machine: two at once would each measure the other.

The lock is a file that all users can open, held with flock; it goes with its holder, however
that ends.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from advisor.errors import UserError

LOCK_NAME = "fw-advisor.lock"


def lock_path() -> Path:
    """The one place all runs on this machine agree on: not TMPDIR, which is often per user."""
    shared = Path("/tmp")  # noqa: S108  (opened without following links; nothing is stored)
    place = shared if shared.is_dir() else Path(tempfile.gettempdir())
    return Path(os.environ.get("FW_ADVISOR_LOCK", place / LOCK_NAME))


@contextlib.contextmanager
def machine_lock(wait_s: float = 0.0, path: Path | None = None) -> Iterator[None]:
    """Hold the machine's lock; wait for at most *wait_s* for another run to end.

    Raises:
        UserError: another run holds it for longer than that.
    """
    try:
        import fcntl  # noqa: PLC0415  (absent on native Windows, where nothing is locked)
    except ImportError:
        yield
        return
    place = path or lock_path()
    descriptor = _open(place)
    deadline = time.monotonic() + wait_s
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() >= deadline:
                    raise UserError(
                        "another fw-advisor is measuring on this machine; two at once would "
                        "measure each other",
                        hint="wait until it has finished, or stop it",
                    ) from None
                time.sleep(0.2)
        yield
    finally:
        os.close(descriptor)


def is_held(path: Path | None = None) -> bool:
    """Whether a run holds the lock now."""
    try:
        with machine_lock(0.0, path):
            return False
    except UserError:
        return True


def _open(place: Path) -> int:
    no_links = getattr(os, "O_NOFOLLOW", 0)
    try:
        # Without O_CREAT first: Linux refuses it on another user's file in a sticky directory
        # (fs.protected_regular).
        with contextlib.suppress(FileNotFoundError):
            return os.open(place, os.O_RDWR | no_links)
        descriptor = os.open(place, os.O_RDWR | os.O_CREAT | no_links, 0o666)
    except OSError as error:
        raise UserError(
            f"the lock file cannot be opened: {error.strerror}",
            hint="set FW_ADVISOR_LOCK to a path that you can write to",
            where=str(place),
        ) from error
    with contextlib.suppress(OSError):
        # The umask would keep other users from opening it.
        os.fchmod(descriptor, 0o666)
    return descriptor
