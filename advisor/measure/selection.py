"""Which workloads, sizes and modes a run measures: the caller's wishes against the catalogue.

Knows the profiles and what each probe is worth to a task. It must not know seconds or CPUs.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from advisor.devices import info_of
from advisor.errors import UserError
from advisor.measure.catalogue import OfferedWorkload
from advisor.measure.wishes import Wishes, modes_left_out
from advisor.measure.work import Mode, ToolchainSpec, WorkItem
from advisor.pair import CUDA_GRAPHS, MODES

SIZES = {
    "quick": ("small",),
    "standard": ("small", "medium"),
    "thorough": ("small", "medium", "large"),
}
# What weighs more than this share of a task's heaviest workload has all sizes.
MAIN_SHARE = 0.6
# In the quick profile of a task the heaviest workloads are measured that reach this share of it.
QUICK_COVERAGE = 0.85
# Probes whose one-core verdict is worth its launches even in the shorter profiles.
ONE_CORE_PROBES = ("mlp_train",)


def chosen(catalogue: Sequence[OfferedWorkload], wishes: Wishes) -> list[OfferedWorkload]:
    """The workloads that *wishes* name, or those of the task.

    Raises:
        UserError: a probe is asked for that does not exist.
    """
    offers = {workload.id: workload for workload in catalogue}
    for pattern in (*wishes.only, *wishes.skip):
        if not any(fnmatchcase(name, pattern) for name in offers):
            raise UserError(
                f"no probe is called {pattern!r}", hint=f"there are: {', '.join(sorted(offers))}"
            )
    names = [n for n in offers if any(fnmatchcase(n, p) for p in wishes.only)]
    # The user's own files come alone: all of them are meant.
    own = [n for n, workload in offers.items() if workload.source]
    names = names or own or [n for n in _of_task(wishes) if n in offers]
    return [offers[n] for n in names if not any(fnmatchcase(n, p) for p in wishes.skip)]


def _of_task(wishes: Wishes) -> list[str]:
    """The probes of the task; in the quick profile those that are most of it."""
    if wishes.profile != "quick" or not wishes.values:
        return list(wishes.probes)
    whole, reached, names = sum(wishes.values.values()), 0.0, []
    for name in sorted(wishes.probes, key=lambda n: -wishes.values.get(n, 0.0)):
        if reached < QUICK_COVERAGE * whole:
            names.append(name)
        reached += wishes.values.get(name, 0.0)
    return names


def items_of(
    workload: OfferedWorkload,
    toolchains: Sequence[ToolchainSpec],
    wishes: Wishes,
    *,
    beside: bool,
) -> list[WorkItem]:
    """The items of one workload; *beside* another series only what its verdict needs."""
    sizes = _sizes(workload, wishes)
    short = beside and wishes.profile != "thorough"
    # Modes that only answer a claim are measured where somebody asks for their probe by name.
    extras = not short and (bool(wishes.only) or wishes.profile == "thorough")
    return [
        WorkItem(
            workload=workload.id,
            title=workload.title,
            size_name=name,
            size=workload.sizes[name].size,
            modes=_modes(workload, toolchains, wishes, extras=extras and name == sizes[0]),
            flops=workload.sizes[name].flops,
            bytes_moved=workload.sizes[name].bytes,
            samples_per_step=workload.sizes[name].samples_per_step,
            tolerance=workload.sizes[name].tolerance,
            precision=workload.sizes[name].precision,
            source=workload.source,
            one_off=workload.one_off,
            latency=workload.latency,
            own_process=workload.own_process,
            stream_calls=workload.stream_calls,
            weighs=workload.sizes[name].weighs,
            variant_of=workload.sizes[name].variant_of,
            offered=workload.frameworks,
        )
        for name in (sizes[:1] if short else sizes)
    ]


def _sizes(workload: OfferedWorkload, wishes: Wishes) -> list[str]:
    """The sizes of the profile, and those with names of their own (another layout or type).

    Of a user's own step all that its file names; the ends have to do for a quick look.

    What happens once has its smallest size only: it takes processes of its own.

    Of a task the workloads that weigh most have all sizes, and the variants of the larger one;
    for the others the larger size alone has to do.
    """
    offers = workload.sizes
    if workload.source:
        names = list(offers)
        return [*names[:1], *names[1:][-1:]] if wishes.profile == "quick" else names
    sizes = [n for n in SIZES[wishes.profile] if n in offers] or [next(iter(offers))]
    if workload.one_off and wishes.profile != "thorough":
        return sizes[:1]
    if wishes.profile == "thorough" or (wishes.only and wishes.profile != "quick"):
        # A name of its own begins with the size that it is like.
        sizes += [n for n in offers if n not in sizes and n.partition("_")[0] in sizes]
    elif wishes.profile == "quick" and wishes.values:
        # One size has to do: the one that is nearer to real work.
        sizes = [n for n in SIZES["standard"] if n in offers][-1:] or sizes
    elif wishes.profile == "standard" and wishes.values:
        if _main(workload.id, wishes):
            sizes += [n for n in offers if offers[n].variant_of == sizes[-1]]
        else:
            sizes = sizes[-1:]
    return sizes


def _main(probe: str, wishes: Wishes) -> bool:
    """Whether *probe* is among what stands for most of the task."""
    return wishes.values.get(probe, 0.0) > MAIN_SHARE * max(wishes.values.values())


def _modes(
    workload: OfferedWorkload,
    toolchains: Sequence[ToolchainSpec],
    wishes: Wishes,
    *,
    extras: bool,
) -> tuple[Mode, ...]:
    quick = wishes.profile == "quick"
    modes: list[Mode] = []
    for toolchain in toolchains:
        prefix = f"{toolchain.framework}."
        left_out = modes_left_out(wishes.profile, wishes.device)
        modes += [
            Mode(name, toolchain)
            for name in _timed_modes(workload, wishes.device)
            if name.startswith(prefix) and name not in left_out
        ]
        if extras and not quick:
            modes += [
                Mode(name, toolchain, few_samples=True)
                for name in workload.extra_modes
                if name.startswith(prefix)
            ]
    return tuple(modes)


def _timed_modes(workload: OfferedWorkload, device: str) -> list[str]:
    """The workload's modes, and where the device has them CUDA graphs of what is compiled."""
    modes = list(workload.modes)
    plain = MODES[CUDA_GRAPHS].without
    if plain in modes and info_of(device).records_graphs:
        modes.insert(modes.index(plain) + 1, CUDA_GRAPHS)
    return modes


def on_one_core(workload: OfferedWorkload, wishes: Wishes) -> bool:
    """Whether *workload* is worth launches of its own on one core, beside those on all."""
    if wishes.profile == "thorough":
        return True
    if wishes.only:
        return not workload.one_off
    if not wishes.values:
        return workload.id in ONE_CORE_PROBES
    return workload.id == max(sorted(wishes.values), key=lambda name: wishes.values[name])
