"""``docs/scenarios.md``: what people decided, what the product says of it, and the figures.

The words stand in ``page.md``, the tables are made here. Of the scenarios that are held out only
counts are shown.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from string import Template

from advisor.knowledge.model import STRENGTH, RuleBase
from tests.scenarios.asking import Interviewed
from tests.scenarios.cases import HERE, PARTS, Part, topics
from tests.scenarios.judging import Judged, tally
from tests.scenarios.strengths import (
    ENOUGH,
    WORDS,
    Followed,
    argued,
    expected_share,
    followed,
    lower_edge,
    pooled,
)

_NAMES = {
    "pytorch": "PyTorch",
    "jax": "JAX",
    "no_feasible_option": "nothing feasible",
    "no_clear_winner": "no clear winner",
    "insufficient_evidence": "not enough known",
}
_AGREEMENTS = {"agrees": "yes", "undecided": "left open", "other": "**no**"}
_PARTS: Mapping[Part, str] = {"development": "development", "held_out": "held out"}


def page(
    judgements: Mapping[Part, Sequence[Judged]],
    talks: Mapping[Part, Sequence[Interviewed]],
    base: RuleBase,
) -> str:
    """The whole page, in Markdown."""
    claims = followed(judgements["development"], base)
    development = judgements["development"]
    words = Template((HERE / "page.md").read_text("utf-8"))
    return words.substitute(
        counts=_counts(judgements),
        questions="\n\n".join((_questions(talks), _changed(talks["development"]))).strip(),
        scenarios=_scenarios(development),
        topics=_topics(development),
        missing=_missing(development),
        strengths=_strengths(claims),
        claims=_claims(claims),
        enough=ENOUGH,
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    lines += [f"| {' | '.join(map(str, row))} |" for row in rows]
    return "\n".join(lines)


def _of(some: int, every: int) -> str:
    return f"{some} of {every} ({some / every:.0%})" if every else "none"


def _counts(judgements: Mapping[Part, Sequence[Judged]]) -> str:
    opened = ("left open", "of these ahead")
    heads = ("scenarios", "outcome agrees", *opened, "says another", "ahead is what was taken")
    tallies = [(part, tally(judgements[part])) for part in PARTS]
    return _table(
        (*heads, "reasons among the first three", "no rule says them"),
        [
            (
                f"{_PARTS[part]}, {t.scenarios}",
                _of(t.agree, t.scenarios),
                t.undecided,
                t.undecided_ahead,
                t.other,
                _of(t.same_side, t.sided),
                _of(t.found, t.reasons),
                t.unsayable,
            )
            for part, t in tallies
        ],
    )


def _questions(talks: Mapping[Part, Sequence[Interviewed]]) -> str:
    rows = []
    for part in PARTS:
        asked = [len(t.asked) for t in talks[part]]
        changed = sum(t.changed for t in talks[part])
        median = f"{statistics.median(asked):g}"
        rows.append((f"{_PARTS[part]}, {len(asked)}", median, max(asked), _of(changed, len(asked))))
    return _table(("scenarios", "questions, median", "most", "stopping changes the outcome"), rows)


def _changed(talks: Sequence[Interviewed]) -> str:
    return "\n".join(
        f"- `{t.scenario.id}`: {_NAMES[t.outcome]} instead of {_NAMES[t.outcome_of_all]}; "
        f"not asked for: {', '.join(t.left_out)}"
        for t in talks
        if t.changed
    )


def _scenarios(results: Sequence[Judged]) -> str:
    return _table(
        ("scenario", "told", "decided", "product", "agrees", "reasons"),
        [
            (
                f"[{r.scenario.id}]({r.scenario.source.url})",
                r.scenario.source.date,
                f"{_NAMES.get(r.scenario.decided, 'either')}, {r.scenario.strength}",
                _said(r),
                _AGREEMENTS[r.agreement],
                f"{len(r.found)} of {len(r.found) + len(r.lost)}" if r.found or r.lost else "–",
            )
            for r in results
        ],
    )


def _said(result: Judged) -> str:
    status = result.decision.status
    name = _NAMES[result.outcome]
    return name if result.outcome == status else f"{name}, {status}"


def _topics(results: Sequence[Judged]) -> str:
    given = Counter(x.topic for r in results for x in (*r.found, *r.lost))
    found = Counter(x.topic for r in results for x in r.found)
    unsaid = Counter(x.topic for r in results for x in r.unsayable)
    ordered = sorted(given.items(), key=lambda pair: (-pair[1], pair[0]))
    return _table(
        ("reason", "given", "among the first three", "no rule says it"),
        [(topics()[t].title, count, found[t], unsaid[t] or "") for t, count in ordered],
    )


def _missing(results: Sequence[Judged]) -> str:
    words = Counter(word for r in results for word in r.scenario.missing)
    ordered = sorted(words.items(), key=lambda pair: (-pair[1], pair[0]))
    return "\n".join(f"- {word}" + (f" ({n})" if n > 1 else "") for word, n in ordered)


def _strengths(claims: Sequence[Followed]) -> str:
    return _table(
        ("strength", "units", "should be followed", "at least", "followed"),
        [
            (
                word,
                f"{STRENGTH[word]:g}",
                f"{expected_share(word):.0%}",
                f"{lower_edge(word):.0%}",
                _of(some, fired),
            )
            for word, (fired, some) in pooled(claims).items()
        ],
    )


def _claims(claims: Sequence[Followed]) -> str:
    often = [c for c in claims if c.fired >= ENOUGH]
    return _table(
        ("claim", "strength", "speaks for", "followed", ""),
        [
            (f"`{c.rule}`", c.strength, _NAMES[c.favours], _of(c.followed, c.fired), _note(c))
            for c in sorted(often, key=lambda c: (c.share, c.rule))
            if _note(c)
        ],
    )


def _note(claim: Followed) -> str:
    if claim.contradicts:
        return "argued" if claim.rule in argued() else "**contradicts its strength**"
    next_up = WORDS.index(claim.strength) + 1
    if next_up < len(WORDS) and claim.share >= expected_share(WORDS[next_up]):
        return "could be stronger"
    return ""
