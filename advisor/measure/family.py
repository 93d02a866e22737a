"""The comparisons of one run as a family: together they keep their false calls under 5 %.

A comparison that is made well by itself calls a ratio within the margin "faster" in about one case
in fifty; fifty of them made in one run would do so once. So every call of "faster" is tested once
more, by Holm's step-down procedure (1979) over all comparisons of the run: the hypothesis of each
is that its true ratio lies within the margin, its p-value that of Student's t at the margin's edge,
times the number of looks that were planned (Bonferroni's bound on looking more than once). The
chance that a run holds any false call is then at most `FAMILY_ALPHA`, however its comparisons
depend on each other. Intervals keep the level of their own comparison; "equivalent" is no claim of
a difference and stays as it was called. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from advisor.evidence import Comparison, Probe, Reason
from advisor.measure.verdicts import Looks
from advisor.ratio import Ratio, t_cdf

FAMILY_ALPHA = 0.05
_FASTER = ("a_faster", "b_faster")


def false_call_chance(ratio: Ratio, margin: float, looks: Looks) -> float:
    """How likely so clear a call is where the true ratio lies within *margin* (a logarithm).

    One-sided, at the edge of the margin; bounded over all *looks*. At most 1.
    """
    beyond = abs(ratio.log) - margin
    if beyond <= 0:
        return 1.0
    planned = len(looks.launches) + (looks.early is not None)
    return min(1.0, planned * (1 - t_cdf(beyond / ratio.se, ratio.degrees)))


def hold_together(probes: Sequence[Probe], looks: Looks) -> list[Probe]:
    """*probes* without the calls of "faster" that do not stand among all that were made."""
    every = (c for probe in probes for c in probe.comparisons if c.time_ratio is not None)
    # A launch alone calls nothing.
    compared = [c for c in every if c.launches > 1]
    doubtful = _doubtful(compared, looks)
    values = {"comparisons": len(compared), "alpha": FAMILY_ALPHA}

    def held(comparison: Comparison) -> Comparison:
        if not any(comparison is other for other in doubtful):
            return comparison
        return replace(comparison, verdict="inconclusive", reason=Reason("one-of-many", "", values))

    return [replace(p, comparisons=[held(c) for c in p.comparisons]) for p in probes]


def _doubtful(compared: Sequence[Comparison], looks: Looks) -> list[Comparison]:
    """Holm: from the surest on, each against its share of the level; after the first miss none."""
    ordered = sorted(compared, key=lambda c: _chance(c, looks))
    for rank, comparison in enumerate(ordered):
        if _chance(comparison, looks) > FAMILY_ALPHA / (len(ordered) - rank):
            return [c for c in ordered[rank:] if c.verdict in _FASTER]
    return []


def _chance(comparison: Comparison, looks: Looks) -> float:
    if comparison.verdict not in _FASTER or comparison.ratio is None:
        return 1.0
    return false_call_chance(comparison.ratio, math.log1p(comparison.margin or 0.0), looks)
