"""The whole suite and the profiles of tasks: how long, how much of it useful, how repeatable."""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from advisor.measure.work import Mode
from tests.benchmarks.harness import Row, item_of, median_s, run_group, toolchain

SUITE_S = 15 * 60
USEFUL_SHARE = 0.85
MOST_BYTES = 2e9
# Four to six workloads each.
TASKS = ("image", "language", "general_research", "scientific_computing")
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


def task_profiles(groups: int) -> list[Row]:
    """`probe --task`: standard and quick, the seconds of compiling anew set apart."""
    del groups
    rows = []
    for task in TASKS:
        for profile, bar_s in (("standard", 120), ("quick", 40)):
            document, wall_s = _probed("--task", task, "--profile", profile)
            cold_s = sum(
                max(0.0, (e.get("compile_s") or 0.0) - (e.get("compile_warm_s") or 0.0))
                for p in document["probes"]
                for e in p["entries"]
                if not e["mode"].endswith("eager")
            )
            rows.append(
                Row(
                    f"probe --task {task} --profile {profile}",
                    f"<= {bar_s} s, compiling anew apart",
                    f"{wall_s:.0f} s, of them {cold_s:.0f} s compiling anew",
                    wall_s - cold_s <= bar_s,
                    {"wall_s": wall_s, "cold_s": cold_s, "spent_s": document["spent_s"]},
                )
            )
    return rows


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
