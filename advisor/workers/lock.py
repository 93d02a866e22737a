"""One measuring run per machine: two at once would each measure the other.

The lock is a file that all users can open, held with flock; it goes with its holder, however
that ends. What stands in it, the holder's process and since when, is for people only.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from advisor.errors import UserError

LOCK_NAME = "fw-advisor.lock"
_LOOK_S = 0.2
_STATED = re.compile(rb"(\d{1,10}) (\d{1,12})\n")


@dataclass(frozen=True)
class Holder:
    """Who holds the lock: a process id, and since when (seconds since 1970)."""

    pid: int
    since_s: float

    def __str__(self) -> str:
        began = time.strftime("%H:%M", time.localtime(self.since_s))
        minutes = max(0.0, time.time() - self.since_s) / 60
        ago = f"{minutes:.0f} min ago" if minutes >= 1 else "just now"
        return f"process {self.pid}, begun at {began}, {ago}"


def lock_path() -> Path:
    """The one place all runs on this machine agree on: not TMPDIR, which is often per user."""
    shared = Path("/tmp")  # noqa: S108  (opened without following links; nothing secret is in it)
    place = shared if shared.is_dir() else Path(tempfile.gettempdir())
    return Path(os.environ.get("FW_ADVISOR_LOCK", place / LOCK_NAME))


def unheard(holder: Holder | None) -> None:
    """Tell nobody who is waited for."""
    del holder


@contextlib.contextmanager
def machine_lock(
    wait_s: float = 0.0,
    path: Path | None = None,
    waiting: Callable[[Holder | None], None] = unheard,
) -> Iterator[None]:
    """Hold the machine's lock; wait for at most *wait_s* for another run to end.

    While it waits it tells *waiting* again and again for whom; None where the holder did not say.

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
                    raise _refusal(_stated(descriptor)) from None
                waiting(_stated(descriptor))
                time.sleep(_LOOK_S)
        _state(descriptor, f"{os.getpid()} {int(time.time())}\n")
        yield
        _state(descriptor, "")
    finally:
        os.close(descriptor)


def holder_of(path: Path | None = None) -> Holder | None:
    """Who holds the lock now; None where nobody does, or the holder did not say."""
    if not is_held(path):
        return None
    descriptor = _open(path or lock_path())
    try:
        return _stated(descriptor)
    finally:
        os.close(descriptor)


def is_held(path: Path | None = None) -> bool:
    """Whether a run holds the lock now."""
    try:
        with machine_lock(0.0, path):
            return False
    except UserError:
        return True


def _refusal(holder: Holder | None) -> UserError:
    named = f" ({holder})" if holder else ""
    stop = f"stop it: kill {holder.pid}" if holder else "stop it"
    return UserError(
        f"another fw-advisor{named} is measuring on this machine; two at once would measure "
        "each other",
        hint=f"--wait waits for its end; or {stop}",
    )


def _state(descriptor: int, text: str) -> None:
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text.encode("ascii"), 0)


def _stated(descriptor: int) -> Holder | None:
    """What the holder wrote; others can write there too, so that only numbers are taken."""
    try:
        stated = _STATED.fullmatch(os.pread(descriptor, 64, 0))
    except OSError:
        return None
    return Holder(int(stated[1]), float(stated[2])) if stated else None


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
