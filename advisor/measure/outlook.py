"""How many launches a comparison will have when it is settled, as far as that can be foreseen.

Pure: a ratio so far and the looks that are to come.
"""

from __future__ import annotations

import math

from advisor.measure.verdicts import Looks
from advisor.ratio import Ratio, t_quantile


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
