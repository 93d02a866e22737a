"""Does measuring call what is there, and nothing else? On the real apparatus."""

from __future__ import annotations

import math

from advisor.measure.verdicts import STANDARD, THOROUGH
from tests.benchmarks.harness import (
    Row,
    called,
    compared,
    counts,
    item_of,
    median_s,
    run_group,
    twin_modes,
)

_MODES = {"pytorch": "pytorch.eager", "jax": "jax.jit"}


def equal_code(framework: str, groups: int) -> list[Row]:
    """Identical code on both sides, half of the groups on all cores: nothing may be called."""
    item = item_of("mlp_train", "small", twin_modes(framework, _MODES[framework]))
    verdicts: dict[int, list[str]] = {1: [], 2: []}
    logs: dict[int, list[float]] = {1: [], 2: []}
    for seed in range(groups):
        cores = 1 if seed < groups // 2 else 2
        found = compared(run_group(item, cores=cores, seed=seed, looks=STANDARD))
        verdicts[cores].append(found.verdict)
        if found.time_ratio:
            logs[cores].append(math.log(found.time_ratio))
    wrong = sum(called(v) for found in verdicts.values() for v in found)
    seen = "; ".join(
        f"{cores} core(s) {counts(found)}, largest |log ratio| "
        f"{max((abs(x) for x in logs[cores]), default=0.0):.3f}"
        for cores, found in verdicts.items()
    )
    return [
        Row(
            f"A/A {_MODES[framework]}, {groups} groups",
            "0 called",
            f"{wrong} called; {seen}",
            wrong == 0,
            {"called": wrong, "verdicts": verdicts, "logs": logs},
        )
    ]


def planted(groups: int) -> list[Row]:
    """A known delay on one side: found, and its size inside the interval."""
    rows = []
    item = item_of("mlp_train", "small", twin_modes("pytorch", "pytorch.eager"))
    per_call_s = median_s(run_group(item))
    for share, need in ((0.20, 0.95), (0.10, 0.80)):
        found = [
            compared(
                run_group(
                    item,
                    seed=seed,
                    looks=THOROUGH,
                    plants_s={item.modes[1].label: share * per_call_s},
                )
            )
            for seed in range(groups)
        ]
        hits = sum(c.verdict == "a_faster" for c in found)
        covered = sum(bool(c.ci) and c.ci[0] <= 1 + share <= c.ci[1] for c in found)
        rows.append(
            Row(
                f"planted +{share:.0%}, {groups} groups",
                f">= {need:.0%} called"
                + (", covered in >= 90 %" if share == 0.20 else " at a 5 % margin"),
                f"{hits}/{groups} called, {covered}/{groups} covered",
                hits >= need * groups and (share != 0.20 or covered >= 0.9 * groups),
                {"ratios": [c.time_ratio for c in found], "ci": [c.ci for c in found]},
            )
        )
    return rows
