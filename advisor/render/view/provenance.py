"""Where statements come from: tags for measurements, rules with their sources, and answers.

Knows the record's rule base and answers. It must not know what is said about them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from advisor.decision import Decision, DecisionReason, Provenance
from advisor.inputs import Inputs
from advisor.knowledge.model import Rule
from advisor.record import Record
from advisor.render.document import Kind, Tag, anchor, clean, web_address
from advisor.render.view.words import count_of

SAID: Mapping[str, str] = {
    "typed": "your answer",
    "flag": "your answer (flag)",
    "file": "your answer (file)",
    "detected": "detected here",
    "default": "default, not confirmed",
}
_KINDS: Mapping[str, Kind] = {"detected": "detected", "default": "default"}
METHOD = Tag("computed", "how it is computed", "#method")


@dataclass(frozen=True)
class Origins:
    """The tags of one record."""

    record: Record

    @property
    def inputs(self) -> Inputs:
        """What the decision was made from."""
        return self.record.inputs

    @property
    def decision(self) -> Decision:
        """The decision."""
        return self.record.decision

    @cached_property
    def rules(self) -> Mapping[str, Rule]:
        """The rules by id."""
        return {rule.id: rule for rule in self.inputs.base.rules}

    @cached_property
    def workloads(self) -> frozenset[str]:
        """The workloads that were measured."""
        return frozenset(p.id for e in self.inputs.evidence for p in e.probes)

    @cached_property
    def overall(self) -> Tag:
        """The tag of what everything together led to."""
        probes = sum(len(e.probes) for e in self.inputs.evidence)
        parts = [
            count_of(len(self.inputs.answers.values), "answer"),
            count_of(len(self.decision.rules_fired), "rule that fired", "rules that fired"),
            count_of(probes, "measured probe"),
        ]
        return Tag("computed", "decided from " + ", ".join(parts), "#method")

    def measured(self, workload: str = "") -> Tag:
        """The tag of a measurement; it leads to the workload's numbers."""
        target = anchor("measured", workload) if workload in self.workloads else "measured"
        words = f"measured here: {workload}" if workload else "measured here"
        return Tag("measured", words, f"#{target}")

    def answer(self, key: str) -> Tag:
        """The tag of one answer, with who gave it."""
        source = self.inputs.answers.sources.get(key, "file")
        said = SAID.get(source, "your answer").partition(" (")[0]
        text = f"{said}: {key}"
        return Tag(_KINDS.get(source, "answer"), text, f"#{anchor('answer', key)}")

    def rule(self, name: str | None) -> tuple[Tag, ...]:
        """The tags of a rule: itself, then the first of its sources, each with its date."""
        if not name:
            return ()
        rule = self.rules.get(name)
        dated = f", {rule.reviewed}" if rule else ""
        tags = [Tag("rule", f"rule {name}{dated}", f"#{anchor('rule', name)}")]
        return (*tags, *(self.source(s) for s in (rule.sources[:1] if rule else ())))

    def source(self, name: str) -> Tag:
        """The tag of one source."""
        source = self.inputs.base.sources.get(name)
        if source is None:
            return Tag("rule", f"source {name}")
        day = source.published or source.retrieved
        return Tag("rule", f"{_short(source.title)}, {day}", web_address(source.url))

    def told(self, given: Provenance) -> Tag:
        """A provenance of the decision document as a tag."""
        if given.kind == "measured":
            return self.measured(given.ref)
        if given.kind == "rule":
            dated = f", {given.date}" if given.date else ""
            return Tag("rule", f"{_short(given.text or given.ref)}{dated}", web_address(given.url))
        if given.ref in self.inputs.answers.values:
            return self.answer(given.ref)
        return Tag(given.kind, f"detected here: {given.ref}", "#environment")

    def of_reason(self, reason: DecisionReason) -> tuple[Tag, ...]:
        """The chain of a reason: its rule or measurement, the sources, and the answers."""
        if reason.rule is None:
            because = [self.told(b) for b in reason.because if b.kind == "measured"]
            return unique(because or [self.measured(reason.probe or "")])
        cited = [self.told(s) for s in reason.sources[:1]] or list(self.rule(reason.rule)[1:])
        return unique([self.rule(reason.rule)[0], *cited, *map(self.told, reason.because)])


def _short(title: str) -> str:
    """*title*, short enough that the date after it is never cut off."""
    return clean(title, limit=120)


def unique(tags: Iterable[Tag]) -> tuple[Tag, ...]:
    """*tags* without repetitions, in their order."""
    return tuple(dict.fromkeys(tags))
