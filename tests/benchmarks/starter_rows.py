"""The first day's projects, run as whoever gets them runs them: to their goal, and on again.

Every project of every framework is written, trained with so many seeds, and its own tests are run.
Knows the command and what a project prints; never what is in it.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

from advisor.pair import FRAMEWORKS
from tests.benchmarks.harness import Row

TASKS = (
    "image",
    "language",
    "tabular_timeseries",
    "scientific_computing",
    "reinforcement_learning",
)
LIMIT_S = 60.0


def starters(seeds: int) -> list[Row]:
    """A row for each project, and one for how far the frameworks are apart in each task."""
    rows, reached = [], {}
    with TemporaryDirectory() as folder:
        for task in TASKS:
            for framework in FRAMEWORKS:
                place = Path(folder) / f"{framework}-{task}"
                row, values = _project(place, framework, task, seeds)
                rows.append(row)
                reached[framework, task] = values
    rows += [_apart(task, [reached[f, task] for f in FRAMEWORKS]) for task in TASKS]
    return rows


def _project(place: Path, framework: str, task: str, seeds: int) -> tuple[Row, list[float]]:
    command = ["-m", "advisor", "starter", "--framework", framework, "--task", task]
    _run([*command, "-o", str(place), "-q"], Path.cwd())
    values, seconds, name = [], [], ""
    for seed in range(seeds):
        begin = time.perf_counter()
        out = _run(["train.py", "--seed", str(seed), "--out", f"runs-{seed}"], place)
        seconds.append(time.perf_counter() - begin)
        name, _, value = out.stdout.strip().splitlines()[-1].partition(": ")
        values.append(float(value))
    tested = _run(["-m", "pytest", "-q", "-p", "no:cacheprovider"], place, check=False)
    passed = tested.returncode == 0
    seen = ", ".join(f"{value:.4g}" for value in values)
    text = f"{name} {seen}; {max(seconds):.0f} s at most; own tests {'pass' if passed else 'FAIL'}"
    row = Row(
        f"starter {framework} {task}",
        f"own tests pass, {LIMIT_S:.0f} s",
        text,
        passed and max(seconds) <= LIMIT_S,
        {"values": values, "seconds": seconds},
    )
    return row, values


def _apart(task: str, sides: Sequence[Sequence[float]]) -> Row:
    """Whether both frameworks end alike: their means no further apart than their seeds."""
    spread = max(max(side) - min(side) for side in sides)
    apart = abs(fmean(sides[0]) - fmean(sides[1]))
    seen = f"{apart:.3g} apart, seeds {spread:.3g}"
    return Row(f"both frameworks {task}", "as near as the seeds", seen, apart <= spread)


def _run(
    words: Sequence[str], place: Path, *, check: bool = True
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, cwd=place, check=check
    )
