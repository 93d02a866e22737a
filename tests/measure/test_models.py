"""A model is measured whole: variants chosen on one launch, estimated on others, cut in depth."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from advisor.cli.kept import complete
from advisor.errors import UserError
from advisor.evidence import Work, WorkMode
from advisor.measure.models import asked_models, texts_of
from advisor.measure.run import Run
from advisor.measure.ways import waits_for_python
from advisor.measure.work import WorkItem
from advisor.reading.works import read_works
from advisor.render.evidence_words import word_notice
from advisor.render.work_text import work_lines
from tests.fakes import kit
from tests.fakes.model_runs import MODES, SMALL, deep, measured
from tests.fakes.worker import model


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    monkeypatch.setenv("FW_ADVISOR_LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr("advisor.measure.cpus.usable_cpus", lambda *_: kit.cpus(1))


def test_the_best_variant_of_each_framework_is_estimated_on_launches_that_did_not_choose(
    script, tmp_path
):
    evidence = measured(script, tmp_path, SMALL, modes=MODES)
    [work] = evidence.works
    assert (work.a, work.b) == ("pytorch.compile+compile_step", "jax.jit+scan")
    assert work.time_ratio == pytest.approx(0.5, rel=0.02)
    assert work.verdict == "b_faster"
    assert work.size == {"layers": 4, "width": 32, "norm": "layer"}
    assert work.extrapolated is None
    by_size = {p.size_name: p for p in evidence.probes}
    chosen = kit.entries(by_size["asked"])
    assert set(chosen) == {"pytorch.compile+compile_step", "jax.jit+scan"}
    assert 0 not in [launch.index for e in chosen.values() for launch in e.launches]
    choice = kit.entries(by_size["asked.choice"])
    assert set(choice) == set(MODES)
    assert {x.index for e in choice.values() for x in e.launches} == {0}
    assert by_size["asked.choice"].comparisons == []


def test_what_was_slower_stands_beside_what_was_chosen(script, tmp_path):
    [work] = measured(script, tmp_path, SMALL, modes=MODES).works
    assert {m.mode: m.chosen for m in work.modes} == {
        mode: mode in ("pytorch.compile+compile_step", "jax.jit+scan") for mode in MODES
    }
    assert work.step_s("pytorch.eager") == pytest.approx(4e-3, rel=0.1)


def test_what_is_faster_only_in_a_rewrite_is_not_called_faster(script, tmp_path):
    rewrites = ("compile_step",)
    modes = {**MODES, "pytorch.compile+compile_step": {"median_s": 0.5e-3}}
    evidence = measured(script, tmp_path, SMALL, modes=modes, rewrites=rewrites)
    [work] = evidence.works
    assert work.time_ratio == pytest.approx(2, rel=0.05)
    assert not any(c.called for p in evidence.probes for c in p.comparisons)
    assert work.usual is not None
    assert (work.usual.a, work.usual.b) == ("pytorch.compile", "jax.jit+scan")
    assert work.usual.time_ratio == pytest.approx(1 / 3, rel=0.1)
    assert (work.verdict, work.reason and work.reason.id) == ("inconclusive", "rests-on-rewrite")
    assert "jax.jit+scan takes the step 3.00 times as fast as pytorch.compile" in work.reason.text


def test_a_rewrite_that_names_the_same_winner_is_called_and_shown_with_the_ordinary_way(
    script, tmp_path
):
    modes = {**MODES, "pytorch.eager": {"median_s": 0.4e-3}}
    modes["pytorch.compile"] = {"median_s": 0.4e-3}
    modes["pytorch.compile+compile_step"] = {"median_s": 0.2e-3}
    evidence = measured(script, tmp_path, SMALL, modes=modes, rewrites=("compile_step",))
    [work] = evidence.works
    assert work.verdict == "a_faster"
    assert "  written in the ordinary ways" in "".join(work_lines(work))
    low, high = read_works([evidence]).works[0].speedup.interval()
    assert low < 0.21 < 0.39 < high < 1


def test_ordinary_ways_that_nearly_tie_do_not_vouch_for_a_rewrite(script, tmp_path):
    modes = {**MODES, "pytorch.eager": {"median_s": 0.8e-3}}
    modes["pytorch.compile"] = {"median_s": 0.8e-3}
    modes["pytorch.compile+compile_step"] = {"median_s": 0.2e-3}
    [work] = measured(script, tmp_path, SMALL, modes=modes, rewrites=("compile_step",)).works
    assert (work.verdict, work.reason and work.reason.id) == ("inconclusive", "rests-on-rewrite")


ON_CUDA = {**MODES, "pytorch.compile_reduce_overhead": {"median_s": 3e-3}}
ON_CUDA["pytorch.compile_reduce_overhead+compile_step"] = {"median_s": 2e-3}


@pytest.mark.parametrize(
    ("recorded_s", "ratio", "verdict", "reason"),
    [
        (0.2e-3, 5.0, "inconclusive", "rests-on-rewrite"),
        (1e-3, 1.0, "inconclusive", "rests-on-rewrite"),
        (1.5e-3, 0.67, "b_faster", None),
    ],
)
def test_a_step_recorded_by_hand_is_tried_where_a_device_records_and_calls_no_winner_alone(
    script, tmp_path, recorded_s, ratio, verdict, reason
):
    """JAX is twice as fast as every ordinary way; a graph by hand alone may turn that."""
    modes = {**ON_CUDA, "pytorch.eager_cuda_graph": {"median_s": recorded_s}}
    settings = {"modes": modes, "records": ("eager",), "device": "cuda"}
    [work] = measured(script, tmp_path, SMALL, **settings).works
    assert work.a == "pytorch.eager_cuda_graph"
    assert work.time_ratio == pytest.approx(ratio, rel=0.05)
    assert (work.verdict, work.reason and work.reason.id) == (verdict, reason)
    assert work.usual is not None
    assert work.usual.a == "pytorch.compile+compile_step"


def test_the_quick_profile_leaves_the_compiler_out(script, tmp_path):
    [work] = measured(script, tmp_path, SMALL, modes=MODES, profile="quick").works
    assert (work.a, work.b) == ("pytorch.eager", "jax.jit+scan")


@pytest.mark.parametrize(
    ("torch_s", "word"),
    [(1.5e-3, "inconclusive"), (4e-3, "b_faster"), (0.5e-3, "a_faster")],
)
def test_without_the_compiler_only_what_it_could_not_turn_is_called(
    script, tmp_path, torch_s, word
):
    modes = {**MODES, "pytorch.eager": {"median_s": torch_s}}
    evidence = measured(script, tmp_path, SMALL, modes=modes, profile="quick")
    [work] = evidence.works
    assert work.verdict == word
    assert any(c.called for p in evidence.probes for c in p.comparisons) is (word != "inconclusive")
    if word == "inconclusive":
        assert work.reason is not None
        assert work.reason.id == "ways-untried"
        assert "pytorch.compile and pytorch.compile+compile_step" in work.reason.text
    # Of what was left out for want of a profile the plan's own notice speaks.
    assert "ways-untried" not in {n.id for n in evidence.notices}


@pytest.mark.parametrize(("torch_s", "low", "high"), [(4e-3, 2.1, 7.6), (0.5e-3, 0.49, 0.51)])
def test_the_side_behind_may_catch_up_by_what_was_not_tried(script, tmp_path, torch_s, low, high):
    modes = {**MODES, "pytorch.eager": {"median_s": torch_s}}
    evidence = measured(script, tmp_path, SMALL, modes=modes, profile="quick")
    interval = read_works([evidence]).works[0].speedup.interval()
    assert interval == pytest.approx((low, high), rel=0.1)


@pytest.mark.parametrize(("torch_s", "word"), [(3.6e-3, "inconclusive"), (4.5e-3, "b_faster")])
def test_a_rewrite_that_was_not_tried_may_gain_most(script, tmp_path, torch_s, word):
    modes = {**MODES, "pytorch.eager": {"median_s": torch_s}}
    settings = {"profile": "quick", "rewrites": ("compile_step",)}
    [work] = measured(script, tmp_path, SMALL, modes=modes, **settings).works
    assert work.verdict == word


def test_a_budget_tries_the_first_ways_and_names_those_that_it_had_no_time_for(script, tmp_path):
    evidence = measured(script, tmp_path, SMALL, modes=MODES, budget_s=20)
    choice = kit.entries(next(p for p in evidence.probes if p.size_name == "asked.choice"))
    untried = {mode for mode, entry in choice.items() if entry.untried}
    assert untried == {"pytorch.compile", "pytorch.compile+compile_step"}
    [work] = evidence.works
    assert (work.a, work.b, work.verdict) == ("pytorch.eager", "jax.jit+scan", "b_faster")
    [notice] = [n for n in evidence.notices if n.id == "ways-untried"]
    assert "pytorch.compile and pytorch.compile+compile_step had no time" in notice.text


@pytest.mark.parametrize(("jax_s", "word"), [(3.4e-3, "inconclusive"), (9e-3, "a_faster")])
def test_a_lead_that_a_second_way_may_overtake_is_not_called(
    script, tmp_path, monkeypatch, jax_s, word
):
    """PyTorch leads by 1.13 or by 3; a further compiled way gained up to 1.2 elsewhere."""
    monkeypatch.setattr(Run, "_choosing_s", lambda _: 0.0)
    modes = {**MODES, "pytorch.eager": {"median_s": 3e-3}, "jax.jit": {"median_s": jax_s}}
    [work] = measured(script, tmp_path, SMALL, modes=modes, budget_s=600).works
    assert work.untried is not None
    assert "jax.jit+scan" in work.untried.modes
    assert (work.untried.a_gained, work.untried.b_gained) == (1.8, 1.2)
    assert work.verdict == word


def test_a_model_whose_ways_had_no_turn_is_not_certified_either(script, tmp_path, monkeypatch):
    monkeypatch.setattr(Run, "_room", lambda _, __, item, **___: item.size_name != "deep.choice")
    settings = {"modes": deep(), "profile": "quick", "flops_per_layer": 2e10}
    evidence = measured(script, tmp_path, 'stack:{"layers": 2}', "stack:deep", **settings)
    begun = {p.size_name for p in evidence.probes if any(e.launches for e in p.entries)}
    assert begun
    assert not any(name.startswith("deep") for name in begun)


def test_a_compile_that_does_not_end_costs_its_like_and_not_the_answer(
    script, tmp_path, monkeypatch
):
    """It is given up for untried, what else its worker had is built again, and launches follow."""
    monkeypatch.setattr(Run, "_choosing_s", lambda _: 60.0)
    monkeypatch.setattr("advisor.measure.tries.GIVEN_UP_TIMES", 0.0)
    monkeypatch.setattr("advisor.measure.tries.GIVEN_UP_LEAST_S", 1.0)
    script.fault("build", "hang", "pytorch.compile")
    evidence = measured(script, tmp_path, SMALL, modes=MODES, budget_s=600)
    choice = kit.entries(next(p for p in evidence.probes if p.size_name == "asked.choice"))
    untried = {mode for mode, entry in choice.items() if entry.untried}
    assert untried == {"pytorch.compile", "pytorch.compile+compile_step"}
    [work] = evidence.works
    assert (work.a, work.b, work.verdict) == ("pytorch.eager", "jax.jit+scan", "b_faster")
    assert work.launches >= 3


def test_eager_ways_come_before_what_has_to_be_compiled(script, tmp_path, monkeypatch):
    """Another layout of an eager step costs nothing to try."""
    monkeypatch.setattr(Run, "_choosing_s", lambda _: 5.0)
    modes = {**MODES, "pytorch.eager+eager_last": {"median_s": 1.5e-3}}
    slow = {"verb": "build", "mode": "jax.jit", "kind": "slow", "starts": [0], "seconds": 6.0}
    script.faults = [slow]
    further = [{"id": "eager_last", "mode": "pytorch.eager"}]
    evidence = measured(script, tmp_path, SMALL, modes=modes, budget_s=600, further=further)
    choice = next(p for p in evidence.probes if p.size_name == "asked.choice")
    tried = {e.mode for e in choice.entries if not e.untried}
    assert tried == {"pytorch.eager", "pytorch.eager+eager_last", "jax.jit"}


def test_a_budget_that_is_long_tries_every_way(script, tmp_path):
    evidence = measured(script, tmp_path, SMALL, modes=MODES, budget_s=600)
    assert not any(e.untried for p in evidence.probes for e in p.entries)


def test_a_run_without_time_for_every_way_is_complete(script, tmp_path):
    evidence = measured(script, tmp_path, SMALL, modes=MODES, budget_s=20)
    assert complete(evidence)


@pytest.mark.parametrize(
    ("layers", "layer_s", "cut"),
    # Of the last three layers the whole is too much, and two of them are not.
    [(3, 0.1, False), (4, 0.1, True), (3, 0.25, False)],
)
def test_what_costs_no_more_whole_than_in_two_depths_is_not_cut(
    script, tmp_path, layers, layer_s, cut
):
    step = {"median_s": 0.01, "layer_s": layer_s}
    modes = {"pytorch.eager": step, "jax.jit": step, "jax.jit+scan": {**step, "median_s": 0.5}}
    settings = {"modes": modes, "profile": "quick", "flops_per_layer": 2e10}
    [work] = measured(script, tmp_path, f'stack:{{"layers": {layers}}}', **settings).works
    assert work.time_ratio is not None
    assert (work.extrapolated is not None) is cut


def test_a_variant_that_computes_something_else_is_not_compared(script, tmp_path):
    wrong = {**MODES, "jax.jit+scan": {"median_s": 1e-3, "observe": "wrong-curve"}}
    [work] = measured(script, tmp_path, SMALL, modes=wrong).works
    assert (work.verdict, work.time_ratio) == ("invalid", None)
    assert work.reason is not None
    assert work.reason.id == "parity-failed"
    assert work.reason.text


def test_a_wrong_variant_that_is_not_chosen_spoils_nothing(script, tmp_path):
    wrong = {**MODES, "jax.jit": {"median_s": 2e-3, "observe": "wrong-curve"}}
    [work] = measured(script, tmp_path, SMALL, modes=wrong).works
    assert work.verdict == "b_faster"


def extrapolated(script, tmp_path, **changes: Any) -> Work:
    settings = {"profile": "quick", "modes": deep(), "flops_per_layer": 2e10, **changes}
    [work] = measured(script, tmp_path, "stack:deep", **settings).works
    return work


def test_what_is_too_deep_is_measured_at_two_depths_and_predicted_by_their_difference(
    script, tmp_path
):
    work = extrapolated(script, tmp_path)
    assert work.size["layers"] == 40
    assert work.extrapolated is not None
    assert (work.extrapolated.key, work.extrapolated.asked) == ("layers", 40)
    assert work.extrapolated.measured == [1, 3]
    # At depth 1 they are equal; at 40 PyTorch takes 0.81 s and JAX 0.42 s.
    assert work.time_ratio == pytest.approx(0.42 / 0.81, rel=0.02)
    assert work.step_s("pytorch.eager") == pytest.approx(0.81, rel=0.02)
    assert work.step_s("jax.jit") == pytest.approx(0.42, rel=0.02)
    assert work.verdict == "b_faster"


def test_only_depth_is_cut_and_a_tiny_model_is_checked(script, tmp_path):
    settings = {"profile": "quick", "modes": deep(), "flops_per_layer": 2e10}
    evidence = measured(script, tmp_path, "stack:deep", **settings)
    sizes = {p.size_name: p.size for p in evidence.probes}
    assert sizes["deep.parity"] == {"layers": 2, "width": 4, "norm": "layer"}
    # What was not chosen is not built a second time.
    built = {p.size_name: [e.mode for e in p.entries] for p in evidence.probes}
    assert built["deep.parity"] == ["pytorch.eager", "jax.jit"]
    assert built["deep.choice"] == ["pytorch.eager", "jax.jit", "jax.jit+scan"]
    for name in ("deep.choice", "deep.layers-1", "deep.layers-3"):
        assert {k: v for k, v in sizes[name].items() if k != "layers"} == {
            "width": 32,
            "norm": "layer",
        }
    assert {p.parity.status for p in evidence.probes if "layers-" in p.size_name} == {"ok"}


@pytest.mark.parametrize("branches", [False, True])
def test_what_rounding_can_turn_is_compared_where_it_is_tiny(script, tmp_path, branches):
    settings = {"profile": "quick", "modes": deep(), "branches": branches}
    evidence = measured(script, tmp_path, "stack:deep", **settings)
    sizes = {p.size_name for p in evidence.probes}
    # The choice is vouched for by itself, or by the tiny one.
    assert ("deep.parity" in sizes) is branches
    parity = {p.size_name: p.parity for p in evidence.probes}
    assert parity["deep.choice"].status == "ok"
    assert not branches or parity["deep.choice"] == parity["deep.parity"]


@pytest.mark.parametrize(("flops_per_layer", "together"), [(1e5, True), (2e9, False)])
def test_frameworks_with_long_steps_are_not_set_up_at_once_on_the_same_cpus(
    script, tmp_path, monkeypatch, flops_per_layer, together
):
    """PyTorch's threads wait for each other in every operation; a compiler keeps them waiting."""
    at_once: list[str] = []

    class Watched(ThreadPoolExecutor):
        def submit(self, function, /, *args, **more):
            item = function.args[0]
            at_once.append(item.role if isinstance(item, WorkItem) else "import")
            return super().submit(function, *args, **more)

    monkeypatch.setattr("advisor.measure.launch.ThreadPoolExecutor", Watched)
    [work] = measured(script, tmp_path, SMALL, modes=MODES, flops_per_layer=flops_per_layer).works
    assert work.modes
    # Imports wait for nobody.
    assert "import" in at_once
    assert ("estimate" in at_once) is together


def test_the_cheapest_model_is_measured_first(script, tmp_path):
    evidence = measured(
        script, tmp_path, "stack:deep", 'stack:{"layers": 2}', modes=deep(), profile="quick"
    )
    choices = [p.size["layers"] for p in evidence.probes if p.size_name.endswith(".choice")]
    assert choices[0] == 2


def test_launches_that_differ_make_the_extrapolated_interval_wider(script, tmp_path):
    exact = extrapolated(script, tmp_path)
    loose = extrapolated(script, tmp_path, modes=deep(launch_sd=0.03))
    assert exact.ci is not None
    assert loose.ci is not None
    assert loose.ci[1] / loose.ci[0] > exact.ci[1] / exact.ci[0]
    assert loose.extrapolated is not None


@pytest.mark.parametrize(("spread", "named"), [(0.3, True), (0.01, False)])
def test_a_machine_with_several_speeds_is_named(script, tmp_path, spread, named):
    modes = {mode: {**times, "launch_sd": spread} for mode, times in MODES.items()}
    evidence = measured(script, tmp_path, SMALL, modes=modes)
    notices = [n for n in evidence.notices if n.id == "several-speeds"]
    assert bool(notices) is named
    if named:
        assert "in 5 launches" in notices[0].text or "in 8 launches" in notices[0].text


def test_a_thorough_run_checks_the_line_at_a_third_depth(script, tmp_path):
    modes = {
        mode: {"median_s": 0.01, "layer_s": 0.1}
        for mode in ("pytorch.eager", "pytorch.compile", "pytorch.compile+compile_step")
    }
    modes |= {mode: {"median_s": 0.01, "layer_s": 0.05} for mode in ("jax.jit", "jax.jit+scan")}
    work = extrapolated(script, tmp_path, profile="thorough", modes=modes)
    assert work.extrapolated is not None
    assert work.extrapolated.measured == [1, 3, 5]
    assert work.extrapolated.checked == pytest.approx(1.0, rel=0.02)


@pytest.mark.parametrize(("changes", "cut"), [({"memory_bytes": 1 << 24}, True), ({}, False)])
def test_what_does_not_fit_into_memory_is_cut_too(script, tmp_path, changes, cut):
    """A fake uses a MiB at depth 1: both workers together have room for six layers of 16 MiB."""
    modes = {"pytorch.eager": {"median_s": 1e-4}, "jax.jit": {"median_s": 1e-4}}
    work = extrapolated(script, tmp_path, modes=modes, **changes)
    assert (work.extrapolated is not None) is cut


def test_where_even_the_least_depth_is_too_large_there_is_no_prediction(script, tmp_path):
    slow = {"pytorch.eager": {"median_s": 30.0}, "jax.jit": {"median_s": 30.0}}
    work = extrapolated(script, tmp_path, modes=slow)
    assert (work.verdict, work.time_ratio, work.modes) == ("invalid", None, work.modes)
    assert work.reason is not None
    assert work.reason.id == "too-large"
    assert "a smaller preset" in work.reason.text


def test_what_no_machine_like_this_could_run_is_not_even_tried(script, tmp_path):
    work = extrapolated(script, tmp_path, flops_per_layer=1e15)
    assert (work.verdict, work.modes, script.starts("pytorch")) == ("invalid", [], 0)
    assert work.reason is not None
    assert (work.reason.id, work.reason.case) == ("too-large", "counted")
    assert "an accelerator" in work.reason.text


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (('stack:{"layers": 100}',), "from 1 to 99"),
        ((SMALL, SMALL), "asked for twice"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_anything_is(script, tmp_path, asked, said):
    with pytest.raises(UserError, match=said):
        measured(script, tmp_path, *asked, modes=MODES)
    assert script.starts("pytorch") == 0


def test_own_numbers_change_a_preset_or_the_default(script, tmp_path):
    script.models = [model()]
    texts = texts_of(script.argv, tmp_path, ["stack:deep", "stack"], ["width=64"])
    deeper, usual = asked_models(script.argv, tmp_path, texts)
    assert (deeper.size["layers"], deeper.size["width"]) == (40, 64)
    assert (usual.size["layers"], usual.size["width"]) == (4, 64)
    assert json.loads(texts[1].partition(":")[2]) == {"width": 64}


def test_several_values_of_a_size_are_a_model_each(script, tmp_path):
    script.models = [model()]
    texts = texts_of(script.argv, tmp_path, ["stack:deep"], ["width=32,64", "layers=2"])
    sizes = [asked.size for asked in asked_models(script.argv, tmp_path, texts)]
    assert [(size["width"], size["layers"]) for size in sizes] == [(32, 2), (64, 2)]
    with pytest.raises(UserError, match="9 models are asked for"):
        texts_of(script.argv, tmp_path, ["stack"], ["width=1,2,3", "layers=1,2,3"])


@pytest.mark.parametrize(
    ("models", "sizes", "said"),
    [([], ["width=1"], "no model"), (["stack"], ["width"], "KEY=VALUE")],
)
def test_a_size_needs_a_model_and_a_value(script, tmp_path, models, sizes, said):
    script.models = [model()]
    with pytest.raises(UserError, match=said):
        texts_of(script.argv, tmp_path, models, sizes)


@pytest.mark.parametrize(
    ("device", "verdict", "step_s", "said"),
    [
        ("cuda:0", "b_faster", 1.2e-3, True),
        ("cuda:0", "b_faster", 30e-3, False),
        ("cuda:0", "a_faster", 1.2e-3, False),
        ("cpu", "b_faster", 1.2e-3, False),
    ],
)
def test_a_short_step_that_lost_on_an_accelerator_says_what_was_not_tried(
    device, verdict, step_s, said
):
    mode = "pytorch.compile_reduce_overhead"
    work = Work(
        model="mlp",
        name="asked",
        title="Dense network, training",
        size={},
        device=device,
        cores=16,
        modes=[WorkMode(mode=mode, step_s=step_s, chosen=True)],
        a=mode,
        b="jax.jit",
        verdict=verdict,
    )
    notices = waits_for_python([work])
    assert [n.id for n in notices] == ["no-graph-by-hand"] * said
    assert all("1.20 ms" in word_notice(n).text for n in notices)
