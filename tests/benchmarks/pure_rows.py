"""What can be shown without a clock: simulated launches."""

from __future__ import annotations

import math
import random
from statistics import NormalDist

from advisor.measure.statistics import level_of, ratio_of_launches
from advisor.measure.verdicts import THOROUGH, call
from tests.benchmarks.harness import Row, called


def coverage(groups: int) -> list[Row]:
    """How often the 95 % interval holds the truth, for 3, 5 and 8 launches."""
    rng = random.Random(20_260_101)
    rows = []
    total = max(10_000, groups)
    for launches in (3, 5, 8):
        hits = 0
        for _ in range(total):
            logs = [rng.gauss(0.1, 0.08) for _ in range(launches)]
            low, high = ratio_of_launches(logs, floor=0.0).log_interval()
            hits += low <= 0.1 <= high
        share = hits / total
        rows.append(
            Row(
                f"coverage of the 95 % interval, {launches} launches, {total} groups",
                "93 to 97 %",
                f"{share:.1%}",
                0.93 <= share <= 0.97,
                {"share": share},
            )
        )
    return rows


def swap(groups: int) -> list[Row]:
    """The sides exchanged on the same data: exactly the negated interval."""
    rng = random.Random(3)
    total = max(1000, groups)
    wrong = 0
    for _ in range(total):
        logs = [rng.gauss(0.05, 0.1) for _ in range(5)]
        there = ratio_of_launches(logs, floor=0.02)
        back = ratio_of_launches([-x for x in logs], floor=0.02)
        low, high = there.log_interval(level_of(0.029))
        mirrored = (there.turned, (-high, -low))
        wrong += mirrored != (back, back.log_interval(level_of(0.029)))
    return [Row(f"swap of the sides, {total} groups", "0 differ", f"{wrong} differ", wrong == 0)]


def looks(groups: int) -> list[Row]:
    """Equal code, looked at after 5, 8 and 12 launches: how often anything is called."""
    rng = random.Random(5)
    total = max(10_000, groups)
    excluded = wrong = 0
    for _ in range(total):
        logs = [NormalDist(0, 0.05).inv_cdf(rng.random()) for _ in range(THOROUGH.most)]
        seen = False
        for count in THOROUGH.launches:
            ratio = ratio_of_launches(logs[:count], floor=0.0)
            low, high = ratio.log_interval(level_of(THOROUGH.alpha))
            seen = seen or low > 0 or high < 0
        excluded += seen
        verdict = next(
            (v for n in THOROUGH.launches if (v := call(logs[:n], THOROUGH, floor=0.01)).settled),
            None,
        )
        wrong += verdict is not None and called(verdict.word)
    share = excluded / total
    return [
        Row(
            f"three looks at equal code, {total} groups",
            "1 excluded from the interval in <= 5.5 %, none called",
            f"{share:.1%} excluded, {wrong} called",
            share <= 0.055 and wrong <= math.ceil(total * 0.001),
            {"excluded": share, "called": wrong},
        )
    ]
