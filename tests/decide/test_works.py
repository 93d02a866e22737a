"""Which measured model the decision's speed is of, and how far it carries over."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from advisor.decide.deciding import decide
from advisor.decide.draws import Draws
from advisor.decide.judging import judge, situation_of
from advisor.decide.performance import performance_of
from advisor.decide.workloads import explanation_for
from advisor.decide.works import speed_for
from advisor.evidence import Evidence
from advisor.knowledge.families import FamilyKey, ModelFamily
from advisor.reading.called import read_speeds
from tests.decide.making import (
    base_of,
    broad,
    comparison,
    evidence_with,
    facts_in,
    inputs_for,
    probe,
    work,
)

IMAGE = {"task": "image"}


def family_base() -> Any:
    keys = {"blocks": FamilyKey("blocks", 1, 100), "width": FamilyKey("width", 1, 1000)}
    presets = {"small": {"blocks": 2, "width": 64}, "large": {"blocks": 20, "width": 64}}
    return replace(base_of(), families={"resnet": ModelFamily("resnet", "A net", keys, presets)})


def speed_of(*evidence: Evidence, facts: dict[str, Any] | None = None) -> Any:
    return speed_for(read_speeds(evidence).works, family_base(), IMAGE if facts is None else facts)


def test_the_ratio_is_that_of_the_standard_model_of_the_task() -> None:
    speed = speed_of(evidence_with(works=[work(2.0), work(9.0, model="unet")]))
    assert speed.speedup.value == pytest.approx(2.0)
    assert (speed.kind, speed.factor, speed.asked) == ("same_size", 1.5, False)


def test_workloads_do_not_move_it() -> None:
    readings = read_speeds([evidence_with(probe("conv_train", comparison(0.2)), works=[work(2.0)])])
    speed = speed_for(readings.works, base_of(), IMAGE)
    assert speed is not None
    performance = performance_of(speed, explanation_for(readings, base_of(), IMAGE))
    assert performance.ratio == pytest.approx(2.0)
    assert performance.workloads[0].ratio == pytest.approx(0.2)


def test_an_open_model_counts_with_its_interval_and_is_not_dropped() -> None:
    unsure = work(0.8, verdict="inconclusive", ci=[0.9, 1.7])
    speed = speed_of(evidence_with(works=[unsure]))
    low, high = speed.speedup.interval()
    assert (low, high) == pytest.approx((1 / 1.7, 1 / 0.9), rel=0.05)
    assert speed.open
    assert "measured.jax_speedup" not in facts_in(evidence_with(works=[unsure]))
    decision = decide(inputs_for(base_of(*broad("jax")), None, evidence_with(works=[unsure])))
    assert decision.performance.winner_open
    assert decision.performance.ratio == pytest.approx(0.8)


def test_an_open_model_moves_the_decision_less_than_a_settled_one() -> None:
    def chance(**more: Any) -> float:
        evidence = evidence_with(works=[work(3.0, **more)])
        return judge(situation_of(inputs_for(base_of(), None, evidence)), Draws(0, 4000)).p_first[
            "jax"
        ]

    wide = chance(verdict="inconclusive", ci=[0.05, 2.2])
    assert 0.5 < wide < chance()


@pytest.mark.parametrize(
    ("answers", "name", "kind"),
    [
        ({"model": "resnet", "model.preset": "small"}, "small", "same_size"),
        ({"model": "resnet", "model.preset": "large"}, "large", "same_size"),
        ({"model": "resnet", "model.size": {"blocks": 18}}, "large", "other_size"),
        ({"model": "resnet", "model.size": {"blocks": 3}}, "small", "other_size"),
        (
            {"model": "resnet", "model.preset": "large", "model.size": {"width": 32}},
            "large",
            "other_size",
        ),
    ],
)
def test_the_model_and_size_that_were_answered_are_meant(
    answers: dict[str, Any], name: str, kind: str
) -> None:
    works = [
        work(0.5, name="small", size={"blocks": 2, "width": 64}),
        work(0.6, name="large", size={"blocks": 20, "width": 64}),
    ]
    speed = speed_of(evidence_with(works=works), facts={**IMAGE, **answers})
    assert (speed.chosen.work.name, speed.kind) == (name, kind)
    assert speed.asked


def test_the_sizes_of_a_preset_are_known_by_whatever_name_it_was_measured() -> None:
    same = work(0.5, name="asked", size={"blocks": 20, "width": 64})
    answers = {**IMAGE, "model": "resnet", "model.preset": "large"}
    assert speed_of(evidence_with(works=[same]), facts=answers).kind == "same_size"


def test_a_model_of_another_family_says_nothing() -> None:
    answers = {**IMAGE, "model": "unet"}
    assert speed_of(evidence_with(works=[work(2.0)]), facts=answers) is None


def test_a_model_of_no_family_is_like_none_that_was_measured() -> None:
    speed = speed_of(evidence_with(works=[work(2.0)]), facts={**IMAGE, "model": "other"})
    assert (speed.kind, speed.factor) == ("other", 2.0)


def test_the_own_module_counts_before_any_family() -> None:
    works = [work(2.0), work(0.7, model="module:Net", name="")]
    speed = speed_of(evidence_with(works=works))
    assert speed.speedup.value == pytest.approx(0.7)
    assert (speed.kind, speed.factor, speed.name) == ("own_module", 1.25, "module:Net")


def test_who_did_not_say_the_size_is_told_that_the_winner_depends_on_it() -> None:
    sizes = [work(0.5), work(2.0, name="large", size={"blocks": 20})]
    speed = speed_of(evidence_with(works=sizes))
    low, high = speed.speedup.interval()
    assert (speed.depends, speed.open) == (True, True)
    assert low < 0.5
    assert high > 2.0
    said = speed_of(evidence_with(works=sizes), facts={**IMAGE, "model": "resnet",
                                                       "model.preset": "small"})  # fmt: skip
    assert (said.depends, said.speedup.value) == (False, pytest.approx(0.5))


def test_sizes_with_one_winner_are_told_by_the_standard_one() -> None:
    sizes = [work(1.5), work(2.0, name="large", size={"blocks": 20})]
    speed = speed_of(evidence_with(works=sizes))
    assert speed.speedup.value == pytest.approx(1.5)
    assert [w.work.name for w in speed.others] == ["large"]


@pytest.mark.parametrize(
    ("facts", "device", "factor", "matched"),
    [
        ({"hardware.train": "cpu"}, "cpu", 1.5, True),
        ({}, "cpu", 1.5, True),
        ({"hardware.train": "nvidia"}, "cpu", 2.0, False),
        ({"hardware.train": "tpu"}, "tpu:0", 1.5, True),
        ({"hardware.train": "cpu", "hardware.same_as_here": False}, "cpu", 2.0, False),
    ],
)
def test_other_hardware_carries_over_less(
    facts: dict[str, Any], device: str, factor: float, matched: bool
) -> None:
    speed = speed_of(evidence_with(works=[work(2.0, device=device)]), facts={**IMAGE, **facts})
    assert (speed.factor, speed.matched) == (factor, matched)
    assert speed.transfer_sd == pytest.approx(math.log(factor))


@pytest.mark.parametrize(
    ("device", "kind", "train"),
    [("cuda:0", "cuda", "nvidia_multi"), ("tpu:0", "tpu", "tpu_pod")],
)
def test_one_device_is_weaker_evidence_for_many(device: str, kind: str, train: str) -> None:
    chains = [{"framework": "jax", "devices": [{"device": device, "kind": kind}]}]
    works = [work(2.0, device=device), work(0.5)]
    facts = {**IMAGE, "hardware.train": train}
    speed = speed_of(evidence_with(works=works, toolchains=chains), facts=facts)
    assert (speed.device, speed.part, speed.matched, speed.factor) == (
        device, True, False, 2.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    "more",
    [
        {"works": [work(2.0, verdict="invalid")]},
        {"works": [work(2.0)], "settings": "default"},
        {"works": [work(2.0)], "selftest": {"status": "failed"}},
        {"works": [work(2.0, time_ratio=None, ci=None, verdict="inconclusive")]},
    ],
)
def test_what_failed_or_was_not_matched_is_no_speed(more: dict[str, Any]) -> None:
    evidence = evidence_with(**more)
    assert speed_of(evidence) is None
    assert read_speeds([evidence]).works.unused[0].reason


def test_the_decision_holds_the_model_and_its_steps() -> None:
    cut = {"key": "blocks", "asked": 20, "measured": [1, 3], "checked": 1.02}
    evidence = evidence_with(works=[work(2.0, extrapolated=cut)])
    part = decide(inputs_for(base_of(), None, evidence)).performance.work
    assert part is not None
    assert (part.model, part.name, part.extrapolated) == ("resnet", "small", cut)
    assert [(s.framework, s.step_s) for s in part.steps] == [("pytorch", 0.02), ("jax", 0.01)]
    assert part.carry_over == {"factor": 1.5, "class": "same_size", "from": "a table"}
