"""Look at what the claims need: behaviour first, then speeds, into one evidence document.

Knows which checks and workloads are asked for, and how progress is shown. It must not know what
they say of a claim.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from advisor.cli.live import live_progress

if TYPE_CHECKING:
    from advisor.evidence import Behaviour, Evidence
    from advisor.knowledge.article import ArticleTable
    from advisor.measure.campaign import Campaign
    from advisor.measure.progress import OnProgress

# About what one check takes in both frameworks at once.
_CHECK_S = 1.0
_START_S = 3.0


@dataclass(frozen=True, kw_only=True)
class Looking:
    """How to look: the options of the command; `speeds_s` is what measuring speeds may take."""

    profile: str
    budget: str | None
    device: str | None
    python: tuple[str, ...]
    quiet: bool
    colour: bool
    speeds_s: float | None


@dataclass(frozen=True)
class Looked:
    """What was found; None where nothing had to be looked at."""

    evidence: Evidence | None = None
    complete: bool = True
    interrupted: bool = False


def look(table: ArticleTable, looking: Looking) -> Looked:
    """Run what the claims of *table* need.

    Raises:
        NothingToMeasureError: no interpreter holds a framework.
        UserError: another run holds the machine's lock.
    """
    from advisor.cli import measuring
    from advisor.decide.article import checks_needed, works_needed

    named = len(table.claims) == 1
    checks = checks_needed(table.claims, table, slow=looking.profile != "quick" and not named)
    works = works_needed(table.claims)
    if not checks and not works:
        return Looked()
    wishes = measuring.make_wishes(
        probes=works,
        profile=looking.profile,
        device=looking.device or measuring.CPU,
        budget_s=measuring.parse_budget(looking.budget) or looking.speeds_s,
    )
    around = measuring.look_around(looking.python, device=looking.device)
    with live_progress(quiet=looking.quiet, colour=looking.colour) as report:
        return _run(measuring.make_campaign(around, wishes, report), checks, works)


def _run(campaign: Campaign, checks: Sequence[str], works: Sequence[str]) -> Looked:
    from advisor.measure.campaign import measure

    begin = time.monotonic()
    try:
        behaviours = _behaviours(campaign, checks, then_s=campaign.wishes.budget_s if works else 0)
    except KeyboardInterrupt:
        return Looked(complete=False, interrupted=True)
    spent_s = round(time.monotonic() - begin, 2)
    if not works:
        return _without_speeds(campaign, behaviours, spent_s)
    finished = measure(campaign)
    evidence = replace(
        finished.evidence,
        behaviours=behaviours,
        spent_s={**finished.evidence.spent_s, "behaviour": spent_s},
    )
    complete = finished.complete and _all_ran(behaviours)
    return Looked(evidence, complete, finished.interrupted)


def _without_speeds(campaign: Campaign, behaviours: list[Behaviour], spent_s: float) -> Looked:
    from advisor import __version__
    from advisor.evidence import Evidence, Tool

    evidence = Evidence(
        tool=Tool(version=__version__),
        created=campaign.created,
        profile=campaign.wishes.profile,
        machine=campaign.machine,
        toolchains=list(campaign.toolchain_parts),
        behaviours=behaviours,
        spent_s={"behaviour": spent_s},
        notices=list(campaign.notices),
    )
    return Looked(evidence, complete=_all_ran(behaviours) and not campaign.missing)


def _all_ran(behaviours: Sequence[Behaviour]) -> bool:
    return all(seen.status == "ok" for seen in behaviours)


def _behaviours(
    campaign: Campaign, checks: Sequence[str], *, then_s: float | None
) -> list[Behaviour]:
    from advisor.measure.behaviours import observe_behaviour
    from advisor.workers.lock import machine_lock
    from advisor.workers.workspace import workspace

    if not checks:
        return []
    with machine_lock(campaign.lock_wait_s), workspace() as place:
        return observe_behaviour(
            checks,
            campaign.toolchains,
            worker=campaign.worker,
            workspace=place,
            told=_told(campaign.report, len(checks), then_s or 0.0),
        )


def _told(report: OnProgress, checks: int, then_s: float) -> Callable[[str, int, int], None]:
    from advisor.measure.progress import Progress

    begin = time.monotonic()

    def told(check: str, done: int, of: int) -> None:
        done_s = time.monotonic() - begin
        left_s = _CHECK_S * checks * (of - done) / max(1, of)
        report(Progress(done_s, done_s + left_s + then_s, "behaving", {"check": check}))

    report(Progress(0.0, _START_S + _CHECK_S * checks + then_s, "behaving", {"check": ""}))
    return told
