"""Several devices count only where their gradients equal one's; a lost rank is named and ended."""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from advisor.errors import UserError
from advisor.evidence import Evidence, Machine, Reason, Toolchain, to_data
from advisor.evidence_io import evidence_from
from advisor.measure import scaling as scaling_module
from advisor.measure.campaign import Campaign, Finished
from advisor.measure.ranks import RankError, RankGroup, RankOptions
from advisor.measure.scaling import counts_up_to, measure_scaling
from advisor.measure.scaling_figures import grad_max_relative, with_figures
from advisor.measure.scaling_projection import Beyond, Link
from advisor.measure.wishes import Wishes
from advisor.measure.work import ToolchainSpec
from advisor.render.evidence_text import evidence_lines
from advisor.render.evidence_words import word_evidence
from advisor.scaling import Scaling, ScalingLaunch, ScalingPoint
from tests.fakes import kit

FAKE = Path(__file__).parents[1] / "fakes" / "rank.py"
SPECS = [
    ToolchainSpec("pytorch-0", "pytorch", sys.executable, index=0),
    ToolchainSpec("jax-0", "jax", sys.executable, index=1),
]


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FW_ADVISOR_LOCK", str(tmp_path / "lock"))
    here = sorted(os.sched_getaffinity(0))
    monkeypatch.setattr(scaling_module, "cpus_of", lambda _: (here[0], here[-1]))
    monkeypatch.setitem(scaling_module.LAUNCHES, "quick", 2)


def campaign(tmp_path: Path, script: dict, **changes: object) -> Campaign:
    made = {
        "worker": (str(FAKE), "--script", json.dumps(script)),
        "toolchains": SPECS[:1],
        "toolchain_parts": [Toolchain("pytorch"), Toolchain("jax")],
        "missing": {},
        "machine": Machine(os="linux"),
        "wishes": Wishes(profile="quick", models=("stack:{}",), frameworks=("pytorch",)),
        "created": "2026-11-26",
        "cache": tmp_path,
        "meter": kit.Meter,
    }
    return Campaign(**{**made, **changes})


def scaled(tmp_path: Path, script: dict, **changes: object) -> Finished:
    finished = measure_scaling(campaign(tmp_path, script, **changes), 2, limit_s=20.0)
    return replace(finished, evidence=read_back(finished.evidence))


def read_back(evidence: Evidence) -> Evidence:
    return evidence_from(to_data(word_evidence(evidence)), name="the evidence")


def points(one: Scaling) -> dict[tuple[int, str], ScalingPoint]:
    return {(p.devices, p.kind): p for p in one.points}


def test_weak_and_strong_points_have_figures_over_equal_gradients(tmp_path):
    finished = scaled(tmp_path, {"collectives_s": 2e-4})
    (one,) = finished.evidence.scaling
    found = points(one)
    assert finished.complete
    assert list(found) == [(1, "single"), (2, "weak"), (2, "strong")]
    assert found[1, "single"].step_s == pytest.approx(1e-3)
    weak, strong = found[2, "weak"], found[2, "strong"]
    assert (weak.batch, weak.batch_per_device) == (16, 8)
    assert (strong.batch, strong.batch_per_device) == (8, 4)
    assert weak.efficiency == pytest.approx(1 / 1.25)
    assert strong.efficiency == pytest.approx(1 / (2 * 0.8))
    assert weak.overhead_s == pytest.approx(0.25e-3)
    assert strong.overhead_s == pytest.approx(0.3e-3)
    assert weak.efficiency_ci[0] < weak.efficiency < weak.efficiency_ci[1]
    assert weak.parity.status == "ok"
    assert weak.parity.grad_max_relative == 0
    assert weak.collectives_s == pytest.approx(2e-4)
    assert weak.memory_per_device_bytes == 2000
    assert weak.start_s > 0
    assert len(weak.launches) == 2
    assert (one.way, one.backend, one.version, one.cores_per_device) == ("ddp", "fake", "1.0", 1)


def test_neither_a_comparison_nor_a_verdict_comes_of_it(tmp_path):
    evidence = scaled(tmp_path, {}).evidence
    assert not evidence.probes
    assert not evidence.works
    shown = "\n".join(evidence_lines(evidence))
    assert "nor which framework is faster" in shown
    assert "times as fast" not in shown


@pytest.mark.parametrize(
    ("several", "status"),
    [([1.0, -2.0, 4.00001], "ok"), ([1.0, -2.0, 4.001], "invalid"), ([1.0, -2.0], "invalid")],
)
def test_gradients_that_differ_void_every_figure(tmp_path, several, status):
    finished = scaled(tmp_path, {"gradients": {"2": several}})
    found = points(finished.evidence.scaling[0])
    assert finished.complete == (status == "ok")
    for kind in ("weak", "strong"):
        assert found[2, kind].status == status
        assert (found[2, kind].step_s is None) == (status == "invalid")
    if status == "invalid":
        assert "void" in "\n".join(evidence_lines(finished.evidence))
        assert found[2, "weak"].reason.text


def test_where_float32_tells_them_apart_float64_decides_and_it_is_said(tmp_path):
    apart = {"gradients": {"2": [1.0, -2.0, 4.01]}, "wide": {}}
    evidence = scaled(tmp_path, apart).evidence
    parity = points(evidence.scaling[0])[2, "weak"].parity
    assert (parity.status, parity.precision) == ("ok", "float64")
    assert parity.float32_max_relative == pytest.approx(0.0025, rel=1e-3)
    assert "in float32, which is timed, they differ by 0.0025" in "\n".join(
        evidence_lines(evidence)
    )


FAULTS = [
    ({"verb": "build", "rank": 1, "kind": "crash"}, "worker-crashed", "rank 1 of 2"),
    (
        {"verb": "steps", "rank": 0, "kind": "crash", "others": "Connection closed by peer"},
        "worker-crashed",
        "rank 0 of 2",
    ),
    (
        {"verb": "build", "rank": 1, "kind": "hang", "others": "Timed out waiting 1000ms"},
        "worker-hung",
        "rank 1 of 2",
    ),
    (
        {"verb": "build", "rank": 1, "kind": "raise", "text": "no memory"},
        "framework-error",
        "rank 1 of 2: RuntimeError: no memory",
    ),
]


@pytest.mark.parametrize(("fault", "reason", "words"), FAULTS)
def test_the_rank_that_failed_is_named_and_the_others_are_ended(
    tmp_path, monkeypatch, fault, reason, words
):
    monkeypatch.setattr("advisor.measure.ranks._GRACE_S", 0.3)
    finished = scaled(tmp_path, {"faults": [fault]})
    (one,) = finished.evidence.scaling
    assert one.status == "failed"
    assert one.reason.id == reason
    assert words in one.reason.text
    assert not finished.complete
    assert not below(FAKE.name)


def test_a_rank_that_never_answers_ends_with_the_limit(tmp_path):
    options = RankOptions(
        worker=(str(FAKE), "--script", json.dumps({"faults": [hang_at("join")]})),
        toolchain=SPECS[0],
        way="ddp",
        device="cpu",
        devices=2,
        cpus=tuple(sorted(os.sched_getaffinity(0))),
        precision="float32",
        workspace=tmp_path,
        limit_s=20.0,
    )
    with RankGroup(options, "two") as group:
        group.hellos = group.ask("hello")
        with pytest.raises(RankError) as caught:
            group.ask("join", timeout_s=0.5)
    assert caught.value.reason.id == "worker-hung"
    assert caught.value.reason.values["in_rank"] == 1
    assert not below(FAKE.name)


def hang_at(verb: str) -> dict:
    return {"verb": verb, "rank": 1, "kind": "hang"}


def test_a_fault_of_a_later_launch_keeps_the_figures_of_those_before(tmp_path, monkeypatch):
    began: list[int] = []

    class Counting(scaling_module.OneLaunch):
        def run(self):
            began.append(1)
            if len(began) == 2:
                raise RankError(Reason("worker-hung", "", {"doing": "steps", "limit_s": 9}))
            return super().run()

    monkeypatch.setattr(scaling_module, "OneLaunch", Counting)
    finished = scaled(tmp_path, {})
    weak = points(finished.evidence.scaling[0])[2, "weak"]
    assert weak.status == "ok"
    assert len(weak.launches) == 1
    assert weak.efficiency_ci is None
    assert "later launches failed" in "\n".join(evidence_lines(finished.evidence))
    assert not finished.complete


def test_an_interruption_keeps_what_was_finished(tmp_path, monkeypatch):
    began: list[int] = []

    class Stopped(scaling_module.OneLaunch):
        def run(self):
            began.append(1)
            if len(began) == 2:
                raise KeyboardInterrupt
            return super().run()

    monkeypatch.setattr(scaling_module, "OneLaunch", Stopped)
    finished = scaled(tmp_path, {})
    assert finished.interrupted
    assert points(finished.evidence.scaling[0])[2, "weak"].efficiency is not None


def test_a_driver_that_is_killed_leaves_no_rank(tmp_path):
    script = json.dumps({"faults": [hang_at("steps")]})
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from tests.measure.test_scaling import SPECS, FAKE\n"
        "from advisor.measure.ranks import RankGroup, RankOptions\n"
        "options = RankOptions(worker=(str(FAKE), '--script', sys.argv[3]), toolchain=SPECS[0],\n"
        "    way='ddp', device='cpu', devices=2, cpus=(), precision='float32',\n"
        "    workspace=Path(sys.argv[2]))\n"
        "group = RankGroup(options, 'two')\n"
        "group.begin()\n"
        "print(*group.pids, flush=True)\n"
        "group.ask('steps', key='weak', count=1)\n"
    )
    root = str(Path(__file__).parents[2])
    argv = [sys.executable, "-c", code, root, str(tmp_path), script]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as driver:
        assert driver.stdout is not None
        pids = [int(word) for word in driver.stdout.readline().split()]
        assert len(pids) == 2
        assert all(map(kit.alive, pids))
        driver.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10.0
    while any(map(kit.alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(kit.alive, pids))


def below(name: str) -> list[int]:
    """Processes of this one's descent that run the script *name*; none that has ended."""
    import psutil

    running = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if any(part.endswith(name) for part in process.cmdline()):
                running.append(process.pid)
    return running


def test_a_family_that_is_not_offered_is_an_error_or_an_entry_that_says_so(tmp_path):
    with pytest.raises(UserError, match="not offered for the model lone") as caught:
        scaled(tmp_path, {}, wishes=Wishes(models=("lone:{}",)))
    assert "stack" in caught.value.hint
    both = Wishes(profile="quick", models=("lone:{}", "stack:{}"), frameworks=("pytorch",))
    lone, stack = scaled(tmp_path, {}, wishes=both).evidence.scaling
    assert lone.status == "skipped"
    assert "not offered for this family" in lone.reason.text
    assert stack.status == "ok"


def test_a_batch_that_cannot_be_shared_out_has_a_weak_point_only(tmp_path):
    wishes = Wishes(profile="quick", models=('stack:{"batch": 7}',), frameworks=("pytorch",))
    finished = scaled(tmp_path, {}, wishes=wishes)
    found = points(finished.evidence.scaling[0])
    assert found[2, "weak"].status == "ok"
    assert found[2, "strong"].status == "skipped"
    assert "7 cannot be shared out over 2" in found[2, "strong"].reason.text
    assert finished.complete


@pytest.mark.parametrize(("devices", "words"), [(1, "one device"), (3, "2 can be used here")])
def test_more_devices_than_there_are_is_an_error_with_the_number(tmp_path, devices, words):
    with pytest.raises(UserError, match=words):
        measure_scaling(campaign(tmp_path, {}), devices)


def test_numbers_of_devices_double_up_to_the_one_asked_for():
    assert [counts_up_to(n) for n in (2, 3, 4, 6, 8)] == [
        [2], [2, 3], [2, 4], [2, 4, 6], [2, 4, 8],
    ]  # fmt: skip


def test_figures_without_equal_gradients_are_void_when_read(tmp_path):
    document = to_data(scaled(tmp_path, {}).evidence)
    document["scaling"][0]["points"][1]["parity"]["status"] = "failed"
    again = evidence_from(document, name="the evidence")
    assert not again.scaling
    assert any(n.id == "void-part" for n in again.notices)


def test_a_gradient_differs_relative_to_its_own_largest_value():
    one = {"a": [1.0, 2.0], "b": [1e-6, 0.0]}
    assert grad_max_relative(one, one) == 0
    assert grad_max_relative({**one, "b": [1.1e-6, 0.0]}, one) == pytest.approx(0.1)
    assert math.isinf(grad_max_relative({"a": [1.0, 2.0]}, one))
    assert math.isinf(grad_max_relative({**one, "a": [math.nan, 2.0]}, one))
    assert math.isinf(grad_max_relative({"a": [1.0], "b": [1e-6, 0.0]}, one))


def test_one_launch_alone_has_no_interval():
    weak = ScalingPoint(devices=2, kind="weak", batch=16, batch_per_device=8)
    found = with_figures(weak, [ScalingLaunch(index=0, steps_s=[2e-3], single_s=[1e-3])])
    assert found.efficiency == pytest.approx(0.5)
    assert found.efficiency_ci is None
    assert found.overhead_ci is None


BEYOND = Beyond((Link(1e9, 1e-5),), (4,))


def test_a_projection_starts_at_what_all_devices_took(tmp_path):
    finished = measure_scaling(campaign(tmp_path, {}), 2, beyond=BEYOND, limit_s=20.0)
    (one,) = read_back(finished.evidence).scaling
    (projection,) = one.projections
    assert one.gradient_bytes == 12
    assert (projection.devices, projection.step_s) == (2, points(one)[2, "weak"].step_s)
    assert projection.points[0].machines == 2


def test_one_device_is_enough_to_project_from(tmp_path):
    everything = campaign(tmp_path, {}, wishes=Wishes(profile="quick", models=("stack:{}",)))
    finished = measure_scaling(replace(everything, toolchains=SPECS), 1, beyond=BEYOND)
    assert finished.complete
    for one in read_back(finished.evidence).scaling:
        assert (one.way, one.version) == ("alone", "1.0")
        assert list(points(one)) == [(1, "single")]
        assert points(one)[1, "single"].start_s > 0
        (point,) = one.projections[0].points
        assert point.machines == 4
        assert point.efficiency[0] < point.efficiency[1] <= 1


def test_void_gradients_project_nothing(tmp_path):
    script = {"gradients": {"2": [1.0, -2.0, 5.0]}}
    finished = measure_scaling(campaign(tmp_path, script), 2, beyond=BEYOND, limit_s=20.0)
    (one,) = read_back(finished.evidence).scaling
    assert not one.projections
    assert one.projection_reason.case == "unmeasured"


def test_jax_is_shared_out_in_one_process_and_over_several(tmp_path):
    wishes = Wishes(profile="quick", models=("stack:{}",))
    found = scaled(tmp_path, {}, toolchains=SPECS, wishes=wishes).evidence.scaling
    assert [(one.framework, one.way) for one in found] == [
        ("pytorch", "ddp"), ("jax", "mesh"), ("jax", "processes"),
    ]  # fmt: skip
    assert all(one.status == "ok" for one in found)
    assert not below(FAKE.name)
