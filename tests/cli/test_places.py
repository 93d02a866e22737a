"""A place that cannot be written to is refused before anything is asked or measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from advisor.errors import UserError
from advisor.files import refuse_unwritable, write_whole
from tests.cli.test_advise import run

COMMANDS = {
    "interview": ("interview", "--no-input", "--set", "task=image", "--set", "hardware.train=cpu"),
    "probe": ("probe", "--only", "matmul"),
    "claims": ("claims",),
}
SUFFIX = {"interview": ".html", "probe": ".json", "claims": ".html"}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_stands_where_a_directory_should_be_is_said_at_once(command, tmp_path):
    (tmp_path / "taken").write_text("mine", "utf-8")
    place = tmp_path / "taken" / f"report{SUFFIX[command]}"
    done = run(*COMMANDS[command], "-o", str(place))
    assert done.returncode == 2
    assert "taken is not a directory" in " ".join(done.stderr.split())
    assert "measuring" not in done.stderr
    assert (tmp_path / "taken").read_text("utf-8") == "mine"


def test_an_interview_with_a_directory_for_a_report_says_so_before_it_begins(tmp_path):
    done = run(*COMMANDS["interview"], "-o", str(tmp_path))
    assert done.returncode == 2
    assert "names no format" in done.stderr
    assert "report.html" in done.stderr
    assert "measuring" not in done.stderr


def test_what_can_be_written_is_not_refused(tmp_path):
    (tmp_path / "old.html").write_text("old", "utf-8")
    for place in (tmp_path / "old.html", tmp_path / "new" / "er" / "r.html", Path("r.html")):
        refuse_unwritable(place)


def test_what_is_refused_could_not_be_written(tmp_path):
    (tmp_path / "file").write_text("", "utf-8")
    for place in (tmp_path, tmp_path / "file" / "r.html"):
        with pytest.raises(UserError):
            refuse_unwritable(place)
        with pytest.raises(UserError):
            write_whole(place, "text")
