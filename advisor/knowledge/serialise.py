"""The rule base as plain data and back, and the hash that names its content.

The data has the shape of the rule files, so that reading it back goes through the same checks: a
record that somebody edited is refused with words. It must not know what a record is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, replace
from typing import Any

from advisor.jsonio import sha256_of
from advisor.knowledge.conditions import condition_data
from advisor.knowledge.conflicts import conflict_data
from advisor.knowledge.families import families_data
from advisor.knowledge.fields import Part, Problems
from advisor.knowledge.loader import Shelf, assemble
from advisor.knowledge.model import (
    NEVER,
    Fact,
    Question,
    Rule,
    RuleBase,
    RuleTest,
    TaskWeights,
)
from advisor.knowledge.packages import by_name, resolve
from advisor.knowledge.packs import CORE
from advisor.knowledge.phrases import phrase_data
from advisor.knowledge.published import published_data
from advisor.knowledge.supply import Absence, IndexCheck, Install, Package, RunsOn, StandIn
from advisor.knowledge.yamlio import Document

SCHEMA = "fw-advisor/rule-base@1"
_OWN_FORM = ("values", "prior", "supposed", "added", "removed")
_SUPPLY = ("installs", "libraries", "absences", "stand_ins", "packages")
_MODELS = ("families", "standards", "carry_over")
_SECTIONS = (
    *("facts", "criteria", "frameworks", "sources", "questions", "weights"),
    *_SUPPLY,
    *_MODELS,
    "published",
    "conflicts",
    "switching",
)
_COMPACT_SUPPLY = ("installs", "libraries", "absences")
_ONLY_FOR_AUTHORS = ("where", "check")
"""What no decision may depend on: it is left out of the compact form."""


def to_data(
    base: RuleBase, *, rules: Collection[str] | None = None, packages: Collection[str] = ()
) -> dict[str, Any]:
    """*base* as plain data; `from_data` makes an equal base of it.

    With *rules* (ids), the compact form of what a decision depends on: these rules alone, without
    their tests and what only authors read, the sources they name, and no questions. Of the
    packages it holds those that *packages* mean, by whatever name, with the bridges that they run
    through: what a decision says of others would not replay.
    """
    compact = rules is not None
    kept = [rule for rule in base.rules if rules is None or rule.id in rules]
    supply = _kept_supply(base, packages) if compact else {k: getattr(base, k) for k in _SUPPLY}
    named = {name for rule in kept for name in rule.sources}
    named.update(name for entries in supply.values() for entry in entries for name in entry.sources)
    named.update(pair.source for pair in base.published)
    data: dict[str, Any] = {
        "schema": SCHEMA,
        "version": base.version,
        "facts": [_fact(fact) for fact in base.facts.values()],
        "criteria": [asdict(criterion) for criterion in base.criteria.values()],
        "frameworks": [
            {**asdict(info), "packages": list(info.packages)} for info in base.frameworks.values()
        ],
        "sources": [
            _without_empty(asdict(source), keep=("url",))
            for name, source in base.sources.items()
            if not compact or name in named
        ],
        "rules": [rule_data(rule, compact=compact) for rule in kept],
        "weights": [_weights(weights) for weights in base.task_weights],
        "installs": [_supply(install, compact=compact) for install in supply.pop("installs")],
        **_without_empty(
            {key: [_supply(e, compact=compact) for e in entries] for key, entries in supply.items()}
        ),
        **_without_empty(
            {
                "families": families_data(base.families, compact=compact),
                "standards": [
                    _without_empty({**vars(s), "packages": list(s.packages)})
                    for s in base.standards
                ],
                "carry_over": [
                    _without_empty({**asdict(row), "fitted": [asdict(f) for f in row.fitted]})
                    for row in base.carry_over
                ],
                "published": [published_data(pair) for pair in base.published],
                "conflicts": [conflict_data(conflict) for conflict in base.conflicts],
                "switching": [asdict(cost) for cost in base.switching],
            }
        ),
        "disabled": dict(base.disabled),
        "packs": {rule.id: rule.pack for rule in kept if rule.pack != CORE},
    }
    if not compact:
        data["questions"] = questions_data(base)
    return data


def questions_data(base: RuleBase) -> list[dict[str, Any]]:
    """The questions of *base* as plain data."""
    return [_question(question) for question in base.questions]


def from_data(data: Any, *, name: str = "rules") -> RuleBase:
    """The rule base that `to_data` made *data* of; *name* is what errors call it.

    Raises:
        UserError: the data is not a rule base.
    """
    problems = Problems()
    part = Part.top(Document(data, name), problems)
    part.only(("schema", "version", "rules", "disabled", "packs", *_SECTIONS))
    part.word("schema", (SCHEMA,))
    packs = part.words("packs")
    shelf = Shelf(restored=True)
    for section in _SECTIONS:
        shelf.put(section, part.parts(section))
    for rule in part.parts("rules"):
        shelf.rules.append((rule, packs.get(str(rule.data.get("id")), CORE)))
    base = assemble(shelf, problems, disabled=part.words("disabled"))
    return replace(base, version=part.text("version", ""))


def rules_sha256(base: RuleBase, *, packages: Collection[str] = ()) -> str:
    """Hex SHA-256 of everything in *base* that a decision depends on.

    Questions, tests, places in files and names of packs are left out: they change no decision. Of
    the packages, those count that *packages* mean.
    """
    data = to_data(base, rules=[rule.id for rule in base.rules], packages=packages)
    del data["packs"]
    return sha256_of(data)


def rule_sha256(rule: Rule) -> str:
    """Hex SHA-256 of what *rule* says, without its tests and its place."""
    return sha256_of(rule_data(rule, compact=True))


def rule_data(rule: Rule, *, compact: bool = False) -> dict[str, Any]:
    """*rule* as it is written in a file; *compact* without its tests."""
    data = {
        "id": rule.id,
        "kind": rule.kind,
        "title": rule.title,
        "when": condition_data(rule.when),
        "effects": [asdict(effect) for effect in rule.effects],
        "excludes": rule.excludes,
        "suggests": dict(rule.suggests),
        "group": rule.group,
        "about": rule.about,
        "reliability": rule.reliability,
        "sources": list(rule.sources),
        "asserted": rule.asserted,
        "reviewed": rule.reviewed,
        "expires": "never" if rule.expires == NEVER else rule.expires,
        "applies_to": dict(rule.applies_to),
        "rationale": rule.rationale,
        "revisit_when": rule.revisit_when,
        "lifts": rule.lifts,
        "conflicts_ok": list(rule.conflicts_ok),
        "tests": [] if compact else [_test(test) for test in rule.tests],
    }
    return _without_empty(data, keep=("when",))


def _without_empty(data: dict[str, Any], keep: Collection[str] = ()) -> dict[str, Any]:
    empty: tuple[Any, ...] = (None, "", [], {})
    return {key: value for key, value in data.items() if key in keep or value not in empty}


def _test(test: RuleTest) -> dict[str, Any]:
    return {
        "name": test.name,
        "given": dict(test.given),
        **_without_empty({"versions": dict(test.versions), "favours": test.favours}),
        "expect": test.expect,
    }


def _fact(fact: Fact) -> dict[str, Any]:
    data = {
        **{key: value for key, value in vars(fact).items() if key not in _OWN_FORM},
        "values": dict(fact.values),
        "prior": [[value, weight] for value, weight in fact.prior],
        **phrase_data(fact),
    }
    data["ordered"] = fact.ordered or None
    return _without_empty(data)


def _question(question: Question) -> dict[str, Any]:
    data = {
        **vars(question),
        "skip_when": None if question.skip_when is None else condition_data(question.skip_when),
        "decisive_when": (
            None if question.decisive_when is None else condition_data(question.decisive_when)
        ),
        "offers": [[value, label] for value, label in question.offers],
        "importance": question.importance or None,
        "required": question.required or None,
    }
    kept = ("default",) if question.default is not None else ()
    return _without_empty(data, keep=kept)


def _weights(weights: TaskWeights) -> dict[str, Any]:
    parts = {key: dict(sorted(getattr(weights, key).items())) for key in ("weights", "because")}
    return _without_empty({**vars(weights), **parts})


def _kept_supply(base: RuleBase, packages: Collection[str]) -> dict[str, tuple[Any, ...]]:
    described = by_name(base.packages)
    meant = [package for name in packages if (package := resolve(base.packages, name)) is not None]
    bridges = {run.through for package in meant for run in package.runs_on.values()}
    names = {package.name for package in meant}
    names.update(described[bridge].name for bridge in bridges if bridge in described)
    kept = tuple(package for package in base.packages if package.name in names)
    return {**{key: getattr(base, key) for key in _COMPACT_SUPPLY}, "packages": kept}


def _supply(entry: Install | Absence | StandIn | Package, *, compact: bool) -> dict[str, Any]:
    left_out = _ONLY_FOR_AUTHORS if compact else ("where",)
    data = {key: _plain(value) for key, value in vars(entry).items() if key not in left_out}
    return _without_empty(data, keep=("runs_on",))


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (IndexCheck, RunsOn)):
        return _without_empty({key: _plain(inner) for key, inner in vars(value).items()})
    return value
