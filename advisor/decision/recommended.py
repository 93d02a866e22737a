"""What is recommended, the two candidates, and what changing to one of them takes."""

from __future__ import annotations

from typing import Literal

from advisor.decision.parts import DecisionPart, Provenance, Share
from advisor.pair import Framework


class ModeReason(DecisionPart):
    """Why a mode is recommended.

    Attributes:
        kind: ``jit`` (JAX is used compiled), ``measured`` (what compiling gains and costs here),
            ``rule``, ``fastest`` (of the ways to write the measured model), or ``unmeasured``.
        gain: How many times as fast compiled steps are.
        workloads: Where that was measured.
        compile_s: What compiling takes, seconds.
        break_even_steps: Steps after which it has paid; None where that is not known.
        steps_per_run: Steps of a run, answered or assumed.
        restarts_per_day: Starts a day, where they were answered.
    """

    kind: Literal["jit", "measured", "rule", "fastest", "unmeasured"]
    gain: float | None = None
    worthwhile: bool = True
    workloads: list[str] = []
    rule: str | None = None
    compile_s: float | None = None
    break_even_steps: float | None = None
    steps_per_run: float | None = None
    steps_assumed: bool = False
    restarts_per_day: float | None = None


class StackEntry(DecisionPart):
    """One library to start with, and the rule that suggests it."""

    package: str
    why: str = ""
    rule: str
    source: Provenance | None = None


class InstallLine(DecisionPart):
    """One command that installs what is recommended, or why there is none.

    Without a `command`, `note` says why, and `instead` what to do.
    """

    command: str = ""
    note: str = ""
    instead: str = ""
    sources: list[str] = []
    reviewed: str = ""


class Recommended(DecisionPart):
    """What is recommended: a framework, the mode to run it in and the libraries to start with."""

    framework: Framework | None = None
    mode: str | None = None
    mode_because: ModeReason | None = None
    mode_reason: str | None = None
    stack: list[StackEntry] = []
    install: list[InstallLine] = []
    tie_break: Framework | None = None
    tie_break_because: Literal["codebase", "skill", "ahead", "convention"] | None = None
    tie_break_reason: str | None = None


class Option(DecisionPart):
    """One framework as a candidate."""

    framework: Framework
    feasible: bool
    conditional: bool = False
    vetoes: list[str] = []
    p_first: Share | None = None
    p_clear: Share | None = None
    utility: float | None = None


class SwitchingStep(DecisionPart):
    """One part of changing: moving the code, proving it, learning; in person-weeks."""

    what: Literal["port", "prove", "learn"]
    low_weeks: float
    high_weeks: float
    source: str
    date: str


class SwitchingPart(DecisionPart):
    """What changing to a framework takes this team, from a good day to a bad one.

    `leaving` is what being wrong about it costs: moving on to the other one later. All of it in
    person-weeks; every figure is a judgement of the rule base, as its `source` says.
    """

    to: Framework
    low_weeks: float
    high_weeks: float
    steps: list[SwitchingStep] = []
    leaving: tuple[float, float]
