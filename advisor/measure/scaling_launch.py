"""One launch of scaling: fresh processes of one device and of several, blocks of both in turn.

Knows the protocol of `probes/rank.py`; decides nothing about its numbers.
"""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from advisor.measure.progress import Tick
from advisor.measure.quiet import BUSY_SHARE, MeterFactory
from advisor.measure.ranks import RankError, RankGroup, RankOptions
from advisor.measure.scaling_figures import grad_max_relative
from advisor.pair import FRAMEWORKS
from advisor.reason import Reason
from advisor.scaling import GRADIENT_LIMIT, ScalingLaunch, ScalingParity

BLOCK_S = 0.15
ROUNDS = 5
_MOST_STEPS = 200
_WARM_ROUNDS, _WARM_S = 4, 2.0
_PROFILED_STEPS = 5


@dataclass(frozen=True, kw_only=True)
class ScalingBatch:
    """One batch that is stepped through: its kind, size and the file of its inputs."""

    kind: str
    batch: int
    size: Mapping[str, Any]
    inputs: str


@dataclass(frozen=True, kw_only=True)
class LaunchPlan:
    """What one launch does.

    `single` is the batch of one device, `shared` those of all; `parity` the one whose gradients
    are compared in a first launch. One process at a time can have an `exclusive` device.
    """

    model: str
    options: RankOptions
    single: ScalingBatch
    shared: Sequence[ScalingBatch]
    parity: ScalingBatch
    exclusive: bool = False
    rounds: int = ROUNDS
    seed: int = 0


@dataclass
class LaunchFound:
    """What a launch gave, by kind of batch where it differs."""

    launches: dict[str, ScalingLaunch] = field(default_factory=dict)
    start_s: dict[str, float] = field(default_factory=dict)
    memory: dict[str, tuple[int | None, str]] = field(default_factory=dict)
    collectives: dict[str, tuple[float | None, str]] = field(default_factory=dict)
    parity: ScalingParity | None = None
    gradient_bytes: int | None = None
    hello: Mapping[str, Any] = field(default_factory=dict)
    variant: str | None = None


class OneLaunch:
    """One launch, the *index*-th: of a first one the gradients are compared before any timing."""

    def __init__(self, plan: LaunchPlan, index: int, tick: Tick, meter: MeterFactory) -> None:
        self._plan = plan
        self._index = index
        self._tick = tick
        self._meter = meter
        self._order = random.Random(f"{plan.seed}-{index}")  # noqa: S311  (an order, not a secret)
        self._counts: dict[str, int] = {}
        self.found = LaunchFound()

    def run(self) -> LaunchFound:
        """Do it.

        Raises:
            RankError: a rank failed; `found` holds what came before.
        """
        plan = self._plan
        options = plan.options
        alone = replace(options, devices=1, cpus=self._cpus_of_one(), way=_alone(options))
        with RankGroup(alone, f"single-{self._index}") as single:
            self._start(single, [plan.single])
            if not plan.shared:
                self._reference(single, 1)
                self._keep(self._blocks({"single": single}, [plan.single]))
                self._look([plan.single], single)
                return self.found
            if plan.exclusive:
                blocks = self._blocks({"single": single}, [plan.single])
                self._reference(single, 1)
                single.close()
            with RankGroup(options, f"shared-{options.devices}-{self._index}") as group:
                parts = self._start(group, plan.shared)
                if self._index == 0:
                    self._check(single, group, parts)
                    if self.found.parity is None or self.found.parity.status != "ok":
                        return self.found
                groups = {one.kind: group for one in plan.shared}
                if plan.exclusive:
                    blocks |= self._blocks(groups, plan.shared)
                else:
                    blocks = self._blocks({"single": single, **groups}, [plan.single, *plan.shared])
                    self._look([plan.single], single)
                self._look(plan.shared, group)
        self._keep(blocks)
        return self.found

    def _cpus_of_one(self) -> tuple[int, ...]:
        options = self._plan.options
        return options.cpus[: max(1, len(options.cpus) // options.devices)]

    def _start(self, group: RankGroup, batches: Sequence[ScalingBatch]) -> int:
        """Begin, build and make first steps; returns into how many parts a reference is split."""
        self._tick("scaling-starting", model=self._plan.model, n=len(group.pids), **self._of())
        begin, parts = group.begun, 1
        group.begin()
        for position, one in enumerate(batches):
            built = self._build(group, one, one.kind)
            parts = int(built.get("reference_parts") or 1)
            group.ask("steps", key=one.kind, count=1)
            if position == 0:
                # The first batch alone: the others are built in processes that run already.
                self.found.start_s["single" if one.kind == "single" else "shared"] = (
                    time.monotonic() - begin
                )
        if batches[0].kind != "single" or not self._plan.shared:
            self.found.hello = group.hellos[0]
            self.found.variant = str(built.get("variant") or "") or None
        return parts

    def _build(self, group: RankGroup, one: ScalingBatch, key: str) -> dict[str, Any]:
        model, size = self._plan.model, dict(one.size)
        return group.ask("build", key=key, model=model, size=size, inputs=one.inputs)[0]

    def _of(self) -> dict[str, Any]:
        options = self._plan.options
        return {
            "framework": options.toolchain.framework,
            "way": options.way,
            "devices": options.devices,
            "launch": self._index + 1,
        }

    def _check(self, single: RankGroup, group: RankGroup, parts: int) -> None:
        """Compare the gradients of all devices with those of one, from the same weights.

        Where float32 tells them apart, float64 decides: there no rounding carries an activation
        across the kink of a ReLU.
        """
        plan, one = self._plan, self._plan.parity
        self._tick("scaling-gradients", model=plan.model, **self._of())
        narrow = found = self._difference(single, group, parts, wide=False)
        wide = found > GRADIENT_LIMIT and math.isfinite(found) and not plan.exclusive
        if wide:
            found = self._difference(single, group, parts, wide=True)
        equal = found <= GRADIENT_LIMIT
        reason = Reason("scaling-gradients", "unlike", {"limit": GRADIENT_LIMIT})
        if math.isfinite(found):
            reason = replace(reason, case="far", values={**reason.values, "found": found})
        self.found.parity = ScalingParity(
            status="ok" if equal else "failed",
            grad_max_relative=found if math.isfinite(found) else None,
            precision="float64" if wide else "float32",
            float32_max_relative=narrow if math.isfinite(narrow) else None,
            reference="whole_batch" if parts == 1 else "parts",
            devices=plan.options.devices,
            batch=one.batch,
            reason=None if equal else reason,
        )

    def _difference(self, single: RankGroup, group: RankGroup, parts: int, *, wide: bool) -> float:
        """How far the gradients of any rank are from those of one device."""
        plan, one = self._plan, self._plan.parity
        if not plan.exclusive:
            self._reference(single, parts, wide=wide)
        paths = [str(self._file(f"gradients-{rank}")) for rank in range(len(group.pids))]
        group.ask(
            "build",
            key="parity",
            model=plan.model,
            size=dict(one.size),
            inputs=one.inputs,
            wide=wide,
        )
        group.ask("gradients", key="parity", each={"path": paths})
        group.ask("forget", key="parity")
        reference = _arrays(self._file("reference"))
        # All ranks: each has to have the gradients of the whole batch.
        return max(grad_max_relative(_arrays(Path(path)), reference) for path in paths)

    def _reference(self, single: RankGroup, parts: int, *, wide: bool = False) -> None:
        if self._index:
            return
        plan, one = self._plan, self._plan.parity
        reply = single.ask(
            "reference",
            model=plan.model,
            size=dict(one.size),
            inputs=one.inputs,
            parts=parts,
            wide=wide,
            path=str(self._file("reference")),
        )[0]
        size = reply.get("gradient_bytes")
        if not wide and isinstance(size, int) and size > 0:
            self.found.gradient_bytes = size

    def _file(self, name: str) -> Path:
        options = self._plan.options
        key = f"{options.toolchain.key}-{options.way}-{options.devices}"
        return options.workspace / f"{self._plan.model}-{key}-{name}.npz"

    def _blocks(
        self, groups: Mapping[str, RankGroup], batches: Sequence[ScalingBatch]
    ) -> dict[str, list[tuple[float, bool]]]:
        """Median steps of blocks by kind, each with whether others used the CPUs meanwhile."""
        kinds = [one.kind for one in batches]
        for kind in kinds:
            self._warm(groups[kind], kind)
        pids = [pid for group in set(groups.values()) for pid in group.pids]
        meter = self._meter(self._plan.options.cpus, lambda: pids)
        found: dict[str, list[tuple[float, bool]]] = {kind: [] for kind in kinds}
        for number in range(self._plan.rounds):
            self._tick(
                "scaling-timing",
                model=self._plan.model,
                round=number + 1,
                rounds=self._plan.rounds,
                **self._of(),
            )
            for kind in self._order.sample(kinds, len(kinds)):
                before = meter.read()
                step_s = self._steps(groups[kind], kind, self._counts[kind])
                share = meter.foreign_share(before, meter.read())
                found[kind].append((step_s, share is not None and share >= BUSY_SHARE))
        return found

    def _warm(self, group: RankGroup, kind: str) -> None:
        count, begin = 3, time.monotonic()
        for _ in range(_WARM_ROUNDS):
            step_s = self._steps(group, kind, count)
            # A step that is longer than a block is a block.
            least = 3 if step_s < BLOCK_S else 1
            count = max(least, min(_MOST_STEPS, math.ceil(BLOCK_S / max(step_s, 1e-6))))
            if time.monotonic() - begin > _WARM_S:
                break
        self._counts[kind] = count

    @staticmethod
    def _steps(group: RankGroup, kind: str, count: int) -> float:
        """The median step of the slowest rank, seconds."""
        replies = group.ask("steps", key=kind, count=count)
        return max(statistics.median(calls_of(reply, count)) for reply in replies)

    def _look(self, batches: Sequence[ScalingBatch], group: RankGroup) -> None:
        """Memory and time in collectives, after all timing."""
        for one in batches:
            replies = group.ask("memory", key=one.kind)
            known = [n for r in replies if isinstance(n := r.get("memory_bytes"), int) and n > 0]
            counts = str(replies[0].get("counts") or "not-told")
            self.found.memory[one.kind] = (max(known, default=None), counts)
            if one.kind == "single":
                continue
            replies = group.ask("collectives", key=one.kind, count=_PROFILED_STEPS)
            times = [float(s) for r in replies if _is_time(s := r.get("collectives_s")) and s]
            longest = max(times, default=None)
            self.found.collectives[one.kind] = (longest, str(replies[0].get("why") or ""))

    def _keep(self, blocks: Mapping[str, Sequence[tuple[float, bool]]]) -> None:
        """Pairs of blocks, disturbed ones left out as pairs unless too few would remain."""
        single = blocks["single"]
        for kind, listed in blocks.items():
            pairs = enumerate(zip(listed, single, strict=True))
            clean = [n for n, ((_, busy), (_, beside)) in pairs if not busy and not beside]
            disturbed = len(clean) < min(2, len(listed))
            kept = range(len(listed)) if disturbed else clean
            self.found.launches[kind] = ScalingLaunch(
                index=self._index,
                steps_s=[listed[n][0] for n in kept],
                single_s=[] if kind == "single" else [single[n][0] for n in kept],
                disturbed=disturbed,
            )


def _alone(options: RankOptions) -> str:
    return "ddp" if options.toolchain.framework == FRAMEWORKS[0] else "mesh"


def calls_of(reply: Mapping[str, Any], count: int) -> list[float]:
    """The times of *count* steps.

    Raises:
        RankError: the answer holds something else.
    """
    calls = reply.get("calls_s")
    if not isinstance(calls, list) or len(calls) != count or not all(map(_is_time, calls)):
        raise RankError(Reason("worker-garbage", "no-list", {"key": "calls_s"}))
    return calls


def _is_time(value: Any) -> bool:
    whole = isinstance(value, (int, float)) and not isinstance(value, bool)
    return whole and math.isfinite(value) and 0 < value < 1e6


def _arrays(path: Path) -> dict[str, Any]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, ValueError) as error:
        raise RankError(Reason("worker-garbage", "no-list", {"key": "gradients"})) from error
