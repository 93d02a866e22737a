"""The maintainer's work list: what expires when, what was read longest ago, what released since.

Pure but for the index that may be handed in. It must not know how the list is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from packaging.version import InvalidVersion, Version

from advisor.knowledge.evaluate import days_between
from advisor.knowledge.index import IndexQuery, PackageIndex
from advisor.knowledge.installs import pythons_of
from advisor.knowledge.model import RuleBase
from advisor.knowledge.supply import Package
from advisor.knowledge.supply_check import entries

OLDEST = 20
"""How many of the entries that were reviewed longest ago are on the list for that alone."""

MAX_CLASSIFIERS = 40
"""For how many released packages the classifiers are read: a wheel may be downloaded for each."""

_AT_ONCE = 4
_TELLING = ("Development Status", "Framework", "Programming Language :: Python ::", "Private")


@dataclass(frozen=True, kw_only=True)
class Release:
    """What the index holds of a package: the version at the review, the newest now.

    `classifiers` are those of the newest that say how alive it is and for whom; None where they
    were not read.
    """

    reviewed: str
    newest: str
    classifiers: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class DueItem:
    """One thing to look at again, and why: ``expired``, ``expires``, ``oldest``, ``released``."""

    kind: str
    id: str
    title: str
    where: str
    reviewed: str
    reviewed_days: int
    expires: str
    expires_in_days: int
    reasons: tuple[str, ...] = ()
    revisit_when: str = ""
    sources: tuple[str, ...] = field(default=())
    release: Release | None = None

    def document(self) -> dict[str, Any]:
        """The item as JSON has it."""
        release = None if self.release is None else dict(vars(self.release))
        lists = {"reasons": list(self.reasons), "sources": list(self.sources)}
        return {**vars(self), **lists, "release": release}


def work_list(
    base: RuleBase,
    *,
    today: str,
    within_days: int = 90,
    index: PackageIndex | None = None,
    only: Collection[str] = (),
    report: Callable[[str], None] = lambda _: None,
) -> tuple[DueItem, ...]:
    """What to look at again, what expires first at the head.

    Args:
        base: The rules.
        today: ISO date that ages are counted to.
        within_days: How far ahead an expiry is on the list.
        index: Asked for what released since the review; nothing is asked without it.
        only: Ids and names; empty for everything.
        report: Told what is being asked, in words.
    """
    every = [item for item in _items(base, today) if not only or item.id in only]
    releases = _released(base, every, index, report) if index is not None else {}
    oldest = {id(item) for item in sorted(every, key=lambda i: (i.reviewed, i.id))[:OLDEST]}
    oldest = set() if only else oldest
    listed = []
    for item in every:
        release = releases.get(item.id) if item.kind == "package" else None
        reasons = [*_due(item, within_days)]
        reasons += ["oldest"] if id(item) in oldest else []
        reasons += ["released"] if release is not None else []
        if reasons or only:
            listed.append(replace(item, reasons=tuple(reasons), release=release))
    return tuple(sorted(listed, key=lambda i: (i.expires_in_days, i.reviewed, i.kind, i.id)))


def _due(item: DueItem, within_days: int) -> Iterator[str]:
    if item.expires_in_days < 0:
        yield "expired"
    elif item.expires_in_days <= within_days:
        yield "expires"


def _items(base: RuleBase, today: str) -> Iterator[DueItem]:
    def item(**given: Any) -> DueItem:
        reviewed, expires = given["reviewed"], given["expires"] or given["reviewed"]
        ages = (days_between(reviewed, today), days_between(today, expires))
        return DueItem(
            **{**given, "expires": expires}, reviewed_days=ages[0], expires_in_days=ages[1]
        )

    for rule in base.rules:
        yield item(
            kind="rule",
            id=rule.id,
            title=rule.title,
            where=rule.where,
            reviewed=rule.reviewed,
            expires=rule.expires,
            revisit_when=rule.revisit_when,
            sources=_urls(base, rule.sources),
        )
    for kind, name, entry in entries(base):
        home = (entry.home,) if isinstance(entry, Package) else ()
        yield item(
            kind=kind,
            id=name,
            title=_title(entry),
            where=entry.where,
            reviewed=entry.reviewed,
            expires=entry.expires,
            sources=tuple(dict.fromkeys((*home, *_urls(base, entry.sources)))),
        )


def _title(entry: Any) -> str:
    for key in ("command", "why", "says"):
        text = getattr(entry, key, "")
        if text:
            return str(text)
    return ""


def _urls(base: RuleBase, names: Sequence[str]) -> tuple[str, ...]:
    cited = (base.sources[name] for name in names if name in base.sources)
    return tuple(source.url or source.title for source in cited)


def _released(
    base: RuleBase,
    items: Sequence[DueItem],
    index: PackageIndex,
    report: Callable[[str], None],
) -> dict[str, Release]:
    """Packages of *items* with a newer release than at their review, by name."""
    asked = {item.id for item in items if item.kind == "package"}
    packages = [package for package in base.packages if package.name in asked and package.release]
    python = _usual_python(base)
    report(f"asking the package index for {len(packages)} packages ...")
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        newest = list(pool.map(lambda p: _newest(p.name, index, python), packages))
        releases = {
            package.name: Release(reviewed=package.release, newest=version)
            for package, version in zip(packages, newest, strict=True)
            if version is not None and _newer(version, package.release)
        }
        frameworks = {name for info in base.frameworks.values() for name in info.packages}
        read = [name for name in releases if name not in frameworks][:MAX_CLASSIFIERS]
        said = pool.map(lambda name: index.classifiers(name, python), read)
        for name, words in zip(read, said, strict=True):
            kept = None if words is None else tuple(w for w in words if w.startswith(_TELLING))
            releases[name] = replace(releases[name], classifiers=kept)
    return releases


def _usual_python(base: RuleBase) -> str:
    """The newest Python of the vocabulary but one: the newest is not built for everywhere yet."""
    pythons = pythons_of(base) or [""]
    return pythons[-2] if len(pythons) > 1 else pythons[-1]


def _newest(name: str, index: PackageIndex, python: str) -> str | None:
    """The newest version with a wheel for *python*, or of any kind where there is none."""
    for question in (IndexQuery(distribution=name, python=python), IndexQuery(distribution=name)):
        answer = index.versions(question)
        if answer.versions:
            return answer.versions[0]
    return None


def _newer(one: str, other: str) -> bool:
    try:
        return Version(one) > Version(other)
    except InvalidVersion:
        return one != other
