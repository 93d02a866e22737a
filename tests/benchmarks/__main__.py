"""``make bench ARGS='NAME ... --groups N --json PATH'``: run benchmarks on a quiet machine."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path

from tests.benchmarks import (
    against_rows,
    case_rows,
    cost_rows,
    disturbed_rows,
    fault_rows,
    fleet_rows,
    load_rows,
    module_rows,
    pure_rows,
    resume_rows,
    sabotage_rows,
    scaling_rows,
    scenario_rows,
    starter_rows,
    suite_rows,
    translation_rows,
    verdict_rows,
    zoo_rows,
)
from tests.benchmarks.harness import Bench, Row

BENCHES: dict[str, tuple[Bench, int]] = {
    "coverage": (pure_rows.coverage, 10_000),
    "swap": (pure_rows.swap, 1000),
    "looks": (pure_rows.looks, 10_000),
    "equal-torch": (partial(verdict_rows.equal_code, "pytorch"), 60),
    "equal-jax": (partial(verdict_rows.equal_code, "jax"), 60),
    "bursts": (disturbed_rows.effects, 20),
    "equal-bursts": (disturbed_rows.equal_code, 40),
    "burner": (disturbed_rows.steady, 10),
    "bad-seconds": (disturbed_rows.bad_seconds, 4),
    "sabotages": (sabotage_rows.sabotages, 1),
    "planted": (verdict_rows.planted, 20),
    "torch-benchmark": (against_rows.torch_benchmark, 5),
    "pyperf": (against_rows.pyperf_medians, 1),
    "verdict-time": (against_rows.time_to_verdict, 3),
    "harness": (cost_rows.harness_cost, 1),
    "idle-partner": (cost_rows.idle_partner, 6),
    "starters": (starter_rows.starters, 3),
    "case": (case_rows.case, 5),
    "modules": (module_rows.modules, 12),
    "gaps": (translation_rows.gaps, translation_rows.LAUNCHES),
    "zoo": (zoo_rows.zoo, 1000),
    "profiles": (cost_rows.profiles, 1),
    "tasks": (suite_rows.task_profiles, 1),
    "plain-loop": (suite_rows.plain_loop, 5),
    "suite": (suite_rows.suite, 3),
    "resume": (resume_rows.resume, 20),
    "scaling": (scaling_rows.scaling, 1),
    "scenarios": (scenario_rows.scenarios, 1),
    "fleet": (fleet_rows.fleet, 1),
    "faults": (fault_rows.faults, 1),
    "kills": (fault_rows.kills, fault_rows.MOMENTS),
    "fuzz": (fault_rows.fuzz, fault_rows.SPOILT),
    "load": (load_rows.load, 1),
}


CHOOSY = ("modules", "gaps", "tasks")
"""Benches of which --only takes a part."""


def main() -> int:
    """Run what was named (or everything); prints a table and writes it as JSON."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument(
        "--groups", type=int, help="independent groups, instead of each bench's own"
    )
    parser.add_argument("--json", type=Path, default=Path("bench.json"), help="where the rows go")
    parser.add_argument(
        "--only", action="append", default=[], help="of modules, gaps and tasks: one of them"
    )
    parser.add_argument(
        "--budget", type=float, help="of modules and tasks: seconds, then none is begun"
    )
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(BENCHES))
    if unknown:
        parser.error(
            f"no benchmark is called {', '.join(unknown)}; there are: {', '.join(BENCHES)}"
        )
    print(f"load before: {os.getloadavg()[0]:.2f}", file=sys.stderr)
    rows: list[Row] = []
    for name in options.names or BENCHES:
        bench, own = BENCHES[name]
        start = time.monotonic()
        if name in CHOOSY:
            bench = partial(bench, only=options.only, budget_s=options.budget)
        # A bench that yields its rows shows each as it settles.
        for row in bench(options.groups or own):
            mark = "ok  " if row.reached else "MISS"
            print(f"{mark} {row.test:<55} {row.bar:<40} {row.seen}", flush=True)
            rows.append(row)
            options.json.write_text(json.dumps([asdict(r) for r in rows], indent=1), "utf-8")
        print(f"     ({name}: {time.monotonic() - start:.0f} s)", file=sys.stderr)
    return 0 if all(row.reached for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
