"""A whole code base: the walk, the readers (on several CPUs where it is large), and all together.

Knows how the parts are put together. It must not know what any of them finds.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from advisor.knowledge.counterparts import CounterpartTables
from advisor.scan.collected import Collected
from advisor.scan.manifests.projects import project_name
from advisor.scan.model import FileReport
from advisor.scan.reading import read_file
from advisor.scan.tables import Tables
from advisor.scan.text import SkippedError, decode
from advisor.scan.walk import SourceFile, Walk, walk

_BATCH = 64
_WORTH_A_PROCESS = 24
"""Batches from which on the start of further processes pays."""

_MOST_PROCESSES = 4

_tables: Tables | None = None


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
    tables = Tables(knowledge)
    collected = Collected(tables)
    project: str | None = None
    batches = _batches(steps)
    head = list(islice(batches, _WORTH_A_PROCESS))
    large = len(head) == _WORTH_A_PROCESS
    several = processes or (_usable_cpus() if large else 1)
    with _no_cycles():
        for batch, reports in _read(_chained(head, batches), tables, several):
            for report in reports:
                collected.take(report)
            project = project or _project(batch)
    collected.skipped += steps.skipped
    collected.truncated = steps.truncated
    return collected.finish(project)


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
    batches: Iterable[list[SourceFile]], tables: Tables, processes: int
) -> Iterator[tuple[list[SourceFile], list[FileReport]]]:
    if processes <= 1:
        for batch in batches:
            yield batch, _read_batch(batch, tables)
        return
    yield from _read_apart(batches, tables, min(processes, _MOST_PROCESSES))


def _read_apart(
    batches: Iterable[list[SourceFile]], tables: Tables, processes: int
) -> Iterator[tuple[list[SourceFile], list[FileReport]]]:
    """Read in processes of their own, in order, with a bounded number of batches under way."""
    source = iter(batches)
    pool = ProcessPoolExecutor(
        processes, get_context("spawn"), initializer=_start, initargs=(tables.knowledge,)
    )
    with pool:
        waiting = [(b, pool.submit(_read_here, b)) for b in islice(source, 2 * processes)]
        while waiting:
            batch, future = waiting.pop(0)
            try:
                reports = future.result()
            except (BrokenProcessPool, OSError):
                # No further process can be had here: this one reads what is left.
                yield batch, _read_batch(batch, tables)
                for left in (*(b for b, _ in waiting), *source):
                    yield left, _read_batch(left, tables)
                return
            waiting += [(b, pool.submit(_read_here, b)) for b in islice(source, 1)]
            yield batch, reports


def _start(knowledge: CounterpartTables) -> None:
    global _tables  # noqa: PLW0603  (one set of tables a process, made once)
    _tables = Tables(knowledge)
    gc.disable()


def _read_here(batch: list[SourceFile]) -> list[FileReport]:
    assert _tables is not None
    return _read_batch(batch, _tables)


def _read_batch(batch: list[SourceFile], tables: Tables) -> list[FileReport]:
    return [read_file(file.path, file.kind, file.data, tables) for file in batch]


def _project(batch: list[SourceFile]) -> str | None:
    for file in batch:
        if file.path == "pyproject.toml":
            try:
                return project_name(decode(file.data))
            except SkippedError:
                return None
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
