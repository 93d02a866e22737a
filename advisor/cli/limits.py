"""What a machine refuses a command, as words: room, memory, descriptors, processes, rights.

None of it is a bug, and all of it can be mended by whoever runs the command. Knows errors of the
operating system. It must not know what was being done.
"""

from __future__ import annotations

import errno
import gc
import os
from pathlib import Path

from advisor.errors import UserError
from advisor.text import inert

_HINTS = {
    errno.ENOSPC: "make room there, or write to another disk",
    errno.EDQUOT: "make room in your quota, or write to another disk",
    errno.EFBIG: "raise the limit on the size of files: ulimit -f unlimited",
    errno.EMFILE: "raise the limit on open files: ulimit -n 1024",
    errno.ENFILE: "the whole machine has no file left to open: close other programs",
    errno.ENOMEM: "free memory or raise its limit: ulimit -v unlimited",
    errno.EAGAIN: "raise the limit on processes: ulimit -u 1024; or wait for others to end",
    errno.EROFS: "give a place on a disk that can be written to",
    errno.EACCES: "give a place that this user may read and write",
    errno.EPERM: "give a place that this user may read and write",
    errno.EIO: "the disk or the terminal went away: run the command again on another",
    errno.ENAMETOOLONG: "give a shorter name",
    errno.ELOOP: "give the file itself: the links lead in a circle",
    errno.ENOENT: "make the directory that is missing, and run the command again",
}
_NO_ROOM_TO_LOAD = ("failed to map segment", "cannot allocate memory", "Cannot allocate memory")
_TEMPORARY = "No usable temporary directory"
_NO_MEMORY = (
    "memory ran out; nothing that stood in a file before was changed",
    "free memory or raise its limit (ulimit -v unlimited), then run the command again",
)
_COLLECTING = (50_000, 20, 100)
_NO_THREAD = "can't start new thread"


def words_of_limit(error: BaseException) -> UserError | None:
    """What the machine refused, or None where *error* is something else."""
    if isinstance(error, MemoryError) or _cannot_load(error):
        return UserError(_NO_MEMORY[0], hint=_NO_MEMORY[1])
    if isinstance(error, RuntimeError) and _NO_THREAD in str(error):
        return UserError(
            "no further thread can be started here: the limit on processes is reached",
            hint=_HINTS[errno.EAGAIN],
        )
    if isinstance(error, OSError):
        return _of_system(error)
    if type(error).__name__ == "PanicException":
        # What pyo3 raises where Rust gave up: no Exception, and known by its name only.
        return UserError(
            f"the charts could not be drawn: {inert(str(error), limit=200)}",
            hint="raise the limits of this shell (ulimit -n 1024), or write the report as .txt",
        )
    return None


def _cannot_load(error: BaseException) -> bool:
    """Whether a library did not fit into memory."""
    return isinstance(error, ImportError) and any(w in str(error) for w in _NO_ROOM_TO_LOAD)


def compute_alone() -> None:
    """Keep NumPy's library from starting threads, which deciding does not need.

    OpenBLAS interrupts the process where it cannot start them, and that looks like Ctrl-C. Only C
    gets to know of it: `os.environ` is what the user set, and workers get theirs from that.
    """
    if "OPENBLAS_NUM_THREADS" not in os.environ:
        os.putenv("OPENBLAS_NUM_THREADS", "1")


def collect_rarely() -> None:
    """Look for circles of dead objects far more rarely than Python does by itself.

    Documents and decisions have none, and looking for them takes a tenth of a decision's time.
    """
    gc.set_threshold(*_COLLECTING)


def have_a_home() -> None:
    """Name a home for users without one, which containers run as; nothing is ever there.

    Libraries ask for it while they are imported, whether they need it or not.
    """
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = "/nonexistent"


def _of_system(error: OSError) -> UserError | None:
    if str(error.args[1:2]).find(_TEMPORARY) >= 0:
        return UserError(
            "no directory for temporary files can be written to",
            hint="make room in /tmp, or name another: export TMPDIR=DIRECTORY",
        )
    hint = _HINTS.get(error.errno or 0)
    if hint is None:
        return None
    where = str(error.filename) if error.filename is not None else None
    return UserError(f"the machine refused: {error.strerror}", hint=hint, where=where)
