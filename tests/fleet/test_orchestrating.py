"""A run over a cluster loses no file to a fault that another node of the kind could mend."""

from __future__ import annotations

import pytest

from advisor.fleet.engine import Job
from advisor.fleet.kinds import NodeKind, SeenNode
from advisor.fleet.orchestrating import Fleet, Patience, look_at, picked
from tests.fleet.fakes import (
    FakeClock,
    FakeEngine,
    ends,
    falls_silent,
    is_lost,
    never_begins,
    nodes,
)

PATIENCE = Patience(look_s=30, silence_s=20, begin_s=60, limit_s=300, tick_s=0.5)


class Run:
    """One run over nodes of one kind; files that were kept by slot."""

    def __init__(self, behaviours, *, per_kind=1, patience=PATIENCE, good=lambda a: a.code == 0):
        self.clock = FakeClock()
        self.engine = FakeEngine(self.clock, behaviours)
        kind = NodeKind("kind", [SeenNode(n, {"machine": {}}) for n in nodes(behaviours)])
        self.slots = picked([kind], per_kind)
        self.kept: dict[str, bytes] = {}
        self.shown = 0

        def keep(slot, attempt):
            if good(attempt):
                self.kept[slot.label] = attempt.output
            return good(attempt)

        def show(_):
            self.shown += 1

        self.fleet = Fleet(
            self.engine,
            [kind],
            make=lambda slot, node: Job(options=(slot.label, node.id)),
            keep=keep,
            clock=self.clock,
            sleep=self.clock.sleep,
            patience=patience,
            show=show,
        )

    def __call__(self):
        self.cut = self.fleet.run(self.slots)
        return self

    def states(self):
        return [attempt.state for slot in self.slots for attempt in slot.attempts]


def test_each_slot_is_measured_once_on_a_node_of_its_own():
    run = Run({"a": ends(5), "b": ends(9), "c": ends(7)}, per_kind=2)()
    assert run.cut == ""
    assert list(run.kept) == ["kind 1", "kind 2"]
    assert [name for name, _ in run.engine.started] == ["a", "b"]
    assert run.shown > 0


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (is_lost(3, "died"), "died"),
        (is_lost(3, "refused"), "refused"),
        (is_lost(3, "node-died"), "node-died"),
        (falls_silent(4), "silent"),
        (never_begins, "busy"),
        (ends(2, code=4), "worthless"),
        (ends(2, code=1), "worthless"),
        (ends(1000), "too-long"),
    ],
)
def test_what_is_lost_is_tried_once_elsewhere_of_the_same_kind(fault, state):
    run = Run({"a": fault, "b": ends(5), "c": ends(5)})()
    assert run.states() == [state, "ended"]
    assert list(run.kept) == ["kind 1"]
    assert [name for name, _ in run.engine.started] == ["a", "b"]


@pytest.mark.parametrize("fault", [falls_silent(4), never_begins, ends(1000)])
def test_what_is_given_up_is_stopped(fault):
    run = Run({"a": fault, "b": ends(5)})()
    assert run.engine.stopped == ["a"]


def test_twice_is_the_most_and_costs_no_other_file():
    fault = is_lost(3, "died")
    run = Run({"a": fault, "b": ends(50), "c": fault, "d": ends(5)}, per_kind=2)()
    assert run.states() == ["died", "died", "ended"]
    assert list(run.kept) == ["kind 2"]
    assert not any(name == "d" for name, _ in run.engine.started)


def test_a_node_that_the_cluster_calls_dead_is_not_waited_for():
    """Its task stays pending for ever and says nothing."""
    run = Run({"a": falls_silent(1), "b": ends(5)}, patience=Patience(silence_s=1e9))
    run.clock.at.append((10.0, lambda: run.engine.dead.add("a")))
    run()
    assert run.states() == ["node-died", "ended"]
    assert run.clock() < 30


def test_a_node_that_died_before_its_turn_is_not_tried():
    run = Run({"a": ends(5), "b": ends(5)})
    run.engine.dead.add("a")
    assert run().states() == ["ended"]
    assert [name for name, _ in run.engine.started] == ["b"]


def test_without_an_end_of_patience_a_busy_node_is_waited_for():
    busy = lambda since_s: ends(5)(since_s - 5000) if since_s > 5000 else []  # noqa: E731
    run = Run({"a": busy}, patience=Patience(begin_s=None, limit_s=1e9))()
    assert run.states() == ["ended"]


def test_an_interrupt_keeps_what_is_finished_and_leaves_no_job():
    run = Run({"a": ends(5), "b": ends(500), "c": ends(500)}, per_kind=3)

    def interrupt():
        raise KeyboardInterrupt

    run.clock.at.append((20.0, interrupt))
    run()
    assert run.cut == "interrupted"
    assert list(run.kept) == ["kind 1"]
    assert run.states() == ["ended", "stopped", "stopped"]
    assert set(run.engine.stopped) == {"b", "c"}


def test_a_cluster_that_goes_away_keeps_what_is_finished():
    run = Run({"a": ends(5), "b": ends(500)}, per_kind=2)
    run.clock.at.append((20.0, lambda: setattr(run.engine, "gone", True)))
    run()
    assert run.cut == "cluster-gone"
    assert list(run.kept) == ["kind 1"]
    assert run.states() == ["ended", "cluster-gone"]


def test_a_failure_of_ours_leaves_no_job_either():
    run = Run({"a": ends(5), "b": ends(500)}, per_kind=2, good=lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run()
    assert "b" in run.engine.stopped


def look(behaviours, **more):
    clock = FakeClock()
    engine = FakeEngine(clock, behaviours, **more)
    seen = look_at(
        engine,
        Job(whole=False),
        lambda node, ended: SeenNode(node, {"output": ended.output}),
        clock=clock,
        sleep=clock.sleep,
        patience=PATIENCE,
    )
    return engine, {node.node.id: node for node in seen}


def test_a_look_waits_for_no_node_for_ever_and_stops_what_is_left():
    engine, seen = look({"a": ends(2, output=b"A"), "b": never_begins, "c": is_lost(1, "refused")})
    assert seen["a"].survey == {"output": b"A"}
    assert (seen["b"].survey, seen["b"].problem) == ({}, "silent")
    assert seen["c"].problem == "refused"
    assert engine.stopped == ["b"]
    assert engine.clock() <= PATIENCE.look_s + PATIENCE.tick_s


def test_a_look_leaves_out_nodes_that_are_dead():
    engine, seen = look({"a": ends(2), "b": ends(2)}, dead={"b"})
    assert list(seen) == ["a"]
    assert [name for name, _ in engine.started] == ["a"]
