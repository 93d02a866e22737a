"""Which measurements count as evidence about speed, and what they add up to."""

from __future__ import annotations

import math
from typing import Any

import pytest

from advisor.decide import decide
from advisor.reading.called import measured_from
from advisor.decide.facts import facts_from
from advisor.decide.speed import TRANSFER_NAMED, TRANSFER_OTHER, document_of, speed_for
from advisor.decide.words import speed_text
from advisor.evidence import Evidence
from tests.decide.making import base_of, comparison, evidence_with, inputs_for, probe

IMAGE = {"task": "image"}


def speed_of(*evidence: Evidence, facts: dict[str, Any] | None = None) -> Any:
    return speed_for(measured_from(evidence), base_of(), IMAGE if facts is None else facts)


def reasons(*evidence: Evidence, facts: dict[str, Any] | None = None) -> dict[str, str]:
    measured = measured_from(evidence)
    facts = IMAGE if facts is None else facts
    document = document_of(speed_for(measured, base_of(), facts), measured)
    return {x["workload"]: x["reason"] for x in document["left_out"]}


def test_the_ratio_is_the_weighted_geometric_mean() -> None:
    evidence = evidence_with(probe("conv_train", comparison(2.0)), probe("matmul", comparison(0.5)))
    speed = speed_of(evidence)
    assert speed.speedup.ratio == pytest.approx(2.0 ** (0.75 - 0.25))
    low, high = speed.speedup.ci
    assert low < speed.speedup.ratio < high
    assert speed.coverage == pytest.approx(1.0)


def test_either_order_of_the_modes_means_the_same() -> None:
    turned = {"a": "jax.jit", "b": "pytorch.eager", "time_ratio": 2.0, "ci": [1.9, 2.1],
              "verdict": "a_faster"}  # fmt: skip
    assert speed_of(evidence_with(probe("conv_train", turned))).speedup.ratio == pytest.approx(2.0)


def test_jax_is_compared_with_the_best_mode_of_pytorch() -> None:
    evidence = evidence_with(
        probe("conv_train", comparison(2.0), comparison(1.2, mode="pytorch.compile"))
    )
    speed = speed_of(evidence)
    assert speed.speedup.ratio == pytest.approx(1.2)
    assert speed.workloads[0].cells[0].torch_mode == "pytorch.compile"


@pytest.mark.parametrize("verdict", ["inconclusive", "invalid"])
def test_what_was_not_called_is_no_evidence(verdict: str) -> None:
    evidence = evidence_with(probe("conv_train", comparison(8.0, verdict=verdict)))
    assert speed_of(evidence) is None
    assert reasons(evidence)["conv_train"] == verdict
    assert "measured.jax_speedup" not in facts_from(
        inputs_for(base_of()).answers, [evidence], base_of()
    )


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"selftest": {"status": "failed"}}, "selftest-failed"),
        ({"settings": "default"}, "default-settings"),
    ],
)
def test_evidence_that_says_it_cannot_be_trusted_is_not(more: dict[str, Any], reason: str) -> None:
    evidence = evidence_with(probe("conv_train", comparison(3.0)), **more)
    assert speed_of(evidence) is None
    assert reasons(evidence)["conv_train"] == reason


def test_different_results_are_no_evidence_whatever_the_verdict_says() -> None:
    evidence = evidence_with(probe("conv_train", comparison(3.0), parity={"status": "failed"}))
    assert reasons(evidence)["conv_train"] == "parity-failed"


def test_an_advantage_over_eager_is_none_while_compile_may_be_faster() -> None:
    entries = [
        {"framework": "pytorch", "mode": m, "status": "ok"}
        for m in ("pytorch.eager", "pytorch.compile")
    ]
    unsure = comparison(1.0, mode="pytorch.compile", verdict="inconclusive")
    faster = evidence_with(probe("conv_train", comparison(2.0), unsure, entries=entries))
    assert speed_of(faster) is None
    assert reasons(faster)["conv_train"] == "best-mode-not-called"
    slower = evidence_with(probe("conv_train", comparison(0.5), unsure, entries=entries))
    assert speed_of(slower).speedup.ratio == pytest.approx(0.5)


def test_sizes_and_files_are_combined_in_logs_and_both_are_kept() -> None:
    small = evidence_with(probe("conv_train", comparison(4.0), size_name="small"))
    large = evidence_with(probe("conv_train", comparison(1.0), size_name="large"))
    speed = speed_of(small, large)
    assert speed.speedup.ratio == pytest.approx(2.0)
    document = document_of(speed, measured_from((small, large)))
    assert [c["size"] for c in document["workloads"][0]["cells"]] == ["large", "small"]
    assert {c["evidence"] for c in document["workloads"][0]["cells"]} == {0, 1}


def test_what_the_task_needs_and_nobody_measured_is_named() -> None:
    evidence = evidence_with(probe("conv_train", comparison(2.0)), probe("odd", comparison(9.0)))
    assert reasons(evidence) == {"matmul": "not-measured", "odd": "not-of-this-task"}


def test_devices_are_never_averaged() -> None:
    evidence = evidence_with(
        probe("conv_train", comparison(0.25), device="cpu"),
        probe("conv_train", comparison(2.0), device="cuda:0"),
    )
    speed = speed_of(evidence, facts={**IMAGE, "hardware.train": "nvidia"})
    assert speed.speedup.ratio == pytest.approx(2.0)
    assert speed.matched


@pytest.mark.parametrize(
    ("facts", "device", "transfer"),
    [
        ({"hardware.train": "cpu"}, "cpu", TRANSFER_NAMED),
        ({}, "cpu", TRANSFER_NAMED),
        ({"hardware.train": "nvidia"}, "cpu", TRANSFER_OTHER),
        ({"hardware.train": "tpu"}, "tpu:0", TRANSFER_NAMED),
        ({"hardware.train": "cpu", "hardware.same_as_here": False}, "cpu", TRANSFER_OTHER),
    ],
)
def test_other_hardware_counts_less(facts: dict[str, Any], device: str, transfer: float) -> None:
    evidence = evidence_with(probe("conv_train", comparison(2.0), device=device))
    assert speed_of(evidence, facts={**IMAGE, **facts}).transfer_sd == transfer


def test_other_work_counts_less_and_is_said() -> None:
    evidence = evidence_with(probe("rnn_train", comparison(2.0)))
    speed = speed_of(evidence)
    assert speed.transfer_sd == TRANSFER_OTHER
    assert speed.coverage == 0


def test_measured_facts_come_from_the_same_numbers() -> None:
    compiled = {"a": "pytorch.compile", "b": "pytorch.eager", "time_ratio": 1.5,
                "ci": [1.4, 1.6], "verdict": "a_faster"}  # fmt: skip
    entries = [
        {"framework": "jax", "mode": "jax.jit", "status": "ok", "compile_s": 1.5},
        {"framework": "pytorch", "mode": "pytorch.compile", "status": "ok", "compile_s": 20.0},
    ]
    evidence = evidence_with(
        probe("conv_train", comparison(2.0, mode="pytorch.compile"), compiled, entries=entries)
    )
    facts = facts_from(inputs_for(base_of()).answers, [evidence], base_of())
    assert facts["measured.jax_speedup"] == pytest.approx(2.0)
    assert facts["measured.jax_speedup.conv_train"] == pytest.approx(2.0)
    assert facts["measured.compile_gain"] == pytest.approx(1.5)
    assert facts["measured.compile_s.pytorch"] == 20.0
    assert facts["measured.compile_s.jax"] == 1.5
    assert math.isfinite(facts["measured.jax_speedup"])


def _variant(name: str, torch_s: float, jax_s: float) -> dict[str, Any]:
    ratio = jax_s / torch_s
    return probe(
        "rnn_train",
        {
            "a": "pytorch.eager",
            "b": "jax.jit",
            "time_ratio": ratio,
            "ci": [ratio * 0.98, ratio * 1.02],
            "launches": 5,
            "verdict": "b_faster",
        },
        size_name=name,
        variant_of="small" if name == "small_written" else None,
        cores=2,
        entries=[
            {"framework": "pytorch", "mode": "pytorch.eager", "status": "ok", "median_s": torch_s},
            {"framework": "jax", "mode": "jax.jit", "status": "ok", "median_s": jax_s},
        ],
    )


def test_the_variant_that_people_would_take_counts_and_the_others_are_told() -> None:
    both = evidence_with(_variant("small_written", 7e-3, 1.0e-3), _variant("small", 1.4e-3, 1.1e-3))
    measured = measured_from((both,))
    assert [cell.size for cell in measured.cells] == ["small"]
    assert [(left.reason, "small" in left.text) for left in measured.left_out] == [
        ("other-variant", True)
    ]


def _layouts(*, torch_s: float, jax_s: float, told: bool = True) -> Evidence:
    """One layout with equal times of 1 ms, and a variant with those given."""
    own = _variant("small", 1e-3, 1e-3)
    own["comparisons"][0].update(verdict="equivalent")
    other = _variant("small_written", torch_s, jax_s)
    other["comparisons"][0].update(verdict="inconclusive")
    toggles = [
        {
            "kind": "variant", "probe": "rnn_train", "mode": mode, "mode_off": mode, "cores": 2,
            "cores_off": 2, "size": "small_written", "size_off": "small",
            "time_ratio": 1e-3 / time_s, "ci": [0.97e-3 / time_s, 1.03e-3 / time_s],
            "effect": "faster" if time_s < 1e-3 else "slower",
        }
        for mode, time_s in (("pytorch.eager", torch_s), ("jax.jit", jax_s))
    ]  # fmt: skip
    return evidence_with(own, other, attributions=toggles if told else [])


@pytest.mark.parametrize(
    ("torch_s", "jax_s", "ratio"), [(0.5e-3, 4e-3, 0.5), (4e-3, 0.5e-3, 2.0), (4e-3, 4e-3, 1.0)]
)
def test_the_best_variant_of_each_framework_is_compared(
    torch_s: float, jax_s: float, ratio: float
) -> None:
    [cell] = measured_from((_layouts(torch_s=torch_s, jax_s=jax_s),)).cells
    assert cell.speedup.ratio == pytest.approx(ratio)
    assert cell.best_at == (
        () if ratio == 1 else
        ((("pytorch.eager" if ratio < 1 else "jax.jit"), "small_written"),)
    )  # fmt: skip
    assert cell.verdict == {0.5: "pytorch_faster", 2.0: "jax_faster", 1.0: "equivalent"}[ratio]


def test_a_faster_variant_that_computed_something_else_hides_nothing() -> None:
    own = _variant("small", 1.4e-3, 1.1e-3)
    wrong = {**_variant("small_written", 2e-4, 1e-4), "parity": {"status": "failed"}}
    measured = measured_from((evidence_with(own, wrong),))
    assert [cell.size for cell in measured.cells] == ["small"]
    assert [left.reason for left in measured.left_out] == ["parity-failed"]


def test_a_variant_that_was_called_comes_before_a_faster_one_that_was_not() -> None:
    own = _variant("small", 1.4e-3, 1.1e-3)
    unsure = _variant("small_written", 1.0e-3, 1.0e-3)
    unsure["comparisons"][0].update(verdict="inconclusive")
    assert [c.size for c in measured_from((evidence_with(own, unsure),)).cells] == ["small"]


def test_a_better_variant_that_was_not_toggled_carries_no_ratio() -> None:
    [cell] = measured_from((_layouts(torch_s=0.5e-3, jax_s=4e-3, told=False),)).cells
    assert (cell.speedup.ratio, cell.best_at) == (pytest.approx(1.0), ())


def test_what_stands_beside_is_shown_and_not_weighed() -> None:
    aside = {**_variant("small_first", 7e-3, 1.0e-3), "weighs": False}
    measured = measured_from((evidence_with(aside, _variant("small", 1.4e-3, 1.1e-3)),))
    assert [cell.size for cell in measured.cells] == ["small"]
    assert [left.reason for left in measured.left_out] == ["shown-beside"]


def test_another_size_is_no_variant() -> None:
    """Not by its name either: the first derivative does other work than the second."""
    for name in ("medium", "small_first"):
        both = evidence_with(_variant(name, 7e-3, 1.0e-3), _variant("small", 1.4e-3, 1.1e-3))
        assert len(measured_from((both,)).cells) == 2


def _on(device: str, *, kind: str = "", accelerators: tuple[str, ...] = ()) -> Evidence:
    chains = [{"framework": "jax", "devices": [{"device": device, "kind": kind}]}] if kind else []
    machine = {"accelerators": [{"kind": a} for a in accelerators]}
    return evidence_with(
        probe("conv_train", comparison(2.0), device=device), toolchains=chains, machine=machine
    )


@pytest.mark.parametrize(
    ("evidence", "train", "alike"),
    [
        (_on("gpu", kind="rocm"), "nvidia", False),
        (_on("gpu", kind="rocm"), "amd", True),
        (_on("gpu", kind="cuda"), "amd", False),
        (_on("gpu", accelerators=("amd",)), "nvidia", False),
        (_on("gpu", accelerators=("nvidia",)), "nvidia", True),
        (_on("gpu", kind="cuda", accelerators=("nvidia", "amd")), "amd", False),
        (_on("gpu"), "amd", True),
        (_on("cuda:0"), "amd", False),
        (_on("cuda:0"), "nvidia", True),
    ],
)
def test_a_gpu_stands_only_for_its_own_kind(evidence: Evidence, train: str, alike: bool) -> None:
    assert speed_of(evidence, facts={**IMAGE, "hardware.train": train}).matched is alike


@pytest.mark.parametrize(
    ("device", "train"),
    [("cuda:0", "nvidia_multi"), ("gpu", "nvidia_cluster"), ("tpu:0", "tpu_pod")],
)
def test_one_device_is_weaker_evidence_for_many(device: str, train: str) -> None:
    evidence = _on(device, kind=device.partition(":")[0])
    facts = {**IMAGE, "hardware.train": train}
    speed = speed_of(evidence, facts=facts)
    assert (speed.matched, speed.part, speed.transfer_sd) == (False, True, TRANSFER_OTHER)
    document = document_of(speed, measured_from((evidence,)))
    assert (document["matched_hardware"], document["one_of_several"]) == (False, True)
    assert "one of the devices that will train" in speed_text(speed)
    # Still preferred to a measurement on the CPU.
    both = evidence_with(
        probe("conv_train", comparison(0.5), device="cpu"),
        probe("conv_train", comparison(2.0), device=device),
    )
    assert speed_of(both, facts=facts).device == device


def test_the_report_says_that_one_device_was_measured_and_several_will_train() -> None:
    answers = {"task": "image", "hardware.train": "nvidia_multi"}
    decision = decide(inputs_for(base_of(), answers, _on("cuda:0")))
    notices = {n["id"]: n["text"] for n in decision.notices}
    assert "several will train" in notices["one-of-several"]
    assert "other-hardware" not in notices
