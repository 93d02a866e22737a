"""Places that nobody but this user can have written: what lies there may be trusted.

Whoever may write where we read could hand us measurements, or the name of a file to run. Knows
owners, modes and links; it must not know what is kept. Standard library only.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from advisor.errors import UserError

_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


class ForeignError(UserError):
    """A place that somebody else could have written; it is not used."""

    def __init__(self, path: Path, why: str, mend: str) -> None:
        super().__init__(
            f"{why}, so that what it holds may not be yours: it is not used",
            hint=mend,
            where=str(path),
        )


def own_directory(path: Path) -> Path:
    """*path* as a directory of this user's alone, made with mode 0700 where it is missing.

    Raises:
        ForeignError: it is a link, another user's, or open for others to write.
        OSError: it cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    refuse_foreign(path)
    return path


def refuse_foreign(path: Path) -> None:
    """Refuse a file or directory that is a link, another user's, or open for others to write.

    Raises:
        ForeignError: it is.
        OSError: it cannot be looked at.
    """
    refuse_foreign_state(path, path.lstat())


def refuse_foreign_state(path: Path, state: os.stat_result) -> None:
    """The same for what was looked at already: the *state* of *path*.

    Raises:
        ForeignError: as for `refuse_foreign`.
    """
    if stat.S_ISLNK(state.st_mode):
        raise ForeignError(path, "is a link, and nobody knows who made it", f"rm {path}")
    if not (stat.S_ISDIR(state.st_mode) or stat.S_ISREG(state.st_mode)):
        raise ForeignError(path, "is neither a file nor a directory", f"rm {path}")
    if not hasattr(os, "getuid"):
        return
    if state.st_uid != os.getuid():
        raise ForeignError(path, "belongs to another user", "work in a directory of your own")
    if state.st_mode & _WRITABLE_BY_OTHERS:
        raise ForeignError(path, "may be written by other users", f"chmod go-w {path}")


def read_own(path: Path, most_bytes: int) -> bytes:
    """What stands in *path*, a file of this user's alone, of so many bytes at most.

    Raises:
        ForeignError: as for `refuse_foreign`.
        OSError: it cannot be read, or is larger.
    """
    no_links = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(path, os.O_RDONLY | no_links)
    except OSError:
        refuse_foreign(path)
        raise
    with os.fdopen(descriptor, "rb") as file:
        state = os.fstat(file.fileno())
        refuse_foreign_state(path, state)
        if state.st_size > most_bytes:
            raise OSError(f"{path} has {state.st_size:,} bytes; at most {most_bytes:,} are read")
        return file.read(most_bytes)
