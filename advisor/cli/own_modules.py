"""A user's own module on the command line: which function of which file, and what stands for it.

Asks a worker for the module's census before anything is timed, and picks the family that is
measured beside it. Knows options and paths; it must not know what a module holds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from advisor.errors import UserError
from advisor.pair import framework_of
from advisor.render.wording import name_of
from advisor.render.wording import say as worded

if TYPE_CHECKING:
    from advisor.machine.toolchains import InstalledToolchain
    from advisor.measure.census import Nearest

_HINT = "write --module model.py:make, where make() returns (module, example inputs)"


@dataclass(frozen=True)
class AskedModule:
    """``FILE.py:NAME``, the file with its whole path; inference where it is not trained."""

    path: str
    name: str
    trains: bool

    @property
    def source(self) -> str:
        """What a worker is given."""
        return f"{self.path}:{self.name}" + ("" if self.trains else ":infer")

    @property
    def id(self) -> str:
        """What its probe and its work are called."""
        return f"module:{self.name}"


@dataclass(frozen=True)
class Seen:
    """What a look at a module gave.

    Attributes:
        nearest: The family that stands for it.
        text: That family at the module's sizes, as ``--model`` writes it; empty where none is.
        unlike: By model of a work what the module has and the measurement does not.
        told: The same in words.
    """

    nearest: Nearest
    text: str
    unlike: dict[str, list[str]]
    told: str

    def models(self, asked: Sequence[str]) -> tuple[str, ...]:
        """The family to be measured beside; none where models are *asked* for by name."""
        return () if asked or not self.text else (self.text,)


def module_asked(text: str | None, *, infer: bool, workloads: Sequence[Path]) -> AskedModule | None:
    """What ``--module`` asks for, or None without it.

    Raises:
        UserError: no Python file, no name, or something beside it that cannot be.
    """
    if text is None:
        if infer:
            raise UserError("--infer says nothing without --module", hint=_HINT)
        return None
    if workloads:
        raise UserError(
            "--module and --workload do not go together", hint="measure one, then the other"
        )
    file, colon, name = text.rpartition(":")
    if not colon or not re.fullmatch(r"[^\W\d]\w*", name):
        raise UserError(f"--module {text!r} is no FILE.py:NAME", hint=_HINT)
    path = Path(file)
    if path.suffix != ".py" or not path.is_file():
        raise UserError("is no Python file that could be measured", hint=_HINT, where=file)
    return AskedModule(str(path.resolve()), name, trains=not infer)


def look_at(asked: AskedModule, toolchains: Sequence[InstalledToolchain]) -> Seen:
    """The census of the module, by the first interpreter that holds what it is written in.

    Raises:
        UserError: its framework is not here, or something in the user's file is wrong.
    """
    from advisor.cli.measuring import INSTALL_HINT, worker_script
    from advisor.measure.catalogue import read_catalogue
    from advisor.measure.census import nearest, take_census
    from advisor.workers.workspace import workspace

    with workspace() as place:
        [offered] = read_catalogue(worker_script(), place, [asked.source])
        framework = framework_of(offered.modes[0])
        able = [t for t in toolchains if t.framework == framework and t.problem is None]
        if not able:
            name = name_of(framework)
            raise UserError(f"--module needs {name}, which was not found here", hint=INSTALL_HINT)
        interpreter = able[0].interpreter
        census = take_census(worker_script(), interpreter, place, asked.source, framework=framework)
        near = nearest(census)
        text = _sized(worker_script(), place, near)
    unlike = {asked.id: list(near.own_unlike)}
    if near.family:
        unlike[near.family] = list(near.unlike)
    return Seen(near, text, unlike, _told(near, text, census.get("not_exported")))


def _sized(worker: Sequence[str], place: Path, near: Nearest) -> str:
    """The family at the module's sizes, where it has them; at its usual ones otherwise."""
    from advisor.measure.models import asked_models

    if near.family is None:
        return ""
    size = dict(near.size)
    while True:
        text = f"{near.family}:{json.dumps(size)}"
        try:
            asked_models(worker, place, [text])
        except UserError as error:
            wrong = next((k for k in size if re.match(rf"{k}\b", error.message)), None)
            wrong = wrong or next((k for k in size if re.search(rf"\b{k}\b", error.message)), None)
            if wrong is None:
                return near.family
            del size[wrong]
        else:
            return text


def _told(near: Nearest, text: str, not_exported: str | None) -> str:
    lines = []
    if near.family is None:
        lines.append(worded("work.module.no_family"))
    else:
        lines.append(worded("work.module.family", model=text))
    if near.unlike:
        lines.append(worded("work.unlike", parts=list(near.unlike)))
    if not_exported:
        lines.append(worded("work.module.not_exported", reason=not_exported))
    return "\n".join(lines)
