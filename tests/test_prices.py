"""Prices: what a team gives them as, and what is no price."""

from __future__ import annotations

import pytest

from advisor.errors import UserError
from advisor.prices import Price, price_from, prices_from, prices_of_file


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("2.50/h", Price(2.5)),
        ("EUR 2.50/h", Price(2.5, "EUR")),
        ("$3/hour", Price(3.0, "$")),
        ("4 USD / h", Price(4.0, "USD")),
        ("0.001/h", Price(0.001)),
    ],
)
def test_a_price_is_read_as_it_is_written(text: str, price: Price) -> None:
    assert price_from(text) == price


@pytest.mark.parametrize("text", ["", "2.50", "-1/h", "0/h", "nan/h", "inf/h", "1e9/h", "2,50/h"])
def test_what_is_no_price_is_refused_with_how_to_write_one(text: str) -> None:
    with pytest.raises(UserError) as caught:
        price_from(text)
    assert "2.50/h" in caught.value.hint


def test_prices_by_kind() -> None:
    assert prices_from(["2/h", "a100=4/h"]) == {"": Price(2.0), "a100": Price(4.0)}
    with pytest.raises(UserError, match="two prices"):
        prices_from(["2/h", "3/h"])


def test_a_file_of_prices() -> None:
    data = {"schema": "fw-advisor/prices@1", "prices": {"xeon": "0.10/h"}}
    assert prices_of_file(data, name="p.yaml") == {"xeon": Price(0.1)}
    for wrong in ({}, {**data, "more": 1}, {**data, "prices": ["1/h"]}, [], None):
        with pytest.raises(UserError):
            prices_of_file(wrong, name="p.yaml")
