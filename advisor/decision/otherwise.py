"""What else could be: flips, unknowns, triggers, and each place or kind of machine alone."""

from __future__ import annotations

from typing import Any, Literal

from advisor.decision.parts import DecisionPart, Ends, Share, Spread, Status, Times
from advisor.pair import Framework


class Flip(DecisionPart):
    """A change that alters the outcome; judged again in full before it was written down.

    `change` holds the new answers by key, or one of ``measured.jax_speedup`` (the ratio from which
    on), ``weight.CRITERION`` (the share from which on), ``today`` (the date from which on) and
    ``lift`` (rule ids of vetoes); `now` what stands there today (a key is missing where nothing
    was answered or measured). `then` is the framework that would be recommended, or the status
    where none would be. `reach` says how a team would get there: it controls the answer, the
    answer is uncertain, the number lies near, or it would be another project.
    """

    change: dict[str, Any]
    now: dict[str, Any] = {}
    then: str
    then_status: Status
    reach: Literal["uncertain", "own", "near", "distant", "other_project"] = "own"
    condition: str = ""
    outcome: str = ""
    text: str = ""


class Unknown(DecisionPart):
    """Something not known, and what knowing it would be worth, in utility.

    `chance_of_change` is how likely the outcome, status or framework, would be another.
    """

    fact: str | None = None
    probe: str | None = None
    value_of_information: float
    chance_of_change: Share = 0.0
    rules_waiting: int = 0
    text: str = ""


class Revisit(DecisionPart):
    """When to look at the decision again.

    `kind` is ``claim_expires`` (the first decisive one), ``claim_expired`` (any that spoke),
    ``speed`` (a measured ratio beyond `condition`) or ``event`` (what `rule` watches for).
    """

    kind: Literal["claim_expires", "claim_expired", "speed", "event"]
    when: str = ""
    date: str | None = None
    condition: dict[str, Any] | None = None
    rule: str | None = None


class TargetPart(DecisionPart):
    """What would be decided if the model ran in this one of several places only."""

    target: str
    status: Status
    framework: Framework | None = None
    leader: Framework | None = None
    p_clear: Share = 0.0


class MachinePart(DecisionPart):
    """What would be decided if the model trained on this one of several kinds of machine only.

    `evidence` are positions among the files, one per machine; `spread` is the standard deviation
    of the logarithm of the ratio between machines of the kind, None for a single one.
    """

    kind: str
    machine: dict[str, Any] = {}
    hardware: str | None = None
    trains: bool = False
    machines: int = 1
    evidence: list[int] = []
    status: Status
    framework: Framework | None = None
    leader: Framework | None = None
    p_clear: Share = 0.0
    model: str = ""
    ratio: Times | None = None
    ci: Ends | None = None
    open: bool = True
    spread: Spread | None = None
    rows: list[dict[str, Any]] = []


class CostPart(DecisionPart):
    """What the work costs in one framework on one kind of machine, at the price the team gave.

    In the price's own currency. `run` is a run of `steps` with one compilation, `per_million` a
    million samples; their intervals follow from that of the step's time (95 %) alone. None where
    the evidence does not say how many samples a step has.
    """

    kind: str
    machine: dict[str, Any] = {}
    framework: Framework
    mode: str
    per_hour: float
    currency: str = ""
    steps: float
    steps_assumed: bool = False
    run: float
    run_ci: list[float] | None = None
    per_million: float | None = None
    per_million_ci: list[float] | None = None
