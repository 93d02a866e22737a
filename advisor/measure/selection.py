"""Which workloads, sizes and modes a run measures: the caller's wishes against the catalogue.

Knows the profiles and what each probe is worth to a task. It must not know seconds or CPUs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from advisor.errors import UserError
from advisor.measure.work import Cell, Mode, ToolchainSpec

SIZES = {
    "quick": ("small",),
    "standard": ("small", "medium"),
    "thorough": ("small", "medium", "large"),
}
CORE_PROBES = ("matmul", "mlp_train")
# What weighs more than this share of a task's heaviest workload has all sizes.
MAIN_SHARE = 0.6
# In the quick profile of a task the heaviest workloads are measured that reach this share of it.
QUICK_COVERAGE = 0.85
# Probes whose one-core verdict is worth its launches even in the shorter profiles.
ONE_CORE_PROBES = ("mlp_train",)
# Devices on which torch.compile can record CUDA graphs (HIP's on ROCm).
_GRAPH_DEVICES = ("gpu", "cuda", "rocm")
CUDA_GRAPHS = "pytorch.compile_reduce_overhead"


@dataclass(frozen=True)
class Wishes:
    """What the caller asked for."""

    profile: str = "standard"
    settings: str = "matched"
    only: Sequence[str] = ()
    skip: Sequence[str] = ()
    frameworks: Sequence[str] = ()
    device: str = "cpu"
    budget_s: float | None = None
    seed: int = 0
    probes: Sequence[str] = CORE_PROBES
    values: Mapping[str, float] = field(default_factory=dict)


def chosen(catalogue: Sequence[Mapping[str, Any]], wishes: Wishes) -> list[Mapping[str, Any]]:
    """The workloads that *wishes* name, or those of the task.

    Raises:
        UserError: a probe is asked for that does not exist.
    """
    known = {str(workload["id"]): workload for workload in catalogue}
    for pattern in (*wishes.only, *wishes.skip):
        if not any(fnmatchcase(name, pattern) for name in known):
            raise UserError(
                f"no probe is called {pattern!r}", hint=f"there are: {', '.join(sorted(known))}"
            )
    names = [n for n in known if any(fnmatchcase(n, p) for p in wishes.only)]
    # The user's own files come alone: all of them are meant.
    own = [n for n, workload in known.items() if workload.get("source")]
    names = names or own or [n for n in _of_task(wishes) if n in known]
    return [known[n] for n in names if not any(fnmatchcase(n, p) for p in wishes.skip)]


def _of_task(wishes: Wishes) -> list[str]:
    """The probes of the task; in the quick profile those that are most of it."""
    if wishes.profile != "quick" or not wishes.values:
        return list(wishes.probes)
    whole, reached, found = sum(wishes.values.values()), 0.0, []
    for name in sorted(wishes.probes, key=lambda n: -wishes.values.get(n, 0.0)):
        if reached < QUICK_COVERAGE * whole:
            found.append(name)
        reached += wishes.values.get(name, 0.0)
    return found


def cells_of(
    workload: Mapping[str, Any],
    toolchains: Sequence[ToolchainSpec],
    wishes: Wishes,
    *,
    beside: bool,
) -> list[Cell]:
    """The cells of one workload; *beside* another series only what its verdict needs."""
    sizes = _sizes(workload, wishes)
    short = beside and wishes.profile != "thorough"
    # Modes that only answer a claim are no part of a task.
    extras = not short and (not wishes.values or wishes.profile == "thorough")
    return [
        Cell(
            probe=workload["id"],
            title=workload["title"],
            size_name=name,
            size=workload["sizes"][name]["size"],
            modes=_modes(workload, toolchains, wishes, extras=extras and name == sizes[0]),
            flops=workload["sizes"][name]["flops"],
            bytes_moved=workload["sizes"][name]["bytes"],
            samples_per_step=workload["sizes"][name]["samples_per_step"],
            tolerance=workload["sizes"][name]["tolerance"],
            precision=workload["sizes"][name]["precision"],
            source=workload.get("source"),
            one_off=bool(workload.get("one_off")),
            latency=bool(workload.get("latency")),
            own_process=bool(workload.get("own_process")),
            stream_calls=workload.get("stream_calls"),
            weighs=bool(workload["sizes"][name].get("weighs", True)),
            variant_of=workload["sizes"][name].get("variant_of"),
        )
        for name in (sizes[:1] if short else sizes)
    ]


def _sizes(workload: Mapping[str, Any], wishes: Wishes) -> list[str]:
    """The sizes of the profile, and those with names of their own (another layout or type).

    What happens once has its smallest size only: it takes processes of its own.

    Of a task the workloads that weigh most have all sizes, and the variants of the larger one;
    for the others the larger size alone has to do.
    """
    known = workload["sizes"]
    sizes = [n for n in SIZES[wishes.profile] if n in known] or [next(iter(known))]
    if workload.get("one_off") and wishes.profile != "thorough":
        return sizes[:1]
    if wishes.profile == "thorough" or (wishes.only and wishes.profile != "quick"):
        # A name of its own begins with the size that it is like.
        sizes += [n for n in known if n not in sizes and n.partition("_")[0] in sizes]
    elif wishes.profile == "quick" and wishes.values:
        # One size has to do: the one that is nearer to real work.
        sizes = [n for n in SIZES["standard"] if n in known][-1:] or sizes
    elif wishes.profile == "standard" and wishes.values:
        if _main(workload["id"], wishes):
            sizes += [n for n in known if known[n].get("variant_of") == sizes[-1]]
        else:
            sizes = sizes[-1:]
    return sizes


def _main(probe: str, wishes: Wishes) -> bool:
    """Whether *probe* is among what stands for most of the task."""
    return wishes.values.get(probe, 0.0) > MAIN_SHARE * max(wishes.values.values())


def _modes(
    workload: Mapping[str, Any],
    toolchains: Sequence[ToolchainSpec],
    wishes: Wishes,
    *,
    extras: bool,
) -> tuple[Mode, ...]:
    quick = wishes.profile == "quick"
    modes: list[Mode] = []
    for toolchain in toolchains:
        prefix = f"{toolchain.framework}."
        # A cold torch.compile costs more than a whole quick run.
        left_out = {"pytorch.compile", CUDA_GRAPHS} if quick else set()
        modes += [
            Mode(name, toolchain)
            for name in _timed_modes(workload, wishes.device)
            if name.startswith(prefix) and name not in left_out
        ]
        if extras and not quick:
            modes += [
                Mode(name, toolchain, few_samples=True)
                for name in workload["extra_modes"]
                if name.startswith(prefix)
            ]
    return tuple(modes)


def _timed_modes(workload: Mapping[str, Any], device: str) -> list[str]:
    """The workload's modes, and where the device has them CUDA graphs of what is compiled."""
    modes = [str(name) for name in workload["modes"]]
    if "pytorch.compile" in modes and device.partition(":")[0] in _GRAPH_DEVICES:
        modes.insert(modes.index("pytorch.compile") + 1, CUDA_GRAPHS)
    return modes


def on_one_core(workload: Mapping[str, Any], wishes: Wishes) -> bool:
    """Whether *workload* is worth launches of its own on one core, beside those on all."""
    probe, one_off = str(workload["id"]), bool(workload.get("one_off"))
    if wishes.profile == "thorough":
        return True
    if wishes.only:
        return not one_off
    if not wishes.values:
        return probe in ONE_CORE_PROBES
    return probe == max(sorted(wishes.values), key=lambda name: wishes.values[name])
