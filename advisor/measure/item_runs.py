"""The launches of one work item as comparisons read them: log ratios, and what holds for all.

Pure: reads what launches gave.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from advisor.measure import gates
from advisor.measure.statistics import pair_log_ratio
from advisor.measure.verdicts import LOG_MARGIN, Looks
from advisor.measure.work import LaunchResult, ModeRun, Series, WorkItem
from advisor.workers.replies import Hello

Pair = tuple[str, str]
"""The labels of two modes that are compared."""


@dataclass(frozen=True)
class WorkRuns:
    """One item of a series and all its launches so far."""

    item: WorkItem
    series: Series
    launches: Sequence[LaunchResult]

    def good(self, label: str) -> list[ModeRun]:
        """What *label* did in the launches in which it gave blocks."""
        runs = (launch.runs.get((self.item.key, label)) for launch in self.launches)
        return [run for run in runs if run is not None and run.blocks]

    def toolchain_of(self, label: str) -> str:
        """The key of the toolchain that runs *label*."""
        return next(m.toolchain.key for m in self.item.modes if m.label == label)

    def paired(self, a: str, b: str) -> bool:
        """Whether blocks of *a* and *b* took turns; on an exclusive device launches did."""
        return not self.series.exclusive or self.toolchain_of(a) == self.toolchain_of(b)


@dataclass(frozen=True)
class SeriesContext:
    """What holds for all comparisons of a series; what is of a toolchain goes by its key.

    `device_guests` counts the other processes that the driver saw on the accelerator.
    """

    looks: Looks
    floor: float
    selftest: str
    peaks: Mapping[str, float]
    copies: Mapping[str, float]
    precisions: Mapping[str, float]
    hellos: Mapping[str, Hello]
    margin: float = LOG_MARGIN
    settings: str = "matched"
    device_guests: int | None = None


def launch_logs(work: WorkRuns, a: str, b: str) -> tuple[list[float], int, float]:
    """log(time of b / time of a) of each good launch; also how many were noisy, and the drops.

    Where blocks could not take turns, a launch gives the ratio of the medians of all its good
    blocks: its two workers followed each other, in the reversed order every other launch.

    Returns ``(logs, noisy launches, mean share of dropped pairs)``.
    """
    logs, noisy, drops = [], 0, []
    key = work.item.key
    for launch in work.launches:
        runs = launch.runs.get((key, a)), launch.runs.get((key, b))
        if runs[0] is None or runs[1] is None or not runs[0].blocks or not runs[1].blocks:
            continue
        good = gates.good_pairs if work.paired(a, b) else gates.good_medians
        a_s, b_s, dropped = good(runs[0].blocks, runs[1].blocks)
        drops.append(dropped)
        ratio = pair_log_ratio(a_s, b_s)
        if key in launch.noisy or dropped > gates.MOST_DROPPED or ratio is None:
            noisy += 1
            continue
        logs.append(ratio)
    return logs, noisy, math.fsum(drops) / len(drops) if drops else 0.0
