"""All comparisons of a run together: equal code is called different in few runs, not in many."""

from __future__ import annotations

import math
import random

import pytest

from advisor.evidence import Comparison, Probe
from advisor.measure.family import FAMILY_ALPHA, false_call_chance, hold_together
from advisor.measure.statistics import ratio_of_launches
from advisor.measure.verdicts import LOG_MARGIN, TASK, Looks, call
from tests.fakes import kit

LOOK = Looks((5,), 0.05)


def compared(logs, looks=LOOK) -> Comparison:
    verdict = call(logs, looks, floor=0.01)
    seen = verdict.ratio
    assert seen is not None
    return Comparison(
        a="pytorch.eager",
        b="jax.jit",
        verdict=verdict.word,
        time_ratio=seen.value,
        ci=seen.interval(verdict.level),
        level=verdict.level,
        launches=len(logs),
        margin=0.05,
        spread=seen.spread,
        reason=verdict.reason,
    )


def around(middle: float, sd: float, count: int = 5) -> list[float]:
    """*count* logs with exactly this mean and standard deviation."""
    shape = [n - (count - 1) / 2 for n in range(count)]
    scale = sd / math.sqrt(sum(x * x for x in shape) / (count - 1))
    return [middle + scale * x for x in shape]


def held(*comparisons: Comparison, looks: Looks = LOOK) -> list[Comparison]:
    probes = [Probe(id=f"p{n}", comparisons=[c]) for n, c in enumerate(comparisons)]
    return [c for probe in hold_together(probes, looks) for c in probe.comparisons]


def test_the_chance_of_a_false_call_is_that_of_students_t_at_the_margin():
    from scipy import stats

    ratio = ratio_of_launches(around(0.3, 0.1), floor=0.01)
    t = (0.3 - LOG_MARGIN) / (0.1 / math.sqrt(5))
    assert false_call_chance(ratio, LOG_MARGIN, LOOK) == pytest.approx(stats.t.sf(t, 4))
    # An early look is a second chance to be wrong.
    assert false_call_chance(ratio, LOG_MARGIN, TASK) == pytest.approx(2 * stats.t.sf(t, 4))
    faint = ratio_of_launches([0.01, 0.02], floor=0.01)
    assert false_call_chance(faint, LOG_MARGIN, LOOK) == 1


def test_a_call_that_stands_alone_may_not_stand_among_many():
    faint, clear = compared(around(0.3, 0.14)), compared(around(0.7, 0.02))
    equal = compared(around(0.0, 0.01))
    assert (faint.verdict, clear.verdict, equal.verdict) == ("a_faster", "a_faster", "equivalent")
    assert held(faint) == [faint]
    alone, *others = held(faint, *[equal] * 9, clear)
    assert (alone.verdict, alone.reason.id) == ("inconclusive", "one-of-many")
    assert alone.reason.values == {"comparisons": 11, "alpha": FAMILY_ALPHA}
    assert alone.time_ratio == faint.time_ratio
    assert [c.verdict for c in others] == ["equivalent"] * 9 + ["a_faster"]


def test_fifty_comparisons_of_equal_code_are_wrong_in_fewer_than_one_run_in_twenty():
    chance = random.Random(5)
    runs, wrong, alone = 200, 0, 0
    for _ in range(runs):
        family = [compared([chance.gauss(0.0, 0.2) for _ in range(5)]) for _ in range(50)]
        alone += any(c.verdict.endswith("faster") for c in family)
        wrong += any(c.verdict.endswith("faster") for c in held(*family))
    # Without the family most runs hold a false call.
    assert alone > runs / 2
    assert wrong <= FAMILY_ALPHA * runs


@pytest.mark.parametrize(("items", "launches"), [(1, 3), (40, 5)])
def test_a_run_goes_on_where_a_call_would_not_stand_among_its_comparisons(script, items, launches):
    script.modes = {
        "pytorch.eager": {"median_s": 1e-3, "launch_sd": 0.1},
        "jax.jit": {"median_s": 4e-3, "launch_sd": 0.1},
    }
    many = [kit.item(f"w{n}") for n in range(items)]
    measured = kit.run(script, kit.plan(*many, looks=Looks((5,), 0.05, early=3))).probes
    assert {p.comparisons[0].launches for p in measured} == {launches}
    assert {p.comparisons[0].verdict for p in measured} == {"a_faster"}
