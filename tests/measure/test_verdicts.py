"""Which word comes out of which launches, and that the words behave as words should."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.measure.verdicts import (
    LOG_MARGIN,
    PROFILES,
    QUICK,
    SPREAD_FLOOR,
    STANDARD,
    THOROUGH,
    Looks,
    Verdict,
    call,
)
from advisor.render.evidence_words import reason_words

LOGS = st.lists(st.floats(-1, 1, allow_subnormal=False), min_size=5, max_size=12)
SWAPPED = {
    "a_faster": "b_faster",
    "b_faster": "a_faster",
    "equivalent": "equivalent",
    "inconclusive": "inconclusive",
}
RANK = {"b_faster": 0, "inconclusive": 1, "equivalent": 1, "a_faster": 2}


def id_of(verdict: Verdict) -> str | None:
    return verdict.reason.id if verdict.reason else None


def words(verdict: Verdict) -> str:
    return reason_words(verdict.reason) if verdict.reason else ""


def around(center: float, spread: float = 0.005, count: int = 5) -> list[float]:
    return [center + spread * (i - (count - 1) / 2) for i in range(count)]


@pytest.mark.parametrize(
    ("logs", "word"),
    [
        (around(math.log(1.3)), "a_faster"),
        (around(-math.log(1.3)), "b_faster"),
        (around(0.0), "equivalent"),
        (around(math.log(1.05)), "inconclusive"),
        (around(0.0, spread=0.2), "inconclusive"),
        (around(math.log(1.3), spread=0.3), "inconclusive"),
    ],
)
def test_the_word_for_the_interval(logs, word):
    assert call(logs, STANDARD, floor=0.01).word == word


@given(LOGS)
def test_swapping_the_sides_swaps_the_word_and_negates_the_interval(logs):
    there = call(logs, THOROUGH, floor=0.02)
    back = call([-x for x in logs], THOROUGH, floor=0.02)
    assert back.word == SWAPPED[there.word]
    assert there.ratio is not None
    assert back.ratio == there.ratio.turned
    assert (back.reason, back.needed) == (there.reason, there.needed)


@given(LOGS, st.floats(0, 2))
def test_slowing_b_down_never_speaks_for_b(logs, more):
    before = call(logs, THOROUGH, floor=0.02).word
    after = call([x + more for x in logs], THOROUGH, floor=0.02).word
    assert RANK[after] >= RANK[before]


@given(LOGS)
def test_a_faster_is_only_said_beyond_the_margin(logs):
    found = call(logs, THOROUGH, floor=0.02)
    assert found.ratio is not None
    low, high = found.ratio.log_interval(found.level)
    if found.word == "a_faster":
        assert low > LOG_MARGIN
    if found.word == "equivalent":
        assert -LOG_MARGIN < low <= high < LOG_MARGIN
    assert found.settled == (found.word != "inconclusive")


@given(LOGS, st.floats(0.01, 0.5), st.floats(0.01, 0.5))
def test_a_noisier_self_test_never_makes_a_call_possible(logs, floor_a, floor_b):
    low, high = sorted((floor_a, floor_b))
    if call(logs, STANDARD, floor=low).word == "inconclusive":
        assert call(logs, STANDARD, floor=high).word == "inconclusive"


@given(st.lists(st.floats(-1, 1), max_size=4))
def test_too_few_launches_call_nothing(logs):
    found = call(logs, THOROUGH)
    assert (found.word, id_of(found)) == ("inconclusive", "too-few-launches")
    assert found.needed == STANDARD.launches[0]
    assert (found.ratio is None) == (len(logs) < 2)


def test_no_floor_below_the_smallest_is_believed():
    found = call([0.0] * 5, STANDARD, floor=0.0)
    assert found.ratio is not None
    assert found.ratio.spread == pytest.approx(SPREAD_FLOOR)


def test_a_quick_look_calls_large_differences_only():
    near = call(around(math.log(1.2), count=3), QUICK, floor=0.01)
    assert (near.word, id_of(near)) == ("inconclusive", "profile-too-quick")
    far = call(around(math.log(1.5), count=3), QUICK, floor=0.01)
    assert far.word == "a_faster"
    same = call(around(0.0, count=3), QUICK, floor=0.01)
    assert same.word == "equivalent"


def test_an_open_comparison_says_what_would_settle_it():
    found = call(around(math.log(1.12), spread=0.05), STANDARD, floor=0.01)
    assert found.word == "inconclusive"
    assert found.needed is not None
    assert f"about {found.needed} launches" in words(found)
    hopeless = call(around(math.log(1.05)), STANDARD, floor=0.03)
    assert hopeless.needed is None
    assert "margin" in words(hopeless)


def test_longer_profiles_look_more_often_and_more_strictly():
    ordered = [PROFILES[name] for name in ("quick", "standard", "thorough")]
    assert [p.most for p in ordered] == sorted(p.most for p in ordered)
    assert [p.alpha for p in ordered] == sorted((p.alpha for p in ordered), reverse=True)


def false_calls(truth: float, sd: float, looks: Looks, groups: int = 2000) -> dict[str, float]:
    """Shares of words when launches scatter by *sd* around *truth* and each look may stop."""
    rng = np.random.default_rng(23)
    words: dict[str, int] = {}
    for logs in (truth + sd * rng.standard_normal((groups, looks.most))).tolist():
        for count in looks.launches:
            found = call(logs[:count], looks, floor=0.01)
            if found.settled:
                break
        words[found.word] = words.get(found.word, 0) + 1
    return {word: number / groups for word, number in words.items()}


@pytest.mark.parametrize("sd", [0.01, 0.04, 0.12])
@pytest.mark.parametrize("looks", [QUICK, STANDARD, THOROUGH])
def test_equal_code_is_almost_never_called_different(sd, looks):
    seen = false_calls(0.0, sd, looks)
    assert seen.get("a_faster", 0) + seen.get("b_faster", 0) <= 0.01


@pytest.mark.parametrize("sd", [0.01, 0.04])
def test_a_real_difference_is_rarely_called_equivalent(sd):
    """A true 8 % with a margin of 5 %: at most 2.5 %, as the protocol demands."""
    assert false_calls(math.log(1.08), sd, THOROUGH).get("equivalent", 0) <= 0.025


def test_twenty_percent_are_found_at_the_spread_of_one_core():
    assert false_calls(math.log(1.2), 0.03, STANDARD)["a_faster"] >= 0.95
    assert false_calls(math.log(1.1), 0.015, STANDARD)["a_faster"] >= 0.80


@pytest.mark.parametrize(
    ("ratio", "spread", "count", "word"),
    [
        (2.0, 0.01, 3, "a_faster"),
        (0.5, 0.01, 3, "b_faster"),
        (2.0, 0.01, 2, "inconclusive"),
        (1.45, 0.001, 3, "inconclusive"),
        (2.0, 0.3, 3, "inconclusive"),
        (1.0, 0.001, 4, "inconclusive"),
    ],
)
def test_before_the_first_look_only_what_is_beyond_doubt_is_called(ratio, spread, count, word):
    found = call(around(math.log(ratio), spread, count), STANDARD, floor=0.02)
    assert found.word == word
    assert (id_of(found) == "too-few-launches") is (word == "inconclusive")


def test_an_early_call_is_told_at_the_level_at_which_it_was_decided():
    logs = around(math.log(2.0), 0.03, 3)
    early = call(logs, STANDARD, floor=0.01)
    assert early == call(logs, Looks((3,), STANDARD.early_alpha), floor=0.01)
    assert (early.word, early.level) == ("a_faster", 0.99)
    later = call(around(math.log(2.0), 0.03, 5), STANDARD, floor=0.01)
    assert (later.word, later.level) == ("a_faster", 0.971)
    assert not THOROUGH.is_look(3)


@pytest.mark.parametrize(("looks", "level"), [(QUICK, 0.95), (STANDARD, 0.971), (THOROUGH, 0.978)])
def test_every_verdict_knows_the_level_of_its_looks(looks, level):
    for logs in (around(0.3, count=looks.most), around(0.0, 0.3, looks.most), [0.1, 0.2]):
        assert call(logs, looks, floor=0.01).level == level


def test_two_modes_of_one_process_need_no_large_ratio_to_be_told_apart_early():
    logs = around(math.log(1.3), 0.01, 3)
    assert call(logs, STANDARD, floor=0.02).word == "inconclusive"
    assert call(logs, STANDARD, floor=0.02, one_process=True).word == "a_faster"
    assert call(around(0.0, 0.01, 3), STANDARD, floor=0.02, one_process=True).word != "a_faster"
