"""What moved between two files, and what became of a decision, in words."""

from __future__ import annotations

from typing import Any

import pytest

from advisor.decide.checking import CheckFinding
from advisor.decision import Contradiction, Revisit
from advisor.reading.movement import Movement, TimeMove, VerdictMove
from advisor.render.beside import Beside, Item, as_html, as_lines, as_markdown
from advisor.render.check_text import finding_text
from advisor.render.movement_text import movement_page, slower_failures, verdict_failures
from tests.render.records import rule_base

MOVED = Movement(
    verdicts=(
        VerdictMove("mlp", "jax.jit", "pytorch.eager", "a_faster", "equivalent", 1.4, None, True),
        VerdictMove("cnn", "jax.jit", "pytorch.eager", "a_faster", "a_faster", 1.4, 1.41, False),
    ),
    times=(
        TimeMove("mlp", "jax.jit", 1e-3, 2e-3, True),
        TimeMove("cnn", "jax.jit", 1e-3, 1.01e-3, False),
    ),
    only_before=("rnn cpu",),
    only_after=(),
)


def test_only_what_moved_by_more_than_noise_is_told() -> None:
    assert as_lines(movement_page(MOVED)) == [
        "2 things moved by more than noise.",
        (
            "  mlp: jax.jit / pytorch.eager: "
            "jax.jit is faster -> practically equal (1.4 -> -, significant)"
        ),
        "  mlp: jax.jit: 0.001 s -> 0.002 s (2.00 times, significant)",
        "rnn cpu: only before",
    ]
    assert len(as_lines(movement_page(MOVED, verbose=True))) == 6
    still = VerdictMove("mlp", "jax.jit", "pytorch.eager", "a_faster", "a_faster", 1.4, 1.4, False)
    quiet = movement_page(Movement((still,), (), (), ()))
    assert as_lines(quiet) == ["Nothing moved by more than noise."]


def test_lines_fit_the_terminal_and_lose_no_word() -> None:
    page = movement_page(MOVED, verbose=True)
    lines = as_lines(page, 44)
    assert max(map(len, lines)) <= 44
    assert " ".join(lines).split() == " ".join(as_lines(page)).split()
    # What goes on is told from what begins.
    begins = [line for line in lines if line.startswith("  ") and not line.startswith("    ")]
    assert len(begins) == 4


def test_a_comparison_is_a_page_that_loads_nothing_and_takes_no_markup() -> None:
    hostile = "<img src=x onerror=alert(1)> *b* [l](javascript:x)"
    page = Beside(hostile, (Item(hostile, weighs=True), Item("still")), (hostile,))
    html = as_html(page, [hostile, "b.json"])
    assert "<img" not in html
    assert "default-src 'none'" in html
    assert html.count("&lt;img") == 5
    assert "<b>&lt;img" in html
    markdown = as_markdown(page)
    assert "<img" not in markdown
    assert "[l](" not in markdown
    assert markdown.startswith("# &lt;img")
    assert "- **&lt;img" in markdown
    assert "- still" in markdown


def test_what_fails_a_comparison_is_named() -> None:
    assert list(verdict_failures(MOVED)) == [
        "mlp: jax.jit against pytorch.eager: jax.jit is faster; now practically equal"
    ]
    assert list(slower_failures(MOVED, 1.1)) == ["mlp: jax.jit takes 2.00 times as long"]
    assert list(slower_failures(MOVED, 3.0)) == []


FINDINGS: list[tuple[str, dict[str, Any], str]] = [
    ("does-not-replay", {"part": "rules"},
     "the rules in it are not those that the decision names by hash"),
    ("does-not-replay", {"fields": ["headline", "flips"]},
     "made again from its own inputs it differs in: headline, flips"),
    ("verdict-changed", {"before": {"status": "lean", "framework": "jax"},
                         "after": {"status": "no_clear_winner", "framework": None}},
     "it was JAX (leaning); today it would be no clear winner"),
    ("mode-changed", {"before": "pytorch.eager", "after": "pytorch.compile"},
     "the mode was pytorch.eager; today: pytorch.compile"),
    ("revisit-due", {"revisit": Revisit(kind="claim_expired", date="2026-01-01")},
     "to be looked at again on 2026-01-01: a claim has expired"),
    ("claim-expired", {}, "claim.x has expired: nobody reviewed it since"),
    ("veto-expired", {}, "the veto claim.x has expired: check it"),
    ("rule-removed", {}, "claim.x is no longer held"),
    ("rule-changed", {}, "claim.x was changed since"),
    ("rules-added", {"n": 1}, "1 rule was added since"),
    ("rules-added", {"n": 12}, "12 rules were added since"),
    ("version-changed", {"package": "jax", "before": "0.10", "after": "0.12"},
     "jax: 0.10 then, 0.12 now"),
    ("speed-evidence", {"measured": "then"}, "speed was measured then and is not now"),
    ("speed-evidence", {"measured": "now"}, "speed is measured now"),
    ("speed-moved", {"before": 2.0, "after": 0.5},
     "measured then: JAX 2.00 times as fast as PyTorch; now: PyTorch 2.00 times as fast as JAX"),
    ("contradiction", {"contradiction": Contradiction(
        rule="claim.performance.small", probes=["mlp_train"], believed_log2=1.0,
        measured_log2=-1.0)},
     ("measured here: PyTorch 2.00 times as fast as JAX on mlp_train; the rule says: Title of "
     "claim.performance.small")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "values", "text"), FINDINGS)
def test_every_finding_of_a_check_has_its_words(
    name: str, values: dict[str, Any], text: str
) -> None:
    finding = CheckFinding(name, "warning", "claim.x", values)
    assert finding_text(finding, rule_base()) == text
