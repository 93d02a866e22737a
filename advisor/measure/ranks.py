"""The processes that share one step: started together, asked together, ended together.

Each rank is a worker under its own guardian, so that none outlives the driver. Ranks wait for each
other in every step: when one fails, the others are ended at once, and the one that failed first is
named, not those whose connection it broke. Knows processes; must not know what is measured.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from advisor.measure.work import ToolchainSpec
from advisor.reason import Reason
from advisor.workers.environment import worker_environment
from advisor.workers.replies import ReplyError, check_hello
from advisor.workers.worker import WorkerCommand, WorkerError, WorkerProcess, garbage

_GRACE_S = 3.0
"""How long the others may still answer when one has failed: what crashed shows up later."""
_WAITED = re.compile(r"time[d]?[ -]?out", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class RankOptions:
    """What all ranks of a group share.

    Attributes:
        worker: What an interpreter runs to become a worker.
        toolchain: The interpreter and its framework.
        way: ``ddp``, ``fsdp``, ``processes`` (a process for each device) or ``mesh`` (one with all
            of them).
        device: The device word.
        devices: Over how many devices a step is shared out.
        cpus: The CPUs of all devices; every process has an equal part of them.
        workspace: Where logs and the meeting point lie.
        limit_s: How long a rank waits for others; the driver waits a little longer.
    """

    worker: Sequence[str]
    toolchain: ToolchainSpec
    way: str
    device: str
    devices: int
    cpus: tuple[int, ...]
    precision: str
    workspace: Path
    limit_s: float = 120.0

    @property
    def processes(self) -> int:
        """How many processes there are."""
        return 1 if self.way == "mesh" else self.devices


class RankError(Exception):
    """A group that could not answer: the reason of the rank that failed first."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"{reason.id} {reason.values}")
        self.reason = reason


class RankGroup:
    """All ranks of one step; a context manager that never leaves one running."""

    def __init__(self, options: RankOptions, name: str) -> None:
        self._options = options
        # A place of its own: what an earlier group left there would be taken for a meeting.
        place = tempfile.mkdtemp(prefix=f"meeting-{name}-", dir=options.workspace)
        self._meeting = Path(place) / "meeting"
        self._workers: list[WorkerProcess] = []
        self.hellos: list[dict[str, Any]] = []
        self.begun = time.monotonic()
        try:
            for rank in range(options.processes):
                self._workers.append(WorkerProcess(self._command(rank, name)))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> RankGroup:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pids(self) -> list[int]:
        """The processes of the ranks."""
        return [worker.hello.pid for worker in self._workers]

    def begin(self) -> None:
        """Import the framework in every rank, and let the ranks meet.

        Raises:
            RankError: one of them could not.
        """
        limit_s = self._options.limit_s
        self.hellos = self.ask("hello", timeout_s=limit_s)
        try:
            for worker, reply in zip(self._workers, self.hellos, strict=True):
                worker.hello = check_hello(reply)
        except ReplyError as error:
            raise RankError(garbage(error).reason) from error
        self.ask("join", meeting=str(self._meeting), limit_s=limit_s)

    def ask(
        self,
        verb: str,
        *,
        timeout_s: float | None = None,
        each: Mapping[str, Sequence[Any]] | None = None,
        **fields: Any,
    ) -> list[dict[str, Any]]:
        """Ask every rank the same at once, *each* holding what differs; answers by rank.

        Raises:
            RankError: one of them gave no answer, or failed; all are ended then.
        """
        limit_s = self._options.limit_s + 15.0 if timeout_s is None else timeout_s
        own = [{name: values[r] for name, values in (each or {}).items()} for r in self._ranks()]
        with ThreadPoolExecutor(len(self._workers)) as pool:
            asked = [
                pool.submit(worker.ask, verb, timeout_s=limit_s, **fields, **differing)
                for worker, differing in zip(self._workers, own, strict=True)
            ]
            try:
                _, waiting = wait(asked, return_when=FIRST_EXCEPTION)
                late = wait(waiting, _GRACE_S).not_done if waiting else set()
                answered = [f.result() for f in asked if f not in late and f.exception() is None]
                if len(answered) == len(asked):
                    return answered
                failed = self._first_failure(asked, late, verb, limit_s)
            except BaseException:
                self.kill()
                raise
            self.kill()
        raise failed

    def _ranks(self) -> range:
        return range(len(self._workers))

    def _first_failure(
        self,
        asked: Sequence[Future[dict[str, Any]]],
        late: set[Future[dict[str, Any]]],
        verb: str,
        limit_s: float,
    ) -> RankError:
        """Which rank is at fault: one that ended, one that others waited for, or one that raised.

        The rest lost their connection to it.
        """
        errors = {
            rank: error
            for rank, future in enumerate(asked)
            if future not in late and isinstance(error := future.exception(), WorkerError)
        }
        unforeseen = [f.exception() for f in asked if f not in late and f.exception() is not None]
        if not errors and unforeseen:
            raise unforeseen[0] if unforeseen[0] is not None else AssertionError
        ended = [r for r, e in errors.items() if e.id == "worker-crashed"]
        waited = all(_WAITED.search(str(e.values.get("text", ""))) for e in errors.values())
        hung = [rank for rank, future in enumerate(asked) if future in late]
        if not ended and hung and waited:
            return self._failure(
                hung[0], Reason("worker-hung", "", {"doing": verb, "limit_s": limit_s})
            )
        rank = (ended or sorted(errors, key=lambda r: errors[r].id != "worker-hung"))[0]
        return self._failure(rank, errors[rank].reason)

    def _failure(self, rank: int, reason: Reason) -> RankError:
        if len(self._workers) == 1:
            return RankError(reason)
        values = {**reason.values, "in_rank": rank, "of_ranks": len(self._workers)}
        return RankError(Reason(reason.id, reason.case, values))

    def kill(self) -> None:
        """End every rank now."""
        for worker in self._workers:
            worker.kill()

    def close(self) -> None:
        """Let the ranks leave each other, and make sure that all have ended."""
        try:
            if self.hellos:
                self.ask("leave", timeout_s=10.0)
        except RankError:
            pass
        finally:
            for worker in self._workers:
                worker.close()

    def _command(self, rank: int, name: str) -> WorkerCommand:
        options = self._options
        share = len(options.cpus) // options.processes
        cpus = options.cpus[rank * share : (rank + 1) * share]
        argv = (
            *(options.toolchain.interpreter, "-B", *options.worker, "rank"),
            *("--framework", options.toolchain.framework),
            *("--way", options.way),
            *("--device", options.device),
            *("--cores", str(share)),
            *("--precision", options.precision),
            *("--rank", str(rank)),
            *("--devices", str(options.devices)),
            *("--meeting", str(self._meeting)),
            *("--limit", str(options.limit_s)),
        )
        environment = worker_environment(
            options.workspace, options.toolchain.key, cores=len(options.cpus)
        )
        return WorkerCommand(argv, environment, cpus, options.workspace / f"{name}-{rank}.log")
