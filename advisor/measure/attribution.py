"""What one thing makes of a mode: more cores, compiling, another way to write the same work.

Pure: reads finished probes. Nothing is explained here; two measurements that differ in one thing
alone are set side by side, with an interval over launches, so that a cause is a toggle that was
flipped and not a story. Where one core and all cores name different winners is said as a notice:
on one core a launch differs from the next by little, on several by much more (threads wait for
each other at barriers), and the two are different questions: what a core does, and what a user
gets.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from advisor.evidence import Attribution, Comparison, Entry, Notice, Probe
from advisor.measure.statistics import DIGITS, ratio_of_launches
from advisor.measure.verdicts import LOG_MARGIN, SPREAD_FLOOR
from advisor.pair import CALLED, MODES
from advisor.ratio import LEVEL, Ratio, rounded

Effect = Literal["faster", "slower", "equal", "open"]
Ends = tuple[float, float]
SPEEDS_APART = 1.25
"""How far launches of one program lie apart where they are worth a word.

Of the 24 files of rules/library, on virtual machines, half have such a mode.
"""
LEAST_LAUNCHES = 3


def attributions(
    probes: Sequence[Probe], *, floor: float = SPREAD_FLOOR, selftest: str = "passed"
) -> list[Attribution]:
    """One element per toggle and mode: the time with it *off* over the time with it *on*.

    `time_ratio` above 1 means that what was toggled makes the mode faster. `floor` bounds the
    spread between launches from below: the self-test's, which equal code showed. Where the
    self-test failed nothing is attributed.
    """
    if selftest == "failed":
        return []
    toggles: list[Attribution] = []
    for probe in probes:
        toggles += _compiling(probe)
        for other in probes:
            if _is_one_core_of(probe, other):
                toggles += _entries("cores", probe, other, floor, paired=False)
            if other.variant_of and (probe.size_name, _place(probe)) == (
                other.variant_of,
                _place(other),
            ):
                toggles += _entries("variant", probe, other, floor, paired=True)
    return toggles


def disagreements(probes: Sequence[Probe]) -> list[Notice]:
    """One notice per pair of modes whose verdict on one core is not that on all cores."""
    return [
        notice
        for one in probes
        for other in probes
        if _is_one_core_of(one, other)
        for notice in _disagreeing(one, other)
    ]


def several_speeds(probes: Sequence[Probe]) -> list[Notice]:
    """That equal launches of compared modes were far apart although nobody else was seen.

    One notice for a run: of the mode whose launches differ most.
    """
    worst: tuple[float, Entry, list[float]] | None = None
    for entry in (e for p in probes if p.comparisons for e in p.entries if not e.disturbed):
        medians = [x.median_s for x in entry.launches if x.median_s is not None and not x.noisy]
        if len(medians) < LEAST_LAUNCHES:
            continue
        apart = max(medians) / min(medians)
        if apart >= SPEEDS_APART and (worst is None or apart > worst[0]):
            worst = apart, entry, medians
    if worst is None:
        return []
    apart, entry, medians = worst
    values = {
        "mode": entry.mode,
        "low_s": min(medians),
        "high_s": max(medians),
        "launches": len(medians),
    }
    return [Notice("several-speeds", values=values)]


def _is_one_core_of(one: Probe, other: Probe) -> bool:
    """Whether *one* is the work of *other* on one core, which has several."""
    works = [(p.id, p.size_name, p.device, p.precision) for p in (one, other)]
    return one.cores == 1 and (other.cores or 0) > 1 and works[0] == works[1]


def _place(probe: Probe) -> tuple[Any, ...]:
    return probe.id, probe.device, probe.cores, probe.precision


def _disagreeing(one: Probe, other: Probe) -> Iterator[Notice]:
    """Where the winners differ, or one of the two finds a difference that the other excludes."""
    on_all = {(c.a, c.b): c.verdict for c in other.comparisons}
    for compared in one.comparisons:
        pair = (compared.a, compared.b)
        words = (compared.verdict, on_all.get(pair, ""))
        if words[0] == words[1] or not all(word in CALLED for word in words):
            continue
        case = "reversed" if "equivalent" not in words else "on-all-cores-only"
        if words[1] == "equivalent":
            case = "on-one-core-only"
        # The winner where it was called: on one core first.
        word = words[1] if words[0] == "equivalent" else words[0]
        faster, slower = pair if word == "a_faster" else pair[::-1]
        values = {"probe": one.id, "size": one.size_name, "all_cores": other.cores}
        yield Notice("cores-disagree", "info", case, {**values, "faster": faster, "slower": slower})


def _line(
    kind: str,
    off: Probe,
    on: Probe,
    *,
    mode: str,
    mode_off: str,
    ratio: float,
    ci: Ends,
    level: float,
    launches: int,
    effect: Effect,
) -> Attribution:
    return Attribution(
        kind=kind,
        probe=on.id,
        device=on.device,
        precision=on.precision,
        mode=mode,
        mode_off=mode_off,
        size=on.size_name,
        size_off=off.size_name,
        cores=on.cores,
        cores_off=off.cores,
        time_ratio=ratio,
        ci=ci,
        level=level,
        launches=launches,
        effect=effect,
    )


def _compiling(probe: Probe) -> Iterator[Attribution]:
    """What compiling makes of a framework's own step: a comparison that was made already."""
    for compared in probe.comparisons:
        for on, off in ((compared.a, compared.b), (compared.b, compared.a)):
            if _without(on) == off:
                yield from _compiled(probe, compared, on, off)


def _without(label: str) -> str | None:
    """The mode that differs from *label* in one thing alone, of the same toolchain."""
    name, at, version = label.partition("@")
    plain = MODES[name].without if name in MODES else None
    return None if plain is None else f"{plain}{at}{version}"


def _compiled(probe: Probe, compared: Comparison, on: str, off: str) -> Iterator[Attribution]:
    ratio, ci = compared.time_ratio, compared.ci
    if ratio is None or ci is None or compared.verdict == "invalid":
        return
    if on == compared.b:
        low, high = ci
        ratio = rounded(1 / ratio, DIGITS)
        ci = rounded(1 / high, DIGITS), rounded(1 / low, DIGITS)
    yield _line(
        "compile",
        probe,
        probe,
        mode=on,
        mode_off=off,
        ratio=ratio,
        ci=ci,
        level=compared.level,
        launches=compared.launches,
        effect=_effect(ci) if compared.called else "open",
    )


def _entries(
    kind: str, off: Probe, on: Probe, floor: float, *, paired: bool
) -> Iterator[Attribution]:
    """The modes that both probes timed, as far as no gate refused them."""
    before = {e.mode: e for e in off.entries if e.status == "ok"}
    for entry in on.entries:
        mode = entry.mode
        if entry.status != "ok" or mode not in before:
            continue
        if _refused(off, mode) or _refused(on, mode):
            continue
        gain = _gain(_log_medians(before[mode]), _log_medians(entry), floor, paired=paired)
        if gain is not None:
            low, high = gain.interval()
            ci = (rounded(low, DIGITS), rounded(high, DIGITS))
            yield _line(
                kind,
                off,
                on,
                mode=mode,
                mode_off=mode,
                ratio=rounded(gain.value, DIGITS),
                ci=ci,
                level=LEVEL,
                launches=int(gain.degrees) + 1,
                effect=_effect(ci),
            )


def _refused(probe: Probe, mode: str) -> bool:
    """Whether no comparison that *mode* takes part in passed its gates."""
    words = [c.verdict for c in probe.comparisons if mode in (c.a, c.b)]
    return all(word == "invalid" for word in words)


def _log_medians(entry: Entry) -> dict[int, float]:
    good = [launch for launch in entry.launches if launch.median_s and not launch.noisy]
    return {launch.index: math.log(launch.median_s) for launch in good if launch.median_s}


def _gain(
    off: Mapping[int, float], on: Mapping[int, float], floor: float, *, paired: bool
) -> Ratio | None:
    """Time *off* over time *on*: paired by launch, or of two sets of launches.

    Unpaired, after Welch (1947), with the degrees of freedom of the smaller set, which is never
    too narrow.
    """
    if paired:
        logs = [off[n] - on[n] for n in sorted(off.keys() & on.keys())]
        return ratio_of_launches(logs, floor=floor) if len(logs) > 1 else None
    if min(len(off), len(on)) < 2:
        return None
    without, with_it = (ratio_of_launches(list(s.values()), floor=floor) for s in (off, on))
    error = math.hypot(without.se, with_it.se)
    return Ratio(without.log - with_it.log, error, min(without.degrees, with_it.degrees))


def _effect(ci: Ends) -> Effect:
    low, high = math.log(ci[0]), math.log(ci[1])
    if low > LOG_MARGIN:
        return "faster"
    if high < -LOG_MARGIN:
        return "slower"
    return "equal" if low > -LOG_MARGIN and high < LOG_MARGIN else "open"
