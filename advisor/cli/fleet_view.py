"""What ``fleet`` shows: kinds of node, one view of all that are measured, and what came of each."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from advisor.cli.common import emit_json, say
from advisor.errors import ExitCode
from advisor.text import inert

if TYPE_CHECKING:
    from advisor.fleet.kinds import NodeKind, SeenNode
    from advisor.fleet.orchestrating import Slot

LIST_SCHEMA = "fw-advisor/fleet-kinds@1"
EVERY_S = 10.0
Show = Callable[[Sequence["Slot"]], None]
_WHY = {
    "no-node": "no node of its kind is left",
    "died": "its job was killed there",
    "node-died": "the node died",
    "silent": "the node stopped answering",
    "too-long": "it took longer than --limit",
    "busy": "the node was never free (--wait waits on)",
    "refused": "the node refused the job",
    "no-environment": "the packages of --runtime-env could not be installed there",
    "out-of-memory": "the node ran out of memory",
    "stopped": "stopped by you",
    "cluster-gone": "the cluster went away",
    "nothing-to-measure": "no framework could be measured there",
    "failed": "nothing could be measured there",
}


def list_kinds(seen: Sequence[SeenNode], *, json: bool) -> int:
    """Print the kinds of the nodes that were *seen*; returns the exit code."""
    from advisor.fleet.kinds import kinds_of

    rows = [_kind_row(kind) for kind in kinds_of(seen)]
    unseen = [node.problem for node in seen if not node.survey]
    if json:
        emit_json({"schema": LIST_SCHEMA, "kinds": rows, "unseen": unseen})
        return ExitCode.DONE
    for row in rows:
        print(inert(f"{row['kind']}: {_nodes(row['nodes'])}"))
        accelerators = ", ".join(row["accelerators"]) or "no accelerator"
        cores = "" if row["cores"] is None else f", {row['cores']} cores"
        print(inert(f"  {row['cpu']}{cores}, {accelerators}"))
        for held in row["holdings"]:
            named = ", ".join(f"{name} {version}" for name, version in held["frameworks"].items())
            text = named or "no framework: name one with --python, or --runtime-env"
            print(inert(f"  {_nodes(held['nodes'])}: Python {held['python']}, {text}"))
    for problem in unseen:
        print(inert(f"a node that could not be looked at: {_WHY.get(problem, problem)}"))
    return ExitCode.DONE


def _nodes(count: int) -> str:
    return "one node" if count == 1 else f"{count} nodes"


def _kind_row(kind: NodeKind) -> dict[str, Any]:
    from advisor.fleet.kinds import accelerator_names

    holdings: list[dict[str, Any]] = []
    for member in kind.members:
        held = {"python": member.survey.get("python"), "frameworks": member.frameworks}
        same = next((h for h in holdings if {**h, "nodes": 0} == {**held, "nodes": 0}), None)
        if same is None:
            holdings.append({**held, "nodes": 1})
        else:
            same["nodes"] += 1
    return {
        "kind": kind.name,
        "nodes": len(kind.members),
        "cpu": kind.machine.get("cpu"),
        "cores": kind.machine.get("cores_usable"),
        "accelerators": accelerator_names(kind.machine),
        "resources": list(kind.custom),
        "holdings": holdings,
    }


def result_line(row: Mapping[str, Any]) -> str:
    """What came of one machine of ``fleet.json``, in one line."""
    if row["state"] == "measured":
        return f"{row['label']}: measured, {row['evidence']}"
    if row["state"] == "incomplete":
        return f"{row['label']}: measured in part, {row['evidence']}"
    tries = len(row["attempts"])
    again = f" (tried {tries} times)" if tries > 1 else ""
    return inert(f"{row['label']}: not measured: {_WHY.get(row['reason'], row['reason'])}{again}")


@contextlib.contextmanager
def live(*, quiet: bool, colour: bool) -> Iterator[Show]:
    """One view of all nodes: a table that renews itself, or a line whenever a state changes."""
    from advisor.interview.holding import in_foreground

    if quiet:
        yield lambda _: None
    elif in_foreground(sys.stderr):
        with _table(colour=colour) as show:
            yield show
    else:
        yield _changes()


@contextlib.contextmanager
def _table(*, colour: bool) -> Iterator[Show]:
    from rich.console import Console
    from rich.live import Live
    from rich.table import Table
    from rich.text import Text

    from advisor.interview.holding import held

    console = Console(stderr=True, no_color=not colour)
    view = Live(console=console, transient=True, auto_refresh=False)
    with held(sys.stdin, keep=False), view:

        def show(slots: Sequence[Slot]) -> None:
            table = Table(box=None, show_header=False, pad_edge=False)
            for _ in range(2):
                table.add_column(no_wrap=True)
            table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
            for slot in slots:
                table.add_row(*(Text(cell) for cell in _row(slot)))
            view.update(table, refresh=True)

        yield show


def _row(slot: Slot) -> tuple[str, str, str]:
    last = slot.last
    if last is None:
        return slot.label, "no node", ""
    tries = f" (try {len(slot.attempts)})" if len(slot.attempts) > 1 else ""
    if slot.kept:
        return slot.label, "measured" + tries, ""
    if last.over:
        why = _WHY.get(last.state, last.state)
        # What pip said is the only thing that helps.
        said = f": {inert(last.detail, limit=200)}" if last.state == "no-environment" else ""
        return slot.label, "lost" + tries, why + said
    since_s = time.monotonic() - (last.running_s or last.began_s)
    said = inert(last.said.removeprefix("measuring: "), limit=200)
    state = "installing" if last.prepared and last.state == "waiting" else last.state
    return slot.label, f"{state} {since_s:.0f} s{tries}", said


def _changes() -> Show:
    shown: dict[str, str] = {}
    last_s = [time.monotonic()]

    def show(slots: Sequence[Slot]) -> None:
        due = time.monotonic() - last_s[0] >= EVERY_S
        last_s[0] = time.monotonic() if due else last_s[0]
        for slot in slots:
            label, state, said = _row(slot)
            word = f"{state.split()[0]} {len(slot.attempts)}"
            if shown.get(label) != word or (due and not slot.over):
                shown[label] = word
                say(": ".join(part for part in (label, state, said) if part))

    return show
