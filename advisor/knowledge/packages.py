"""Look a package up by any of its names, and say what it runs on.

Knows the packages of the rule base and how names are spelled. It must not know what a decision
makes of a package, nor what is installed anywhere: `environment` looks that up.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Literal

from packaging.version import InvalidVersion, Version

from advisor.knowledge.package_form import names_of
from advisor.knowledge.supply import Package, RunsOn
from advisor.knowledge.vocabulary import package_name

Way = Literal["native", "bridge", "no"]
"""How a package runs on a framework: by itself, through a bridge, or not at all."""

_SIMILARITY = 0.72
_SHORTEST_PART = 4


def by_name(packages: Sequence[Package]) -> dict[str, Package]:
    """Every package by each of its names, in the one spelling (lower case, dashes)."""
    return {name: package for package in packages for name in names_of(package)}


def resolve(packages: Sequence[Package], name: str) -> Package | None:
    """The package that *name* means: its distribution, import name or alias, however spelled.

    An import of a part (``torch_geometric.nn``) means the package as well.
    """
    described = by_name(packages)
    spelled = package_name(name)
    if spelled in described:
        return described[spelled]
    head = package_name(name.partition(".")[0])
    return described.get(head)


def suggest(packages: Sequence[Package], name: str, *, limit: int = 3) -> tuple[str, ...]:
    """Distributions whose names look like *name*, the likeliest first; for a name nobody knows."""
    described = by_name(packages)
    spelled = package_name(name)[:80]
    near = difflib.get_close_matches(spelled, described, n=4 * limit, cutoff=_SIMILARITY)
    if len(spelled) >= _SHORTEST_PART:
        near += sorted(word for word in described if spelled in word)
    return tuple(dict.fromkeys(described[word].name for word in near))[:limit]


def way(package: Package, framework: str, version: str | None = None) -> Way:
    """How *package* runs on *framework*; *version* is the package's, the newest unless given."""
    run = package.runs_on.get(framework)
    if run is None:
        return "no"
    if _native(run, version):
        return "native"
    return "bridge" if run.through else "no"


def _native(run: RunsOn, version: str | None) -> bool:
    if run.through and not run.since and not run.until:
        return False
    if version is None:
        return not run.until
    try:
        at = Version(version)
    except InvalidVersion:
        return not run.until
    since, until = run.since and Version(run.since), run.until and Version(run.until)
    return (not since or at >= since) and (not until or at < until)


def ways(
    package: Package, frameworks: Sequence[str], version: str | None = None
) -> Mapping[str, Way]:
    """How *package* runs on each of *frameworks*."""
    return {framework: way(package, framework, version) for framework in frameworks}


def bound_to(
    package: Package, frameworks: Sequence[str], version: str | None = None
) -> tuple[str, ...]:
    """The frameworks that *package* cannot do without: those it runs on natively, if not all.

    Empty where it needs none of *frameworks*, and where it runs natively on each of them.
    """
    native = tuple(name for name in frameworks if way(package, name, version) == "native")
    return native if len(native) < len(frameworks) else ()
