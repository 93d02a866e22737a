"""The article's example, repaired: handwritten digits to 95 %, in both frameworks.

The image project of ``starter`` is run in processes of its own, from cold start, and looked at once
per epoch. Writes the page and its curves where it is told to:
``python -m tests.benchmarks.case_rows --page docs/case-image-classification.md``.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean, stdev
from tempfile import TemporaryDirectory

from advisor.pair import FRAMEWORKS, TITLES
from advisor.ratio import t_quantile
from tests.benchmarks.harness import Row
from tests.probes.article_faults import JAX_FAULTS, TORCH_FAULTS
from tests.probes.article_faults import table as faults_table

WANTED, EPOCHS, STEPS_PER_EPOCH = 0.95, 30, 23

# What both runners share: when the process began is told by whoever started it.
_TOLD = """
import json, resource, sys, time
began, seed, epochs, steps = float(sys.argv[1]), *map(int, sys.argv[2:5])
looks = []
def look(accuracy):
    looks.append((time.time() - began, accuracy))
def tell(version):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"looks": looks, "peak_bytes": peak, "version": version}))
"""
RUNNERS = {
    "pytorch": _TOLD
    + """
import torch, work
torch.manual_seed(seed)
work_ = work.Work(seed, "cpu")
for epoch in range(epochs):
    for n in range(steps):
        work_.step(epoch * steps + n)
    look(work_.evaluate()["accuracy"])
tell(torch.__version__)
""",
    "jax": _TOLD
    + """
import jax, work
key, work_ = jax.random.key(seed), work.Work()
state = work_.init(jax.random.fold_in(key, 0))
advance = jax.jit(work_.step, donate_argnums=0)
for epoch in range(epochs):
    for n in range(steps):
        state, _ = advance(state, jax.random.fold_in(key, epoch * steps + n + 1))
    look(work_.evaluate(state)["accuracy"])
tell(jax.__version__)
""",
}


@dataclass(frozen=True)
class CaseRun:
    """One run: seconds since cold start and accuracy after each epoch, and what it took."""

    looks: Sequence[tuple[float, float]]
    peak_bytes: float
    version: str

    @property
    def reached(self) -> tuple[int, float] | None:
        """The epoch and the second in which the wanted accuracy was first there."""
        hits = [(n, s) for n, (s, accuracy) in enumerate(self.looks, 1) if accuracy >= WANTED]
        return hits[0] if hits else None


def case(seeds: int) -> list[Row]:
    """A row per framework: seconds from cold start to the wanted accuracy."""
    runs, _ = measured(seeds)
    rows = []
    for framework, of_framework in runs.items():
        hits = [run.reached for run in of_framework]
        seconds = [hit[1] for hit in hits if hit is not None]
        seen = spread(seconds, "{:.1f}") + " s from cold start" if seconds else "never"
        rows.append(Row(f"digits to 95 % {framework}", "every seed", seen, all(hits)))
    return rows


def measured(seeds: int) -> tuple[dict[str, list[CaseRun]], dict[str, int]]:
    """Runs by framework, taken in turn, and lines of code of what is the user's."""
    runs: dict[str, list[CaseRun]] = {framework: [] for framework in FRAMEWORKS}
    lines = {}
    with TemporaryDirectory() as folder:
        for framework in FRAMEWORKS:
            place = Path(folder) / framework
            words = ["-m", "advisor", "starter", "--framework", framework, "--task", "image"]
            subprocess.run([sys.executable, *words, "-o", str(place), "-q"], check=True)
            (place / "runner.py").write_text(RUNNERS[framework], "utf-8")
            lines[framework] = sum(_code_lines(place / n) for n in ("work.py", "train.py"))
        for seed in range(-1, seeds):
            for framework in FRAMEWORKS:
                run = _run(Path(folder) / framework, max(seed, 0))
                # The first of each fills the file system's cache and is not counted.
                if seed >= 0:
                    runs[framework].append(run)
    return runs, lines


def _run(place: Path, seed: int) -> CaseRun:
    words = [str(time.time()), str(seed), str(EPOCHS), str(STEPS_PER_EPOCH)]
    done = subprocess.run(
        [sys.executable, "runner.py", *words], capture_output=True, text=True, cwd=place, check=True
    )
    seen = json.loads(done.stdout)
    return CaseRun(seen["looks"], seen["peak_bytes"], seen["version"])


def _code_lines(path: Path) -> int:
    lines = (line.strip() for line in path.read_text("utf-8").splitlines())
    return sum(bool(line) and not line.startswith("#") for line in lines)


def spread(values: Sequence[float], form: str) -> str:
    """The mean and its 95 % interval."""
    mean = fmean(values)
    if len(values) < 2:
        return form.format(mean)
    half = t_quantile(0.975, len(values) - 1) * stdev(values) / math.sqrt(len(values))
    low, high = form.format(mean - half), form.format(mean + half)
    return f"{form.format(mean)} ({low} to {high})"


def table(runs: Mapping[str, Sequence[CaseRun]], lines: Mapping[str, int]) -> str:
    """The figures as Markdown, a column per framework."""
    names = list(runs)
    head = ["", *(f"{TITLES[n]} {runs[n][0].version}" for n in names)]
    rows = [head, ["---"] * len(head)]
    hits = {n: [run.reached for run in runs[n]] for n in names}

    def row(title: str, cells: Mapping[str, str]) -> None:
        rows.append([title, *(cells[n] for n in names)])

    reached = {n: [h for h in hits[n] if h is not None] for n in names}
    row("runs that reached 95 %", {n: f"{len(reached[n])} of {len(hits[n])}" for n in names})
    row(
        "seconds from cold start to 95 %",
        {n: spread([h[1] for h in reached[n]], "{:.2f}") for n in names},
    )
    row("epochs to 95 %", {n: spread([h[0] for h in reached[n]], "{:.1f}") for n in names})
    row(
        "seconds to the end of the first epoch (import, data, compiling)",
        {n: spread([run.looks[0][0] for run in runs[n]], "{:.2f}") for n in names},
    )
    row(
        "seconds of each later epoch",
        {
            n: spread([(r.looks[-1][0] - r.looks[0][0]) / (EPOCHS - 1) for r in runs[n]], "{:.3f}")
            for n in names
        },
    )
    row(
        f"accuracy after {EPOCHS} epochs",
        {n: spread([run.looks[-1][1] for run in runs[n]], "{:.4f}") for n in names},
    )
    row(
        "peak memory of the process, MB",
        {n: spread([run.peak_bytes / 1e6 for run in runs[n]], "{:.0f}") for n in names},
    )
    row(
        "lines of work.py and train.py, without empty ones and comments",
        {n: str(lines[n]) for n in names},
    )
    return "\n".join("| " + " | ".join(cells) + " |" for cells in rows)


def picture(runs: Mapping[str, Sequence[CaseRun]]) -> str:
    """Accuracy by seconds since cold start, a line per run, as an SVG."""
    colours = dict(zip(runs, ("#d1495b", "#1f6feb"), strict=True))
    last = max(run.looks[-1][0] for of_one in runs.values() for run in of_one)
    width, height, margin = 720, 360, 50

    def place(seconds: float, accuracy: float) -> str:
        x = margin + (width - 2 * margin) * seconds / last
        y = height - margin - (height - 2 * margin) * max(0.0, accuracy - 0.5) / 0.5
        return f"{x:.1f},{y:.1f}"

    wanted = place(0, WANTED).partition(",")[2]
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" role="img" '
            'font-family="sans-serif" font-size="12">'
        ),
        "<title>Accuracy on digits by seconds since cold start</title>",
        f'<rect width="{width}" height="{height}" fill="white"/>',
        (
            f'<path d="M{margin},{margin} V{height - margin} H{width - margin}" fill="none" '
            'stroke="black"/>'
        ),
        f'<path d="M{margin},{wanted} H{width - margin}" stroke="gray" stroke-dasharray="4"/>',
        f'<text x="{margin - 38}" y="{wanted}">95 %</text>',
        f'<text x="{margin - 38}" y="{height - margin}">50 %</text>',
        (
            f'<text x="{width - margin}" y="{height - margin + 18}" text-anchor="end">'
            f"{last:.0f} s since the process began</text>"
        ),
    ]
    for n, (framework, of_one) in enumerate(runs.items()):
        colour = colours[framework]
        for run in of_one:
            points = " ".join(place(*look) for look in run.looks)
            parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}"/>')
        parts.append(
            f'<text x="{width - margin - 90}" y="{height - margin - 40 + 18 * n}" fill="{colour}">'
            f"{TITLES[framework]}</text>"
        )
    return "\n".join([*parts, "</svg>"]) + "\n"


PAGE = """# Image classification, with results

The example that articles on both frameworks show, repaired so that it runs: a dense network of
64-256-10 on the 1,797 handwritten digits that ship with scikit-learn, four fifths to train on. The
code is the image project of `fw-advisor starter`, one for each framework, on one machine, in turn,
each run a process of its own ({seeds} seeds, {day}, {cores} CPU cores; means with 95 % intervals).

{table}

![Accuracy by seconds since cold start](case-image-classification.svg)

What it says, and what it does not: on a task of this size nearly all of the time is starting. The
seconds of an epoch are those of steps of 64 images, in which either framework mostly waits for
Python; no conclusion about larger models follows from them. `fw-advisor probe --model` measures
yours, and `fw-advisor probe --time-to-accuracy` makes a table like this on your machine, with first
weights and batches that are the same in both.

Made by `python -m tests.benchmarks.case_rows --page FILE`.

## What was repaired

The example as it circulates cannot run. Each of its faults, done again alone in JAX 0.10 and
PyTorch 2.13, with what the framework says to it; where it says nothing, what can be seen is told.
A test runs all of them (`tests/probes/article_faults.py`).

{jax_faults}

In PyTorch the step itself is right; what surrounds it is not:

{torch_faults}
"""


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, and write the page with its picture."""
    import os

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--page", type=Path, required=True)
    options = parser.parse_args(argv)
    runs, lines = measured(options.seeds)
    text = PAGE.format(
        seeds=options.seeds,
        day=datetime.now(UTC).date().isoformat(),
        cores=len(os.sched_getaffinity(0)),
        table=table(runs, lines),
        jax_faults=faults_table(JAX_FAULTS),
        torch_faults=faults_table(TORCH_FAULTS),
    )
    options.page.write_text(text, "utf-8")
    options.page.with_suffix(".svg").write_text(picture(runs), "utf-8")


if __name__ == "__main__":
    main()
