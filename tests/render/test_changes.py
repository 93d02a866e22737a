"""What the report says of toggles, of what happens once, and of winners that change."""

from __future__ import annotations

from typing import Any

from advisor.evidence import Attribution, Evidence, Latency
from advisor.render.document import Row, Table
from advisor.render.view.cases import cases_of
from advisor.render.view.crossovers import attribution_section, toggle_text
from advisor.render.view.costs import once_section
from advisor.render.view.method import best_rates
from tests.render.records import evidence


def toggled(kind: str, effect: str, **more: Any) -> Attribution:
    made = {
        "kind": kind, "probe": "mlp_train", "mode": "pytorch.compile", "mode_off": "pytorch.eager",
        "size": "small", "size_off": "small", "cores": 2, "cores_off": 2,
        "time_ratio": 1.5, "ci": [1.4, 1.6], "effect": effect,
    }  # fmt: skip
    return Attribution.model_validate({**made, **more})


def told_with(**more: Any) -> Evidence:
    return evidence().model_copy(update=more)


def rows_of(section: Any) -> list[list[str]]:
    tables = [block for block in section.blocks if isinstance(block, Table)]
    return [
        [cell.text for cell in row.cells] for t in tables for row in t.rows if isinstance(row, Row)
    ]


def test_every_toggle_names_what_was_flipped_and_what_came_of_it() -> None:
    found = told_with(
        attributions=[
            toggled("compile", "faster"),
            toggled("cores", "open", cores_off=1),
            toggled("variant", "equal", size="small_loop"),
        ]
    )
    [section] = attribution_section([found])
    rows = rows_of(section)
    assert [row[2] for row in rows] == [
        "small: compiled instead of pytorch.eager",
        "2 cores instead of 1",
        "small_loop instead of small",
    ]
    assert [row[-1] for row in rows] == ["faster", "not settled", "no difference that matters"]
    assert rows[0][3:5] == ["1.50", "1.40 to 1.60"]
    assert toggle_text(found.attributions[1]) == "2 cores instead of 1"


def test_nothing_toggled_is_no_section() -> None:
    assert list(attribution_section([evidence()])) == []
    assert list(once_section(cases_of([evidence()]))) == []


def test_single_calls_and_streams_are_told_beside_the_steps() -> None:
    found = evidence()
    entry = found.probes[0].entries[0]
    entry.latency = Latency(calls=500, p50_s=2e-4, p95_s=3e-4, p99_s=4e-4)
    entry.stream_s = 3.0
    found.probes[0].stream_calls = 100
    [section] = once_section(cases_of([found]))
    [row] = rows_of(section)
    assert row[1] == "pytorch.eager"
    assert "100 calls take 3.00 s" in row[2]
    assert "p50 200 µs, p99 400 µs of 500" in row[2]


def test_the_rates_that_nothing_can_exceed_stand_beside_the_toolchain() -> None:
    chain = evidence().toolchains[0]
    assert best_rates(chain) == "–"
    chain.precision = {"flops_per_s": 2.1e11, "bytes_per_s": 1.3e10}
    assert best_rates(chain) == "210 GFLOP/s, 13.0 GB/s copied"
