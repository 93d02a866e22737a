"""Write a file whole or not at all: whoever reads it sees the old one or the new one.

Standard library only: a bare node writes its evidence with this too. It must not know what is
written.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from advisor.errors import UserError

_SHOWN = 40
"""Characters of a file's name in the name that it has until it is whole."""

REPORT_DIRECTORY = Path("fw-advisor-report")
"""Where an interview writes, below the directory that it is held in."""


def write_whole(
    path: Path, content: str | bytes, *, option: str = "--output", executable: bool = False
) -> None:
    """Write *content* (text as UTF-8) to *path*, making its directory where it is missing.

    Args:
        path: Where.
        content: What.
        option: The option that names another place, for the error.
        executable: Whether everybody may run it.

    Raises:
        UserError: the place cannot be written to; nothing of it was changed.
    """
    # A name on a disk need not be text, and half a character cannot be written.
    data = content.encode("utf-8", "replace") if isinstance(content, str) else content
    # Shorter than the name itself, which may be as long as a name can be.
    partial = path.with_name(f".{path.name[:_SHOWN]}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(data)
        if executable:
            partial.chmod(0o755)
        partial.replace(path)
    except BaseException as error:
        # An interrupt in the middle leaves nothing behind either.
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise UserError(
            f"cannot be written: {error.strerror or error}",
            hint=f"give another place with {option}",
            where=str(path),
        ) from error
