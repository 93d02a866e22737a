"""The launches of one work item as comparisons read them: log ratios, and what holds for all.

Pure: reads what launches gave.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from advisor.measure import gates
from advisor.measure.statistics import equal_code_log, equal_code_spread, pair_log_ratio
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

    `device_guests` counts the other processes that the driver saw on the accelerator;
    `fast_cpus` are those of fast cores, where the processor has slow ones too.
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
    fast_cpus: frozenset[int] = frozenset()


@dataclass(frozen=True)
class PairLogs:
    """What the launches say of one pair.

    Attributes:
        logs: log(time of b / time of a) of each launch that holds enough clean pairs.
        noisy: How many launches hold too few.
        dropped: Mean share of dropped pairs, of all launches.
        equal_code: The spread that each side showed against itself in the counted launches.
    """

    logs: list[float]
    noisy: int
    dropped: float
    equal_code: float

    @property
    def disturbed(self) -> bool:
        """Whether others cost so many pairs that the machine was not the one of the self-test."""
        return self.noisy > 0 or self.dropped > gates.DISTURBED_SHARE

    def floor(self, usual: float) -> float:
        """What bounds the spread from below: *usual*, or what equal code showed if disturbed."""
        return max(usual, self.equal_code) if self.disturbed else usual


def launch_logs(work: WorkRuns, a: str, b: str) -> PairLogs:
    """log(time of b / time of a) of each launch with enough clean pairs, whatever it dropped.

    Where blocks could not take turns, a launch gives the ratio of the medians of all its good
    blocks: its two workers followed each other, in the reversed order every other launch.
    """
    logs: list[float] = []
    noisy, drops, equal = 0, [], []
    paired = work.paired(a, b)
    for launch in work.launches:
        runs = launch.runs.get((work.item.key, a)), launch.runs.get((work.item.key, b))
        if runs[0] is None or runs[1] is None or not runs[0].blocks or not runs[1].blocks:
            continue
        sides = runs[0].blocks, runs[1].blocks
        a_s, b_s, dropped = (gates.good_pairs if paired else gates.good_medians)(*sides)
        drops.append(dropped)
        ratio = pair_log_ratio(a_s, b_s)
        if ratio is None or not gates.enough_pairs(*sides, paired=paired):
            noisy += 1
            continue
        logs.append(ratio)
        equal += [log for side in (a_s, b_s) if (log := equal_code_log(side)) is not None]
    share = math.fsum(drops) / len(drops) if drops else 0.0
    return PairLogs(logs, noisy, share, equal_code_spread(equal))
