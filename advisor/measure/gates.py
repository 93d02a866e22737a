"""What must hold for a block, a launch or a probe to count. Fixed in advance, symmetric, pure.

A block pair is dropped as a pair, whichever side failed and however fast it was: a rule that
looked at the times could make any result. Thresholds are stated once, here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from advisor.measure.statistics import quantile

# Share of pairs that may be dropped before a launch counts as noisy.
MOST_DROPPED = 0.30
CORES_TOLERANCE = 0.20
STEAL_SHARE = 0.02
DELAY_EXCESS = 0.10
# Share of a block in which some task waited for a CPU, beyond what the mode's own threads cause.
PRESSURE_EXCESS = 0.10
# A block below this share of its launch's median clock was throttled.
CLOCK_SHARE = 0.90
# Shares of the allowed CPUs that others used during a round (read in ticks of 10 ms: over two
# CPUs and a tenth of a second the reading itself is only good to 0.1).
ROUND_FOREIGN_SHARE = 0.20
TAKEN_SHARE = 0.08
LAUNCH_FOREIGN_SHARE = 0.10
# Largest relative error of the worker's known product (inner size 1024, factors around 1)
# against float64, per class. Rounding the factors to the class and adding in float32 gives
# 6e-7, 3.5e-5 and 3.2e-4; a result in bfloat16 4e-3. The limits lie halfway on a log scale.
PRECISION_CLASSES = (("float32", 0.0, 6e-6), ("tf32", 6e-6, 1.1e-4), ("bfloat16", 1.1e-4, 1.0))
PEAK_SLACK = 1.15
# Small tables inside a compiled step are everyday; its data must come as arguments.
MOST_CONSTANT_BYTES = 64 * 1024


@dataclass(frozen=True)
class Baseline:
    """A mode's own good blocks in one launch: what it usually uses and waits for."""

    cores: float
    delay_share: float
    pressure_share: float = math.inf


def baseline_of(blocks: Sequence[Mapping[str, Any]]) -> Baseline | None:
    """The 90th percentile of effective cores, the lower quartiles of the waiting shares."""
    cores = [c for c in (effective_cores(b) for b in blocks) if c is not None]
    if not cores:
        return None
    waiting = (_usual_share(blocks, key) for key in ("run_delay_s", "pressure_s"))
    return Baseline(quantile(cores, 0.9), *waiting)


def _usual_share(blocks: Sequence[Mapping[str, Any]], key: str) -> float:
    shares = [d for d in (_share(b, key) for b in blocks) if d is not None]
    return quantile(shares, 0.25) if shares else math.inf


def effective_cores(block: Mapping[str, Any]) -> float | None:
    """CPU time over wall time of a block."""
    return _share(block, "cpu_s")


def block_faults(
    block: Mapping[str, Any], baseline: Baseline | None, clock_hz: float | None = None
) -> list[str]:
    """Ids of the gates that one block fails; empty for a good block.

    Lost cores and waiting only count where somebody else was there to take the core: XLA's own
    threads wait for each other by up to a quarter of a block on an idle machine, and dropping
    those blocks would hide how the framework behaves. *clock_hz* is the launch's median clock.
    """
    faults = []
    if clock_hz and (block.get("clock_hz") or clock_hz) < CLOCK_SHARE * clock_hz:
        faults.append("clock-dropped")
    if block.get("compile_events"):
        faults.append("compiled-inside")
    if (_share(block, "steal_s") or 0.0) > STEAL_SHARE and (block.get("steal_s") or 0) > 0.011:
        faults.append("stolen-by-the-host")
    if block.get("throttled_s"):
        faults.append("throttled-by-quota")
    foreign = block.get("foreign_share")
    if foreign is not None and foreign > ROUND_FOREIGN_SHARE:
        faults.append("others-were-busy")
    if foreign is None or foreign > TAKEN_SHARE:
        faults += _contended(block, baseline)
    return faults


def _contended(block: Mapping[str, Any], baseline: Baseline | None) -> list[str]:
    cores = effective_cores(block)
    if baseline is None or cores is None:
        return []
    faults = []
    if cores < baseline.cores * (1 - CORES_TOLERANCE):
        faults.append("cores-lost")
    delay = _share(block, "run_delay_s")
    if delay is not None and delay > baseline.delay_share + DELAY_EXCESS * max(1, cores):
        faults.append("waited-for-a-core")
    pressure = _share(block, "pressure_s")
    if pressure is not None and pressure > baseline.pressure_share + PRESSURE_EXCESS:
        faults.append("pressure-on-the-cores")
    return faults


def _share(block: Mapping[str, Any], key: str) -> float | None:
    value, wall = block.get(key), block.get("wall_s")
    return None if value is None or not wall else float(value) / float(wall)


def mark_blocks(runs: Mapping[str, Sequence[dict[str, Any]]]) -> None:
    """Set ``kept`` and ``dropped_by`` on every block of one cell in one launch."""
    clocks = [c for blocks in runs.values() for b in blocks if (c := b.get("clock_hz"))]
    clock_hz = quantile(clocks, 0.5) if clocks else None
    for blocks in runs.values():
        baseline = baseline_of(blocks)
        for block in blocks:
            faults = block_faults(block, baseline, clock_hz)
            block["dropped_by"] = faults
            block["kept"] = not faults


def good_pairs(
    a: Sequence[Mapping[str, Any]], b: Sequence[Mapping[str, Any]]
) -> tuple[list[float], list[float], float]:
    """Block medians of both sides, in seconds, where both blocks are good.

    Returns ``(a, b, dropped)`` with the share of pairs that were dropped.
    """
    of_b = {block["round"]: block for block in b}
    pairs = [(block, of_b[block["round"]]) for block in a if block["round"] in of_b]
    kept = [(x, y) for x, y in pairs if x["kept"] and y["kept"]]
    dropped = 1 - len(kept) / len(pairs) if pairs else 1.0
    return [_median(x) for x, _ in kept], [_median(y) for _, y in kept], dropped


def good_medians(
    a: Sequence[Mapping[str, Any]], b: Sequence[Mapping[str, Any]]
) -> tuple[list[float], list[float], float]:
    """One median per side over its good blocks, for sides that did not take turns.

    Returns like `good_pairs`, with the larger share of dropped blocks; empty where a side has
    no good block.
    """
    kept = [[_median(block) for block in side if block["kept"]] for side in (a, b)]
    dropped = max(1 - len(k) / len(side) for k, side in zip(kept, (a, b), strict=True))
    if not all(kept):
        return [], [], 1.0
    a_s, b_s = ([quantile(medians, 0.5)] for medians in kept)
    return a_s, b_s, dropped


def _median(block: Mapping[str, Any]) -> float:
    return quantile(block["samples_s"], 0.5)


def precision_class(max_relative_error: float) -> str:
    """The class of arithmetic that an error of known products belongs to."""
    for name, low, high in PRECISION_CLASSES:
        if low <= max_relative_error < high:
            return name
    return "unknown"


def gate(
    gate_id: str,
    text: str,
    *,
    ok: bool | None,
    value: Any = None,
    limit: Any = None,
    modes: Sequence[str] = (),
) -> dict[str, Any]:
    """One line of a fairness certificate; None means that it could not be checked."""
    status = "unknown" if ok is None else "passed" if ok else "failed"
    return {
        "id": gate_id,
        "status": status,
        "text": text,
        "value": value,
        "limit": limit,
        "modes": list(modes),
    }
