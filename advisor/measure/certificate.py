"""The fairness certificate of a comparison: every condition, and whether it held.

Pure: reads what launches gave. A failed line withholds the ratio, whatever the numbers say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from advisor.evidence import Gate, Parity
from advisor.measure import gates
from advisor.measure.parity import PARAMETERS
from advisor.measure.statistics import quantile
from advisor.measure.verdicts import LOG_MARGIN, Looks
from advisor.measure.wishes import PRECISIONS
from advisor.measure.work import Pair, WorkRuns
from advisor.workers.replies import Hello


@dataclass(frozen=True)
class SeriesContext:
    """What holds for all comparisons of a series; what is of a toolchain goes by its key.

    `device_guests` counts the other processes that the driver saw on the accelerator;
    `fast_cpus` are those of fast cores, where the processor has slow ones too.
    """

    looks: Looks
    floor: float
    selftest: str
    peaks: Mapping[str, float]
    copies: Mapping[str, float]
    precisions: Mapping[str, float]
    hellos: Mapping[str, Hello]
    margin: float = LOG_MARGIN
    settings: str = "matched"
    device_guests: int | None = None
    fast_cpus: frozenset[int] = frozenset()


def certificate_of(
    work: WorkRuns, pair: Pair, parity: Parity, context: SeriesContext
) -> list[Gate]:
    """Every condition under which this pair was measured, and whether it held."""
    sides = [work.toolchain_of(label) for label in pair]
    return [
        _selftest_gate(context),
        _parity_gate(parity, pair),
        _precision_gate(context, work, pair, sides),
        _threads_gate(context, work, pair, sides),
        *_device_gates(context, work, pair, sides),
        *_plausible_gates(work, pair, context),
        *_constants_gate(work, pair),
        *_state_gates(work, pair),
        *_compile_gates(work, pair),
    ]


def _selftest_gate(context: SeriesContext) -> Gate:
    case = "not-run" if context.selftest == "not_run" else ""
    return gates.gate(gates.SELFTEST, ok=context.selftest == "passed", case=case)


def _parity_gate(parity: Parity, pair: Pair) -> Gate:
    """The problems of the pair's modes, by name: what they are stands in the parity."""
    mine = [name for name in parity.problems if name in (*pair, PARAMETERS)]
    if parity.status == "not_checked":
        reason = parity.reason
        case = gates.NOTHING_LEARNT if reason and reason.id == gates.NOTHING_LEARNT else ""
        values = reason.values if reason and case else {}
        return gates.gate(gates.PARITY, ok=None, case=case, modes=pair, **values)
    if parity.compared and not mine:
        values = _as_parts(parity.compared)
        return gates.gate(gates.PARITY, ok=True, case="own", modes=pair, **values)
    return gates.gate(gates.PARITY, ok=not mine, modes=pair, problems=mine)


def _as_parts(compared: Mapping[str, Any]) -> dict[str, Any]:
    """What was compared of a user's own step, its sentences' parts by case."""
    outputs, count = compared.get("outputs") or [], int(compared.get("state_count") or 0)
    policy = str(compared.get("policy", "inputs"))
    way = "trained" if compared.get("trained") else "untrained"
    return {
        "steps": compared.get("steps"),
        "tolerance": compared.get("tolerance"),
        "worst": compared.get("worst"),
        "outputs": len(outputs),
        "states": [{"case": "alike" if count else "unnamed", "count": count}, *_rounding(compared)],
        "way": [{"case": way, "moved": compared.get("moved")}, *_idle_graphs(compared)],
        "random": [{"case": policy, "rate": compared.get("rate"), "runs": compared.get("runs")}],
    }


def _rounding(compared: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The leaves in which an optimizer blew up rounding, where there are any."""
    leaves = compared.get("rounding") or []
    return [{"case": "rounding", "leaves": list(leaves)}] if leaves else []


def _idle_graphs(compared: Mapping[str, Any]) -> list[dict[str, Any]]:
    """That an inference step prepared gradients, where one did."""
    modes = compared.get("graph") or []
    return [{"case": "graph", "modes": list(modes)}] if modes else []


def _precision_gate(
    context: SeriesContext, work: WorkRuns, pair: Pair, sides: Sequence[str]
) -> Gate:
    errors = [context.precisions[side] for side in sides if side in context.precisions]
    if len(errors) < len(sides):
        return gates.gate(gates.PRECISION, ok=None, modes=pair)
    classes = [gates.precision_class(error) for error in errors]
    # Other types (float64, bfloat16) are an item's own, in workers that multiply float32 as such.
    asked = work.item.precision
    same = len(set(classes)) == 1 and (asked not in PRECISIONS or classes[0] == asked)
    seen = [{"arithmetic": c, "error": e} for c, e in zip(classes, errors, strict=True)]
    return gates.gate(
        gates.PRECISION,
        ok=same or context.settings == "default",
        value=classes,
        modes=pair,
        sides=seen,
    )


def _threads_gate(context: SeriesContext, work: WorkRuns, pair: Pair, sides: Sequence[str]) -> Gate:
    cores = work.series.cores
    hellos = [hello for side in sides if (hello := context.hellos.get(side)) is not None]
    affinities = [hello.affinity for hello in hellos]
    # At the start and at the end: the work itself can change the number in between.
    threads = [hello.threads for hello in hellos if hello.threads is not None]
    threads += sorted({t for label in pair for t in _late_threads(work, label)})
    if len(hellos) < len(sides) or not all(affinities):
        return gates.gate(gates.THREADS, ok=None)
    ok = len(set(affinities)) == 1 and len(affinities[0]) == cores
    # What nobody set may differ: that is what default settings are measured for.
    ok = ok and (context.settings == "default" or all(t == cores for t in threads))
    values: dict[str, Any] = {"sizes": [len(a) for a in affinities], "threads": threads}
    case = ""
    if ok:
        values = {"cores": len(affinities[0]), **({"threads": threads[0]} if threads else {})}
        case = "with-threads" if threads else ""
        slow = [cpu for cpu in affinities[0] if cpu not in context.fast_cpus]
        if context.fast_cpus and slow:
            case = "unequal-cores"
            values |= {"fast": len(affinities[0]) - len(slow), "slow": len(slow)}
    return gates.gate(
        gates.THREADS, ok=ok, case=case, value=threads, limit=cores, modes=pair, **values
    )


def _late_threads(work: WorkRuns, label: str) -> set[int]:
    return {t for run in work.good(label) if (t := run.counters.get("threads")) is not None}


def _device_gates(
    context: SeriesContext, work: WorkRuns, pair: Pair, sides: Sequence[str]
) -> list[Gate]:
    """On an accelerator: whether both sides computed on one kind of it, and alone.

    The context's guests are the processes that the driver saw before or after measuring.
    """
    if work.series.on_cpu:
        return []
    devices = [context.hellos.get(side, Hello(pid=0)).device for side in sides]
    kinds = [device.get("kind") for device in devices]
    names = [str(device.get("name") or "unknown") for device in devices]
    same = None if None in kinds else len(set(kinds)) == 1
    guests = context.device_guests
    counted: dict[str, Any] = {} if guests is None else {"count": guests}
    alone = None if guests is None else guests == 0
    return [
        gates.gate(gates.DEVICES, ok=same, value=kinds, modes=pair, names=names),
        gates.gate(gates.GUESTS, ok=alone, **counted),
    ]


def _plausible_gates(work: WorkRuns, pair: Pair, context: SeriesContext) -> list[Gate]:
    """No rate above the machine's own, seen in the best of its products and of its copies."""
    item = work.item
    peak, copy = (max(best.values(), default=0.0) for best in (context.peaks, context.copies))
    # The peak is that of float32 products, which narrower types exceed.
    flops = None if item.precision in ("bfloat16", "float16") else item.flops
    bounds = ((gates.RATE, flops, peak), (gates.BANDWIDTH, item.bytes_moved, copy))
    counted = [(name, count, best) for name, count, best in bounds if count and best]
    if not counted:
        return [gates.gate(gates.RATE, ok=None, modes=pair)]
    medians = {label: _median_s(work, label) for label in pair}
    return [
        _rate_gate(name, label, count / median_s, best)
        for name, count, best in counted
        for label, median_s in medians.items()
        if median_s
    ]


def _median_s(work: WorkRuns, label: str) -> float | None:
    blocks = [block for run in work.good(label) for block in run.blocks if block.kept]
    return quantile([gates.block_median_s(block) for block in blocks], 0.5) if blocks else None


def _rate_gate(gate_id: str, label: str, rate: float, best: float) -> Gate:
    """*rate* and *best* in operations or bytes per second."""
    limit = gates.PEAK_SLACK * best
    return gates.gate(
        gate_id,
        ok=rate <= limit,
        value=round(rate),
        limit=round(limit),
        modes=[label],
        mode=label,
        rate=round(rate),
        peak=round(best),
    )


def _constants_gate(work: WorkRuns, pair: Pair) -> list[Gate]:
    """Whether a compiled step closes over arrays: constants are folded, arguments are not."""
    lines = []
    for label in pair:
        sizes = [
            size
            for run in work.good(label)
            if (size := run.counters.get("constant_bytes")) is not None
        ]
        if sizes:
            most = max(sizes)
            lines.append(
                gates.gate(
                    gates.CONSTANTS,
                    ok=most <= gates.MOST_CONSTANT_BYTES,
                    value=most,
                    limit=gates.MOST_CONSTANT_BYTES,
                    modes=[label],
                    mode=label,
                    bytes=most,
                )
            )
    return lines


def _state_gates(work: WorkRuns, pair: Pair) -> list[Gate]:
    """Whether a user's state was sound when a launch ended: a line per mode where it was not.

    NaN spreads at no cost, and denormal numbers take tens of times as long on some CPUs.
    """
    lines = []
    for label in pair:
        faults = [f for run in work.good(label) for f in run.counters.get("state_faults") or ()]
        if faults:
            parts = [dict(fault) for fault in faults[:3]]
            lines.append(gates.gate(gates.STATE, ok=False, modes=[label], mode=label, faults=parts))
    return lines


def _compile_gates(work: WorkRuns, pair: Pair) -> list[Gate]:
    """Whether a mode kept compiling while it was timed; only else is a quiet machine a question.

    Blocks in which something was compiled are dropped like disturbed ones, so a mode that never
    stops compiling would otherwise be blamed on other processes.
    """
    shares = {label: _compiling_share(work, label) for label in pair}
    if not keeps_compiling(work, pair):
        return [_quiet_gate(work, pair)]
    worst = max(pair, key=lambda label: shares[label])
    share = shares[worst]
    return [
        gates.gate(
            gates.COMPILES_AGAIN, ok=False, value=share, modes=[worst], mode=worst, share=share
        )
    ]


def keeps_compiling(work: WorkRuns, pair: Pair) -> bool:
    """Whether one of *pair* compiles in so many blocks that more launches would tell nothing."""
    return any(_compiling_share(work, label) > gates.MOST_COMPILING for label in pair)


def _compiling_share(work: WorkRuns, label: str) -> float:
    blocks = [block for run in work.good(label) for block in run.blocks]
    return sum(bool(block.compile_events) for block in blocks) / len(blocks) if blocks else 0.0


def too_noisy(good: int, noisy: int) -> bool:
    """Whether more launches than not lack clean pairs: the load is steady, and nothing is said."""
    return noisy > good


def outweighed(good: int, noisy: int) -> bool:
    """Whether so few launches were noisy that any difference may be called, not only large ones."""
    return noisy * 3 <= good + noisy


def _quiet_gate(work: WorkRuns, pair: Pair) -> Gate:
    seen = gates.launch_logs(work, *pair)
    total = len(seen.logs) + seen.noisy
    shares = [
        share
        for launch in work.launches
        if (share := launch.foreign_share.get(work.item.key)) is not None
    ]
    busy = too_noisy(len(seen.logs), seen.noisy)
    values: dict[str, Any] = {
        "noisy": seen.noisy,
        "launches": total,
        "dropped": round(seen.dropped, 4),
        "least": gates.LEAST_CLEAN_PAIRS,
    }
    if shares:
        values["share"] = round(quantile(shares, 0.5), 4)
    return gates.gate(
        gates.BUSY,
        ok=None if not shares and not busy else not busy,
        case="blind" if busy and not shares else "",
        value=seen.noisy,
        limit=total // 2,
        modes=pair,
        **values,
    )
