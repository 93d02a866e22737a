"""Comparisons without a verdict, those refused for one reason told together.

Knows the evidence's reasons and gates. It must not know tasks or weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from advisor.evidence import Comparison
from advisor.render.view.probes import ShownProbe
from advisor.render.wording import count_of, has, listed, say, sentence


@dataclass(frozen=True)
class Refusal:
    """Comparisons that were not called for one reason; `verdict` is what all of them say."""

    reason: str
    verdict: str
    parts: tuple[tuple[ShownProbe, Comparison], ...]

    @property
    def workloads(self) -> str:
        """The workloads that it is about, each once."""
        return listed(list(dict.fromkeys(shown.probe.id for shown, _ in self.parts)))

    @property
    def count(self) -> str:
        """``10 comparisons refused``."""
        if self.verdict == "invalid":
            return count_of(len(self.parts), "refused_comparison")
        return count_of(len(self.parts), "open_comparison")

    @property
    def because(self) -> str:
        """Why, with the range of what was seen where the reason has one; without the way out."""
        ranged = self._ranged()
        if ranged:
            return ranged
        texts = dict.fromkeys(r.text or r.id for _, c in self.parts if (r := c.reason) is not None)
        if not texts:
            return say("measurements.missing.reaches_over")
        first = next(iter(texts))
        return first if len(texts) == 1 else say("measurements.missing.alike", text=first)

    @property
    def way_out(self) -> str:
        """What to do about it; empty where nothing helps."""
        return next((c.reason.hint for _, c in self.parts if c.reason and c.reason.hint), "")

    def _ranged(self) -> str:
        key = f"gate.{self.reason}.range"
        shares = [
            share
            for _, compared in self.parts
            for gate in compared.certificate
            if gate.id == self.reason and gate.status == "failed"
            if isinstance(share := gate.values.get("share"), (int, float))
        ]
        if not shares or not has(f"{key}.one"):
            return ""
        low, high = min(shares), max(shares)
        same = f"{low:.0%}" == f"{high:.0%}"
        return say(f"{key}.one" if same else f"{key}.many", low=low * 100, high=high)


def refusals(probes: Sequence[ShownProbe]) -> list[Refusal]:
    """Every comparison that was not called, by its reason, the largest group first."""
    groups: dict[tuple[str, str], list[tuple[ShownProbe, Comparison]]] = {}
    for shown in probes:
        for compared in shown.probe.comparisons:
            if not compared.called:
                reason = compared.reason.id if compared.reason else ""
                groups.setdefault((reason, compared.verdict), []).append((shown, compared))
    made = [Refusal(*key, tuple(parts)) for key, parts in groups.items()]
    return sorted(made, key=lambda r: (-len(r.parts), r.reason, r.verdict))


def refusal_texts(probes: Sequence[ShownProbe]) -> Iterator[str]:
    """One sentence for each reason: ``10 comparisons refused: others used 60 to 83 %``."""
    for group in refusals(probes):
        yield sentence(
            say("measurements.missing.grouped", count=group.count, because=group.because)
        )
