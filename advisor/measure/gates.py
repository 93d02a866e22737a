"""What must hold for a block, a launch or a probe to count. Fixed in advance, symmetric, pure.

A block pair is dropped as a pair, whichever side failed and however fast it was: a rule that
looked at the times could make any result. Ids and thresholds are stated once, here; the gates'
names, sentences and ways out are words (``gate`` in the catalogue of messages).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from advisor.evidence import Block, Gate, GateStatus
from advisor.measure.statistics import (
    equal_code_log,
    equal_code_spread,
    pair_log_ratio,
    quantile,
)
from advisor.measure.work import WorkRuns

# Gates of a comparison: what its certificate is made of.
SELFTEST = "selftest-failed"
PARITY = "parity-failed"
PRECISION = "precision-differs"
THREADS = "threads-differ"
DEVICES = "devices-differ"
GUESTS = "others-on-the-device"
RATE = "impossible-rate"
BANDWIDTH = "impossible-bandwidth"
CONSTANTS = "constants-captured"
COMPILES_AGAIN = "compiles-again"
STATE = "state-spoilt"
BUSY = "others-were-busy"
COMPARISON_GATES = (
    *(SELFTEST, PARITY, PRECISION, THREADS, DEVICES, GUESTS),
    *(RATE, BANDWIDTH, CONSTANTS, COMPILES_AGAIN, STATE, BUSY),
)
# What could not be checked and voids the ratio all the same.
NOTHING_LEARNT = "nothing-learnt"
# A gate of a mode: whether its cold compile time is one.
WARM_CACHE = "cold-compile-warm"
# Gates of a block; `BUSY` is one of them too.
CLOCK = "clock-dropped"
COMPILED_INSIDE = "compiled-inside"
STOLEN = "stolen-by-the-host"
THROTTLED = "throttled-by-quota"
CORES_LOST = "cores-lost"
WAITED = "waited-for-a-core"
PRESSURE = "pressure-on-the-cores"
BLOCK_GATES = (
    *(CLOCK, COMPILED_INSIDE, STOLEN, THROTTLED, BUSY),
    *(CORES_LOST, WAITED, PRESSURE),
)

# So many clean pairs make a launch, however many were dropped. The median of four stays between
# its neighbours whatever one block does that the gates missed; and with the 3 % by which pairs
# scatter inside a launch it is good to 2 %, less than equal code differs between launches.
LEAST_CLEAN_PAIRS = 4
# A launch that chooses is no estimate: its rounds are few.
CHOICE_PAIRS = 2
# Rounds go on for the planned number of clean ones, at most so many times the planned number.
MOST_TIMES_ROUNDS = 4
# Share of dropped pairs beyond which the spread that equal code showed meanwhile is the floor.
DISTURBED_SHARE = 0.10
# Share of blocks in which a mode may compile before more launches are no use.
MOST_COMPILING = 0.30
CORES_TOLERANCE = 0.20
STEAL_SHARE = 0.02
DELAY_EXCESS = 0.10
# Share of a block in which some task waited for a CPU, beyond what the mode's own threads cause.
PRESSURE_EXCESS = 0.10
# A block below this share of its launch's median clock was throttled.
CLOCK_SHARE = 0.90
# Shares of the allowed CPUs that others used during a round (read in ticks of 10 ms: over two
# CPUs and a tenth of a second the reading itself is only good to 0.1), and on average over the
# clean rounds of a launch: more is a steady load that no single round shows.
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


def baseline_of(blocks: Sequence[Block]) -> Baseline | None:
    """The 90th percentile of effective cores, the lower quartiles of the waiting shares."""
    cores = [c for c in (effective_cores(b) for b in blocks) if c is not None]
    if not cores:
        return None
    return Baseline(
        quantile(cores, 0.9),
        _usual([_share(b.run_delay_s, b) for b in blocks]),
        _usual([_share(b.pressure_s, b) for b in blocks]),
    )


def _usual(shares: Sequence[float | None]) -> float:
    read = [share for share in shares if share is not None]
    return quantile(read, 0.25) if read else math.inf


def effective_cores(block: Block) -> float | None:
    """CPU time over wall time of a block."""
    return _share(block.cpu_s, block)


def block_faults(
    block: Block, baseline: Baseline | None, clock_hz: float | None = None
) -> list[str]:
    """Ids of the gates that one block fails; empty for a good block.

    Lost cores and waiting only count where somebody else was there to take the core: XLA's own
    threads wait for each other by up to a quarter of a block on an idle machine, and dropping
    those blocks would hide how the framework behaves. *clock_hz* is the launch's median clock.
    """
    faults = []
    if clock_hz and (block.clock_hz or clock_hz) < CLOCK_SHARE * clock_hz:
        faults.append(CLOCK)
    if block.compile_events:
        faults.append(COMPILED_INSIDE)
    if (_share(block.steal_s, block) or 0.0) > STEAL_SHARE and (block.steal_s or 0) > 0.011:
        faults.append(STOLEN)
    if block.throttled_s:
        faults.append(THROTTLED)
    foreign = block.foreign_share
    if foreign is not None and foreign > ROUND_FOREIGN_SHARE:
        faults.append(BUSY)
    if foreign is None or foreign > TAKEN_SHARE:
        faults += _contended(block, baseline)
    return faults


def _contended(block: Block, baseline: Baseline | None) -> list[str]:
    cores = effective_cores(block)
    if baseline is None or cores is None:
        return []
    faults = []
    if cores < baseline.cores * (1 - CORES_TOLERANCE):
        faults.append(CORES_LOST)
    delay = _share(block.run_delay_s, block)
    if delay is not None and delay > baseline.delay_share + DELAY_EXCESS * max(1, cores):
        faults.append(WAITED)
    pressure = _share(block.pressure_s, block)
    if pressure is not None and pressure > baseline.pressure_share + PRESSURE_EXCESS:
        faults.append(PRESSURE)
    return faults


def _share(seconds: float | None, block: Block) -> float | None:
    return None if seconds is None or not block.wall_s else seconds / block.wall_s


def marked_blocks(runs: Mapping[str, Sequence[Block]]) -> dict[str, list[Block]]:
    """The blocks of one item in one launch, by mode, with what the gates say of each."""
    clocks = [b.clock_hz for blocks in runs.values() for b in blocks if b.clock_hz]
    clock_hz = quantile(clocks, 0.5) if clocks else None
    return {label: _marked(blocks, clock_hz) for label, blocks in runs.items()}


def _marked(blocks: Sequence[Block], clock_hz: float | None) -> list[Block]:
    baseline = baseline_of(blocks)
    faults = [block_faults(block, baseline, clock_hz) for block in blocks]
    return [
        replace(block, kept=not of_block, dropped_by=of_block)
        for block, of_block in zip(blocks, faults, strict=True)
    ]


def clean_rounds(runs: Mapping[str, Sequence[Block]]) -> int:
    """In how many rounds no mode of *runs* was disturbed by others, as far as the blocks tell.

    A block that compiled is not clean, but another round would not be either: it counts here.
    """
    marked = marked_blocks(runs).values()
    disturbed = {
        block.round
        for blocks in marked
        for block in blocks
        if not set(block.dropped_by) <= {COMPILED_INSIDE}
    }
    return len({block.round for blocks in marked for block in blocks} - disturbed)


def disturbed(blocks: Sequence[Block], least: int = LEAST_CLEAN_PAIRS) -> bool:
    """Whether others left too little of a mode's *blocks* in one launch, or used CPUs all along."""
    kept = [block for block in blocks if block.kept]
    return len(kept) < min(least, len(blocks)) or not kept or _steadily_used(kept)


def _steadily_used(kept: Sequence[Block]) -> bool:
    shares = [block.foreign_share for block in kept if block.foreign_share is not None]
    return bool(shares) and math.fsum(shares) / len(shares) > LAUNCH_FOREIGN_SHARE


def enough_pairs(
    a: Sequence[Block], b: Sequence[Block], *, paired: bool, least: int = LEAST_CLEAN_PAIRS
) -> bool:
    """Whether both sides have enough clean blocks of a launch, in the same rounds where *paired*.

    How many were dropped does not matter: a launch is good for what it holds.
    """
    least = min(least, len(a), len(b))
    if paired:
        both = {x.round for x in a if x.kept} & {x.round for x in b if x.kept}
        a, b = ([x for x in side if x.round in both] for side in (a, b))
    sides = [[x for x in side if x.kept] for side in (a, b)]
    return all(len(k) >= max(1, least) and not _steadily_used(k) for k in sides)


def good_pairs(a: Sequence[Block], b: Sequence[Block]) -> tuple[float | None, list[float], float]:
    """One launch's log(time of b / time of a), over the pairs in which both blocks are good.

    Returns ``(log, equal, dropped)``: None where no pair is good; what each side shows against
    itself (`equal_code_log`); the share of pairs that were dropped.
    """
    of_b = {block.round: block for block in b}
    pairs = [(block, of_b[block.round]) for block in a if block.round in of_b]
    kept = [(x, y) for x, y in pairs if x.kept and y.kept]
    dropped = 1 - len(kept) / len(pairs) if pairs else 1.0
    a_s = [block_median_s(x) for x, _ in kept]
    b_s = [block_median_s(y) for _, y in kept]
    equal = [log for side in (a_s, b_s) if (log := equal_code_log(side)) is not None]
    return pair_log_ratio(a_s, b_s), equal, dropped


def good_medians(a: Sequence[Block], b: Sequence[Block]) -> tuple[float | None, list[float], float]:
    """The same of one median per side over its good blocks, for sides that did not take turns.

    Returns like `good_pairs`, with the larger share of dropped blocks; one median shows nothing
    against itself.
    """
    kept = [[block_median_s(block) for block in side if block.kept] for side in (a, b)]
    dropped = max(1 - len(k) / len(side) for k, side in zip(kept, (a, b), strict=True))
    if not all(kept):
        return None, [], 1.0
    a_s, b_s = ([quantile(medians, 0.5)] for medians in kept)
    return pair_log_ratio(a_s, b_s), [], dropped


@dataclass(frozen=True)
class PairLogs:
    """What the launches say of one pair.

    Attributes:
        logs: log(time of b / time of a) of each launch that holds enough clean pairs.
        noisy: How many launches hold too few.
        dropped: Mean share of dropped pairs, of all launches.
        equal_code: The spread that each side showed against itself in the counted launches.
    """

    logs: list[float]
    noisy: int
    dropped: float
    equal_code: float

    @property
    def disturbed(self) -> bool:
        """Whether others cost so many pairs that the machine was not the one of the self-test."""
        return self.noisy > 0 or self.dropped > DISTURBED_SHARE

    def floor(self, usual: float) -> float:
        """What bounds the spread from below: *usual*, or what equal code showed if disturbed."""
        return max(usual, self.equal_code) if self.disturbed else usual


def launch_logs(work: WorkRuns, a: str, b: str) -> PairLogs:
    """log(time of b / time of a) of each launch with enough clean pairs, whatever it dropped.

    Where blocks could not take turns, a launch gives the ratio of the medians of all its good
    blocks: its two workers followed each other, in the reversed order every other launch.
    """
    logs: list[float] = []
    noisy, drops, equal = 0, list[float](), list[float]()
    paired = work.paired(a, b)
    least = CHOICE_PAIRS if work.item.role == "choice" else LEAST_CLEAN_PAIRS
    for launch in work.launches:
        runs = launch.runs.get((work.item.key, a)), launch.runs.get((work.item.key, b))
        if runs[0] is None or runs[1] is None or not runs[0].blocks or not runs[1].blocks:
            continue
        sides = runs[0].blocks, runs[1].blocks
        log, by_side, dropped = (good_pairs if paired else good_medians)(*sides)
        drops.append(dropped)
        if log is None or not enough_pairs(*sides, paired=paired, least=least):
            noisy += 1
            continue
        logs.append(log)
        equal += by_side
    share = math.fsum(drops) / len(drops) if drops else 0.0
    return PairLogs(logs, noisy, share, equal_code_spread(equal))


def block_median_s(block: Block) -> float:
    """The median sample of a block."""
    return quantile(block.samples_s, 0.5)


def precision_class(max_relative_error: float) -> str:
    """The class of arithmetic that an error of known products belongs to."""
    for name, low, high in PRECISION_CLASSES:
        if low <= max_relative_error < high:
            return name
    return "unknown"


def gate(
    gate_id: str,
    *,
    ok: bool | None,
    case: str = "",
    value: Any = None,
    limit: Any = None,
    modes: Sequence[str] = (),
    **values: Any,
) -> Gate:
    """One line of a fairness certificate; where *ok* is None it could not be checked.

    *values* are what its sentence is about; *case* names the sentence where the id's status alone
    does not.
    """
    status: GateStatus = "unknown" if ok is None else "passed" if ok else "failed"
    return Gate(gate_id, status, case, values, value=value, limit=limit, modes=list(modes))
