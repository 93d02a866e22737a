"""Probes in a process of their own while questions are still asked.

Knows processes and the ``probe`` command line. Must not know what is measured. Typing does not
disturb it and it does not disturb typing: its output goes to a file, and its gates see the time
that the interview takes from the CPUs.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from advisor.evidence import Evidence
    from advisor.measure.campaign import Finished
    from advisor.measure.progress import OnProgress

GRACE_S = 20.0
DROPPED = "Nothing measured so far was settled: --resume measures again."
KEPT = "What was measured so far is kept for --resume: {probes}."
_ERROR = "fw-advisor: "


class BackgroundProbe:
    """One ``fw-advisor probe`` that runs aside; it ends when this process does."""

    def __init__(self, options: Sequence[str]) -> None:
        self._place = Path(tempfile.mkdtemp(prefix="fw-advisor-aside-"))
        self.evidence_path = self._place / "evidence.json"
        self._log_path = self._place / "log"
        read_end, self._lifeline = os.pipe()
        command = [
            *(sys.executable, "-m", "advisor", "probe", *options),
            *("-o", str(self.evidence_path), "--lifeline", str(read_end)),
        ]
        try:
            with self._log_path.open("wb") as log:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=log,
                    env=dict(os.environ),
                    pass_fds=(read_end,),
                    start_new_session=True,
                )
        finally:
            os.close(read_end)

    @property
    def running(self) -> bool:
        """Whether it still measures."""
        return self._process.poll() is None

    def live(self) -> str | None:
        """One line about how far it is, or why it measured nothing; None when it has ended well."""
        if self.running:
            return self.last_line() or "measuring: starting"
        if self.evidence_path.is_file():
            return None
        message, _ = self.failure()
        return f"nothing is measured: {message or 'it ended'}"

    def last_line(self) -> str:
        """The last line that it said."""
        from advisor.text import inert, private

        with contextlib.suppress(OSError):
            lines = self._log_path.read_text("utf-8", "replace").strip().splitlines()
            if lines:
                return inert(private(lines[-1]), limit=200)
        return ""

    def failure(self) -> tuple[str, str]:
        """What it said when it failed, and what to do about it; empty where it said nothing."""
        from advisor.text import inert, private

        lines: list[str] = []
        with contextlib.suppress(OSError):
            lines = self._log_path.read_text("utf-8", "replace").strip().splitlines()
        starts = [k for k, line in enumerate(lines) if line.startswith(_ERROR)]
        block = lines[starts[-1] :] if starts else lines[-1:]
        said = [inert(private(line.removeprefix(_ERROR)), limit=400).strip() for line in block[:4]]
        return (said[0] if said else ""), " ".join(said[1:])

    def wait(self, tell: Callable[[str], None]) -> Evidence | None:
        """Wait for its end and return the evidence; Ctrl-C takes what there is.

        Raises:
            KeyboardInterrupt: it was interrupted; `evidence` still returns what was finished.
        """
        try:
            while self.running:
                tell(self.live() or "")
                time.sleep(0.25)
        except KeyboardInterrupt:
            self.interrupt()
            raise
        return self.evidence()

    def evidence(self) -> Evidence | None:
        """The evidence that it wrote, or None.

        Raises:
            UserError: what lies there is no evidence.
        """
        from advisor.evidence_io import read_evidence

        return read_evidence(self.evidence_path) if self.evidence_path.is_file() else None

    def interrupt(self) -> None:
        """Stop it so that it keeps what it has finished."""
        if self.running:
            with contextlib.suppress(OSError):
                self._process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(GRACE_S)

    def close(self) -> None:
        """End it, whatever it does, and remove its files."""
        import shutil

        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5.0)
        if self.running:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._place, ignore_errors=True)


def finished_by(aside: BackgroundProbe, report: OnProgress) -> Finished:
    """What *aside* gave, at its end or where it was interrupted; *report* hears of it meanwhile.

    Raises:
        UserError: it gave nothing.
    """
    from advisor.cli.kept import complete
    from advisor.errors import UserError
    from advisor.measure.campaign import Finished
    from advisor.measure.progress import Progress

    def relay(line: str) -> None:
        values = {"text": line.removeprefix("measuring: ")}
        report(Progress(0.0, 0.0, "relayed", values))

    interrupted = False
    try:
        evidence = aside.wait(relay)
    except KeyboardInterrupt:
        interrupted, evidence = True, aside.evidence()
    if evidence is None:
        message, hint = aside.failure()
        raise UserError(message or "the probes gave nothing", hint=hint)
    return Finished(evidence, complete(evidence), interrupted, 0.0)


def keep_settled(aside: BackgroundProbe, options: Sequence[str], directory: Path) -> str:
    """Stop *aside* and keep in *directory* what it settled with *options*.

    Returns what came of it, in words.

    Raises:
        UserError: the place cannot be written to.
    """
    from advisor.cli.kept import complete, keep, settled

    ended = not aside.running
    aside.interrupt()
    evidence = aside.evidence()
    if evidence is None:
        return DROPPED
    kept = settled(evidence, options, complete=ended and complete(evidence))
    if kept is None:
        return DROPPED
    keep(kept, directory)
    return KEPT.format(probes=", ".join(kept.probes))


def end_with(lifeline: int, grace_s: float = 0.4) -> None:
    """Interrupt this process when the other end of *lifeline* closes, then leave for good.

    The workers' guardians notice the end of this process and leave nothing behind.
    """

    def watch() -> None:
        with contextlib.suppress(OSError):
            while os.read(lifeline, 1):
                pass
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(grace_s)
        os._exit(130)

    threading.Thread(target=watch, daemon=True, name="lifeline").start()
