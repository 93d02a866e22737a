"""The quick half of the matrix: what is injected from outside ends with words and loses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.case import COMMANDS, Fault
from tests.faults.matrix import FAULTS, missing
from tests.faults.place import make_template
from tests.faults.rows_ends import killed_and_interrupted
from tests.faults.running import run_fault

QUICK = [(row, command) for row in FAULTS for command in row.commands[: row.quick]]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("faults") / "template")


KILLED = {"driver": (-9,), "worker": (3, 130), "guardian": (0, 3, 130)}


def test_the_matrix_holds_seventy_two_faults_and_no_id_twice() -> None:
    ids = [row.id for row in FAULTS]
    assert len(ids) == len(set(ids)) >= 72
    assert {command for row in FAULTS for command in row.commands} <= set(COMMANDS)


@pytest.mark.parametrize(
    ("fault", "command"), QUICK, ids=[f"{row.id}-{command}" for row, command in QUICK]
)
def test_what_is_injected_ends_with_words(
    fault: Fault, command: str, template: Path, tmp_path: Path
) -> None:
    if missing(fault):
        pytest.skip(f"not injectable here: {', '.join(missing(fault))}")
    outcome = run_fault(fault, command, template, tmp_path / "place")
    assert not outcome.wrong, (outcome.wrong, outcome.code, outcome.err[-2000:])


@pytest.mark.parametrize("moment", range(3))
@pytest.mark.parametrize("which", KILLED)
def test_a_kill_at_any_moment_leaves_no_process_and_no_half_file(
    which: str, moment: int, template: Path, tmp_path: Path
) -> None:
    how = killed_and_interrupted(which)
    mute = "oe" if which == "driver" else ""
    fault = Fault(f"kill-{which}", "kill -9", ("probe-file",), how, KILLED[which], mute=mute)
    outcome = run_fault(fault, "probe-file", template, tmp_path / "place")
    assert not outcome.wrong, (outcome.wrong, outcome.code, outcome.err[-2000:])
