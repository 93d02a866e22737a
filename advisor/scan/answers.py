"""From findings to answers: what is certain enough, what contradicts itself, what is left open.

Knows the vocabulary's kinds of facts and how much evidence an answer takes. It must not know files
or syntax, and never answers from the absence of something.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from advisor.knowledge.code_signals import Confidence
from advisor.knowledge.fields import Fault
from advisor.knowledge.model import Fact
from advisor.knowledge.vocabulary import checked
from advisor.pair import FRAMEWORKS
from advisor.scan.collected import Collected, Group
from advisor.scan.model import Finding, at_least_likely

SOURCE = "detected in the code"
"""What an answer's source is called in reports."""

Reason = Literal["conflict", "hints", "rare", "replaceable", "other-side"]
"""Why there is no answer: contradictions, hints only, too rare, something can take its place, or it
belongs to another framework than the code itself."""

_SHARES: Mapping[Confidence, float] = {"certain": 0.01, "likely": 0.05, "possible": 1.0}
"""The share of the product's files in which something has to be seen, by how sure it is."""

_DECLARED = ("codebase", "hardware.train", "hardware.os", "python")
"""Facts that one manifest, container or launcher settles, whatever the size of the code."""

_NARROWER_SHARE = 0.1
"""The share of the files of its kin in which the narrower value has to be seen."""

_WEIGHTS: Mapping[Confidence, int] = {"certain": 3, "likely": 1, "possible": 0}
_CLEAR = 2.0
"""How much more than the second an answer has to weigh."""

_NARROWER: tuple[tuple[str, ...], ...] = (
    ("nvidia", "nvidia_multi", "nvidia_cluster"),
    ("tpu", "tpu_pod"),
)
"""Values that say more than those before them, and do not contradict them."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer, how sure it is, and the places that speak for it (the surest first)."""

    key: str
    value: Any
    confidence: Confidence
    places: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Open:
    """One question that the code says something about, without an answer."""

    key: str
    reason: Reason
    candidates: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Resolution:
    """What the code answers, and what it leaves open."""

    answered: tuple[Answered, ...]
    open: tuple[Open, ...]


def resolve(collected: Collected, facts: Mapping[str, Fact]) -> Resolution:
    """The answers that *collected* gives to the questions of the vocabulary *facts*."""
    results: list[Answered | Open] = []
    for key in sorted(facts):
        fact = facts[key]
        groups = collected.of(key)
        if fact.origin != "answer":
            continue
        if key == "must_use":
            results += _libraries(collected, groups, facts, _written_in(results))
        elif groups and fact.kind == "choices":
            results += _several(collected, fact, groups)
        elif groups and fact.kind in ("choice", "flag"):
            results.append(_one(collected, fact, groups))
    return Resolution(
        tuple(result for result in results if isinstance(result, Answered)),
        tuple(result for result in results if isinstance(result, Open)),
    )


def _written_in(results: Iterable[Answered | Open]) -> str | None:
    """The framework that the code itself is written in, where that was answered."""
    answers = (r for r in results if isinstance(r, Answered) and r.key == "codebase")
    value = next((answer.value for answer in answers), None)
    return value if value in FRAMEWORKS else None


def _one(collected: Collected, fact: Fact, groups: Sequence[Group]) -> Answered | Open:
    sure = [group for group in groups if at_least_likely(group.best)]
    if fact.id == "codebase" and any(group.value != "numpy" for group in sure):
        sure = [group for group in sure if group.value != "numpy"]
    if not sure:
        return Open(fact.id, "hints", tuple(groups))
    chosen, weight, others = _narrowed(sure)
    if others and weight < _CLEAR * max(_weight(group) for group in others):
        return Open(fact.id, "conflict", tuple(sure))
    if fact.id not in _DECLARED and not _frequent(collected, fact, chosen):
        return Open(fact.id, "rare", (chosen,))
    answer = _answer(fact, chosen.value, [chosen])
    return answer if answer is not None else Open(fact.id, "hints", tuple(groups))


def _narrowed(sure: Sequence[Group]) -> tuple[Group, float, list[Group]]:
    """The heaviest value (the narrowest of its kin), its weight with its kin's, and the others."""
    chains = {value: chain for chain in _NARROWER for value in chain}
    best: tuple[Group, float, list[Group]] | None = None
    for group in sure:
        chain = chains.get(str(group.value), (group.value,))
        kin = [other for other in sure if other.value in chain]
        weight = sum(map(_weight, kin))
        if best is None or weight > best[1]:
            least = _NARROWER_SHARE * sum(other.sure_files for other in kin)
            enough = [other for other in kin if other.sure_files >= least]
            narrowest = max(enough, key=lambda other: chain.index(other.value))
            best = narrowest, weight, [other for other in sure if other not in kin]
    assert best is not None
    return best


def _weight(group: Group) -> float:
    return float(sum(_WEIGHTS[confidence] * count for confidence, count in group.files.items()))


def _frequent(collected: Collected, fact: Fact, group: Group) -> bool:
    """Whether *group* is seen in enough of the product's files; one switch settles a flag."""
    if fact.kind == "flag" and group.best == "certain":
        return True
    return group.sure_files >= _SHARES[group.best] * collected.product_files


def _several(collected: Collected, fact: Fact, groups: Sequence[Group]) -> list[Answered | Open]:
    sure = [group for group in groups if at_least_likely(group.best)]
    chosen = [group for group in sure if _frequent(collected, fact, group)]
    results: list[Answered | Open] = []
    answer = _answer(fact, sorted(str(group.value) for group in chosen), chosen) if chosen else None
    if answer is not None:
        results.append(answer)
    rare = tuple(group for group in sure if group not in chosen)
    hints = tuple(group for group in groups if group not in sure)
    results += [Open(fact.id, "rare", rare)] if rare else []
    results += [Open(fact.id, "hints", hints)] if hints and not chosen else []
    return results


def _libraries(
    collected: Collected,
    groups: Sequence[Group],
    facts: Mapping[str, Fact],
    written_in: str | None,
) -> list[Answered | Open]:
    """What nothing replaces cannot be done without; the rest is liked, where that is asked.

    A must binds to a framework. What belongs to another one than the code is *written_in* reads its
    weights or stands beside it, and is left to people: it would rule out the code itself.
    """
    libraries = collected.tables.libraries
    used = [g for g in groups if at_least_likely(g.best) and _used(collected, g)]
    beside = [
        g
        for g in used
        if written_in and libraries[str(g.value)].framework not in (written_in, "both")
    ]
    sure = [g for g in used if g not in beside]
    needed = [g for g in sure if libraries[str(g.value)].fit == "none"]
    replaceable = [g for g in sure if g not in needed]
    results: list[Answered | Open] = []
    if beside:
        results.append(Open("must_use", "other-side", tuple(beside)))
    for key, chosen in (("must_use", needed), ("prefer", replaceable)):
        fact = facts.get(key)
        names = sorted(str(group.value) for group in chosen)
        answer = _answer(fact, names, chosen) if fact is not None and names else None
        if answer is not None:
            results.append(answer)
    if replaceable and "prefer" not in facts:
        results.append(Open("must_use", "replaceable", tuple(replaceable)))
    rare = tuple(group for group in groups if group not in used)
    return [*results, Open("must_use", "rare", rare)] if rare else results


def _used(collected: Collected, group: Group) -> bool:
    """Whether a package is imported in enough files, or declared."""
    declared = any(not f.file.endswith((".py", ".ipynb")) for f in group.findings if _sure(f))
    return declared or group.sure_files >= _SHARES["likely"] * collected.product_files


def _sure(finding: Finding) -> bool:
    return at_least_likely(finding.confidence)


def _answer(fact: Fact, value: Any, groups: Iterable[Group]) -> Answered | None:
    """The answer, where the vocabulary has its value."""
    chosen = list(groups)
    try:
        given = checked(fact, value)
    except Fault:
        return None
    places = [finding for group in chosen for finding in group.places(3)]
    certain = all(group.best == "certain" for group in chosen)
    return Answered(fact.id, given, "certain" if certain else "likely", tuple(places))
