"""The words of the evidence: every id has some, and a part that has its own keeps them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from advisor.evidence import Comparison, Evidence, Gate, Notice, Parity, Probe, Reason, Selftest
from advisor.measure.progress import Progress
from advisor.render.evidence_words import (
    progress_words,
    reason_words,
    word_evidence,
    word_notice,
    word_selftest,
)
from advisor.resources import words_of

ROOT = Path(__file__).parents[2] / "advisor"
# Which tables of the catalogue may hold the sentences of what is made so, and where its case is.
TABLES = {
    "WorkerError": (("reason",), 1),
    "Reason": (("reason", "parity", "selftest"), 1),
    "Notice": (("notice",), 2),
    "ReplyError": (("reason.worker-garbage",), None),
    "_differs": (("parity.differences",), None),
    "tick": (("progress",), None),
}


def made(name: str) -> Iterator[tuple[str, list[ast.expr]]]:
    """The constant ids that measuring calls *name* with, and all arguments."""
    for room in ("measure", "workers", "machine"):
        for path in sorted((ROOT / room).glob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if not isinstance(node, ast.Call) or ast.unparse(node.func).split(".")[-1] != name:
                    continue
                if node.args and isinstance(node.args[0], ast.Constant):
                    yield str(node.args[0].value), node.args


def messages(key: str) -> Any:
    """What lies at *key*: a sentence, or those of all cases."""
    place: Any = words_of()
    for word in key.split("."):
        place = place.get(word) if isinstance(place, Mapping) else None
    return place


@pytest.mark.parametrize("name", TABLES)
def test_whatever_measuring_says_has_words(name):
    tables, place = TABLES[name]
    ids = list(made(name))
    assert ids
    for part_id, arguments in ids:
        known = [m for table in tables if (m := messages(f"{table}.{part_id}")) is not None]
        assert known, part_id
        case = arguments[place] if place is not None and len(arguments) > place else None
        if isinstance(case, ast.Constant) and case.value and part_id != "differs":
            assert any(case.value in m for m in known if isinstance(m, Mapping)), (
                part_id,
                case.value,
            )


def test_what_has_words_keeps_them():
    """Older evidence says what it said, also where this version would say it otherwise."""
    said = Reason("worker-hung", text="it hung", hint="")
    gate = Gate("parity-failed", "failed", text="they differ")
    compared = Comparison(
        a="a",
        b="b",
        verdict="invalid",
        reason=replace(said, id="parity-failed"),
        certificate=[gate],
    )
    older = Evidence(
        probes=[Probe(id="x", comparisons=[compared], gates=[gate], parity=Parity(reason=said))],
        notices=[Notice("machine-busy", text="busy", hint="")],
        selftest=Selftest(status="failed", reason=said),
    )
    assert word_evidence(older) == older


def test_words_are_given_once():
    made_here = Evidence(
        notices=[Notice("machine-busy", values={"share": 0.5})],
        selftest=Selftest(status="failed", reason=Reason("machine-busy")),
    )
    once = word_evidence(made_here)
    assert once != made_here
    assert word_evidence(once) == once


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"doing": 3},
        {"doing": None, "limit_s": "x"},
        {"because": {"id": "x", "what": 1}},
        {"because": {}, "doing": [{"case": "x"}]},
    ],
)
def test_what_this_version_has_no_words_for_stays_an_id(values: dict[str, Any]):
    """Evidence comes from other versions and other hands: no value of it breaks a report."""
    for reason_id in ("worker-hung", "no-such-id", "interval-spans-margin", "x.y", ""):
        reason = Reason(reason_id, values=values)
        assert isinstance(reason_words(reason), str)
        word_evidence(Evidence(selftest=Selftest(status="failed", reason=reason)))
        assert word_notice(Notice(reason_id, values=values)).id == reason_id
    assert reason_words(Reason("no-such-id")) == ""


def test_a_reason_that_holds_another_says_both():
    because = {"id": "worker-crashed", "case": "signal", "values": {"doing": "warm"}}
    because["values"] |= {"signal": "SIGILL", "log": "no such instruction"}
    reason = Reason("selftest-broken", values={"because": because})
    worded = word_selftest(Selftest(status="failed", reason=reason)).reason
    assert worded is not None
    assert worded.text == (
        "the self-test's worker failed: "
        "stopped while doing 'warm' (killed by SIGILL): no such instruction"
    )


@pytest.mark.parametrize(
    ("since_s", "told"), [(0.2, "for 0 s"), (10.1, "for 10 s"), (119.7, "for 2 min"),
                          (8000.0, "for 133 min")]
)  # fmt: skip
def test_how_long_somebody_measures_already_is_told_in_whole_seconds(since_s, told):
    stage = Progress(0.0, 0.0, "waiting-for-holder", {"pid": 7, "since_s": since_s})
    assert f"(process 7, {told}); waiting" in progress_words(stage)


def test_progress_is_told_in_one_line():
    stage = Progress(1.0, 9.0, "building", {"item": "x/small", "mode": "jax.jit", "cores": 1})
    assert progress_words(stage) == "x/small jax.jit on 1 core: building"
    counted = replace(stage, settled=2, comparisons=9)
    assert progress_words(counted) == "2 of 9 settled · x/small jax.jit on 1 core: building"
    relayed = Progress(0.0, 0.0, "relayed", {"text": "round {5} of 6"})
    assert progress_words(relayed) == "round {5} of 6"
