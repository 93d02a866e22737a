"""The thin part that touches the disk: which files lie below a directory, and their bytes.

Follows no link, enters no vendored or generated directory, opens nothing but regular files, and
reads at most so much. It must not know what the files mean, and changes nothing.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG

from advisor.errors import UserError
from advisor.scan.kinds import SKIPPED_DIRECTORIES, Kind, kind_of

MAX_FILE_BYTES = 2 << 20
MAX_FILES = 20_000
"""Files that are read; a code base with more is read in part, and says so."""

MAX_ENTRIES = 500_000
MAX_TOTAL_BYTES = 256 << 20
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file that is read: its path below the root (with slashes), what it is, its bytes."""

    path: str
    kind: Kind
    data: bytes


@dataclass(slots=True)
class Walk:
    """One walk below *root*, which counts what it leaves out by reason.

    `truncated` is true once one of the limits was reached.
    """

    root: Path
    skipped: Counter[str] = field(default_factory=Counter)
    entries: int = 0
    files: int = 0
    total_bytes: int = 0
    truncated: bool = False

    def __iter__(self) -> Iterator[SourceFile]:
        """The files below the root, in the order of their paths."""
        if self.root.is_file():
            yield from self._file(self.root, self.root.name)
            return
        stack = [(self.root, "")]
        while stack and not self.truncated:
            directory, prefix = stack.pop()
            inside: list[tuple[Path, str]] = []
            for entry in self._entries_of(directory):
                self.entries += 1
                self.truncated |= self.entries > MAX_ENTRIES
                path = f"{prefix}{entry.name}"
                if entry.is_symlink():
                    self.skipped["link"] += 1
                elif _is_directory(entry):
                    if self._enters(entry):
                        inside.append((Path(entry.path), f"{path}/"))
                else:
                    yield from self._file(Path(entry.path), path)
                if self.truncated:
                    break
            stack += inside[::-1]

    def _entries_of(self, directory: Path) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(directory) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except OSError:
            self.skipped["unreadable"] += 1
            return []

    def _enters(self, entry: os.DirEntry[str]) -> bool:
        reason = SKIPPED_DIRECTORIES.get(entry.name)
        if reason is None and entry.name.endswith(".egg-info"):
            reason = "generated"
        if reason is None and _holds_somebody_else(Path(entry.path)):
            reason = "vendored"
        if reason is not None:
            self.skipped[f"{reason} directory"] += 1
        return reason is None

    def _file(self, path: Path, relative: str) -> Iterator[SourceFile]:
        kind = kind_of(relative)
        if kind is None:
            return
        if self.files >= MAX_FILES or self.total_bytes >= MAX_TOTAL_BYTES:
            self.truncated = True
            return
        data = self._bytes_of(path)
        if data is not None:
            self.files += 1
            self.total_bytes += len(data)
            yield SourceFile(relative, kind, data)

    def _bytes_of(self, path: Path) -> bytes | None:
        try:
            descriptor = os.open(path, _FLAGS)
        except (OSError, ValueError):
            self.skipped["unreadable"] += 1
            return None
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            if not S_ISREG(status.st_mode):
                self.skipped["not a file"] += 1
                return None
            if status.st_size > MAX_FILE_BYTES:
                self.skipped["huge"] += 1
                return None
            try:
                data = file.read(MAX_FILE_BYTES + 1)
            except OSError:
                self.skipped["unreadable"] += 1
                return None
        if len(data) > MAX_FILE_BYTES:
            self.skipped["huge"] += 1
            return None
        return data


def walk(root: Path) -> Walk:
    """A walk below *root*, a directory or a single file.

    Raises:
        UserError: there is no such place, or it cannot be looked into.
    """
    try:
        place = root.resolve(strict=True)
        readable = os.access(place, os.R_OK)
    except (OSError, ValueError, RuntimeError) as error:
        raise UserError(
            "there is no such file or directory",
            hint="give the directory of a code base",
            where=str(root),
        ) from error
    if not readable or not (place.is_dir() or place.is_file()):
        raise UserError("cannot be read", hint="give a directory or a file", where=str(root))
    return Walk(place)


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _holds_somebody_else(directory: Path) -> bool:
    """Whether *directory* is a virtual environment or another repository (a submodule)."""
    try:
        return (directory / "pyvenv.cfg").exists() or (directory / ".git").exists()
    except OSError:
        return False
