"""`fw-advisor probe --resume` as a user meets it: what it goes on with, and what it refuses."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import advisor.cli
from advisor.cli.measuring import Surroundings
from advisor.machine.toolchains import InstalledToolchain
from advisor.measure.progress import Progress
from tests.fakes.interrupting import Case, apart
from tests.fakes.kit import Script


class Shell:
    """A directory with fake frameworks in which `probe` is typed."""

    def __init__(self, case: Case, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.argv = case.asked.worker
        self.late = False
        self.version = "2.13.0"

    def around(self, *_: Any, label: str | None = None, **__: Any) -> Surroundings:
        """What is found here."""
        found = (
            InstalledToolchain("pytorch", sys.executable, version=self.version, python="3.11.0"),
            InstalledToolchain("jax", sys.executable, version="0.10.2", python="3.11.0"),
        )
        return Surroundings({"os": "linux", "cpu": "a fake", "label": label}, found)

    @contextlib.contextmanager
    def progress(self, **_: Any) -> Iterator[Callable[[Progress], None]]:
        """Progress that interrupts once the first launch is finished, where it is told to."""

        def report(_: Progress) -> None:
            if self.late and list(Path("fw-advisor-report").rglob("launch-*.json")):
                self.late = False
                raise KeyboardInterrupt

        yield report

    def probe(self, *options: str, late: bool = False) -> tuple[int, str]:
        """The exit code of ``probe`` and what it said; interrupted *late* in its first launches."""
        self.late = late
        argv = ["fw-advisor", "probe", *options]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", argv)
            with pytest.raises(SystemExit) as ended:
                advisor.cli.main()
        return int(ended.value.code or 0), self._capsys.readouterr().err


@pytest.fixture
def shell(
    script: Script,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Shell]:
    made = Shell(Case(script, "suite"), capsys)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FW_ADVISOR_STATE_DIR", raising=False)
    monkeypatch.setattr("advisor.cli.measuring.look_around", made.around)
    monkeypatch.setattr("advisor.cli.measuring.worker_script", lambda: made.argv)
    monkeypatch.setattr("advisor.cli.measuring.cache_dir", lambda: tmp_path / "cache")
    monkeypatch.setattr("advisor.cli.live.live_progress", made.progress)
    with apart(tmp_path):
        yield made


ASKED = ("--profile", "quick", "--only", "other", "--seed", "7", "-o", "evidence.json")


def test_an_interrupted_run_names_the_command_that_goes_on_with_it(shell: Shell) -> None:
    code, told = shell.probe(*ASKED, late=True)
    assert code == 130
    assert "go on with it: fw-advisor probe --resume" in told
    code, _ = shell.probe("--resume", "--quiet")
    assert code == 0
    evidence = json.loads(Path("evidence.json").read_text("utf-8"))
    assert evidence["resumed"] == 1
    assert evidence["seed"] == 7
    assert {probe["id"] for probe in evidence["probes"]} == {"other"}
    assert not Path("fw-advisor-report").exists()
    code, told = shell.probe("--resume")
    assert code == 2
    assert "there is no interrupted run" in told
    assert "fw-advisor probe" in told


def test_what_contradicts_the_interrupted_run_is_refused(shell: Shell) -> None:
    shell.probe(*ASKED, late=True)
    for options, told in (
        (("--seed", "8"), "--seed contradicts the interrupted run, which was asked with --seed 7"),
        (("--device", "gpu"), "asked with no --device"),
        (("--list",), "--resume and --list do not go together"),
        (("--models",), "--resume and --models do not go together"),
    ):
        code, said = shell.probe("--resume", *options)
        assert code == 2
        assert told in said
    shell.version = "2.14.0"
    code, said = shell.probe("--resume")
    assert code == 2
    assert 'toolchains.pytorch 0.version was "2.13.0", is "2.14.0"' in said
    shell.version = "2.13.0"
    # What says the same again is no contradiction, and nothing of it was lost.
    assert shell.probe("--resume", "--seed", "7", "--only", "other", "-q")[0] == 0


def test_a_run_that_ends_or_cannot_begin_leaves_no_journal(shell: Shell) -> None:
    assert shell.probe(*ASKED)[0] == 0
    assert shell.probe("--only", "nothing-of-the-kind")[0] == 2
    assert not Path("fw-advisor-report").exists()


def test_what_another_could_have_written_is_not_gone_on_with(shell: Shell) -> None:
    shell.probe(*ASKED, late=True)
    [journal] = Path("fw-advisor-report/unfinished-probes").iterdir()
    (journal / "launch-0000.json").chmod(0o666)
    code, told = shell.probe("--resume")
    assert code == 2
    assert "may be written by other users" in told


def test_where_nothing_can_be_kept_it_is_measured_all_the_same(shell: Shell) -> None:
    Path("fw-advisor-report").write_text("in the way", "utf-8")
    code, told = shell.probe(*ASKED)
    assert code == 0
    assert "can't be gone on with" in told
