"""What is wrong with packages and install lines that load: stale, nameless, unproven, unreachable.

Pure, as `check` is, and asks no index: `index_check` does.
"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.knowledge.evaluate import days_between
from advisor.knowledge.model import RuleBase
from advisor.knowledge.packages import by_name
from advisor.knowledge.rule_findings import RuleFinding, Severity
from advisor.knowledge.supply import Absence, Install, Package, StandIn

Entry = Install | Absence | StandIn | Package


def entries(base: RuleBase) -> Iterator[tuple[str, str, Entry]]:
    """Every entry about packages and installing: its kind, its name and itself."""
    for install in (*base.installs, *base.libraries):
        yield "install", install.id, install
    for absence in base.absences:
        yield "absence", absence.id, absence
    for stand_in in base.stand_ins:
        yield "stand-in", stand_in.distribution, stand_in
    for package in base.packages:
        yield "package", package.name, package


def supply_findings(base: RuleBase, today: str) -> Iterator[RuleFinding]:
    """Everything found in the packages and install lines of *base* on the ISO date *today*."""
    first: dict[tuple[str, str], Entry] = {}
    for kind, name, entry in entries(base):
        yield from _aged(kind, name, entry, today)
        yield from _unproven(kind, name, entry)
        if not name:
            hint = "mends and findings call it by its id"
            yield _finding("no-id", "error", f"an {kind} line has no id", entry, hint)
        other = first.setdefault((kind, name), entry)
        if name and other is not entry:
            text = f"{kind} {name} stands twice; first at {other.where}"
            yield _finding("same-id", "error", text, entry)
    yield from _bridges(base)


def _finding(kind: str, severity: Severity, text: str, entry: Entry, hint: str = "") -> RuleFinding:
    return RuleFinding(id=kind, severity=severity, text=text, where=entry.where, hint=hint)


def _aged(kind: str, name: str, entry: Entry, today: str) -> Iterator[RuleFinding]:
    if not entry.expires:
        hint = "say until when it may be believed, at most 12 months after the review"
        yield _finding(f"{kind}-no-expiry", "error", f"{kind} {name} has no expires", entry, hint)
    elif entry.expires < today:
        days = days_between(entry.expires, today)
        text = f"{kind} {name} expired on {entry.expires}, {days} day{'' if days == 1 else 's'} ago"
        hint = "read its sources again, then move reviewed and expires"
        yield _finding(f"{kind}-expired", "error", text, entry, hint)
    if entry.reviewed > today:
        text = f"{kind} {name} was reviewed on {entry.reviewed}, which has not come yet"
        yield _finding("reviewed-later", "warning", text, entry)


def _unproven(kind: str, name: str, entry: Entry) -> Iterator[RuleFinding]:
    if isinstance(entry, Package):
        if not entry.says:
            hint = "say what on its page decides what it runs on"
            yield _finding("package-no-says", "warning", f"{kind} {name} has no says", entry, hint)
        return
    if not entry.sources:
        yield _finding(f"{kind}-no-source", "error", f"{kind} {name} has no source", entry)
    if isinstance(entry, Install) and not entry.check and not entry.package:
        hint = "name the distribution that has to resolve"
        yield _finding("install-no-check", "error", f"{kind} {name} has no check", entry, hint)


def _bridges(base: RuleBase) -> Iterator[RuleFinding]:
    """Bridges that are packages nobody describes."""
    packages = by_name(base.packages)
    for package in base.packages:
        for run in package.runs_on.values():
            if run.through and run.through not in packages:
                text = f"package {package.name} runs through {run.through}, which is not described"
                yield _finding("unknown-bridge", "error", text, package)


def cited(base: RuleBase) -> set[str]:
    """The sources that packages and install lines name."""
    return {name for _, _, entry in entries(base) for name in entry.sources}
