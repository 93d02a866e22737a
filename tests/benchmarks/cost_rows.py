"""What measuring itself costs, and how long the profiles take."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time

from advisor.measure.work import Mode
from tests.benchmarks.harness import Row, item_of, median_s, run_group, toolchain


def harness_cost(groups: int) -> list[Row]:
    """Clock reads per sample against the length of a sample; no call is wrapped in between."""
    del groups
    sys.path.insert(0, "probes")
    from probes.timing import SAMPLE_FLOOR_S, clock_overhead_s

    share = clock_overhead_s() / SAMPLE_FLOOR_S
    return [
        Row(
            "harness cost per sample",
            "<= 0.5 %",
            f"{share:.4%} of the shortest sample",
            share <= 0.005,
            {"share": share},
        )
    ]


def idle_partner(groups: int) -> list[Row]:
    """PyTorch alone, and with a JAX worker alive beside it, alternated."""
    torch, jax = (
        Mode("pytorch.eager", toolchain("pytorch")),
        Mode("jax.jit", toolchain("jax", "", 1)),
    )
    alone, paired = (item_of("mlp_train", "small", modes) for modes in ([torch], [torch, jax]))
    ratios = []
    for seed in range(groups):
        order = (alone, paired) if seed % 2 else (paired, alone)
        found = {id(item): median_s(run_group(item, seed=seed)) for item in order}
        ratios.append(found[id(paired)] / found[id(alone)])
    middle = statistics.median(ratios)
    return [
        Row(
            f"effect of an idle partner, {groups} pairs",
            "within 1 %",
            f"{middle - 1:+.1%}",
            abs(middle - 1) <= 0.01,
            {"ratios": ratios},
        )
    ]


def profiles(groups: int) -> list[Row]:
    """Whole commands: `probe --profile quick` and `standard`."""
    del groups
    rows = []
    for profile, bar_s in (("quick", 30), ("standard", 120)):
        start = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "advisor", "probe", "--profile", profile, "--json", "-q"],
            capture_output=True,
            text=True,
            check=False,
        )
        wall_s = time.monotonic() - start
        probes = json.loads(done.stdout)["probes"]
        verdicts = [c["verdict"] for p in probes for c in p["comparisons"]]
        rows.append(
            Row(
                f"probe --profile {profile}",
                f"<= {bar_s} s",
                f"{wall_s:.0f} s, exit {done.returncode}, {len(verdicts)} comparisons",
                wall_s <= bar_s and done.returncode == 0,
                {"wall_s": wall_s, "verdicts": verdicts},
            )
        )
    return rows
