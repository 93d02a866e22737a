"""The verdict, how sure it is, and what would change it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from advisor.decision import Flip, Status, Unknown
from advisor.render.document import (
    Aside,
    Block,
    Cell,
    Code,
    Figure,
    Points,
    Row,
    Section,
    Side,
    Statement,
    Table,
    Tag,
    Tone,
)
from advisor.render.view.provenance import METHOD, Origins, unique
from advisor.render.view.words import count_of, name_of, percent, plain, sentence

STATUS: Mapping[Status, str] = {
    "recommend": "recommended",
    "lean": "leaning",
    "no_clear_winner": "no clear winner",
    "insufficient_evidence": "too little is known",
    "forced": "only one option is left",
    "no_feasible_option": "no option is left",
}
_TOP = 3
_MOST_IN_CHART = 10


def side_of(framework: str | None) -> Side:
    """The framework as a side, or none."""
    if framework == "pytorch":
        return "pytorch"
    return "jax" if framework == "jax" else ""


def verdict_of(origins: Origins) -> Statement:
    """The headline."""
    decision = origins.decision
    side = side_of(decision.recommended.framework)
    return Statement(sentence(decision.headline), (origins.overall,), side=side, id="verdict")


def chosen_of(origins: Origins) -> Statement:
    """The choice and its weightiest reasons, as a decision record says it."""
    decision = origins.decision
    ahead = decision.recommended.framework
    reasons = [r for r in decision.reasons if r.favours == ahead][:_TOP]
    if ahead is None:
        text = f"none yet, because {decision.headline[:1].lower()}{decision.headline[1:]}"
        return Statement(sentence(text), (origins.overall,), lead="Chosen option")
    told = "; ".join(r.text.rstrip(".") for r in reasons)
    because = f"of these reasons: {told}" if told else "it is the only option left"
    tags = unique([origins.overall, *(origins.of_reason(r)[0] for r in reasons)])
    text = f"{name_of(ahead)}, because {because}"
    return Statement(sentence(text), tags, lead="Chosen option", side=side_of(ahead))


def confidence_of(origins: Origins) -> Statement:
    """How sure, in the decision's own words."""
    decision = origins.decision
    text = decision.confidence_text or STATUS[decision.status]
    return Statement(sentence(text), (METHOD,))


def lead_of(origins: Origins) -> tuple[Statement, ...]:
    """The mode or the tie-break, the weightiest reasons, and what must not be missed."""
    return (
        *_mode(origins),
        *_tie_break(origins),
        *_top_reasons(origins),
        *_rests_on(origins),
        *_warnings(origins),
    )


def _mode(origins: Origins) -> list[Statement]:
    recommended = origins.decision.recommended
    if not recommended.mode:
        return []
    info = origins.inputs.base.frameworks.get(recommended.framework or "")
    label = info.modes.get(recommended.mode, recommended.mode) if info else recommended.mode
    because = f": {recommended.mode_reason}" if recommended.mode_reason else ""
    reason = recommended.mode_reason or ""
    named = [origins.rule(r)[0] for r in origins.decision.rules_fired if f"rule {r};" in reason]
    measured = [origins.measured(w) for w in sorted(origins.workloads) if w in reason]
    tags = unique([*measured, *named]) or (METHOD,)
    return [Statement(sentence(f"{label}{because}"), tags, lead="Run it as")]


def _tie_break(origins: Origins) -> list[Statement]:
    recommended = origins.decision.recommended
    if not recommended.tie_break:
        return []
    text = f"{name_of(recommended.tie_break)}: {recommended.tie_break_reason or 'the default'}"
    keys = [
        k for k in ("codebase", "team.pytorch", "team.jax") if k in origins.inputs.answers.values
    ]
    tags = unique([METHOD, *map(origins.answer, keys)])
    return [Statement(sentence(text), tags, lead="Tie-break", side=side_of(recommended.tie_break))]


def _top_reasons(origins: Origins) -> list[Statement]:
    """The reasons that weigh most: for the framework in question, or for both where none is."""
    decision = origins.decision
    ahead = decision.recommended.framework
    told = [r for r in decision.reasons if ahead is None or r.favours == ahead][:_TOP]
    return [
        Statement(
            sentence(reason.text),
            origins.of_reason(reason),
            lead=f"For {name_of(reason.favours)}",
            side=reason.favours,
        )
        for reason in told
    ]


def _rests_on(origins: Origins) -> list[Statement]:
    found = []
    for name in origins.decision.rests_on:
        rule = origins.rules.get(name)
        title = rule.title if rule else name
        text = f"without this claim alone the outcome would be another: {title}"
        found.append(
            Statement(
                sentence(text), origins.rule(name) or (METHOD,), lead="Rests on", tone="warning"
            )
        )
    return found


def _warnings(origins: Origins) -> list[Statement]:
    return [
        notice_statement(origins, notice)
        for notice in origins.decision.notices
        if notice.get("severity") != "info"
    ]


_OF_MEASURING = ("other-hardware", "one-of-several", "other-work", "no-speed-evidence")


def notice_statement(origins: Origins, notice: Mapping[str, Any]) -> Statement:
    """A notice of the decision as a statement."""
    name, text = str(notice.get("id", "")), str(notice.get("text", ""))
    rules = [r for r in origins.rules if r in text.replace(":", " ").split()]
    tags: tuple[Tag, ...] = unique(t for r in rules for t in origins.rule(r))
    if not tags and name == "unknown-package" and "must_use" in origins.inputs.answers.values:
        tags = (origins.answer("must_use"),)
    if not tags and name in _OF_MEASURING:
        tags = (Tag("measured", "measured here", "#measured"),)
    tone: Tone = "warning" if notice.get("severity") != "info" else "neutral"
    return Statement(sentence(text), tags or (METHOD,), lead="Note", tone=tone)


def change_section(origins: Origins) -> Section:
    """What would change the decision, and what is not known."""
    decision = origins.decision
    blocks: list[Block] = []
    if decision.flips:
        told = [f for f in decision.flips if f.text]
        how = "Each of these was decided again in full before it was written down."
        blocks += [Aside(how), _flip_figure(origins, told), _flip_table(origins, told)]
    else:
        text = "No single change that was tried alters the outcome: answers, speed, weights, dates"
        blocks.append(Points((Statement(sentence(text), (METHOD,)),)))
    blocks += _unknowns(origins)
    return Section("change", "What would change it", tuple(blocks))


def _flip_tags(origins: Origins, flip: Flip) -> tuple[Tag, ...]:
    tags = []
    for key in sorted(flip.change):
        if key in origins.inputs.answers.values:
            tags.append(origins.answer(key))
        elif key.startswith("measured."):
            tags.append(Tag("measured", "measured here", "#measured"))
        elif key.startswith("weight."):
            tags.append(Tag("computed", "weights", "#drivers"))
        elif key in origins.inputs.base.facts:
            tags.append(Tag("computed", "not answered", "#unknowns"))
        elif key == "lift":
            tags += [origins.rule(str(r))[0] for r in flip.change[key]]
    return unique([*tags, METHOD])


def _flip_table(origins: Origins, flips: list[Flip]) -> Table:
    rows = []
    for flip in flips:
        condition, _, outcome = flip.text.rpartition(": ")
        tags = _flip_tags(origins, flip)
        first = tags[0]
        rows.append(
            Row(
                (
                    Cell(sentence((condition or flip.text).removeprefix("If "))),
                    Cell(sentence(outcome), side=side_of(flip.then)),
                    Cell(first.text, href=first.href),
                )
            )
        )
    return Table("flips", "Changes that alter the outcome", ("If", "Then", "Rests on"), tuple(rows))


def flip_label(origins: Origins, flip: Flip) -> str:
    """A flip's condition in a few words, for the chart."""
    parts = []
    for key, value in sorted(flip.change.items()):
        fact = origins.inputs.base.facts.get(key)
        if key == "measured.jax_speedup" and isinstance(value, (int, float)):
            fast, by = ("JAX", value) if value >= 1 else ("PyTorch", 1 / value)
            parts.append(f"{fast} {by:.3g} times as fast")
        elif key.startswith("weight.") and isinstance(value, (int, float)):
            parts.append(f"{key.removeprefix('weight.')} counts {percent(value)}")
        elif key == "today":
            parts.append(f"nothing reviewed until {value}")
        else:
            labels = fact.values if fact else {}
            words = value if isinstance(value, (list, tuple)) else [value]
            told = ", ".join(labels.get(str(w), plain(w)) for w in words) or "none"
            parts.append(f"{fact.title if fact else key}: {told}")
    return " and ".join(parts)


def _flip_figure(origins: Origins, flips: list[Flip]) -> Figure:
    now = place_of(origins.decision.status, origins.decision.recommended.framework)
    rows = [
        {"label": flip_label(origins, flip), "place": place_of(flip.then_status, flip.then)}
        for flip in flips[:_MOST_IN_CHART]
    ]
    more = len(flips) - len(rows)
    alt = (
        f"{count_of(len(rows), 'change')} and where each would move the decision, from "
        f"'use PyTorch' over 'no clear winner' to 'use JAX'; today it stands at "
        f"'{PLACES[now]}'. The table below lists "
        + (f"them and {more} more." if more > 0 else "them.")
    )
    data = {"now": now, "rows": rows}
    return Figure(
        "figure-flips", "Where each change would move the decision", alt, "flips", data, "flips"
    )


PLACES = ("use PyTorch", "lean to PyTorch", "no clear winner", "lean to JAX", "use JAX")


def place_of(status: str, framework: str | None) -> int:
    """Where an outcome stands in `PLACES`; what recommends neither stands in the middle."""
    if framework not in ("pytorch", "jax") or status not in ("recommend", "forced", "lean"):
        return 2
    steps = 1 if status == "lean" else 2
    return 2 - steps if framework == "pytorch" else 2 + steps


def _unknowns(origins: Origins) -> list[Block]:
    unknowns = origins.decision.unknowns
    if not unknowns:
        return []
    rows = tuple(_unknown_row(u) for u in unknowns)
    worth = "Worth: the expected gain in value (scale 0 to 100) from knowing it before choosing."
    table = Table(
        "unknowns",
        "What is not known, most valuable first",
        ("Not known", "Worth", "How to find out"),
        rows,
        (METHOD,),
    )
    return [Section("not-known", "What is not known", (Aside(worth), table))]


def _unknown_row(unknown: Unknown) -> Row:
    how = "answer it: --set " + f"{unknown.fact}=VALUE" if unknown.fact else ""
    if unknown.probe:
        how = f"measure it: fw-advisor probe --only {unknown.probe}"
    worth = unknown.value_of_information * 100
    shown = f"{worth:.2f}" if worth >= 0.005 else "little by itself"
    return Row((Cell(unknown.text), Cell(shown, number=True), Cell(how)))


def start_section(origins: Origins) -> Section | None:
    """The stack and the install line of what is recommended."""
    recommended = origins.decision.recommended
    points = [
        Statement(
            sentence(str(entry.get("why") or "for a start")),
            origins.rule(str(entry.get("rule", ""))) or (METHOD,),
            lead=str(entry.get("package", "")),
        )
        for entry in recommended.stack
    ]
    blocks: list[Block] = [Points(tuple(points))] if points else []
    for line in recommended.install:
        sources = [origins.source(str(s)) for s in line.get("sources", ())]
        reviewed = Tag("rule", f"install line, reviewed {line.get('reviewed', 'unknown')}")
        note = sentence(str(line.get("note") or "Install it with this line"))
        blocks.append(Points((Statement(note, unique([reviewed, *sources]), lead="Install"),)))
        blocks.append(Code((str(line.get("command", "")),)))
    return Section("start", "What to start with", tuple(blocks)) if blocks else None
