"""What moved between two evidence documents, and whether the movement is more than noise.

Knows probes, comparisons and their intervals. A movement is significant where the two intervals
do not overlap; without intervals nothing is called significant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from advisor.evidence import Comparison, Entry, Evidence, Probe, VerdictWord

Key = tuple[str, ...]


@dataclass(frozen=True)
class VerdictMove:
    """One comparison in both documents."""

    probe: str
    a: str
    b: str
    before: str
    after: str
    ratio_before: float | None
    ratio_after: float | None
    significant: bool

    @property
    def changed(self) -> bool:
        """Whether the verdict is another one."""
        return self.before != self.after


@dataclass(frozen=True)
class TimeMove:
    """One mode's time per step in both documents; `factor` above 1 is slower than before."""

    probe: str
    mode: str
    before_s: float
    after_s: float
    significant: bool

    @property
    def factor(self) -> float:
        """Time after over time before."""
        return self.after_s / self.before_s if self.before_s > 0 else 1.0


@dataclass(frozen=True)
class Movement:
    """Everything that two documents have in common, and what only one of them has."""

    verdicts: tuple[VerdictMove, ...]
    times: tuple[TimeMove, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    lone_times: bool = False

    @property
    def comparable(self) -> bool:
        """Whether anything stands in both documents that neither refused."""
        return self.lone_times or any("invalid" not in (v.before, v.after) for v in self.verdicts)


def movement(before: Evidence, after: Evidence) -> Movement:
    """What moved from *before* to *after*."""
    old, new = _probes(before), _probes(after)
    common = [key for key in sorted(old) if key in new]
    return Movement(
        verdicts=tuple(v for k in common for v in _verdicts(old[k], new[k], _label(k))),
        times=tuple(t for k in common for t in _times(old[k], new[k], _label(k))),
        only_before=tuple(_label(k) for k in sorted(set(old) - set(new))),
        only_after=tuple(_label(k) for k in sorted(set(new) - set(old))),
        # One framework alone has times and no comparison that could be refused.
        lone_times=any(not old[k].comparisons and any(_times(old[k], new[k], "")) for k in common),
    )


def _probes(evidence: Evidence) -> dict[Key, Probe]:
    keyed: dict[Key, Probe] = {}
    for probe in evidence.probes:
        size = ",".join(f"{k}={probe.size[k]}" for k in sorted(probe.size))
        cores = "" if probe.cores is None else f"{probe.cores} cores"
        key = (probe.id, probe.size_name or "", size, probe.device, cores, probe.precision)
        keyed[(*key, evidence.settings)] = probe
    return keyed


def _label(key: Key) -> str:
    name, size_name, size, *rest = key
    return " ".join(part for part in (name, size_name or size, *rest) if part)


def _verdicts(old: Probe, new: Probe, label: str) -> Iterator[VerdictMove]:
    earlier = {(c.a, c.b): c for c in old.comparisons}
    for now in sorted(new.comparisons, key=lambda c: (c.a, c.b)):
        then = earlier.get((now.a, now.b)) or _turned(earlier.get((now.b, now.a)))
        if then is not None:
            apart = then.ci is not None and now.ci is not None and _apart(then.ci, now.ci)
            yield VerdictMove(
                label, now.a, now.b, then.verdict, now.verdict, then.time_ratio, now.time_ratio,
                apart,
            )  # fmt: skip


def _turned(comparison: Comparison | None) -> Comparison | None:
    """The same comparison with its two modes exchanged."""
    if comparison is None:
        return None
    turned: dict[VerdictWord, VerdictWord] = {"a_faster": "b_faster", "b_faster": "a_faster"}
    ratio, ci = comparison.time_ratio, comparison.ci
    return replace(
        comparison,
        a=comparison.b,
        b=comparison.a,
        verdict=turned.get(comparison.verdict, comparison.verdict),
        time_ratio=None if ratio is None else 1.0 / ratio,
        ci=None if ci is None else (1.0 / ci[1], 1.0 / ci[0]),
    )


def _times(old: Probe, new: Probe, label: str) -> Iterator[TimeMove]:
    def key(entry: Entry) -> tuple[str, str, str]:
        return entry.framework, entry.mode, entry.variant or ""

    earlier = {key(e): e for e in old.entries if e.status == "ok" and e.median_s is not None}
    for now in sorted(new.entries, key=key):
        then = earlier.get(key(now))
        if then is None or now.status != "ok" or now.median_s is None or then.median_s is None:
            continue
        pair = then.interval_s, now.interval_s
        apart = pair[0] is not None and pair[1] is not None and _apart(pair[0], pair[1])
        yield TimeMove(label, now.mode, then.median_s, now.median_s, apart)


def _apart(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[1] < other[0] or other[1] < one[0]
