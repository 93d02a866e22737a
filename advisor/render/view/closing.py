"""Contradictions, vetoes, risks, how to confirm the choice, and when to look at it again."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.decision import Provenance, Revisit, Veto
from advisor.render.document import (
    Aside,
    Block,
    Cell,
    Code,
    Points,
    Row,
    Section,
    Statement,
    Table,
    Tag,
    Tone,
)
from advisor.render.view.drivers import points_of
from advisor.render.view.provenance import METHOD, Origins, unique
from advisor.render.view.verdict import notice_statement
from advisor.render.view.words import factor, name_of, sentence

_STATE = {
    "active": "It rules the framework out",
    "conditional": "It would rule the framework out, depending on what is not answered",
    "expired": "It has expired and rules nothing out until somebody checks it",
}


_ADVICE = Tag("computed", "advice that follows from this verdict", "#verdict")


def contradictions_section(origins: Origins) -> Section:
    """Where a measurement disagrees with a rule; the measurement counts."""
    found = origins.decision.contradictions
    if not found:
        text = "No measurement disagrees with a rule that fired"
        return Section("contradictions", "Contradictions", (_only(text, (origins.overall,)),))
    points = tuple(
        Statement(
            sentence(c.text),
            unique([*_measured_on(origins, c.probe), *origins.rule(c.rule)]),
            lead="Measurement against rule",
            tone="warning",
        )
        for c in found
    )
    how = "A measurement on this machine beats a rule; both are named so that you can check them."
    head = ("Rule", "Measured on", "Rule believes", "Measured")
    rows = tuple(
        Row(
            (
                Cell(c.rule, href="#rule-" + c.rule),
                Cell(c.probe),
                Cell(_times(c.believed_log2)),
                Cell(_times(c.measured_log2)),
            )
        )
        for c in found
    )
    table = Table("contradiction-numbers", "Believed and measured", head, rows)
    return Section("contradictions", "Contradictions", (Aside(how), Points(points), table))


def _measured_on(origins: Origins, probe: str) -> list[Tag]:
    """The tags of one workload, or of several that were told as one."""
    named = [word for word in probe.split(" and ") if word in origins.workloads]
    return [origins.measured(name) for name in named] or [origins.measured(probe)]


def _times(log2: float) -> str:
    """How many times as fast, from a log2 ratio above 0 where JAX is faster."""
    faster = "JAX" if log2 > 0 else "PyTorch"
    return f"{faster} {factor(2.0 ** abs(log2))} times as fast"


def _only(text: str, tags: tuple[Tag, ...]) -> Points:
    return Points((Statement(sentence(text), tags),))


def vetoes_section(origins: Origins) -> Section:
    """What rules an option out, what that costs, and what would lift it."""
    vetoes = [v for v in origins.decision.vetoes if v.status != "conditional"]
    maybe = [v for v in origins.decision.vetoes if v.status == "conditional"]
    blocks: list[Block] = []
    if not vetoes:
        blocks.append(_only("nothing rules PyTorch or JAX out", (origins.overall,)))
    else:
        blocks.append(Points(tuple(p for v in vetoes for p in _veto_points(origins, v))))
    if maybe:
        points = tuple(p for v in maybe for p in _veto_points(origins, v))
        blocks.append(Section("maybe-vetoes", "What could still rule one out", (Points(points),)))
    return Section("vetoes", "Vetoes and their price", tuple(blocks))


def _veto_points(origins: Origins, veto: Veto) -> list[Statement]:
    tags = origins.rule(veto.rule)
    if len(tags) < 2 and veto.source is not None:
        tags = (*tags, _source(origins, veto.source))
    name = name_of(veto.framework)
    tone: Tone = "bad" if veto.status == "active" else "neutral"
    title = f"{veto.title or veto.rule}. {_STATE[veto.status]}"
    found = [Statement(sentence(title), tags, lead=f"Against {name}", tone=tone)]
    if veto.price_text:
        price = "" if veto.price is None else f" ({points_of(-veto.price)} points)"
        text = sentence(veto.price_text.rstrip(".") + price)
        found.append(Statement(text, (METHOD,), lead="Price"))
    if veto.lifts:
        found.append(Statement(sentence(veto.lifts), tags, lead="Lifted by"))
    return found


def _source(origins: Origins, source: Provenance) -> Tag:
    return origins.told(source)


def risks_section(origins: Origins) -> Section:
    """What to know either way, what switching later costs, and what weakens this report."""
    points: list[Statement] = []
    for note in origins.decision.notes:
        rule = str(note.get("rule", ""))
        if rule.startswith(("note.stack.", "note.mode.")):
            continue
        because = [origins.told(Provenance.model_validate(b)) for b in note.get("because", ())]
        text = f"{sentence(str(note.get('title', '')))} {sentence(str(note.get('text', '')))}"
        tags = unique([*origins.rule(rule), *because]) or (METHOD,)
        points.append(Statement(text, tags, lead="Know"))
    points += [
        notice_statement(origins, n)
        for n in origins.decision.notices
        if n.get("severity") == "info" and n.get("id") != "veto-conditional"
    ]
    points += [
        Statement(
            sentence(f"the claim {name} expired and counts less: {origins.rules[name].title}"),
            origins.rule(name),
            lead="Stale",
            tone="warning",
        )
        for name in origins.decision.rules_stale
        if name in origins.rules
    ]
    blocks: list[Block] = [Points(tuple(points))] if points else []
    switching = tuple(
        Statement(
            sentence(info.switching),
            (Tag("rule", f"planning figure of the rule base, {_version(origins)}", "#method"),),
            lead=f"From {info.title}",
        )
        for info in origins.inputs.base.frameworks.values()
        if info.switching
    )
    if switching:
        title = "What switching later costs"
        blocks.append(Section("switching", title, (Points(switching),)))
    if not blocks:
        blocks.append(_only("no rule names a risk for these answers", (origins.overall,)))
    return Section("risks", "Risks, and what switching later costs", tuple(blocks))


def _version(origins: Origins) -> str:
    return origins.inputs.base.version or origins.inputs.today


def confirm_section(origins: Origins) -> Section:
    """How to find out within six weeks whether the choice was right."""
    decision = origins.decision
    points = [*_first_steps(origins)]
    if decision.recommended.framework:
        other = "jax" if decision.recommended.framework == "pytorch" else "pytorch"
        text = (
            f"weeks 1 to 6: build one end-to-end slice in "
            f"{name_of(decision.recommended.framework)}, and write down what would have been "
            f"easier in {name_of(other)}"
        )
        points.append(Statement(sentence(text), (_ADVICE,), lead="Then"))
    text = "week 6: measure again, compare with today's numbers and let the record be checked"
    points.append(Statement(sentence(text), (_ADVICE,), lead="Last"))
    return Section(
        "confirm", "How to confirm it in six weeks", (Points(tuple(points)), Code(AGAIN))
    )


AGAIN = (
    "fw-advisor probe -o later.json",
    "fw-advisor compare evidence.json later.json",
    "fw-advisor check decision.json --evidence later.json",
)


def _first_steps(origins: Origins) -> Sequence[Statement]:
    """Measure the real step; then the open question that is worth most."""
    text = (
        "week 1: time your own training step in both frameworks "
        "(fw-advisor probe --workload mine.py) and decide again with it"
    )
    found = [Statement(sentence(text), (_ADVICE,), lead="First")]
    valued = [u for u in origins.decision.unknowns if u.value_of_information > 0]
    if valued:
        text = f"settle what is worth most to know: {valued[0].text}"
        link = Tag("computed", "what is not known", "#unknowns")
        found.append(Statement(sentence(text), (link,), lead="Next"))
    return found


def revisit_section(origins: Origins) -> Section:
    """Dates and events that should reopen the decision."""
    points = tuple(
        Statement(
            sentence(entry.when.removeprefix(f"on {entry.date}: ")),
            origins.rule(entry.rule) or (METHOD,),
            lead=entry.date or "Event",
        )
        for entry in _merged(origins)
    )
    if not points:
        points = (Statement("Nothing in the rules names a date.", (origins.overall,)),)
    how = "fw-advisor check decision.json looks at these, and exits with 5 when one has come true."
    return Section("revisit", "When to look at it again", (Points(points), Aside(how)))


def _merged(origins: Origins) -> list[Revisit]:
    """The revisit entries, those with the same words once."""
    seen: set[tuple[str, str | None]] = set()
    found = []
    for entry in origins.decision.revisit:
        key = (entry.when, entry.date)
        if key not in seen:
            seen.add(key)
            found.append(entry)
    return found
