"""What a package that no rule knows depends on, by the metadata of an environment.

`dependence` is pure: metadata is handed in as requirements by distribution. `InstalledMetadata`
reads them for an environment that need not be the running one, and runs nothing in it. It must not
know rules.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import Distribution, DistributionFinder, MetadataPathFinder
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from advisor.knowledge.vocabulary import package_name

_MAX_VISITED = 2000


@dataclass(frozen=True)
class Installed:
    """One installed distribution: its version, and its requirements as PEP 508 writes them."""

    version: str
    requires: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Dependence:
    """What an installed distribution needs.

    `needs` maps each framework to the chain of distributions that leads to it, beginning with the
    distribution itself; `optional` maps a framework to the extra that would bring it.
    """

    distribution: str
    version: str
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    optional: Mapping[str, str] = field(default_factory=dict)


def dependence(
    name: str, metadata: Mapping[str, Installed], frameworks: Mapping[str, Sequence[str]]
) -> Dependence | None:
    """What the distribution or import *name* needs; None where it is not installed.

    Args:
        name: As somebody wrote it.
        metadata: Installed distributions by name in the one spelling (lower case, dashes).
        frameworks: The distributions that make up each framework, as in ``{"jax": ["jaxlib"]}``.
    """
    start = _distribution_of(name, metadata)
    if start is None:
        return None
    goals = {package_name(d): fw for fw, names in frameworks.items() for d in names}
    chains = _chains(start, metadata, goals)
    needs: dict[str, tuple[str, ...]] = {}
    for goal, framework in goals.items():
        if goal in chains and (framework not in needs or len(chains[goal]) < len(needs[framework])):
            needs[framework] = chains[goal]
    optional = {
        goals[wanted]: extra
        for wanted, extra in _requirements(metadata[start].requires, extras=True)
        if wanted in goals and goals[wanted] not in needs
    }
    entry = metadata[start]
    return Dependence(distribution=start, version=entry.version, needs=needs, optional=optional)


def _distribution_of(name: str, metadata: Mapping[str, Installed]) -> str | None:
    spelled = package_name(name)
    if spelled in metadata:
        return spelled
    return next(
        (d for d in metadata if spelled in map(package_name, metadata[d].imports)),
        None,
    )


def _chains(
    start: str, metadata: Mapping[str, Installed], goals: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """The shortest chain from *start* to every distribution that it needs, breadth first."""
    chains: dict[str, tuple[str, ...]] = {start: (start,)}
    waiting = deque([start])
    while waiting and len(chains) < _MAX_VISITED:
        here = waiting.popleft()
        if here in goals or here not in metadata:
            continue
        for wanted, _ in _requirements(metadata[here].requires, extras=False):
            if wanted not in chains:
                chains[wanted] = (*chains[here], wanted)
                waiting.append(wanted)
    return chains


def _requirements(lines: Sequence[str], *, extras: bool) -> Iterator[tuple[str, str]]:
    """Names that are required always, or (*extras*) by an extra, with its name."""
    for line in lines:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        marker = requirement.marker
        always = marker is None or marker.evaluate({"extra": ""})
        if always and not extras:
            yield package_name(requirement.name), ""
        if extras and not always and marker is not None and "extra" in str(marker):
            yield package_name(requirement.name), _extra_in(str(marker))


def _extra_in(marker: str) -> str:
    tail = marker.partition("extra")[2]
    return tail.replace("'", '"').split('"')[1] if '"' in tail.replace("'", '"') else ""


class InstalledMetadata(Mapping[str, Installed]):
    """The distributions below *paths* (``site-packages`` folders), each read when asked for.

    Markers are judged by the running interpreter, which may be another than the environment's.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = [str(path) for path in paths]
        self._read: dict[str, Installed | None] = {}

    def __getitem__(self, name: str) -> Installed:
        if name not in self._read:
            self._read[name] = self._installed(name)
        entry = self._read[name]
        if entry is None:
            raise KeyError(name)
        return entry

    def __iter__(self) -> Iterator[str]:
        names = (d.metadata["Name"] for d in self._distributions())
        return iter(dict.fromkeys(package_name(name) for name in names if name))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _installed(self, name: str) -> Installed | None:
        for distribution in self._distributions(name):
            return Installed(
                version=distribution.version,
                requires=tuple(distribution.requires or ()),
                imports=tuple((distribution.read_text("top_level.txt") or "").split()),
            )
        return None

    def _distributions(self, name: str | None = None) -> Iterator[Distribution]:
        context = DistributionFinder.Context(name=name, path=self._paths)
        yield from MetadataPathFinder.find_distributions(context)


def site_packages_of(interpreter: Path) -> tuple[Path, ...]:
    """The ``site-packages`` folders of the environment of *interpreter*, without running it."""
    prefix = interpreter.absolute().parent.parent
    folders = [*sorted(prefix.glob("lib*/python3*/site-packages")), prefix / "Lib/site-packages"]
    return tuple(folder for folder in folders if folder.is_dir())


def look_up_installed(
    name: str, interpreter: Path, frameworks: Mapping[str, Sequence[str]]
) -> Dependence | None:
    """What *name* needs in the environment of *interpreter*; None where it is not installed."""
    return dependence(name, InstalledMetadata(site_packages_of(interpreter)), frameworks)
