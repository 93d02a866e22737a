"""What the zoo's table says of errors that are known."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from advisor.ratio import Ratio
from tests.benchmarks.zoo_rows import (
    Outcome,
    figures,
    left_out_one_at_a_time,
    rows_of,
    table_of,
    zoo_models,
)


def outcome(name: str, predicted: float, measured: float, se: float = 0.01) -> Outcome:
    return Outcome(name, Ratio(math.log(predicted), se), Ratio(math.log(measured), 0.01))


def test_each_interval_is_as_wide_as_the_errors_of_the_others() -> None:
    outcomes = [outcome("a", 1.0, 1.0), outcome("b", 1.1, 1.0), outcome("c", 3.0, 1.0)]
    a, _, c = left_out_one_at_a_time(outcomes)
    assert a.low is not None
    assert c.low is not None
    assert a.low < 0.1 < 1.0 < c.low


def test_the_figures_are_those_of_the_bars() -> None:
    outcomes = [outcome("a", 1.1, 1.0), outcome("b", 1.0, 1.1), outcome("c", 2.0, 1.0)]
    seen = figures(outcomes)
    assert seen["models"] == 3
    assert seen["median_error"] == pytest.approx(0.1)
    assert seen["within_1.25"] == pytest.approx(2 / 3)
    assert seen["wrong_winners"] == 0


def test_a_winner_that_was_called_wrongly_is_counted() -> None:
    assert figures([outcome("a", 2.0, 0.5)])["wrong_winners"] == 1
    assert figures([outcome("a", 2.0, 0.5, se=1.0)])["wrong_winners"] == 0


def test_a_model_without_a_number_is_a_missed_row_and_no_figure() -> None:
    lacking = Outcome("d", None, Ratio(0.0, 0.01), "too large")
    rows = rows_of([lacking, outcome("a", 1.0, 1.0)])
    assert (rows[0].seen, rows[0].reached) == ("too large", False)
    assert figures([lacking, outcome("a", 1.0, 1.0)])["models"] == 1


def test_sizes_are_read_by_name(tmp_path: Path) -> None:
    (tmp_path / "sizes.yaml").write_text("b:\n  family: mlp\n  size: {batch: 2}\n", "utf-8")
    [model] = zoo_models(tmp_path)
    assert (model.name, model.family, model.size) == ("b", "mlp", {"batch": 2})
    assert zoo_models(tmp_path / "absent") == []


def test_the_table_says_what_is_missing_and_gives_rows_for_the_rules() -> None:
    lacking = Outcome("d", None, Ratio(0.0, 0.01), "too large")
    text = table_of([outcome("a", 2.0, 1.0), lacking], {"a": "mlp", "d": "vit"})
    assert "| a | mlp | 2.00 (1.96 to 2.04) | 1.00 (0.98 to 1.02) | 2.00 |" in text
    assert "| d | vit | – | – | too large | |" in text
    assert text.splitlines()[-1].strip() == (
        "- {model: a, family: mlp, predicted: 2.000, measured: 1.000}"
    )
