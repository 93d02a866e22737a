"""`fw-advisor probe` as a process: interrupted, killed, and read by other tools."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = pytest.mark.frameworks

# What is tested here is no measurement: a machine that others use is not waited for.
_AT_ONCE = """
from advisor.measure import run, selftest
run.QUIET_LIMIT_S = selftest.QUIET_LIMIT_S = selftest.PATIENCE_S = 0.1
from advisor.cli import main
main()
"""
COMMAND = (sys.executable, "-c", _AT_ONCE, "probe", "--profile", "quick")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "FW_ADVISOR_LOCK": str(tmp_path / "lock"),
        "TMPDIR": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "FW_ADVISOR_STATE_DIR": str(tmp_path / "state"),
    }


def _start(environment: dict[str, str], *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, "--json", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )


def _family(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _wait_for_workers(process: subprocess.Popen[str], limit_s: float = 180.0) -> list[Any]:
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        family = _family(process.pid)
        lines = [" ".join(_cmdline(p)) for p in family]
        if any("worker --framework jax" in line for line in lines):
            return family
        time.sleep(0.1)
    raise AssertionError("no worker was started")


def _cmdline(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _gone(family: list[Any], within_s: float) -> list[Any]:
    _, alive = psutil.wait_procs(family, timeout=within_s)
    return [p for p in alive if p.status() != psutil.STATUS_ZOMBIE]


def test_an_interrupt_keeps_what_was_finished(environment: dict[str, str]) -> None:
    process = _start(environment, "--only", "matmul", "--framework", "jax")
    family = _wait_for_workers(process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    document = json.loads(out)
    assert document["schema"] == "fw-advisor/evidence@1"
    statuses = {e["status"] for p in document["probes"] for e in p["entries"]}
    assert statuses <= {"ok", "interrupted"}
    assert _gone(family, 1.0) == []


def test_an_interrupt_before_anything_is_measured_is_one_document_too(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """While interpreters are asked what they hold: here one that does not answer."""
    slow = tmp_path / "python"
    slow.write_text("#!/bin/sh\nexec sleep 60\n", "utf-8")
    slow.chmod(0o755)
    process = _start(environment, "--python", f"torch={slow}")
    deadline = time.monotonic() + 60.0
    while not any("sleep" in _cmdline(p) for p in _family(process.pid)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    # Less than an interpreter is given to answer: nobody waits for it any more.
    out, err = process.communicate(timeout=15)
    assert process.returncode == 130
    assert json.loads(out)["error"]["message"] == "interrupted"
    assert "interrupted" in err


def test_nothing_is_left_after_the_driver_was_killed(environment: dict[str, str]) -> None:
    process = _start(environment, "--only", "matmul", "--framework", "jax")
    family = _wait_for_workers(process)
    process.kill()
    process.communicate()
    assert _gone(family, 1.0) == []


def test_a_lifeline_that_closes_ends_the_run(environment: dict[str, str]) -> None:
    read_end, write_end = os.pipe()
    process = subprocess.Popen(
        [*COMMAND, "-q", "--only", "matmul", "--framework", "jax", "--lifeline", str(read_end)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(read_end,),
        env=environment,
        start_new_session=True,
    )
    os.close(read_end)
    family = _wait_for_workers(process)  # type: ignore[arg-type]
    os.close(write_end)
    assert process.wait(timeout=5) == 130
    assert _gone(family, 1.0) == []


def test_the_whole_document_is_one_json_value(environment: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "evidence.json"
    process = _start(
        environment, "--only", "matmul", "--framework", "jax", "-o", str(out), "--budget", "20s"
    )
    printed, err = process.communicate(timeout=150)
    assert process.returncode in (0, 3), err
    document = json.loads(printed)
    assert document == json.loads(out.read_text("utf-8"))
    ok = [e for p in document["probes"] for e in p["entries"] if e["status"] == "ok"]
    assert ok, "JAX was measured"
    assert all(e["median_s"] > 0 and e["framework"] == "jax" for e in ok)
    assert document["toolchains"]
    assert str(Path.home()) not in printed
