"""From a command's options to a measuring campaign: shared by `probe`, `interview`, `selftest`.

Puts together what was found (machine, toolchains) and what was asked for. Measures nothing.
"""

from __future__ import annotations

import datetime as dt
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from advisor.devices import CPU
from advisor.errors import UserError
from advisor.measure.request import LOCK_WAIT_S, campaign_for, parse_budget, parse_pythons, specs_of
from advisor.measure.wishes import make_wishes
from advisor.pair import FRAMEWORK_WORDS, FRAMEWORKS
from advisor.resources import resource_dir
from advisor.text import inert
from advisor.workers.environment import KEEP_ENV

if TYPE_CHECKING:
    from advisor.evidence import Notice
    from advisor.machine.mends import Mends
    from advisor.machine.toolchains import InstalledToolchain
    from advisor.measure.campaign import Campaign
    from advisor.measure.progress import Progress
    from advisor.measure.wishes import Wishes

__all__ = [
    "CPU",
    "INSTALL_HINT",
    "Surroundings",
    "cache_dir",
    "keep_variables",
    "look_around",
    "make_campaign",
    "make_wishes",
    "parse_budget",
    "parse_pythons",
    "specs_of",
    "today",
    "with_named",
    "worker_script",
]

INSTALL_HINT = (
    "install them beside fw-advisor with: pip install 'fw-advisor[frameworks]', or point to an "
    "environment that has them with: --python torch=PATH --python jax=PATH"
)


@dataclass(frozen=True)
class Surroundings:
    """What was found here: the machine's description and the interpreters with frameworks."""

    machine: dict[str, Any]
    toolchains: tuple[InstalledToolchain, ...]
    notices: tuple[Notice, ...] = ()


def host_label(include: bool) -> str | None:
    """The name of this machine where it is wanted in what is written."""
    import platform

    return platform.node() or None if include else None


def today() -> str:
    """The date in UTC, for documents that are made now."""
    return dt.datetime.now(dt.UTC).date().isoformat()


def worker_script() -> tuple[str, ...]:
    """What an interpreter runs to become a worker."""
    return (str(resource_dir("probes")),)


def cache_dir() -> Path:
    """Where a passed self-test is remembered."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("fw-advisor"))


def lock_wait_s(wait: bool) -> float:
    """How long to wait for another run to end: for ever with *wait*."""
    return math.inf if wait else LOCK_WAIT_S


def with_named(requested: Sequence[str], named: Mapping[str, str]) -> tuple[str, ...]:
    """*requested*, and the interpreters *named* in answers for frameworks that it leaves out."""
    asked = parse_pythons(requested)
    more = [f"{word}={path}" for word, path in named.items() if FRAMEWORK_WORDS[word] not in asked]
    return (*requested, *more)


def keep_variables(names: Sequence[str]) -> None:
    """Let workers have these variables of the environment, which are dropped otherwise.

    Raises:
        UserError: one of them is not set.
    """
    missing = [name for name in names if name not in os.environ]
    if missing:
        raise UserError(
            f"--keep-env {missing[0]!r} is not set here", hint=f"export {missing[0]}=... first"
        )
    if names:
        os.environ[KEEP_ENV] = ",".join(names)


def load_mends() -> Mends:
    """The shipped mends.

    Raises:
        UserError: the file was changed and is not valid any more.
    """
    from advisor.machine.mends import mends_from

    return mends_from(mends_data(), name="mends.yaml")


def mends_data() -> Any:
    """What stands in mends.yaml, with the install lines of installs.yaml written out.

    Raises:
        UserError: one of the files cannot be read, or they do not go together.
    """
    from advisor.knowledge.yamlio import read_yaml
    from advisor.machine.mends import with_lines

    rules = resource_dir("rules")
    rows = read_yaml(rules / "installs.yaml").data["installs"]
    document = read_yaml(rules / "mends.yaml")
    lines = {row["id"]: row["command"] for row in rows}
    return with_lines(document.data, lines, name=document.name)


def look_around(
    requested: Sequence[str] = (), *, device: str | None = None, label: str | None = None
) -> Surroundings:
    """Describe the machine and find the interpreters, those *requested* (``torch=PATH``) first.

    Without a *device* the CPU is meant, with a notice where an accelerator is here. *label* is
    what reports call this machine. A toolchain that lacks the *device* gets that as
    its problem, with the cause: a CPU's time is never compared with an accelerator's.

    Raises:
        UserError: a request of another shape.
    """
    from advisor.machine.choosing import toolchains_on, unused_accelerator
    from advisor.machine.describe import describe_machine
    from advisor.machine.mends import Mends

    machine = describe_machine()
    toolchains = toolchains_on(
        device or CPU,
        parse_pythons(requested),
        worker=worker_script(),
        machine=machine,
        mends=load_mends() if device not in (None, CPU) else Mends(),
    )
    if label:
        machine["label"] = inert(label, limit=100)
    unused = unused_accelerator(CPU, machine) if device is None else None
    return Surroundings(machine, tuple(toolchains), (unused,) if unused else ())


def look_around_best(
    requested: Sequence[str] = (),
    *,
    label: str | None = None,
    begin: Callable[[str], None] = lambda _: None,
) -> tuple[Surroundings, str | None]:
    """What `look_around` finds on the accelerator of this machine, and the word for it.

    *begin* is told what the accelerator is called before frameworks are started on it, which takes
    seconds.

    Where it has none, or one of the two frameworks cannot use it: on the CPU, and None, with a
    notice that says why.

    Raises:
        UserError: a request of another shape.
    """
    from advisor.evidence import Notice
    from advisor.machine.choosing import accelerator_here

    around = look_around(requested, label=label)
    word = accelerator_here(around.machine)
    if word is None:
        return around, None
    names = [str(one["name"]) for one in around.machine.get("accelerators") or []]
    begin(names[0] if names else word)
    there = look_around(requested, device=word, label=label)
    unable = [t for t in there.toolchains if t.problem is not None]
    if set(FRAMEWORKS) <= {t.framework for t in there.toolchains if t.problem is None}:
        return there, word
    notices = [
        Notice(
            "accelerator-left-out",
            "warning",
            values={
                "device": word,
                "framework": one.framework,
                "because": (one.problem or {}).get("text", ""),
                "mend": (one.problem or {}).get("hint", ""),
            },
        )
        for one in unable
    ]
    return replace(around, notices=tuple(notices) or around.notices), None


def make_campaign(
    around: Surroundings,
    wishes: Wishes,
    report: Callable[[Progress], None] = lambda _: None,
    *,
    own: Sequence[str] = (),
    unlike: Mapping[str, Sequence[str]] | None = None,
    wait: bool = False,
) -> Campaign:
    """The campaign for *wishes* with what was found; *own* are files with the user's steps.

    With *wait* it begins when whoever else measures here has ended, however long that takes.

    Raises:
        NothingToMeasureError: no interpreter holds a framework.
    """
    return campaign_for(
        wishes,
        around.toolchains,
        around.machine,
        worker=worker_script(),
        cache=cache_dir(),
        created=today(),
        install_hint=INSTALL_HINT,
        own=own,
        unlike=unlike,
        notices=around.notices,
        lock_wait_s=lock_wait_s(wait),
        report=report,
    )
