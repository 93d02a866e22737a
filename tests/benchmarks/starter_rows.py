"""The first day's projects, run as whoever gets them runs them: to their goal, and on again.

Every project of every framework is written, trained with so many seeds, and its own tests are run;
what was seen is written as ``docs/starters.md``. Knows the command and what a project prints; never
what is in it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

from advisor.pair import FRAMEWORKS, TITLES
from tests.benchmarks.harness import Row

TASKS = (
    "image",
    "language",
    "tabular_timeseries",
    "scientific_computing",
    "reinforcement_learning",
)
LIMIT_S = 60.0
PAGE = Path("docs/starters.md")
_RESUMED = "test_a_resumed_run_ends_with_the_same_bits"


@dataclass(frozen=True)
class Project:
    """One project: what each seed reached, and what it took.

    `written_s` is what the command took, `trained_s` a whole training in a process of its own.
    """

    framework: str
    task: str
    measure: str
    values: tuple[float, ...]
    written_s: float
    trained_s: tuple[float, ...]
    resumed: bool
    tested: bool

    @property
    def first_result_s(self) -> float:
        """From the command to the end of the first training."""
        return self.written_s + self.trained_s[0]

    @property
    def row(self) -> Row:
        """The project as a line of the benchmarks."""
        seen = ", ".join(f"{value:.4g}" for value in self.values)
        tests = "pass" if self.tested else "FAIL"
        return Row(
            f"starter {self.framework} {self.task}",
            f"own tests pass, {LIMIT_S:.0f} s",
            f"{self.measure} {seen}; {self.first_result_s:.0f} s to the first; own tests {tests}",
            self.tested and self.resumed and self.first_result_s <= LIMIT_S,
            {"values": self.values, "seconds": self.trained_s},
        )


def starters(seeds: int) -> list[Row]:
    """A row for each project, and one for how far the frameworks are apart in each task."""
    with TemporaryDirectory() as folder:
        projects = [
            run_project(Path(folder) / f"{framework}-{task}", framework, task, seeds)
            for task in TASKS
            for framework in FRAMEWORKS
        ]
    PAGE.write_text(page(projects), "utf-8")
    return [*(p.row for p in projects), *(_apart(task, projects) for task in TASKS)]


def run_project(place: Path, framework: str, task: str, seeds: int) -> Project:
    """Write the project at *place*, train it with each seed, and run its own tests."""
    command = ["-m", "advisor", "starter", "--framework", framework, "--task", task]
    begin = time.perf_counter()
    _run([*command, "-o", str(place), "-q"], Path.cwd())
    written_s = time.perf_counter() - begin
    values, trained_s, name = [], [], ""
    for seed in range(seeds):
        begin = time.perf_counter()
        out = _run(["train.py", "--seed", str(seed), "--out", f"runs-{seed}"], place)
        trained_s.append(time.perf_counter() - begin)
        name, _, value = out.stdout.strip().splitlines()[-1].partition(": ")
        values.append(float(value))
    tested = _run(["-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider"], place, check=False)
    return Project(
        framework,
        task,
        name,
        tuple(values),
        written_s,
        tuple(trained_s),
        resumed=f"PASSED test_train.py::{_RESUMED}" in tested.stdout,
        tested=tested.returncode == 0,
    )


def _of_task(task: str, projects: Sequence[Project]) -> list[Project]:
    return [next(p for p in projects if (p.framework, p.task) == (f, task)) for f in FRAMEWORKS]


def _apart(task: str, projects: Sequence[Project]) -> Row:
    """Whether both frameworks end alike: their means no further apart than their seeds."""
    sides = [p.values for p in _of_task(task, projects)]
    spread = max(max(side) - min(side) for side in sides)
    apart = abs(fmean(sides[0]) - fmean(sides[1]))
    seen = f"{apart:.3g} apart, seeds {spread:.3g}"
    return Row(f"both frameworks {task}", "as near as the seeds", seen, apart <= spread)


_TEXT = """# The first day's projects, run

`fw-advisor starter` writes one of ten projects: five kinds of task in two frameworks. Each was
written by the command, trained by its `python train.py` with {seeds} seeds, each time in a process
of its own, and its own tests were run ({day}, {cores} CPU cores, frameworks installed before).

{table}

"To the first result" runs from the command `starter` until `train.py` has printed what it reached:
imports, data, compiling, every step and the evaluation. "Same bits" is the project's own test that
a run that was stopped and resumed ends with the parameters of one that was not.

Whether both frameworks reach the same, their means being no further apart than seeds of one
framework are:

{alike}

Made by `make bench ARGS=starters`. The times are of this machine, and of whatever else it did.
"""


def page(projects: Sequence[Project]) -> str:
    """What was seen as Markdown."""
    head = ["task", "framework", "reached", "by seed", "to the first result", "same bits", "tests"]
    rows = [head, ["---"] * len(head)]
    rows += [_cells(p) for task in TASKS for p in _of_task(task, projects)]
    alike = [["task", "means apart", "alike"], ["---"] * 3]
    for task in TASKS:
        row = _apart(task, projects)
        alike.append([task, row.seen, "yes" if row.reached else "NO"])
    return _TEXT.format(
        seeds=len(projects[0].values),
        day=datetime.now(UTC).date().isoformat(),
        cores=len(os.sched_getaffinity(0)),
        table=_markdown(rows),
        alike=_markdown(alike),
    )


def _cells(project: Project) -> list[str]:
    return [
        project.task,
        TITLES[project.framework],
        f"{project.measure} {fmean(project.values):.4g}",
        ", ".join(f"{value:.4g}" for value in project.values),
        f"{project.first_result_s:.0f} s",
        "yes" if project.resumed else "NO",
        "pass" if project.tested else "FAIL",
    ]


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(cells) + " |" for cells in rows)


def _run(
    words: Sequence[str], place: Path, *, check: bool = True
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, cwd=place, check=check
    )
