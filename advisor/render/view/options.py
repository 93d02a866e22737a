"""The options considered: what is good and bad about each, and what to start with."""

from __future__ import annotations

from collections.abc import Iterator

from advisor.decision import DecisionReason, Option
from advisor.render.document import (
    CodeLines,
    Points,
    ReportBlock,
    ReportSection,
    Statement,
    Tag,
)
from advisor.render.flip_words import criterion_title
from advisor.render.view.head import side_of
from advisor.render.view.provenance import Provenances, unique
from advisor.render.wording import count_of, listed, name_of, say, sentence

_MOST_AGAINST = 5
_LEAST_AGAINST = 0.005
"""Half a point of 100: nobody is warned of less."""


def option_sections(origins: Provenances) -> tuple[ReportSection, ...]:
    """One section per option."""
    return tuple(_option_section(origins, option) for option in origins.decision.options)


def options_section(origins: Provenances, options: tuple[ReportSection, ...]) -> ReportSection:
    """The options, then what to start with."""
    title = say("report.section.options")
    return ReportSection("options", title, (*options, *_start(origins)))


def _option_section(origins: Provenances, option: Option) -> ReportSection:
    points = (_standing(origins, option), *_good_and_bad(origins, option))
    title = name_of(option.framework)
    return ReportSection(f"option-{option.framework}", title, (Points(points),))


def _standing(origins: Provenances, option: Option) -> Statement:
    lead = say("report.lead.standing")
    if not option.feasible:
        tags = unique(tag for name in option.vetoes for tag in origins.rule(name))
        vetoes = listed(option.vetoes) or say("report.options.a_veto")
        text = sentence(say("report.options.ruled_out", vetoes=vetoes))
        return Statement(text, tags or (origins.method,), lead=lead, tone="bad")
    parts = [say("report.options.ahead", share=option.p_first)]
    if option.p_clear is not None:
        parts.append(say("report.options.clearly", share=option.p_clear))
    if option.utility is not None:
        parts.append(say("report.options.worth", points=f"{option.utility * 100:.0f}"))
    text = sentence(", ".join(parts))
    return Statement(text, (origins.method,), lead=lead, side=side_of(option.framework))


def _good_and_bad(origins: Provenances, option: Option) -> list[Statement]:
    """All that speaks for *option*, then the weightiest of what speaks for the other one."""
    reasons = origins.decision.reasons
    good = [_good(origins, r) for r in reasons if r.favours == option.framework]
    against = [r for r in reasons if r.favours != option.framework]
    weighty = [r for r in against[:_MOST_AGAINST] if abs(r.contribution) >= _LEAST_AGAINST]
    bad = [_bad(origins, r) for r in weighty]
    more = len(against) - len(bad)
    if more > 0:
        other = against[0].favours
        smaller = count_of(more, "smaller_reason")
        text = say("report.options.more", reasons=smaller, framework=name_of(other))
        link = Tag("computed", say("report.tag.other_option"), f"#option-{other}")
        bad.append(Statement(sentence(text), (link,), lead=say("report.lead.other")))
    return [*good, *bad]


def _good(origins: Provenances, reason: DecisionReason) -> Statement:
    text = say(
        "report.options.good_claim" if reason.strength else "report.options.good",
        text=reason.text.rstrip("."),
        criterion=criterion_title(origins.base, reason.criterion),
        strength=say(f"report.strength.{reason.strength}") if reason.strength else "",
        points=f"{reason.contribution * 100:.1f}",
    )
    lead = say("report.lead.good")
    return Statement(sentence(text), origins.of_reason(reason), lead=lead, tone="good")


def _bad(origins: Provenances, reason: DecisionReason) -> Statement:
    text = say(
        "report.options.bad",
        framework=name_of(reason.favours),
        criterion=criterion_title(origins.base, reason.criterion),
        text=reason.text,
    )
    lead = say("report.lead.bad")
    return Statement(sentence(text), origins.of_reason(reason), lead=lead, tone="bad")


def _start(origins: Provenances) -> Iterator[ReportSection]:
    """The stack and the install line of what is recommended; nothing where nothing is."""
    recommended = origins.decision.recommended
    points = tuple(
        Statement(
            sentence(entry.why or say("report.options.for_a_start")),
            origins.rule(entry.rule) or (origins.method,),
            lead=entry.package,
        )
        for entry in recommended.stack
    )
    blocks: list[ReportBlock] = [Points(points)] if points else []
    for line in recommended.install:
        reviewed = say("report.tag.install", date=line.reviewed or say("number.not_known"))
        tags = unique([Tag("rule", reviewed), *map(origins.source, line.sources)])
        note = sentence(line.note or say("report.options.install"))
        if line.instead:
            note = f"{note} {sentence(line.instead)}"
        blocks.append(Points((Statement(note, tags, lead=say("report.lead.install")),)))
        if line.command:
            blocks.append(CodeLines((line.command,)))
    if blocks:
        yield ReportSection("start", say("report.section.start"), tuple(blocks))
