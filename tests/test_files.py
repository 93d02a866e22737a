"""A file is the old one or the new one, whenever its writer is killed; and it is the owner's."""

from __future__ import annotations

import os
import random
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from advisor.errors import UserError
from advisor.files import replace_file, write_whole
from advisor.owned import ForeignError, own_directory, read_own, refuse_foreign

# Writes one byte's worth of pages over and over: every whole file is one byte repeated.
_WRITER = """
import sys
from pathlib import Path
from advisor.files import write_whole
place = Path(sys.argv[1])
print("ready", flush=True)
while True:
    for mark in (b"a", b"b"):
        write_whole(place, mark * 3_000_000)
"""


def test_a_writer_that_is_killed_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    chance = random.Random(1)
    place = tmp_path / "document.json"
    place.write_bytes(b"a" * 3_000_000)
    halves = 0
    for _ in range(8):
        writer = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(place)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0.0, 0.05))
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        seen = place.read_bytes()
        assert len(seen) == 3_000_000
        assert len(set(seen)) == 1
        halves += bool(list(tmp_path.glob(".*.partial")))
    # Some were killed in the middle: otherwise this shows nothing. What they left goes next time.
    assert halves
    replace_file(place, "new")
    assert [p.name for p in tmp_path.iterdir()] == ["document.json"]


def test_what_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    directory = tmp_path / "taken"
    directory.mkdir()
    with pytest.raises(UserError) as refusal:
        write_whole(directory, "text")
    assert refusal.value.where == str(directory)
    assert [p.name for p in tmp_path.iterdir()] == ["taken"]


def test_a_link_in_the_way_of_the_temporary_file_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine", "utf-8")
    place = tmp_path / "out.txt"
    place.with_name(f".out.txt.{os.getpid()}.partial").symlink_to(victim)
    write_whole(place, "text")
    assert victim.read_text("utf-8") == "mine"
    assert place.read_text("utf-8") == "text"
    assert not place.is_symlink()


def test_modes_are_what_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        for options, mode in (
            ({}, 0o644),
            ({"private": True}, 0o600),
            ({"executable": True}, 0o755),
        ):
            write_whole(tmp_path / "file", "x", **options)
            assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode
    finally:
        os.umask(before)


def test_an_own_directory_is_for_its_owner_alone(tmp_path: Path) -> None:
    made = own_directory(tmp_path / "deep" / "place")
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    made.chmod(0o777)
    with pytest.raises(ForeignError, match="other users") as refusal:
        own_directory(made)
    assert "chmod go-w" in refusal.value.hint


def test_links_are_not_followed_into_what_is_read(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.write_text("{}", "utf-8")
    link = tmp_path / "link"
    link.symlink_to(real)
    with pytest.raises(ForeignError, match="link"):
        read_own(link, 10)
    with pytest.raises(ForeignError, match="link"):
        own_directory(link)
    assert read_own(real, 10) == b"{}"
    with pytest.raises(OSError, match="at most"):
        read_own(real, 1)


def test_another_user_s_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "theirs"
    path.write_text("{}", "utf-8")
    somebody = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: somebody)
    with pytest.raises(ForeignError, match="another user"):
        read_own(path, 10)
    with pytest.raises(ForeignError, match="another user"):
        refuse_foreign(tmp_path)
