"""The progress bar at a terminal: whatever is pressed meanwhile, it stays one line."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pexpect
import pytest

pytest.importorskip("termios")

# Steps until a file is there, so that the test and not a clock ends it; then asks.
MEASURING = """
import sys, time
from pathlib import Path
from advisor.cli.live import live_progress
from advisor.measure.progress import Progress

with live_progress(quiet=False, colour=False) as report:
    report(Progress(0.0, 100.0, "writing-inputs"))
    print("begun", file=sys.stderr)
    while not Path(sys.argv[1]).exists():
        report(Progress(1.0, 100.0, "writing-inputs"))
        time.sleep(0.02)
print("answer " + repr(input("next? ")))
"""


def test_keys_pressed_meanwhile_draw_no_second_bar_and_answer_nothing(tmp_path: Path) -> None:
    done = tmp_path / "done"
    child = pexpect.spawn(
        sys.executable,
        ["-c", MEASURING, str(done)],
        env={**os.environ, "TERM": "xterm-256color"},
        cwd=Path(__file__).parents[2],
        dimensions=(24, 100),
        encoding="utf-8",
        timeout=20,
    )
    child.expect_exact("begun")
    child.expect_exact("left")
    for _ in range(3):
        child.send("zqzq\r")
        # Two more drawings of the bar: what would be echoed has been by then.
        child.expect_exact("left")
        child.expect_exact("left")
        drawn = child.before
        assert isinstance(drawn, str)
        assert "zq" not in drawn
        assert "\n" not in drawn
    done.touch()
    child.expect_exact("next? ")
    time.sleep(0.05)
    child.send("mine\r")
    child.expect_exact("answer 'mine'")
    child.expect(pexpect.EOF)


def test_a_job_in_the_background_goes_on_and_draws_no_bar(tmp_path: Path) -> None:
    done, script = tmp_path / "done", tmp_path / "measuring.py"
    script.write_text(MEASURING.partition('print("answer')[0] + "print('ended')\n", "utf-8")
    shell = pexpect.spawn(
        "/bin/sh",
        ["-i"],
        env={**os.environ, "TERM": "xterm-256color", "PS1": "$ ", "PYTHONPATH": str(Path.cwd())},
        cwd=Path(__file__).parents[2],
        dimensions=(24, 100),
        encoding="utf-8",
        timeout=20,
    )
    shell.sendline(f"{sys.executable} {script} {done} &")
    shell.expect_exact("measuring: ")
    shell.expect_exact("begun")
    done.touch()
    shell.expect(r"\r\nended")
    assert "left\x1b" not in shell.before
    shell.sendline("exit")
    shell.expect(pexpect.EOF)
