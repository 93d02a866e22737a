"""That a file runs code is said before its first run, and again when it changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from advisor.cli.foreign_code import say_first_runs


def test_it_is_said_once_for_the_same_bytes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache, mine = tmp_path / "cache", tmp_path / "mine.py"
    mine.write_text("x = 1\n", "utf-8")
    say_first_runs([str(mine)], cache)
    assert "with your rights" in capsys.readouterr().err
    say_first_runs([str(mine)], cache)
    assert capsys.readouterr().err == ""
    mine.write_text("x = 2\n", "utf-8")
    say_first_runs([str(mine)], cache)
    assert str(mine) in capsys.readouterr().err


def test_what_others_could_have_written_vouches_for_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache, mine = tmp_path / "cache", tmp_path / "mine.py"
    mine.write_text("x = 1\n", "utf-8")
    say_first_runs([str(mine)], cache)
    (cache / "files-run-before.json").chmod(0o666)
    capsys.readouterr()
    say_first_runs([str(mine)], cache)
    assert "with your rights" in capsys.readouterr().err
