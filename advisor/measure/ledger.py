"""What the launches of a run gave so far, and what follows: who needs another, what is owed.

Knows series, items and launches, whoever made them. It starts nothing and looks at no clock.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from advisor.evidence import Probe, Reason
from advisor.measure.assemble import probe_of
from advisor.measure.certificate import SeriesContext
from advisor.measure.choosing import Room, certifying, estimating, parity_labels
from advisor.measure.clock import Owed
from advisor.measure.comparisons import crossing_pairs, pairs_of
from advisor.measure.journal import Done
from advisor.measure.need import Need
from advisor.measure.plan import Plan
from advisor.measure.selftest import SelftestResult
from advisor.measure.work import Failure, LaunchResult, Series, WorkItem, WorkRuns

_Observed = tuple[str, str, str]
"""What showed something: the keys of its series and item, and the mode's label."""


class Ledger:
    """The launches of one run of a plan.

    Attributes:
        plan: What is measured; models add what estimates them once their variant is chosen.
        inputs: By item the file of its inputs and their SHA-256.
        guests: Other processes on the accelerator; None where nobody tells.
        owed: The launches that items still need, beyond those that run.
        settled: How many comparisons across frameworks have settled.
        too_large: By the key of a model's choice, why nothing estimates it.
    """

    def __init__(self, plan: Plan, selftest: SelftestResult) -> None:
        self.plan = plan
        self.inputs: dict[str, tuple[str, str]] = {}
        self.guests: int | None = None
        self.owed: list[Owed] = []
        self.settled = 0
        self.too_large: dict[str, Reason] = {}
        self._selftest = selftest
        self._launches: dict[str, list[LaunchResult]] = {s.key: [] for s in plan.series}
        self._failed: dict[str, dict[tuple[str, str], Failure]] = {s.key: {} for s in plan.series}
        self._observations: dict[_Observed, Path] = {}
        self._observed_again: dict[_Observed, Path] = {}
        self._unreached: set[tuple[str, str]] = set()

    @property
    def launches(self) -> list[LaunchResult]:
        """Every launch so far, series by series."""
        return [launch for launches in self._launches.values() for launch in launches]

    def launches_of(self, series: Series) -> list[LaunchResult]:
        """The launches of *series* so far."""
        return self._launches[series.key]

    def failures_of(self, series: Series) -> Mapping[tuple[str, str], Failure]:
        """What broke in *series*, by item and mode."""
        return self._failed[series.key]

    def take_in(self, series: Series, items: Sequence[WorkItem], done: Done) -> None:
        """Take in what a launch of *items* gave."""
        result, launches = done.result, self._launches[series.key]
        seen_in = self._observed_again if launches else self._observations
        seen_in.update({(series.key, *key): path for key, path in done.seen.items()})
        if not launches:
            # Without the first launch nothing of an item was observed: it has no later one.
            seen = {key for key, _ in (*result.runs, *result.failures)}
            self._unreached |= {(series.key, i.key) for i in items if i.key not in seen}
        launches.append(result)
        self._failed[series.key].update(result.failures)

    def stopped(self) -> None:
        """The run ends here; what was not reached was stopped too, and its entries say so."""
        for launches in self._launches.values():
            if not launches:
                launches.append(LaunchResult(0, interrupted=True))

    def estimating(
        self, items: Sequence[WorkItem], result: LaunchResult, room: Room
    ) -> list[WorkItem]:
        """What estimates the models whose variants were tried in *result*, as far as it fits."""
        more: list[WorkItem] = []
        for choice in choices_in(items):
            items_of_choice, reason = estimating(choice, result, room)
            more.extend(items_of_choice)
            if reason is not None:
                self.too_large[choice.key] = reason
        return more

    def grow(
        self,
        series: Series,
        more: Sequence[WorkItem],
        items: Sequence[WorkItem],
        result: LaunchResult,
    ) -> None:
        """Add *more* to *series*; only what *result* chose among *items* is compared from now."""
        tried = (
            replace(item, modes=certifying(item, items, result)) if item.role == "parity" else item
            for item in series.items
        )
        grown = replace(series, items=(*tried, *more))
        every = tuple(grown if s.key == series.key else s for s in self.plan.series)
        self.plan = replace(self.plan, series=every)

    def leave_out(self, series: Series) -> None:
        """Measure nothing of *series*: its items are no part of the run."""
        every = tuple(s for s in self.plan.series if s.key != series.key)
        self.plan = replace(self.plan, series=every)
        self.look_ahead(frozenset())

    def look_ahead(self, running: Collection[tuple[str, str]]) -> None:
        """What is still owed beyond the items that are *running*, and how much has settled."""
        owed, settled = [], 0
        for series in self.plan.series:
            need = self._need(series)
            for work, failed in self._works(series):
                more = need.expected(work, failed) - ((series.key, work.item.key) in running)
                settled += len(crossing_pairs(work.item)) - len(need.open_pairs(work, failed))
                if more > 0:
                    owed.append(Owed(series, work.item, more))
        self.owed, self.settled = owed, settled

    def active_items(self, series: Series) -> list[WorkItem]:
        """Items that need another launch: too few good ones, or an open verdict before its look."""
        need = self._need(series)
        return [work.item for work, failed in self._works(series) if need.more(work, failed)]

    def crossing(self) -> int:
        """How many comparisons across frameworks there are to settle."""
        return sum(len(crossing_pairs(i)) for s in self.plan.series for i in s.items)

    def probes(self) -> list[Probe]:
        """What every item gave."""
        return [self._probe(series, item) for series in self.plan.series for item in series.items]

    def _works(self, series: Series) -> list[tuple[WorkRuns, Collection[str]]]:
        """The items of *series* with their launches, and which modes of each have failed."""
        launches, failed = self._launches[series.key], self._failed[series.key]
        return [
            (
                WorkRuns(item, series, launches),
                {label for key, label in failed if key == item.key},
            )
            for item in series.items
            if (series.key, item.key) not in self._unreached
        ]

    def _need(self, series: Series) -> Need:
        compared = sum(len(pairs_of(i)) for s in self.plan.series for i in s.items)
        return Need(self._context(series), compared, self.plan.looks, self._selftest.passed)

    def _context(self, series: Series) -> SeriesContext:
        launches = self._launches[series.key]
        facts = {k: v for launch in launches for k, v in launch.facts.items()}
        return SeriesContext(
            looks=self.plan.looks,
            floor=self._selftest.floor_on(series.cores),
            selftest=self._selftest.part.status,
            peaks={k: f["flops_per_s"] for k, f in facts.items() if "flops_per_s" in f},
            copies={k: f["bytes_per_s"] for k, f in facts.items() if "bytes_per_s" in f},
            settings=self.plan.settings,
            precisions={
                k: f["max_relative_error"] for k, f in facts.items() if "max_relative_error" in f
            },
            hellos={k: v for launch in launches for k, v in launch.hellos.items()},
            device_guests=self.guests,
            fast_cpus=self.plan.fast_cpus,
        )

    def _probe(self, series: Series, item: WorkItem) -> Probe:
        source, labels = item.parity_from or item.key, parity_labels(item)
        observations, again = (
            {
                label: path
                for (of_series, of_item, label), path in seen_in.items()
                if (of_series, of_item) == (series.key, source)
                and (labels is None or label in labels)
            }
            for seen_in in (self._observations, self._observed_again)
        )
        sha256 = self.inputs.get(item.key, ("", ""))[1] or None
        return probe_of(
            WorkRuns(item, series, self._launches[series.key]),
            self._context(series),
            observations,
            again=again,
            inputs_sha256=sha256,
            missing=self.plan.missing,
        )


def choices_in(items: Sequence[WorkItem]) -> list[WorkItem]:
    """Those of *items* that choose among the variants of a model."""
    return [item for item in items if item.role == "choice"]
