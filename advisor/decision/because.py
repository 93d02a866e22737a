"""Why a decision is what it is: criteria, reasons, vetoes, notes, and claims that circulate."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from advisor.decision.parts import CriterionId, DecisionPart, Provenance, Severity, Share
from advisor.pair import Framework


class Criterion(DecisionPart):
    """One criterion: its mean weight, the mean value of each framework, and their difference.

    `contribution` is the mean weighted difference JAX minus PyTorch: above 0 it favours JAX.
    `measured` is the share of a measurement in what is believed of the speed: 1 where it
    replaces every claim about the same, None where nothing was measured.
    """

    id: CriterionId
    weight: Share
    pytorch: float | None = None
    jax: float | None = None
    contribution: float = 0.0
    from_: Literal["measured", "rules", "answers", "none"] = Field(alias="from")
    measured: Share | None = None
    rules: list[str] = []


class DecisionReason(DecisionPart):
    """One reason: what it favours, how much of the difference it makes, and its provenance.

    `text` is the rule's title; of a measurement (`rule` is None) it is worded from `performance`.
    """

    rule: str | None = None
    probe: str | None = None
    favours: Framework
    criterion: CriterionId
    contribution: float
    text: str = ""
    source: Provenance | None = None
    sources: list[Provenance] = []
    age_days: int | None = None
    because: list[Provenance] = []
    strength: str | None = None


class Contradiction(DecisionPart):
    """A measurement that disagrees with a rule, by name; logarithms to base 2, above 0 for JAX."""

    rule: str
    probes: list[str]
    text: str = ""
    believed_log2: float
    measured_log2: float


class Veto(DecisionPart):
    """A hard constraint that fired, what it costs and what would lift it.

    `price` is the expected utility that is given up, scale 0 to 1; `left` the option that remains.
    """

    rule: str
    framework: Framework
    title: str = ""
    price: float | None = None
    left: Framework | None = None
    price_text: str = ""
    lifts: str = ""
    status: Literal["active", "conditional", "expired"] = "active"
    waits_for: list[str] = []
    source: Provenance | None = None


class DecisionNotice(DecisionPart):
    """What a reader must know about how the decision was made; `values` by name, rules by id."""

    id: str
    severity: Severity
    values: dict[str, Any] = {}
    rules: list[str] = []
    text: str = ""


class Note(DecisionPart):
    """A rule that scores nothing and should be known."""

    rule: str
    title: str
    text: str = ""
    sources: list[Provenance] = []
    because: list[Provenance] = []
    age_days: int | None = None


class RuleWaiting(DecisionPart):
    """A rule that waits for answers."""

    rule: str
    waits_for: list[str] = []


class CirculatingClaim(DecisionPart):
    """A claim that circulates and bears on the answers, with its verdict by the evidence.

    Words throughout: they are made when the decision is worded, from the shipped claims.
    """

    id: str
    text: str
    verdict: str
    because: str
    number: float | None = None
    quantity: str | None = None
    reproduce: str = ""
    source: str | None = None
