"""An interrupted campaign that is gone on with gives the evidence of one that was not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from advisor.measure import journal as journals
from advisor.measure.campaign import measure
from advisor.owned import ForeignError
from tests.fakes.interrupting import Case, Cut, apart, compared


@pytest.fixture(autouse=True)
def alone(tmp_path):
    with apart(tmp_path):
        yield


@pytest.mark.parametrize(
    ("kind", "cuts"),
    [
        ("suite", [(0.9, True)]),
        ("broken", [(0.7, False), (0.4, True)]),
        ("model", [(0.8, True)]),
    ],
)
def test_a_resumed_run_gives_what_an_uninterrupted_one_gives(script, kind, cuts):
    case = Case(script, kind)
    steps, whole = case.whole()
    for share, kill in cuts:
        case.interrupt(Cut(round(share * steps), kill))
    before = case.finished
    assert before > 0
    resumed = case.go_on()
    assert resumed.evidence.resumed == before
    assert compared(resumed) == whole
    assert not case.state.exists()


def test_a_damaged_launch_and_all_behind_it_are_measured_again(script):
    case = Case(script, "suite")
    journal = journals.begin(case.state, {})
    measure(replace(case.asked, journal=journal))
    journal.close()
    launches = sorted(case.state.rglob("launch-*.json"))
    damaged = launches[len(launches) // 2]
    damaged.write_bytes(damaged.read_bytes().replace(b"blocks", b"blocka", 1))
    again = journals.latest(case.state)
    assert again is not None
    again.load()
    again.close()
    assert [done.result.index for done in again.done] == list(range(launches.index(damaged)))
    assert sorted(case.state.rglob("launch-*.json")) == launches[: launches.index(damaged)]


def test_no_more_journals_are_kept_than_is_said_and_none_that_somebody_measures_into(tmp_path):
    open_still = journals.begin(tmp_path, {"number": 0})
    for number in range(1, 2 * journals.MOST_JOURNALS):
        journals.begin(tmp_path, {"number": number}).close()
    latest = journals.latest(tmp_path)
    assert latest is not None
    assert latest.request["number"] == 2 * journals.MOST_JOURNALS - 1
    assert open_still.place.is_dir()
    kept = list(latest.place.parent.iterdir())
    assert len(kept) == journals.MOST_JOURNALS + 1
    latest.close()
    open_still.close()


def test_a_journal_is_for_its_owner_alone(tmp_path):
    journals.begin(tmp_path, {}).close()
    [place] = (tmp_path / "unfinished-probes").iterdir()
    for path in (place.parent, place, *place.iterdir()):
        assert path.stat().st_mode & 0o077 == 0
    (place / "request.json").chmod(0o666)
    with pytest.raises(ForeignError, match="other users"):
        journals.latest(tmp_path)


def test_what_cannot_be_kept_costs_the_journal_and_not_the_run(script):
    case = Case(script, "suite")
    journal = journals.begin(case.state, {})
    journal.place.chmod(0o700)
    (journal.place / "start.json").mkdir()
    finished = measure(replace(case.asked, journal=journal))
    assert finished.complete
    assert journal.problem
    assert journal.finished == 0
    journal.close()
