"""``fw-advisor fleet``: the same measurement on every kind of machine of a cluster."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from advisor.cli import app
from advisor.cli.common import JsonOption, NoColorOption, QuietOption, colour_wanted, emit_json, say
from advisor.cli.probe import BudgetOption, DeviceOption, IncludeHostOption, ProfileOption
from advisor.errors import ExitCode, NothingToMeasureError, UserError
from advisor.text import inert

if TYPE_CHECKING:
    from advisor.fleet.engine import Engine, Job, Node
    from advisor.fleet.kinds import NodeKind
    from advisor.fleet.orchestrating import Attempt, Slot
    from advisor.measure.wishes import Wishes

LIST_SCHEMA = "fw-advisor/fleet-nodes@1"
DIRECTORY = Path("fw-advisor-fleet")
_PLAN = "probe.plan.json"
_WHY = {
    "no-node": "no node of its kind is left",
    "died": "its job was killed there",
    "node-died": "the node died",
    "silent": "the node stopped answering",
    "too-long": "it took longer than --limit",
    "busy": "the node was never free",
    "refused": "the node refused the job",
    "stopped": "stopped by you",
    "nothing-to-measure": "no framework could be measured there",
    "failed": "measuring failed there",
}


@app.command()
def fleet(
    *,
    address: Annotated[
        str,
        typer.Option(
            "--address", metavar="auto|HOST:PORT|local", help="The cluster of Ray's to measure on."
        ),
    ] = "auto",
    per_kind: Annotated[
        int, typer.Option("--per-kind", min=1, metavar="N", help="So many nodes of each kind.")
    ] = 1,
    list_nodes: Annotated[
        bool, typer.Option("--list", help="Show the kinds of node; measure nothing.")
    ] = False,
    python: Annotated[
        list[str] | None,
        typer.Option(
            "--python",
            metavar="[KIND:]FRAMEWORK=PATH",
            help="torch=PATH or jax=PATH: an interpreter of the nodes, of one kind where it is "
            "named. Repeatable.",
        ),
    ] = None,
    profile: ProfileOption = "standard",
    budget: BudgetOption = None,
    device: DeviceOption = None,
    task: Annotated[
        str | None, typer.Option("--task", metavar="TASK", help="The probes of this task.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="PROBE", help="Only this probe.")
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", metavar="FAMILY[:PRESET]", help="A model, measured instead."),
    ] = None,
    size: Annotated[
        list[str] | None, typer.Option("--size", metavar="KEY=VALUE", help="A size of the model.")
    ] = None,
    workload: Annotated[
        list[Path] | None,
        typer.Option("--workload", metavar="FILE.py", help="Your own step, which runs there."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Seed of the schedule.")] = 0,
    limit: Annotated[
        str, typer.Option("--limit", metavar="TIME", help="At most so long for a node.")
    ] = "2h",
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for nodes that others hold, however long.")
    ] = False,
    include_host: IncludeHostOption = False,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="Where the files go.")
    ] = DIRECTORY,
    json: JsonOption = False,
    quiet: QuietOption = False,
    no_color: NoColorOption = False,
) -> int:
    """Measure on many machines through Ray; one evidence file for each."""
    from advisor.cli.measuring import CPU, make_wishes, parse_budget
    from advisor.cli.models import checked_texts
    from advisor.cli.probe import of_task, own_file
    from advisor.fleet.ray_engine import RayEngine

    texts = checked_texts(model or [], size or [])
    alone: dict[str, Any] = {"probes": ()} if texts and not only else {}
    wishes = make_wishes(
        **(of_task(task, [], []) or alone),
        models=texts,
        profile=profile,
        only=tuple(only or ()),
        device=device or CPU,
        budget_s=parse_budget(budget),
        seed=seed,
    )
    limit_s = parse_budget(limit) or 0.0
    asked = _Asked(
        wishes=wishes,
        pythons=[_python_of(text) for text in python or ()],
        workloads=[Path(own_file(path)) for path in workload or ()],
    )
    if output.exists() and not output.is_dir():
        raise UserError("is no directory", hint="give one with: -o DIR", where=str(output))
    engine = RayEngine(address)
    try:
        seen = _kinds(engine, asked, quiet=quiet)
        if list_nodes:
            return _show_kinds(seen, json=json)
        run = _Run(engine, asked, seen, output, limit_s=limit_s, wait=wait, hosts=include_host)
        with _live(quiet=quiet, colour=colour_wanted(no_color)) as show:
            return run.measure(per_kind, show, json=json, quiet=quiet)
    finally:
        engine.close()


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What every node measures; `pythons` are (kind or empty, ``torch=PATH``)."""

    wishes: Wishes
    pythons: Sequence[tuple[str, str]]
    workloads: Sequence[Path]

    def job(self, kind: str, label: str) -> Job:
        """The job of a node of *kind*."""
        from advisor.cli.exporting import worker_archive
        from advisor.fleet.engine import Job
        from advisor.jsonio import dumps
        from advisor.measure.wishes import PLAN_SCHEMA, wishes_document

        plan = dumps({"schema": PLAN_SCHEMA, "wishes": wishes_document(self.wishes)})
        pythons = [text for of, text in self.pythons if of in ("", kind)]
        arguments = ["--plan", _PLAN, "--label", label]
        for option, values in (
            ("--python", pythons),
            ("--workload", [path.name for path in self.workloads]),
        ):
            for value in values:
                arguments += [option, value]
        return Job(
            archive=worker_archive(),
            files={
                _PLAN: plan.encode("utf-8"),
                **{path.name: path.read_bytes() for path in self.workloads},
            },
            arguments=tuple(arguments),
        )


def _python_of(text: str) -> tuple[str, str]:
    kind, separator, rest = text.partition(":")
    named = bool(separator) and "=" not in kind
    framework, equals, path = (rest if named else text).partition("=")
    if framework not in ("torch", "pytorch", "jax") or not equals or not path:
        raise UserError(
            f"--python {text[:80]!r} names no interpreter",
            hint="write --python torch=PATH, or --python KIND:torch=PATH",
        )
    return (kind if named else "", f"{framework}={path}")


def _kinds(engine: Engine, asked: _Asked, *, quiet: bool) -> list[NodeKind]:
    from advisor.fleet.kinds import kinds_among
    from advisor.fleet.orchestrating import Patience, look_at

    say("looking at the nodes", quiet=quiet)
    seen = look_at(
        engine,
        asked.job("", "look"),
        clock=time.monotonic,
        sleep=time.sleep,
        patience=Patience(),
    )
    if not seen:
        raise NothingToMeasureError("the cluster has no node that lives")
    return kinds_among(seen)


def _show_kinds(kinds: Sequence[NodeKind], *, json: bool) -> int:
    rows = [
        {
            "kind": kind.name,
            "nodes": len(kind.members),
            "cpu": kind.facts.get("cpu"),
            "cores": kind.facts.get("cores"),
            "accelerators": list(kind.facts.get("accelerators") or ()),
            "pythons": list(kind.facts.get("pythons") or ()),
            "frameworks": kind.members[0].frameworks,
            "answered": kind.members[0].answered,
        }
        for kind in kinds
    ]
    if json:
        emit_json({"schema": LIST_SCHEMA, "kinds": rows})
        return ExitCode.DONE
    for row in rows:
        nodes = "one node" if row["nodes"] == 1 else f"{row['nodes']} nodes"
        if not row["answered"]:
            typer.echo(inert(f"{row['kind']}: {nodes}, which did not answer"))
            continue
        devices = ", ".join(row["accelerators"]) or "no accelerator"
        held = ", ".join(f"{k} {v}" for k, v in row["frameworks"].items())
        typer.echo(
            inert(
                f"{row['kind']}: {nodes}, {row['cpu']}, {row['cores']} cores, {devices}, "
                f"{held or 'no framework in the Python of Ray: name one with --python'}"
            )
        )
    return ExitCode.DONE


@dataclass(kw_only=True)
class _Kept:
    """The slots whose evidence was written."""

    slots: list[Slot] = field(default_factory=list)


class _Run:
    """One run over the picked nodes, and the files that it leaves."""

    def __init__(
        self,
        engine: Any,
        asked: _Asked,
        kinds: Sequence[NodeKind],
        place: Path,
        *,
        limit_s: float,
        wait: bool,
        hosts: bool,
    ) -> None:
        from advisor.fleet.orchestrating import Patience

        self._engine = engine
        self._asked = asked
        self._kinds = kinds
        self._place = place
        self._hosts = hosts
        self._kept = _Kept()
        began = {"begin_s": None} if wait else {}
        self._patience = Patience(limit_s=limit_s, **began)

    def measure(
        self,
        per_kind: int,
        show: Callable[[Sequence[Slot]], None],
        *,
        json: bool,
        quiet: bool,
    ) -> int:
        """Measure, write, and say what came of it."""
        from advisor.fleet.listing import listing_of, write_listing
        from advisor.fleet.orchestrating import Fleet, picked

        slots = picked(self._kinds, per_kind)
        fleet_run = Fleet(
            self._engine,
            self._kinds,
            make=lambda slot, _: self._asked.job(slot.kind, slot.label),
            good=self._keep,
            clock=time.monotonic,
            sleep=time.sleep,
            patience=self._patience,
            show=show,
        )
        with _stopped_by_signals():
            whole = fleet_run.run(slots)
        path = write_listing(self._place, slots, self._kept.slots)
        for slot in slots:
            _tell(slot, kept=slot in self._kept.slots, quiet=quiet)
        if json:
            emit_json(listing_of(slots, self._kept.slots))
        say(f"wrote {path}; decide with: fw-advisor advise --evidence {path}", quiet=quiet)
        if not whole:
            return ExitCode.INTERRUPTED
        if not self._kept.slots:
            return ExitCode.NOTHING_TO_MEASURE
        return ExitCode.DONE if len(self._kept.slots) == len(slots) else ExitCode.INCOMPLETE

    def _keep(self, slot: Slot, attempt: Attempt) -> bool:
        from advisor.fleet.listing import evidence_of, write_evidence

        host = self._host(attempt.node)
        evidence = evidence_of(slot, attempt, host)
        if evidence is None:
            return False
        write_evidence(self._place, slot, evidence)
        self._kept.slots.append(slot)
        return True

    def _host(self, node: Node) -> str:
        return inert(self._engine.host_of(node), limit=60) if self._hosts else ""


def _tell(slot: Slot, *, kept: bool, quiet: bool) -> None:
    from advisor.fleet.listing import file_of, reason_of

    if kept:
        say(f"{slot.label}: measured, {file_of(slot)}", quiet=quiet)
        return
    last = slot.last
    why = _WHY.get(reason_of(last) or "", "it gave no evidence")
    detail = inert((last.detail if last else "") or "", limit=200)
    tried = f" (tried {len(slot.attempts)} times)" if len(slot.attempts) > 1 else ""
    say(f"{slot.label}: not measured: {why}{tried}" + (f": {detail}" if detail else ""))


@contextlib.contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """A scheduler's end of time, or a closed terminal, stops like Ctrl-C does."""
    numbers = [getattr(signal, name, None) for name in ("SIGTERM", "SIGHUP")]
    before = {n: signal.signal(n, signal.default_int_handler) for n in numbers if n is not None}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _live(*, quiet: bool, colour: bool) -> Iterator[Callable[[Sequence[Slot]], None]]:
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
def _table(*, colour: bool) -> Iterator[Callable[[Sequence[Slot]], None]]:
    from rich.console import Console
    from rich.live import Live
    from rich.table import Table
    from rich.text import Text

    console = Console(stderr=True, no_color=not colour)
    with Live(console=console, transient=True, auto_refresh=False) as live:

        def show(slots: Sequence[Slot]) -> None:
            table = Table(box=None, show_header=False, pad_edge=False)
            for slot in slots:
                table.add_row(*(Text(cell) for cell in _row(slot)))
            live.update(table, refresh=True)

        yield show


def _row(slot: Slot) -> tuple[str, str, str]:
    last = slot.last
    if last is None:
        return slot.label, "no node", ""
    since_s = time.monotonic() - (last.running_s or last.began_s)
    tries = f" (try {len(slot.attempts)})" if len(slot.attempts) > 1 else ""
    state = last.state if last.over else f"{last.state} {since_s:.0f} s"
    return slot.label, state + tries, inert(last.said.removeprefix("measuring: "), limit=100)


def _changes() -> Callable[[Sequence[Slot]], None]:
    shown: dict[str, str] = {}

    def show(slots: Sequence[Slot]) -> None:
        for slot in slots:
            last = slot.last
            state = "no node" if last is None else f"{last.state} (try {len(slot.attempts)})"
            if shown.get(slot.label) != state:
                shown[slot.label] = state
                say(f"{slot.label}: {state}")

    return show
