"""Which items of a run need another launch, and how many more they will probably have.

Pure: reads what launches gave, and asks the statistics whether that settles it.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from advisor.measure.certificate import SeriesContext, keeps_compiling, outweighed, too_noisy
from advisor.measure.comparisons import crossing_pairs, verdict_so_far
from advisor.measure.family import FAMILY_ALPHA, false_call_chance
from advisor.measure.gates import launch_logs
from advisor.measure.verdicts import Looks
from advisor.measure.work import Pair, WorkRuns
from advisor.ratio import Ratio, t_quantile

# How many launches may be repeated because others disturbed them.
MOST_REPEATS = 2
# What is never compared needs one launch with empty caches and one with filled ones.
ONE_OFF_LAUNCHES = 2


@dataclass(frozen=True)
class Need:
    """What one series of a run still needs; `compared` is how many comparisons the run makes.

    Where the self-test has not passed nothing will be called, and launches only show times.
    """

    context: SeriesContext
    compared: int
    looks: Looks
    tested: bool

    def more(self, work: WorkRuns, failed: Collection[str]) -> bool:
        """Whether *work* needs another launch; *failed* are the labels of its broken modes."""
        count = len(work.launches)
        if not count:
            return True
        if work.item.role in ("parity", "choice"):
            return False
        pairs = self._pairs(work, failed)
        if not pairs or not self.tested:
            alive = any(mode.label not in failed for mode in work.item.modes)
            return alive and count < self._unpaired_launches(work)
        return count < self.looks.most + MOST_REPEATS and any(
            self._pair_open(work, pair) for pair in pairs
        )

    def open_pairs(self, work: WorkRuns, failed: Collection[str]) -> list[Pair]:
        """The comparisons across frameworks that may still be settled by more launches."""
        pairs = self._pairs(work, failed)
        if not work.launches:
            return pairs
        if not self.more(work, failed):
            return []
        return [pair for pair in pairs if not self.tested or self._pair_open(work, pair)]

    def expected(self, work: WorkRuns, failed: Collection[str]) -> float:
        """How many more launches *work* will have, as far as that can be foreseen."""
        if not self.more(work, failed):
            return 0
        pairs = self.open_pairs(work, failed)
        if not pairs or not self.tested:
            return max(1, self._unpaired_launches(work) - len(work.launches))
        return max(1.0, *(self._expected(work, pair) for pair in pairs))

    def _expected(self, work: WorkRuns, pair: Pair) -> float:
        logs = launch_logs(work, *pair).logs
        ratio = verdict_so_far(work, pair, self.context).ratio
        early = self.looks.early
        if len(logs) == 1 and early and abs(logs[0]) > self.looks.early_beyond:
            # One launch has no spread yet, but what it saw is what the early look is for.
            return early - 1
        return expected_launches(len(logs), ratio, self.looks, self.context.margin) - len(logs)

    def _pairs(self, work: WorkRuns, failed: Collection[str]) -> list[Pair]:
        return [p for p in crossing_pairs(work.item) if not {*p} & {*failed}]

    def _unpaired_launches(self, work: WorkRuns) -> int:
        """The launches of what is not compared; without comparisons the profile's own number."""
        enough = ONE_OFF_LAUNCHES if work.item.one_off else self.looks.launches[0]
        return min(enough, self.looks.launches[0])

    def _pair_open(self, work: WorkRuns, pair: Pair) -> bool:
        looks = self.looks
        seen = launch_logs(work, *pair)
        good, noisy = len(seen.logs), seen.noisy
        if noisy > MOST_REPEATS and too_noisy(good, noisy):
            return False
        if good >= looks.most or keeps_compiling(work, pair):
            return False
        if not looks.is_look(good):
            return True
        if not outweighed(good, noisy):
            # More launches can still outweigh the noisy ones.
            return True
        verdict = verdict_so_far(work, pair, self.context)
        if verdict.word in ("a_faster", "b_faster") and verdict.ratio is not None:
            # What would not stand among all comparisons of the run has not settled yet.
            chance = false_call_chance(verdict.ratio, self.context.margin, looks)
            return chance > FAMILY_ALPHA / max(1, self.compared)
        return not (verdict.settled or verdict.hopeless(looks.most))


def expected_launches(good: int, ratio: Ratio | None, looks: Looks, margin: float) -> float:
    """The launches of a comparison that has *good* ones, at the first look that will end it.

    With fewer than two nothing is known of the spread: about half are settled at the early look.
    """
    counts = [n for n in sorted({*looks.launches, *filter(None, [looks.early])}) if n > good]
    if not counts:
        return good
    if ratio is None:
        return max(good + 1, (looks.launches[0] + (looks.early or looks.launches[0])) / 2)
    ends = [n for n in counts if _settles(n, ratio, looks, margin)]
    if ends:
        return ends[0]
    # What no look will settle is left at the first one that says so.
    return next((n for n in counts if n >= looks.launches[0]), looks.most)


def _settles(count: int, ratio: Ratio, looks: Looks, margin: float) -> bool:
    early = count < looks.launches[0]
    alpha = looks.early_alpha if early else looks.alpha
    half = t_quantile(1 - alpha / 2, count - 1) * ratio.spread / math.sqrt(count)
    size = abs(ratio.log)
    if early:
        return size > looks.early_beyond and size - half > margin
    return size - half > margin or size + half < margin
