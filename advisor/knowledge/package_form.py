"""Read what is known of packages: names, what they run on, how alive they are.

Knows the form of these entries, and that a name means one package. It must not know who asks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, get_args

from packaging.version import InvalidVersion, Version

from advisor.knowledge.entries import References, facts_in, is_web
from advisor.knowledge.fields import Fault, Part, Problems, did_you_mean, shown
from advisor.knowledge.install_form import distribution, provenance
from advisor.knowledge.supply import Package, PackageState, RunsOn
from advisor.knowledge.vocabulary import checked, package_name

_FIELDS = (
    "name",
    "imports",
    "aliases",
    "runs_on",
    "implies",
    "state",
    "as_of",
    "home",
    "says",
    "release",
    "released",
    "sources",
    "reviewed",
    "expires",
)
_MONTH = re.compile(r"(19|20)\d\d-(0[1-9]|1[0-2])")


def read_package(part: Part, references: References) -> Package:
    """One package."""
    part.only(_FIELDS)
    home = part.text("home")
    if home and not is_web(home):
        part.fail(f"{shown(home)} is not the address of a web page", "home", hint="https://...")
    if not part.has("expires"):
        part.fail("expires is missing")
    return Package(
        name=distribution(part, "name"),
        imports=part.texts("imports"),
        aliases=part.texts("aliases"),
        runs_on=_read_runs_on(part, references),
        implies=_read_implied(part, references),
        state=part.word("state", get_args(PackageState)),
        as_of=part.date("as_of"),
        home=home,
        says=part.text("says", ""),
        release=_version(part, "release"),
        released=_month(part, "released"),
        **provenance(part, references),
        where=part.where(),
    )


def _read_runs_on(part: Part, references: References) -> dict[str, RunsOn]:
    if not isinstance(part.data.get("runs_on"), dict):
        part.fail("runs_on is missing", hint="write {} for a package that needs neither framework")
        return {}
    inner = part.mapping("runs_on")
    read: dict[str, RunsOn] = {}
    for name in inner.data:
        if name not in references.frameworks:
            hint = did_you_mean(name, references.frameworks)
            where = part.document.where_key(*inner.path, name)
            part.problems.add(f"{shown(name)} is not a framework", where=where, hint=hint)
            continue
        read[name] = _read_run(inner.mapping(name))
    return read


def _read_run(part: Part) -> RunsOn:
    part.only(("since", "until", "through", "price"))
    through = part.text("through", "")
    if through and not part.has("price"):
        part.fail("a bridge has a price", hint="add price: what it costs, in words")
    return RunsOn(
        since=_version(part, "since"),
        until=_version(part, "until"),
        through=through,
        price=part.text("price", ""),
    )


def _read_implied(part: Part, references: References) -> dict[str, tuple[Any, ...]]:
    inner = part.mapping("implies")
    implied: dict[str, tuple[Any, ...]] = {}
    for name, given, fact in facts_in(inner, references):
        values = []
        for index, value in enumerate(given if isinstance(given, list) else [given]):
            try:
                values.append(checked(fact, value))
            except Fault as fault:
                tail = (index,) if isinstance(given, list) else ()
                inner.fault(fault, name, *tail)
        implied[name] = tuple(values)
    return implied


def _version(part: Part, key: str) -> str:
    text = part.text(key, "", limit=60)
    try:
        return text and str(Version(text)) and text
    except InvalidVersion:
        part.fail(f"{shown(text)} is not a version", key, hint='in quotes, as in "2.10"')
        return ""


def _month(part: Part, key: str) -> str:
    text = part.text(key, "", limit=10)
    if text and not _MONTH.fullmatch(text):
        part.fail(f"{shown(text)} is not a month", key, hint="write 2026-11")
        return ""
    return text


def names_of(package: Package) -> tuple[str, ...]:
    """Every name that means *package*, each once, in the one spelling."""
    given = (package.name, *package.imports, *package.aliases)
    return tuple(dict.fromkeys(package_name(name) for name in given))


def check_names(packages: Sequence[Package], problems: Problems) -> None:
    """Remember a mistake for every name that means two packages."""
    first: dict[str, Package] = {}
    for package in packages:
        for name in names_of(package):
            other = first.setdefault(name, package)
            if other is not package:
                problems.add(
                    f"the name {shown(name)} means two packages; first at {other.where}",
                    where=package.where,
                    hint="keep it for one of the two",
                )
