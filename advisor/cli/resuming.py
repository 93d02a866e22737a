"""`probe --resume`: the journal of a run, from its begin to its end, and going on with one.

Knows options and where unfinished runs lie. It must not know what a journal holds of a launch.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from advisor.cli.asking_for import Asked
from advisor.cli.common import say
from advisor.errors import UserError
from advisor.files import state_directory
from advisor.owned import ForeignError

if TYPE_CHECKING:
    from advisor.measure.campaign import Campaign
    from advisor.measure.journal import Journal

RESUME_COMMAND = "fw-advisor probe --resume"
_ANEW = "leave --resume out to begin anew"
# These do something else than measure.
_BESIDE = ("workload_template", "models", "export_worker", "list_plan")
_MOST_TOLD = 5


def _option(name: str) -> str:
    return {"list_plan": "--list"}.get(name, f"--{name.replace('_', '-')}")


def _given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def refuse_beside(context: typer.Context) -> None:
    """Refuse options that measure nothing beside ``--resume``.

    Raises:
        UserError: one is given.
    """
    for name in _BESIDE:
        if _given(context, name):
            raise UserError(
                f"--resume and {_option(name)} do not go together: one goes on measuring, the "
                "other measures nothing",
                hint="give one of the two",
            )


@contextlib.contextmanager
def taken_up(context: typer.Context, asked: Asked) -> Iterator[tuple[Journal, Asked, list[Path]]]:
    """The latest interrupted run: its journal, what it was asked, and where its evidence goes.

    Raises:
        UserError: there is none, it cannot be trusted, or an option contradicts it.
    """
    from advisor.measure.journal import latest

    state = state_directory()
    journal = latest(state)
    if journal is None:
        raise UserError(
            "there is no interrupted run to go on with in this directory",
            hint="go to where it was begun, or begin one with: fw-advisor probe",
            where=str(state),
        )
    try:
        before = _read_asked(journal)
        for name in (f.name for f in dataclasses.fields(Asked)):
            _refuse_other(context, name, getattr(before, name), getattr(asked, name))
        yield journal, before, [Path(path) for path in journal.request.get("output", ())]
    finally:
        journal.close()


def _read_asked(journal: Journal) -> Asked:
    try:
        return Asked(**journal.request["asked"])
    except (KeyError, TypeError) as error:
        raise UserError(
            "the interrupted run was begun by another version of fw-advisor",
            hint=_ANEW,
            where=str(journal.place),
        ) from error


def _refuse_other(context: typer.Context, name: str, before: Any, now: Any) -> None:
    if not _given(context, name) or now == before:
        return
    option = _option(name)
    without = before is None or before is False or before == []
    was = f"no {option}" if without else f"{option} {before}"
    raise UserError(
        f"{option} contradicts the interrupted run, which was asked with {was}",
        hint=f"leave {option} out to go on with that run, or {_ANEW}",
    )


@contextlib.contextmanager
def kept(
    journal: Journal | None, asked: Asked, campaign: Campaign, output: Sequence[Path]
) -> Iterator[Journal | None]:
    """The journal for *campaign*: the one that is gone on with, or a new one.

    None where none can be written, which is said: what cannot be gone on with can be measured.

    Raises:
        UserError: what was measured before was measured under other conditions.
    """
    from advisor.measure.conditions import conditions_of
    from advisor.resources import resource_dir

    conditions = conditions_of(campaign, [resource_dir("rules"), *map(Path, asked.rules)])
    if journal is not None:
        _refuse_changed(journal, conditions)
        yield journal
        return
    request = {
        "asked": dataclasses.asdict(asked),
        "conditions": conditions,
        "output": [str(path.resolve()) for path in output],
    }
    journal = _begun(request)
    try:
        yield journal
    except Exception:
        # What failed before its first launch would fail again.
        if journal is not None and not journal.finished:
            journal.remove()
        raise
    finally:
        if journal is not None:
            journal.close()


def _begun(request: dict[str, Any]) -> Journal | None:
    from advisor.measure.journal import begin

    try:
        return begin(state_directory(), request)
    except ForeignError as error:
        why, where = error.message, error.where
    except OSError as error:
        why, where = error.strerror or str(error), error.filename
    say(f"! This run can't be gone on with where it is interrupted: {where}: {why}")
    return None


def _refuse_changed(journal: Journal, conditions: dict[str, Any]) -> None:
    from advisor.measure.conditions import differences

    changed = [
        f"{place} was {before}, is {now}"
        for place, before, now in differences(journal.request.get("conditions"), conditions)
    ]
    if changed:
        more = f"; and {len(changed) - _MOST_TOLD} more" if len(changed) > _MOST_TOLD else ""
        raise UserError(
            "the interrupted run cannot be gone on with, since its launches and later ones would "
            f"not be alike: {'; '.join(changed[:_MOST_TOLD])}{more}",
            hint=f"put back what changed, or {_ANEW}",
            where=str(journal.place),
        )


def end(journal: Journal | None, *, interrupted: bool) -> None:
    """After the evidence was written: remove the journal, or say how to go on."""
    if journal is None:
        return
    if not interrupted:
        journal.remove()
    elif journal.problem is not None:
        say(f"its later launches could not be kept for --resume: {journal.problem}")
    else:
        say(f"go on with it: {RESUME_COMMAND}")
