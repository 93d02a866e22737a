"""``fw-advisor fleet``: the same measurement on every kind of machine of a cluster."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from advisor.cli import app, completing
from advisor.cli.common import (
    JsonOption,
    NoColorOption,
    QuietOption,
    colour_wanted,
    emit_json,
    say,
)
from advisor.cli.flat import flat
from advisor.cli.measuring_options import (
    BudgetOption,
    DeviceOption,
    IncludeHostOption,
    ProfileOption,
)
from advisor.errors import ExitCode, NothingToMeasureError, UserError
from advisor.pair import FRAMEWORKS
from advisor.text import inert

if TYPE_CHECKING:
    from advisor.fleet.engine import Ended, Engine, Job, Node
    from advisor.fleet.kinds import SeenNode
    from advisor.fleet.orchestrating import Attempt, Patience, Slot
    from advisor.measure.wishes import Wishes

DIRECTORY = Path("fw-advisor-fleet")
_PLAN = "probe.plan.json"


@dataclass(frozen=True, kw_only=True)
class FleetOptions:
    """What `fleet` takes, in the order in which its help lists it."""

    address: Annotated[
        str,
        typer.Option(
            "--address", metavar="auto|HOST:PORT|local", help="The cluster of Ray's to measure on."
        ),
    ] = "auto"
    per_kind: Annotated[
        int, typer.Option("--per-kind", min=1, metavar="N", help="So many nodes of each kind.")
    ] = 1
    list_nodes: Annotated[
        bool, typer.Option("--list", help="Show the kinds of node; measure nothing.")
    ] = False
    python: Annotated[
        list[str] | None,
        typer.Option(
            "--python",
            metavar="[KIND:]FRAMEWORK=PATH",
            help="torch=PATH or jax=PATH: an interpreter of the nodes, of one kind where it is "
            "named. Repeatable.",
        ),
    ] = None
    runtime_env: Annotated[
        Path | None,
        typer.Option(
            "--runtime-env",
            metavar="REQUIREMENTS.txt",
            help="Pinned packages that Ray installs, for the job alone, on nodes that lack a "
            "framework.",
        ),
    ] = None
    profile: ProfileOption = "standard"
    budget: BudgetOption = None
    device: DeviceOption = None
    task: Annotated[
        str | None,
        typer.Option(
            "--task",
            metavar="TASK",
            autocompletion=completing.tasks,
            help="The probes of this task.",
        ),
    ] = None
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only", metavar="PROBE", autocompletion=completing.probes, help="Only this probe."
        ),
    ] = None
    model: Annotated[
        list[str] | None,
        typer.Option("--model", metavar="FAMILY[:PRESET]", help="A model, measured instead."),
    ] = None
    size: Annotated[
        list[str] | None, typer.Option("--size", metavar="KEY=VALUE", help="A size of the model.")
    ] = None
    workload: Annotated[
        list[Path] | None,
        typer.Option("--workload", metavar="FILE.py", help="Your own step, which runs there."),
    ] = None
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Seed of the schedule.")] = 0
    limit: Annotated[
        str, typer.Option("--limit", metavar="TIME", help="At most so long for a node.")
    ] = "6h"
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for nodes that others hold, however long.")
    ] = False
    include_host: IncludeHostOption = False
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="Where the files go.")
    ] = DIRECTORY
    json: JsonOption = False
    quiet: QuietOption = False
    no_color: NoColorOption = False


@app.command()
@flat
def fleet(options: FleetOptions) -> int:
    """Measure on many machines through Ray.

    One evidence file for each kind of machine.
    """
    from advisor.cli import fleet_view
    from advisor.cli.exporting import worker_archive
    from advisor.cli.measuring import parse_budget
    from advisor.fleet.orchestrating import Patience
    from advisor.fleet.ray_engine import RayEngine

    asked = _asked(options)
    _refuse_unusable(options.output)
    patience = Patience(
        limit_s=parse_budget(options.limit) or Patience.limit_s,
        begin_s=None if options.wait else Patience.begin_s,
    )
    cut, run = "", None
    with (
        _stopped_by_signals(),
        _stdout_of_our_own(),
        contextlib.closing(RayEngine(options.address, worker_archive())) as engine,
    ):
        seen = _look(engine, asked, patience, quiet=options.quiet)
        if not options.list_nodes:
            run = _Run(
                engine, asked, seen, options.output, patience=patience, hosts=options.include_host
            )
            with fleet_view.live(
                quiet=options.quiet, colour=colour_wanted(options.no_color)
            ) as show:
                cut = run.measure(options.per_kind, show)
    if run is None:
        return fleet_view.list_kinds(seen, json=options.json)
    return run.told(cut, json=options.json, quiet=options.quiet)


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What every node measures; `pythons` are (kind or empty, ``torch=PATH``).

    `packages` are for nodes that lack a framework and whose kind has no interpreter named.
    """

    wishes: Wishes
    pythons: Sequence[tuple[str, str]]
    workloads: Sequence[Path]
    packages: tuple[str, ...] = ()

    def job(self, kind: str, label: str, frameworks: Collection[str] = FRAMEWORKS) -> Job:
        """The measurement on a node of *kind*, which has these *frameworks*."""
        from advisor.fleet.engine import Job
        from advisor.jsonio import dumps
        from advisor.measure.wishes import PLAN_SCHEMA, wishes_document

        plan = dumps({"schema": PLAN_SCHEMA, "wishes": wishes_document(self.wishes)})
        options = ["--plan", f"{{place}}/{_PLAN}", "--label", label]
        for text in self.pythons_of(kind):
            options += ["--python", text]
        for number, path in enumerate(self.workloads):
            options += ["--workload", f"{{place}}/{number}-{path.name}"]
        own = {f"{n}-{path.name}": path.read_bytes() for n, path in enumerate(self.workloads)}
        lacking = not self.pythons_of(kind) and set(FRAMEWORKS) - set(frameworks)
        return Job(
            options=tuple(options),
            files={_PLAN: plan.encode("utf-8"), **own},
            packages=self.packages if lacking else (),
        )

    def look(self) -> Job:
        """A look at a node, whose kind nobody knows yet."""
        import pkgutil

        from advisor.fleet.engine import Job

        program = (pkgutil.get_data("advisor.fleet", "survey.py") or b"").decode("utf-8")
        return Job(options=tuple(self.pythons_of("")), program=program, whole=False)

    def pythons_of(self, kind: str) -> list[str]:
        """``torch=PATH`` of what was given for *kind*, or else for all."""
        return [text for of, text in self.pythons if of == kind] or [
            text for of, text in self.pythons if not of
        ]


def _asked(options: FleetOptions) -> _Asked:
    from advisor.cli.asking_for import of_task
    from advisor.cli.measuring import CPU, make_wishes, parse_budget
    from advisor.cli.models import checked_texts
    from advisor.cli.own_files import own_file
    from advisor.fleet.packages import packages_of

    texts = checked_texts(options.model or [], options.size or [])
    alone: dict[str, Any] = {"probes": ()} if texts and not options.only else {}
    wishes = make_wishes(
        **(of_task(options.task, [], []) or alone),
        models=texts,
        profile=options.profile,
        only=tuple(options.only or ()),
        device=options.device or CPU,
        budget_s=parse_budget(options.budget),
        seed=options.seed,
    )
    return _Asked(
        wishes=wishes,
        pythons=[_python_of(text) for text in options.python or ()],
        workloads=[Path(own_file(path)) for path in options.workload or ()],
        packages=packages_of(options.runtime_env) if options.runtime_env is not None else (),
    )


def _python_of(text: str) -> tuple[str, str]:
    from advisor.measure.request import parse_pythons

    kind, separator, rest = text.partition(":")
    named = bool(separator) and "=" not in kind
    parse_pythons([rest if named else text])
    return (kind, rest) if named else ("", text)


def _refuse_unusable(place: Path) -> None:
    """Find out before measuring for minutes, not after."""
    if place.exists() and not place.is_dir():
        raise UserError("is no directory", hint="give one with: -o DIR", where=str(place))


def _look(engine: Engine, asked: _Asked, patience: Patience, *, quiet: bool) -> list[SeenNode]:
    """What every node is and holds.

    Raises:
        NothingToMeasureError: there is none that could be measured.
    """
    from advisor.fleet.engine import ClusterGoneError
    from advisor.fleet.orchestrating import look_at

    say("looking at the nodes", quiet=quiet)
    try:
        seen = look_at(
            engine,
            asked.look(),
            _surveyed,
            clock=time.monotonic,
            sleep=time.sleep,
            patience=patience,
        )
    except ClusterGoneError as error:
        raise UserError(f"the cluster went away while it was looked at: {error}") from error
    if not seen:
        raise NothingToMeasureError(
            "no node of the cluster lives and has CPUs to give",
            hint="see what it has with: ray status",
        )
    return seen


def _surveyed(node: Node, ended: Ended) -> SeenNode:
    from advisor.fleet.kinds import SeenNode
    from advisor.jsonio import parse_json

    try:
        data = parse_json(ended.output, name="look")
    except UserError:
        data = None
    if ended.code or not isinstance(data, dict) or not isinstance(data.get("machine"), dict):
        last = next(iter(reversed(ended.talk.strip().splitlines())), "")
        return SeenNode(node, problem=inert(last, limit=200) or "failed")
    return SeenNode(node, data)


class _Run:
    """One run over the picked nodes, and the files that it leaves."""

    def __init__(
        self,
        engine: Engine,
        asked: _Asked,
        seen: Sequence[SeenNode],
        place: Path,
        *,
        patience: Patience,
        hosts: bool,
    ) -> None:
        from advisor.fleet.kinds import kinds_of

        self._engine = engine
        self._asked = asked
        self._kinds = kinds_of(seen)
        self._unseen = [node for node in seen if not node.survey]
        self._frameworks = {node.node.id: node.frameworks for node in seen}
        self._place = place
        self._patience = patience
        self._hosts = hosts
        self._slots: list[Slot] = []

    def measure(self, per_kind: int, show: Callable[[Sequence[Slot]], None]) -> str:
        """Measure, and write each file when it is there; what cut it short."""
        from advisor.fleet.orchestrating import Fleet, picked

        self._refuse_unknown_kinds()
        self._slots = picked(self._kinds, per_kind)
        fleet_run = Fleet(
            self._engine,
            self._kinds,
            make=lambda slot, node: self._asked.job(
                slot.kind, slot.label, self._frameworks.get(node.id, {})
            ),
            keep=self._keep,
            clock=time.monotonic,
            sleep=time.sleep,
            patience=self._patience,
            show=show,
        )
        return fleet_run.run(self._slots)

    def told(self, cut: str, *, json: bool, quiet: bool) -> int:
        """Write the list and say what came of it; returns the exit code."""
        from advisor.cli import fleet_view
        from advisor.fleet.listing import listing_of, write_listing

        path = write_listing(self._place, self._slots, self._unseen)
        document = listing_of(self._slots, self._unseen)
        for row in document["nodes"]:
            say(fleet_view.result_line(row), quiet=quiet and row["evidence"] is not None)
        if json:
            emit_json(document)
        kept = any(slot.kept for slot in self._slots)
        decide = f"; decide with: fw-advisor advise --answers ANSWERS.yaml --evidence {path}"
        say(f"wrote {path}{decide if kept else ''}", quiet=quiet)
        if cut == "interrupted":
            say("interrupted; what was finished is kept")
            return ExitCode.INTERRUPTED
        if not kept:
            return ExitCode.NOTHING_TO_MEASURE
        whole = all(row["state"] == "measured" for row in document["nodes"])
        return ExitCode.DONE if whole else ExitCode.INCOMPLETE

    def _keep(self, slot: Slot, attempt: Attempt) -> bool:
        from advisor.cli.models import with_carry_over
        from advisor.fleet.listing import evidence_of, write_evidence, write_listing

        host = inert(attempt.node.host, limit=60) if self._hosts else ""
        evidence = evidence_of(slot, attempt, host)
        if evidence is None:
            return False
        write_evidence(self._place, slot, with_carry_over(evidence))
        # Listed at once: a driver that dies later costs nothing that was measured.
        slot.kept = True
        write_listing(self._place, self._slots, self._unseen)
        return True

    def _refuse_unknown_kinds(self) -> None:
        names = [kind.name for kind in self._kinds]
        for of, _ in self._asked.pythons:
            if of and of not in names:
                raise UserError(
                    f"--python names the kind {of[:60]!r}, which the cluster does not have",
                    hint=f"it has: {', '.join(names)}",
                )


@contextlib.contextmanager
def _stdout_of_our_own() -> Iterator[None]:
    """Whatever Ray prints meanwhile goes nowhere: stdout carries results only."""
    sys.stdout.flush()
    ours, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
        os.dup2(ours, 1)
        os.close(ours)


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
