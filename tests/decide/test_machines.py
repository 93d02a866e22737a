"""Several kinds of machine: what each alone would decide; and what the work costs where it ran."""

from __future__ import annotations

import math
from typing import Any

import pytest

from advisor.decide.deciding import decide
from advisor.decision import Decision
from advisor.evidence import Evidence
from advisor.prices import Price
from tests.decide.making import base_of, evidence_with, inputs_for, work

GPU = {"kind": "nvidia", "name": "NVIDIA A100", "count": 1}
ON_GPU = {"task": "image", "hardware.train": "nvidia"}


def on(label: str, jax_speedup: float, *, gpu: bool = False, **more: Any) -> Evidence:
    machine = {
        "cpu": "Xeon",
        "cores_usable": 2,
        "label": label,
        "kind": "a100" if gpu else "xeon",
        "accelerators": [GPU] if gpu else [],
    }
    device = "cuda:0" if gpu else "cpu"
    made = work(jax_speedup, device=device, samples_per_step=128.0, launches=5, **more)
    return evidence_with(works=[made], machine=machine)


def decided(*evidence: Evidence, values: Any = None, **more: Any) -> Decision:
    said = ON_GPU if values is None else values
    return decide(inputs_for(base_of(), said, *evidence, samples=500, **more))


def test_one_kind_of_machine_needs_no_section() -> None:
    assert decided(on("n1", 2.0), on("n2", 2.1)).machines == []


def test_two_machines_of_the_one_kind_give_their_spread_all_the_same() -> None:
    cpu = {"task": "image", "hardware.train": "cpu"}
    one = decided(on("n1", 2.0), values=cpu).performance.work
    two = decided(on("n1", 2.0), on("n2", 4.0), values=cpu).performance.work
    assert (one.machines, one.spread) == (1, None)
    assert two.machines == 2
    assert two.spread > math.log(2) / math.sqrt(2)
    assert math.log(two.carry_over["factor"]) == pytest.approx(
        math.hypot(math.log(one.carry_over["factor"]), two.spread), rel=1e-3
    )


def test_each_kind_decides_with_its_own_evidence() -> None:
    decision = decided(on("n1", 0.5), on("n2", 0.55), on("g1", 2.0, gpu=True))
    xeon, a100 = decision.machines
    assert (xeon.kind, a100.kind) == ("xeon", "a100")
    assert (xeon.trains, a100.trains) == (False, True)
    assert (xeon.machines, a100.machines) == (2, 1)
    assert xeon.ratio is not None
    assert a100.ratio is not None
    assert xeon.ratio < 1 < a100.ratio
    assert [row["label"] for row in xeon.rows] == ["n1", "n2"]
    # Two machines of one kind give the spread between them; one does not.
    assert xeon.spread is not None
    assert a100.spread is None


def test_the_hardware_of_the_answers_decides_and_not_the_first_file() -> None:
    decision = decided(on("n1", 0.5), on("g1", 2.0, gpu=True))
    assert decision.performance.ratio == pytest.approx(2.0)


def test_without_a_price_nothing_costs_anything() -> None:
    assert decided(on("g1", 2.0, gpu=True)).costs == []


def test_a_step_costs_its_time_at_the_price() -> None:
    """0.01 s a step of 128 samples, at 3.60 an hour: 0.001 a second."""
    values = {**ON_GPU, "steps_per_run": 1000}
    decision = decided(on("g1", 2.0, gpu=True), values=values, prices={"": Price(3.6, "EUR")})
    costs = {cost.framework: cost for cost in decision.costs}
    assert set(costs) == {"pytorch", "jax"}
    jax, pytorch = costs["jax"], costs["pytorch"]
    assert (jax.kind, jax.currency, jax.per_hour) == ("a100", "EUR", 3.6)
    assert jax.per_million == pytest.approx(0.001 * 0.01 / 128 * 1e6, rel=1e-3)
    assert pytorch.per_million == pytest.approx(2 * jax.per_million, rel=1e-3)
    assert pytorch.run > jax.run > 0


def test_a_price_is_of_the_machine_it_names() -> None:
    evidence = (on("n1", 0.5), on("g1", 2.0, gpu=True))
    prices = {"xeon": Price(0.1), "g1": Price(4.0), "tpu": Price(9.0)}
    decision = decided(*evidence, prices=prices)
    assert {(c.kind, c.per_hour) for c in decision.costs} == {("xeon", 0.1), ("a100", 4.0)}
    unused = [n for n in decision.notices if n.id == "price-unused"]
    assert [n.values for n in unused] == [{"kind": "tpu"}]


def test_a_machine_of_the_library_has_no_cost() -> None:
    """A ratio may carry over to another machine; a time does not."""
    decision = decided(library=(on("g1", 2.0, gpu=True),), prices={"": Price(2.0)})
    assert decision.costs == []
    assert [n.id for n in decision.notices if n.id.startswith("price")] == ["price-without-machine"]
