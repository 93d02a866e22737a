"""A terminal of one's own around a process: what it shows, keys, sizes, and its end."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROWS, COLUMNS = 24, 80


class Terminal:
    """Starts *command* with a new terminal as its controlling one (``setsid --ctty``)."""

    def __init__(self, command: Sequence[str], place: Path, env: Mapping[str, str]) -> None:
        self._master, slave = pty.openpty()
        self.resize(ROWS, COLUMNS)
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *command],
            cwd=place,
            env={**env, "TERM": "xterm-256color"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)
        self.seen = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        # The other end ends in an error, and so does this end when it is closed.
        with contextlib.suppress(OSError):
            while data := os.read(self._master, 1 << 16):
                self.seen += data

    def sees(self, text: str, within_s: float = 30.0) -> bool:
        """Wait until *text* has been shown; whether it was."""
        deadline = time.monotonic() + within_s
        while text.encode("utf-8") not in self.seen:
            if time.monotonic() > deadline or self.process.poll() is not None:
                return False
            time.sleep(0.02)
        return True

    def presses(self, keys: bytes) -> None:
        """Press *keys*, as fast as they are taken."""
        data = memoryview(keys)
        while data and self.process.poll() is None:
            with contextlib.suppress(BlockingIOError):
                data = data[os.write(self._master, data[:512]) :]

    def resize(self, rows: int, columns: int) -> None:
        """Give the terminal another size; the process is told by a signal."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def hang_up(self) -> None:
        """Close the terminal, as somebody closes a window."""
        master, self._master = self._master, -1
        if master >= 0:
            os.close(master)

    def close(self) -> None:
        """End what is left."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join(0.5)
        self.hang_up()
