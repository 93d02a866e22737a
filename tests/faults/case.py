"""One fault and one command that it hits: what is run, where, and what is expected.

A fault changes the `Case` from outside before the process starts (files, limits, descriptors, the
environment), or acts on the `Running` process. It never reaches into the product.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.faults.terminal import Terminal

TODAY = "2026-11-26"
EVIDENCE_OUT, PAGE_OUT, TEXT_OUT = "out/evidence.json", "out/report.html", "out/report.txt"
ANSWERS = ("--answers", "answers.yaml")
EVIDENCE = ("--evidence", "evidence.json")
COMMANDS: dict[str, tuple[str, ...]] = {
    "advise": ("advise", *ANSWERS, *EVIDENCE, "--json"),
    "advise-page": ("advise", *ANSWERS, *EVIDENCE, "-o", PAGE_OUT),
    "advise-text": ("advise", *ANSWERS, *EVIDENCE, "-o", TEXT_OUT),
    "report": ("report", "decision.json", "--json"),
    "report-screen": ("report", "decision.json"),
    "report-text": ("report", "decision.json", "-o", TEXT_OUT),
    "report-page": ("report", "decision.json", "-o", PAGE_OUT),
    "check": ("check", "decision.json", "--today", TODAY, "--json"),
    "claims": ("claims", *EVIDENCE, "--json"),
    "compare": ("compare", "evidence.json", "evidence.json", "--json"),
    "evidence-add": ("evidence", "add", "evidence.json", "--library", "library", "--json"),
    "scan": ("scan", "code", "--json"),
    "doctor": ("doctor", "--json"),
    "probe": ("probe", "--only", "fake", "--json"),
    "probe-file": ("probe", "--only", "fake", "-o", EVIDENCE_OUT),
    "interview-asks": ("interview", "--no-probe"),
    "interview": (
        *("interview", "--no-input", "--no-probe", *ANSWERS, *EVIDENCE),
        *("-o", "out/decision.json", "--json"),
    ),
}
"""What is run, from a directory that holds good files. Those below run with the fake worker."""

FAKED = frozenset({"doctor", "probe", "probe-file"})
USUAL: dict[str, tuple[int, ...]] = {"check": (0, 5)}
"""Exit codes of a command that nothing hits; 0 where it is not here."""

GIVE_UP_S = 90.0
OLD = "what stood here before\n"


@dataclass
class Running:
    """A process that was started, as the one who injects sees it."""

    process: subprocess.Popen[bytes]
    case: Case
    terminal: Terminal | None = None

    @property
    def place(self) -> Path:
        """The directory of the case."""
        return self.case.place


Act = Callable[[Running], None]
Inject = Callable[["Case"], None]


@dataclass
class Case:
    """What will be started; a fault changes it."""

    place: Path
    command: str
    argv: list[str]
    env: dict[str, str]
    python: list[str] = field(default_factory=list)
    shell: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    """Put before everything, as in ``unshare -m``."""
    act: Act | None = None
    stdin: bytes | None = None
    script: dict[str, Any] = field(default_factory=dict)
    """Added to the script of the fake worker."""
    terminal: bool = False

    @property
    def json(self) -> bool:
        """Whether one JSON document was asked for on stdout."""
        return "--json" in self.argv

    def replaced(self, old: str, new: str) -> None:
        """Put *new* where *old* stands in the command."""
        self.argv = [new if word == old else word for word in self.argv]


@dataclass(frozen=True)
class Fault:
    """One row of the matrix.

    Attributes:
        id: Stable name.
        injected: What is done, for the table.
        commands: Which of `COMMANDS` it can hit.
        codes: The exit codes that are right; a command's usual ones where empty.
        says: What stderr has to hold.
        how: What injects it.
        quick: How many of its commands run in ``make test``, from the first on.
        needs: What this machine has to allow (``root``, ``mounts``).
        undone: Whether the fault has gone with its process, so that the next run has to work.
        kept: Files that have to be there afterwards, what was finished in them.
        mute: Which streams cannot be read, so that nothing is asked of them: ``o``, ``e``.
    """

    id: str
    injected: str
    commands: tuple[str, ...]
    how: Inject
    codes: tuple[int, ...] = ()
    says: str = ""
    quick: int = 1
    needs: tuple[str, ...] = ()
    undone: bool = False
    kept: tuple[str, ...] = ()
    mute: str = ""


@dataclass(frozen=True)
class Outcome:
    """What happened, and what of it must not."""

    fault: Fault
    command: str
    code: int | None
    out: bytes
    err: str
    seconds: float
    orphans: Sequence[str] = ()
    wrong: Sequence[str] = ()
