"""All of the fault matrix, kills at random moments, and fuzzing; writes ``docs/faults.md``."""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.benchmarks.harness import Row
from tests.faults.case import Fault, Outcome
from tests.faults.fuzzing import PARSERS, crashes
from tests.faults.matrix import FAULTS, missing
from tests.faults.page import page
from tests.faults.place import ROOT, make_template
from tests.faults.running import next_run, run_fault

MOMENTS = 50
SPOILT = 10_000
_KILLED = ("kill-driver", "kill-worker", "kill-guardian")


@contextmanager
def _places() -> Iterator[Path]:
    # A shell that starts a bench behind itself makes it, and all that it starts, deaf to these.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    base = Path(tempfile.mkdtemp(prefix="faults-"))
    # Other users run some of the cases.
    base.chmod(0o755)
    try:
        yield base
    finally:
        shutil.rmtree(base, ignore_errors=True)


def _hit(fault: Fault, command: str, base: Path) -> Outcome:
    """One row and one command, and the same command afterwards without the fault."""
    template, place = base / "template", base / "place"
    if not template.exists():
        make_template(template)
    outcome = run_fault(fault, command, template, place)
    if fault.undone and not outcome.wrong:
        outcome = replace(outcome, wrong=next_run(command, template, place))
    for left in base.iterdir():
        if left != template:
            shutil.rmtree(left, ignore_errors=True)
    mark = "ok " if not outcome.wrong else "BAD"
    shown = "; ".join(outcome.wrong)
    print(f"{mark} {fault.id} {command} {outcome.code} {shown}", file=sys.stderr, flush=True)
    return outcome


def faults(groups: int) -> list[Row]:
    """Every fault into every command that it can hit, once."""
    del groups
    outcomes: list[Outcome] = []
    skipped: list[Fault] = []
    with _places() as base:
        for fault in FAULTS:
            if missing(fault):
                skipped.append(fault)
                continue
            outcomes += [_hit(fault, command, base) for command in fault.commands]
    (ROOT / "docs" / "faults.md").write_text(page(outcomes, skipped), "utf-8")
    return _rows(f"{len(FAULTS) - len(skipped)} faults, {len(outcomes)} runs", outcomes)


def _rows(what: str, outcomes: list[Outcome]) -> list[Row]:
    def count(*words: str) -> int:
        return sum(any(w in wrong for w in words for wrong in o.wrong) for o in outcomes)

    kinds = {
        "wrong exit codes": count("exit code", "did not end"),
        "tracebacks": count("shows"),
        "without words": count("does not say"),
        "orphans": count("left behind"),
        "broken or lost files": count("broken", "cut off", "half a file", "JSON", "next run"),
    }
    return [Row(f"{what}: {k}", "0", str(n), n == 0, {k: n}) for k, n in kinds.items()]


def kills(groups: int) -> list[Row]:
    """``kill -9`` of driver, worker and guardian at *groups* random moments each."""
    rows = {fault.id: fault for fault in FAULTS}
    outcomes = []
    with _places() as base:
        for name in _KILLED:
            outcomes += [_hit(rows[name], "probe-file", base) for _ in range(groups)]
    return _rows(f"kill -9 at {len(outcomes)} moments", outcomes)


def fuzz(groups: int) -> list[Row]:
    """Spoilt bytes, *groups* for each parser, other ones than ``make test`` reads."""
    rows = []
    with _places() as base:
        for name in PARSERS:
            found = crashes(name, base, groups, first=1_000_000)
            for line in found:
                print(f"BAD {name} {line}", file=sys.stderr, flush=True)
            seen = f"{len(found)} crashes"
            rows.append(Row(f"{groups:,} spoilt {name}", "0 crashes", seen, not found))
    return rows
