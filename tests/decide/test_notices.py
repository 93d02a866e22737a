"""What weakens a decision is noticed, measurements that disagree are named, triggers are listed."""

from __future__ import annotations

from typing import Any

import pytest

from advisor.decide.deciding import decide
from advisor.decision import Decision
from tests.decide.making import (
    base_of,
    broad,
    comparison,
    evidence_with,
    inputs_for,
    measured,
    policies,
    probe,
    rule,
    work,
)


def notices(decision: Decision) -> dict[str, dict[str, Any]]:
    return {n.id: n.values for n in decision.notices}


def test_a_measurement_names_the_claims_that_it_contradicts() -> None:
    fast = rule("claim.fast", ("jax", "performance", "for", "moderate"), about="speed.conv_train")
    slow = rule("claim.slow", ("jax", "performance", "against", "weak"), about="speed")
    inputs = inputs_for(base_of(fast, slow), None, measured(0.5))
    decision = decide(inputs)
    assert [c.rule for c in decision.contradictions] == ["claim.fast"]
    assert decision.contradictions[0].measured_log2 == pytest.approx(-1.0)
    assert decision.contradictions[0].believed_log2 == pytest.approx(1.0)
    assert decision.contradictions[0].probes == ["conv_train"]


def test_one_device_measured_where_several_will_train_is_noticed() -> None:
    answers = {"task": "image", "hardware.train": "nvidia_multi"}
    chains = [{"framework": "jax", "devices": [{"device": "cuda:0", "kind": "cuda"}]}]
    evidence = evidence_with(works=[work(2.0, device="cuda:0")], toolchains=chains)
    noticed = notices(decide(inputs_for(base_of(), answers, evidence)))
    assert noticed["one-of-several"] == {"device": "cuda:0"}
    assert "other-hardware" not in noticed


def test_two_machines_are_noticed_as_two() -> None:
    files = [measured(2.0, machine={"cpu": cpu}) for cpu in ("one", "other")]
    noticed = notices(decide(inputs_for(base_of(), None, *files)))
    assert noticed["several-machines"] == {"machines": 2}


@pytest.mark.parametrize(
    ("evidence", "notice"),
    [
        ((), "nothing-measured"),
        ((evidence_with(probe("conv_train", comparison(2.0, verdict="invalid"))),),
         "no-speed-evidence"),
        ((evidence_with(probe("conv_train", comparison(2.0))),), "workloads-only"),
    ],
)  # fmt: skip
def test_missing_evidence_is_noticed(evidence: Any, notice: str) -> None:
    assert notice in notices(decide(inputs_for(base_of(*broad("jax")), None, *evidence)))


def test_a_model_of_no_family_is_noticed() -> None:
    answers = {"task": "image", "model": "other"}
    assert "other-work" in notices(decide(inputs_for(base_of(), answers, measured(2.0))))


def test_a_winner_that_depends_on_the_size_is_noticed() -> None:
    sizes = [work(0.5), work(2.0, name="large", size={"blocks": 20})]
    noticed = notices(decide(inputs_for(base_of(), None, evidence_with(works=sizes))))
    assert "winner-depends-on-size" in noticed


def test_a_veto_that_waits_or_has_expired_is_noticed_with_its_rule() -> None:
    waiting = decide(inputs_for(base_of(*broad("jax"), *_hardware_veto())))
    [notice] = [n for n in waiting.notices if n.id == "veto-conditional"]
    assert notice.rules == ["veto.hardware"]
    assert notice.values == {"framework": "jax", "waits_for": ["hardware.train"]}
    base = base_of(*broad("jax"), *policies())
    late = inputs_for(base, {"task": "image", "exclude": ["jax"]}, today="2028-01-01")
    expired = [n for n in decide(late).notices if n.id == "veto-expired"]
    assert [n.values["framework"] for n in expired] == ["jax"]


def _hardware_veto() -> tuple[Any, ...]:
    from advisor.knowledge.model import OneOf

    return (
        rule(
            "veto.hardware",
            kind="veto",
            when=OneOf("hardware.train", ("nvidia",)),
            excludes="jax",
            lifts="another machine",
        ),
    )


def test_a_package_that_no_rule_names_is_noticed() -> None:
    decision = decide(inputs_for(base_of(), {"task": "image", "must_use": ["nonesuch"]}))
    assert notices(decision)["unknown-package"] == {"package": "nonesuch"}


def test_the_triggers_are_dates_numbers_and_events() -> None:
    watched = [
        rule(f"claim.{c}", ("jax", c, "for", "strong"), revisit_when="a new release appears")
        for c in ("team", "risk", "platform", "iteration", "ecosystem")
    ]
    evidence = measured(1.0)
    decision = decide(inputs_for(base_of(*watched), None, evidence))
    kinds = [r.kind for r in decision.revisit]
    assert kinds[0] == "claim_expires"
    assert kinds.count("event") == 1
    assert [r.condition for r in decision.revisit if r.kind == "speed"] == [
        {"fact": "measured.jax_speedup", "below": f.change["measured.jax_speedup"]}
        for f in decision.flips
        if f.then != "jax" and "measured.jax_speedup" in f.change
    ]


def test_a_number_triggers_in_the_direction_of_its_flip() -> None:
    """From 0.25 up to a half is no fall below a half."""
    base = base_of(*broad("pytorch", "weak"), *broad("jax", "moderate"))
    evidence = measured(0.25)
    said = {"task": "image", "priorities": ["performance"]}
    decision = decide(inputs_for(base, said, evidence))
    rising = [f for f in decision.flips if f.change.get("measured.jax_speedup", 0) > 0.25]
    assert rising
    conditions = [r.condition or {} for r in decision.revisit if r.kind == "speed"]
    assert [c.get("above") for c in conditions if "above" in c] == [
        f.change["measured.jax_speedup"] for f in rising
    ]
    assert all(c["below"] < 0.25 for c in conditions if "below" in c)
