"""A whole code base: the walk, the readers (on several CPUs where it is large), and all together.

Knows how the parts are put together. It must not know what any of them finds.
"""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context, parent_process
from pathlib import Path

from advisor.knowledge.counterparts import CounterpartTables
from advisor.scan.collected import Collected
from advisor.scan.manifests.projects import project_name
from advisor.scan.model import FileReport
from advisor.scan.reading import read_file
from advisor.scan.tables import Tables
from advisor.scan.text import SkippedError, decode
from advisor.scan.walk import SourceFile, Walk, bytes_of, walk

_BATCH = 64
_WORTH_A_PROCESS = 24
"""Batches from which on the start of further processes pays."""

_MOST_PROCESSES = 4

_reader: _Reader | None = None


def scan_code(
    root: Path, knowledge: CounterpartTables, *, processes: int | None = None
) -> Collected:
    """Read the code base below *root*; nothing of it is imported or run.

    Args:
        root: A directory, or a single file.
        knowledge: What names, packages and images mean.
        processes: How many processes read; None for one, or for a large code base as many as there
            are CPUs that may be used (at most four).

    Raises:
        UserError: *root* cannot be read.
    """
    steps = walk(root)
    reader = _Reader(steps.base, Tables(knowledge))
    collected = Collected(reader.tables)
    batches = _batches(steps)
    head = list(islice(batches, _WORTH_A_PROCESS))
    large = len(head) == _WORTH_A_PROCESS
    several = processes or (_usable_cpus() if large else 1)
    with _no_cycles():
        for reports in _read(_chained(head, batches), reader, several):
            for report in reports:
                collected.take(report)
    collected.skipped += steps.skipped
    collected.truncated = steps.truncated
    return collected.finish(_project(steps.base))


@dataclass(frozen=True)
class _Reader:
    """Reads files below one directory, in this process."""

    base: Path
    tables: Tables

    def read(self, batch: list[SourceFile]) -> list[FileReport]:
        """The reports of *batch*, in its order."""
        return [self._read_one(file) for file in batch]

    def _read_one(self, file: SourceFile) -> FileReport:
        try:
            data = bytes_of(self.base, file)
        except SkippedError as error:
            return FileReport(file.path, product=False, skipped=error.reason)
        return read_file(file.path, file.kind, data, self.tables)


def _batches(steps: Walk) -> Iterator[list[SourceFile]]:
    files = iter(steps)
    while batch := list(islice(files, _BATCH)):
        yield batch


def _chained(
    head: list[list[SourceFile]], rest: Iterator[list[SourceFile]]
) -> Iterator[list[SourceFile]]:
    while head:
        yield head.pop(0)
    yield from rest


def _read(
    batches: Iterable[list[SourceFile]], reader: _Reader, processes: int
) -> Iterator[list[FileReport]]:
    if processes <= 1:
        for batch in batches:
            yield reader.read(batch)
        return
    yield from _read_apart(batches, reader, min(processes, _MOST_PROCESSES))


def _read_apart(
    batches: Iterable[list[SourceFile]], reader: _Reader, processes: int
) -> Iterator[list[FileReport]]:
    """Read in processes of their own, in order, with a bounded number of batches under way.

    Only paths go there: a pipe that was full when a process died would never be emptied.
    """
    source = iter(batches)
    arguments = (reader.base, reader.tables.knowledge)
    pool = ProcessPoolExecutor(
        processes, get_context("spawn"), initializer=_start, initargs=arguments
    )
    waiting: list[tuple[list[SourceFile], Future[list[FileReport]] | None]] = []
    with pool:
        _start_all(pool, processes)
        waiting += [(batch, _submit(pool, batch)) for batch in islice(source, 2 * processes)]
        while waiting:
            batch, future = waiting.pop(0)
            yield _result_of(future) or reader.read(batch)
            waiting += [(b, _submit(pool, b)) for b in islice(source, 1)]


def _start_all(pool: ProcessPoolExecutor, processes: int) -> None:
    """Wait until every process runs: one that starts while another dies is waited for for ever."""
    with suppress(BrokenProcessPool, OSError, RuntimeError):
        for future in [pool.submit(os.getpid) for _ in range(processes)]:
            future.result()


def _submit(pool: ProcessPoolExecutor, batch: list[SourceFile]) -> Future[list[FileReport]] | None:
    """The work under way; none where no further process can be had."""
    try:
        return pool.submit(_read_here, batch)
    except (BrokenProcessPool, OSError, RuntimeError):
        return None


def _result_of(future: Future[list[FileReport]] | None) -> list[FileReport] | None:
    """What another process read; none where it died, so that this one has to."""
    if future is None:
        return None
    try:
        return future.result()
    except (BrokenProcessPool, OSError):
        return None


def _start(base: Path, knowledge: CounterpartTables) -> None:
    global _reader  # noqa: PLW0603  (one reader a process, made once)
    _reader = _Reader(base, Tables(knowledge))
    gc.disable()
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    """A process whose parent was killed would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _read_here(batch: list[SourceFile]) -> list[FileReport]:
    assert _reader is not None
    return _reader.read(batch)


def _project(base: Path) -> str | None:
    """The package that the code base makes, as its project file says."""
    try:
        return project_name(decode(bytes_of(base, SourceFile("pyproject.toml", "project"))))
    except SkippedError:
        return None


def _usable_cpus() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


@contextmanager
def _no_cycles() -> Iterator[None]:
    """Syntax trees have no cycles, and looking for some takes a fifth of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
