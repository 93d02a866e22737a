"""Answers that do not fit together: what is wrong, and which of them do not count.

Most is data of the rule base; that packages pull apart, or against a policy, follows from what
packages run on. Pure: values by fact in, conflicts out. It must not know what a decision makes of
an answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from advisor.knowledge.conditions import condition_data, read_condition
from advisor.knowledge.entries import References, refer_all
from advisor.knowledge.evaluate import truth_of
from advisor.knowledge.fields import Part
from advisor.knowledge.model import Conflict, ConflictKind, RuleBase
from advisor.knowledge.package_rules import FACT, POLICY, WISH
from advisor.knowledge.packages import bound_to, resolve, way


@dataclass(frozen=True, kw_only=True)
class Clash:
    """A conflict among the answers at hand. `says` is empty where `values` say what pulls apart."""

    id: str
    kind: ConflictKind
    says: str = ""
    ignore: tuple[str, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)


def read_conflict(part: Part, references: References) -> Conflict:
    """One entry of the table."""
    part.only(("id", "kind", "when", "says", "ignore"))
    ignore = refer_all(part, "ignore", "fact", references.facts) if part.has("ignore") else ()
    return Conflict(
        id=part.text("id", limit=120),
        kind=part.word("kind", get_args(ConflictKind)),
        when=read_condition(part, "when", references.facts),
        says=part.text("says", limit=300),
        ignore=tuple(ignore),
    )


def conflict_data(conflict: Conflict) -> dict[str, Any]:
    """*conflict* as it is written in a file."""
    data = {**vars(conflict), "when": condition_data(conflict.when)}
    if conflict.ignore:
        return {**data, "ignore": list(conflict.ignore)}
    return {key: value for key, value in data.items() if key != "ignore"}


def clashes_in(base: RuleBase, facts: Mapping[str, Any]) -> tuple[Clash, ...]:
    """What does not fit together in *facts*, those of the table first."""
    listed = [
        Clash(id=c.id, kind=c.kind, says=c.says, ignore=c.ignore)
        for c in base.conflicts
        if truth_of(c.when, facts) == "true"
    ]
    return (*listed, *_of_packages(base, facts))


def counted(base: RuleBase, facts: Mapping[str, Any]) -> dict[str, Any]:
    """*facts* without those that cannot be true, or mean nothing, beside the others."""
    # What packages pull apart makes no answer not count.
    ignored = {
        fact
        for conflict in base.conflicts
        if conflict.ignore and truth_of(conflict.when, facts) == "true"
        for fact in conflict.ignore
    }
    return {fact: value for fact, value in facts.items() if fact not in ignored}


def _of_packages(base: RuleBase, facts: Mapping[str, Any]) -> Iterator[Clash]:
    needed, liked = _bound(base, facts.get(FACT)), _bound(base, facts.get(WISH))
    reached = _bound(base, facts.get(FACT), bridged=True)
    out = facts.get(POLICY)
    excluded = out if isinstance(out, (list, tuple)) else ()
    for framework, names in reached.items():
        if framework in excluded:
            values = {"packages": names, "framework": framework}
            yield Clash(id="need-against-policy", kind="contradictory", values=values)
    if len(needed) > 1:
        values = dict(sorted(needed.items()))
        yield Clash(id="needs-pull-apart", kind="contradictory", values=values)
    for framework, names in liked.items():
        if framework in excluded or any(other != framework for other in needed):
            values = {"packages": names, "framework": framework}
            yield Clash(id="wish-cannot-be", kind="pointless", values=values)


def _bound(base: RuleBase, names: Any, *, bridged: bool = False) -> dict[str, list[str]]:
    """Of the packages *names*, those that need one framework, by that framework.

    With *bridged* also those that reach the other one through a bridge.
    """
    bound: dict[str, list[str]] = {}
    frameworks: Sequence[str] = tuple(base.frameworks)
    for name in names if isinstance(names, (list, tuple)) else ():
        package = resolve(base.packages, str(name))
        native = bound_to(package, frameworks) if package else ()
        if package is None or len(native) != 1:
            continue
        foreign = [way(package, other) for other in frameworks if other != native[0]]
        if bridged or set(foreign) == {"no"}:
            bound.setdefault(native[0], []).append(package.name)
    return bound
