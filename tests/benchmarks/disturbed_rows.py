"""Measuring beside others: what bursts cost, and that a steady load is refused.

A quiet group first says what is true; then the same work under each duty. Groups are independent
launches with other seeds. On a machine that is not quiet by itself the quiet rows say so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from advisor.evidence import Comparison
from advisor.measure.plan import PROTOCOLS
from advisor.measure.verdicts import TASK
from advisor.measure.work import Mode, WorkItem
from tests.benchmarks import load
from tests.benchmarks.harness import (
    Row,
    called,
    compared,
    counts,
    item_of,
    run_group,
    toolchain,
    twin_modes,
)

DUTIES = (0.05, 0.10, 0.25)
# Share of groups that have to call what is there, by duty.
NEEDED = {0.05: 0.9, 0.10: 0.9, 0.25: 0.7}
LARGE = 1.3
_MODES = {"pytorch": "pytorch.eager", "jax": "jax.jit"}


def _pair(workload: str) -> WorkItem:
    modes = [Mode(mode, toolchain(f, index=i)) for i, (f, mode) in enumerate(_MODES.items())]
    return item_of(workload, "small", modes)


def _groups(item: WorkItem, groups: int) -> list[Comparison]:
    protocol = PROTOCOLS["standard"]
    return [
        compared(run_group(item, cores=2, seed=s, looks=TASK, protocol=protocol))
        for s in range(groups)
    ]


def effects(groups: int) -> list[Row]:
    """PyTorch against JAX where the quiet run sees a large effect: called right, never wrong."""
    rows: list[Row] = []
    for workload in ("mlp_train", "transformer_train"):
        item = _pair(workload)
        [quiet] = _groups(item, 1)
        for duty in DUTIES:
            with load.bursts(duty):
                rows += _against(
                    f"{workload}, {duty:.0%} bursts", quiet, _groups(item, groups), duty
                )
    return rows


def _against(test: str, quiet: Comparison, found: Sequence[Comparison], duty: float) -> list[Row]:
    ratio = quiet.time_ratio or 1.0
    verdicts = [c.verdict for c in found]
    right = sum(c.verdict == quiet.verdict for c in found)
    wrong = sum(called(c.verdict) and c.verdict != quiet.verdict for c in found)
    large = called(quiet.verdict) and abs(math.log(ratio)) >= math.log(LARGE)
    near = [abs((c.time_ratio or 0.0) / ratio - 1) <= 0.05 for c in found]
    numbers = {"quiet": ratio, "ratios": [c.time_ratio for c in found], "verdicts": verdicts}
    need = NEEDED[duty] if large else 0.0
    rows = [
        Row(
            f"{test}, {len(found)} groups (quiet: {quiet.verdict}, {ratio:.2f})",
            f"right in >= {need:.0%}, 0 wrong",
            f"{right} right, {wrong} wrong; {counts(verdicts)}",
            wrong == 0 and right >= need * len(found),
            numbers,
        )
    ]
    if duty == 0.10:
        seen = f"{sum(near)}/{len(near)} within 5 %"
        bar = "within 5 % of quiet in >= 90 %"
        rows.append(Row(f"{test}: ratio", bar, seen, sum(near) >= 0.9 * len(near), numbers))
    return rows


def equal_code(groups: int) -> list[Row]:
    """Identical code of both frameworks under every duty: nothing is called."""
    rows = []
    for framework, mode in _MODES.items():
        item = item_of("mlp_train", "small", twin_modes(framework, mode))
        for duty in DUTIES:
            with load.bursts(duty):
                verdicts = [c.verdict for c in _groups(item, groups)]
            wrong = sum(called(v) for v in verdicts)
            rows.append(
                Row(
                    f"A/A {mode}, {duty:.0%} bursts, {groups} groups",
                    "0 called",
                    f"{wrong} called; {counts(verdicts)}",
                    wrong == 0,
                    {"verdicts": verdicts},
                )
            )
    return rows


def steady(groups: int) -> list[Row]:
    """PyTorch against JAX while others use every core: never a verdict."""
    with load.steady():
        verdicts = [c.verdict for c in _groups(_pair("mlp_train"), groups)]
    wrong = sum(v != "invalid" for v in verdicts)
    return [
        Row(
            f"steady burner, torch against jax, {groups} groups",
            "only invalid",
            str(counts(verdicts)),
            wrong == 0,
            {"verdicts": verdicts},
        )
    ]


def bad_seconds(groups: int) -> list[Row]:
    """Every core used for five seconds, at another moment in each group: the quiet verdict."""
    item = _pair("mlp_train")
    [quiet] = _groups(item, 1)
    verdicts = []
    for seed in range(groups):
        with load.once(5.0, after_s=2.0 + 3.0 * seed):
            verdicts.append(_groups(item, 1)[0].verdict)
    same = sum(v == quiet.verdict for v in verdicts)
    return [
        Row(
            f"5 s of others, {groups} groups (quiet: {quiet.verdict})",
            "the quiet verdict in all",
            f"{same} of {groups}; {counts(verdicts)}",
            same == groups,
            {"verdicts": verdicts},
        )
    ]
