"""What an hour of a machine costs a team: numbers that the team gave, never a fact of ours.

``2.50/h``, with a currency before or after it, for the machine that will train; ``KIND=2.50/h`` for
a kind of hardware or the label of a machine; ``fw-advisor/prices@1`` for many at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from advisor.errors import UserError

SCHEMA = "fw-advisor/prices@1"
TRAINED_ON = ""
"""The key of the price of whatever will train."""

MOST_PER_HOUR = 1e6
_HINT = "write 2.50/h, EUR 2.50/h, or KIND=2.50/h for one kind of machine"
_PRICE = re.compile(
    r"(?P<before>[^\d\s.,=/+-]{1,4})?\s*(?P<number>\d{1,9}(?:\.\d{1,6})?)\s*(?P<after>[^\d\s.,=/+-]{1,4})?"
    r"\s*/\s*(?:h|hour)"
)


@dataclass(frozen=True)
class Price:
    """What an hour costs; `currency` is as it was written, and may be empty."""

    per_hour: float
    currency: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As it stands in a record."""
        return {"per_hour": self.per_hour, "currency": self.currency}


def price_from(text: str, *, where: str = "--price") -> Price:
    """The price that *text* says.

    Raises:
        UserError: it says none.
    """
    match = _PRICE.fullmatch(text.strip())
    if match is None:
        raise UserError(f"{text[:60]!r} is no price per hour", hint=_HINT, where=where)
    per_hour = float(match["number"])
    if not 0 < per_hour <= MOST_PER_HOUR:
        raise UserError(
            f"{text[:60]!r}: a price is above 0 and at most {MOST_PER_HOUR:,.0f} an hour",
            hint=_HINT,
            where=where,
        )
    currency = match["before"] or match["after"] or ""
    return Price(per_hour, currency)


def prices_from(texts: Iterable[str]) -> dict[str, Price]:
    """The prices of the options ``--price``, by kind.

    Raises:
        UserError: one says no price, or a kind has two.
    """
    prices: dict[str, Price] = {}
    for text in texts:
        kind, separator, rest = text.rpartition("=")
        name = kind.strip() if separator else TRAINED_ON
        if name in prices:
            raise UserError(f"two prices for {name or 'the machine that trains'}", where="--price")
        prices[name] = price_from(rest)
    return prices


def prices_of_file(data: Any, *, name: str) -> dict[str, Price]:
    """The prices of a file ``fw-advisor/prices@1``: ``prices: {KIND: 2.50/h}``.

    Raises:
        UserError: another document, or an entry that is no price.
    """
    if not isinstance(data, Mapping) or data.get("schema") != SCHEMA:
        raise UserError(f"is no list of prices: expected schema: {SCHEMA}", where=name)
    given = data.get("prices")
    if not isinstance(given, Mapping) or set(data) != {"schema", "prices"}:
        raise UserError("holds something else than prices: {KIND: 2.50/h}", where=name)
    return {
        str(kind): price_from(str(text), where=f"{name}: prices.{kind}"[:200])
        for kind, text in given.items()
    }


def prices_from_record(data: Any, *, name: str) -> dict[str, Price]:
    """The prices that a record holds.

    Raises:
        UserError: what fw-advisor does not write.
    """
    try:
        made = {str(k): Price(float(v["per_hour"]), str(v["currency"])) for k, v in data.items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UserError("made_from.prices is not what fw-advisor writes", where=name) from error
    if not all(0 < price.per_hour <= MOST_PER_HOUR for price in made.values()):
        raise UserError("made_from.prices holds what is no price", where=name)
    return made
