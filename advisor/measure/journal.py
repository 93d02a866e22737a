"""What a run has finished, on disk after every launch, so that another process can go on with it.

A journal holds the request as it was asked, the conditions that it was measured under, the
self-test, and each finished launch with its raw numbers. It must not know verdicts or words:
whoever goes on replays the launches, and everything that follows from them follows again. A launch
that was interrupted is no finished one.

    JOURNAL/request.json       what was asked, and under which conditions
            start.json         the self-test and when it was made, written once it is done
            launch-0003.json   one finished launch; where it stands, its observations stand too
            seen-0003-00.npz   what a mode showed that it computed in that launch
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from advisor.evidence import Notice
from advisor.files import replace_file
from advisor.measure.records import (
    launch_data,
    launch_from,
    notice_data,
    selftest_data,
    selftest_from,
)
from advisor.measure.selftest import SelftestResult
from advisor.measure.work import LaunchResult
from advisor.owned import ForeignError, own_directory, read_own, refuse_foreign

SCHEMA = "fw-advisor/journal@1"
MOST_JOURNALS = 3
"""How many interrupted runs are kept; the oldest make room."""
_MOST_BYTES = 64 * 1024 * 1024
_MOST_SEEN_BYTES = 1 << 30
_PLACE = "unfinished-probes"
_REQUEST, _START = "request.json", "start.json"
_BROKEN = (KeyError, TypeError, ValueError, RecursionError)


@dataclass(frozen=True)
class Start:
    """What came before the first launch.

    Attributes:
        selftest: What it showed.
        made_s: When it was made, seconds since 1970.
        took_s: How long it took in this run.
        spent_s: What of the budget was spent when the plan was made.
        key: What the self-test holds for: boot, CPUs, versions, the machine's state.
    """

    selftest: SelftestResult
    made_s: float
    took_s: float
    spent_s: float
    key: str


@dataclass(frozen=True)
class Done:
    """One finished launch, and what the run knew when it ended.

    Attributes:
        series: The key of its series.
        items: The keys of the items that it was for.
        result: Its raw numbers.
        elapsed_s: How long the run had taken by then.
        steps: What its steps took, as `Clock.steps` tells it.
        patience_s: How long launches may still wait for others.
        notices: What the run had noticed.
        guests: Other processes on the accelerator; None where nobody knows.
        inputs: By item the SHA-256 of its inputs.
        seen: By item and label where a mode showed what it computed, or should have.
    """

    series: str
    items: tuple[str, ...]
    result: LaunchResult
    elapsed_s: float
    steps: Sequence[Sequence[Any]] = ()
    patience_s: float = 0.0
    notices: Sequence[Notice] = ()
    guests: int | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    seen: Mapping[tuple[str, str], Path] = field(default_factory=dict)


class Journal:
    """The journal of one run. Nobody else takes it up while this process holds it open."""

    def __init__(
        self, place: Path, request: Mapping[str, Any], lock: int, *, taken_up: bool
    ) -> None:
        self.place = place
        self.request = request
        self.taken_up = taken_up
        self.problem: str | None = None
        self._lock = lock
        self._count = 0
        self.start: Start | None = None
        self.done: list[Done] = []

    @property
    def finished(self) -> int:
        """How many launches it holds, those of an earlier process included."""
        return len(self.done) + self._count

    def note_start(self, start: Start) -> None:
        """Write what came before the first launch."""
        self._write(_START, {**vars(start), "selftest": selftest_data(start.selftest)})

    def note(self, done: Done) -> None:
        """Write one finished launch. What cannot be written ends the journal, never the run."""
        number = self.finished
        seen = []
        for place, ((item, label), path) in enumerate(done.seen.items()):
            name = f"seen-{number:04}-{place:02}.npz"
            seen.append([item, label, name, self._copy(path, name)])
        data = {
            **vars(done),
            "items": list(done.items),
            "result": launch_data(done.result),
            "notices": [notice_data(n) for n in done.notices],
            "seen": seen,
        }
        if self._write(f"launch-{number:04}.json", data):
            self._count += 1

    def remove(self) -> None:
        """The run has ended: nothing is left to go on with."""
        shutil.rmtree(self.place, ignore_errors=True)
        for directory in (self.place.parent, self.place.parent.parent):
            # Where nothing else lies there; another's files keep it.
            with contextlib.suppress(OSError):
                directory.rmdir()

    def close(self) -> None:
        """Let others take it up."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def load(self) -> None:
        """Read what was finished, up to the first launch that is not whole; once.

        Raises:
            ForeignError: somebody else could have written it.
        """
        if not self.taken_up:
            return
        with contextlib.suppress(OSError, *_BROKEN):
            start = self._read(_START)
            self.start = Start(**{**start, "selftest": selftest_from(start["selftest"])})
        if self.start is None:
            return
        with contextlib.suppress(OSError, *_BROKEN):
            while True:
                self.done.append(self._done(len(self.done)))
        for stale in self.place.glob("launch-*.json"):
            # What stands behind a gap belongs to no run any more.
            if stale.name >= f"launch-{len(self.done):04}.json":
                stale.unlink(missing_ok=True)

    def _done(self, number: int) -> Done:
        data = self._read(f"launch-{number:04}.json")
        seen = {}
        for item, label, name, digest in data["seen"]:
            path = self.place / Path(name).name
            if digest is not None and _digest(read_own(path, _MOST_SEEN_BYTES)) != digest:
                raise ValueError(f"{name} is not what was written")
            seen[item, label] = path
        return Done(
            **{
                **data,
                "items": tuple(data["items"]),
                "result": launch_from(data["result"]),
                "notices": [Notice(**notice) for notice in data["notices"]],
                "seen": seen,
            }
        )

    def _copy(self, path: Path, name: str) -> str | None:
        """Keep an observation; its digest, or None where there is none to keep."""
        if self.problem is not None or not path.is_file():
            return None
        data = path.read_bytes()
        try:
            replace_file(self.place / name, data, mode=0o600)
        except OSError as error:
            self.problem = error.strerror or str(error)
        return _digest(data)

    def _write(self, name: str, data: Mapping[str, Any]) -> bool:
        if self.problem is not None:
            return False
        try:
            replace_file(self.place / name, _sealed(data), mode=0o600)
        except OSError as error:
            self.problem = error.strerror or str(error)
            return False
        return True

    def _read(self, name: str) -> dict[str, Any]:
        return _unsealed(read_own(self.place / name, _MOST_BYTES))


def begin(state: Path, request: Mapping[str, Any]) -> Journal:
    """A new journal below the *state* directory; the oldest of too many make room.

    Raises:
        ForeignError: somebody else could have written there.
        OSError: the place cannot be written to.
    """
    root = own_directory(state / _PLACE)
    place = root / f"{time.time_ns():020}-{os.getpid()}"
    place.mkdir(mode=0o700)
    replace_file(place / _REQUEST, _sealed({"schema": SCHEMA, **request}), mode=0o600)
    journal = Journal(place, request, _hold(place), taken_up=False)
    for old in [p for p in _places(state) if p != place][MOST_JOURNALS - 1 :]:
        _drop(old)
    return journal


def latest(state: Path) -> Journal | None:
    """The newest journal that nobody holds, open; its launches are read by `Journal.load`.

    Raises:
        ForeignError: somebody else could have written it.
    """
    root = state / _PLACE
    if not root.exists():
        return None
    refuse_foreign(root)
    for place in _places(state):
        refuse_foreign(place)
        with contextlib.suppress(OSError, *_BROKEN):
            request = _unsealed(read_own(place / _REQUEST, _MOST_BYTES))
            if request.get("schema") == SCHEMA:
                return Journal(place, request, _hold(place), taken_up=True)
    return None


def _places(state: Path) -> list[Path]:
    """All journals, the newest first."""
    with contextlib.suppress(OSError):
        return sorted((p for p in (state / _PLACE).iterdir() if p.is_dir()), reverse=True)
    return []


def _drop(place: Path) -> None:
    """Remove *place*, unless somebody measures into it."""
    with contextlib.suppress(OSError), _held(place):
        shutil.rmtree(place, ignore_errors=True)


@contextlib.contextmanager
def _held(place: Path) -> Iterator[None]:
    descriptor = _hold(place)
    try:
        yield
    finally:
        os.close(descriptor)


def _hold(place: Path) -> int:
    """A descriptor that holds *place*; it is let go of with the process, however that ends.

    Raises:
        OSError: another process holds it.
    """
    import fcntl  # noqa: PLC0415  (absent on native Windows, where nothing is measured)

    descriptor = os.open(place, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _sealed(data: Mapping[str, Any]) -> str:
    """*data* as one line, below the digest of that line: a damaged file is never half used."""
    text = json.dumps(data)
    return f"{_digest(text.encode('utf-8'))}\n{text}\n"


def _unsealed(raw: bytes) -> dict[str, Any]:
    digest, _, text = raw.decode("utf-8").partition("\n")
    if _digest(text.removesuffix("\n").encode("utf-8")) != digest:
        raise ValueError("is not what was written")
    data: dict[str, Any] = json.loads(text)
    return data


__all__ = ["Done", "ForeignError", "Journal", "Start", "begin", "latest"]
