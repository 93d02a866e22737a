"""The whole suite and the profiles of tasks: how long, how much of it useful, how repeatable."""

from __future__ import annotations

import json
import math
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from subprocess import PIPE
from typing import Any

from advisor.knowledge.loader import load_rule_base
from advisor.measure.work import Mode
from advisor.pair import CALLED
from tests.benchmarks.harness import Row, item_of, median_s, run_group, toolchain

SUITE_S = 15 * 60
USEFUL_SHARE = 0.85
MOST_BYTES = 2e9
TASK_BARS_S = {"standard": 120, "quick": 40}
USEFUL = ("starting", "building", "timing", "self_test")


def _probed(*options: str) -> tuple[dict[str, Any], float]:
    """One command's evidence, and its wall time in seconds."""
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "advisor", "probe", "--json", "-q", *options],
        capture_output=True,
        text=True,
        check=False,
    )
    return json.loads(done.stdout), time.monotonic() - start


def suite(runs: int) -> list[Row]:
    """Everything at the standard profile, so many times; keeps the evidence beside the table."""
    found = []
    for number in range(runs):
        document, wall_s = _probed("--only", "*")
        Path(f"suite-{number + 1}.json").write_text(json.dumps(document), "utf-8")
        found.append((document, wall_s))
    walls = [wall_s for _, wall_s in found]
    useful = [sum(d["spent_s"].get(k, 0.0) for k in USEFUL) / wall_s for d, wall_s in found]
    peak = max(_peaks(d) for d, _ in found)
    return [
        Row(
            f"probe --only '*', {runs} runs",
            f"<= {SUITE_S} s",
            ", ".join(f"{x:.0f} s" for x in walls),
            max(walls) <= SUITE_S,
            {"wall_s": walls, "spent_s": [d["spent_s"] for d, _ in found]},
        ),
        Row(
            "share spent importing, compiling or measuring",
            f">= {USEFUL_SHARE:.0%}",
            ", ".join(f"{x:.0%}" for x in useful),
            min(useful) >= USEFUL_SHARE,
        ),
        Row(
            "peak memory of any worker", "< 2 GB", f"{peak / 1e9:.2f} GB", peak < MOST_BYTES
        ),
        _repeated([d for d, _ in found]),
    ]  # fmt: skip


def _peaks(document: Mapping[str, Any]) -> int:
    return max(e.get("peak_memory_bytes") or 0 for p in document["probes"] for e in p["entries"])


def _repeated(documents: Sequence[Mapping[str, Any]]) -> Row:
    """Which verdicts of PyTorch against JAX were the same every time; none may be reversed."""
    words: dict[tuple[Any, ...], list[str]] = {}
    for document in documents:
        for probe in document["probes"]:
            for c in probe["comparisons"]:
                if c["a"].split(".")[0] != c["b"].split(".")[0]:
                    size = ",".join(f"{k}={v}" for k, v in sorted(probe["size"].items()))
                    key = (probe["id"], size, probe["cores"], c["a"], c["b"])
                    words.setdefault(key, []).append(c["verdict"])
    same = sum(len(set(w)) == 1 for w in words.values())
    reversed_ = [k for k, w in words.items() if {"a_faster", "b_faster"} <= set(w)]
    called = sum(
        all(x in ("a_faster", "b_faster", "equivalent") for x in w) for w in words.values()
    )
    return Row(
        f"verdicts the same in all {len(documents)} runs",
        "no winner reversed",
        f"{same} of {len(words)}; {called} called every time; {len(reversed_)} reversed",
        not reversed_,
        {"words": {"/".join(map(str, k)): w for k, w in words.items()}},
    )


def task_profiles(
    groups: int, *, only: Sequence[str] = (), budget_s: float | None = None
) -> Iterator[Row]:
    """`probe --task` of every task, standard and quick: wall time, verdicts, time told to be left.

    ``--only TASK`` takes one, ``--budget SECONDS`` starts no further one after so long.
    """
    del groups
    begin = time.monotonic()
    for task in [t for t in _tasks() if not only or t in only]:
        for profile, bar_s in TASK_BARS_S.items():
            if budget_s is None or time.monotonic() - begin < budget_s:
                yield _task_row(task, profile, bar_s)


def _tasks() -> list[str]:
    return [str(value) for value in load_rule_base([]).facts["task"].values]


def _task_row(task: str, profile: str, bar_s: float) -> Row:
    document, wall_s, told = _watched("--task", task, "--profile", profile)
    timing = document["spent_s"].get("timing", 0.0) / wall_s
    crossing = [
        c["verdict"]
        for p in document["probes"]
        for c in p["comparisons"]
        if c["a"].split(".")[0] != c["b"].split(".")[0]
    ]
    called = sum(word in CALLED for word in crossing)
    left = {share: _told_over_true(told, share * wall_s, wall_s) for share in (0.1, 0.5, 0.9)}
    estimates = ", ".join("-" if x is None else f"{x:.2f}" for x in left.values())
    return Row(
        f"probe --task {task} --profile {profile}",
        f"<= {bar_s} s",
        f"{wall_s:.0f} s; {timing:.0%} of it timed; {called} of {len(crossing)} called; "
        f"told to be left over truly left at 10, 50, 90 %: {estimates}",
        wall_s <= bar_s,
        {"wall_s": wall_s, "timing": timing, "verdicts": crossing, "left": left},
    )


def _watched(*options: str) -> tuple[dict[str, Any], float, list[tuple[float, float]]]:
    """One command's evidence, its wall time, and (seconds since its start, seconds told left)."""
    start = time.monotonic()
    told: list[tuple[float, float]] = []
    argv = [sys.executable, "-m", "advisor", "probe", "--json", *options]
    with subprocess.Popen(argv, stdout=PIPE, stderr=PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        out: list[str] = []
        reading = threading.Thread(target=lambda: out.append(process.stdout.read()))
        reading.start()
        for line in process.stderr:
            left_s = _left_s(line)
            if left_s is not None:
                told.append((time.monotonic() - start, left_s))
        reading.join()
    return json.loads(out[0]), time.monotonic() - start, told


def _left_s(line: str) -> float | None:
    """What a line of progress says is left, seconds."""
    if "a few seconds left" in line:
        return 5.0
    match = re.search(r"about (\d+) (s|min) left", line)
    return int(match[1]) * (60.0 if match[2] == "min" else 1.0) if match else None


def _told_over_true(
    told: Sequence[tuple[float, float]], at_s: float, wall_s: float
) -> float | None:
    """What was told last before *at_s*, less what has passed since, over what was truly left."""
    before = [(when, left) for when, left in told if when <= at_s]
    if not before:
        return None
    when, left = before[-1]
    return max(0.0, left - (at_s - when)) / (wall_s - at_s)


_LOOP = """
import os, sys, time
os.sched_setaffinity(0, {{cpu}})
import numpy as np
{setup}
times = []
for _ in range({repeats}):
    start = time.perf_counter()
    for _ in range({calls}):
        x = product(x, f)
    wait(x)
    times.append((time.perf_counter() - start) / {calls})
print(sorted(times)[len(times) // 2])
"""
_SETUP = {
    "pytorch": """
import torch
torch.set_num_threads(1)
n = {n}
f = torch.eye(n); x = torch.randn(n, n); product = torch.matmul; wait = lambda x: None
for _ in range(20): x = product(x, f)
""",
    "jax": """
import jax
n = {n}
f = jax.numpy.eye(n); x = jax.numpy.asarray(np.random.randn(n, n).astype("float32"))
product = jax.jit(lambda x, f: x @ f); wait = jax.block_until_ready
for _ in range(20): x = product(x, f)
wait(x)
""",
}


def plain_loop(groups: int) -> list[Row]:
    """Products in the same framework, in a loop of ten lines, alternated with ours; one core."""
    from advisor.measure.cpus import usable_cpus

    rows = []
    for framework, mode in (("pytorch", "pytorch.eager"), ("jax", "jax.jit")):
        item = item_of("matmul", "medium", [Mode(mode, toolchain(framework))])
        script = _LOOP.format(setup=_SETUP[framework].format(n=1024), repeats=15, calls=4)
        script = script.replace("{cpu}", str(set(usable_cpus()[-1:])))
        logs = []
        for seed in range(groups):
            theirs = [_loop_s(script)]
            ours = median_s(run_group(item, seed=seed))
            theirs.append(_loop_s(script))
            logs.append(math.log(ours / statistics.mean(theirs)))
        off = math.exp(statistics.median(logs)) - 1
        rows.append(
            Row(
                f"matmul in {framework} against a plain loop, {groups} pairs",
                "within 3 %",
                f"{off:+.1%}",
                abs(off) <= 0.03,
                {"logs": logs},
            )
        )
    return rows


def _loop_s(script: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    return float(done.stdout)
