"""Write a file whole or not at all: whoever reads it sees the old one or the new one.

Standard library only: a bare node writes its evidence with this too. It must not know what is
written.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from advisor.errors import UserError

_SHOWN = 40
"""Characters of a file's name in the name that it has until it is whole."""

REPORT_DIRECTORY = Path("fw-advisor-report")
"""Where an interview writes, below the directory that it is held in."""
_PRIVATE, _USUAL, _EXECUTABLE = 0o600, 0o666, 0o777


def state_directory() -> Path:
    """Where unfinished work lies, to be gone on with: beside the report of the same project.

    ``FW_ADVISOR_STATE_DIR`` overrides it.
    """
    given = os.environ.get("FW_ADVISOR_STATE_DIR")
    return Path(given) if given else REPORT_DIRECTORY


def write_whole(
    path: Path,
    content: str | bytes,
    *,
    option: str = "--output",
    executable: bool = False,
    private: bool = False,
) -> None:
    """Write *content* (text as UTF-8) to *path*, making its directory where it is missing.

    Args:
        path: Where.
        content: What.
        option: The option that names another place, for the error.
        executable: Whether everybody may run it.
        private: Whether nobody but the owner may read it.

    Raises:
        UserError: the place cannot be written to; nothing of it was changed.
    """
    mode = _PRIVATE if private else _EXECUTABLE if executable else _USUAL
    try:
        replace_file(path, content, mode=mode)
    except OSError as error:
        raise UserError(
            f"cannot be written: {error.strerror or error}",
            hint=f"give another place with {option}",
            where=str(path),
        ) from error


def refuse_unwritable(path: Path, *, option: str = "--output") -> None:
    """Refuse what `write_whole` would, as far as that can be seen before minutes of work.

    Raises:
        UserError: *path* is a directory, or no file can be made where it is to lie.
    """
    above = next((place for place in path.absolute().parents if place.exists()), None)
    problem = ""
    if path.is_dir():
        problem = "is a directory"
    elif above is not None and not above.is_dir():
        problem = f"cannot be written: {above} is not a directory"
    elif above is not None:
        try:
            # What may be done there is found out by doing it: rights alone do not tell.
            with tempfile.TemporaryFile(dir=above):
                pass
        except OSError as error:
            problem = f"cannot be written: {error.strerror or error}"
    if problem:
        raise UserError(problem, hint=f"give the name of a file with {option}", where=str(path))


def replace_file(path: Path, content: str | bytes, *, mode: int = _USUAL) -> None:
    """Write *content* to *path* as `write_whole` does, for its owner to tell what goes wrong.

    The bytes are on the disk before the name points to them: after a power cut too it is the old
    file or the new one. *mode* is what the umask leaves of it.

    Raises:
        OSError: the place cannot be written to; nothing of it was changed.
    """
    # A name on a disk need not be text, and half a character cannot be written.
    data = content.encode("utf-8", "replace") if isinstance(content, str) else content
    # Shorter than the name itself, which may be as long as a name can be.
    partial = path.with_name(f".{path.name[:_SHOWN]}.{os.getpid()}.partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    # A name that is there already may be somebody's link to another file.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    try:
        descriptor = os.open(partial, flags, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def _sweep(path: Path) -> None:
    """Remove what writers of *path* left that were killed, or that had our process id before us."""
    prefix, suffix = f".{path.name[:_SHOWN]}.", ".partial"
    with contextlib.suppress(OSError):
        for name in [place.name for place in path.parent.iterdir()]:
            owner = name.removeprefix(prefix).removesuffix(suffix)
            if name != f"{prefix}{owner}{suffix}" or not owner.isdigit():
                continue
            if int(owner) == os.getpid() or not owner_lives(int(owner)):
                with contextlib.suppress(OSError):
                    path.with_name(name).unlink()


def owner_lives(pid: int) -> bool:
    """Whether a process *pid* that left something behind lives yet."""
    if os.name == "nt":
        # There a signal of 0 would end the process.
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _sync_directory(directory: Path) -> None:
    """Put the new name on the disk too, where a directory can be opened for that."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
