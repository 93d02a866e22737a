"""The table of what translating costs: its form, and where it is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from advisor.cli.models import with_carry_over
from advisor.errors import UserError
from advisor.evidence import to_data
from advisor.evidence_io import evidence_from
from advisor.knowledge import translation_gaps as table
from advisor.knowledge.loader import load_rule_base
from advisor.render.work_text import work_lines
from tests.decide import making

ROW = """schema: fw-advisor/translation_gaps@1
translation_gaps:
  - id: mlp
    ratio: {ratio}
    low: 0.9
    high: 1.3
    launches: 5
    size: {{batch: 128}}
    machine: a machine
    versions: a version
    date: 2026-11-27
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "gaps.yaml"
    path.write_text(text, "utf-8")
    return path


def module_beside(family: str | None) -> list[str]:
    """The lines of a translated module with a family beside it."""
    own = making.work(1.3, model="module:net")
    own["modes"] = [{**m, "variant": "translated by torchax 0"} for m in own["modes"]]
    beside = [making.work(1.3, model=family)] if family else []
    measured = with_carry_over(making.evidence_with(works=[own, *beside]))
    assert evidence_from(to_data(measured), name="again") == measured
    return work_lines(measured.works[0])


def test_every_row_has_its_machine_and_date_or_says_why_there_is_none() -> None:
    families = load_rule_base().families
    for name, gap in table.translation_gaps().items():
        assert name in families
        if gap.ratio is None:
            assert gap.why_not
            continue
        assert gap.low is not None
        assert gap.high is not None
        assert gap.low <= gap.ratio <= gap.high
        assert gap.machine
        assert gap.versions
        assert gap.date
        assert gap.launches > 1
        assert gap.size


def test_a_row_is_read_as_it_stands(tmp_path: Path) -> None:
    gap = table.translation_gaps(written(tmp_path, ROW.format(ratio=1.1)))["mlp"]
    assert (gap.ratio, gap.low, gap.high, gap.size) == (1.1, 0.9, 1.3, {"batch": 128})


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (ROW.format(ratio=2.0), "between low and high"),
        (ROW.format(ratio=1.1).replace("machine: a machine", "machines: 3"), "not known here"),
        ("schema: another@1\ntranslation_gaps: []\n", "schema has to be"),
    ],
)
def test_a_wrong_row_is_refused_at_its_place(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(UserError, match=what):
        table.translation_gaps(written(tmp_path, text))


def test_a_translated_module_is_shown_with_the_gap_of_its_family(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known: dict[str, Any] = {
        "low": 1.1, "high": 1.3, "launches": 5, "size": {"batch": 8},
        "machine": "a machine", "versions": "a version", "date": "2026-11-27",
    }  # fmt: skip
    rows = {
        "resnet": table.TranslationGap(id="resnet", ratio=1.2, **known),
        "unet": table.TranslationGap(id="unet", why_not="not measured"),
    }
    monkeypatch.setattr(table, "translation_gaps", lambda: rows)
    told = "\n".join(module_beside("resnet"))
    assert "1.20 times as long" in told
    assert "a machine, 2026-11-27" in told
    assert "batch 8" in told
    assert "not calibrated for the family unet" in "\n".join(module_beside("unet"))
    assert "no family is near" in "\n".join(module_beside(None))
