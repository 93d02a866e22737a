"""Training to an accuracy, from cold start: ``time_to_accuracy[]`` of the evidence.

Beside the comparisons and outside of every verdict: on a task as small as this nearly all of the
time is starting, and what holds here says nothing of larger models. Standard library only. It must
not know how anything is measured or worded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from advisor.bounds import Bytes, Checked, Id, Limits, Seconds, ShortText
from advisor.pair import Framework
from advisor.reason import Reason

Status = Literal["ok", "skipped", "failed", "invalid"]
Accuracy = Annotated[float, Limits(ge=0, le=1)]
Number = Annotated[int, Limits(ge=1, le=1_000_000)]


@dataclass(frozen=True)
class Look:
    """How accurate the model was after an epoch, seconds after its process began."""

    seconds: Seconds
    accuracy: Accuracy


@dataclass(frozen=True, kw_only=True)
class AccuracyRun:
    """One process, from its start through all epochs, with what one seed draws.

    `imported_s` is when the framework was there, `first_step_s` when the first step had ended,
    compiling included. `reached_epoch` and `reached_s` are of the first look at which the goal was
    reached, None where none was. Where `disturbed`, others used the CPUs meanwhile.
    """

    seed: int
    imported_s: Seconds | None = None
    first_step_s: Seconds | None = None
    reached_epoch: Number | None = None
    reached_s: Seconds | None = None
    peak_memory_bytes: Bytes | None = None
    inputs_sha256: Id | None = None
    disturbed: bool = False
    looks: Annotated[list[Look], Limits(max_length=10_000)] = field(default_factory=list)

    @property
    def accuracy(self) -> float | None:
        """After the last epoch."""
        return self.looks[-1].accuracy if self.looks else None


@dataclass(frozen=True, kw_only=True)
class Mean:
    """A mean over runs and its interval at 95 % by Student's t; none for one run.

    Of times the mean is geometric.
    """

    mean: Annotated[float, Limits(ge=0)]
    ci: tuple[float, float] | None = None


def refuse_outside(mean: Mean) -> None:
    """Refuse a mean outside of its own interval.

    Raises:
        ValueError: with what is wrong.
    """
    if mean.ci is not None and not mean.ci[0] <= mean.mean <= mean.ci[1]:
        raise ValueError("a mean lies outside of its own interval")


CheckedMean = Annotated[Mean, Checked(refuse_outside)]


@dataclass(frozen=True, kw_only=True)
class TimeToAccuracy:
    """One task in one framework; means are over `runs`, those of reaching over runs that did.

    `epochs` is how many each run goes through, whether or not it reached the `goal` before.
    `epoch_s` is an epoch after the first; `code_lines` are those of this framework's version,
    without empty ones and comments.
    """

    task: Id = "digits"
    title: ShortText = ""
    size: dict[str, Any] = field(default_factory=dict)
    goal: Accuracy
    epochs: Number
    device: Id = "cpu"
    cores: int | None = None
    framework: Framework
    version: ShortText | None = None
    toolchain: int | None = None
    mode: Id | None = None
    status: Status = "ok"
    reason: Reason | None = None
    code_lines: Number | None = None
    reached_s: CheckedMean | None = None
    reached_epoch: CheckedMean | None = None
    first_step_s: CheckedMean | None = None
    epoch_s: CheckedMean | None = None
    accuracy: CheckedMean | None = None
    peak_memory_bytes: CheckedMean | None = None
    runs: Annotated[list[AccuracyRun], Limits(max_length=1000)] = field(default_factory=list)

    @property
    def reaching(self) -> list[AccuracyRun]:
        """The runs that reached the goal."""
        return [run for run in self.runs if run.reached_s is not None]

    @property
    def disturbed(self) -> bool:
        """Whether others used the CPUs in most runs."""
        return 2 * sum(run.disturbed for run in self.runs) > len(self.runs)


def first_look(looks: list[Look], goal: float) -> tuple[int, float] | None:
    """The epoch, counted from 1, and the second at which *goal* was first there."""
    there = ((n, look.seconds) for n, look in enumerate(looks, 1) if look.accuracy >= goal)
    return next(there, None)


def refuse_contradicted(one: TimeToAccuracy) -> None:
    """Refuse a run that says it reached what its own looks deny, and looks that go back in time.

    Raises:
        ValueError: with what is wrong.
    """
    for run in one.runs:
        seconds = [look.seconds for look in run.looks]
        if seconds != sorted(seconds):
            raise ValueError("looks of a run go back in time")
        said = (run.reached_epoch, run.reached_s)
        if said != (first_look(run.looks, one.goal) or (None, None)):
            raise ValueError("a run says of its goal what its own looks deny")
