"""The page of the faults: what was injected, how it ended and what was said."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from tests.faults.case import Fault, Outcome
from tests.faults.judging import PREFIX
from tests.faults.matrix import NOT_INJECTABLE

_HEAD = """\
# Faults

What was injected from outside into real processes of `fw-advisor`, and what happened. Made by
`make bench ARGS=faults`; where a framework has to misbehave, a fake worker stands for it. A row is
well where the exit code is right, nothing shows a traceback, what went wrong is told with a way
out, stdout holds one JSON document where that was asked for, every file is the old or a whole new
one, no process of ours is left a second later, and (where the fault can be taken away) the same
command works afterwards in the same directory.

{runs} runs of {faults} faults; {wrong} of them not well.

| fault | injected | command | exit | what was said | result |
|---|---|---|---|---|---|
"""
_PLACE = re.compile(r"/\S*/(?=[^/\s]+)")
_LONGEST = 150


def page(outcomes: Sequence[Outcome], skipped: Sequence[Fault]) -> str:
    """The page as Markdown."""
    wrong = sum(bool(o.wrong) for o in outcomes)
    faults = len({o.fault.id for o in outcomes})
    head = _HEAD.format(runs=len(outcomes), faults=faults, wrong=wrong)
    return head + "".join(map(_line, outcomes)) + "".join(_rest(skipped))


def _line(outcome: Outcome) -> str:
    result = "well" if not outcome.wrong else "**" + "; ".join(outcome.wrong) + "**"
    cells = (
        f"`{outcome.fault.id}`",
        outcome.fault.injected,
        outcome.command,
        _code(outcome.code),
        _said(outcome),
        result,
    )
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |\n"


def _code(code: int | None) -> str:
    if code is None:
        return "none"
    return str(code) if code >= 0 else f"killed ({-code})"


def _said(outcome: Outcome) -> str:
    lines = outcome.err.strip().splitlines()
    heads = [line.removeprefix(PREFIX) for line in lines if line.startswith(PREFIX)]
    text = heads[-1] if heads else (lines[-1] if lines else "")
    text = _PLACE.sub("…/", re.sub(r"\.\d+\.partial", ".partial", text))
    text = re.sub(r"process \d+, begun at [\d:]+", "process N, begun at T", text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _cell(text: str) -> str:
    shown = "".join(c if c.isprintable() else " " for c in text)
    return shown.replace("|", "\\|").replace("<", "&lt;").replace("`/", "/")


def _rest(skipped: Iterable[Fault]) -> Iterator[str]:
    yield "\n## Not injected\n\n"
    for name, why in NOT_INJECTABLE.items():
        yield f"- {name}: {why}.\n"
    for fault in skipped:
        yield f"- `{fault.id}`, {fault.injected}: the machine of this run does not allow it.\n"
