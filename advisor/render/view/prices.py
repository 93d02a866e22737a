"""What the work costs on the machines that have a price, per framework, with intervals."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.decision import CostPart
from advisor.render.document import Aside, ReportSection, TableCell, row_of
from advisor.render.machine_words import machine_text
from advisor.render.tables import columns, table_of
from advisor.render.view.head import side_of
from advisor.render.view.provenance import Provenances, measured_at
from advisor.render.wording import DASH, name_of, say, significant


def prices_section(origins: Provenances) -> ReportSection:
    """Nothing where nobody gave a price, or no machine that has one was measured."""
    costs = origins.decision.costs
    title = say("report.section.prices")
    if not costs:
        return ReportSection("prices", title, ())
    head = columns(
        "machine", "framework", "price", "run_cost", "run_interval", "million", "million_interval",
        numbers=("price", "run_cost", "run_interval", "million", "million_interval"),
    )  # fmt: skip
    rows = [
        row_of(
            machine=machine_text(cost.machine),
            framework=TableCell(name_of(cost.framework), side=side_of(cost.framework)),
            price=money(cost.per_hour, cost.currency),
            run_cost=_run(cost),
            run_interval=money_span(cost.run_ci, cost.currency),
            million=DASH if cost.per_million is None else money(cost.per_million, cost.currency),
            million_interval=money_span(cost.per_million_ci, cost.currency),
        )
        for cost in costs
    ]
    table = table_of("run-costs", head, rows, (measured_at("measured"), origins.method))
    return ReportSection("prices", title, (table, Aside(say("machines.cost.how"))))


def money(amount: float, currency: str) -> str:
    """An amount with its currency, where one was given."""
    shown = significant(amount)
    return say("machines.cost.amount", amount=shown, currency=currency) if currency else shown


def money_span(ends: Sequence[float] | None, currency: str) -> str:
    """An interval of amounts."""
    if not ends:
        return DASH
    low, high = (significant(end) for end in ends)
    if currency:
        return say("machines.cost.span", low=low, high=high, currency=currency)
    return say("machines.cost.bare", low=low, high=high)


def _run(cost: CostPart) -> str:
    key = "machines.cost.run_assumed" if cost.steps_assumed else "machines.cost.run"
    return say(key, n=round(cost.steps), run=money(cost.run, cost.currency))
