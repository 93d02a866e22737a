"""All files together: findings with their counts, framework names in use, what was skipped.

Knows reports of single files. It must not know where files come from, nor what the findings mean
for a decision.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from advisor.knowledge.code_signals import CONFIDENCES, Confidence
from advisor.scan.model import MAX_PLACES, FileReport, Finding, stronger
from advisor.scan.tables import Tables

_KEPT = 4 * MAX_PLACES
_SOURCE_FOLDERS = ("src", "lib", "python", "source")


@dataclass(slots=True)
class Group:
    """All findings of one key and value.

    `product_times` leaves out tests, documentation and benchmarks; `files` counts the files by the
    best confidence in each; `findings` are the surest, in the order
    of their paths.
    """

    key: str
    value: Any
    times: int = 0
    product_times: int = 0
    files: Counter[Confidence] = field(default_factory=Counter)
    best: Confidence = "possible"
    findings: list[Finding] = field(default_factory=list)

    @property
    def file_count(self) -> int:
        """In how many files it was seen."""
        return sum(self.files.values())

    @property
    def sure_files(self) -> int:
        """In how many files it is at least likely."""
        return self.file_count - self.files["possible"]

    def take(self, findings: list[Finding], times: int, *, product: bool) -> None:
        """Add the findings of one file."""
        best = min((f.confidence for f in findings), key=CONFIDENCES.index)
        self.times += times
        self.product_times += times if product else 0
        self.files[best] += 1
        self.best = stronger(self.best, best)
        self.findings += findings
        if len(self.findings) > _KEPT:
            self.findings = self.places()

    def places(self, most: int = MAX_PLACES) -> list[Finding]:
        """The surest findings, at most *most*."""
        ranked = sorted(
            self.findings, key=lambda f: (CONFIDENCES.index(f.confidence), f.file, f.line)
        )
        return ranked[:most]


@dataclass(slots=True)
class NameUse:
    """How often the code base refers to one framework name, in how many files, and where first.

    `product_times` leaves out tests, documentation and benchmarks.
    """

    name: str
    times: int = 0
    product_times: int = 0
    files: int = 0
    file: str = ""
    line: int = 0


@dataclass(slots=True)
class Collected:
    """What reading a code base gave.

    `framework_files` counts product files by framework; `own` are the names of the code base's own
    packages, which it does not need from anybody.
    """

    tables: Tables
    groups: dict[tuple[str, str], Group] = field(default_factory=dict)
    names: dict[str, NameUse] = field(default_factory=dict)
    framework_files: Counter[str] = field(default_factory=Counter)
    files: int = 0
    python_files: int = 0
    product_files: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    own: set[str] = field(default_factory=set)
    truncated: bool = False

    def take(self, report: FileReport) -> None:
        """Add the report of one file."""
        if report.skipped is not None:
            self.skipped[report.skipped] += 1
        self.files += 1
        if report.python:
            self.python_files += 1
            self._take_package(report.file)
        if report.frameworks and report.product:
            self.product_files += 1
            self.framework_files.update(report.frameworks)
        by_group: dict[tuple[str, str], list[Finding]] = {}
        for finding in report.findings:
            by_group.setdefault(finding.group, []).append(finding)
        for key, findings in by_group.items():
            group = self.groups.setdefault(key, Group(key[0], findings[0].value))
            group.take(findings, report.counts[key], product=report.product)
        for name, use in report.uses.items():
            total = self.names.setdefault(name, NameUse(name, file=report.file, line=use.line))
            total.times += use.times
            total.product_times += use.times if report.product else 0
            total.files += 1

    def _take_package(self, path: str) -> None:
        parts = path.split("/")
        if parts[0] in _SOURCE_FOLDERS and len(parts) > 2:
            self.own.add(parts[1])
        elif len(parts) > 1:
            self.own.add(parts[0])

    def finish(self, project: str | None) -> Collected:
        """Drop what the code base (the package *project*) would need of itself; returns itself."""
        for key, group in tuple(self.groups.items()):
            library = self.tables.libraries.get(str(group.value))
            if group.key != "must_use" or library is None:
                continue
            tops = {name.split(".", 1)[0] for name in library.imports}
            if library.package == project or tops & self.own:
                del self.groups[key]
        return self

    def of(self, key: str) -> list[Group]:
        """The groups of *key*, the surest and most frequent first."""
        groups = [group for group in self.groups.values() if group.key == key]
        return sorted(groups, key=lambda g: (-g.sure_files, -g.times, repr(g.value)))

    def all(self) -> Iterator[Group]:
        """Every group, in the order of keys and values."""
        yield from (self.groups[key] for key in sorted(self.groups))


def collect(reports: Iterable[FileReport], tables: Tables, project: str | None = None) -> Collected:
    """All *reports* of one code base, which makes the package *project*."""
    collected = Collected(tables)
    for report in reports:
        collected.take(report)
    return collected.finish(project)
