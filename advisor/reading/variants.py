"""Variants of one work (another layout, a library's own layer): which one each framework takes.

Knows evidence: probes that stand beside another one, and what the variant makes of each mode.
Each framework's user takes the better one, so the best of each are compared: across two probes
where they differ. It must not know tasks or weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from advisor.evidence import Attribution, Entry, Evidence, Probe
from advisor.pair import FRAMEWORKS, JIT, modes_of
from advisor.ratio import Ratio


@dataclass(frozen=True)
class Detour:
    """How a ratio is carried from the probe it was measured in to another variant.

    `gain` is the other variant, called `at`, as against the one that was measured in *mode*.
    """

    mode: str
    at: str
    gain: Ratio


def together_s(probe: Probe) -> float:
    """The geometric mean of the best times of both frameworks; infinite where one has none."""
    times = [_best_s(probe, framework) for framework in FRAMEWORKS]
    return math.sqrt(math.prod(times)) if math.inf not in times else math.inf


def size_of(probe: Probe) -> str:
    """The name of the probe's size, else its numbers."""
    return probe.size_name or ",".join(f"{k}={v}" for k, v in sorted(probe.size.items()))


def group_of(document: Evidence, probe: Probe) -> list[Probe]:
    """*probe* and the other variants of its work that may count, best first.

    What was called comes before what was not, then what is fastest in both taken together. One
    that computed something else or was refused by a gate stands for nothing; *probe* itself is
    there in any case.
    """
    group = [p for p in document.probes if _key(p) == _key(probe) and (p is probe or _counts(p))]
    return sorted(group, key=lambda p: (not _is_called(p), together_s(p), size_of(p)))


def _counts(probe: Probe) -> bool:
    valid = any(c.verdict != "invalid" for c in probe.comparisons)
    return probe.weighs and probe.parity.status != "failed" and valid


def _is_called(probe: Probe) -> bool:
    return _counts(probe) and any(c.called and JIT in (c.a, c.b) for c in probe.comparisons)


def _key(probe: Probe) -> tuple[str, str, int | None, str, str]:
    return probe.id, probe.device, probe.cores, probe.precision, probe.variant_of or size_of(probe)


def detours(document: Evidence, group: Sequence[Probe]) -> list[Detour]:
    """What makes of the ratio in the first of *group* that of the best of each framework.

    None for a framework that is fastest there, or whose step to its better variant was not
    measured well enough to carry a ratio.
    """
    first = group[0]
    steps = []
    for framework in FRAMEWORKS:
        best = min(group, key=lambda p: (_best_s(p, framework), size_of(p)))
        if best is first or _best_s(best, framework) == math.inf:
            continue
        mode = _best(best, framework)
        toggled = _toggled(document, first, best, mode)
        gain = toggled.ratio if toggled and toggled.effect in ("faster", "slower") else None
        if toggled is None or gain is None:
            continue
        gain = gain if toggled.size == size_of(best) else gain.turned
        if gain.log > 0:
            steps.append(Detour(mode, size_of(best), gain))
    return steps


def _toggled(document: Evidence, first: Probe, best: Probe, mode: str) -> Attribution | None:
    sizes = {size_of(first), size_of(best)}
    for toggle in document.attributions:
        same = (toggle.probe, toggle.device, toggle.cores, toggle.precision) == (
            first.id,
            first.device,
            first.cores,
            first.precision,
        )
        flipped = toggle.kind == "variant" and {toggle.size, toggle.size_off} == sizes
        if same and flipped and toggle.mode == mode:
            return toggle
    return None


def _timed(probe: Probe, framework: str) -> list[Entry]:
    modes = modes_of(framework)
    return [e for e in probe.entries if e.status == "ok" and e.median_s and e.mode in modes]


def _best_s(probe: Probe, framework: str) -> float:
    return min((e.median_s or math.inf for e in _timed(probe, framework)), default=math.inf)


def _best(probe: Probe, framework: str) -> str:
    return min(_timed(probe, framework), key=lambda e: (e.median_s or math.inf, e.mode)).mode
