"""Verdicts on claims as lines for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from advisor.decide.article import JudgedClaim
from advisor.knowledge.article import (
    CONFIRMED,
    CONTRADICTED,
    DEPENDS,
    FALSE,
    OPINION,
    TRUE,
    UNTESTABLE,
    ArticleTable,
    ClaimVerdict,
)
from advisor.render.claim_words import (
    because,
    counts,
    number_text,
    reproduce,
    sources_of,
    speeds_text,
)
from advisor.render.document import clean
from advisor.render.wording import say

_COLOURS: dict[ClaimVerdict, str] = {
    CONFIRMED: "\x1b[32m",
    TRUE: "\x1b[32m",
    CONTRADICTED: "\x1b[31m",
    FALSE: "\x1b[31m",
    DEPENDS: "\x1b[33m",
    OPINION: "\x1b[2m",
    UNTESTABLE: "\x1b[2m",
}
_RESET = "\x1b[0m"
_INDENT = "      "


def claim_lines(
    judged: Sequence[JudgedClaim], table: ArticleTable, *, width: int, colour: bool
) -> Iterator[str]:
    """Every claim below its group's title, then how many have which verdict."""
    for group, title in table.groups.items():
        here = [one for one in judged if one.claim.group == group]
        if not here:
            continue
        yield title
        for one in here:
            yield from _claim(one, table, width=width, colour=colour)
        yield ""
    whole = say("claims.heading", n=len(judged)) + ": " + counts(judged)
    yield from textwrap.wrap(whole, width, break_on_hyphens=False)


def _claim(judged: JudgedClaim, table: ArticleTable, *, width: int, colour: bool) -> Iterator[str]:
    claim = judged.claim
    first, *rest = textwrap.wrap(clean(claim.text), width - len(_INDENT) - 2) or [""]
    yield f"  {claim.id}  {first}"
    yield from (f"{_INDENT}  {line}" for line in rest)
    verdict = f"{_COLOURS[judged.verdict]}{judged.verdict}{_RESET}" if colour else judged.verdict
    yield f"{_INDENT}  {verdict}"
    against = say("claims.against", ids=claim.against) if claim.against else ""
    texts = [because(judged), number_text(judged), speeds_text(judged)]
    texts += [
        say("claims.source", title=s.title, publisher=s.publisher, retrieved=s.retrieved)
        for s in sources_of(judged, table)
    ]
    for text in (*texts, against):
        yield from _wrapped(text, width)
    yield f"{_INDENT}  " + say("claims.reproduce", command=reproduce(judged))


def _wrapped(text: str, width: int) -> Iterator[str]:
    room = width - len(_INDENT) - 2
    for line in textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False):
        yield f"{_INDENT}  {line}"
