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
from advisor.measure.statistics import launches_needed, level_of, ratio_of_launches
from advisor.pair import CALLED
from advisor.ratio import LEVEL, MARGIN, Ratio

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
    """One comparison: the word, the ratio behind it, and the reason where there is none.

    The word was decided by the interval of the ratio at `level`. `needed` is how many launches
    would settle what is open, as far as that can be said.
    """

    word: VerdictWord
    ratio: Ratio | None
    level: float = LEVEL
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
    ratio, level = ratio_of_launches(logs, floor=spread_floor), level_of(looks.alpha)
    word = _word(ratio, level, margin)
    if word in ("a_faster", "b_faster") and abs(ratio.log) < looks.callable_beyond:
        return Verdict("inconclusive", ratio, level, Reason("profile-too-quick"))
    if word != "inconclusive":
        return Verdict(word, ratio, level)
    needed = launches_needed(ratio, margin, looks.alpha)
    case = "too-close" if needed is None else "needed"
    values = {} if needed is None else {"needed": needed}
    reason = Reason("interval-spans-margin", case, values)
    return Verdict(word, ratio, level, reason, needed)


def _beyond_doubt(
    logs: Sequence[float], looks: Looks, margin: float, floor: float, beyond: float
) -> Verdict | None:
    """What the early look calls, at its own level; None where it leaves the comparison open."""
    if looks.early is None or len(logs) < max(2, looks.early):
        return None
    ratio, level = ratio_of_launches(logs, floor=floor), level_of(looks.early_alpha)
    word = _word(ratio, level, margin)
    if abs(ratio.log) <= beyond or word not in ("a_faster", "b_faster"):
        return None
    return Verdict(word, ratio, level)


def _too_few(logs: Sequence[float], looks: Looks, floor: float) -> Verdict:
    ratio = ratio_of_launches(logs, floor=floor) if len(logs) > 1 else None
    least = looks.launches[0]
    reason = Reason("too-few-launches", values={"launches": len(logs), "least": least})
    return Verdict("inconclusive", ratio, level_of(looks.alpha), reason, least)


def _word(ratio: Ratio, level: float, margin: float) -> VerdictWord:
    low, high = ratio.log_interval(level)
    if low > margin:
        return "a_faster"
    if high < -margin:
        return "b_faster"
    if -margin < low and high < margin:
        return "equivalent"
    return "inconclusive"
