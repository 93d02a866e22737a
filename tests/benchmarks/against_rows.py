"""Our medians beside those of tools that people trust, on the same machine in alternation."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from advisor.measure.cpus import usable_cpus
from advisor.measure.work import Mode
from tests.benchmarks.harness import Row, compared, item_of, median_s, run_group, toolchain

_TORCH_TIMER = """
import json, os, sys
os.sched_setaffinity(0, {cpus})
import numpy as np, torch
torch.set_num_threads({threads})
sys.path.insert(0, {root!r})
from probes import catalogue
from probes.torch_runtime import TorchRuntime
workload = catalogue.load({probe!r})
size = workload.sizes[{size!r}]
arrays = workload.make_inputs(0, size)
runtime = TorchRuntime("cpu", {threads}, "matched", "float32")
parts = catalogue.framework_module({probe!r}, "torch_").build(arrays, size, runtime)
step = parts.make_step(lambda f: f)
for _ in range(50): step()
{measure}
"""
_JAX_STEP = """
import os, sys
os.sched_setaffinity(0, {cpus})
sys.path.insert(0, {root!r})
from probes import catalogue
from probes.jax_runtime import JaxRuntime
workload = catalogue.load({probe!r})
size = workload.sizes[{size!r}]
arrays = workload.make_inputs(0, size)
runtime = JaxRuntime("cpu", "matched", "float32")
parts = catalogue.framework_module({probe!r}, "jax_").build(arrays, size, runtime)
program = runtime.program(parts, "jax.jit")
def step(): program.wait(program.call())
for _ in range(50): step()
{measure}
"""
_BENCHMARK = """
from torch.utils.benchmark import Timer
found = Timer("step()", globals={"step": step}, num_threads=THREADS).blocked_autorange(
    min_run_time=1.0)
print(json.dumps(found.median))
"""


def torch_benchmark(groups: int) -> list[Row]:
    """The median of torch.utils.benchmark.Timer with the same threads, alternated with ours."""
    rows = []
    for probe, size in (("mlp_train", "small"), ("matmul", "small")):
        item = item_of(probe, size, [Mode("pytorch.eager", toolchain("pytorch"))])
        ratios = []
        for seed in range(groups):
            ours = median_s(run_group(item, seed=seed))
            theirs = float(_run(probe, size, _BENCHMARK.replace("THREADS", "1")))
            ratios.append(ours / theirs)
        middle = statistics.median(ratios)
        rows.append(
            Row(
                f"{probe} {size} against torch.utils.benchmark, {groups} pairs",
                "within 3 %",
                f"{middle - 1:+.1%}",
                abs(middle - 1) <= 0.03,
                {"ratios": ratios},
            )
        )
    return rows


_PYPERF = """
import json, os, sys
import pyperf
from pathlib import Path
runner = pyperf.Runner()
os.sched_setaffinity(0, {cpus})
{body}
runner.bench_func("step", step)
"""


def pyperf_medians(groups: int) -> list[Row]:
    """The median of pyperf at its defaults (one run of 20 processes), same mode, one core."""
    del groups
    rows = []
    for probe, size in (("mlp_train", "small"), ("matmul", "small"), ("mlp_train", "medium")):
        item = item_of(probe, size, [Mode("pytorch.eager", toolchain("pytorch"))])
        before = median_s(run_group(item))
        start = time.monotonic()
        theirs = _pyperf(probe, size)
        wall_s = time.monotonic() - start
        ours = statistics.mean([before, median_s(run_group(item, seed=1))])
        rows.append(
            Row(
                f"{probe} {size} against pyperf",
                "within 5 %",
                f"{ours / theirs - 1:+.1%}; pyperf took {wall_s:.0f} s",
                abs(ours / theirs - 1) <= 0.05,
                {"ours_s": ours, "pyperf_s": theirs, "pyperf_wall_s": wall_s},
            )
        )
    return rows


def time_to_verdict(groups: int) -> list[Row]:
    """Seconds from start to a verdict on eager against jit, beside pyperf for both modes."""
    modes = [Mode("pytorch.eager", toolchain("pytorch")), Mode("jax.jit", toolchain("jax", "", 1))]
    item = item_of("mlp_train", "small", modes)
    walls, verdicts = [], []
    for seed in range(groups):
        start = time.monotonic()
        verdicts.append(compared(run_group(item, seed=seed)).verdict)
        walls.append(time.monotonic() - start)
    start = time.monotonic()
    for framework in ("pytorch", "jax"):
        _pyperf("mlp_train", "small", framework)
    theirs_s = time.monotonic() - start
    ours_s = statistics.median(walls)
    return [
        Row(
            f"time to a verdict, {groups} groups",
            "5 times faster than pyperf for two modes",
            f"{ours_s:.0f} s against {theirs_s:.0f} s ({theirs_s / ours_s:.1f} times)",
            theirs_s >= 5 * ours_s and all(v in ("a_faster", "b_faster") for v in verdicts),
            {"ours_s": walls, "pyperf_s": theirs_s, "verdicts": verdicts},
        )
    ]


def _script(probe: str, size: str, measure: str, framework: str = "pytorch") -> str:
    return (_TORCH_TIMER if framework == "pytorch" else _JAX_STEP).format(
        cpus=set(usable_cpus()[-1:]),
        threads=1,
        root=str(Path(__file__).resolve().parents[2]),
        probe=probe,
        size=size,
        measure=measure,
    )


def _run(probe: str, size: str, measure: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _script(probe, size, measure)],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip().splitlines()[-1]


def _pyperf(probe: str, size: str, framework: str = "pytorch") -> float:
    body = _script(probe, size, "", framework)
    with TemporaryDirectory() as place:
        script, out = Path(place) / "timed.py", Path(place) / "out.json"
        script.write_text(_PYPERF.format(cpus=set(usable_cpus()[-1:]), body=body), "utf-8")
        subprocess.run(
            [sys.executable, str(script), "-o", str(out), "-q"], check=True, capture_output=True
        )
        runs = json.loads(out.read_text("utf-8"))["benchmarks"][0]["runs"]
    return statistics.median(value for run in runs for value in run.get("values", []))
