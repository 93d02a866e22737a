"""Nine ways to cheat, run on real workers beside honest work; tests and benchmarks judge them."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from advisor.evidence import Evidence
from advisor.measure.catalogue import read_catalogue
from advisor.measure.run import Run, RunResult
from advisor.measure.verdicts import Looks
from advisor.measure.work import Protocol, WorkItem
from advisor.resources import resource_dir
from tests.fakes import kit, saboteur

SABOTEUR = Path(saboteur.__file__)
BRIEF = Protocol(rounds=2, block_s=0.005, warm_min_s=0.02, warm_max_s=0.3, gap_s=0.0)
MODES = kit.modes_of("pytorch.eager", "jax.jit")
# The gate that must refuse the ratio of each trick.
REFUSED_AS = {
    "weights_not_transposed": "parity-failed",
    "double_precision": "parity-failed",
    "half_precision": "parity-failed",
    "dead_loss": "parity-failed",
    "constants_captured": "constants-captured",
    "shapes_change": "compiles-again",
    "no_wait": "impossible-rate",
    "other_thread_count": "threads-differ",
}
# Honest work out of a filled cache: its ratio stands, its cold compile time is refused.
REFUSED_COLD = "warm_cache"


def items(place: Path) -> list[WorkItem]:
    """The two honest workloads, then every trick; the one that changes threads is the last."""
    offers = {w.id: w for w in read_catalogue((str(resource_dir("probes")),), place)}

    def item(workload: str, name: str) -> WorkItem:
        small = offers[workload].sizes["small"]
        return WorkItem(
            name,
            offers[workload].title,
            "small",
            small.size,
            MODES,
            flops=small.flops,
            tolerance=small.tolerance,
            precision=small.precision,
        )

    honest = [item("mlp_train", "mlp_train"), item("matmul", "matmul")]
    spoilt = [item(trick[0], f"sabotage_{name}") for name, trick in saboteur.TRICKS.items()]
    return honest + spoilt


def measure(place: Path) -> RunResult:
    """One launch of all of them, as a reader of the evidence has it."""
    made = kit.plan(*items(place), protocol=BRIEF, looks=Looks((1,), 0.05))
    result = Run(
        replace(made, seed=1),
        worker=(str(SABOTEUR), tempfile.mkdtemp(dir=place)),
        workspace=place,
        selftest=kit.PASSED,
        meter=kit.Meter,
    ).measure()
    return replace(result, probes=kit.read_back(Evidence(probes=result.probes)).probes)


def refusals(measured: RunResult) -> dict[str, str]:
    """By trick, the gate that refused it; tricks that got through are left out."""
    refused = {}
    for probe in measured.probes:
        name = probe.id.removeprefix("sabotage_")
        failed = {gate.id for gate in probe.gates if gate.status == "failed"}
        if name == REFUSED_COLD and "cold-compile-warm" in failed:
            refused[name] = "cold-compile-warm"
        for compared in probe.comparisons:
            if name in REFUSED_AS and compared.time_ratio is None and compared.reason:
                refused[name] = compared.reason.id
    return refused
