"""How a decision speaks. Fixed wording lives here, so that every sentence exists once.

A share of samples is always called that: never a probability of being right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from advisor.decide.speed import Speed
from advisor.knowledge.model import RuleBase
from advisor.text import inert

TITLES = {"pytorch": "PyTorch", "jax": "JAX"}
SAMPLED = "of the sampled weightings and uncertainties"


def percent(share: float) -> str:
    """``94 %``; never 100 % or 0 % for what is only nearly so."""
    if 0.0 < share < 0.005:
        return "under 1 %"
    if 0.995 < share < 1.0:
        return "over 99 %"
    return f"{share * 100:.0f} %"


def fact_text(base: RuleBase, fact: str, value: Any) -> str:
    """``Training hardware: One NVIDIA GPU``."""
    known = base.facts.get(fact)
    title = known.title if known else fact
    return f"{title}: {value_text(base, fact, value)}"


def value_text(base: RuleBase, fact: str, value: Any) -> str:
    """A value as people read it: labels for words, units for numbers."""
    known = base.facts.get(fact)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(value_text(base, fact, v) for v in value) or "none"
    if isinstance(value, (int, float)):
        unit = f" {known.unit}" if known and known.unit else ""
        return f"{value:,.4g}{unit}" if abs(value) < 1e4 else f"{value:,.0f}{unit}"
    label = known.values.get(str(value)) if known else None
    return inert(label or str(value), limit=200)


def times(ratio: float) -> str:
    """A speed ratio of JAX to PyTorch as a sentence's part."""
    if ratio >= 1:
        return f"JAX {ratio:.2f} times as fast as PyTorch"
    return f"PyTorch {1 / ratio:.2f} times as fast as JAX"


def speed_text(speed: Speed) -> str:
    """The measured speed as a reason."""
    low, high = speed.speedup.ci
    ratio = speed.speedup.ratio
    names = ", ".join(w.workload for w in speed.workloads)
    if speed.open:
        return (
            f"JAX {low:.2f} to {high:.2f} times as fast as PyTorch on {names}: the winner changes "
            "with the work"
        )
    if ratio < 1:
        low, high = 1 / high, 1 / low
    other = "one of the devices that will train" if speed.part else "other hardware than will train"
    where = "measured here" if speed.matched else f"measured here, on {other}"
    if speed.partial:
        names += f" (only {percent(speed.coverage)} of this task)"
    return f"{times(ratio)} (95 % interval {low:.2f} to {high:.2f}) on {names}, {where}"


def headline(status: str, framework: str | None, first: Sequence[str]) -> str:
    """The one sentence that a decision is, except where there is no clear winner."""
    name = TITLES.get(framework or "", "")
    other = next((TITLES[f] for f in TITLES if f != framework), "")
    texts: Mapping[str, str] = {
        "recommend": f"Use {name} rather than {other}",
        "lean": f"Lean towards {name} rather than {other}",
        "forced": f"Use {name}: it is the only option left",
        "insufficient_evidence": "Too little is known to recommend either"
        + (f"; find out first: {', '.join(first)}" if first else ""),
        "no_feasible_option": "Neither PyTorch nor JAX is left: lift a constraint first",
    }
    return texts[status]


def no_winner(leader: str, *, equal: bool, tie_break: str | None) -> str:
    """The sentence for a decision without a winner."""
    head = (
        "No clear winner: PyTorch and JAX are practically equal here"
        if equal
        else f"No clear winner: {TITLES[leader]} leads, but not clearly enough"
    )
    tie = f"; if you must choose now, take {TITLES[tie_break]} as a tie-break" if tie_break else ""
    return head + tie


def confidence(leader: str | None, p_clear: float, tie_mass: float, price: str | None) -> str:
    """How sure, in the fixed wording; *price* is what the only option left costs."""
    if leader is None:
        return "Every option is ruled out, so nothing was compared"
    if price is not None:
        return f"The other option is ruled out, which {price}"
    return (
        f"{TITLES[leader]} is clearly ahead in {percent(p_clear)} {SAMPLED}; "
        f"in {percent(tie_mass)} the two are practically equal"
    )
