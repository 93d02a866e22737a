"""What was measured here: speed for the task, charts, comparisons and times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from advisor.evidence import Comparison, Entry
from advisor.render.document import (
    Aside,
    Block,
    Cell,
    Figure,
    Points,
    Row,
    Section,
    Side,
    Table,
    Tag,
    anchor,
    table_of,
)
from advisor.render.view.cases import (
    CALLED,
    Case,
    cases_of,
    framework,
    jax_interval,
    jax_speedup,
    matched,
)
from advisor.render.view.crossovers import attribution_section, crossover_section
from advisor.render.view.costs import compile_section, once_section
from advisor.render.view.fairness import default_section, fairness_section, missing_section
from advisor.render.view.provenance import Origins
from advisor.render.view.speed import speed_statements, speed_words
from advisor.render.view.verdict import side_of
from advisor.render.view.words import (
    DASH,
    amount_of_bytes,
    count_of,
    duration,
    factor,
    factor_span,
    listed,
    name_of,
    significant,
    span,
)

MOST_IN_CHART = 24


def measured_section(origins: Origins) -> Section:
    """Everything about measurements, the most telling first."""
    cases = cases_of(origins.inputs.evidence)
    title = "Measured here"
    blocks: list[Block] = [Points(tuple(speed_statements(origins, measured=bool(cases))))]
    if cases:
        blocks.append(Aside(_CAUTION))
    blocks += _charts(cases)
    if cases:
        blocks += [_comparisons(cases), _times(cases)]
        blocks += [compile_section(cases), *once_section(cases)]
        evidence = origins.inputs.evidence
        blocks += [crossover_section(evidence), *attribution_section(evidence)]
        blocks.append(fairness_section(cases))
        blocks += default_section(cases)
    blocks.append(missing_section(origins, cases))
    return Section("measured", title, tuple(blocks))


_CAUTION = (
    "These are small, standard pieces of work on this machine: they show how the two compare, "
    "not how long your own training takes. Times are medians over fresh processes; intervals are "
    "at 95 %. A ratio is shown only where no condition of its fairness certificate failed."
)


def _charts(cases: Sequence[Case]) -> list[Block]:
    deciding = matched(cases) or list(cases)
    blocks: list[Block] = []
    timed = [c for c in deciding if c.ok]
    if timed:
        blocks.append(_times_figure(timed))
    compared = [c for c in deciding if c.decisive() is not None]
    if compared:
        blocks.append(_ratio_figure(compared))
    return blocks


def _times_figure(cases: Sequence[Case]) -> Figure:
    shown = cases[:MOST_IN_CHART]
    rows = [
        {
            "label": case.name,
            "marks": [
                {
                    "mode": e.mode,
                    "median_s": e.median_s,
                    "interval_s": list(e.interval_s) if e.interval_s else None,
                    "shown": duration(e.median_s),
                }
                for e in case.ok
                if (e.median_s or 0) > 0
            ],
        }
        for case in shown
    ]
    alt = (
        f"Median time of one step for {count_of(len(shown), 'probe')} on a logarithmic axis, with "
        f"intervals; shorter is better. {_more(len(cases) - len(shown))}The table of times has "
        "every number."
    )
    title = "Time of one step, by workload and mode (shorter is better)"
    return Figure("figure-times", title, alt, "times", {"rows": rows}, "times")


def _more(count: int) -> str:
    return f"{count_of(count, 'more probe')} stand in the table only. " if count > 0 else ""


def _ratio_figure(cases: Sequence[Case]) -> Figure:
    shown = cases[:MOST_IN_CHART]
    rows = [_ratio_row(case) for case in shown]
    margins = [c.margin for case in shown if (c := case.decisive()) and c.margin]
    called = [r for r in rows if r["called"]]
    words = [f"{r['label']}: {speed_words(r['ratio'], r['ci'])}" for r in called[:3]]
    told = listed(words) if words else "none of them was called"
    alt = (
        f"How many times as fast JAX is as PyTorch in {count_of(len(rows), 'probe')}, on a "
        f"logarithmic axis with a band of practical equality: {told}. "
        f"{_more(len(cases) - len(shown))}The table of comparisons has every number."
    )
    title = "How many times as fast as the other, with the band of practical equality"
    data = {"rows": rows, "margin": max(margins, default=0.05)}
    return Figure("figure-ratios", title, alt, "ratios", data, "comparisons")


def _ratio_row(case: Case) -> dict[str, Any]:
    compared = case.decisive()
    assert compared is not None, "only compared cases are drawn"
    ratio, ci = jax_speedup(compared), jax_interval(compared)
    usable = ratio is not None and compared.verdict != "invalid"
    return {
        "label": case.name,
        "note": f"{compared.a} against {compared.b}",
        "ratio": ratio if usable else None,
        "ci": list(ci) if ci and usable else None,
        "called": compared.verdict in CALLED,
        "side": _winner(compared),
        "verdict": verdict_words(compared),
    }


def _winner(compared: Comparison) -> Side:
    if compared.verdict == "a_faster":
        return side_of(framework(compared.a))
    return side_of(framework(compared.b)) if compared.verdict == "b_faster" else ""


def verdict_words(compared: Comparison) -> str:
    """The verdict in a few words, without its reason."""
    if compared.verdict == "a_faster":
        return f"{compared.a} is faster"
    if compared.verdict == "b_faster":
        return f"{compared.b} is faster"
    return {"equivalent": "practically equal", "inconclusive": "not settled"}.get(
        compared.verdict, "no ratio given"
    )


def _comparisons(cases: Sequence[Case]) -> Table:
    rows = []
    named: set[str] = set()
    for case in cases:
        for compared in case.probe.comparisons:
            first = case.probe.id not in named
            named.add(case.probe.id)
            target = anchor("measured", case.probe.id) if first else ""
            rows.append(_comparison_row(case, compared, target))
    head = ("Work", "Compared", "Times as fast", "95 % interval", "Launches", "Verdict")
    caption = "Comparisons: how many times as fast the first mode is as the second"
    return table_of(Table("comparisons", caption, head, tuple(rows), (_here(cases),)))


def _here(cases: Sequence[Case]) -> Tag:
    days = sorted({c.evidence.created[:10] for c in cases if c.evidence.created})
    told = f", {listed(days)}" if days else ""
    return Tag("measured", f"measured here{told}", "#environment")


def _comparison_row(case: Case, compared: Comparison, target: str) -> Row:
    hidden = compared.verdict == "invalid"
    reason = compared.reason
    because = f": {reason.text or reason.id}" if reason else ""
    if reason and reason.hint:
        because += f" ({reason.hint})"
    unpaired = ", unpaired" if compared.pairing == "unpaired" else ""
    return Row(
        (
            Cell(case.name),
            Cell(f"{compared.a} to {compared.b}"),
            Cell(DASH if hidden else factor(compared.time_ratio), number=True),
            Cell(DASH if hidden else factor_span(compared.ci), number=True),
            Cell(f"{compared.launches}{unpaired}", number=True),
            Cell(verdict_words(compared) + because, side=_winner(compared)),
        ),
        target,
    )


def _times(cases: Sequence[Case]) -> Table:
    head = (
        "Work", "Mode", "Median", "Interval", "95th percentile", "Samples a second",
        "CPU cores used", "Peak memory", "Variant",
    )  # fmt: skip
    compared = {case.probe.id for case in cases if case.probe.comparisons}
    named: set[str] = set()
    rows = []
    for case in cases:
        for entry in case.ok:
            # A workload without any comparison is found here instead.
            lone = case.probe.id not in compared | named
            named.add(case.probe.id)
            rows.append(_time_row(case, entry, anchor("measured", case.probe.id) if lone else ""))
    caption = "Steady state: time of one step"
    return table_of(Table("times", caption, head, tuple(rows), (_here(cases),)))


def _time_row(case: Case, entry: Entry, target: str) -> Row:
    cores = entry.effective_cores
    return Row(
        (
            Cell(case.name),
            Cell(entry.mode, side=side_of(entry.framework)),
            Cell(duration(entry.median_s), number=True),
            Cell(span(entry.interval_s), number=True),
            Cell(duration(entry.p95_s), number=True),
            Cell(_rate(case, entry), number=True),
            Cell(DASH if cores is None else f"{cores:.1f}", number=True),
            Cell(amount_of_bytes(entry.peak_memory_bytes), number=True),
            Cell(entry.variant or DASH),
        ),
        target,
    )


def _rate(case: Case, entry: Entry) -> str:
    """Samples, tokens or environment steps a second, as the workload counts them."""
    samples = case.probe.samples_per_step
    if not samples or not entry.median_s:
        return DASH
    return significant(samples / entry.median_s)


def fastest(case: Case) -> str:
    """The framework that the decisive comparison calls faster, ``equal``, or nothing."""
    compared = case.decisive()
    if compared is None or compared.verdict not in CALLED:
        return ""
    return "equal" if compared.verdict == "equivalent" else name_of(_winner(compared))
