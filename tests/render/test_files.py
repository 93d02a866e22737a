"""Files by suffix, the command, and two renderings kept word for word."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from advisor.cli.outputs import write_outputs
from advisor.errors import UserError
from advisor.jsonio import dumps
from advisor.record import freeze
from advisor.render.adr import render_adr
from advisor.render.terminal import render_terminal
from tests.render.reading import read_html, read_markdown
from tests.render.records import record

GOLDEN = Path(__file__).parent / "golden"


def test_the_suffix_sets_the_format(tmp_path: Path) -> None:
    names = ("a.html", "b.md", "c.adr.md", "d.json", "e.txt", "deep/er/F.HTML")
    write_outputs(record(), [tmp_path / name for name in names])
    assert (tmp_path / "a.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    assert (tmp_path / "deep/er/F.HTML").read_bytes() == (tmp_path / "a.html").read_bytes()
    assert "## Decision Outcome" in (tmp_path / "c.adr.md").read_text("utf-8")
    assert json.loads((tmp_path / "d.json").read_text("utf-8"))["made_from"]
    assert (tmp_path / "e.txt").read_text("utf-8").startswith("Sparrow\n")


@pytest.mark.parametrize("stem", ["report", "my report (1)"])
def test_the_charts_stand_beside_the_markdown(tmp_path: Path, stem: str) -> None:
    write_outputs(record(), [tmp_path / f"{stem}.md"])
    page = read_markdown((tmp_path / f"{stem}.md").read_text("utf-8"))
    from urllib.parse import unquote

    images = [unquote(e.attributes["src"]) for e in page.named("img")]
    assert len(images) == 4
    for image in images:
        assert image.startswith(f"{stem}_assets/")
        assert read_html((tmp_path / image).read_text("utf-8")).shape[0] == "svg"


@pytest.mark.parametrize("name", ["report.pdf", "report", "report.html.gz"])
def test_an_unknown_suffix_writes_nothing_at_all(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="names no format") as caught:
        write_outputs(record(), [tmp_path / "good.html", tmp_path / name])
    assert ".adr.md" in caught.value.hint
    assert not list(tmp_path.iterdir())


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "advisor", "report", *arguments],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A record as a file."""
    from advisor.inputs import Inputs
    from advisor.knowledge.loader import load_rule_base
    from advisor.knowledge.personas import answers_of, load_personas
    from advisor.render.decision_words import worded_record

    base = load_rule_base()
    persona = load_personas(base)[0]
    inputs = Inputs(
        answers=answers_of(persona), evidence=(), base=base, today="2026-11-24", samples=500
    )
    path = tmp_path / "decision.json"
    path.write_text(dumps(freeze(worded_record(inputs))), "utf-8")
    return path


def test_the_command_prints_a_summary_or_one_json_document_or_files(saved: Path) -> None:
    shown = run(str(saved))
    assert shown.returncode == 0
    headline = json.loads(saved.read_text("utf-8"))["headline"]
    assert headline in " ".join(shown.stdout.split())
    assert "\x1b" not in shown.stdout
    as_json = run(str(saved), "--json")
    assert json.loads(as_json.stdout) == json.loads(saved.read_text("utf-8"))
    page = saved.with_name("out.html")
    written = run(str(saved), "-o", str(page), "-o", str(saved.with_name("out.adr.md")))
    assert written.returncode == 0
    assert written.stdout == ""
    assert str(page) in written.stderr
    embedded = json.loads(read_html(page.read_text("utf-8")).script)
    assert embedded == json.loads(saved.read_text("utf-8"))


def test_a_bad_record_or_suffix_is_told_in_words(saved: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text('{"schema": "fw-advisor/decision@9"}', "utf-8")
    for arguments, told in (
        ([str(broken)], "upgrade"),
        ([str(tmp_path / "absent.json")], "cannot be read"),
        ([str(saved), "-o", str(tmp_path / "x.pdf")], "names no format"),
    ):
        done = run(*arguments)
        assert done.returncode == 2
        assert told in done.stderr
        assert "Traceback" not in done.stderr


def test_summary_and_decision_record_read_as_agreed() -> None:
    """To change them on purpose: write what is shown to the files in golden/ and review it."""
    made = record()
    shown = {
        "summary.txt": render_terminal(made, width=80, colour=False) + "\n",
        "decision.adr.md": render_adr(made),
    }
    for name, text in shown.items():
        assert text == (GOLDEN / name).read_text("utf-8"), name
