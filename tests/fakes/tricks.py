"""Nine ways to cheat, run on real workers beside honest work; tests and benchmarks judge them."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from advisor.measure.campaign import read_catalogue
from advisor.measure.work import Cell, Protocol
from advisor.measure.run import Measured, Run
from advisor.measure.verdicts import Looks
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


def cells(place: Path) -> list[Cell]:
    """The two honest workloads, then every trick; the one that changes threads is the last."""
    described = {w["id"]: w for w in read_catalogue((str(resource_dir("probes")),), place)}

    def cell(probe: str, name: str) -> Cell:
        found = described[probe]
        small = found["sizes"]["small"]
        return Cell(
            name,
            found["title"],
            "small",
            small["size"],
            MODES,
            flops=small["flops"],
            tolerance=found["tolerance"],
            precision=found["precision"],
        )

    honest = [cell("mlp_train", "mlp_train"), cell("matmul", "matmul")]
    tricks = [cell(trick[0], f"sabotage_{name}") for name, trick in saboteur.TRICKS.items()]
    return honest + tricks


def measure(place: Path) -> Measured:
    """One launch of all of them."""
    made = kit.plan(*cells(place), protocol=BRIEF, looks=Looks((1,), 0.05))
    return Run(
        replace(made, seed=1),
        worker=(str(SABOTEUR), tempfile.mkdtemp(dir=place)),
        workspace=place,
        selftest=kit.PASSED,
        meter=kit.Meter,
    ).measure()


def refusals(measured: Measured) -> dict[str, str]:
    """By trick, the gate that refused it; tricks that got through are left out."""
    found = {}
    for probe in measured.probes:
        name = probe["id"].removeprefix("sabotage_")
        failed = {g["id"] for g in probe["gates"] if g["status"] == "failed"}
        if name == REFUSED_COLD and "cold-compile-warm" in failed:
            found[name] = "cold-compile-warm"
        for compared in probe["comparisons"]:
            if name in REFUSED_AS and compared["time_ratio"] is None:
                found[name] = compared["reason"]["id"]
    return found
