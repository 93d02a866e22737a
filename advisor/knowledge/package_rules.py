"""What needing a package means where no rule speaks of it: a rule made from what is known of it.

Knows the rule base and names as people write them. It must not know answers other than the names
that are handed in, nor what a decision makes of a rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from advisor.knowledge.conditions import leaves
from advisor.knowledge.model import (
    AllOf,
    Condition,
    Effect,
    OneOf,
    Rule,
    RuleBase,
    Source,
    Strength,
)
from advisor.knowledge.package_form import names_of
from advisor.knowledge.packages import bound_to, resolve, way
from advisor.knowledge.supply import Package

FACT = "must_use"
"""The fact whose values are packages that cannot be done without: they bind."""

WISH = "prefer"
"""The fact whose values are packages that would be liked: they weigh."""

POLICY = "exclude"
"""The fact whose values are frameworks that a policy rules out."""

VETO = "veto.package."
"""How the id of a veto begins that a needed package makes."""

_NEEDS = "claim.ecosystem.needs-"
_WANTS = "claim.ecosystem.wants-"

_FOREIGN: tuple[tuple[str, Strength], ...] = (
    ("ecosystem", "strong"),
    ("iteration", "moderate"),
    ("risk", "strong"),
)
"""What a framework loses on which the package does not run; as the rules about packages have it."""


def with_package_rules(
    base: RuleBase, names: Iterable[str], wishes: Iterable[str] = ()
) -> RuleBase:
    """*base* with what *names* (needed) and *wishes* (liked) mean, for packages that it describes.

    A needed package that runs on one framework only rules the other out. One that reaches the
    other through a bridge rules nothing out: it is a claim, with the bridge's price, unless a rule
    speaks of it already. A wish is a claim of moderate strength. The sources of an entry without
    one are the page that was read. Doing it again changes nothing.
    """
    spoken_of = names_in_rules(base)
    have = {rule.id for rule in base.rules}
    rules: dict[str, Rule] = {}
    sources: dict[str, Source] = {}
    asked = [*((name, FACT) for name in names), *((name, WISH) for name in wishes)]
    for name, fact in asked:
        package = resolve(base.packages, name)
        native = bound_to(package, tuple(base.frameworks)) if package else ()
        if package is None or len(native) != 1:
            continue
        if fact == WISH:
            made = [_wish(base, package, native[0])]
        else:
            made = list(_needs(base, package, native[0], spoken_of))
        fresh = [rule for rule in made if rule.id not in have]
        rules.update((rule.id, rule) for rule in fresh)
        if fresh and not package.sources:
            sources[_page_id(package)] = _page(package)
    if not rules:
        return base
    shelved = dict(sorted({**base.sources, **sources}.items()))
    return replace(base, rules=(*base.rules, *rules.values()), sources=shelved)


def _needs(
    base: RuleBase, package: Package, native: str, spoken_of: frozenset[str]
) -> Iterator[Rule]:
    """What needing *package* makes: a veto, and a claim if no rule has one.

    Over a bridge the other framework can be taken as long as the package's own is allowed: the
    bridge runs on it.
    """
    other = _other(base, native)
    yield _veto(base, package, native, other)
    if not spoken_of.intersection(names_of(package)):
        yield _claim(base, package, native)


def with_package_rules_of(base: RuleBase, other: RuleBase) -> RuleBase:
    """*base*, and of *other* what it knows of packages that were named and *base* does not."""
    have = {rule.id for rule in base.rules}
    described = {package.name for package in base.packages}
    rules = [r for r in other.rules if is_of_package(r.id) and r.id not in have]
    packages = [p for p in other.packages if p.name not in described]
    cited = {source for rule in rules for source in rule.sources}
    sources = {k: v for k, v in other.sources.items() if k in cited and k not in base.sources}
    return replace(
        base,
        rules=(*base.rules, *rules),
        packages=(*base.packages, *packages),
        sources=dict(sorted({**base.sources, **sources}.items())),
    )


def is_of_package(rule: str) -> bool:
    """Whether the *rule* follows from a package that was named, and stands in no file."""
    return rule.startswith((VETO, _NEEDS, _WANTS))


def with_rule_of_package(base: RuleBase, rule: str) -> RuleBase:
    """*base* with the rule that a report may cite although no file holds it."""
    for prefix in (VETO, _NEEDS, _WANTS):
        if rule.startswith(prefix):
            name = rule.removeprefix(prefix)
            return with_package_rules(base, [name], [name])
    return base


def canonical_names(base: RuleBase, names: Sequence[str]) -> list[str]:
    """*names* as rules spell them: a name that no rule uses becomes its package's."""
    spoken_of = names_in_rules(base)
    spelled = []
    for name in names:
        package = resolve(base.packages, name)
        spelled.append(name if package is None or name in spoken_of else package.name)
    return list(dict.fromkeys(spelled))


def names_in_rules(base: RuleBase) -> frozenset[str]:
    """The packages that conditions of rules name."""
    return frozenset(
        str(value)
        for rule in base.rules
        if not rule.id.startswith(VETO)
        for leaf in leaves(rule.when)
        if isinstance(leaf, OneOf) and leaf.fact == FACT
        for value in leaf.accepted
    )


def _veto(base: RuleBase, package: Package, native: str, other: str) -> Rule:
    title, foreign = base.frameworks[native].title, base.frameworks[other].title
    left = package.runs_on.get(other)
    when: Condition = OneOf(FACT, names_of(package), ())
    saying = f"You must use {package.name}, which runs on {title} only"
    if way(package, other) == "bridge":
        when = AllOf((when, OneOf(POLICY, (native,), ())))
        saying = f"You must use {package.name}, which needs {title} also under {foreign}"
    return Rule(
        id=f"{VETO}{package.name}",
        kind="veto",
        title=saying,
        when=when,
        excludes=other,
        lifts=f"Do without {package.name}: take it out of the answer 'must_use'",
        group=f"must-use-{native}",
        reliability="high",
        **_dated(package),
        # An older release may still have run on the other framework.
        applies_to={package.name: f">={left.until}"} if left and left.until else {},
        rationale=package.says,
        revisit_when=f"{package.name} supports {foreign}",
    )


def _wish(base: RuleBase, package: Package, native: str) -> Rule:
    other = _other(base, native)
    title, foreign = base.frameworks[native].title, base.frameworks[other].title
    bridged = way(package, other) == "bridge"
    liked = Effect(
        framework=native,
        criterion="ecosystem",
        direction="for",
        strength="weak" if bridged else "moderate",
    )
    return Rule(
        id=f"{_WANTS}{package.name}",
        kind="claim",
        title=f"You would like to use {package.name}, which "
        f"{'is made for' if bridged else 'runs on'} {title}{'' if bridged else ' only'}",
        when=OneOf(WISH, names_of(package), ()),
        effects=(liked,),
        group=f"wish-{native}",
        reliability="high",
        **_dated(package),
        rationale=" ".join((package.says, *_price(package, other, foreign))),
        revisit_when=f"{package.name} supports {foreign}",
    )


def _other(base: RuleBase, native: str) -> str:
    return next(name for name in base.frameworks if name != native)


def _claim(base: RuleBase, package: Package, native: str) -> Rule:
    other = _other(base, native)
    title, foreign = base.frameworks[native].title, base.frameworks[other].title
    bridged = way(package, other) == "bridge"
    return Rule(
        id=f"{_NEEDS}{package.name}",
        kind="claim",
        title=f"{package.name} {'is made for' if bridged else 'needs'} {title}",
        when=OneOf(FACT, (package.name,), ()),
        effects=_effects(native, other, bridged=bridged),
        group=f"must-use-{native}",
        reliability="medium",
        **_dated(package),
        rationale=" ".join((package.says, *_price(package, other, foreign))),
        revisit_when=f"{package.name} supports {foreign}",
    )


def _effects(native: str, other: str, *, bridged: bool) -> tuple[Effect, ...]:
    losses: tuple[tuple[str, Strength], ...] = _FOREIGN
    if bridged:
        losses = (("ecosystem", "moderate"),)
    strength: Strength = "moderate" if bridged else "strong"
    effects = [Effect(framework=native, criterion="ecosystem", direction="for", strength=strength)]
    for criterion, loss in losses:
        effects.append(
            Effect(framework=other, criterion=criterion, direction="against", strength=loss)
        )
    return tuple(effects)


def _price(package: Package, framework: str, title: str) -> tuple[str, ...]:
    run = package.runs_on.get(framework)
    return (f"{title} through {run.through}: {run.price}.",) if run and run.through else ()


def _dated(package: Package) -> dict[str, Any]:
    """Who says it of the package, and when it was read."""
    return {
        "sources": package.sources or (_page_id(package),),
        "asserted": package.as_of,
        "reviewed": package.reviewed,
        "expires": package.expires,
    }


def _page_id(package: Package) -> str:
    return f"package-{package.name}"


def _page(package: Package) -> Source:
    return Source(
        id=_page_id(package),
        url=package.home,
        title=f"{package.name}: its page",
        publisher=package.name,
        retrieved=package.reviewed,
        gist=package.says,
    )
