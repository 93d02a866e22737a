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
from advisor.scan.text import SkippedError

MAX_FILE_BYTES = 2 << 20
MAX_FILES = 20_000
"""Files that are read; a code base with more is read in part, and says so."""

MAX_ENTRIES = 500_000
MAX_TOTAL_BYTES = 256 << 20
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file that is read: its path below the root (with slashes), and what it is."""

    path: str
    kind: Kind


@dataclass(slots=True)
class Walk:
    """One walk below *root*, which counts what it leaves out by reason.

    `truncated` is true once one of the limits was reached. A root that is a file is the only file
    of its directory.
    """

    root: Path
    skipped: Counter[str] = field(default_factory=Counter)
    entries: int = 0
    files: int = 0
    total_bytes: int = 0
    truncated: bool = False

    @property
    def base(self) -> Path:
        """The directory that the files' paths begin in."""
        return self.root if self.root.is_dir() else self.root.parent

    def __iter__(self) -> Iterator[SourceFile]:
        """The files below the root, in the order of their paths."""
        if not self.root.is_dir():
            yield from self._file(self.root.name, self.root.lstat())
            return
        stack = [(self.root, "")]
        while stack and not self.truncated:
            directory, prefix = stack.pop()
            inside: list[tuple[Path, str]] = []
            for entry in self._entries_of(directory):
                self.entries += 1
                self.truncated |= self.entries > MAX_ENTRIES
                yield from self._entry(entry, prefix, inside)
                if self.truncated:
                    break
            stack += inside[::-1]

    def _entry(
        self, entry: os.DirEntry[str], prefix: str, inside: list[tuple[Path, str]]
    ) -> Iterator[SourceFile]:
        """One entry of a directory: a file, or a directory that is added to *inside*."""
        path = f"{prefix}{entry.name}"
        if entry.is_symlink():
            self.skipped["link"] += 1
        elif _is_directory(entry):
            if self._enters(entry):
                inside.append((Path(entry.path), f"{path}/"))
        else:
            try:
                yield from self._file(path, entry.stat(follow_symlinks=False))
            except OSError:
                self.skipped["unreadable"] += 1

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

    def _file(self, relative: str, status: os.stat_result) -> Iterator[SourceFile]:
        kind = kind_of(relative)
        if kind is None:
            return
        if self.files >= MAX_FILES or self.total_bytes >= MAX_TOTAL_BYTES:
            self.truncated = True
            return
        reason = _reason_against(status)
        if reason is not None:
            self.skipped[reason] += 1
            return
        self.files += 1
        self.total_bytes += status.st_size
        yield SourceFile(relative, kind)


def _reason_against(status: os.stat_result) -> str | None:
    if not S_ISREG(status.st_mode):
        return "not a file"
    return "huge" if status.st_size > MAX_FILE_BYTES else None


def bytes_of(base: Path, file: SourceFile) -> bytes:
    """The bytes of *file* below *base*.

    Raises:
        SkippedError: it cannot be read, or is no longer what the walk saw.
    """
    try:
        descriptor = os.open(base / file.path, _FLAGS)
        with os.fdopen(descriptor, "rb") as opened:
            reason = _reason_against(os.fstat(opened.fileno()))
            data = b"" if reason is not None else opened.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        raise SkippedError("unreadable") from error
    if reason is not None or len(data) > MAX_FILE_BYTES:
        raise SkippedError(reason or "huge")
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
