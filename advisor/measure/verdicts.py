"""From launches to one of five words: the stopping looks, the margin, and what each word needs.

Knows the protocol's numbers and nothing of processes or frameworks. "Faster" is said only when
the whole interval lies beyond the margin; "equivalent" only when it lies within; everything
else is "inconclusive", with what would settle it. A failed gate beats them all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from advisor.evidence import Reason, VerdictWord
from advisor.measure.statistics import Interval, launches_needed, t_interval
from advisor.pair import CALLED
from advisor.ratio import MARGIN

LOG_MARGIN = math.log(MARGIN)
"""What the logarithm of a ratio must exceed to matter to anybody's choice."""
# Spread between launches that is assumed until the self-test has measured it.
ASSUMED_SPREAD = 0.03
SPREAD_FLOOR = 0.01


@dataclass(frozen=True)
class Looks:
    """When a comparison is looked at, and at which level.

    Three looks at 0.022 each keep the overall level at 0.05 (Pocock 1977, constant boundary).
    `callable_beyond` is the smallest |log ratio| that may be called faster at all. At `early`
    launches, before the first look, only what is beyond doubt is called: an interval at
    `early_alpha` beyond the margin, and a ratio beyond `early_beyond`.
    """

    launches: tuple[int, ...]
    alpha: float
    callable_beyond: float = 0.0
    early: int | None = None
    early_alpha: float = 0.01
    # More than the slow phases of a shared machine, which reach 1.3, can pretend.
    early_beyond: float = math.log(1.5)

    @property
    def most(self) -> int:
        """The number of launches after which nothing more is run."""
        return self.launches[-1]

    def is_look(self, count: int) -> bool:
        """Whether a comparison is looked at after *count* launches."""
        return count in self.launches or count == self.early


QUICK = Looks((3,), 0.05, math.log(1.25))
STANDARD = Looks((5, 8), 0.029, early=3)
# Several kinds of work stand for a task: one look at each keeps them within two minutes.
TASK = Looks((5,), 0.05, early=3)
THOROUGH = Looks((5, 8, 12), 0.022)
# Where launches alternate instead of blocks, drift between them is part of the spread.
_UNPAIRED = {
    "quick": Looks((7,), 0.05, math.log(1.25)),
    "standard": Looks((7, 10), 0.029),
    "thorough": Looks((7, 10, 14), 0.022),
}
PROFILES = {"quick": QUICK, "standard": STANDARD, "thorough": THOROUGH}


def looks_of(profile: str, *, exclusive: bool = False, of_task: bool = False) -> Looks:
    """When the comparisons of *profile* are looked at; *exclusive*: launches alternate."""
    if of_task and profile == "standard" and not exclusive:
        return TASK
    return _UNPAIRED[profile] if exclusive else PROFILES[profile]


@dataclass(frozen=True)
class Verdict:
    """One comparison: the word, the interval behind it, and the reason where there is none.

    `needed` is how many launches would settle what is open, as far as that can be said.
    """

    word: VerdictWord
    interval: Interval | None
    reason: Reason | None = None
    needed: int | None = None

    @property
    def settled(self) -> bool:
        """Whether more launches would not change the word's meaning."""
        return self.word in CALLED or self.word == "invalid"

    def hopeless(self, most: int) -> bool:
        """Whether *most* launches will not settle it at the present spread.

        Stopping early without a call cannot make a wrong call more likely.
        """
        spans = self.reason is not None and self.reason.id == "interval-spans-margin"
        return spans and (self.needed is None or self.needed > most)


def call(
    logs: Sequence[float],
    looks: Looks,
    *,
    margin: float = LOG_MARGIN,
    floor: float = ASSUMED_SPREAD,
    one_process: bool = False,
) -> Verdict:
    """The verdict on one log ratio (time of b over time of a) per launch.

    In *one_process* both sides see the same phases of the machine, so that an early call needs
    no large ratio. Positive logs mean that a is faster. Every interval is at the level at which
    the word was decided. Never "invalid": that is for the gates to say.
    """
    spread_floor = max(SPREAD_FLOOR, floor)
    if len(logs) < max(2, looks.launches[0]):
        beyond = 0.0 if one_process else looks.early_beyond
        early = _beyond_doubt(logs, looks, margin, spread_floor, beyond)
        return early or _too_few(logs, looks, spread_floor)
    interval = t_interval(logs, alpha=looks.alpha, floor=spread_floor)
    word = _word(interval, margin)
    if word in ("a_faster", "b_faster") and abs(interval.estimate) < looks.callable_beyond:
        return Verdict("inconclusive", interval, Reason("profile-too-quick"))
    if word != "inconclusive":
        return Verdict(word, interval)
    needed = launches_needed(interval, margin, looks.alpha)
    case = "too-close" if needed is None else "needed"
    values = {} if needed is None else {"needed": needed}
    return Verdict(word, interval, Reason("interval-spans-margin", case, values), needed)


def _beyond_doubt(
    logs: Sequence[float], looks: Looks, margin: float, floor: float, beyond: float
) -> Verdict | None:
    """What the early look calls, at its own level; None where it leaves the comparison open."""
    if looks.early is None or len(logs) < max(2, looks.early):
        return None
    interval = t_interval(logs, alpha=looks.early_alpha, floor=floor)
    word = _word(interval, margin)
    if abs(interval.estimate) <= beyond or word not in ("a_faster", "b_faster"):
        return None
    return Verdict(word, interval)


def _too_few(logs: Sequence[float], looks: Looks, floor: float) -> Verdict:
    interval = t_interval(logs, alpha=looks.alpha, floor=floor) if len(logs) > 1 else None
    least = looks.launches[0]
    reason = Reason("too-few-launches", values={"launches": len(logs), "least": least})
    return Verdict("inconclusive", interval, reason, least)


def _word(interval: Interval, margin: float) -> VerdictWord:
    if interval.low > margin:
        return "a_faster"
    if interval.high < -margin:
        return "b_faster"
    if -margin < interval.low and interval.high < margin:
        return "equivalent"
    return "inconclusive"
