"""Nine ways to cheat, on real workers: each must be refused, and honest work must not be."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.harness import Row
from tests.fakes import tricks


def sabotages(groups: int) -> list[Row]:
    """Every trick once, and by which gate it was refused."""
    del groups
    with TemporaryDirectory() as place:
        measured = tricks.measure(Path(place))
    refused = tricks.refusals(measured)
    honest = [
        gate.id
        for probe in measured.probes
        if not probe.id.startswith("sabotage_")
        for gate in probe.gates
        if gate.status == "failed" and gate.id != "cold-compile-warm"
    ]
    gates = ", ".join(sorted(set(refused.values())))
    return [
        Row(
            "nine sabotages",
            "9 of 9 refused, honest work is not",
            f"{len(refused)} of 9 refused ({gates}); honest work failed {honest or 'nothing'}",
            len(refused) == 9 and not honest,
            {"refused": refused, "honest_failed": honest},
        )
    ]
