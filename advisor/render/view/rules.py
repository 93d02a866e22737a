"""Every rule that fired with its sources, those that wait for an answer, how many stay silent."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.knowledge.model import NEVER, Effect, Rule
from advisor.render.document import (
    Fold,
    Points,
    ReportBlock,
    ReportSection,
    ReportTable,
    Statement,
    TableCell,
    TableRow,
    anchor,
    row_of,
)
from advisor.render.flip_words import criterion_title
from advisor.render.tables import columns, table_of
from advisor.render.value_words import fact_title
from advisor.render.view.provenance import Provenances
from advisor.render.wording import DASH, clauses, count_of, listed, name_of, say, sentence


def rules_section(origins: Provenances) -> ReportSection:
    """What spoke, what nearly did, and what did not apply."""
    decision = origins.decision
    fired = [r for name in decision.rules_fired if (r := origins.rules.get(name)) is not None]
    blocks: list[ReportBlock] = []
    if fired:
        head = columns("rule", "states", "effects", "source", "reviewed", "expires")
        table = table_of("rules-fired", head, [_row(origins, r) for r in fired], most=len(fired))
        blocks += [table, _sources(origins, fired)]
    if decision.rules_unknown:
        blocks.append(_waiting(origins))
    silent = count_of(len(decision.rules_silent), "rule")
    text = sentence(say("report.rules.silent", rules=silent))
    blocks.append(Points((Statement(text, (origins.method,)),)))
    return ReportSection("rules", say("report.section.rules"), tuple(blocks))


def _row(origins: Provenances, rule: Rule) -> TableRow:
    expired = rule.id in origins.decision.rules_stale
    expires = rule.expires if rule.expires < NEVER else say("report.rules.never")
    if expired:
        expires = say("report.rules.expired", date=rule.expires)
    return row_of(
        id=anchor("rule", rule.id),
        rule=rule.id,
        states=" ".join(part for part in (sentence(rule.title), rule.rationale) if part),
        effects=_effects(origins, rule),
        source=_cited(origins, rule),
        reviewed=rule.reviewed,
        expires=TableCell(expires, tone="bad" if expired else ""),
    )


def _cited(origins: Provenances, rule: Rule) -> TableCell:
    """The first source, as a link, and how many more there are."""
    if not rule.sources:
        return TableCell(DASH)
    first = origins.source(rule.sources[0])
    text = first.text
    if len(rule.sources) > 1:
        more = count_of(len(rule.sources) - 1, "more_source")
        text = say("report.rules.more_sources", source=text, more=more)
    return TableCell(text, href=first.href)


def _effects(origins: Provenances, rule: Rule) -> str:
    if rule.kind == "veto":
        return say("report.rules.excludes", framework=name_of(rule.excludes))
    if not rule.effects:
        return say("report.rules.scores_nothing")
    return clauses(_effect(origins, effect) for effect in rule.effects)


def _effect(origins: Provenances, effect: Effect) -> str:
    return say(
        f"report.rules.effect.{effect.direction}",
        framework=name_of(effect.framework),
        criterion=criterion_title(origins.base, effect.criterion),
        strength=say(f"report.strength.{effect.strength}"),
    )


def _sources(origins: Provenances, rules: Sequence[Rule]) -> ReportTable:
    names = sorted({name for rule in rules for name in rule.sources})
    sources = [s for n in names if (s := origins.base.sources.get(n)) is not None]
    rows = [
        row_of(
            id=anchor("source", s.id),
            source=TableCell(s.title, href=origins.source(s.id).href),
            publisher=s.publisher,
            published=s.published or DASH,
            retrieved=s.retrieved,
            gist=s.gist,
        )
        for s in sources
    ]
    head = columns("source", "publisher", "published", "retrieved", "gist")
    return table_of("sources", head, rows, most=len(rows))


def _waiting(origins: Provenances) -> Fold:
    rows = []
    for waiting in origins.decision.rules_unknown:
        rule = origins.rules.get(waiting.rule)
        titles = [fact_title(origins.base, fact) for fact in waiting.waits_for]
        rows.append(
            row_of(
                id=anchor("rule", waiting.rule),
                rule=waiting.rule,
                states=rule.title if rule else DASH,
                waits_for=listed(titles),
            )
        )
    table = table_of("rules-nearly", columns("rule", "states", "waits_for"), rows, most=len(rows))
    return Fold(count_of(len(rows), "waiting_rule"), (table,))
