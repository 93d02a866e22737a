"""The launches of one cell as comparisons read them: log ratios, and what holds for all.

Pure: reads what launches gave.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from advisor.measure import gates
from advisor.measure.work import Cell, LaunchResult, ModeRun, Series
from advisor.measure.statistics import pair_log_ratio
from advisor.measure.verdicts import DEFAULT_MARGIN, Looks


@dataclass(frozen=True)
class CellRuns:
    """One cell of a series and all its launches so far."""

    cell: Cell
    series: Series
    launches: Sequence[LaunchResult]

    def good(self, label: str) -> list[ModeRun]:
        """What *label* did in the launches in which it gave blocks."""
        found = (launch.runs.get((self.cell.key, label)) for launch in self.launches)
        return [run for run in found if run is not None and run.blocks]

    def paired(self, a: str, b: str) -> bool:
        """Whether blocks of *a* and *b* took turns; on an exclusive device launches did."""
        keys = {mode.label: mode.toolchain.key for mode in self.cell.modes}
        return not self.series.exclusive or keys[a] == keys[b]


@dataclass(frozen=True)
class Context:
    """What holds for all comparisons of a series."""

    looks: Looks
    floor: float
    selftest: str
    peaks: Mapping[str, float]
    copies: Mapping[str, float]
    precisions: Mapping[str, float]
    hellos: Mapping[str, Mapping[str, Any]]
    margin: float = DEFAULT_MARGIN
    settings: str = "matched"
    device_guests: int | None = None


def launch_logs(runs_of: CellRuns, a: str, b: str) -> tuple[list[float], int, float]:
    """log(time of b / time of a) of each good launch; also how many were noisy, and the drops.

    Where blocks could not take turns, a launch gives the ratio of the medians of all its good
    blocks: its two workers followed each other, in the reversed order every other launch.

    Returns ``(logs, noisy launches, mean share of dropped pairs)``.
    """
    logs, noisy, drops = [], 0, []
    cell_key = runs_of.cell.key
    for launch in runs_of.launches:
        runs = launch.runs.get((cell_key, a)), launch.runs.get((cell_key, b))
        if runs[0] is None or runs[1] is None or not runs[0].blocks or not runs[1].blocks:
            continue
        good = gates.good_pairs if runs_of.paired(a, b) else gates.good_medians
        a_s, b_s, dropped = good(runs[0].blocks, runs[1].blocks)
        drops.append(dropped)
        ratio = pair_log_ratio(a_s, b_s)
        if cell_key in launch.noisy or dropped > gates.MOST_DROPPED or ratio is None:
            noisy += 1
            continue
        logs.append(ratio)
    return logs, noisy, math.fsum(drops) / len(drops) if drops else 0.0
