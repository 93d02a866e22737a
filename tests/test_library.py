"""A library of evidence on the command line: read, shown, added to, checked; lists of fleets."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from advisor.cli import main
from advisor.errors import UserError
from advisor.evidence_io import evidence_from
from advisor.library import (
    FLEET_SCHEMA,
    documents_in,
    evidence_files,
    library_of,
    shipped_place,
)
from advisor.upgrades import FORMS, upgraded
from tests.decide.making import comparison, probe, work


def document(**more: Any) -> dict[str, Any]:
    made = {
        "schema": "fw-advisor/evidence@1",
        "created": "2026-11-20",
        "tool": {"name": "fw-advisor", "version": "0.1.0"},
        "machine": {"cpu": "Xeon", "cores_usable": 4, "label": "our-host"},
        "toolchains": [
            {"framework": "jax", "version": "0.9", "interpreter": "/home/me/bin/python"}
        ],
        "probes": [probe("conv_train", comparison(2.0))],
        "works": [work(2.0)],
    }
    return {**made, **more}


def written(place: Path, data: Any) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(data if isinstance(data, str) else json.dumps(data), "utf-8")
    return place


def run(*arguments: object, code: int = 0) -> tuple[str, str]:
    """What ``fw-advisor evidence`` writes to stdout and stderr."""
    out, err = io.StringIO(), io.StringIO()
    argv = ["fw-advisor", "evidence", *map(str, arguments)]
    with (
        mock.patch.object(sys, "argv", argv),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as left,
    ):
        main()
    assert left.value.code == code, err.getvalue()
    return out.getvalue(), err.getvalue()


def test_what_is_added_says_nothing_of_hosts_and_places(tmp_path: Path) -> None:
    library = tmp_path / "library"
    run("add", written(tmp_path / "mine.json", document()), "--library", library)
    [file] = library.iterdir()
    text = file.read_text("utf-8")
    assert "our-host" not in text
    assert "/home/me" not in text
    assert file.stem == "xeon-4_2026-11-20_resnet"
    assert "xeon-4_2026-11-20_resnet" in run("list", "--library", library)[0]
    assert "Xeon" in run("show", file.stem, "--library", library)[0]
    run("check", "--library", library)


def test_the_same_document_twice_is_one_file(tmp_path: Path) -> None:
    mine = written(tmp_path / "mine.json", document())
    for _ in range(2):
        run("add", mine, "--library", tmp_path / "library")
    assert len(list((tmp_path / "library").iterdir())) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"works": []}, "--model"),
        ({"settings": "default"}, "--settings default"),
        ({"created": ""}, "no date"),
        ({"machine": {}}, "which machine"),
        ({"selftest": {"status": "failed"}}, "self-test"),
    ],
)
def test_what_no_library_should_hold_is_refused_whole(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    good = written(tmp_path / "good.json", document())
    bad = written(tmp_path / "bad.json", document(**change))
    assert said in run("add", good, bad, "--library", tmp_path / "library", code=2)[1]
    assert not (tmp_path / "library").exists()


def test_a_directory_without_evidence_adds_nothing_and_says_so(tmp_path: Path) -> None:
    empty = tmp_path / "evidence.json"
    empty.mkdir()
    _, told = run("add", empty, "--library", tmp_path / "library", code=2)
    assert "holds no evidence" in told
    assert not (tmp_path / "library").exists()


def test_a_file_that_cannot_be_read_costs_itself_alone(tmp_path: Path) -> None:
    written(tmp_path / "library" / "broken.json", '{"schema": "fw-advisor/evidence@1", "pro')
    written(tmp_path / "library" / "mine.json", document())
    listed, said = run("list", "--library", tmp_path / "library", code=3)
    assert "mine" in listed
    assert "left out" in said
    checked, _ = run("check", "--library", tmp_path / "library", "--json", code=5)
    assert [f["id"] for f in json.loads(checked)["findings"]] == ["unreadable"]


def test_what_is_shipped_is_sound_and_says_where_it_was_measured() -> None:
    run("check")
    entries = library_of((), shipped=True)
    assert entries
    for entry in entries:
        assert entry.shipped
        assert entry.evidence.machine.label is None
        assert entry.evidence.works
    assert shipped_place().is_dir()


def test_a_team_library_is_read_for_the_model_that_is_meant(tmp_path: Path) -> None:
    written(tmp_path / "other.json", document(works=[work(2.0, model="unet")]))
    written(tmp_path / "mine.json", document())
    names = [e.name for e in library_of((tmp_path,), shipped=False, model="resnet")]
    assert names == ["mine"]


def fleet(*files: str | None) -> dict[str, Any]:
    return {"schema": FLEET_SCHEMA, "nodes": [{"evidence": file} for file in files]}


def test_a_fleet_stands_for_the_files_beside_it(tmp_path: Path) -> None:
    place = written(tmp_path / "fleet.json", fleet("a.json", None, "b.json"))
    assert evidence_files(place) == [tmp_path / "a.json", tmp_path / "b.json"]


@pytest.mark.parametrize("place", ["fleet.json", "", "a.json"])
def test_what_a_place_holds_are_the_files_that_it_names(tmp_path: Path, place: str) -> None:
    written(tmp_path / "a.json", {"one": 1})
    written(tmp_path / "b.json", {"two": 2})
    written(tmp_path / "fleet.json", fleet("b.json", "a.json"))
    held = dict(documents_in(tmp_path / place))
    assert list(held) == evidence_files(tmp_path / place)
    assert held[tmp_path / "a.json"] == {"one": 1}


@pytest.mark.parametrize("name", ["../secret.json", "/etc/passwd", "sub/a.json", 7, "", ".."])
def test_a_fleet_chooses_no_file_elsewhere(tmp_path: Path, name: Any) -> None:
    with pytest.raises(UserError, match="beside it"):
        evidence_files(written(tmp_path / "fleet.json", fleet(name)))


def test_every_earlier_form_is_upgraded_and_read() -> None:
    old = document()
    entry = {"framework": "pytorch", "mode": "pytorch.compile", "status": "ok"}
    old["probes"][0]["entries"] = [{**entry, "compile_s": 0.5, "compile_cold_s": 7.0}]
    assert [form.name for form in FORMS if form.recognises(old)] == ["compile-cold"]
    evidence = evidence_from(upgraded(old), name="old")
    [read] = evidence.probes[0].entries
    assert (read.compile_s, read.compile_warm_s) == (7.0, 0.5)
