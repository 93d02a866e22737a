"""How the decision was computed, and how it is made again."""

from __future__ import annotations

from advisor.decision import Replay
from advisor.render.document import (
    Aside,
    CodeLines,
    Points,
    ReportSection,
    Statement,
    Tag,
    row_of,
)
from advisor.render.tables import columns, table_of
from advisor.render.view.provenance import Provenances
from advisor.render.wording import say, sentence

_STEPS = ("vetoes", "claims", "calls", "speed", "draws", "status")


def method_section(origins: Provenances) -> ReportSection:
    """The method in a few sentences."""
    replay = origins.decision.replay
    tool = f"{origins.decision.tool.name} {replay.tool_version}".strip()
    tag = Tag("computed", say("report.tag.method_of", tool=tool, seed=replay.seed), "#replay")
    points = tuple(
        Statement(sentence(say(f"report.method.{step}", samples=replay.samples)), (tag,))
        for step in _STEPS
    )
    return ReportSection("method", say("report.section.method"), (Points(points),))


def replay_section(origins: Provenances) -> ReportSection:
    """The commands that make the decision again, and the hashes of what it was made from."""
    rows = [row_of(part=part, hash=value) for part, value in _hashes(origins.decision.replay)]
    table = table_of("hashes", columns("part", "hash"), rows)
    how = Aside(say("report.replay.how"))
    title = say("report.section.replay")
    return ReportSection("replay", title, (how, CodeLines(commands_of(origins)), table))


def _hashes(replay: Replay) -> list[tuple[str, str]]:
    evidence = [
        (say("report.replay.evidence", number=number), value)
        for number, value in enumerate(replay.evidence_sha256, start=1)
    ]
    return [
        (say("report.replay.answers"), replay.answers_sha256),
        (say("report.replay.rules"), replay.rules_sha256),
        *evidence,
    ]


def commands_of(origins: Provenances) -> tuple[str, ...]:
    """The commands that make this decision again."""
    replay = origins.decision.replay
    evidence = " --evidence evidence.json" * len(origins.inputs.evidence)
    options = f"{evidence} --seed {replay.seed} --today {replay.today}"
    return (
        f"fw-advisor advise --answers answers.yaml{options}",
        "fw-advisor check decision.json",
        "fw-advisor report decision.json -o report.html",
    )
