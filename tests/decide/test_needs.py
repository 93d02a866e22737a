"""What must be used binds, what is liked weighs, and what a policy says never expires."""

from __future__ import annotations

from typing import Any

import pytest

from advisor.answers import Answers
from advisor.decide.deciding import decide
from advisor.decision import Decision
from advisor.inputs import Inputs
from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.packages import bound_to, way
from advisor.knowledge.supply import Package

BASE = load_rule_base()
FRAMEWORKS = tuple(BASE.frameworks)
ANSWERS = {
    "task": "general_research",
    "team.pytorch": "some",
    "team.jax": "some",
    "hardware.train": "nvidia",
    "hardware.os": "linux",
}


def decided(today: str = "2026-11-26", **more: Any) -> Decision:
    answers = Answers(values={**ANSWERS, **more})
    return decide(
        Inputs(answers=answers, evidence=(), base=BASE, today=today, created=today, samples=400)
    )


def native_of(package: Package) -> str | None:
    bound = bound_to(package, FRAMEWORKS)
    return bound[0] if len(bound) == 1 else None


def rules_out(package: Package) -> bool:
    native = native_of(package)
    return native is not None and all(
        way(package, other) == "no" for other in FRAMEWORKS if other != native
    )


BINDING = [p for p in BASE.packages if rules_out(p)]
BRIDGED = [p for p in BASE.packages if native_of(p) and not rules_out(p)]


@pytest.mark.parametrize("package", BINDING[::8], ids=lambda p: p.name)
def test_a_package_of_one_framework_rules_the_other_out(package: Package) -> None:
    decision = decided(must_use=[package.name])
    assert (decision.status, decision.recommended.framework) == ("forced", native_of(package))
    (veto,) = decision.vetoes
    assert package.name in veto.lifts
    assert veto.price is not None
    assert any(flip.change.get("must_use") == [] for flip in decision.flips) or all(
        "must_use" not in flip.change for flip in decision.flips
    )


@pytest.mark.parametrize("package", BRIDGED, ids=lambda p: p.name)
def test_a_bridge_is_no_veto_and_its_price_is_told(package: Package) -> None:
    decision = decided(must_use=[package.name])
    assert decision.vetoes == []
    assert decision.status not in ("forced", "no_feasible_option")


def test_every_name_of_a_package_binds() -> None:
    for package in BINDING[::20]:
        for name in (package.name.upper(), *package.imports, *package.aliases):
            assert decided(must_use=[name]).status == "forced", name


def test_two_that_pull_apart_leave_nothing_and_name_what_to_lift() -> None:
    decision = decided(must_use=["numpyro", "torch-geometric", "torchaudio"])
    assert decision.status == "no_feasible_option"
    lifted = [(flip.change["lift"], flip.then) for flip in decision.flips]
    assert lifted == [
        (["veto.package.numpyro"], "pytorch"),
        (["veto.package.torch-geometric", "veto.package.torchaudio"], "jax"),
    ]


@pytest.mark.parametrize("today", ["2026-11-26", "2028-02-29"])
def test_a_need_against_a_policy_leaves_nothing_at_any_date(today: str) -> None:
    decision = decided(today, must_use=["maxtext"], exclude=["jax"])
    assert decision.status == "no_feasible_option"
    assert [flip.change["lift"] for flip in decision.flips] == [
        ["veto.policy.jax-excluded"],
        ["veto.package.maxtext"],
    ]


@pytest.mark.parametrize("out", FRAMEWORKS)
def test_a_policy_never_expires(out: str) -> None:
    decision = decided("2031-01-01", exclude=[out])
    assert decision.status == "forced"
    assert all("9999" not in str(entry.date) for entry in decision.revisit)
    assert "veto-expired" not in {notice.id for notice in decision.notices}


def test_a_need_that_was_read_long_ago_binds_and_says_so() -> None:
    decision = decided("2028-02-29", must_use=["diffrax"])
    assert (decision.status, decision.recommended.framework) == ("forced", "jax")
    assert "need-stale" in {notice.id for notice in decision.notices}


@pytest.mark.parametrize("package", BINDING[::8], ids=lambda p: p.name)
def test_a_wish_weighs_and_rules_nothing_out(package: Package) -> None:
    plain, wished = decided(), decided(prefer=[package.name])
    native = native_of(package)
    assert wished.vetoes == []
    assert all(option.feasible for option in wished.options)

    def share(decision: Decision) -> float:
        return next(o.p_clear for o in decision.options if o.framework == native)

    assert share(wished) > share(plain)


def test_wishes_for_one_framework_count_once() -> None:
    one, several = decided(prefer=["optax"]), decided(prefer=["optax", "flax", "equinox"])
    assert [o.p_clear for o in one.options] == pytest.approx(
        [o.p_clear for o in several.options], abs=0.02
    )
