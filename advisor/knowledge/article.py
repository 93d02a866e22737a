"""The claims that circulate about both frameworks, and what decides each: ``rules/article``.

Knows the form of the rows and refuses what cannot decide anything: a condition over something that
no check finds, a verdict "here" without a check, one "by source" without a source. It must not
know what was measured. Loaded apart from the rule base, since no rule refers to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from advisor.knowledge.conditions import ALWAYS, read_condition
from advisor.knowledge.entries import read_source, refer, refer_all
from advisor.knowledge.fields import Part, Problems, did_you_mean, shown
from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.model import Condition, Fact, Source
from advisor.knowledge.vocabulary import WORKLOADS
from advisor.knowledge.yamlio import read_yaml
from advisor.pair import FRAMEWORKS, MODES
from advisor.resources import resource_dir

ClaimVerdict = Literal[
    "confirmed here",
    "contradicted here",
    "depends",
    "true by source",
    "false by source",
    "opinion",
    "not testable here",
]
CONFIRMED: ClaimVerdict = "confirmed here"
CONTRADICTED: ClaimVerdict = "contradicted here"
DEPENDS: ClaimVerdict = "depends"
TRUE: ClaimVerdict = "true by source"
FALSE: ClaimVerdict = "false by source"
OPINION: ClaimVerdict = "opinion"
UNTESTABLE: ClaimVerdict = "not testable here"
VERDICTS = (CONFIRMED, CONTRADICTED, DEPENDS, TRUE, FALSE, OPINION, UNTESTABLE)
"""In the order in which they are counted; they are values of the document and said as they are."""
BY_SOURCE = (TRUE, FALSE)
UNSEEN = (*BY_SOURCE, DEPENDS, OPINION, UNTESTABLE)
TALLY = ("one_faster", "other_faster", "close", "settled", "mean", "most", "least")
"""What a set of speeds comes to; see `advisor.reading.claim_facts`."""
_CHECK_KEYS = ("id", "title", "shows", "slow", "pytorch", "jax", "between")
_KINDS = ("flag", "number", "text", "series")
_FILES = ("claims", "performance", "practice", "world")


@dataclass(frozen=True, kw_only=True)
class BehaviourCheck:
    """One small check: what it does, and the names and kinds of what it finds."""

    id: str
    title: str
    shows: str
    slow: bool
    findings: Mapping[str, str]


@dataclass(frozen=True)
class SpeedSet:
    """Works in which *one* is compared with *other* (frameworks in their best modes, or modes).

    Only what differs by more than the factor `more_than` counts as faster.
    """

    works: tuple[str, ...]
    one: str
    other: str
    more_than: float


@dataclass(frozen=True, kw_only=True)
class ClaimCase:
    """A verdict, where it holds, and why in a sentence with places for what was found."""

    verdict: ClaimVerdict
    when: Condition
    because: str
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ArticleClaim:
    """One claim in our own words, with what decides it.

    Attributes:
        number: The fact that is shown as its number, and `quantity`, what that is.
        cases: Tried in order over what was found here.
        otherwise: What holds where nothing was found here; None where only a check can tell.
        also: Further checks whose findings complete the answer and decide nothing.
        crossover: The fact at which the answer changes sides, and its unit in `quantity`.
        bears_on: For which answers of a user it matters.
    """

    id: str
    group: str
    text: str
    cases: tuple[ClaimCase, ...]
    otherwise: ClaimCase | None
    checks: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    speeds: SpeedSet | None = None
    number: str = ""
    quantity: str = ""
    crossover: str = ""
    against: tuple[str, ...] = ()
    bears_on: Condition | None = None


@dataclass(frozen=True, kw_only=True)
class NewestReleases:
    """What pip chooses for a framework by Python version, as it was read from the index."""

    framework: str
    package: str
    source: str
    versions: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class ArticleTable:
    """All claims in their order, the checks, the groups' titles, the sources, newest releases."""

    claims: tuple[ArticleClaim, ...]
    checks: Mapping[str, BehaviourCheck]
    groups: Mapping[str, str]
    sources: Mapping[str, Source]
    newest: tuple[NewestReleases, ...] = ()


@lru_cache(maxsize=1)
def shipped_article() -> ArticleTable:
    """The shipped claims, read once.

    Raises:
        UserError: a file was changed and is not valid any more.
    """
    base = load_rule_base()
    return load_article(base.facts, base.sources)


def load_article(
    facts: Mapping[str, Fact], sources: Mapping[str, Source], *, root: Path | None = None
) -> ArticleTable:
    """The claims in *root* (the shipped ones unless given); *facts* and *sources* of the rule base.

    Raises:
        UserError: one thing is wrong; `UserErrorGroup` where several are, each with its place.
    """
    place = root or resource_dir("rules") / "article"
    problems = Problems()
    head = _top(place, "checks", problems)
    head.only(("schema", "groups", "checks", "newest", "sources"))
    own = {source.id: source for source in map(read_source, head.parts("sources"))}
    groups = head.words("groups")
    checks = {check.id: check for check in map(_check, head.parts("checks"))}
    reader = _Claims(facts, {**sources, **own}, groups, checks)
    newest = tuple(_newest(part, reader.sources) for part in head.parts("newest"))
    claims: dict[str, ArticleClaim] = {}
    for stem in _FILES:
        if not (place / f"{stem}.yaml").is_file():
            continue
        part = _top(place, stem, problems)
        part.only(("schema", "claims"))
        for entry in part.parts("claims"):
            claim = reader.claim(entry)
            if claim.id in claims:
                entry.fail(f"{shown(claim.id)} stands twice", "id")
            claims[claim.id] = claim
    problems.check()
    _check_references(claims, head)
    problems.check()
    ordered = tuple(claims[name] for name in sorted(claims))
    return ArticleTable(
        claims=ordered,
        checks=checks,
        groups=groups,
        sources=reader.sources,
        newest=newest,
    )


def _top(place: Path, stem: str, problems: Problems) -> Part:
    document = read_yaml(place / f"{stem}.yaml", name=f"article/{stem}.yaml")
    part = Part.top(document, problems)
    if part.text("schema") != "fw-advisor/article@1":
        part.fail("schema has to be fw-advisor/article@1", "schema")
    return part


def _check(part: Part) -> BehaviourCheck:
    part.only(_CHECK_KEYS)
    findings = {}
    for side in ("pytorch", "jax", "between"):
        for name, kind in part.words(side).items():
            if kind not in _KINDS:
                part.fail(f"{shown(kind)} is no kind", side, name, hint=did_you_mean(kind, _KINDS))
            findings[f"{side}_{name}" if side != "between" else name] = kind
    return BehaviourCheck(
        id=part.identifier(),
        title=part.text("title"),
        shows=part.text("shows"),
        slow=part.flag("slow"),
        findings=findings,
    )


def _newest(part: Part, sources: Mapping[str, Source]) -> NewestReleases:
    part.only(("framework", "package", "source", "versions"))
    return NewestReleases(
        framework=part.word("framework", FRAMEWORKS),
        package=part.text("package"),
        source=refer(part, "source", "source", sources),
        versions=part.words("versions"),
    )


def _check_references(claims: Mapping[str, ArticleClaim], head: Part) -> None:
    for claim in claims.values():
        for name in claim.against:
            if name not in claims:
                head.fail(f"{claim.id} is against {shown(name)}, which is no claim")
            elif claim.id not in claims[name].against:
                head.fail(f"{claim.id} is against {name}, but {name} not against {claim.id}")


@dataclass(frozen=True)
class _Claims:
    facts: Mapping[str, Fact]
    sources: Mapping[str, Source]
    groups: Mapping[str, str]
    checks: Mapping[str, BehaviourCheck]

    def claim(self, part: Part) -> ArticleClaim:
        """One row."""
        part.only(
            ("id", "group", "text", "checks", "also", "speeds", "number", "quantity", "crossover",
             "against", "bears_on", "cases", "otherwise")
        )  # fmt: skip
        checks = refer_all(part, "checks", "check", self.checks)
        also = refer_all(part, "also", "check", self.checks)
        speeds = self._speeds(part.mapping("speeds")) if part.has("speeds") else None
        known = _found_facts([self.checks[c] for c in (*checks, *also) if c in self.checks], speeds)
        cases = tuple(self._case(entry, known) for entry in part.parts("cases"))
        otherwise = self._otherwise(part.mapping("otherwise")) if part.has("otherwise") else None
        self._judge(part, cases, otherwise, checks, speeds)
        for key in ("number", "crossover"):
            name = part.text(key, "")
            if name and name not in known:
                part.fail(f"nothing finds {shown(name)}", key, hint=did_you_mean(name, known))
        bears = read_condition(part, "bears_on", self.facts) if part.has("bears_on") else None
        return ArticleClaim(
            id=part.text("id"),
            group=part.word("group", tuple(self.groups)),
            text=part.text("text"),
            cases=cases,
            otherwise=otherwise,
            checks=checks,
            also=also,
            speeds=speeds,
            number=part.text("number", ""),
            quantity=part.text("quantity", ""),
            crossover=part.text("crossover", ""),
            against=part.texts("against"),
            bears_on=bears,
        )

    def _judge(
        self,
        part: Part,
        cases: tuple[ClaimCase, ...],
        otherwise: ClaimCase | None,
        checks: tuple[str, ...],
        speeds: SpeedSet | None,
    ) -> None:
        if not cases and otherwise is None:
            part.fail("nothing decides it", hint="give cases, or otherwise")
        if cases and not checks and speeds is None:
            part.fail("has cases and nothing that is looked at", "cases", hint="checks or speeds")
        if part.has("number") != part.has("quantity"):
            part.fail("a number needs its quantity in words, and the other way round", "number")

    def _speeds(self, part: Part) -> SpeedSet:
        part.only(("works", "one", "other", "more_than"))
        works = part.texts("works", required=True)
        for name in works:
            if name not in WORKLOADS:
                hint = did_you_mean(name, WORKLOADS)
                part.fail(f"{shown(name)} is no workload", "works", hint=hint)
        sides = (*FRAMEWORKS, *MODES)
        return SpeedSet(
            works, part.word("one", sides), part.word("other", sides),
            part.number("more_than") or 1.3,
        )  # fmt: skip

    def _case(self, part: Part, known: Mapping[str, Fact]) -> ClaimCase:
        part.only(("verdict", "when", "because"))
        return ClaimCase(
            verdict=part.word("verdict", (CONFIRMED, CONTRADICTED, DEPENDS)),
            when=read_condition(part, "when", known),
            because=part.text("because"),
        )

    def _otherwise(self, part: Part) -> ClaimCase:
        part.only(("verdict", "because", "sources"))
        verdict = part.word("verdict", UNSEEN)
        sources = refer_all(part, "sources", "source", self.sources)
        if verdict in BY_SOURCE and not sources:
            part.fail(f"{verdict} needs a source", "sources")
        return ClaimCase(
            verdict=verdict, when=ALWAYS, because=part.text("because"), sources=sources
        )


def _found_facts(checks: list[BehaviourCheck], speeds: SpeedSet | None) -> dict[str, Fact]:
    """The findings that conditions of a claim may ask for, as facts of a vocabulary of its own."""
    known = {
        f"{check.id}.{name}": Fact(
            id=f"{check.id}.{name}",
            kind="flag" if kind == "flag" else "number",
            origin="measured",
            title=name,
        )
        for check in checks
        for name, kind in check.findings.items()
        if kind in ("flag", "number")
    }
    if speeds is not None:
        known.update(
            {
                f"tally.{name}": Fact(
                    id=f"tally.{name}", kind="number", origin="measured", title=name
                )
                for name in TALLY
            }
        )
    return known
