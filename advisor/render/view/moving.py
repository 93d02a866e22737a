"""What moving the team's own code would take: counts, a class of effort, and its reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from advisor.render.document import (
    Points,
    ReportBlock,
    ReportSection,
    Statement,
    Tag,
    anchor,
    row_of,
)
from advisor.render.tables import columns, table_of
from advisor.render.value_words import value_text
from advisor.render.view.provenance import Provenances
from advisor.render.wording import name_of, say, sentence

_MOST_NAMED = 8


def moving_section(origins: Provenances) -> ReportSection:
    """A section per direction in which the code could be moved; empty where none was read."""
    code = origins.inputs.answers.code
    blocks = [_direction(origins, move) for move in code.get("moves") or ()]
    return ReportSection("moving", say("report.section.moving"), tuple(blocks))


def _direction(origins: Provenances, move: Mapping[str, Any]) -> ReportSection:
    key = f"migration.to_{move['to']}"
    tag = Tag("detected", say("report.moving.tag"), f"#{anchor('answer', key)}")
    effort = value_text(origins.base, key, move["effort"])
    said = {"effort": effort, "means": move["means"], "framework": name_of(move["to"])}
    points = [Statement(sentence(say("report.moving.effort", **said)), (tag,))]
    if move["references"]:
        share = move["listed_references"] / move["references"]
        text = say("report.moving.counted", share=share, **_counts(move))
        points.append(Statement(sentence(text), (tag,)))
    if move["none"]:
        named = [f"{one['name']} ({one['times']})" for one in move["none"][:_MOST_NAMED]]
        points.append(Statement(sentence(say("report.moving.none", names=named)), (tag,)))
    blocks: list[ReportBlock] = [Points(tuple(points))]
    if move["redesign"]:
        rows = [
            row_of(
                design_part=one["title"],
                places=str(one["times"]),
                first_place=one["first"],
                becomes=one["text"],
            )
            for one in move["redesign"]
        ]
        head = columns("design_part", "places", "first_place", "becomes", numbers=("places",))
        table = table_of("moving", head, rows, (tag,))
        blocks.append(replace(table, id=f"moving-{move['to']}"))
    title = say("report.moving.title", framework=name_of(move["to"]))
    return ReportSection(f"moving-to-{move['to']}", title, tuple(blocks))


def _counts(move: Mapping[str, Any]) -> dict[str, int]:
    return {"references": move["references"], "names": move["names"]}
