"""Speed that was not measured here: the library, published pairs, and who is believed first."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from advisor.decide.deciding import decide
from advisor.decide.draws import Draws
from advisor.decide.elsewhere import from_library, worth_keeping
from advisor.decide.judging import judge, situation_of
from advisor.decision import Decision
from advisor.evidence import Evidence
from advisor.knowledge.families import CarryOver
from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.model import RuleBase
from advisor.knowledge.published import PublishedPair
from advisor.reading.works import read_works
from advisor.render.machine_words import elsewhere_text
from tests.decide.making import base_of, evidence_with, inputs_for, work

ORDER = ["own_model_here", "family_here", "library", "published", "rule"]
ON_CPU = {"task": "image", "hardware.train": "cpu"}
ON_GPU = {"task": "image", "hardware.train": "nvidia"}
H200 = {"kind": "nvidia", "name": "NVIDIA H200", "count": 1, "compute_capability": "9.0"}
T4 = {"kind": "nvidia", "name": "Tesla T4", "count": 1, "compute_capability": "7.5"}


def with_factors(base: RuleBase, *published: PublishedPair) -> RuleBase:
    more = (
        CarryOver("library", 1.4, "a table", "2026-11-01"),
        CarryOver("published", 2.5, "a table", "2026-11-01"),
    )
    return replace(base, carry_over=(*base.carry_over, *more), published=published)


BASE = with_factors(base_of())


def pair(ratio: float, **more: Any) -> PublishedPair:
    made = {
        "id": f"pair-{ratio}", "title": "A network", "family": "resnet", "hardware": "nvidia",
        "machine": "NVIDIA A100", "ratio": ratio, "figures": "1 s and 2 s", "source": "here",
        "published": "2026-01-01",
    }  # fmt: skip
    return PublishedPair(**{**made, **more})


def elsewhere(
    jax_speedup: float, *accelerators: dict[str, Any], cpu: str = "Other CPU", **more: Any
) -> Evidence:
    machine = {"cpu": cpu, "cores_usable": 8, "accelerators": list(accelerators)}
    device = "cuda:0" if accelerators else "cpu"
    return evidence_with(
        works=[work(jax_speedup, device=device, **more)],
        machine=machine,
        created="2026-11-20",
        tool={"name": "fw-advisor", "version": "0.1.0"},
    )


def decided(
    values: dict[str, Any], *here: Evidence, library: tuple[Evidence, ...] = (), base: Any = BASE
) -> Decision:
    return decide(inputs_for(base, values, *here, library=library, samples=500))


def states(decision: Decision) -> dict[str, str]:
    assert [step.step for step in decision.performance.trust] == ORDER
    return {step.step: step.state for step in decision.performance.trust}


def here_on_cpu(jax_speedup: float) -> Evidence:
    machine = {"cpu": "This CPU", "cores_usable": 2}
    return evidence_with(works=[work(jax_speedup)], machine=machine)


def test_with_nothing_at_all_every_step_is_absent() -> None:
    assert set(states(decided(ON_GPU)).values()) == {"absent"}


def test_what_was_measured_here_comes_before_the_library() -> None:
    decision = decided(ON_CPU, here_on_cpu(2.0), library=(elsewhere(0.3),))
    found = states(decision)
    assert (found["family_here"], found["library"]) == ("decides", "beside")
    assert decision.performance.ratio == pytest.approx(2.0)


def test_the_library_decides_where_the_hardware_that_trains_is_not_here() -> None:
    decision = decided(ON_GPU, here_on_cpu(2.0), library=(elsewhere(0.4, H200),))
    found = states(decision)
    assert (found["family_here"], found["library"]) == ("other_hardware", "decides")
    step = next(s for s in decision.performance.trust if s.step == "library")
    assert step.ratio == pytest.approx(0.4)
    assert step.machine["accelerators"] == [{"name": "NVIDIA H200", "count": 1}]
    assert step.measured_on == "2026-11-20"


def test_the_library_stands_for_no_other_hardware() -> None:
    decision = decided({"task": "image", "hardware.train": "tpu"}, library=(elsewhere(0.4, H200),))
    assert states(decision)["library"] == "absent"
    assert decision.performance.ratio is None


def test_what_stands_in_the_library_is_never_called_measured_here() -> None:
    """The worst thing to do with another machine's numbers."""
    decision = decided(ON_GPU, library=(elsewhere(0.4, H200),))
    assert not decision.replay.evidence_sha256
    assert decision.replay.library_sha256
    origins = [
        o for reason in decision.reasons for o in (reason.source, *reason.sources, *reason.because)
    ]
    assert "measured" not in {o.kind for o in origins if o is not None}


def test_being_another_machine_widens_the_spread() -> None:
    here = judge(situation_of(inputs_for(BASE, ON_CPU, here_on_cpu(2.0))), Draws(0, 500))
    there = judge(situation_of(inputs_for(BASE, ON_CPU, library=(elsewhere(2.0),))), Draws(0, 500))
    assert here.speed is not None
    assert there.elsewhere is not None
    assert there.elsewhere.transfer_sd > here.speed.transfer_sd
    added = math.hypot(here.speed.transfer_sd, math.log(1.4))
    assert there.elsewhere.transfer_sd == pytest.approx(added)


def test_the_nearest_machine_is_taken() -> None:
    facts = {**ON_GPU, "gpu_generation": "hopper_or_newer"}
    library = (elsewhere(3.0, T4), elsewhere(0.4, H200))
    known = from_library(library, read_works(library), BASE, facts)
    assert known is not None
    assert known.speedup.value == pytest.approx(0.4)


def test_a_published_pair_is_the_last_before_the_rules() -> None:
    base = with_factors(base_of(), pair(0.5), pair(0.7))
    decision = decided(ON_GPU, base=base)
    assert states(decision)["published"] == "decides"
    with_library = decided(ON_GPU, library=(elsewhere(2.0, H200),), base=base)
    assert (states(with_library)["library"], states(with_library)["published"]) == (
        "decides",
        "beside",
    )


@pytest.mark.parametrize(
    "other",
    [pair(0.5, family="decoder"), pair(0.5, hardware="tpu"), pair(0.5, counts=False, why_not="x")],
)
def test_a_pair_of_other_work_or_hardware_does_not_count(other: PublishedPair) -> None:
    assert states(decided(ON_GPU, base=with_factors(base_of(), other)))["published"] == "absent"


def test_a_nearer_class_moves_the_decision_more() -> None:
    """The same number, measured here, in the library and published: the belief in it falls."""
    shares = []
    for here, library, published in (
        ((here_on_cpu(3.0),), (), ()),
        ((), (elsewhere(3.0),), ()),
        ((), (), (pair(3.0, hardware="cpu"),)),
    ):
        base = with_factors(base_of(), *published)
        decision = decided(ON_CPU, *here, library=library, base=base)
        step = next(s for s in decision.performance.trust if s.state == "decides")
        shares.append(step.factor)
    assert shares == sorted(shares)
    assert len(set(shares)) == 3


def test_only_what_may_stand_for_the_answers_is_kept() -> None:
    other = elsewhere(2.0, H200, model="unet")
    library = (elsewhere(0.4, H200), other, elsewhere(0.5))
    kept = worth_keeping(library, BASE, ON_GPU)
    assert [d.works[0].model for d in kept] == ["resnet", "resnet"]
    assert worth_keeping((other,), BASE, ON_GPU) == []


def test_every_shipped_pair_names_its_source_and_does_not_count_without_a_family() -> None:
    base = load_rule_base()
    assert base.published
    for shipped in base.published:
        assert shipped.source in base.sources
        assert bool(shipped.why_not) != shipped.counts
        assert shipped.family in base.families if shipped.counts else shipped.why_not


@pytest.mark.parametrize(("jax_speedup", "given"), [(0.9, False), (0.05, True)])
def test_a_speed_from_elsewhere_is_a_reason_only_if_it_cannot_be_the_other_way_round(
    jax_speedup: float, given: bool
) -> None:
    decision = decided(ON_GPU, library=(elsewhere(jax_speedup, H200),))
    assert any(r.source and r.source.kind == "library" for r in decision.reasons) is given


def of_fleet(label: str, jax_speedup: float, kind: str = "h200") -> Evidence:
    document = elsewhere(jax_speedup, H200)
    return replace(document, machine=replace(document.machine, kind=kind, label=label))


def test_machines_of_one_kind_speak_together_and_their_spread_is_in_the_carry_over() -> None:
    apart = (of_fleet("h200 1", 0.3), of_fleet("h200 2", 0.6))
    alone, together = decided(ON_GPU, library=apart[:1]), decided(ON_GPU, library=apart)
    one, both = (
        next(s for s in decision.performance.trust if s.step == "library")
        for decision in (alone, together)
    )
    assert (one.machines, one.spread) == (1, None)
    assert both.machines == 2
    assert both.ratio == pytest.approx(math.sqrt(0.3 * 0.6), rel=1e-3)
    # Their standard deviation, widened for being of two.
    assert both.spread > math.log(2) / math.sqrt(2)
    assert math.log(both.factor) == pytest.approx(
        math.hypot(math.log(one.factor), both.spread), rel=1e-3
    )


def test_a_machine_of_another_kind_does_not_widen_it() -> None:
    library = (of_fleet("h200 1", 0.3), of_fleet("big 1", 0.9, kind="big"))
    step = next(
        s for s in decided(ON_GPU, library=library).performance.trust if s.step == "library"
    )
    assert (step.machines, step.spread) == (1, None)


def test_all_machines_of_the_nearest_kind_are_kept() -> None:
    library = (of_fleet("h200 1", 0.3), of_fleet("h200 2", 0.6), of_fleet("old 1", 1.0, "old"))
    kept = worth_keeping(library, BASE, ON_GPU)
    assert [document.machine.label for document in kept] == ["h200 1", "h200 2"]


def test_the_spread_is_said_with_the_speed() -> None:
    decision = decided(ON_GPU, library=(of_fleet("h200 1", 0.3), of_fleet("h200 2", 0.6)))
    said = elsewhere_text(next(s for s in decision.performance.trust if s.step == "library"))
    assert "the mean of 2 machines of that kind, between which the ratio spreads" in said
