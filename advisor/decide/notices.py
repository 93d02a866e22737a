"""What a reader must know about how a decision was made: weakened, missing or unknown things."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from advisor.decide.judging import Judgement
from advisor.decide.thresholds import SPEEDS
from advisor.decide.waiting import named_in
from advisor.decide.words import TITLES
from advisor.decision import Flip
from advisor.text import inert

_LACKS = {
    "criteria": "rules and measurements speak to too few of the criteria",
    "answers": "too many of the answers that rules ask for are missing",
    "veto": "the leader may be ruled out by something that is not answered yet",
}


def notices_of(now: Judgement, flips: Sequence[Flip]) -> list[dict[str, Any]]:
    """The notices, in a fixed order."""
    return [
        *_lacking(now),
        *_vetoes(now),
        *_speed(now),
        *_steadfast(now, flips),
        *_packages(now),
    ]


def _steadfast(now: Judgement, flips: Sequence[Flip]) -> list[dict[str, Any]]:
    """Where no speed whatever would change what is recommended: worth knowing before measuring."""
    moved = any("measured.jax_speedup" in f.change for f in flips)
    if moved or now.framework is None or len(now.feasible) < 2:
        return []
    text = f"no speed ratio alone would change this (tried up to {SPEEDS[-1]:.0f} times)"
    return [_notice("speed-cannot-flip", "info", text)]


def _notice(name: str, severity: str, text: str) -> dict[str, Any]:
    return {"id": name, "severity": severity, "text": text}


def _lacking(now: Judgement) -> list[dict[str, Any]]:
    return [_notice(f"insufficient-{why}", "warning", _LACKS[why]) for why in now.why_insufficient]


def _vetoes(now: Judgement) -> list[dict[str, Any]]:
    found = []
    for outcome, state in now.vetoes:
        rule = outcome.rule
        name = TITLES.get(rule.excludes or "", "")
        if state == "conditional":
            waits = ", ".join(outcome.waits_for)
            text = f"{name} is ruled out if {rule.title} ({rule.id} waits for {waits})"
            found.append(_notice("veto-conditional", "info", text))
        elif state == "expired":
            text = f"{rule.id} would rule out {name}, but it expired on {rule.expires}: check it"
            found.append(_notice("veto-expired", "warning", text))
    return found


def _speed(now: Judgement) -> list[dict[str, Any]]:
    speed = now.speed
    if speed is None:
        if not now.situation.evidence:
            return [_notice("nothing-measured", "info", "nothing was measured: rules only")]
        text = "no comparison of PyTorch and JAX could be called, so speed counts as not measured"
        return [_notice("no-speed-evidence", "warning", text)]
    found = []
    sources = {c.source for w in speed.workloads for c in w.cells}
    machines = {
        (m.label, m.cpu, m.cores_physical)
        for m in (now.situation.evidence[s].machine for s in sources)
    }
    if len(machines) > 1:
        text = f"the measured speed joins {len(machines)} different machines with equal weights"
        found.append(_notice("several-machines", "warning", text))
    if speed.part:
        text = (
            f"measured on one device ({speed.device}), and several will train: what they exchange "
            "was not measured, so the measured speed counts less"
        )
        found.append(_notice("one-of-several", "warning", text))
    elif not speed.matched:
        text = (
            f"measured on {speed.device}, which is not what will train: the measured speed "
            "counts less"
        )
        found.append(_notice("other-hardware", "warning", text))
    if speed.coverage == 0:
        text = "what was measured does not stand for this task: the measured speed counts less"
        found.append(_notice("other-work", "warning", text))
    return found


def _packages(now: Judgement) -> list[dict[str, Any]]:
    wanted = now.facts.get("must_use")
    if not isinstance(wanted, (list, tuple)):
        return []
    known = named_in(now.situation.base, "must_use")
    return [
        _notice(
            "unknown-package",
            "warning",
            f"no rule knows the package {inert(str(name), limit=100)}: check yourself which "
            "framework it needs",
        )
        for name in wanted
        if name not in known
    ]
