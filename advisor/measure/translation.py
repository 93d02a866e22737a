"""What a module says that was translated and not rewritten: one side only.

JAX may be called faster, since a rewrite is hardly slower than a translation. Slower, or as fast,
says nothing of JAX: attention is then its reference form, convolutions keep PyTorch's layout. No
ratio is left there that something could reckon with; the bound is told in words. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from advisor.evidence import Comparison, Entry, Probe, Reason, Work, WorkMode
from advisor.measure.work import MODULE
from advisor.pair import TORCH_COMPILE, framework_of, mode_of

TRANSLATED = "translated"
WRITTEN_IN_JAX = "written-in-jax"


def one_sided(compared: Comparison) -> Comparison:
    """*compared* (PyTorch first) without anything that speaks against JAX.

    ``time_ratio`` of a comparison is the time of JAX over that of PyTorch.
    """
    if compared.verdict in ("b_faster", "invalid") or compared.time_ratio is None:
        return compared
    return replace(
        compared,
        verdict="inconclusive",
        time_ratio=None,
        ci=None,
        reason=Reason(TRANSLATED, "bound", _bound(compared)),
    )


def _bound(compared: Comparison) -> dict[str, Any]:
    ratio, ci = compared.time_ratio or math.nan, compared.ci or (math.nan, math.nan)
    # Speeds, JAX's as against PyTorch's.
    return {"speed": 1 / ratio, "low": 1 / ci[1], "high": 1 / ci[0], "mode": compared.a}


def module_works(probes: Sequence[Probe], unlike: Mapping[str, Sequence[str]]) -> list[Work]:
    """One work per module that was measured; *unlike* says by its id what was left out of it."""
    return [_work(p, unlike.get(p.id, ())) for p in probes if p.id.startswith(MODULE)]


def _work(probe: Probe, unlike: Sequence[str]) -> Work:
    timed = [e for e in probe.entries if e.status == "ok" and e.median_s is not None]
    sides = [
        min((e for e in timed if e.framework == name), key=lambda e: e.median_s or 0, default=None)
        for name in ("pytorch", "jax")
    ]
    bare = Work(
        model=probe.id,
        name=probe.size_name or "",
        title=probe.title or probe.id,
        size=dict(probe.size),
        precision=probe.precision,
        device=probe.device,
        cores=probe.cores,
        samples_per_step=probe.samples_per_step,
        modes=[_mode(e, chosen=e in sides) for e in timed],
        unlike=list(unlike),
    )
    if sides[1] is not None and all(e.framework == "jax" for e in probe.entries):
        # A module of Flax has no other side of its own: the family's stands beside it.
        return replace(bare, verdict="invalid", reason=Reason(WRITTEN_IN_JAX))
    if sides[0] is None or sides[1] is None:
        broken = [e.reason for e in probe.entries if e.status != "ok" and e.reason is not None]
        reason = broken[0] if broken else Reason("one-framework")
        return replace(bare, verdict="invalid", reason=reason)
    return _called(replace(bare, a=sides[0].mode, b=sides[1].mode), probe)


def _called(work: Work, probe: Probe) -> Work:
    """The comparison of the best modes; JAX is called faster where it beats every PyTorch mode."""
    crossing = [c for c in probe.comparisons if framework_of(c.a) != framework_of(c.b)]
    compared = next((c for c in crossing if (c.a, c.b) == (work.a, work.b)), None)
    if compared is None:
        return replace(work, verdict="invalid", reason=Reason("one-framework"))
    said = replace(
        work, verdict=compared.verdict, reason=compared.reason, launches=compared.launches
    )
    if compared.verdict != "b_faster":
        return said
    if not any(mode_of(e.mode) == TORCH_COMPILE for e in probe.entries):
        # A compiled step may be faster than what was timed.
        reason = Reason(TRANSLATED, "compile-not-measured", _bound(compared))
        return replace(said, verdict="inconclusive", reason=reason)
    others = [c for c in crossing if c.b == work.b and c.verdict != "b_faster"]
    if others:
        return replace(said, verdict=others[0].verdict, reason=others[0].reason)
    return replace(said, time_ratio=compared.time_ratio, ci=compared.ci, level=compared.level)


def _mode(entry: Entry, *, chosen: bool) -> WorkMode:
    assert entry.median_s is not None, "only timed entries are modes"
    return WorkMode(
        mode=entry.mode,
        step_s=entry.median_s,
        ci=entry.interval_s,
        chosen=chosen,
        variant=entry.variant,
        compile_s=entry.compile_s,
    )
