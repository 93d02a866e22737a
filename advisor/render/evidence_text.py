"""Evidence as lines for a terminal. Computes no number of its own.

Knows the evidence, whose own words (reasons, notices) are filled in already. It must not know where
the lines go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from advisor.evidence import Attribution, Comparison, Entry, Evidence, Notice, Probe, Selftest
from advisor.pair import framework_of
from advisor.reading.called import read_speeds
from advisor.reading.crossover import changes_of_models, winner_changes
from advisor.render.accuracy_text import accuracy_lines
from advisor.render.change_words import change_text, toggle_text
from advisor.render.entry_words import once_texts, repeated_text
from advisor.render.scaling_text import scaling_lines
from advisor.render.wording import count_of, duration, level, name_of, say, significant
from advisor.render.work_text import work_lines

_WORTH_TELLING_S = 0.02
"""Compile times below are left out."""


def evidence_lines(evidence: Evidence, *, verbose: bool = False) -> list[str]:
    """Title, times and verdicts of every probe, then what a reader should know."""
    lines: list[str] = []
    for probe in evidence.probes:
        lines += [_title(probe), *(line for e in probe.entries for line in _entry(e, probe))]
        lines += [comparison_line(c) for c in probe.comparisons if verbose or _crosses(c)]
        lines.append("")
    for work in evidence.works:
        lines += [*work_lines(work), ""]
    lines += scaling_lines(evidence)
    lines += accuracy_lines(evidence)
    lines += _changes(evidence, verbose=verbose)
    lines += _rates(evidence)
    if evidence.selftest is not None and evidence.selftest.status != "passed":
        lines.append(_selftest_warning(evidence.selftest))
    return [*lines, *map(_notice, evidence.notices)]


def _title(probe: Probe) -> str:
    size = ", ".join(f"{key} {value}" for key, value in probe.size.items())
    title = probe.title or probe.id
    if size:
        title = say("terminal.with_size", title=title, size=size)
    cores = count_of(probe.cores, "core") if probe.cores is not None else ""
    return ", ".join(part for part in (title, probe.device, cores) if part)


def _entry(entry: Entry, probe: Probe) -> list[str]:
    name = f"  {entry.mode:<18}"
    if entry.status != "ok":
        reason = entry.reason
        text = (reason.text or reason.id) if reason else ""
        status = say(f"measurements.status.{entry.status}")
        return [f"{name} {say('terminal.no_time', status=status, reason=text)}"]
    extras = [_rate(entry, probe)]
    if (entry.compile_s or 0) > _WORTH_TELLING_S:
        extras.append(say("terminal.first_calls", seconds=entry.compile_s))
    repeated = repeated_text(entry.counters)
    extras.append(f"({repeated})" if repeated else "")
    extras.append(say("terminal.disturbed") if entry.disturbed else "")
    head = "  ".join([f"{name} {duration(entry.median_s):>9}", *filter(None, extras)])
    indent = f"  {'':<18} {'':>9}  "
    return [head, *(indent + text for text in once_texts(entry, calls=probe.stream_calls))]


def _rate(entry: Entry, probe: Probe) -> str:
    samples = probe.samples_per_step
    if not samples or samples <= 1 or not entry.median_s:
        return ""
    return say("terminal.rate", rate=significant(samples / entry.median_s))


def _changes(evidence: Evidence, *, verbose: bool) -> list[str]:
    """Where the winner changes, and what a change of one thing makes of a mode."""
    read = read_speeds([evidence])
    lines = [
        say("terminal.winner", workload=change.below.workload, text=change_text(change))
        for change in (*changes_of_models(read.works.works), *winner_changes(read.comparisons))
    ]
    lines += [
        _toggle(toggle)
        for toggle in evidence.attributions
        if verbose or (toggle.kind == "variant" and toggle.effect in ("faster", "slower"))
    ]
    return [*lines, ""] if lines else []


def _toggle(toggle: Attribution) -> str:
    return say(
        "terminal.toggle",
        work=toggle.probe,
        cores=count_of(toggle.cores or 0, "core"),
        mode=toggle.mode,
        toggled=toggle_text(toggle),
        ratio=toggle.time_ratio,
        interval=_interval(toggle.ci, toggle.level),
    )


def _interval(ci: tuple[float, float], at: float) -> str:
    return say("terminal.interval", ci=ci, level=level(at))


def _rates(evidence: Evidence) -> Iterator[str]:
    """The best rates of each toolchain: what arithmetic and memory allow here."""
    for chain in evidence.toolchains:
        facts = chain.precision
        if isinstance(facts, Mapping) and facts.get("flops_per_s"):
            name = f"{name_of(chain.framework)} {chain.version or ''}".strip()
            flops, copied = facts["flops_per_s"], facts.get("bytes_per_s") or 0
            yield say("terminal.rates", toolchain=name, flops=flops, copied=copied)


def comparison_line(compared: Comparison) -> str:
    """One comparison: the faster mode first, or why there is no ratio."""
    pair = {"a": compared.a, "b": compared.b}
    reason = compared.reason
    text = (reason.text or reason.id) if reason else ""
    if compared.verdict == "invalid":
        if reason and reason.hint:
            text = say("measurements.with_hint", text=text, hint=reason.hint)
        return say("terminal.comparison.invalid", reason=text, **pair)
    if compared.time_ratio is None or compared.ci is None:
        return say("terminal.comparison.without_ratio", reason=text, **pair)
    if compared.verdict in ("a_faster", "b_faster"):
        return _faster(compared)
    interval = _interval(compared.ci, compared.level)
    line = say(
        f"terminal.comparison.neither.{compared.verdict}",
        ratio=compared.time_ratio,
        interval=interval,
        margin=compared.margin or 0.05,
        **pair,
    )
    return say("terminal.comparison.because", line=line, reason=text) if text else line


def _faster(compared: Comparison) -> str:
    assert compared.time_ratio is not None, "a called comparison has its ratio"
    assert compared.ci is not None, "a called comparison has its interval"
    first, second, ratio, ci = compared.a, compared.b, compared.time_ratio, compared.ci
    if compared.verdict == "b_faster":
        first, second, ratio, ci = second, first, 1 / ratio, (1 / ci[1], 1 / ci[0])
    interval = _interval(ci, compared.level)
    return say(
        "terminal.comparison.faster", first=first, second=second, ratio=ratio, interval=interval
    )


def _crosses(compared: Comparison) -> bool:
    return framework_of(compared.a) != framework_of(compared.b)


def _selftest_warning(selftest: Selftest) -> str:
    reason = selftest.reason
    text = (reason.text or reason.id) if reason else say("measurements.no_reason")
    return say(f"terminal.selftest_warning.{selftest.status}", reason=text)


def _notice(notice: Notice) -> str:
    text = notice.text or notice.id
    if notice.hint:
        text = say("measurements.with_hint", text=text, hint=notice.hint)
    return say("terminal.notice" if notice.severity == "info" else "terminal.warning", text=text)


def selftest_text(selftest: Selftest) -> str:
    """What the self-test of measuring gave."""
    if selftest.status == "passed":
        return say(
            "terminal.selftest.passed",
            spread=selftest.aa_log_sd or 0.0,
            planted=selftest.details.get("planted_ratio") or 0.0,
        )
    reason = selftest.reason
    text = (reason.text or reason.id) if reason else say("measurements.no_reason")
    failed = say("terminal.selftest.failed", reason=text)
    return f"{failed}\n  {reason.hint}" if reason and reason.hint else failed
