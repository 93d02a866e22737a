"""Read the entries of the rule base that are small: criteria, options, sources, questions, weights.

Knows the form of these entries. It must not know in which files they lie.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from advisor.knowledge.conditions import read_condition
from advisor.knowledge.fields import Fault, Part, did_you_mean, shown
from advisor.knowledge.model import (
    CriterionInfo,
    Fact,
    FrameworkInfo,
    Question,
    Source,
    TaskWeights,
)
from advisor.knowledge.vocabulary import WORKLOADS, checked, fact_for


@dataclass(frozen=True)
class References:
    """What the entries may refer to."""

    facts: Mapping[str, Fact] = field(default_factory=dict)
    criteria: Mapping[str, CriterionInfo] = field(default_factory=dict)
    frameworks: Mapping[str, FrameworkInfo] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)


def facts_in(part: Part, references: References) -> Iterator[tuple[str, Any, Fact]]:
    """What *part* says of which fact; a name that is no fact's is a problem of its own."""
    for name, value in part.data.items():
        try:
            fact = fact_for(references.facts, name)
        except Fault as fault:
            where = part.document.where_key(*part.path, name)
            part.problems.add(fault.message, where=where, hint=fault.hint)
            continue
        yield name, value, fact


def refer(part: Part, key: str, what: str, references: Mapping[str, Any]) -> str:
    """The id under *key*, which has to be one of *references*."""
    name = part.text(key)
    if name and name not in references:
        hint = did_you_mean(name, references)
        part.fail(f"{shown(name)} is not a {what} of this rule base", key, hint=hint)
    return name


def refer_all(part: Part, key: str, what: str, references: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids in the list under *key*, each of which has to be one of *references*."""
    names = part.texts(key)
    given = part.data.get(key)
    for name in names:
        if name not in references:
            tail = (given.index(name),) if isinstance(given, list) else ()
            hint = did_you_mean(name, references)
            part.fail(f"{shown(name)} is not a {what} of this rule base", key, *tail, hint=hint)
    return names


def checked_value(part: Part, fact: Fact, *path: str | int) -> Any:
    """The value at *path* of *part* as *fact* has it; None where it cannot have it."""
    value: Any = part.data
    for step in path:
        value = value[step]
    try:
        return checked(fact, value)
    except Fault as fault:
        part.fault(fault, *path)
        return None


def read_criterion(part: Part) -> CriterionInfo:
    """One criterion."""
    part.only(("id", "title", "question", "worst", "best"))
    return CriterionInfo(
        id=part.identifier(),
        title=part.text("title"),
        question=part.text("question"),
        worst=part.text("worst"),
        best=part.text("best"),
    )


def read_framework(part: Part) -> FrameworkInfo:
    """One option."""
    part.only(("id", "title", "modes", "packages", "switching"))
    return FrameworkInfo(
        id=part.identifier(),
        title=part.text("title"),
        modes=part.words("modes"),
        packages=part.texts("packages"),
        switching=part.text("switching", ""),
    )


def read_source(part: Part) -> Source:
    """One source; its address is a web page, or empty for a judgement of our own."""
    part.only(("id", "url", "title", "publisher", "retrieved", "published", "gist"))
    url = part.text("url", "")
    if "url" not in part.data:
        part.fail("url is missing", hint='give the web page, or "" for a judgement of your own')
    if url and not is_web(url):
        part.fail(f"{shown(url)} is not the address of a web page", "url", hint="https://...")
    return Source(
        id=part.identifier(),
        url=url,
        title=part.text("title"),
        publisher=part.text("publisher"),
        retrieved=part.date("retrieved"),
        gist=part.text("gist"),
        published=part.date("published") if part.has("published") else None,
    )


def is_web(url: str) -> bool:
    """Whether *url* is the plain address of a web page."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    plain = url.isascii() and not any(c.isspace() or c in "<>\"'`" for c in url)
    return plain and parts.scheme in ("https", "http") and bool(parts.hostname)


def read_question(part: Part, references: References) -> Question:
    """One question of the interview."""
    part.only(
        (
            "key",
            "text",
            "why",
            "skip_when",
            "detect",
            "default",
            "importance",
            "decisive_when",
            "required",
            "offers",
        )
    )
    key = refer(part, "key", "fact", references.facts)
    fact = references.facts.get(key)
    default = part.data.get("default")
    return Question(
        key=key,
        text=part.text("text"),
        why=part.text("why"),
        skip_when=read_condition(part, "skip_when", references.facts)
        if part.has("skip_when")
        else None,
        detect=refer(part, "detect", "fact", references.facts) if part.has("detect") else None,
        default=checked_value(part, fact, "default") if fact and default is not None else None,
        importance=float(part.number("importance", 0.0, least=0.0) or 0.0),
        decisive_when=(
            read_condition(part, "decisive_when", references.facts)
            if part.has("decisive_when")
            else None
        ),
        required=part.flag("required"),
        offers=_read_offers(part, fact),
    )


def _read_offers(part: Part, fact: Fact | None) -> tuple[tuple[float, str], ...]:
    entries = part.data.get("offers")
    if entries is None or fact is None:
        return ()
    offers: list[tuple[float, str]] = []
    for index, entry in enumerate(entries if isinstance(entries, list) else [entries]):
        pair = entry if isinstance(entry, list) and len(entry) == 2 else (None, None)
        if not isinstance(pair[1], str) or fact.kind != "number":
            part.fail("offers has to be a list of [number, label]", "offers", index)
            continue
        value = checked_value(part, fact, "offers", index, 0)
        if value is not None:
            offers.append((value, pair[1]))
    return tuple(offers)


def read_weights(part: Part, references: References) -> TaskWeights:
    """Which workloads stand for one value of a fact."""
    part.only(("fact", "value", "weights", "reason", "because", "sizes"))
    name = refer(part, "fact", "fact", references.facts)
    value = part.text("value")
    fact = references.facts.get(name)
    if fact is not None and value and value not in fact.values:
        part.fail(
            f"{shown(value)} is not a value of {name}",
            "value",
            hint=did_you_mean(value, fact.values),
        )
    weights = workload_numbers(part, "weights")
    because = part.words("because")
    for workload in sorted(set(because) - set(weights)):
        part.fail(
            f"{shown(workload)} has a reason and no weight",
            "because",
            workload,
            hint=did_you_mean(workload, weights),
        )
    return TaskWeights(
        fact=name,
        value=value,
        weights=weights,
        reason=part.text("reason"),
        because={w: because[w] for w in sorted(because) if w in weights},
        sizes=_size_word(part),
    )


def _size_word(part: Part) -> str:
    word, references = part.text("sizes", "all"), ("all", "largest")
    if word not in references:
        part.fail(
            f"{shown(word)} is not a choice of sizes", "sizes", hint=did_you_mean(word, references)
        )
    return word


def workload_numbers(part: Part, key: str) -> dict[str, float]:
    """Positive numbers by workload, sorted by workload."""
    inner = part.mapping(key)
    numbers: dict[str, float] = {}
    for workload in sorted(inner.data):
        if workload not in WORKLOADS:
            hint = did_you_mean(workload, WORKLOADS)
            where = part.document.where_key(*inner.path, workload)
            part.problems.add(f"{shown(workload)} is not a workload", where=where, hint=hint)
            continue
        number = inner.number(workload, least=1e-9)
        if number is not None:
            numbers[workload] = float(number)
    return numbers
