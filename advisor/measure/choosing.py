"""How a model is measured: parity, a launch that chooses, then launches that estimate.

The first launch runs every variant of both frameworks for a few blocks at a small depth; later
launches run the fastest one of each framework, and only those estimate: what is chosen and
estimated on the same data looks better than it is. What is too large for the time or the memory
there is gets cut in depth, never in width, length or batch, since equal parts add up.

Pure: values in, items out. Knows no processes and no statistics.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from advisor.devices import info_of, is_cpu
from advisor.evidence import Reason
from advisor.measure.models import AskedModel, labelled, recorded_ways
from advisor.measure.wishes import Wishes, modes_left_out
from advisor.measure.work import LaunchResult, Mode, ModeRun, Pair, ToolchainSpec, WorkItem
from advisor.pair import CUDA_GRAPHS, FRAMEWORKS, RECORDED, TORCH_COMPILE, TORCH_EAGER

# Of a step that is observed twenty times in every variant; more than this is checked when tiny.
OBSERVED_FLOPS = 1e9
# Steps of this size are chosen among at the depth that is asked for: two CPU cores take them in
# about half a second, and what was compiled for the choice is compiled for what estimates.
CHOSEN_WHOLE_FLOPS = 4e10
# What an accelerator of 8e12 float32 FLOP/s (a T4) takes in 60 ms, and an H200 in 10.
CHOSEN_WHOLE_FLOPS_ACCELERATOR = 5e11
# What one sample per block is enough for, seconds.
SLOW_STEP_S = 0.05
# Steps of one mode in one launch: first calls, warming, rounds.
_STEPS_PER_LAUNCH = 16
# How much longer than is liked a step at the least depth may take and still be measured.
_PATIENCE = 5.0
MEMORY_SHARE = 0.8


@dataclass(frozen=True)
class StepLimits:
    """What one step of both frameworks together, and one cold compilation, may take, seconds."""

    step_s: float
    compile_s: float


LIMITS = {
    "quick": StepLimits(0.25, 10.0),
    "standard": StepLimits(0.8, 40.0),
    "thorough": StepLimits(3.0, 240.0),
}


@dataclass(frozen=True)
class Room:
    """What there is for one model: limits of its steps, memory, time left of a budget."""

    limits: StepLimits
    memory_bytes: float | None = None
    left_s: float | None = None
    thorough: bool = False

    @property
    def step_s(self) -> float:
        """The longest step of both frameworks together that four launches have the time for."""
        if self.left_s is None:
            return self.limits.step_s
        return min(self.limits.step_s, max(0.0, self.left_s) / (4 * _STEPS_PER_LAUNCH))


# Rates that nothing measured here exceeds by much, FLOP/s: of one CPU core (two 512-bit FMA units
# at 3 GHz make 2e11) and of an accelerator (H100, float32 on its tensor cores as TF32, about 5e14).
_CORE_FLOPS_PER_S = 1e11
_ACCELERATOR_FLOPS_PER_S = 5e14


def surely_too_large(
    asked: AskedModel, profile: str, device: str, cores: int, budget_s: float | None = None
) -> Reason | None:
    """Why *asked* need not even be tried: its least depth is too much for any machine like this.

    None where it may fit into *profile* and *budget_s*, which the launch that chooses finds out.
    """
    if asked.least_flops is None:
        return None
    rate = cores * _CORE_FLOPS_PER_S if is_cpu(device) else _ACCELERATOR_FLOPS_PER_S
    # Both frameworks take a step.
    step_s = 2 * asked.least_flops / rate
    limit_s = _PATIENCE * Room(LIMITS[profile], left_s=budget_s).step_s
    if step_s <= limit_s:
        return None
    values = {"step_s": step_s, "limit_s": limit_s, "depth": asked.least, "key": asked.depth}
    return Reason("too-large", "counted", values)


def items_of_model(
    asked: AskedModel, toolchains: Sequence[ToolchainSpec], wishes: Wishes
) -> list[WorkItem]:
    """What the first launch runs: every variant at a small depth.

    Where that is too much to observe, or says nothing, also a tiny model, whose variants are
    compared.
    """
    modes = _modes(asked, toolchains, wishes)
    depth = _first_depth(asked, wishes.device)
    share = depth / asked.asked_depth
    cheap = asked.flops is not None and asked.flops * share <= OBSERVED_FLOPS
    small = cheap and not asked.branches
    choice = WorkItem(
        workload=asked.workload,
        title=asked.title,
        size_name=f"{asked.name}.choice",
        size=asked.at_depth(depth),
        modes=modes,
        samples_per_step=asked.samples_per_step,
        tolerance=asked.tolerance,
        precision=asked.precision,
        one_off=True,
        weighs=False,
        asked=asked,
        role="choice",
        observed=small,
        min_samples=1,
    )
    parity = replace(
        choice,
        size_name=f"{asked.name}.parity",
        size=asked.tiny_size(),
        samples_per_step=1.0,
        role="parity",
        observed=True,
    )
    # What was chosen is all that a tiny model has to certify.
    return [choice] if small else [replace(choice, parity_from=parity.key), parity]


def _first_depth(asked: AskedModel, device: str) -> int:
    most = CHOSEN_WHOLE_FLOPS if is_cpu(device) else CHOSEN_WHOLE_FLOPS_ACCELERATOR
    cheap = asked.flops is not None and asked.flops <= most
    return asked.asked_depth if cheap else min(asked.asked_depth, asked.least)


def _modes(
    asked: AskedModel, toolchains: Sequence[ToolchainSpec], wishes: Wishes
) -> tuple[Mode, ...]:
    """A mode for each variant that the profile has time for; the first of a mode has its name."""
    left_out = modes_left_out(wishes.profile, wishes.device)
    modes = []
    for toolchain in toolchains:
        modes += [
            Mode(name, toolchain, variant=variant, tag=tag)
            for name, tag, variant in ways_of(asked, wishes.device)
            if name.startswith(f"{toolchain.framework}.")
            and name not in left_out
            and (wishes.settings == "matched" or name not in RECORDED.values())
        ]
    return tuple(modes)


def ways_of(asked: AskedModel, device: str) -> list[tuple[str, str, str]]:
    """Every way to run *asked* on *device*: name of the mode, tag of its label, id of the variant.

    Where graphs can be recorded, what is compiled is also run with those that the compiler records,
    and what can be recorded by hand is.
    """
    graphs = info_of(device).records_graphs
    by_hand = {variant: name for name, _, variant in recorded_ways(asked.variants)}
    ways = []
    for label, variant in labelled(asked.variants):
        tag = label.removeprefix(variant.mode)
        ways.append((variant.mode, tag, variant.id))
        if graphs and variant.id in by_hand:
            ways.append((by_hand[variant.id], tag, variant.id))
        if graphs and variant.mode == TORCH_COMPILE:
            ways.append((CUDA_GRAPHS, tag, variant.id))
    return ways


def estimating(
    item: WorkItem, launch: LaunchResult, room: Room
) -> tuple[list[WorkItem], Reason | None]:
    """What later launches run after *launch* has run the choice *item*.

    Nothing where even the least depth is too large, with the reason.
    """
    asked = item.asked
    best = best_modes(item, launch)
    if asked is None or not best:
        return [], None
    depths, reason = depths_of(item, launch, room)
    source = item.parity_from or item.key
    step_s = math.fsum(_step_s(launch.runs[item.key, mode.label]) for mode in best)
    slow = step_s > SLOW_STEP_S
    items = [
        replace(
            item,
            size_name=asked.name if depth == asked.asked_depth else cut_name(asked, depth),
            size=asked.at_depth(depth),
            modes=tuple(best),
            flops=asked.flops if depth == asked.asked_depth else None,
            one_off=False,
            role="estimate",
            observed=False,
            parity_from=source,
            min_samples=1 if slow else None,
        )
        for depth in depths
    ]
    return items, reason


def certifying(item: WorkItem, items: Sequence[WorkItem], launch: LaunchResult) -> tuple[Mode, ...]:
    """The modes of the tiny model *item* that are worth building in *launch*.

    The ones that the choice among *items* found fastest, which alone go on, and PyTorch's eager
    one, which shows gradients; of a framework that nothing was chosen of, all.
    """
    choice = next((i for i in items if i.role == "choice" and i.asked is item.asked), None)
    best = best_modes(choice, launch) if choice is not None else []
    labels = {mode.label for mode in best} | {TORCH_EAGER}
    chosen = {mode.toolchain.framework for mode in best}
    return tuple(m for m in item.modes if m.label in labels or m.toolchain.framework not in chosen)


def choice_key(asked: AskedModel) -> str:
    """The key of the item that chooses among the variants of *asked*."""
    return f"{asked.workload}/{asked.name}.choice"


def cut_name(asked: AskedModel, depth: int) -> str:
    """What the size is called that is cut to *depth*."""
    return f"{asked.name}.{asked.depth}-{depth}"


def best_modes(item: WorkItem, launch: LaunchResult) -> list[Mode]:
    """The fastest mode of each framework's first toolchain that ran, PyTorch's first."""
    best = []
    for framework in FRAMEWORKS:
        ran = [
            mode
            for mode in item.modes
            if mode.toolchain.framework == framework
            and (run := launch.runs.get((item.key, mode.label))) is not None
            and run.blocks
        ]
        if ran:
            best.append(min(ran, key=lambda m: _step_s(launch.runs[item.key, m.label])))
    return best


def chosen_pair(item: WorkItem, launches: Sequence[LaunchResult]) -> list[Pair]:
    """The labels that the choice *item* found fastest, PyTorch's first; none of one framework."""
    if not launches:
        return []
    best = best_modes(item, launches[0])
    return [(best[0].label, best[1].label)] if len(best) == len(FRAMEWORKS) else []


def _step_s(run: ModeRun) -> float:
    """The median time of a step, seconds, over the blocks that others left alone, if any."""
    kept = [block for block in run.blocks if block.kept] or run.blocks
    return median(s for block in kept for s in block.samples_s)


def depths_of(item: WorkItem, launch: LaunchResult, room: Room) -> tuple[list[int], Reason | None]:
    """The depths to measure after *launch*; none where the model is too large, and why.

    The one asked for where it fits, or where it is no deeper than those together that it would be
    cut to. Otherwise the least one and a deeper one, and in a thorough run one more, which checks
    that time is linear in depth.
    """
    asked = item.asked
    if asked is None:
        return [], None
    here = int(item.size[asked.depth])
    runs = [launch.runs[item.key, mode.label] for mode in best_modes(item, launch)]
    if not runs:
        return [], None
    step_s = math.fsum(_step_s(run) for run in runs)
    compile_s = math.fsum(math.fsum(run.first_calls_s) for run in runs)
    peak_bytes = math.fsum(run.peak_memory_bytes or 0 for run in runs)
    memory_bytes = MEMORY_SHARE * (room.memory_bytes or math.inf)

    def fits(depth: int, patience: float = 1.0) -> bool:
        more = depth / here
        return (
            step_s * more <= patience * room.step_s
            # What was compiled at this depth already comes out of caches.
            and (depth == here or compile_s * more <= patience * room.limits.compile_s)
            and peak_bytes * more <= memory_bytes
        )

    deeper = [n for n in (3, 2) if asked.least < n < asked.asked_depth and fits(n)]
    second = deeper[0] if deeper else asked.least + 1
    depths = [asked.least, second]
    if room.thorough and second + 2 < asked.asked_depth:
        depths.append(second + 2)
    in_memory = peak_bytes * asked.asked_depth / here <= memory_bytes
    shallow = in_memory and asked.asked_depth <= sum(depths)
    if fits(asked.asked_depth, _PATIENCE if shallow else 1.0):
        return [asked.asked_depth], None
    if fits(asked.least + 1, _PATIENCE):
        # Two depths of a shallow model take what it takes whole, and are compiled anew.
        return ([asked.asked_depth] if shallow else depths), None
    values = {"step_s": step_s, "limit_s": _PATIENCE * room.step_s, "depth": here}
    return [], Reason("too-large", "timed", {**values, "key": asked.depth})


def is_heavy(item: WorkItem) -> bool:
    """Whether a step of *item* takes so long that two frameworks should not be set up at once.

    PyTorch's threads wait for each other in every operation: beside a compiler on the same CPUs
    the first steps of a residual network took 8 s where alone they take 1 (2 CPUs, 2026-11-27).
    """
    asked = item.asked
    if asked is None or asked.flops is None or item.role == "parity":
        return False
    share = int(item.size[asked.depth]) / asked.asked_depth
    return asked.flops * share > OBSERVED_FLOPS


def parity_labels(item: WorkItem) -> frozenset[str] | None:
    """Which modes' observations certify *item*; None where all do.

    Of an item that was observed as another one: its own modes, and PyTorch's eager one, which
    shows gradients.
    """
    if item.parity_from is None:
        return None
    return frozenset({mode.label for mode in item.modes} | {TORCH_EAGER})
