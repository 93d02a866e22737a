"""What the rule base is made of, once it is loaded and valid.

These are plain values without behaviour: `loader` makes them, `evaluate` reads them. They know
nothing of YAML, of files or of how a decision is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from advisor.knowledge.families import CarryOver, ModelFamily, StandardModel
from advisor.knowledge.published import PublishedPair
from advisor.knowledge.supply import Absence, Install, Package, StandIn
from advisor.knowledge.switching import SwitchingCost

Scalar = str | bool | float
Truth = Literal["true", "false", "unknown"]
FactKind = Literal[
    "choice", "choices", "flag", "number", "names", "ranking", "version", "text", "size"
]
Origin = Literal["answer", "detected", "measured", "derived"]
RuleKind = Literal["claim", "veto", "note"]
Direction = Literal["for", "against"]
Strength = Literal["weak", "moderate", "strong"]
ConflictKind = Literal["impossible", "pointless", "contradictory"]
Reliability = Literal["high", "medium", "low"]


NEVER = "9999-12-31"
"""The day on which a rule expires that rests on the team's own word: none."""

STRENGTH = {"weak": 0.5, "moderate": 1.0, "strong": 2.0}
"""In units: one unit is as important as a twofold difference in step time."""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One entry of the closed vocabulary.

    `values` maps each accepted word to its label (kinds ``choice``, ``choices``, ``ranking``);
    `prior` holds (value, weight) pairs for the value of information of an unanswered fact.
    `supposed`, and for lists `added` and `removed`, say by value what stands after "If" where
    another answer is supposed (`advisor.knowledge.phrases`).
    """

    id: str
    kind: FactKind
    origin: Origin
    title: str
    values: Mapping[str, str] = field(default_factory=dict)
    minimum: float | None = None
    maximum: float | None = None
    unit: str | None = None
    prior: tuple[tuple[Any, float], ...] = ()
    ordered: bool = False
    supposed: Mapping[str, str] = field(default_factory=dict)
    added: Mapping[str, str] = field(default_factory=dict)
    removed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class OneOf:
    """True where the fact is (or, for a list, contains) one of the accepted values.

    `domain` holds every value that the fact can have, where it has exactly one of a closed list:
    then a condition that accepts all of them is true although the fact is not known.
    """

    fact: str
    accepted: tuple[Scalar, ...]
    domain: tuple[Scalar, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True)
class Within:
    """True where the number is strictly above `above`, strictly below `below`.

    With `inclusive`, the bounds belong to the range (``between``).
    """

    fact: str
    above: float | None = None
    below: float | None = None
    inclusive: bool = False


@dataclass(frozen=True)
class AllOf:
    """Conjunction; the empty one is true."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class AnyOf:
    """Disjunction; the empty one is false."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Not:
    """Negation."""

    part: Condition


Condition = OneOf | Within | AllOf | AnyOf | Not


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What a claim says about one framework on one criterion."""

    framework: str
    criterion: str
    direction: Direction
    strength: Strength


@dataclass(frozen=True, kw_only=True)
class RuleTest:
    """One of a rule's own tests: with these facts (and these versions) it must do this.

    `favours` is the framework that the effects must speak for where the rule fires.
    """

    name: str
    given: Mapping[str, Any]
    expect: Literal["fires", "silent", "unknown"]
    versions: Mapping[str, str] = field(default_factory=dict)
    favours: str | None = None


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A claim, a veto or a note about the frameworks, with all that lets a reviewer argue.

    Dates are ISO strings (``2026-11-23``); what rests on the team's own word alone expires
    `NEVER`. `excludes` is the framework that a veto rules out.
    `suggests` is what a note proposes when its framework wins: ``{framework, mode}`` or
    ``{framework, stack: [{package, why}]}``. `about` names the measured quantity the claim
    speaks about: ``speed`` or ``speed.<workload>``. `conflicts_ok` lists rules that may
    legitimately fire together with this one and say the opposite.
    """

    id: str
    kind: RuleKind
    title: str
    when: Condition
    effects: tuple[Effect, ...] = ()
    excludes: str | None = None
    suggests: Mapping[str, Any] = field(default_factory=dict)
    group: str
    about: str | None = None
    reliability: Reliability
    sources: tuple[str, ...]
    asserted: str
    reviewed: str
    expires: str
    applies_to: Mapping[str, str] = field(default_factory=dict)
    rationale: str = ""
    revisit_when: str = ""
    lifts: str = ""
    conflicts_ok: tuple[str, ...] = ()
    tests: tuple[RuleTest, ...] = ()
    where: str = ""
    pack: str = "core"


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a rule's statement was read, and its gist in our own words."""

    id: str
    url: str
    title: str
    publisher: str
    retrieved: str
    gist: str
    published: str | None = None


@dataclass(frozen=True, kw_only=True)
class CriterionInfo:
    """One of the seven criteria with what its two ends of the scale mean."""

    id: str
    title: str
    question: str
    worst: str
    best: str


@dataclass(frozen=True, kw_only=True)
class FrameworkInfo:
    """One option with its modes, and what leaving it later costs (weeks, in words)."""

    id: str
    title: str
    modes: Mapping[str, str]
    packages: tuple[str, ...]
    switching: str


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question of the interview; `key` is the answer it fills.

    `importance` is what the answer is worth at least, on the scale of the value of information:
    for answers whose worth the decision model cannot see. Where `decisive_when` holds the question
    is asked in any case: nobody should find it assumed. `offers` are the numbers that a menu
    offers, each with its label, before one is typed.
    """

    key: str
    text: str
    why: str
    skip_when: Condition | None = None
    detect: str | None = None
    default: Any = None
    importance: float = 0.0
    decisive_when: Condition | None = None
    required: bool = False
    offers: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class TaskWeights:
    """Which workloads stand for a task (or a transform), how much each, and why.

    `reason` is about the whole; `because` says for each workload what it stands for there.
    `sizes` is ``largest`` where real work is larger than every size that is measured, so that the
    largest one stands for it; ``all`` where small sizes are real work too.
    """

    fact: str
    value: str
    weights: Mapping[str, float]
    reason: str
    because: Mapping[str, str] = field(default_factory=dict)
    sizes: str = "all"


@dataclass(frozen=True, kw_only=True)
class Persona:
    """A scenario with the answer an experienced engineer would give, written beforehand."""

    id: str
    title: str
    answers: Mapping[str, Any]
    measured: Mapping[str, float]
    expect: tuple[str, ...]
    framework: str | None
    because: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """One entry of the table: where *when* holds, `says` is told and `ignore` does not count."""

    id: str
    kind: ConflictKind
    when: Condition
    says: str
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RuleBase:
    """Everything believed: closed vocabulary, options, criteria, sources and rules.

    `installs` are the frameworks' own install lines, `libraries` those of packages on them.
    """

    facts: Mapping[str, Fact]
    criteria: Mapping[str, CriterionInfo]
    frameworks: Mapping[str, FrameworkInfo]
    sources: Mapping[str, Source]
    rules: tuple[Rule, ...]
    questions: tuple[Question, ...] = ()
    task_weights: tuple[TaskWeights, ...] = ()
    installs: tuple[Install, ...] = ()
    libraries: tuple[Install, ...] = ()
    absences: tuple[Absence, ...] = ()
    stand_ins: tuple[StandIn, ...] = ()
    packages: tuple[Package, ...] = ()
    families: Mapping[str, ModelFamily] = field(default_factory=dict)
    standards: tuple[StandardModel, ...] = ()
    carry_over: tuple[CarryOver, ...] = ()
    published: tuple[PublishedPair, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    switching: tuple[SwitchingCost, ...] = ()
    disabled: Mapping[str, str] = field(default_factory=dict)
    version: str = ""


@dataclass(frozen=True)
class Outcome:
    """What one rule does with one set of facts.

    `truth` is Kleene's; `waits_for` are the unknown facts that could still decide it.
    `inapplicable` says why the rule does not apply to the installed versions, or is empty.
    """

    rule: Rule
    truth: Truth
    waits_for: tuple[str, ...] = ()
    inapplicable: str = ""
    expired_days: int = 0

    @property
    def fires(self) -> bool:
        """True where the condition holds and the rule applies to what is installed."""
        return self.truth == "true" and not self.inapplicable
