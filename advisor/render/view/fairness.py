"""The fairness certificate, what was not measured and why, and default settings beside matched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from advisor.evidence import Comparison, Gate, Reason
from advisor.render.document import (
    Aside,
    Block,
    Cell,
    Fold,
    Points,
    Row,
    Section,
    Statement,
    Table,
    Tag,
    table_of,
)
from advisor.render.view.cases import Case, framework, matched
from advisor.render.view.provenance import METHOD, Origins
from advisor.render.view.words import DASH, count_of, factor, factor_span, name_of, sentence

GATES: Mapping[str, str] = {
    "selftest-failed": "measuring works on this machine",
    "parity-failed": "both compute the same",
    "precision-differs": "same precision",
    "threads-differ": "same CPUs and threads",
    "impossible-rate": "physically possible rate",
    "constants-captured": "no constants folded in",
    "compiles-again": "no compiling while timed",
    "others-were-busy": "quiet machine",
    "too-few-launches": "enough launches",
}
_HELD = {
    "passed": "held",
    "failed": "did not hold",
    "unknown": "not checked",
    "not_applicable": "does not apply",
}
_MOST_CONDITIONS = 120
_HERE = Tag("measured", "measured here", "#environment")


def gate_name(gate: Gate) -> str:
    """What had to hold, in positive words."""
    return GATES.get(gate.id, gate.id.replace("-", " "))


def fairness_section(cases: Sequence[Case]) -> Section:
    """Under which conditions each comparison was made: a summary, then every condition."""
    rows, detail = [], []
    for case in cases:
        for compared in case.probe.comparisons:
            pair = f"{compared.a} to {compared.b}"
            rows.append(Row((Cell(case.name), Cell(pair), *_summary(case, compared))))
            if framework(compared.a) != framework(compared.b):
                detail += [_gate_row(case, pair, gate) for gate in _gates(case, compared)]
    # Where not all fit, what did not hold comes first.
    detail.sort(key=lambda row: row.cells[3].text == _HELD["passed"])
    how = (
        "Same inputs, same initial values, same CPUs, same precision, work waited for to its end: "
        "if one condition fails, no ratio is shown."
    )
    blocks: list[Block] = [Aside(how)]
    head = ("Work", "Compared", "Conditions", "Not held, or not checked")
    caption = "Fairness certificate of every comparison"
    blocks.append(table_of(Table("fairness", caption, head, tuple(rows), (_HERE,))))
    if detail:
        full = Table(
            "gates",
            "Conditions of the comparisons of PyTorch with JAX",
            ("Work", "Compared", "Condition", "Result", "Found"),
            tuple(detail),
            (_HERE,),
        )
        summary = f"{count_of(len(detail), 'condition')} with what was found"
        blocks.append(Fold(summary, (table_of(full, most=_MOST_CONDITIONS),)))
    return Section("certificate", "Fairness certificate", tuple(blocks))


def _gates(case: Case, compared: Comparison) -> list[Gate]:
    """The comparison's own certificate, or the probe's gates where it has none."""
    if compared.certificate:
        return compared.certificate
    pair = {compared.a, compared.b}
    return [g for g in case.probe.gates if not g.modes or pair & set(g.modes)]


def _summary(case: Case, compared: Comparison) -> tuple[Cell, Cell]:
    gates = [g for g in _gates(case, compared) if g.status != "not_applicable"]
    held = [g for g in gates if g.status == "passed"]
    parity = case.probe.parity
    if not gates:
        told = "parity ok" if parity.status == "ok" else "no certificate"
        return Cell(told), Cell("conditions were not recorded")
    rest = [f"{gate_name(g)}: {g.text or _HELD[g.status]}" for g in gates if g not in held]
    failed = any(g.status == "failed" for g in gates)
    count = f"{len(held)} of {len(gates)} held"
    return Cell(count, tone="bad" if failed else ""), Cell("; ".join(rest) or DASH)


def _gate_row(case: Case, pair: str, gate: Gate) -> Row:
    tone = "bad" if gate.status == "failed" else ""
    return Row(
        (
            Cell(case.name),
            Cell(pair),
            Cell(gate_name(gate)),
            Cell(_HELD[gate.status], tone="bad" if tone else ""),
            Cell(gate.text),
        )
    )


def missing_section(origins: Origins, cases: Sequence[Case]) -> Section:
    """What was not measured, or measured and not called, with the reason."""
    rows = [*_toolchain_rows(origins), *_entry_rows(cases), *_uncalled_rows(cases)]
    rows += _left_out_rows(origins)
    unique = tuple(dict.fromkeys(rows))
    title = "What was not measured, and why"
    if not unique:
        tags = (_HERE,) if cases else (METHOD,)
        text = (
            "everything that was planned was measured and called"
            if cases
            else "no measurement was made or given, so no number here is from this machine"
        )
        return Section("missing", title, (Points((Statement(sentence(text), tags),)),))
    head = ("Work", "What", "Why")
    caption = "Not measured, not called or not counted"
    table = table_of(Table("not-measured", caption, head, unique, (_HERE,)))
    return Section("missing", title, (table,))


def _because(reason: Reason | None, otherwise: str = "no reason was recorded") -> str:
    if reason is None:
        return otherwise
    hint = f" ({reason.hint})" if reason.hint else ""
    return sentence((reason.text or reason.id) + hint)


def _toolchain_rows(origins: Origins) -> Iterator[Row]:
    for document in origins.inputs.evidence:
        for chain in document.toolchains:
            if chain.problem is not None:
                what = f"toolchain {chain.interpreter}"
                yield Row(
                    (Cell(name_of(chain.framework)), Cell(what), Cell(_because(chain.problem)))
                )


def _entry_rows(cases: Sequence[Case]) -> Iterator[Row]:
    for case in cases:
        for entry in case.probe.entries:
            if entry.status != "ok":
                what = f"{entry.mode}: {entry.status}"
                yield Row((Cell(case.name), Cell(what), Cell(_because(entry.reason))))


def _uncalled_rows(cases: Sequence[Case]) -> Iterator[Row]:
    for case in cases:
        for compared in case.probe.comparisons:
            if compared.verdict in ("inconclusive", "invalid"):
                word = "not settled" if compared.verdict == "inconclusive" else "no ratio given"
                what = f"{compared.a} to {compared.b}: {word}"
                why = _because(compared.reason, "the interval reaches over equality")
                yield Row((Cell(case.name), Cell(what), Cell(why)))


_TOLD_ABOVE = ("inconclusive", "invalid", "default-settings")


def _left_out_rows(origins: Origins) -> Iterator[Row]:
    """What the task's speed leaves out beyond what the rows above already say."""
    for left in origins.decision.performance.get("left_out", ()):
        if isinstance(left, Mapping) and left.get("reason") not in _TOLD_ABOVE:
            text = sentence(str(left.get("text", left.get("reason", ""))))
            yield Row((Cell(str(left.get("workload", ""))), Cell("not counted"), Cell(text)))


def default_section(cases: Sequence[Case]) -> list[Block]:
    """What users get out of the box, beside what decides; nothing where it was not measured."""
    rows = [*_default_rows(cases)]
    if not rows:
        return []
    how = (
        "Matched settings make precision, threads and compile scope equal, and decide. Default "
        "settings are what each framework does when nothing is set."
    )
    head = ("Work", "Compared", "Matched", "Default")
    caption = "Times as fast, the first mode to the second, with intervals"
    table = Table("defaults", caption, head, tuple(rows), (_HERE,))
    return [Section("default-settings", "Default settings beside matched", (Aside(how), table))]


def _default_rows(cases: Sequence[Case]) -> Iterator[Row]:
    deciding = {case.key: case for case in matched(cases)}
    for case in cases:
        if case.settings == "matched":
            continue
        partner = deciding.get(case.key)
        for compared in case.probe.comparisons:
            if framework(compared.a) == framework(compared.b):
                continue
            other = _same_pair(partner, compared)
            yield Row(
                (
                    Cell(case.name),
                    Cell(f"{compared.a} to {compared.b}"),
                    Cell(_shown(other), number=True),
                    Cell(_shown(compared), number=True),
                )
            )


def _same_pair(partner: Case | None, compared: Comparison) -> Comparison | None:
    for other in partner.probe.comparisons if partner else ():
        if (other.a, other.b) == (compared.a, compared.b):
            return other
    return None


def _shown(compared: Comparison | None) -> str:
    if compared is None:
        return "not measured"
    if compared.time_ratio is None or compared.verdict == "invalid":
        return "no ratio given"
    unsettled = "" if compared.verdict != "inconclusive" else ", not settled"
    return f"{factor(compared.time_ratio)} ({factor_span(compared.ci)}){unsettled}"
