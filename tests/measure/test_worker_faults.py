"""Whatever a worker does wrong costs its own entry, has a reason, and leaves no process behind."""

from __future__ import annotations

import os
import select
import sys
import time
from dataclasses import replace
from typing import Any

import pytest

from advisor.evidence import Reason
from advisor.measure.run import RunResult
from advisor.measure.verdicts import Looks
from advisor.render.evidence_words import reason_words
from advisor.workers import worker as worker_module
from advisor.workers.environment import worker_environment
from advisor.workers.worker import WorkerCommand, WorkerError, WorkerProcess, worker_argv
from tests.fakes import kit

MODES = kit.modes_of("pytorch.eager", "pytorch.compile", "jax.jit")
BRIEF = replace(kit.QUICK, build_timeout_s=1.5)
# One launch: what is lost is lost in the first.
ONCE = Looks((1,), 0.05)
TWO_CELLS = kit.plan(kit.item("fake", modes=MODES), kit.item("other", modes=MODES), looks=ONCE)
ONE_CELL = kit.plan(looks=ONCE)


def statuses(measured: RunResult) -> dict[tuple[str, str], str]:
    """What became of every entry, in the evidence model's own words."""
    return {
        (p.id, mode): entry.status
        for p in measured.probes
        for mode, entry in kit.entries(p).items()
    }


def reason_of(measured: RunResult, probe: int, mode: str) -> Reason:
    reason = kit.entries(measured.probes[probe])[mode].reason
    assert reason is not None
    return reason


FAULTS: list[tuple[str, dict[str, Any], str]] = [
    ("build", {"kind": "crash"}, "worker-crashed"),
    ("build", {"kind": "exit"}, "worker-crashed"),
    ("build", {"kind": "hang"}, "worker-hung"),
    ("build", {"kind": "stubborn"}, "worker-hung"),
    ("build", {"kind": "line", "text": "Rank 0 is connected to 1 peer ranks"}, "worker-garbage"),
    ("build", {"kind": "deep"}, "worker-garbage"),
    ("build", {"kind": "half"}, "worker-crashed"),
    ("build", {"kind": "raise", "type": "RuntimeError", "text": "no compiler"}, "framework-error"),
    ("build", {"kind": "raise", "type": "ImportError", "text": "no optax"}, "framework-missing"),
    ("warm", {"kind": "crash", "signal": "SIGABRT"}, "worker-crashed"),
    ("warm", {"kind": "change", "fields": {"calls": 0}}, "worker-garbage"),
    ("block", {"kind": "crash", "after": 3}, "worker-crashed"),
    # The second answer would be taken for that of the next block.
    ("block", {"kind": "twice", "after": 2}, "worker-garbage"),
    ("block", {"kind": "line", "text": '{"ok": true, "samples_s": [NaN]}'}, "worker-garbage"),
    ("block", {"kind": "change", "fields": {"samples_s": []}}, "worker-garbage"),
    ("finish", {"kind": "exit", "status": 9}, "worker-crashed"),
]


@pytest.mark.parametrize(("verb", "fault", "reason"), FAULTS)
def test_a_fault_costs_its_own_entry_and_says_why(script, verb, fault, reason):
    script.fault(verb, who="pytorch.compile", **fault)
    found = kit.run(script, replace(TWO_CELLS, protocol=BRIEF))
    lost = "timeout" if reason == "worker-hung" else "failed"
    lost = "skipped" if reason == "framework-missing" else lost
    assert statuses(found) == {
        ("fake", "pytorch.eager"): "ok",
        ("fake", "pytorch.compile"): lost,
        ("fake", "jax.jit"): "ok",
        ("other", "pytorch.eager"): "ok",
        ("other", "pytorch.compile"): lost,
        ("other", "jax.jit"): "ok",
    }
    assert reason_of(found, 0, "pytorch.compile").id == reason
    assert reason_of(found, 0, "pytorch.compile").text
    assert not found.complete
    # Those that are left are compared as if nothing had been.
    pairs = [(c.a, c.b) for p in found.probes for c in p.comparisons]
    assert pairs == [("pytorch.eager", "jax.jit")] * 2


def test_the_reason_holds_how_it_died_and_the_end_of_its_log(script):
    script.fault("block", "crash", "jax.jit", signal="SIGILL")
    text = reason_of(kit.run(script, ONE_CELL), 0, "jax.jit").text
    assert "SIGILL" in text
    assert "something broke deep inside" in text


def test_two_frameworks_that_break_at_once_lose_two_entries(script):
    """Both are built side by side from the second launch on; neither may take others along."""
    modes = kit.modes_of("pytorch.eager", "pytorch.compile", "jax.jit", "jax.eager")
    script.fault("build", "crash", "pytorch.compile").fault("build", "crash", "jax.jit")
    found = kit.run(script, kit.plan(kit.item(modes=modes), looks=Looks((2,), 0.05)))
    assert statuses(found) == {
        ("fake", "pytorch.eager"): "ok",
        ("fake", "pytorch.compile"): "failed",
        ("fake", "jax.jit"): "failed",
        ("fake", "jax.eager"): "ok",
    }


def test_a_worker_that_dies_between_two_workloads_is_started_again(script):
    script.fault("drop", "crash", "jax.jit", starts=[0])
    found = kit.run(script, replace(TWO_CELLS, looks=Looks((2,), 0.05)))
    assert set(statuses(found).values()) == {"ok"}
    assert script.starts("jax") == 3


@pytest.mark.parametrize(
    ("verb", "kind"),
    [("hello", "crash"), ("hello", "hang"), ("precision", "half"), ("peak", "hang")],
)
def test_a_framework_that_cannot_start_costs_all_its_entries_and_no_others(script, verb, kind):
    script.fault(verb, kind, "jax")
    slow = replace(kit.QUICK, hello_timeout_s=2.0, facts_timeout_s=1.0)
    found = statuses(kit.run(script, replace(TWO_CELLS, protocol=slow)))
    assert {s for (_, mode), s in found.items() if mode != "jax.jit"} == {"ok"}
    lost = "timeout" if kind == "hang" else "failed"
    assert {s for (_, mode), s in found.items() if mode == "jax.jit"} == {lost}


@pytest.mark.parametrize("pid", [None, "me", -1, True])
def test_a_hello_without_a_process_id_is_garbage(script, pid):
    script.fault("hello", "change", "jax", fields={"pid": pid})
    found = kit.run(script, ONE_CELL)
    assert reason_of(found, 0, "jax.jit").id == "worker-garbage"
    assert kit.entries(found.probes[0])["pytorch.eager"].status == "ok"


def test_a_framework_that_is_missing_is_an_entry_with_a_reason(script):
    error = {"type": "ModuleNotFoundError", "text": "No module named 'jax'"}
    script.fault("hello", "raise", "jax", **error)
    found = kit.run(script, ONE_CELL)
    assert statuses(found)["fake", "jax.jit"] == "skipped"
    assert reason_of(found, 0, "jax.jit").id == "framework-missing"
    assert "No module named 'jax'" in reason_of(found, 0, "jax.jit").text


def test_a_toolchain_that_was_never_found_is_an_entry_too(script):
    why = Reason("framework-missing", text="no interpreter holds jax", hint="pip install jax")
    made = kit.plan(kit.item(modes=kit.modes_of("pytorch.eager")), missing={"jax": why}, looks=ONCE)
    found = kit.run(script, made)
    assert reason_of(found, 0, "jax.jit") == why
    assert not found.complete


def test_an_interpreter_that_is_none_is_a_failed_entry(script):
    broken = replace(kit.JAX, interpreter="/nonexistent/python")
    modes = (*kit.modes_of("pytorch.eager"), replace(kit.modes_of("jax.jit")[0], toolchain=broken))
    found = kit.run(script, kit.plan(kit.item(modes=modes), looks=ONCE))
    assert statuses(found) == {("fake", "pytorch.eager"): "ok", ("fake", "jax.jit"): "failed"}
    assert "cannot start" in reason_of(found, 0, "jax.jit").text


@pytest.mark.parametrize(
    ("signal", "case", "words"),
    [
        ("SIGABRT", "native", "a fault in its native code"),
        ("SIGSEGV", "native", "a fault in its native code"),
        ("SIGILL", "instruction", "instructions that this CPU does not have"),
        ("SIGKILL", "killed", "most often memory ran out"),
        ("SIGTERM", "signal", "killed by SIGTERM"),
    ],
)
def test_whose_fault_a_signal_is_stands_in_one_sentence(script, signal, case, words):
    script.fault("warm", "crash", "pytorch.eager", signal=signal)
    found = kit.run(script, ONE_CELL)
    reason = reason_of(found, 0, "pytorch.eager")
    assert (reason.id, reason.case) == ("worker-crashed", case)
    assert words in reason.text
    assert signal in reason.text
    if case != "signal":
        assert "PyTorch 1.0" in reason.text
        assert "fake" in reason.text
        assert "being warmed up" in reason.text


def test_a_crash_in_a_users_own_file_may_be_of_what_it_loads(script):
    script.fault("build", "crash", "jax.jit", signal="SIGSEGV")
    own = replace(kit.item(), source="/somewhere/step.py")
    reason = reason_of(kit.run(script, kit.plan(own, looks=ONCE)), 0, "jax.jit")
    assert reason.case == "native-own"
    assert "of what your file loads" in reason.text


def test_a_later_launch_that_breaks_keeps_the_earlier_times_and_is_named(script):
    script.fault("block", "crash", "jax.jit", starts=[1])
    script.modes = {"jax.jit": {"median_s": 3e-3}}
    found = kit.run(script)
    entry = kit.entries(found.probes[0])["jax.jit"]
    assert (entry.status, len(entry.launches)) == ("ok", 1)
    assert entry.reason.id == "worker-crashed"
    assert entry.reason.text.startswith("in launch 2:")
    assert not found.complete
    [compared] = found.probes[0].comparisons
    assert (compared.verdict, compared.reason.id) == ("inconclusive", "too-few-launches")


def test_a_slow_answer_in_time_is_no_fault(script):
    script.fault("build", "slow", "jax.jit", seconds=0.5, starts=[0])
    assert kit.run(script, ONE_CELL).complete


def test_texts_of_a_worker_are_shown_inert_and_private(script, monkeypatch):
    monkeypatch.setenv("HOME", "/home/someone")
    text = "bad\x1b[31m \u202e path /home/someone/secret hf_abcdefghijklmnopqrstuvwx"
    script.fault("build", "raise", "jax.jit", type="Value\x00Error", text=text)
    shown = reason_of(kit.run(script, ONE_CELL), 0, "jax.jit").text
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "someone" not in shown
    assert "hf_abc" not in shown


@pytest.mark.parametrize("kind", ["flood-out", "flood-err"])
def test_a_flood_is_stopped(script, monkeypatch, kind):
    monkeypatch.setattr(worker_module, "MAX_REPLY_BYTES", 4 << 20)
    monkeypatch.setattr(worker_module, "MAX_LOG_BYTES", 4 << 20)
    script.fault("build", kind, "jax.jit", mebibytes=8)
    found = kit.run(script, ONE_CELL)
    assert reason_of(found, 0, "jax.jit").id == "output-flood"
    assert kit.entries(found.probes[0])["pytorch.eager"].status == "ok"


def open_worker(script, place) -> WorkerProcess:
    argv = worker_argv(sys.executable, script.argv, "--framework", "jax")
    command = WorkerCommand(argv, worker_environment(place, "jax-0"), (), place / "worker.log")
    return WorkerProcess(command)


@pytest.mark.parametrize("hung", [False, True])
def test_closing_a_worker_ends_all_that_it_started(script, tmp_path, hung):
    script.fault("peak", "children", "jax").fault("precision", "stubborn", "jax")
    with open_worker(script, tmp_path) as process:
        process.ask("hello", timeout_s=20.0)
        process.ask("peak", timeout_s=20.0)
        pids = [int(pid) for pid in (tmp_path / "children").read_text("ascii").split()]
        assert all(kit.alive(pid) for pid in pids)
        if hung:
            with pytest.raises(WorkerError) as caught:
                process.ask("precision", timeout_s=0.3)
            assert caught.value.id == "worker-hung"
    deadline = time.monotonic() + 1.0
    while any(kit.alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [pid for pid in pids if kit.alive(pid)] == []


def test_a_dead_worker_stays_dead_and_says_so(script, tmp_path):
    script.fault("peak", "exit", "jax", status=7)
    with open_worker(script, tmp_path) as process:
        process.ask("hello", timeout_s=20.0)
        for _ in range(2):
            with pytest.raises(WorkerError) as caught:
                process.ask("peak", timeout_s=20.0)
            assert caught.value.id == "worker-crashed"
        assert "exit status 7" in reason_words(caught.value.reason)


def test_what_is_said_between_two_questions_answers_neither(tmp_path):
    code = "import sys; sys.stdin.readline(); print('{\"ok\": true}', flush=True);"
    code += "open(sys.argv[1]).read(); print('{\"ok\": true}', flush=True); sys.stdin.read()"
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    argv = (sys.executable, "-c", code, str(gate))
    with WorkerProcess(WorkerCommand(argv, {}, (), tmp_path / "log")) as process:
        assert process.ask("hello", timeout_s=20.0)["ok"]
        gate.write_text("now", "ascii")
        assert process._process.stdout is not None
        select.select([process._process.stdout], [], [], 20.0)
        with pytest.raises(WorkerError) as caught:
            process.ask("warm", timeout_s=20.0)
        assert caught.value.case == "unasked"
