"""What ``fleet`` shows while it measures: where nobody draws, a line whenever something changes."""

from __future__ import annotations

from advisor.cli import fleet_view
from advisor.fleet.engine import Node
from advisor.fleet.orchestrating import Attempt, Slot


def test_a_pipe_gets_a_line_for_every_change_and_none_without(capsys):
    slot = Slot("kind", 1, [Attempt(Node("secret"), began_s=0.0)])
    with fleet_view.live(quiet=False, colour=False) as show:
        show([slot])
        show([slot])
        slot.last.state, slot.last.said = "running", "measuring: \x1b[31mmatmul"
        show([slot])
        slot.last.state, slot.last.ended_s = "node-died", 5.0
        show([slot])
        slot.attempts.append(Attempt(Node("other"), began_s=6.0, state="running"))
        show([slot])
        slot.kept = slot.over = True
        show([slot])
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[1].split()[0] for line in lines] == [
        "waiting",
        "running",
        "lost",
        "running",
        "measured",
    ]
    assert "the node died" in lines[2]
    assert "(try 2)" in lines[3]
    assert not any("\x1b" in line or "secret" in line for line in lines)


def test_quiet_says_nothing(capsys):
    with fleet_view.live(quiet=True, colour=False) as show:
        show([Slot("kind", 1, [Attempt(Node("a"), began_s=0.0)])])
    assert capsys.readouterr().err == ""


def test_every_way_to_lose_a_node_has_words():
    row = {"label": "kind 1", "state": "lost", "evidence": None, "attempts": [{}, {}]}
    for why in ("no-node", "died", "node-died", "silent", "too-long", "busy", "refused", "failed"):
        line = fleet_view.result_line({**row, "reason": why})
        assert line.startswith("kind 1: not measured: ")
        assert f"measured: {why} (" not in line
        assert line.endswith("(tried 2 times)")


def test_a_node_that_gets_packages_first_is_not_called_waiting(capsys):
    slot = Slot("kind", 1)
    with fleet_view.live(quiet=False, colour=False) as show:
        slot.attempts.append(Attempt(Node("one"), began_s=0.0, prepared=True))
        show([slot])
    assert "kind 1: installing" in capsys.readouterr().err
