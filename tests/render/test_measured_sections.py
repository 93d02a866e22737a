"""What the report says of toggles, of what happens once, of intervals, and of the machine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from advisor.decide.deciding import decide
from advisor.evidence import Attribution, Evidence, Latency, Reason, Work
from advisor.render.change_words import toggle_text
from advisor.render.document import ReportSection, tables
from advisor.render.markdown import render_markdown
from advisor.render.terminal import render_terminal
from advisor.render.view import view_of
from advisor.render.view.costs import once_section
from advisor.render.view.machines import best_rates
from advisor.render.view.probes import shown_probes
from advisor.render.view.toggles import toggle_sections
from tests.render.records import evidence, record


def toggled(kind: str, effect: str, **more: Any) -> Attribution:
    made = {
        "kind": kind, "probe": "mlp_train", "mode": "pytorch.compile", "mode_off": "pytorch.eager",
        "size": "small", "size_off": "small", "cores": 2, "cores_off": 2,
        "time_ratio": 1.5, "ci": (1.4, 1.6), "effect": effect,
    }  # fmt: skip
    return Attribution(**{**made, **more})


def table_in(section: ReportSection) -> Any:
    [table] = tables(section).values()
    return table


def test_every_toggle_names_what_was_flipped_and_what_came_of_it() -> None:
    toggles = [
        toggled("compile", "faster"),
        toggled("cores", "open", cores_off=1),
        toggled("variant", "equal", size="small_loop"),
    ]
    [section] = toggle_sections([replace(evidence(), attributions=toggles)])
    table = table_in(section)
    assert table.texts("toggled") == [
        "small: compiled instead of pytorch.eager",
        "2 cores instead of 1",
        "small_loop instead of small",
    ]
    assert table.texts("effect") == ["faster", "not settled", "no difference that matters"]
    assert table.texts("interval") == ["1.40 to 1.60"] * 3
    graphs = toggled("compile", "faster", mode="pytorch.compile_reduce_overhead")
    assert toggle_text(graphs) == "small: CUDA graphs instead of pytorch.eager"


def test_an_interval_says_its_level_in_the_head_or_in_each_cell() -> None:
    same = [toggled("cores", "faster", level=0.971), toggled("cores", "faster", level=0.971)]
    [section] = toggle_sections([replace(evidence(), attributions=same)])
    table = table_in(section)
    titles = {column.name: column.title for column in table.columns}
    assert titles["interval"] == "97.1 % interval"
    assert table.texts("interval") == ["1.40 to 1.60"] * 2
    [section] = toggle_sections(
        [replace(evidence(), attributions=[same[0], toggled("cores", "faster")])]
    )
    table = table_in(section)
    titles = {column.name: column.title for column in table.columns}
    assert titles["interval"] == "Interval"
    assert table.texts("interval") == ["1.40 to 1.60 (97.1 %)", "1.40 to 1.60 (95 %)"]


def test_the_speed_of_the_task_says_the_level_of_its_interval() -> None:
    made = record()
    speed = made.decision.performance.model_copy(update={"level": 0.978})
    at_other_level = replace(made, decision=made.decision.model_copy(update={"performance": speed}))
    texts = [p.text for p in view_of(at_other_level).section("measured").blocks[0].items]
    assert "97.8 % interval 1.20 to 1.40" in texts[0]


def test_nothing_toggled_is_no_section() -> None:
    assert list(toggle_sections([evidence()])) == []
    assert list(once_section(shown_probes([evidence()]))) == []


def with_calls(document: Evidence) -> Evidence:
    first, *others = document.probes
    entry, *more = first.entries
    latency = Latency(calls=500, p50_s=2e-4, p95_s=3e-4, p99_s=4e-4)
    told = replace(entry, latency=latency, stream_s=3.0)
    return replace(
        document, probes=[replace(first, stream_calls=100, entries=[told, *more]), *others]
    )


def test_single_calls_and_streams_are_told_beside_the_steps() -> None:
    [section] = once_section(shown_probes([with_calls(evidence())]))
    table = table_in(section)
    assert table.texts("mode") == ["pytorch.eager"]
    [seen] = table.texts("seen")
    assert "100 calls take 3.00 s" in seen
    assert "p50 200 µs, p99 400 µs of 500" in seen


@pytest.mark.parametrize("key", ["flops_per_s", "bytes_per_s"])
def test_the_rates_that_nothing_can_exceed_stand_beside_the_toolchain(key: str) -> None:
    chain = evidence().toolchains[0]
    assert best_rates(chain) == "–"
    rates = {"flops_per_s": 2.1e11, "bytes_per_s": 1.3e10}
    texts = {"flops_per_s": "210 GFLOP/s", "bytes_per_s": "13.0 GB/s copied"}
    assert best_rates(replace(chain, precision={key: rates[key]})) == texts[key]
    assert best_rates(replace(chain, precision=rates)) == "210 GFLOP/s, 13.0 GB/s copied"


def test_the_spread_between_machines_of_one_kind_is_said_with_the_carry_over() -> None:
    made = record()
    work = made.decision.performance.work
    assert "machines of that kind" not in words_of_all(made)
    told = work.model_copy(update={"machines": 2, "spread": 0.5})
    speed = made.decision.performance.model_copy(update={"work": told})
    decision = made.decision.model_copy(update={"performance": speed})
    shown = words_of_all(replace(made, decision=decision))
    assert "the spread between 2 machines of that kind (a factor of 1.65) included" in shown


def words_of_all(made: Any) -> str:
    return render_markdown(made, full=True, draw=lambda *_: "")[0]


def without_a_ratio(**more: object) -> Work:
    reason = Reason("too-large", text="a step takes 2 s, and there is time for 40 ms")
    return Work(model="resnet", name="resnet18_cifar", verdict="invalid", reason=reason, **more)


def test_why_a_model_gave_no_ratio_stands_where_its_times_would() -> None:
    made = record()
    document = replace(made.inputs.evidence[0], probes=[], works=[without_a_ratio()] * 2)
    alone = replace(made, inputs=replace(made.inputs, evidence=(document,)))
    alone = replace(alone, decision=decide(alone.inputs))
    sentence = "resnet:resnet18_cifar: a step takes 2 s, and there is time for 40 ms."
    page = render_markdown(alone, draw=lambda *_: "")[0]
    assert page.count(sentence) == 1
    assert sentence in " ".join(render_terminal(alone, width=80, colour=False).split())
    settled = replace(document, works=[without_a_ratio(), Work(model="mlp", time_ratio=0.5)])
    other = replace(alone, inputs=replace(alone.inputs, evidence=(settled,)))
    assert sentence not in render_markdown(other, draw=lambda *_: "")[0].partition("## ")[0]
