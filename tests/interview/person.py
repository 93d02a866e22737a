"""A person at a terminal: waits for what the screen shows, then presses keys."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

import pexpect

ENTER, ESC, CTRL_B, CTRL_C, SPACE = "\r", "\x1b", "\x02", "\x03", " "
UP, DOWN, LEFT, HOME, END = "\x1b[A", "\x1b[B", "\x1b[D", "\x1b[H", "\x1b[F"
_WALK = Path(__file__).with_name("walk.py")
_ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|\([A-Z0-9]|[=>])")


class Person:
    """Drives `walk.py` through a pty of *columns* by *rows*; stdout goes to a file beside."""

    def __init__(
        self,
        home: Path,
        *arguments: str,
        columns: int = 80,
        rows: int = 24,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.out, self.stdout = home / "out.json", home / "stdout.txt"
        env = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "HOME": str(home),
            "FW_ADVISOR_STATE_DIR": str(home / "state"),
            "TERM": "xterm-256color",
            "LC_ALL": "C.UTF-8",
            **(environment or {}),
        }
        script = 'exec "$@" > "$STDOUT"'
        self._child = pexpect.spawn(
            "/bin/sh",
            ["-c", script, "sh", sys.executable, str(_WALK), str(self.out), *arguments],
            env={**env, "STDOUT": str(self.stdout)},
            cwd=Path(__file__).parents[2],
            dimensions=(rows, columns),
            encoding="utf-8",
            timeout=20,
        )
        self._child.delaybeforesend = None
        self.seen = ""

    def sees(self, *texts: str) -> Person:
        """Wait until each of *texts* has been shown, in this order, and the screen rests."""
        for text in texts:
            self._child.expect_exact(text)
            self._keep()
        return self

    def sees_either(self, *texts: str) -> int:
        """Wait until one of *texts* has been shown; which one."""
        index = self._child.expect_exact(list(texts))
        self._keep()
        return int(index)

    def asked(self, question: str, then: str = "saves and quits") -> Person:
        """Wait for a question and the last line of its screen."""
        return self.sees(question, then)

    def presses(self, *keys: str) -> Person:
        for key in keys:
            self._child.send(key)
        return self

    def rests(self, seconds: float) -> Person:
        """Press nothing for a while, and take in what is drawn meanwhile."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with contextlib.suppress(pexpect.TIMEOUT):
                self.seen += self._child.read_nonblocking(4096, timeout=0.1)
        return self

    def ends(self) -> int:
        """Wait for the end; the exit status."""
        self._child.expect(pexpect.EOF)
        self.seen += self._child.before
        self._child.close()
        if self._child.exitstatus is None:
            raise AssertionError(f"killed by signal {self._child.signalstatus}")
        return int(self._child.exitstatus)

    def result(self) -> Any:
        return json.loads(self.out.read_text())

    def text(self) -> str:
        """All that was shown, without escape sequences."""
        return _ESCAPES.sub("", self.seen)

    def _keep(self) -> None:
        self.seen += self._child.before + str(self._child.after)
