"""Read one rule: a claim, a veto or a note, with its provenance and its own tests.

Knows the form of a rule and what it has to carry. It must not know files, nor evaluate anything.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any, get_args

from advisor.knowledge.conditions import ALWAYS, read_condition, specifier_set
from advisor.knowledge.entries import References, facts_in, refer, refer_all
from advisor.knowledge.fields import NO_DATE, Fault, Part, did_you_mean, shown
from advisor.knowledge.model import (
    NEVER,
    Condition,
    Direction,
    Effect,
    Reliability,
    Rule,
    RuleKind,
    RuleTest,
    Strength,
)
from advisor.knowledge.vocabulary import WORKLOADS, checked, package_name

FIELDS = (
    "id",
    "kind",
    "title",
    "when",
    "effects",
    "excludes",
    "suggests",
    "group",
    "about",
    "reliability",
    "sources",
    "asserted",
    "reviewed",
    "expires",
    "applies_to",
    "rationale",
    "revisit_when",
    "lifts",
    "conflicts_ok",
    "tests",
)
EXPECTATIONS = ("fires", "silent", "unknown")
_ID = re.compile(r"[a-z][a-z0-9]*([-.][a-z0-9]+)+")
_TEST_FIELDS = ("name", "given", "expect", "favours", "versions")


def read_rule(part: Part, references: References, pack: str) -> Rule:
    """The rule in *part*; mistakes are remembered in its problems."""
    part.only(FIELDS)
    name = _read_id(part)
    rule = Rule(
        id=name,
        kind=_read_kind(part, name),
        title=part.text("title", limit=300),
        when=_read_when(part, references),
        effects=tuple(_read_effect(effect, references) for effect in part.parts("effects")),
        excludes=_framework(part, "excludes", references),
        suggests=_read_suggestion(part, references),
        group=part.text("group", name or "-"),
        about=_read_about(part),
        reliability=part.word("reliability", get_args(Reliability)),
        sources=_read_sources(part, references),
        asserted=part.date("asserted"),
        reviewed=part.date("reviewed"),
        expires=_read_expiry(part),
        applies_to=_read_ranges(part),
        rationale=part.text("rationale", ""),
        revisit_when=part.text("revisit_when", ""),
        lifts=part.text("lifts", ""),
        conflicts_ok=part.texts("conflicts_ok"),
        tests=tuple(_read_test(test, references) for test in part.parts("tests")),
        where=part.where(),
        pack=pack,
    )
    _check_whole(part, rule)
    return rule


def _read_id(part: Part) -> str:
    name = part.text("id", limit=120)
    if name and not _ID.fullmatch(name):
        part.fail(
            f"{shown(name)} is not a rule id",
            "id",
            hint="lower-case words joined by dots and dashes, as in claim.ecosystem.some-library",
        )
    return name


def _read_kind(part: Part, name: str) -> RuleKind:
    kinds = get_args(RuleKind)
    first = name.partition(".")[0]
    kind: RuleKind = part.word("kind", kinds, first if first in kinds else None)
    if part.data.get("kind") in kinds and _ID.fullmatch(name) and first != kind:
        part.fail(f"the id of a {kind} begins with {kind}.", "id")
    return kind


def _read_expiry(part: Part) -> str:
    return NEVER if part.data.get("expires") == "never" else part.date("expires")


def _read_when(part: Part, references: References) -> Condition:
    if part.data.get("when") is None:
        part.fail("when is missing", hint="write {} for a rule that always holds")
        return ALWAYS
    return read_condition(part, "when", references.facts)


def _read_effect(part: Part, references: References) -> Effect:
    part.only(("framework", "criterion", "direction", "strength"))
    return Effect(
        framework=refer(part, "framework", "framework", references.frameworks),
        criterion=refer(part, "criterion", "criterion", references.criteria),
        direction=part.word("direction", get_args(Direction)),
        strength=part.word("strength", get_args(Strength)),
    )


def _framework(part: Part, key: str, references: References) -> str | None:
    return refer(part, key, "framework", references.frameworks) if part.has(key) else None


def _read_about(part: Part) -> str | None:
    if not part.has("about"):
        return None
    about = part.text("about")
    options = ["speed", *(f"speed.{workload}" for workload in WORKLOADS)]
    if about and about not in options:
        hint = did_you_mean(about, options) or "speed, or speed.<workload>"
        part.fail(f"{shown(about)} is not a quantity that is measured", "about", hint=hint)
    return about


def _read_sources(part: Part, references: References) -> tuple[str, ...]:
    if not part.data.get("sources"):
        part.fail("sources is missing", hint="name at least one source of sources.yaml")
        return ()
    return refer_all(part, "sources", "source", references.sources)


def _read_ranges(part: Part) -> dict[str, str]:
    ranges: dict[str, str] = {}
    inner = part.mapping("applies_to")
    for package in sorted(inner.data):
        wanted = inner.data[package]
        if not isinstance(wanted, str):
            inner.fail("a version range has to be text", package, hint='write ">=5,<6"')
            continue
        try:
            specifier_set(wanted)
        except Fault as fault:
            inner.fault(fault, package)
        ranges[package_name(package)] = wanted
    return ranges


def _read_suggestion(part: Part, references: References) -> dict[str, Any]:
    if not part.has("suggests"):
        return {}
    inner = part.mapping("suggests")
    inner.only(("framework", "mode", "stack"))
    framework = refer(inner, "framework", "framework", references.frameworks)
    suggestion: dict[str, Any] = {"framework": framework}
    if inner.has("mode"):
        info = references.frameworks.get(framework)
        suggestion["mode"] = inner.word("mode", tuple(info.modes) if info else ("",))
    if inner.has("stack"):
        suggestion["stack"] = [_read_library(library) for library in inner.parts("stack")]
    if len(suggestion) == 1:
        inner.fail("suggests needs a mode or a stack")
    return suggestion


def _read_library(part: Part) -> dict[str, str]:
    part.only(("package", "why"))
    return {"package": part.text("package", limit=100), "why": part.text("why", "")}


def _read_test(part: Part, references: References) -> RuleTest:
    part.only(_TEST_FIELDS)
    versions = part.words("versions")
    return RuleTest(
        name=part.text("name", limit=200),
        given=_read_given(part, references),
        expect=part.word("expect", EXPECTATIONS),
        versions={package_name(package): versions[package] for package in sorted(versions)},
        favours=_framework(part, "favours", references),
    )


def _read_given(part: Part, references: References) -> dict[str, Any]:
    inner = part.mapping("given")
    given: dict[str, Any] = {}
    for name, value, fact in facts_in(inner, references):
        if value is None or value == "unknown":
            continue
        try:
            given[name] = checked(fact, value)
        except Fault as fault:
            inner.fault(fault, name)
    return given


def _check_whole(part: Part, rule: Rule) -> None:
    _check_dates(part, rule)
    if rule.kind == "claim":
        _check_claim(part, rule)
        return
    if rule.effects:
        part.fail(f"a {rule.kind} scores nothing, so it has no effects", "effects")
    if rule.kind == "note":
        if rule.excludes:
            part.fail("a note excludes nothing; a veto does", "excludes")
        return
    if not part.has("excludes"):
        part.fail("excludes is missing", hint="a veto names the framework that it rules out")
    if not rule.lifts:
        part.fail("lifts is missing", hint="say what would lift the veto")
    if rule.reliability != "high":
        part.fail("a veto needs reliability high", "reliability", hint="or make it a strong claim")


def _check_claim(part: Part, rule: Rule) -> None:
    if not rule.effects:
        part.fail("effects is missing", hint="a claim speaks for or against; a note does not")
    if rule.excludes or rule.lifts:
        part.fail("only a veto excludes or lifts", "excludes" if rule.excludes else "lifts")
    seen: set[tuple[str, str]] = set()
    for index, effect in enumerate(rule.effects):
        key = (effect.framework, effect.criterion)
        if key in seen:
            part.fail(
                f"speaks twice about {effect.framework} on {effect.criterion}",
                "effects",
                index,
                hint="keep one effect",
            )
        seen.add(key)


def _check_dates(part: Part, rule: Rule) -> None:
    if NO_DATE in (rule.asserted, rule.reviewed, rule.expires):
        return
    if rule.reviewed < rule.asserted:
        part.fail("reviewed lies before asserted", "reviewed")
    if rule.expires == NEVER:
        if rule.kind != "veto":
            part.fail("only a veto by the team's own word never expires", "expires")
        return
    if rule.expires <= rule.reviewed:
        part.fail("expires has to lie after reviewed", "expires")
    elif rule.expires > a_year_after(rule.reviewed):
        latest = a_year_after(rule.reviewed)
        part.fail(
            "expires lies more than 12 months after reviewed", "expires", hint=f"at most {latest}"
        )


def a_year_after(day: str) -> str:
    """The ISO date 12 months after the ISO date *day*."""
    start = date.fromisoformat(day)
    try:
        return start.replace(year=start.year + 1).isoformat()
    except ValueError:
        return start.replace(year=start.year + 1, month=3, day=1).isoformat()
