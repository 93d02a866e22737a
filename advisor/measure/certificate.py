"""The fairness certificate of a comparison: every condition, and whether it held.

Pure: reads what launches gave. A failed line withholds the ratio, whatever the numbers say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from advisor.measure import gates
from advisor.measure.cell_runs import CellRuns, Context, launch_logs
from advisor.measure.work import Cell
from advisor.measure.statistics import quantile

WAY_OUT = {
    "others-were-busy": "stop what else runs on this machine, or measure when it is idle",
    "parity-failed": "the modes do not compute the same thing; a ratio would mean nothing",
    "precision-differs": "set the same matrix product precision in both, or use --settings matched",
    "devices-differ": "name the device that both can use, with --device; see fw-advisor doctor",
    "others-on-the-device": "stop what else runs on the accelerator, or choose another with :N",
    "impossible-rate": "a missing wait for the device, or work that was optimised away",
    "impossible-bandwidth": "a missing wait for the device, or work that was optimised away",
    "threads-differ": "give both the same CPUs; see fw-advisor doctor",
    "constants-captured": "hand arrays to the step as arguments; closed-over ones are folded",
    "compiles-again": "pad to fixed shapes, or measure changing shapes on purpose (shape_churn)",
    "selftest-failed": "run fw-advisor selftest when the machine is idle",
}


def certificate_of(
    runs: CellRuns, pair: tuple[str, str], parity: Mapping[str, Any], context: Context
) -> list[dict[str, Any]]:
    """Every condition under which this pair was measured, and whether it held."""
    toolchains = {mode.label: mode.toolchain.key for mode in runs.cell.modes}
    sides = [toolchains[label] for label in pair]
    return [
        _selftest_gate(context),
        _parity_gate(parity, pair),
        _precision_gate(context, runs.cell, pair, sides),
        _threads_gate(context, runs, pair, sides),
        *_device_gates(context, runs, pair, sides),
        *_plausible_gates(runs, pair, context),
        *_constants_gate(runs, pair),
        *_compile_gates(runs, pair),
    ]


def _selftest_gate(context: Context) -> dict[str, Any]:
    texts = {
        "passed": "measuring works here: equal code was called equal, a planted delay was found",
        "failed": "the self-test failed: on this machine, now, measuring cannot be trusted",
        "not_run": "the self-test was not run",
    }
    return gates.gate("selftest-failed", texts[context.selftest], ok=context.selftest == "passed")


def _parity_gate(parity: Mapping[str, Any], pair: tuple[str, str]) -> dict[str, Any]:
    if parity["status"] == "not_checked":
        return gates.gate("parity-failed", "results were not compared", ok=None, modes=pair)
    problems = parity.get("problems") or {}
    mine = [f"{k}: {v}" for k, v in problems.items() if k in pair or k == "parameters"]
    text = "; ".join(mine) if mine else "same inputs, outputs, gradients and loss curve"
    return gates.gate("parity-failed", text, ok=not mine, modes=pair)


def _precision_gate(
    context: Context, cell: Cell, pair: tuple[str, str], sides: Sequence[str]
) -> dict[str, Any]:
    errors = [context.precisions.get(side) for side in sides]
    if any(error is None for error in errors):
        text = "the arithmetic was not checked against float64"
        return gates.gate("precision-differs", text, ok=None, modes=pair)
    classes = [gates.precision_class(error) for error in errors if error is not None]
    same = len(set(classes)) == 1 and (cell.precision != "float32" or classes[0] == "float32")
    same = same or context.settings == "default"
    shown = " and ".join(f"{c} (error {e:.1e})" for c, e in zip(classes, errors, strict=True))
    return gates.gate(
        "precision-differs",
        f"products against float64: {shown}",
        ok=same,
        value=classes,
        modes=pair,
    )


def _threads_gate(
    context: Context, runs: CellRuns, pair: tuple[str, str], sides: Sequence[str]
) -> dict[str, Any]:
    cores = runs.series.cores
    hellos = [context.hellos.get(side, {}) for side in sides]
    affinities = [tuple(h.get("affinity") or ()) for h in hellos]
    # At the start and at the end: the work itself can change the number in between.
    threads = [h.get("threads") for h in hellos if h.get("threads") is not None]
    threads += sorted({t for label in pair for t in _late_threads(runs, label)})
    if not all(affinities):
        return gates.gate("threads-differ", "the system does not tell CPU sets", ok=None)
    ok = len(set(affinities)) == 1 and len(affinities[0]) == cores
    # What nobody set may differ: that is what default settings are measured for.
    ok = ok and (context.settings == "default" or all(t == cores for t in threads))
    text = f"both on {len(affinities[0])} CPU(s)" + (f", {threads[0]} thread(s)" if threads else "")
    if not ok:
        text = f"CPU sets of sizes {[len(a) for a in affinities]}, threads {threads}"
    return gates.gate("threads-differ", text, ok=ok, value=threads, limit=cores, modes=pair)


def _device_gates(
    context: Context, runs: CellRuns, pair: tuple[str, str], sides: Sequence[str]
) -> list[dict[str, Any]]:
    """On an accelerator: whether both sides computed on one kind of it, and alone.

    `device_guests` counts the other processes that the driver saw before or after measuring.
    """
    if runs.series.on_cpu:
        return []
    found = [(context.hellos.get(side, {}).get("devices") or [{}])[0] for side in sides]
    kinds = [device.get("kind") for device in found]
    names = " and ".join(str(device.get("name") or "unknown") for device in found)
    same = None if None in kinds else len(set(kinds)) == 1
    guests = context.device_guests
    alone = "it is not known who else used the device"
    if guests is not None:
        alone = f"{guests} other processes used the device" if guests else "nobody else used it"
    return [
        gates.gate("devices-differ", f"measured on {names}", ok=same, value=kinds, modes=pair),
        gates.gate("others-on-the-device", alone, ok=None if guests is None else guests == 0),
    ]


def _late_threads(runs: CellRuns, label: str) -> set[int]:
    return {t for run in runs.good(label) if (t := run.counters.get("threads")) is not None}


def _plausible_gates(
    runs: CellRuns, pair: tuple[str, str], context: Context
) -> list[dict[str, Any]]:
    """No rate above the machine's own, seen in the best of its products and of its copies."""
    cell = runs.cell
    peak, copy = (max(best.values(), default=0.0) for best in (context.peaks, context.copies))
    # The peak is that of float32 products, which narrower types exceed.
    counted = None if cell.precision in ("bfloat16", "float16") else cell.flops
    bounds = (
        ("impossible-rate", counted, peak, "GFLOP/s"),
        ("impossible-bandwidth", cell.bytes_moved, copy, "GB/s"),
    )
    known = [(name, count, best, unit) for name, count, best, unit in bounds if count and best]
    if not known:
        text = "what a call computes or moves is not counted, so its rate was not checked"
        return [gates.gate("impossible-rate", text, ok=None, modes=pair)]
    medians = {label: _median_s(runs, label) for label in pair}
    return [
        _rate_gate(gate_id, label, count / median_s, best, unit)
        for gate_id, count, best, unit in known
        for label, median_s in medians.items()
        if median_s
    ]


def _median_s(runs: CellRuns, label: str) -> float | None:
    blocks = [b for run in runs.good(label) for b in run.blocks if b.get("kept")]
    medians = [quantile(block["samples_s"], 0.5) for block in blocks]
    return quantile(medians, 0.5) if medians else None


def _rate_gate(gate_id: str, label: str, rate: float, best: float, unit: str) -> dict[str, Any]:
    limit = gates.PEAK_SLACK * best
    return gates.gate(
        gate_id,
        f"{label}: {rate / 1e9:.0f} {unit} of a peak of {best / 1e9:.0f} measured here",
        ok=rate <= limit,
        value=round(rate),
        limit=round(limit),
        modes=[label],
    )


def _constants_gate(runs: CellRuns, pair: tuple[str, str]) -> list[dict[str, Any]]:
    """Whether a compiled step closes over arrays: constants are folded, arguments are not."""
    lines = []
    for label in pair:
        found = [r.counters.get("constant_bytes") for r in runs.good(label)]
        sizes = [size for size in found if size is not None]
        if sizes:
            most = max(sizes)
            lines.append(
                gates.gate(
                    "constants-captured",
                    f"{label}: its compiled step holds {most / 1024:.0f} KiB of constants",
                    ok=most <= gates.MOST_CONSTANT_BYTES,
                    value=most,
                    limit=gates.MOST_CONSTANT_BYTES,
                    modes=[label],
                )
            )
    return lines


def _compile_gates(runs: CellRuns, pair: tuple[str, str]) -> list[dict[str, Any]]:
    """Whether a mode kept compiling while it was timed; only else is a quiet machine a question.

    Blocks in which something was compiled are dropped like disturbed ones, so a mode that never
    stops compiling would otherwise be blamed on other processes.
    """
    shares = {label: _compiling_share(runs, label) for label in pair}
    if not keeps_compiling(runs, pair):
        return [_quiet_gate(runs, pair)]
    worst = max(pair, key=lambda label: shares[label])
    text = f"{worst} compiled again in {shares[worst]:.0%} of its blocks"
    return [gates.gate("compiles-again", text, ok=False, value=shares[worst], modes=[worst])]


def keeps_compiling(runs: CellRuns, pair: tuple[str, str]) -> bool:
    """Whether one of *pair* compiles in so many blocks that more launches would tell nothing."""
    return any(_compiling_share(runs, label) > gates.MOST_DROPPED for label in pair)


def _compiling_share(runs: CellRuns, label: str) -> float:
    blocks = [b for run in runs.good(label) for b in run.blocks]
    return sum(bool(b.get("compile_events")) for b in blocks) / len(blocks) if blocks else 0.0


def too_noisy(good: int, noisy: int) -> bool:
    """Whether so many launches were noisy that the good ones cannot be trusted either."""
    return noisy * 3 > good + noisy


def _quiet_gate(runs: CellRuns, pair: tuple[str, str]) -> dict[str, Any]:
    logs, noisy, dropped = launch_logs(runs, *pair)
    total = len(logs) + noisy
    known = (launch.foreign_share.get(runs.cell.key) for launch in runs.launches)
    shares = [share for share in known if share is not None]
    others = f"; others used {quantile(shares, 0.5):.0%} of the CPUs" if shares else ""
    text = f"{noisy} of {total} launches were noisy, {dropped:.0%} of block pairs dropped{others}"
    busy = too_noisy(len(logs), noisy)
    if not shares and not busy:
        text = f"{text}; this system does not tell what others used"
    return gates.gate(
        "others-were-busy",
        f"machine busy: {text}" if busy else text,
        ok=None if not shares and not busy else not busy,
        value=noisy,
        limit=total // 3,
        modes=pair,
    )
