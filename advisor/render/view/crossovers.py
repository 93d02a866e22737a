"""Where the winner changes with the size or with the cores."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.evidence import Evidence
from advisor.reading.called import read_speeds
from advisor.reading.crossover import WinnerChange, changes_of_models, winner_changes
from advisor.render.change_words import change_text
from advisor.render.document import Points, ReportSection, Statement, Tag
from advisor.render.view.probes import machine_name
from advisor.render.view.provenance import measured_at
from advisor.render.wording import say, sentence


def crossover_section(evidence: Sequence[Evidence]) -> ReportSection:
    """Every change of winner, or that there is none."""
    read = read_speeds(evidence)
    comparisons = read.comparisons
    many = sum(document.settings == "matched" for document in evidence) > 1
    changes = (*changes_of_models(read.works.works), *winner_changes(comparisons))
    points = [_point(change, evidence, many=many) for change in changes]
    if not points:
        decided = [c for c in comparisons if c.verdict != "equivalent"]
        key = "measurements.winner.same" if len(decided) > 1 else "measurements.winner.too_few"
        points = [Statement(sentence(say(key)), (measured_at("comparisons"),))]
    title = say("report.section.crossovers")
    return ReportSection("crossovers", title, (Points(tuple(points)),))


def _point(change: WinnerChange, evidence: Sequence[Evidence], *, many: bool) -> Statement:
    workload, index = change.below.workload, change.below.source
    lead = workload
    if many:
        machine = machine_name(evidence[index], index)
        lead = say("measurements.winner.on_machine", workload=workload, machine=machine)
    tag = Tag("measured", say("report.tag.measured_work", workload=workload), "#comparisons")
    return Statement(sentence(change_text(change)), (tag,), lead=lead)
