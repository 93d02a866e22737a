"""The table of claims: complete; rows that could decide nothing are refused with their place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from advisor.errors import UserError
from advisor.knowledge.article import load_article
from advisor.knowledge.loader import load_rule_base

ROOT = Path(__file__).resolve().parents[2] / "rules" / "article"
BASE = load_rule_base()


def load(root=ROOT):
    return load_article(BASE.facts, BASE.sources, root=root)


def test_there_are_55_claims_in_groups_that_exist_and_each_source_is_dated():
    table = load()
    assert [claim.id for claim in table.claims] == [f"C-{n:02d}" for n in range(1, 56)]
    assert {claim.group for claim in table.claims} == set(table.groups)
    for claim in table.claims:
        for name in claim.otherwise.sources if claim.otherwise else ():
            assert table.sources[name].retrieved > "2026"


def test_every_check_decides_or_completes_some_claim():
    table = load()
    used = {check for claim in table.claims for check in (*claim.checks, *claim.also)}
    assert set(table.checks) == used


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("claims.yaml", "verdict: false by source", "verdict: false by heart", "false by source"),
        ("claims.yaml", "value_branches.jax_eager: true", "value_branches.jax_eagr: true",
         "value_branches.jax_eagr"),
        ("claims.yaml", "checks: [derivations]", "checks: [derivation]", "derivations"),
        ("claims.yaml", "sources: [foundation-news-2022, foundation-2026]", "sources: []",
         "needs a source"),
        ("claims.yaml", "    against: [C-12]", "    against: [C-99]", "C-99"),
        ("claims.yaml", "id: C-02", "id: C-01", "stands twice"),
        ("performance.yaml", "works: [mlp_train,", "works: [mlp_trian,", "mlp_train"),
        ("performance.yaml", "number: memory.ratio", "number: memory.rato", "memory.rato"),
        ("claims.yaml", "group: identity", "group: identities", "identity"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_decide_is_refused_with_its_place(tmp_path, file, old, new, words):
    shutil.copytree(ROOT, tmp_path / "article")
    path = tmp_path / "article" / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(UserError) as caught:
        load(tmp_path / "article")
    told = [caught.value, *getattr(caught.value, "errors", [])]
    assert any(words in f"{error.message} {error.hint}" for error in told)
    assert any("article/" in (error.where or "") for error in told)
