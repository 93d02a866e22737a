"""What an interview that is stopped had measured: what is settled is used, the rest made again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from advisor.answers import Answers
from advisor.cli.background import keep_settled
from advisor.cli.interviewing import Talk
from advisor.cli.kept import Kept, forget, keep, settled, take_up
from advisor.evidence import Evidence
from tests.render.records import evidence

OPTIONS = ("--profile", "quick", "--task", "image")


def only(measured: Evidence, *names: str) -> Evidence:
    return replace(measured, probes=[p for p in measured.probes if p.id in names])


@pytest.fixture
def half() -> Evidence:
    """Every size of one workload called, of another one nothing."""
    measured = only(evidence(), "mlp_train", "conv_train")
    called = [replace(p, comparisons=p.comparisons[1:]) if p.id == "mlp_train" else p
              for p in measured.probes]  # fmt: skip
    return replace(measured, probes=called)


def test_probes_that_are_called_in_all_their_sizes_are_kept_and_no_others(half: Evidence) -> None:
    kept = settled(half, OPTIONS, complete=False)
    assert kept is not None
    assert kept.probes == ("mlp_train",)
    assert len(kept.evidence.probes) == 2
    # One of the sizes is open: the whole workload is measured again.
    assert settled(only(evidence(), "mlp_train"), OPTIONS, complete=False) is None
    assert settled(only(half, "conv_train"), OPTIONS, complete=False) is None
    assert settled(half, OPTIONS, complete=True) == Kept(half, OPTIONS, complete=True)


class Aside:
    """Probes that run until they are told to stop, and have written *measured* then."""

    def __init__(self, measured: Evidence | None) -> None:
        self.running = True
        self._measured = measured

    def interrupt(self) -> None:
        self.running = False

    def evidence(self) -> Evidence | None:
        return None if self.running else self._measured


def test_of_probes_that_run_aside_what_is_settled_is_kept_and_told(
    half: Evidence, tmp_path: Path
) -> None:
    text = keep_settled(Aside(half), OPTIONS, tmp_path)  # type: ignore[arg-type]
    assert text == "What was measured so far is kept for --resume: mlp_train."
    found = take_up(tmp_path)
    assert found is not None
    assert (found.probes, found.complete) == (("mlp_train",), False)


@pytest.mark.parametrize("measured", [None, only(evidence(), "conv_train")])
def test_where_nothing_is_settled_it_is_told_that_all_is_measured_again(
    measured: Evidence | None, tmp_path: Path
) -> None:
    aside = Aside(measured)
    assert "measures again" in keep_settled(aside, OPTIONS, tmp_path)  # type: ignore[arg-type]
    assert take_up(tmp_path) is None


def test_half_a_model_is_no_model(half: Evidence) -> None:
    model = replace(half, probes=[replace(p, id="model:mlp") for p in half.probes])
    assert settled(model, OPTIONS, complete=False) is None


def test_what_is_kept_is_taken_up_until_it_is_forgotten(half: Evidence, tmp_path: Path) -> None:
    kept = settled(half, OPTIONS, complete=False)
    assert kept is not None
    keep(kept, tmp_path)
    again = take_up(tmp_path)
    assert again is not None
    assert (again.probes, again.options, again.complete) == (kept.probes, OPTIONS, False)
    forget(tmp_path)
    forget(tmp_path)
    assert take_up(tmp_path) is None


NO_OPTIONS = '{"schema": "fw-advisor/kept@1", "options": 3, "evidence": {}}'


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": "x"}', NO_OPTIONS])
def test_a_file_that_is_no_such_file_is_measured_again(tmp_path: Path, text: str) -> None:
    (tmp_path / "measured.json").write_text(text)
    assert take_up(tmp_path) is None


def talk(kept: Kept | None) -> Talk:
    made = Talk(
        rules=(), python=(), profile="quick", device=None, budget=None, seed=0, probe=True,
        quiet=True, colour=False, prompt=True,
    )  # fmt: skip
    made.kept = kept
    return made


def test_it_serves_the_same_measurement_only(half: Evidence) -> None:
    said = Answers().with_value("task", "image", "typed")
    options = talk(None)._options(said)
    assert talk(Kept(half, options, complete=False)).earlier(said) == [half]
    other = said.with_value("task", "graph", "typed")
    assert talk(Kept(half, options, complete=False)).earlier(other) == []
    refused = talk(Kept(half, options, complete=False))
    refused.probe = False
    assert refused.earlier(said) == []


def test_a_whole_measurement_is_taken_as_it_is(half: Evidence) -> None:
    said = Answers().with_value("task", "image", "typed")
    going_on = talk(Kept(half, talk(None)._options(said), complete=True))
    finished = going_on.measure(said)
    assert (finished.evidence, finished.complete) == (half, True)
    # It is the measurement now, and not an earlier one beside it.
    assert going_on.earlier(said) == []
