"""Where statements come from: tags for measurements, rules with their sources, and answers.

Knows the record's rule base and answers. It must not know what is said about them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from advisor.decision import Decision, DecisionReason, Provenance
from advisor.inputs import Inputs
from advisor.knowledge.model import Rule, RuleBase
from advisor.record import Record
from advisor.render.document import Kind, Tag, anchor, clean, web_address
from advisor.render.wording import count_of, say

_KINDS: Mapping[str, Kind] = {"detected": "detected", "default": "default"}


@dataclass(frozen=True)
class Provenances:
    """The tags of one record."""

    record: Record

    @property
    def inputs(self) -> Inputs:
        """What the decision was made from."""
        return self.record.inputs

    @property
    def base(self) -> RuleBase:
        """The rule base that it was made from."""
        return self.record.inputs.base

    @property
    def decision(self) -> Decision:
        """The decision."""
        return self.record.decision

    @cached_property
    def rules(self) -> Mapping[str, Rule]:
        """The rules by id."""
        return {rule.id: rule for rule in self.base.rules}

    @cached_property
    def workloads(self) -> frozenset[str]:
        """The workloads that were measured."""
        return frozenset(p.id for e in self.inputs.evidence for p in e.probes)

    @cached_property
    def overall(self) -> Tag:
        """The tag of what everything together led to."""
        matched = [e for e in self.inputs.evidence if e.settings == "matched"]
        called = sum(c.called for e in matched for p in e.probes for c in p.comparisons)
        text = say(
            "report.tag.overall",
            answers=self._given,
            rules=count_of(len(self.decision.rules_fired), "fired_rule"),
            comparisons=count_of(called, "called_comparison"),
        )
        return Tag("computed", text, "#method")

    @property
    def _given(self) -> str:
        """How many answers somebody gave, and what was detected; what is assumed scores nothing."""
        answers = self.inputs.answers
        sources = Counter(answers.sources.get(key, "file") for key in answers.values)
        detected = sources["detected"]
        count = sources.total() - sources["default"] - detected
        facts = [count_of(detected, "detected_fact")] if detected else []
        return ", ".join([count_of(count, "answer"), *facts])

    @cached_property
    def method(self) -> Tag:
        """The tag of what follows from the method alone."""
        return Tag("computed", say("report.tag.method"), "#method")

    @cached_property
    def advice(self) -> Tag:
        """The tag of advice that follows from the verdict."""
        return Tag("computed", say("report.tag.advice"), "#verdict")

    def measured(self, workload: str = "") -> Tag:
        """The tag of a measurement; it leads to the workload's numbers."""
        if not workload:
            return measured_at("measured")
        target = anchor("measured", workload) if workload in self.workloads else "measured"
        return Tag("measured", say("report.tag.measured_work", workload=workload), f"#{target}")

    def answer(self, key: str) -> Tag:
        """The tag of one answer, with who gave it."""
        source = self.inputs.answers.sources.get(key, "file")
        kind = _KINDS.get(source, "answer")
        text = say(f"report.tag.said.{kind}", key=key)
        return Tag(kind, text, f"#{anchor('answer', key)}")

    def rule(self, name: str | None) -> tuple[Tag, ...]:
        """The tags of a rule: itself, then the first of its sources, each with its date."""
        if not name:
            return ()
        rule = self.rules.get(name)
        text = say("report.tag.rule", rule=name)
        tag = Tag("rule", _dated(text, rule.reviewed if rule else None), _rule_link(name))
        return (tag, *(self.source(s) for s in (rule.sources[:1] if rule else ())))

    def source(self, name: str) -> Tag:
        """The tag of one source."""
        source = self.base.sources.get(name)
        if source is None:
            return Tag("rule", say("report.tag.source", source=name))
        day = source.published or source.retrieved
        return Tag("rule", _dated(_short(source.title), day), web_address(source.url))

    def of(self, given: Provenance) -> Tag:
        """A provenance of the decision document as a tag."""
        if given.kind == "measured":
            return self.measured(given.ref)
        if given.kind in ("library", "published"):
            return Tag(given.kind, say(f"machines.where.tag_{given.kind}"), "#trust")
        if given.kind == "rule":
            text = _dated(_short(given.text or given.ref), given.date)
            return Tag("rule", text, web_address(given.url))
        if given.ref in self.inputs.answers.values:
            return self.answer(given.ref)
        return self._of_fact(given)

    def _of_fact(self, given: Provenance) -> Tag:
        """The tag of a fact that nobody answered: assumed, derived, or found on this machine."""
        fact = self.base.facts.get(given.ref)
        origin = fact.origin if fact is not None else "detected"
        if origin == "answer":
            # A rule may rest on an answer that nobody gave: nothing of it was found here.
            return Tag("default", say("report.tag.said.not_given", key=given.ref), "#context")
        if origin == "derived":
            return Tag("computed", say("report.tag.said.derived", key=given.ref), "#context")
        return Tag(given.kind, say("report.tag.said.detected", key=given.ref), "#environment")

    def of_reason(self, reason: DecisionReason) -> tuple[Tag, ...]:
        """The chain of a reason: its rule or measurement, the sources, and the answers."""
        if reason.rule is None:
            shown = ("measured", "library", "published")
            tags = [self.of(b) for b in reason.because if b.kind in shown]
            return unique(tags or [self.measured(reason.probe or "")])
        cited = [self.of(s) for s in reason.sources[:1]] or list(self.rule(reason.rule)[1:])
        return unique([self.rule(reason.rule)[0], *cited, *map(self.of, reason.because)])


def measured_at(target: str) -> Tag:
    """The tag of what was measured, leading to the section or table *target*."""
    return Tag("measured", say("report.tag.measured"), f"#{target}")


def projected() -> Tag:
    """The tag of what was computed beyond the devices at hand, from what somebody stated."""
    return Tag("computed", say("report.tag.projected"), "#scaling")


def _rule_link(name: str) -> str:
    return f"#{anchor('rule', name)}"


def _dated(text: str, day: str | None) -> str:
    return say("report.tag.dated", text=text, date=day) if day else text


def _short(title: str) -> str:
    """*title*, short enough that the date after it is never cut off."""
    return clean(title, limit=120)


def unique(tags: Iterable[Tag]) -> tuple[Tag, ...]:
    """*tags* without repetitions, in their order."""
    return tuple(dict.fromkeys(tags))
