"""``fw-advisor rules`` as scripts and authors meet it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from advisor.cli import main
from advisor.knowledge.page import plain

PACK = """\
schema: fw-advisor/rules@1
sources:
  - {id: wiki, url: "https://wiki.example.org/choices", title: "Choices | <b>ours</b>",
     publisher: Us, retrieved: 2026-11-20, gist: We wrote it down.}
rules:
  - id: claim.team.house-style
    kind: claim
    title: "We write PyTorch `here` | <script>alert(1)</script>"
    when: {task: image}
    effects: [{framework: pytorch, criterion: team, direction: for, strength: strong}]
    group: house
    reliability: high
    sources: [wiki]
    asserted: 2026-01-01
    reviewed: 2026-11-01
    expires: 2027-02-01
    rationale: "Everybody\\u001b[31m knows it."
    revisit_when: we hire
    tests:
      - {name: fires, given: {task: image}, expect: fires, favours: pytorch}
      - {name: silent, given: {task: graph}, expect: silent}
      - {name: waits, given: {}, expect: unknown}
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    directory = tmp_path / "team"
    directory.mkdir()
    (directory / "own.yaml").write_text(PACK, encoding="utf-8")
    return directory


class Run:
    """One command in this process: its exit code and what it wrote."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def __call__(self, *argv: str | Path) -> tuple[int, str, str]:
        words = ["fw-advisor", "rules", *(str(word) for word in argv)]
        self._monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as stopped:
            main()
        told = self._capsys.readouterr()
        assert isinstance(stopped.value.code, int)
        return stopped.value.code, told.out, told.err

    def json(self, *argv: str | Path) -> tuple[int, dict[str, Any]]:
        code, out, _ = self(*argv, "--json")
        return code, json.loads(out)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    return Run(capsys, monkeypatch)


def test_list_as_json_and_filtered(run: Run, pack: Path) -> None:
    code, document = run.json("list")
    assert code == 0
    assert set(document) == {"schema", "rules"}
    every = document["rules"]
    assert len(every) >= 100
    assert [rule["id"] for rule in every] == sorted(rule["id"] for rule in every)
    for text, fits in {
        "kind=veto": lambda r: r["kind"] == "veto",
        "criterion=risk": lambda r: any(e["criterion"] == "risk" for e in r.get("effects", [])),
        "fact=float64": lambda r: "float64" in json.dumps(r["when"]),
        "transformers": lambda r: "transformers" in json.dumps(r).lower(),
    }.items():
        _, chosen = run.json("list", "--filter", text)
        ids = [rule["id"] for rule in chosen["rules"]]
        assert ids
        assert all(fits(rule) for rule in chosen["rules"])
        assert len(ids) < len(every)
    _, mine = run.json("list", "--rules", pack, "--filter", "pack=team", "--filter", "kind=claim")
    assert [rule["id"] for rule in mine["rules"]] == ["claim.team.house-style"]
    assert mine["rules"][0]["where"] == f"{pack}/own.yaml:6:5"
    code, _, err = run("list", "--filter", "knd=veto")
    assert code == 2
    assert "did you mean 'kind'" in err


def test_explain_tells_sources_ages_and_personas(run: Run, pack: Path) -> None:
    code, told = run.json(
        "explain", "claim.team.house-style", "--rules", pack, "--today", "2026-11-24"
    )
    assert code == 0
    assert (told["age_days"], told["reviewed_days"], told["expires_in_days"]) == (327, 23, 69)
    assert told["sources"][0]["age_days"] == 4
    fires = [part for part in told["personas"] if part["truth"] == "fires"]
    assert fires
    # It speaks for PyTorch, so wherever it fires it moves the balance there.
    assert all(part["shift"] > 0 for part in fires)
    silent = [part for part in told["personas"] if part["truth"] == "silent"]
    assert silent
    assert all(part["shift"] == 0 and not part["decided"] for part in silent)

    code, out, _ = run(
        "explain", "claim.team.house-style", "--rules", pack, "--today", "2027-02-03"
    )
    assert code == 0
    assert "EXPIRED 2027-02-01, 2 days ago" in out
    assert "https://wiki.example.org/choices" in out
    assert "\x1b" not in out


def test_explaining_a_rule_that_is_not_there(run: Run, pack: Path) -> None:
    code, document = run.json("explain", "claim.team.house-styel", "--rules", pack)
    assert code == 2
    assert "house-style" in document["error"]["hint"]


def test_check_says_no_only_for_errors(run: Run, pack: Path) -> None:
    code, document = run.json("check", "--rules", pack, "--today", "2026-11-24")
    assert code == 0
    assert set(document) == {"schema", "findings"}
    assert not [f for f in document["findings"] if f["severity"] == "error"]

    code, document = run.json("check", "--rules", pack, "--today", "2027-02-02")
    assert code == 5
    expired = [f for f in document["findings"] if f["id"] == "expired"]
    assert [f["where"] for f in expired] == [f"{pack}/own.yaml:6:5"]
    code, out, err = run("check", "--rules", pack, "--today", "2027-02-02")
    assert code == 5
    assert f"{pack}/own.yaml:6:5: error: claim.team.house-style" in out
    assert "1 error" in err


def test_check_of_rules_that_do_not_load(run: Run, pack: Path) -> None:
    text = PACK.replace("{task: image}\n", "{task: imge}\n").replace("[wiki]", "[wikki]")
    (pack / "own.yaml").write_text(text, encoding="utf-8")
    code, document = run.json("check", "--rules", pack)
    assert code == 2
    places = [(f["where"], f["hint"]) for f in document["findings"]]
    assert (f"{pack}/own.yaml:9:18", "did you mean 'image'?") in places
    assert document["error"]["message"]
    code, out, err = run("check", "--rules", pack)
    assert (code, out) == (2, "")
    assert "did you mean 'wiki'?" in err
    assert "Traceback" not in err


def test_rule_tests_pass_or_say_what_failed(run: Run, pack: Path) -> None:
    code, document = run.json("test", "--rules", pack)
    assert code == 0
    assert len(document["tests"]) >= 300
    assert document["untested"] == []

    (pack / "own.yaml").write_text(
        PACK.replace("expect: silent", "expect: fires"), encoding="utf-8"
    )
    code, out, err = run("test", "--rules", pack, "--filter", "pack=team")
    assert code == 5
    assert "wanted fires, got silent" in out
    assert "2 of 3 tests passed" in err


def test_stale_looks_ahead(run: Run, pack: Path) -> None:
    def ids(within: str) -> list[str]:
        code, document = run.json(
            "stale", "--within", within, "--today", "2026-12-01", "--rules", pack
        )
        assert code == 0
        return [rule["id"] for rule in document["rules"]]

    assert "claim.team.house-style" in ids("62d")
    assert "claim.team.house-style" not in ids("61d")
    assert len(ids("1y")) > len(ids("26w"))
    assert run("stale", "--within", "soon")[0] == 2
    _, document = run.json("stale", "--within", "0d", "--today", "2027-02-03", "--rules", pack)
    assert document["rules"][0]["expires_in_days"] == -2


def test_the_page_shows_every_rule_and_keeps_hostile_text_inert(
    run: Run, pack: Path, tmp_path: Path
) -> None:
    page = tmp_path / "docs" / "rules.md"
    assert run("docs", "--rules", pack, "-o", page)[0] == 0
    text = page.read_text(encoding="utf-8")
    _, listed = run.json("list", "--rules", pack)
    for rule in listed["rules"]:
        assert f"`{rule['id']}`" in text
    assert "<script" not in text
    assert "<b>" not in text
    assert "\x1b" not in text
    assert "(https://wiki.example.org/choices)" in text
    _, again, _ = run("docs", "--rules", pack)
    assert again == text


def test_text_on_the_page_cannot_start_anything() -> None:
    shown = plain("# head\n- [x](http://a.b) `code` ![i](data:1) www.a.b a_b *c* | <!-- --> &lt;")
    for active in ("[x]", "`code`", "![i]", "http://", "www.a", "<!--", " | ", "*c*"):
        assert active not in shown
    assert "\n" not in shown


def test_a_date_that_is_none_is_told(run: Run) -> None:
    code, _, err = run("check", "--today", "tomorrow")
    assert code == 2
    assert "tomorrow" in err


FAKE_PIP = """\
import sys
name = sys.argv[-1]
held = {"pip": "26.0", "torch-neuronx": "1.0", "flax": "999.0"}
if name not in held:
    print(f"ERROR: No matching distribution found for {name}", file=sys.stderr)
    sys.exit(1)
print(f"{name} ({held[name]})")
print(f"Available versions: {held[name]}")
"""


@pytest.fixture
def fake_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "fake_pip.py"
    path.write_text(FAKE_PIP, encoding="utf-8")
    command = [sys.executable, "-S", str(path)]
    monkeypatch.setattr("advisor.knowledge.index.pip_command", lambda: command)


def test_check_asks_the_index_only_when_told_to(run: Run, fake_pip: None) -> None:
    code, document = run.json("check", "--today", "2026-11-26")
    assert code == 0
    assert not [f for f in document["findings"] if f["id"].startswith("index-")]
    code, document = run.json("check", "--today", "2026-11-26", "--index")
    assert code == 5
    dead = [f for f in document["findings"] if f["id"] == "index-dead"]
    assert any("jaxlib" in finding["text"] for finding in dead)
    assert all(finding["where"].startswith("rules/installs.yaml:") for finding in dead)
    silent = [f["text"] for f in document["findings"] if f["id"] == "index-silent"]
    assert any("download.pytorch.org/whl/cpu" in text for text in silent)


def test_refresh_is_a_work_list(run: Run, fake_pip: None) -> None:
    code, document = run.json("refresh", "--today", "2026-11-26", "--within", "100d")
    assert code == 0
    assert set(document) == {"schema", "today", "items"}
    assert document["schema"] == "fw-advisor/rules-refresh@1"
    keys = {
        "kind", "id", "title", "where", "reviewed", "reviewed_days", "expires", "expires_in_days",
        "reasons", "revisit_when", "sources", "release",
    }  # fmt: skip
    assert document["items"]
    assert all(set(item) == keys for item in document["items"])

    code, document = run.json("refresh", "--only", "flax", "--index")
    assert code == 0
    (item,) = document["items"]
    assert item["reasons"] == ["released"]
    assert item["release"]["newest"] == "999.0"

    code, out, err = run("refresh", "--only", "flax", "--index", "--today", "2027-06-01")
    assert code == 0
    assert "flax: read 2026-11-25 (expired, released" in out
    assert "-> 999.0" in out
    assert "1 to look at again" in err
