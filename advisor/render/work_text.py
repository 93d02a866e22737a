"""What a measured model predicts, in sentences that the terminal and the report share.

Knows works of the evidence, whose reasons have their words. It must not know where lines go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from advisor.evidence import Extrapolated, UntriedWays, Work, WorkMode
from advisor.render.wording import duration, level, name_of, say


def work_lines(work: Work) -> list[str]:
    """Model and size, a step of both frameworks, which is faster, and what it rests on."""
    lines = [work_title(work)]
    lines += [_step(mode) for mode in work.modes if mode.chosen]
    lines.append(ratio_text(work))
    if work.usual is not None and work.called:
        first, second, ratio = work.usual.ordered
        lines.append(say("work.usual", first=first, second=second, ratio=ratio))
    if work.untried is not None:
        lines.append(say("work.untried_line", text=untried_text(work.untried)))
    if work.unlike:
        lines.append(say("work.unlike", parts=list(work.unlike)))
    gap = (work.carry_over or {}).get("translation")
    if isinstance(gap, Mapping):
        lines.append(_gap_text(gap))
    cut = work.extrapolated
    return lines if cut is None else [*lines, f"  {cut_text(cut)}"]


def _gap_text(gap: Mapping[str, Any]) -> str:
    """What translating cost the nearest family; or that it is not calibrated."""
    family = gap.get("family")
    if not family:
        return say("work.translation.no_family")
    if gap.get("ratio") is None:
        return say("work.translation.not_calibrated", family=family)
    values = {key: gap[key] for key in ("ratio", "ci", "machine", "date")}
    return say("work.translation.gap", family=family, size=shown_size(gap["size"]), **values)


def work_title(work: Work) -> str:
    """The model and its size."""
    return say("work.title", title=work.title or work.model, size=shown_size(work.size))


def shown_size(size: Mapping[str, Any]) -> str:
    """The numbers and words of a size, in a line."""
    return ", ".join(f"{key} {_plain(value)}" for key, value in size.items())


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "-".join(map(str, value)) if isinstance(value, list) else str(value)


def _step(mode: WorkMode) -> str:
    if mode.ci is None:
        return say("work.step_alone", mode=mode.mode, step=duration(mode.step_s))
    low, high = (duration(s) for s in mode.ci)
    return say("work.step", mode=mode.mode, step=duration(mode.step_s), low=low, high=high)


def ratio_text(work: Work) -> str:
    """Which framework is faster, by how much; or why there is no prediction."""
    reason = work.reason
    because = (reason.text or reason.id) if reason else ""
    if work.time_ratio is None or work.ci is None or work.verdict == "invalid":
        return say("work.nothing", reason=because)
    first, second, ratio, ci = "pytorch", "jax", work.time_ratio, work.ci
    if ratio < 1:
        first, second, ratio, ci = second, first, 1 / ratio, (1 / ci[1], 1 / ci[0])
    interval = say("work.interval", ci=ci, level=level(work.level))
    line = say(
        "work.ratio", first=name_of(first), second=name_of(second), ratio=ratio, interval=interval
    )
    if work.called:
        return line
    return say("work.open", line=line, reason=because)


def untried_text(untried: UntriedWays) -> str:
    """Which ways to write the model were not tried, and what such ways gained at most."""
    gained = max(untried.a_gained, untried.b_gained)
    return say("work.untried", modes=list(untried.modes), gained=gained)


def cut_text(cut: Extrapolated) -> str:
    """At which depths time was measured, and how well a third one agreed."""
    depths = ", ".join(map(str, cut.measured))
    line = say("work.extrapolated", key=cut.key, asked=cut.asked, depths=depths)
    if cut.checked is None:
        return line
    return say("work.checked", line=line, off=abs(cut.checked - 1), depth=cut.measured[-1])
