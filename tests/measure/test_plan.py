"""What is measured: by profile, by wish, by budget; and what was left out is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from advisor.errors import UserError
from advisor.evidence import Reason
from advisor.measure.catalogue import offered
from advisor.measure.plan import PROTOCOLS, listing, make_plan
from advisor.measure.wishes import PROFILES, Wishes
from tests.fakes import kit
from tests.fakes.worker import workload

CATALOGUE = [
    offered(workload("matmul", extra_modes=[])),
    offered(workload("mlp_train")),
    offered(workload("hessian")),
    offered(workload("dispatch")),
]
TOOLCHAINS = (kit.TORCH, kit.JAX)


def made(cpus=(0, 1), toolchains=TOOLCHAINS, missing=None, **wishes):
    return make_plan(CATALOGUE, toolchains, Wishes(**wishes), cpus, missing or {})


def items_of(plan):
    return {(s.cores, c.workload, c.size_name) for s in plan.series for c in s.items}


def test_the_core_probes_are_planned_unless_others_are_wished_for():
    assert {probe for _, probe, _ in items_of(made())} == {"matmul", "mlp_train"}
    assert {p for _, p, _ in items_of(made(probes=("hessian",)))} == {"hessian"}
    assert {p for _, p, _ in items_of(made(only=("hess*", "dispatch")))} == {"hessian", "dispatch"}
    assert {p for _, p, _ in items_of(made(skip=("mat*",)))} == {"mlp_train"}


def test_mlp_train_is_measured_on_one_core_and_on_all():
    found = {(cores, probe) for cores, probe, _ in items_of(made())}
    assert {(1, "mlp_train"), (2, "mlp_train"), (2, "matmul")} <= found
    assert (1, "matmul") not in found
    assert {cores for cores, _, _ in items_of(made(cpus=(0,)))} == {1}


def test_workers_of_a_one_core_series_are_set_up_on_cores_of_their_own():
    one = next(s for s in made(cpus=(0, 1)).series if s.cores == 1)
    assert one.cpus == (1,)
    assert set(one.setup_cpus) == {(0,), (1,)}


@pytest.mark.parametrize("option", ["only", "skip"])
def test_an_unknown_probe_is_an_error_that_lists_those_there_are(option):
    with pytest.raises(UserError, match="matmull") as caught:
        made(**{option: ("matmull",)})
    assert "matmul" in caught.value.hint


def test_one_framework_alone_is_measured_without_the_other():
    plan = made(frameworks=("jax",), only=("mlp_train",))
    names = {m.name for s in plan.series for c in s.items for m in c.modes}
    assert names == {"jax.jit", "jax.eager"}
    assert [t.framework for t in plan.toolchains] == ["jax"]


def test_further_versions_of_a_framework_stand_beside_the_first():
    newer = replace(kit.JAX, key="jax-1", suffix="@0.12", index=1)
    plan = made(toolchains=(*TOOLCHAINS, newer))
    labels = [m.label for m in plan.series[0].items[0].modes if not m.few_samples]
    assert labels == ["pytorch.eager", "pytorch.compile", "jax.jit", "jax.jit@0.12"]


def test_longer_profiles_measure_more():
    seconds = [made(profile=p).seconds() for p in ("quick", "standard", "thorough")]
    assert seconds == sorted(seconds)
    counts = [len(items_of(made(profile=p))) for p in ("quick", "standard", "thorough")]
    assert counts == sorted(counts)
    assert tuple(PROTOCOLS) == PROFILES
    for name, protocol in PROTOCOLS.items():
        # Every mode stands at every place equally often where there are three of them.
        assert protocol.rounds % 3 == 0, name
    quick = {m.name for s in made(profile="quick").series for c in s.items for m in c.modes}
    assert quick == {"pytorch.eager", "jax.jit"}


def test_a_quick_look_goes_without_torch_compile_on_a_cpu_alone():
    def pytorch(device):
        plan = made(profile="quick", only=("mlp_train",), device=device)
        return {m.name for s in plan.series for c in s.items for m in c.modes} - {"jax.jit"}

    assert pytorch("cpu") == {"pytorch.eager"}
    graphs = "pytorch.compile_reduce_overhead"
    assert pytorch("cuda") == {"pytorch.eager", "pytorch.compile", graphs}


def test_few_samples_are_asked_for_once_per_workload():
    plan = made(profile="standard", only=("*",))
    eager = [c.size_name for s in plan.series for c in s.items for m in c.modes if m.few_samples]
    assert set(eager) == {"small"}


def test_a_budget_cuts_what_is_worth_least_and_names_it():
    whole = made()
    for share in (0.8, 0.6, 0.4):
        plan = made(budget_s=share * whole.seconds())
        assert plan.seconds() <= share * whole.seconds()
        left = {(cut.cores, cut.probe, cut.size) for cut in plan.left_out}
        assert left | items_of(plan) == items_of(whole)
        assert not left & items_of(plan)
        assert all(cut.reason == "budget" for cut in plan.left_out)


def test_the_task_decides_what_a_budget_keeps():
    probes = ("matmul", "hessian", "dispatch")
    budget_s = 0.5 * made(probes=probes, profile="quick").seconds()
    for wanted in probes:
        values = {probe: 5.0 if probe == wanted else 1.0 for probe in probes}
        plan = made(probes=probes, profile="quick", budget_s=budget_s, values=values)
        assert wanted in {probe for _, probe, _ in items_of(plan)}


def test_something_is_left_however_small_the_budget():
    assert len(items_of(made(budget_s=0.001))) == 1


def test_first_sizes_outlive_further_ones():
    whole = made(profile="thorough", only=("mlp_train",))
    plan = made(profile="thorough", only=("mlp_train",), budget_s=0.6 * whole.seconds())
    kept = {size for _, _, size in items_of(plan)}
    assert "small" in kept


def test_the_listing_adds_up_to_the_plan():
    plan = made()
    rows = listing(plan)
    assert len(rows) == len([1 for s in plan.series for _ in s.items])
    assert sum(row.seconds for row in rows) == pytest.approx(plan.seconds(), rel=0.02)
    assert all(row.modes for row in rows)


def test_a_plan_without_toolchains_has_entries_for_what_is_missing():
    why = Reason("framework-missing", text="none")
    plan = made(toolchains=(), missing={"jax": why, "pytorch": why})
    assert plan.missing == {"jax": why, "pytorch": why}


def sized(name, *sizes, variants=None, **more):
    """A workload with named sizes; *variants* maps a size to what it stands beside."""
    made = workload(name, **more)
    like = made["sizes"]["small"]
    made["sizes"] = {s: {**like, "variant_of": (variants or {}).get(s)} for s in sizes}
    return offered(made)


def task_items(profile="standard", **values):
    catalogue = [
        sized("conv_train", "small", "medium", "medium_last", variants={"medium_last": "medium"}),
        sized("mlp_train", "small", "medium", "small_loop", variants={"small_loop": "small"}),
        sized("cold_start", "small", one_off=True),
    ]
    wishes = Wishes(profile=profile, probes=tuple(values), values=values)
    return items_of(make_plan(catalogue, TOOLCHAINS, wishes, (0, 1), {}))


def test_of_a_task_what_weighs_most_is_measured_in_all_sizes_and_variants():
    found = task_items(conv_train=0.6, mlp_train=0.2)
    assert found == {
        (2, "conv_train", "small"), (2, "conv_train", "medium"), (2, "conv_train", "medium_last"),
        (2, "mlp_train", "medium"), (1, "conv_train", "small"),
    }  # fmt: skip
    assert {c[1:] for c in task_items("quick", conv_train=0.6, mlp_train=0.2)} == {
        ("conv_train", "medium"), ("mlp_train", "medium"),
    }  # fmt: skip
    assert {c[1:] for c in task_items("quick", conv_train=0.9, mlp_train=0.1)} == {
        ("conv_train", "medium"),
    }  # fmt: skip


def test_a_task_is_looked_at_once():
    wishes = Wishes(probes=("mlp_train",), values={"mlp_train": 1.0})
    of_task = make_plan([offered(workload("mlp_train"))], TOOLCHAINS, wishes, (0, 1), {})
    core = make_plan([offered(workload("mlp_train"))], TOOLCHAINS, Wishes(), (0, 1), {})
    assert (of_task.looks.launches, core.looks.launches) == ((5,), (5, 8))
    assert of_task.looks.early == core.looks.early == 3


def test_modes_that_only_answer_a_claim_are_no_part_of_a_task():
    wishes = Wishes(probes=("mlp_train",), values={"mlp_train": 1.0})
    of_task = make_plan([offered(workload("mlp_train"))], TOOLCHAINS, wishes, (0, 1), {})
    core = make_plan([offered(workload("mlp_train"))], TOOLCHAINS, Wishes(), (0, 1), {})
    asked = Wishes(only=("mlp_train",))
    by_name = make_plan([offered(workload("mlp_train"))], TOOLCHAINS, asked, (0, 1), {})
    labels = [
        {m.label for s in p.series for c in s.items for m in c.modes}
        for p in (of_task, core, by_name)
    ]
    assert ["jax.eager" in found for found in labels] == [False, False, True]


def test_two_that_weigh_alike_both_have_all_sizes():
    found = {c[1:] for c in task_items(conv_train=0.4, mlp_train=0.35, cold_start=0.2)}
    assert {("conv_train", "small"), ("mlp_train", "small"), ("mlp_train", "medium")} <= found


def test_what_happens_once_is_not_repeated_on_one_core():
    once = sized("cold_start", "small", "medium", one_off=True)
    catalogue = [once, sized("mlp_train", "small")]
    plan = make_plan(catalogue, TOOLCHAINS, Wishes(only=("*",)), (0, 1), {})
    assert {(c, p) for c, p, _ in items_of(plan)} == {
        (2, "cold_start"), (2, "mlp_train"), (1, "mlp_train"),
    }  # fmt: skip
    assert (2, "cold_start", "medium") not in items_of(plan)
