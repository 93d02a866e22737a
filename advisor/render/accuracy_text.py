"""Training to an accuracy in words that the terminal and the report share.

Knows ``time_to_accuracy[]`` of the evidence, whose reasons have their words. Says nothing about one
framework against the other.
"""

from __future__ import annotations

from collections.abc import Callable

from advisor.accuracy import Mean, TimeToAccuracy
from advisor.evidence import Evidence
from advisor.render.wording import (
    DASH,
    amount_of_bytes,
    duration,
    level,
    name_of,
    percent,
    say,
    significant,
)

Shown = Callable[[float], str]


def accuracy_lines(evidence: Evidence) -> list[str]:
    """Every framework: what it reached and when, and what that does not say."""
    lines: list[str] = []
    for one in evidence.time_to_accuracy:
        lines += [_title(one), *(f"  {text}" for text in _texts(one)), ""]
    return [*lines, say("accuracy.section.limits"), ""] if lines else []


def _title(one: TimeToAccuracy) -> str:
    return say(
        "accuracy.title",
        goal=percent(one.goal),
        framework=name_of(one.framework),
        version=one.version or "",
        mode=one.mode or DASH,
    )


def _texts(one: TimeToAccuracy) -> list[str]:
    if one.status != "ok" or not one.runs:
        return [say("accuracy.nothing", reason=why_nothing(one))]
    goal = percent(one.goal)
    texts = [
        say("accuracy.reached", reached=len(one.reaching), n=len(one.runs), goal=goal),
        _said("seconds", one.reached_s, duration),
        _epochs(one.reached_epoch),
        _said("first_step", one.first_step_s, duration),
        _said("epoch", one.epoch_s, duration),
        _said("accurate", one.accuracy, level, n=one.epochs),
        _said("memory", one.peak_memory_bytes, amount_of_bytes),
        say("accuracy.lines", n=one.code_lines) if one.code_lines else "",
        say("accuracy.disturbed") if one.disturbed else "",
    ]
    if not one.reaching:
        texts[0] = say("accuracy.none", goal=goal, epochs=one.epochs)
    return [text for text in texts if text]


def why_nothing(one: TimeToAccuracy) -> str:
    """Why there are no figures."""
    if one.reason is None:
        return DASH
    return one.reason.text or one.reason.id


def _said(name: str, mean: Mean | None, shown: Shown, **values: object) -> str:
    if mean is None:
        return ""
    told = {"mean": shown(mean.mean), "interval": _interval(mean, shown), **values}
    return say(f"accuracy.{name}", **told)


def _epochs(mean: Mean | None) -> str:
    if mean is None:
        return ""
    interval = _interval(mean, significant)
    number = 1 if mean.mean == 1 else 2
    return say("accuracy.epochs", n=number, epochs=significant(mean.mean), interval=interval)


def _interval(mean: Mean, shown: Shown) -> str:
    if mean.ci is None:
        return say("accuracy.one_run")
    low, high = map(shown, mean.ci)
    return say("accuracy.interval", low=low, high=high)


def cell(mean: Mean | None, shown: Shown) -> str:
    """A mean with its interval as the cell of a table; a dash where there is none."""
    if mean is None:
        return DASH
    if mean.ci is None:
        return shown(mean.mean)
    low, high = map(shown, mean.ci)
    return say("accuracy.cell", mean=shown(mean.mean), low=low, high=high)
