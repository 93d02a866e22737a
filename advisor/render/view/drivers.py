"""Context, drivers and options: what was said, what counts how much, what speaks for which."""

from __future__ import annotations

from collections.abc import Mapping

from advisor.decision import Criterion, DecisionReason, Option
from advisor.render.document import (
    Aside,
    Block,
    Cell,
    Figure,
    Points,
    Row,
    Section,
    Side,
    Statement,
    Table,
    Tag,
    anchor,
)
from advisor.render.view.provenance import METHOD, SAID, Origins, unique
from advisor.render.view.verdict import side_of, start_section
from advisor.render.view.words import DASH, count_of, listed, name_of, percent, plain, sentence

_FROM = {
    "measured": "measured here",
    "rules": "rules with sources",
    "answers": "judgement about your answers",
    "none": "nothing speaks to it",
}
_MOST_AGAINST = 5


def context_section(origins: Origins) -> Section:
    """Every answer with where it came from, and what nobody could answer."""
    answers = origins.inputs.answers
    if not answers.values and not answers.unknown:
        text = "Nothing was answered, so everything rests on what was measured"
        return Section("context", "Context", (Points((Statement(sentence(text), (METHOD,)),)),))
    rows = []
    said_or_not = {*answers.values, *answers.unknown}
    known = [key for key in origins.inputs.base.facts if key in said_or_not]
    for key in [*known, *sorted(said_or_not - set(known))]:
        fact = origins.inputs.base.facts.get(key)
        title = fact.title if fact else key
        shown = answer_text(origins, key) if key in answers.values else "not sure"
        said = SAID.get(answers.sources.get(key, "file"), "your answer")
        if key not in answers.values:
            said = "your answer"
        rows.append(Row((Cell(title), Cell(shown), Cell(key), Cell(said)), anchor("answer", key)))
    table = Table("answers", "The answers", ("Question", "Answer", "Key", "From"), tuple(rows))
    return Section("context", "Context", (table,))


def answer_text(origins: Origins, key: str) -> str:
    """An answer with the vocabulary's labels and units."""
    fact = origins.inputs.base.facts.get(key)
    value = origins.inputs.answers.values[key]
    labels = fact.values if fact else {}
    if isinstance(value, (list, tuple)):
        joiner = ", then " if fact and fact.kind == "ranking" else ", "
        return joiner.join(_labelled(str(v), labels) for v in value) or "none"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        unit = f" {fact.unit}" if fact and fact.unit else ""
        return f"{value:,g}{unit}"
    return _labelled(plain(value), labels)


def _labelled(word: str, labels: Mapping[str, str]) -> str:
    """A word's label; of a tie in a ranking, both."""
    if word in labels:
        return labels[word]
    return " and ".join(labels.get(part, part) for part in word.split("="))


def drivers_section(origins: Origins) -> Section:
    """What each criterion contributes, and the reasons behind it."""
    decision = origins.decision
    if not decision.criteria:
        return Section("drivers", "Decision drivers", ())
    how = (
        "Value runs from 0 to 100 points. A contribution is the weight of a criterion times the "
        "difference between the two: to the left it speaks for PyTorch, to the right for JAX."
    )
    blocks: list[Block] = [Aside(how), _figure(origins), _criteria_table(origins)]
    return Section("drivers", "Decision drivers", tuple(blocks))


def points_of(value: float) -> str:
    """A difference in value as signed points of 100."""
    shown = value * 100
    return "0.0" if abs(shown) < 0.05 else f"{shown:+.1f}".replace("-", "−")


def _title(origins: Origins, criterion: str) -> str:
    info = origins.inputs.base.criteria.get(criterion)
    return info.title if info else criterion


def _figure(origins: Origins) -> Figure:
    rows = [
        {
            "label": _title(origins, c.id),
            "note": f"weight {percent(c.weight)}",
            "value": c.contribution * 100,
            "shown": points_of(c.contribution),
        }
        for c in origins.decision.criteria
    ]
    largest = sorted(origins.decision.criteria, key=lambda c: -abs(c.contribution))[:2]
    told = listed([f"{_title(origins, c.id)} ({points_of(c.contribution)})" for c in largest])
    alt = (
        "Bars for the seven criteria; below zero speaks for PyTorch, above for JAX. "
        f"The largest are {told}. The table below has all numbers."
    )
    title = "What each criterion contributes, in points of 100"
    return Figure("figure-criteria", title, alt, "contributions", {"rows": rows}, "criteria")


def _criteria_table(origins: Origins) -> Table:
    head = ("Criterion", "Weight", "PyTorch", "JAX", "Contribution", "From")
    rows = tuple(_criterion_row(origins, c) for c in origins.decision.criteria)
    caption = "Criteria: weight, value of each framework (0 to 100), and contribution"
    return Table("criteria", caption, head, rows, (METHOD,))


def _criterion_row(origins: Origins, criterion: Criterion) -> Row:
    def value(number: float | None) -> Cell:
        return Cell(DASH if number is None else f"{number * 100:.0f}", number=True)

    favours: Side = ""
    if abs(criterion.contribution) >= 0.0005:
        favours = "jax" if criterion.contribution > 0 else "pytorch"
    return Row(
        (
            Cell(_title(origins, criterion.id)),
            Cell(percent(criterion.weight), number=True),
            value(criterion.pytorch),
            value(criterion.jax),
            Cell(points_of(criterion.contribution), number=True, side=favours),
            Cell(_FROM[criterion.from_], href="#rules"),
        ),
        anchor("criterion", criterion.id),
    )


def options_section(origins: Origins) -> Section:
    """The two options, each with what is good and bad about it; then what to start with."""
    blocks: list[Block] = []
    for option in origins.decision.options:
        points = (_standing(origins, option), *_good_and_bad(origins, option))
        title = name_of(option.framework)
        blocks.append(Section(f"option-{option.framework}", title, (Points(points),)))
    start = start_section(origins)
    if start is not None:
        blocks.append(start)
    return Section("options", "Options considered", tuple(blocks))


def _standing(origins: Origins, option: Option) -> Statement:
    if not option.feasible:
        tags = unique(t for name in option.vetoes for t in origins.rule(name))
        text = f"ruled out by {listed(option.vetoes) or 'a veto'}"
        return Statement(sentence(text), tags or (METHOD,), lead="Standing", tone="bad")
    parts = [f"ahead in {percent(option.p_first)} of the sampled weightings and uncertainties"]
    if option.p_clear is not None:
        parts.append(f"clearly ahead in {percent(option.p_clear)}")
    if option.utility is not None:
        parts.append(f"worth {option.utility * 100:.0f} of 100 points")
    side = side_of(option.framework)
    return Statement(sentence(", ".join(parts)), (METHOD,), lead="Standing", side=side)


def _good_and_bad(origins: Origins, option: Option) -> list[Statement]:
    """All that speaks for *option*, then the weightiest of what speaks for the other one."""
    reasons = origins.decision.reasons
    good = [_good(origins, r) for r in reasons if r.favours == option.framework]
    against = [r for r in reasons if r.favours != option.framework]
    bad = [_bad(origins, r) for r in against[:_MOST_AGAINST]]
    more = len(against) - len(bad)
    if more > 0:
        other = name_of(against[0].favours)
        text = f"{count_of(more, 'smaller reason')} for {other} can be read under {other}"
        link = Tag("computed", "the other option", f"#option-{against[0].favours}")
        bad.append(Statement(sentence(text), (link,), lead="Bad, because", tone="bad"))
    return [*good, *bad]


def _good(origins: Origins, reason: DecisionReason) -> Statement:
    strength = f"{reason.strength} claim, " if reason.strength else ""
    points = f"{strength}{reason.contribution * 100:.1f} points"
    text = f"{reason.text.rstrip('.')} ({_title(origins, reason.criterion)}; {points})"
    return Statement(sentence(text), origins.of_reason(reason), lead="Good, because", tone="good")


def _bad(origins: Origins, reason: DecisionReason) -> Statement:
    where = _title(origins, reason.criterion)
    text = f"{name_of(reason.favours)} gains more on \u201c{where}\u201d: {reason.text}"
    return Statement(sentence(text), origins.of_reason(reason), lead="Bad, because", tone="bad")
