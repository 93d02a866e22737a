"""What every part of a decision is made of: its base, closed words, bounded numbers, an origin."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Status = Literal[
    "recommend",
    "lean",
    "no_clear_winner",
    "insufficient_evidence",
    "forced",
    "no_feasible_option",
]
CriterionId = Literal[
    "ecosystem", "team", "performance", "iteration", "platform", "deployment", "risk"
]
CRITERIA: tuple[CriterionId, ...] = (
    "ecosystem",
    "team",
    "performance",
    "iteration",
    "platform",
    "deployment",
    "risk",
)
Share = Annotated[float, Field(ge=0, le=1)]
# What a record of somebody else may hold and logarithms can be taken of.
Times = Annotated[float, Field(gt=0, le=1e12, allow_inf_nan=False)]
Ends = Annotated[list[Times], Field(min_length=2, max_length=2)]
Level = Annotated[float, Field(gt=0.5, lt=1)]
Spread = Annotated[float, Field(ge=0, le=100)]
Severity = Literal["info", "warning", "problem"]


class DecisionPart(BaseModel):
    """Base of every part of the document."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class Provenance(DecisionPart):
    """Where a statement comes from: measured here, a dated rule with its source, or an answer.

    `ref` is a source, a workload or a fact; `value` what the fact is. Of a measurement `value` is
    ``{ratio, ci, weight}`` with JAX as the one that is compared; so it is of what the ``library``
    or somebody who ``published`` it says of another machine.
    """

    kind: Literal[
        "measured", "library", "published", "rule", "answer", "detected", "default", "computed"
    ]
    ref: str
    value: Any = None
    text: str = ""
    url: str | None = None
    date: str | None = None
