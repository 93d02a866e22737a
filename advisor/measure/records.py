"""A finished launch as JSON and back, exactly: what a journal holds of it.

Numbers come back as the same numbers. Knows the shape of what a launch gave; it must not know
where it is kept, nor what is made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from advisor.evidence import Block, Notice, Reason, Selftest
from advisor.measure.selftest import SelftestResult
from advisor.measure.work import Failure, LaunchResult, ModeRun
from advisor.workers.replies import Hello


def launch_data(result: LaunchResult) -> dict[str, Any]:
    """*result* as JSON values; keys of two words become rows."""
    return {
        "index": result.index,
        "runs": [[*key, _run_data(run)] for key, run in result.runs.items()],
        "failures": [
            [*key, failure.status, vars(failure.reason)] for key, failure in result.failures.items()
        ],
        "hellos": {key: vars(hello) for key, hello in result.hellos.items()},
        "facts": result.facts,
        "foreign_share": result.foreign_share,
        "spent_s": result.spent_s,
    }


def launch_from(data: Mapping[str, Any]) -> LaunchResult:
    """What `launch_data` was made of.

    Raises:
        KeyError, TypeError, ValueError: it is of another shape.
    """
    return LaunchResult(
        index=data["index"],
        runs={(item, label): _run_from(run) for item, label, run in data["runs"]},
        failures={
            (item, label): Failure(status, Reason(**reason))
            for item, label, status, reason in data["failures"]
        },
        hellos={
            key: Hello(**{**hello, "affinity": tuple(hello["affinity"])})
            for key, hello in data["hellos"].items()
        },
        facts=data["facts"],
        foreign_share=data["foreign_share"],
        spent_s=data["spent_s"],
    )


def _run_data(run: ModeRun) -> dict[str, Any]:
    return {**vars(run), "blocks": [vars(block) for block in run.blocks]}


def _run_from(data: Mapping[str, Any]) -> ModeRun:
    return ModeRun(**{**data, "blocks": [Block(**block) for block in data["blocks"]]})


def selftest_data(result: SelftestResult) -> dict[str, Any]:
    """*result* as JSON values."""
    part = result.part
    reason = None if part.reason is None else vars(part.reason)
    return {**vars(result), "part": {**vars(part), "reason": reason}}


def selftest_from(data: Mapping[str, Any]) -> SelftestResult:
    """What `selftest_data` was made of.

    Raises:
        KeyError, TypeError, ValueError: it is of another shape.
    """
    part = data["part"]
    reason = None if part["reason"] is None else Reason(**part["reason"])
    return SelftestResult(**{**data, "part": Selftest(**{**part, "reason": reason})})


def notice_data(notice: Notice) -> dict[str, Any]:
    """*notice* as JSON values."""
    return dict(vars(notice))
