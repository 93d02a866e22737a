"""Numbers in charts and tables: positions, break-even, intervals, sizes, and the same bytes."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from advisor.decision import Decision
from advisor.evidence_io import evidence_from
from advisor.jsonio import dumps
from advisor.record import Record, freeze
from advisor.render.charts import svg_of
from advisor.render.document import Report, ReportFigure, tables, walk
from advisor.render.drawing import WIDTH, LogAxis
from advisor.render.html import LIMIT, render_html
from advisor.render.markdown import DARK
from advisor.render.palette import RESTYLE
from advisor.render.view import view_of
from advisor.render.view.costs import break_even_steps
from advisor.render.wording import duration, factor, significant, span
from tests.render.reading import read_html
from tests.render.records import EAGER, JIT, compared, entry, probe, record, rule

seconds = st.floats(min_value=1e-9, max_value=1e5)


def figures(report: Report) -> dict[str, ReportFigure]:
    """The figures of a report by kind."""
    return {b.chart: b for b in walk(report.sections) if isinstance(b, ReportFigure)}


@given(st.floats(1e-3, 1e3), st.floats(1e-6, 10), st.floats(1e-6, 10), st.integers(1, 10**9))
def test_compiling_pays_from_the_break_even_on_and_not_before(
    compile_s: float, eager_s: float, fast_s: float, steps: int
) -> None:
    need = break_even_steps(compile_s, eager_s, fast_s)
    assume(math.isinf(need) or abs(steps - need) > 1e-6 * need)
    pays = compile_s + steps * fast_s < steps * eager_s
    if math.isinf(need):
        assert fast_s >= eager_s
    else:
        assert pays == (steps > need) or math.isclose(eager_s, fast_s, rel_tol=1e-6)


def test_break_even_needs_all_three_numbers() -> None:
    for missing in range(3):
        values: list[float | None] = [1.0, 2.0, 1.0]
        values[missing] = None
        assert math.isnan(break_even_steps(*values))


def test_the_report_gives_the_break_even_of_compiling() -> None:
    text = read_html(render_html(record())).text
    assert "10,000 steps" in text


@given(seconds)
def test_a_duration_reads_back_within_half_a_percent(value: float) -> None:
    number, unit = duration(value).split()
    scale = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0}[unit]
    assert float(number.replace(",", "")) * scale == pytest.approx(value, rel=0.0051)


@given(seconds, st.floats(1.0, 1e4))
def test_an_interval_reads_back_in_one_unit(low: float, times: float) -> None:
    text = span((low, low * times))
    first, _, last, unit = text.split()
    scale = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0}[unit]
    assert float(first.replace(",", "")) * scale == pytest.approx(low, rel=0.0051)
    assert float(last.replace(",", "")) * scale == pytest.approx(low * times, rel=0.0051)


@given(st.floats(1e-6, 1e6))
def test_a_factor_reads_back(value: float) -> None:
    assert float(factor(value).replace(",", "")) == pytest.approx(value, rel=0.051)
    assert float(significant(value).replace(",", "")) == pytest.approx(value, rel=0.0051)


@given(st.lists(st.floats(1e-8, 1e6), min_size=2, max_size=20))
def test_a_log_axis_keeps_order_and_stays_on_the_paper(values: list[float]) -> None:
    axis = LogAxis(values, [], left=10, right=50)
    places = [axis.at(v) for v in sorted(values)]
    assert places == sorted(places)
    assert all(10 <= place <= WIDTH - 50 for place in places)


def test_a_point_stands_where_its_ratio_is_and_mirrors_at_equality() -> None:
    axis = LogAxis([0.25, 4.0], [], left=10, right=10)
    middle = axis.at(1.0)
    assert middle == pytest.approx(WIDTH / 2)
    assert axis.at(2.0) - middle == pytest.approx(middle - axis.at(0.5))
    assert axis.at(4.0) - middle == pytest.approx(2 * (axis.at(2.0) - middle))


def test_the_ratio_chart_shows_the_least_favourable_comparison_and_no_withheld_one() -> None:
    rows = {r["label"]: r for r in figures(view_of(record()))["ratios"].data["rows"]}
    assert rows["mlp_train, batch 64"]["ratio"] == pytest.approx(1.3)
    assert rows["mlp_train, batch 64"]["side"] == "jax"
    assert rows["mlp_train, batch 1024"]["side"] == "pytorch"
    assert rows["matmul, batch 64"]["side"] == ""
    withheld = rows["conv_train, batch 64"]
    assert withheld["ratio"] is None
    assert withheld["ci"] is None


def test_charts_leave_default_settings_out() -> None:
    for kind, shown in (("times", 3), ("ratios", 4)):
        rows = figures(view_of(record()))[kind].data["rows"]
        assert len(rows) == shown
        assert not any("default" in row["label"] for row in rows)


def test_every_colour_of_a_chart_has_a_dark_and_a_printed_form() -> None:
    for figure in figures(view_of(record())).values():
        svg = svg_of(figure)
        used = set(re.findall(r'(?:fill|stroke)="([^"]+)"', svg)) - {"none", "transparent"}
        assert used
        assert used <= set(RESTYLE)
        assert "style=" not in svg
    css = render_html(record()).split("<style>")[1].split("</style>")[0]
    for name in RESTYLE.values():
        assert css.count(f"{name}: ") == 3, name
        assert f"{name}: {DARK[name]}" in css


def test_a_chart_without_rows_is_no_chart() -> None:
    report = view_of(record(measured=False))
    assert {"times", "ratios"}.isdisjoint(figures(report))
    empty = replace(figures(report)["flips"], data={"rows": [], "now": 2})
    assert svg_of(empty) == ""


def big_record() -> Record:
    """A full suite on a large rule base: 120 probes and 400 rules."""
    made = record()
    entries = [entry(EAGER, 1e-3), entry("pytorch.compile", 9e-4), entry(JIT, 8e-4)]
    probes = [
        probe(f"work_{k}", size={"batch": 2**n}, cores=c, entries=entries,
              comparisons=[compared(JIT, EAGER, 1.25, "a_faster")])
        for k in range(20) for n in range(3) for c in (1, 2)
    ]  # fmt: skip
    document = evidence_from({"schema": "fw-advisor/evidence@1", "probes": probes}, name="big")
    more = [rule(f"claim.x.n{k}", lambda text: text * 20) for k in range(400)]
    base = replace(made.inputs.base, rules=(*made.inputs.base.rules, *more))
    return replace(made, inputs=replace(made.inputs, evidence=(document,), base=base))


def test_a_page_stays_below_its_limit_whatever_was_measured() -> None:
    made = big_record()
    assert len(dumps(freeze(made))) > LIMIT
    html = render_html(made)
    assert len(html.encode()) <= LIMIT
    document = json.loads(read_html(html).script)
    assert document["schema"] == "fw-advisor/decision@1"
    assert document["headline"] == made.decision.headline
    assert document["replay"]["rules_sha256"] == made.decision.replay.rules_sha256


SCRIPT = """
import hashlib, sys
from tests.render.records import record
from advisor.render.adr import render_adr
from advisor.render.html import render_html
from advisor.render.markdown import render_markdown
from advisor.render.terminal import render_terminal
made = record()
text, files = render_markdown(made)
parts = [render_html(made), text, *files.values(), render_adr(made)]
parts.append(render_terminal(made, width=80, colour=True))
for part in parts:
    print(hashlib.sha256(part.encode()).hexdigest())
"""


def test_the_same_record_gives_the_same_bytes_in_every_process(tmp_path: Path) -> None:
    outputs = set()
    for seed, terminal, columns in (("1", "dumb", "40"), ("2", "xterm-256color", "200")):
        environment = {
            **os.environ,
            "PYTHONHASHSEED": seed,
            "TERM": terminal,
            "COLUMNS": columns,
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
            "TZ": f"UTC-{seed}",
        }
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env=environment, cwd=tmp_path, check=True, capture_output=True, text=True,
        )  # fmt: skip
        outputs.add(done.stdout)
    assert len(outputs) == 1
    assert len(outputs.pop().split()) == 8


def test_a_record_that_is_a_little_too_big_keeps_the_rules_that_spoke() -> None:
    made = record()
    more = [rule(f"claim.x.n{k}", lambda text: text * 20) for k in range(LIMIT // 1_000)]
    base = replace(made.inputs.base, rules=(*made.inputs.base.rules, *more))
    big = replace(made, inputs=replace(made.inputs, base=base))
    document = json.loads(read_html(render_html(big)).script)
    kept = {rule["id"] for rule in document["made_from"]["rules"]["rules"]}
    assert kept == {*made.decision.rules_fired, "claim.risk.waiting"}
    assert Decision.model_validate(document) == made.decision


def test_a_long_table_is_cut_and_says_so() -> None:
    report = view_of(big_record())
    times = tables(report.section("measured"))["times"]
    assert len(times.rows) == 120
    assert "the first 120 of 360" in times.caption


def test_refused_medians_are_in_no_chart_and_say_so_in_the_table() -> None:
    report = view_of(record())
    drawn = figures(report)["times"]
    assert not any("conv_train" in row["label"] for row in drawn.data["rows"])
    assert "1 probe whose times were refused" in drawn.alt
    medians = tables(report.section("measured"))["times"]
    refused = [r.cells["median"] for r in medians.rows if "conv_train" in r.cells["work"].text]
    assert [(cell.text, cell.tone) for cell in refused] == [("(2.00 ms, refused)", "refused")] * 2
    assert not any("refused" in c.text for r in medians.rows if "mlp" in r.cells["work"].text
                   for c in r.cells.values())  # fmt: skip


def test_the_head_counts_what_was_called() -> None:
    [counted] = [t for t in view_of(record(twice=False)).verdict.tags if "called" in t.text]
    assert "4 comparisons that were called" in counted.text


def test_what_was_refused_does_not_stand_on_the_first_page_as_a_time() -> None:
    report = view_of(record())
    [times] = [s for s in report.brief if s.id == "first-times"]
    assert [t for t in tables(times)["step-times"].texts("work") if "conv" in t] == []
