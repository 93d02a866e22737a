"""A package that no rule knows is looked up where it is installed before it is called unknown."""

from __future__ import annotations

from pathlib import Path

import pytest

from advisor.answers import Answers
from advisor.cli.looking_up import with_installed_packages
from advisor.decide.deciding import decide
from advisor.inputs import Inputs
from advisor.knowledge.loader import load_rule_base
from advisor.record import Record, freeze, replay_findings, thaw
from advisor.render.decision_words import word_decision, worded_record

BASE = load_rule_base()
DAY = "2026-11-26"


def environment(place: Path, requires: str) -> str:
    """A Python whose environment holds the package, and that cannot be run."""
    info = place / "lib/python3.12/site-packages/our_models-1.2.dist-info"
    info.mkdir(parents=True)
    text = f"Metadata-Version: 2.1\nName: our-models\nVersion: 1.2\nRequires-Dist: {requires}\n"
    (info / "METADATA").write_text(text, encoding="utf-8")
    (place / "bin").mkdir()
    return str(place / "bin" / "python")


def inputs_with(*interpreters: str, name: str = "our-models") -> Inputs:
    answers = Answers(values={"task": "image", "must_use": [name]})
    base = with_installed_packages(BASE, answers, interpreters, DAY)
    return Inputs(answers=answers, evidence=(), base=base, today=DAY, created=DAY, samples=300)


def record_of(inputs: Inputs) -> Record:
    return worded_record(inputs)


@pytest.mark.parametrize(("requires", "framework"), [("torch>=2", "pytorch"), ("jaxlib", "jax")])
def test_what_an_installed_package_requires_binds_and_replays(
    tmp_path: Path, requires: str, framework: str
) -> None:
    record = record_of(inputs_with(environment(tmp_path, requires)))
    decision = record.decision
    assert (decision.status, decision.recommended.framework) == ("forced", framework)
    assert "unknown-package" not in {notice.id for notice in decision.notices}
    assert replay_findings(thaw(freeze(record), "decision.json"), word_decision) == []


def test_what_is_installed_and_requires_neither_is_not_called_unknown(tmp_path: Path) -> None:
    decision = decide(inputs_with(environment(tmp_path, "requests")))
    assert "unknown-package" not in {notice.id for notice in decision.notices}
    assert all(veto.status == "conditional" for veto in decision.vetoes)


def test_what_is_nowhere_is_called_unknown(tmp_path: Path) -> None:
    inputs = inputs_with(str(tmp_path / "bin" / "python"), name="surely-nobodys-package")
    assert inputs.base.packages == BASE.packages
    assert "unknown-package" in {notice.id for notice in decide(inputs).notices}
