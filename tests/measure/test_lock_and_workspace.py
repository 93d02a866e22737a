"""Two runs never overlap, a dead run's lock and directory are in nobody's way."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from advisor.errors import UserError
from advisor.workers.lock import Holder, holder_of, is_held, lock_path, machine_lock
from advisor.workers.workspace import sweep, workspace

HOLDER = """
import sys, time
from pathlib import Path
from advisor.workers.lock import machine_lock
with machine_lock(float(sys.argv[2]), Path(sys.argv[1])):
    print("begin", time.monotonic(), flush=True)
    time.sleep(float(sys.argv[3]))
    print("end", time.monotonic(), flush=True)
"""


def holder(path: Path, wait_s: float, hold_s: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path), str(wait_s), str(hold_s)],
        stdout=subprocess.PIPE,
        text=True,
    )


def test_runs_that_wait_never_overlap(tmp_path):
    path = tmp_path / "lock"
    runs = [holder(path, 30.0, 0.15) for _ in range(3)]
    spans = []
    for run in runs:
        out, _ = run.communicate(timeout=60)
        begin, end = (float(line.split()[1]) for line in out.splitlines())
        spans.append((begin, end))
    spans.sort()
    assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))


def test_a_run_that_does_not_wait_is_refused_in_words(tmp_path):
    path = tmp_path / "lock"
    with machine_lock(path=path):
        refused = pytest.raises(UserError, match=r"another fw-advisor .* is measuring")
        with refused as caught, machine_lock(path=path):
            pytest.fail("two runs at once")
        assert caught.value.hint
        assert is_held(path)
    assert not is_held(path)


def test_the_holder_is_named_while_it_holds_and_to_who_waits(tmp_path):
    path = tmp_path / "lock"
    assert holder_of(path) is None
    with holder(path, 0.0, 1.0) as other:
        assert other.stdout is not None
        assert other.stdout.readline().startswith("begin")
        held = holder_of(path)
        assert held is not None
        assert held.pid == other.pid
        assert 0 <= time.time() - held.since_s < 600
        refused = pytest.raises(UserError, match=f"process {other.pid}, begun at ..:.., just now")
        with refused as caught, machine_lock(path=path):
            pytest.fail("two runs at once")
        assert f"kill {other.pid}" in caught.value.hint
        heard: list[Holder | None] = []
        with machine_lock(math.inf, path, waiting=heard.append):
            pass
        assert {h.pid for h in heard if h is not None} == {other.pid}
    assert holder_of(path) is None


@pytest.mark.parametrize("stated", [b"", b"1 2 3\n", b"\x1b[2J 5\n", b"-4 7\n", b"9" * 80])
def test_what_others_write_into_the_file_is_not_believed(tmp_path, stated):
    path = tmp_path / "lock"
    with holder(path, 0.0, 600.0) as other:
        assert other.stdout is not None
        assert other.stdout.readline().startswith("begin")
        path.write_bytes(stated)
        with pytest.raises(UserError) as caught, machine_lock(path=path):
            pytest.fail("two runs at once")
        assert "(" not in caught.value.message
        other.kill()


def test_the_lock_of_a_killed_run_is_free_at_once(tmp_path):
    path = tmp_path / "lock"
    with holder(path, 0.0, 600.0) as dead:
        assert dead.stdout is not None
        assert dead.stdout.readline().startswith("begin")
        assert is_held(path)
        dead.kill()
    assert path.exists()
    with machine_lock(path=path):
        pass


def test_an_exception_inside_frees_the_lock(tmp_path):
    path = tmp_path / "lock"
    with pytest.raises(ZeroDivisionError), machine_lock(path=path):
        raise ZeroDivisionError
    assert not is_held(path)


def test_a_lock_that_cannot_be_opened_says_what_to_do(tmp_path):
    for path in (tmp_path / "no" / "where", tmp_path):
        with pytest.raises(UserError) as caught, machine_lock(path=path):
            pytest.fail("no lock, no run")
        assert "FW_ADVISOR_LOCK" in caught.value.hint
        assert caught.value.where == str(path)


def test_a_link_in_the_shared_directory_is_not_followed(tmp_path):
    """Others can write to /tmp: a link there could point at any file of ours."""
    target = tmp_path / "precious"
    target.write_text("mine", "utf-8")
    target.chmod(0o600)
    (tmp_path / "lock").symlink_to(target)
    with pytest.raises(UserError), machine_lock(path=tmp_path / "lock"):
        pytest.fail("followed a link")
    assert target.stat().st_mode & 0o777 == 0o600


def test_all_users_can_take_the_lock_after_each_other(tmp_path):
    old = os.umask(0o077)
    try:
        with machine_lock(path=tmp_path / "lock"):
            assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o666
    finally:
        os.umask(old)


def test_the_variable_names_the_place(monkeypatch, tmp_path):
    monkeypatch.setenv("FW_ADVISOR_LOCK", str(tmp_path / "elsewhere"))
    assert lock_path() == tmp_path / "elsewhere"


def dead_pid() -> int:
    with subprocess.Popen(["true"]) as process:
        process.wait()
        return process.pid


@pytest.fixture
def temporary(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_a_workspace_is_private_and_gone_afterwards(temporary):
    with workspace() as place:
        assert place.parent == temporary
        assert place.stat().st_mode & 0o777 == 0o700
        (place / "caches").mkdir()
    assert not place.exists()
    with pytest.raises(KeyboardInterrupt), workspace() as place:
        raise KeyboardInterrupt
    assert not place.exists()


# Makes one file after the other, as a process does that is just being ended.
WRITER = """
import itertools, sys, time
from pathlib import Path
place, until = Path(sys.argv[1]), time.monotonic() + 0.3
for number in itertools.count():
    (place / str(number)).write_bytes(b"x")
    if number == 1000:
        print("writing", flush=True)
    if time.monotonic() > until:
        break
"""


def test_what_is_still_written_while_it_is_removed_is_removed_too(temporary):
    with workspace() as place:
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(place)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        writer.stdout.readline()
    with writer:
        assert writer.wait() in (0, 1)
    assert list(temporary.iterdir()) == []


def test_the_next_run_sweeps_what_a_killed_one_left(temporary):
    left = temporary / f"fw-advisor-run-{dead_pid()}-abc"
    (left / "caches").mkdir(parents=True)
    mine = temporary / f"fw-advisor-run-{os.getpid()}-abc"
    mine.mkdir()
    with workspace():
        assert not left.exists()
        assert mine.exists()


def test_the_sweep_leaves_alone_what_is_not_a_dead_runs(temporary):
    precious = temporary / "precious"
    precious.mkdir()
    pid = dead_pid()
    keep = [
        temporary / "fw-advisor-run-notapid-x",
        temporary / f"other-run-{pid}-x",
        temporary / f"fw-advisor-run-{os.getppid()}-x",
    ]
    for place in keep:
        place.mkdir()
    (temporary / f"fw-advisor-run-{pid}-file").write_text("", "ascii")
    (temporary / f"fw-advisor-run-{pid}-link").symlink_to(precious, target_is_directory=True)
    assert sweep(temporary) == []
    assert precious.is_dir()
    assert all(place.is_dir() for place in keep)


def test_waiting_is_bounded(tmp_path):
    path = tmp_path / "lock"
    slept = []
    with machine_lock(path=path), pytest.MonkeyPatch.context() as patch:
        clock = iter([0.0, 0.1, 0.2, 0.3, 9.0])
        patch.setattr("advisor.workers.lock.time.monotonic", lambda: next(clock))
        patch.setattr("advisor.workers.lock.time.sleep", slept.append)
        with pytest.raises(UserError), machine_lock(5.0, path):
            pytest.fail("held by another")
    assert len(slept) == 3
