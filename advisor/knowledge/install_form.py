"""Read install lines, where none exist, and distributions that only stand in for others.

Knows the form of these entries. It must not know which line fits whom, nor ask any index.
"""

from __future__ import annotations

import re
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from advisor.knowledge.entries import References, is_web, refer, refer_all
from advisor.knowledge.fields import NO_DATE, Fault, Part, did_you_mean, shown
from advisor.knowledge.rule_form import a_year_after
from advisor.knowledge.supply import Absence, IndexCheck, Install, StandIn
from advisor.knowledge.vocabulary import fact_for, package_name

ARCHITECTURES = ("x86_64", "aarch64")
_PLACE = ("id", "framework", "package", "hardware", "os", "python", "architecture")
_DATES = ("sources", "reviewed", "expires")
_DISTRIBUTION = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_PLATFORM = re.compile(r"[a-z0-9_]+")


def read_install(part: Part, references: References) -> Install:
    """One way to install a framework, or a library on it."""
    part.only((*_PLACE, "free_threaded", "command", "tag", "note", "check", *_DATES))
    return Install(
        **_place(part, references),
        free_threaded=specifier(part, "free_threaded"),
        command=part.text("command"),
        tag=part.text("tag", ""),
        note=part.text("note", ""),
        **provenance(part, references),
        check=tuple(_read_check(check) for check in part.parts("check")),
        where=part.where(),
    )


def read_absence(part: Part, references: References) -> Absence:
    """One place without an install line."""
    part.only((*_PLACE, "free_threaded", "why", "instead", *_DATES))
    return Absence(
        **_place(part, references),
        free_threaded=part.flag("free_threaded"),
        why=part.text("why"),
        instead=part.text("instead", ""),
        **provenance(part, references),
        where=part.where(),
    )


def read_stand_in(part: Part, references: References) -> StandIn:
    """One distribution that is not what its name says."""
    part.only(("distribution", "versions", "says", "instead", *_DATES))
    return StandIn(
        distribution=distribution(part, "distribution"),
        versions=specifier(part, "versions"),
        says=part.text("says"),
        instead=part.text("instead"),
        **provenance(part, references),
        where=part.where(),
    )


def _place(part: Part, references: References) -> dict[str, Any]:
    architecture = part.texts("architecture")
    for word in architecture:
        if word not in ARCHITECTURES:
            hint = did_you_mean(word, ARCHITECTURES)
            part.fail(f"{shown(word)} is not an architecture", "architecture", hint=hint)
    return {
        "id": part.identifier() if part.has("id") else "",
        "framework": refer(part, "framework", "framework", references.frameworks),
        "package": distribution(part, "package") if part.has("package") else "",
        "hardware": _values(part, "hardware", "hardware.train", references),
        "os": _values(part, "os", "hardware.os", references),
        "python": specifier(part, "python"),
        "architecture": architecture,
    }


def provenance(part: Part, references: References) -> dict[str, Any]:
    """Sources, and the days of the review and of the expiry; that one may be missing."""
    reviewed = part.date("reviewed")
    expires = part.date("expires") if part.has("expires") else ""
    if expires and NO_DATE not in (reviewed, expires):
        if expires <= reviewed:
            part.fail("expires has to lie after reviewed", "expires")
        elif expires > a_year_after(reviewed):
            hint = f"at most {a_year_after(reviewed)}"
            part.fail("expires lies more than 12 months after reviewed", "expires", hint=hint)
    sources = refer_all(part, "sources", "source", references.sources)
    return {"sources": sources, "reviewed": reviewed, "expires": expires}


def _values(part: Part, key: str, name: str, references: References) -> tuple[str, ...]:
    words = part.texts(key)
    try:
        fact = fact_for(references.facts, name)
    except Fault:
        return words
    given = part.data.get(key)
    for word in words:
        if word not in fact.values:
            tail = (given.index(word),) if isinstance(given, list) else ()
            hint = did_you_mean(word, fact.values)
            part.fail(f"{shown(word)} is not a value of {name}", key, *tail, hint=hint)
    return words


def _read_check(part: Part) -> IndexCheck:
    part.only(("distribution", "versions", "index", "platforms"))
    index = part.text("index", "")
    if index and not (is_web(index) and index.startswith("https://")):
        hint = "https://..., as its vendor documents it"
        part.fail(f"{shown(index)} is not the address of an index", "index", hint=hint)
    platforms = part.texts("platforms")
    for word in platforms:
        if not _PLATFORM.fullmatch(word):
            hint = "as in manylinux_2_28_x86_64"
            part.fail(f"{shown(word)} is not the tag of a platform", "platforms", hint=hint)
    return IndexCheck(
        distribution=distribution(part, "distribution"),
        versions=specifier(part, "versions"),
        index=index,
        platforms=platforms,
    )


def distribution(part: Part, key: str) -> str:
    """The name of a distribution in its one spelling: lower case, dashes."""
    name = part.text(key, limit=120)
    if name and not _DISTRIBUTION.fullmatch(name):
        spelling = package_name(name)
        hint = f"write {spelling}" if _DISTRIBUTION.fullmatch(spelling) else ""
        part.fail(f"{shown(name)} is not the name of a distribution", key, hint=hint)
    return name


def specifier(part: Part, key: str) -> str:
    """A version specifier such as ``>=3.11,<3.15``; empty where it is missing."""
    text = part.text(key, "", limit=120)
    try:
        SpecifierSet(text)
    except InvalidSpecifier:
        part.fail(f"{shown(text)} is not a range of versions", key, hint='write ">=3.11,<3.15"')
        return ""
    return text
