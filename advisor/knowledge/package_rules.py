"""What needing a package means where no rule speaks of it: a rule made from what is known of it.

Knows the rule base and names as people write them. It must not know answers other than the names
that are handed in, nor what a decision makes of a rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from advisor.knowledge.conditions import leaves
from advisor.knowledge.model import Effect, OneOf, Rule, RuleBase, Source, Strength
from advisor.knowledge.packages import bound_to, resolve, way
from advisor.knowledge.supply import Package

FACT = "must_use"
"""The fact whose values are names of packages."""

_FOREIGN: tuple[tuple[str, Strength], ...] = (
    ("ecosystem", "strong"),
    ("iteration", "moderate"),
    ("risk", "strong"),
)
"""What a framework loses on which the package does not run; as the rules about packages have it."""


def with_package_rules(base: RuleBase, names: Iterable[str]) -> RuleBase:
    """*base* with a claim for each of *names* that runs on one framework and that no rule names.

    The sources of an entry without one are the page that was read. Doing it again changes nothing.
    """
    spoken_of = names_in_rules(base)
    rules: dict[str, Rule] = {}
    sources: dict[str, Source] = {}
    for name in names:
        package = resolve(base.packages, name)
        if package is None or name in spoken_of or package.name in spoken_of:
            continue
        native = bound_to(package, tuple(base.frameworks))
        if len(native) != 1:
            continue
        if not package.sources:
            sources[_page_id(package)] = _page(package)
        rule = _claim(base, package, native[0])
        rules[rule.id] = rule
    if not rules:
        return base
    shelved = dict(sorted({**base.sources, **sources}.items()))
    return replace(base, rules=(*base.rules, *rules.values()), sources=shelved)


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
        for leaf in leaves(rule.when)
        if isinstance(leaf, OneOf) and leaf.fact == FACT
        for value in leaf.accepted
    )


def _claim(base: RuleBase, package: Package, native: str) -> Rule:
    other = next(name for name in base.frameworks if name != native)
    title, foreign = base.frameworks[native].title, base.frameworks[other].title
    bridged = way(package, other) == "bridge"
    return Rule(
        id=f"claim.ecosystem.needs-{package.name}",
        kind="claim",
        title=f"{package.name} {'is made for' if bridged else 'needs'} {title}",
        when=OneOf(FACT, (package.name,), ()),
        effects=_effects(native, other, bridged=bridged),
        group=f"must-use-{native}",
        reliability="medium",
        sources=package.sources or (_page_id(package),),
        asserted=package.as_of,
        reviewed=package.reviewed,
        expires=package.expires,
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
