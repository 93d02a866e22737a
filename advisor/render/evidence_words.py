"""The evidence in words: what its ids, cases and values say, filled in before it is shown.

The sentences are data (``templates/wording/LANGUAGE/evidence.toml``). A part that has its words
already keeps them: older evidence, and what another room said. Knows which message belongs to
which part; it must not know how anything is measured, nor what follows from it. Standard library
only: a bare node words its evidence too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from advisor.evidence import (
    Comparison,
    Evidence,
    Gate,
    Notice,
    Parity,
    Probe,
    Reason,
    Selftest,
    Work,
)
from advisor.render.wording import has, say
from advisor.scaling import Scaling

_AROUND = "reason.around"


class Stage(Protocol):
    """What is being done: a stage's id and its values."""

    @property
    def stage(self) -> str:
        """The id."""

    @property
    def values(self) -> Mapping[str, Any]:
        """What the stage is about."""

    @property
    def settled(self) -> int:
        """How many comparisons need no launch more."""

    @property
    def comparisons(self) -> int:
        """Of how many; 0 where none is known of."""


def word_evidence(evidence: Evidence) -> Evidence:
    """*evidence* with its words: every reason, gate and notice says what it holds."""
    probes = [_word_probe(probe) for probe in evidence.probes]
    return replace(
        evidence,
        toolchains=[
            chain if chain.problem is None else replace(chain, problem=word_reason(chain.problem))
            for chain in evidence.toolchains
        ],
        selftest=None if evidence.selftest is None else word_selftest(evidence.selftest),
        probes=probes,
        works=[_word_work(work, probes) for work in evidence.works],
        behaviours=[
            seen if seen.reason is None else replace(seen, reason=word_reason(seen.reason))
            for seen in evidence.behaviours
        ],
        notices=[word_notice(notice) for notice in evidence.notices],
        scaling=[_word_scaling(one) for one in evidence.scaling],
        time_to_accuracy=[
            replace(one, reason=_worded(one.reason)) for one in evidence.time_to_accuracy
        ],
    )


def progress_words(progress: Stage) -> str:
    """What is being done, in one line."""
    text = _said(f"progress.{progress.stage}", progress.values)
    if not progress.comparisons:
        return text
    return say("progress.of_run", text=text, settled=progress.settled, n=progress.comparisons)


def reason_words(reason: Reason) -> str:
    """What a reason says; empty where nobody has words for it."""
    return word_reason(reason).text


def gate_name(gate_id: str) -> str:
    """What had to hold, in positive words; the id itself where nobody has words for it."""
    key = f"gate.{gate_id}.name"
    return say(key) if has(key) else gate_id.replace("-", " ")


def word_reason(reason: Reason) -> Reason:
    """*reason* with its text."""
    if reason.text:
        return reason
    base = f"reason.{reason.id}"
    text = _said(_key("reason", reason.id, reason.case), reason.values, base)
    if "in_rank" in reason.values and text:
        text = _said(f"{_AROUND}.rank", {**reason.values, "text": text}) or text
    if "log" in reason.values and text:
        text = say(f"{_AROUND}.log", text=text, **reason.values)
    return _in_launch(replace(reason, text=text))


def _in_launch(reason: Reason) -> Reason:
    """The launch in which it happened comes first, where the values name one."""
    if "in_launch" not in reason.values or not reason.text:
        return reason
    number = reason.values["in_launch"]
    return replace(reason, text=say(f"{_AROUND}.launch", text=reason.text, in_launch=number))


def word_notice(notice: Notice) -> Notice:
    """*notice* with its text and its hint."""
    if notice.text:
        return notice
    base = f"notice.{notice.id}"
    text = _said(_key("notice", notice.id, notice.case or "text"), notice.values, base)
    return replace(notice, text=text, hint=notice.hint or _said(f"{base}.hint", notice.values))


def word_selftest(selftest: Selftest) -> Selftest:
    """*selftest* with the reason for its failing."""
    reason = selftest.reason
    if reason is None or reason.text:
        return selftest
    text = _said(f"selftest.{reason.id}", reason.values)
    hint = reason.hint or say("selftest.way_out")
    return replace(selftest, reason=replace(reason, text=text, hint=hint))


def _word_probe(probe: Probe) -> Probe:
    parity = _word_parity(probe.parity)
    word_gate = _gate_words(parity)
    return replace(
        probe,
        entries=[
            entry if entry.reason is None else replace(entry, reason=word_reason(entry.reason))
            for entry in probe.entries
        ],
        parity=parity,
        gates=[word_gate(gate) for gate in probe.gates],
        comparisons=[_word_comparison(c, word_gate) for c in probe.comparisons],
    )


def _word_parity(parity: Parity) -> Parity:
    problems = {name: _word_problem(problem) for name, problem in parity.problems.items()}
    reason = parity.reason
    if reason is not None and not reason.text:
        reason = replace(reason, text=_problems_text(problems, sorted(problems)))
    return replace(parity, problems=problems, reason=reason)


def _word_problem(problem: Reason) -> Reason:
    if problem.text:
        return problem
    text = _said(_key("parity", problem.id, problem.case), problem.values, "parity")
    return replace(problem, text=text)


def _problems_text(problems: Mapping[str, Reason], names: Sequence[str]) -> str:
    parts = [say("parity.problem", mode=n, text=problems[n].text) for n in names if n in problems]
    return "; ".join(parts)


def _gate_words(parity: Parity) -> Callable[[Gate], Gate]:
    """What words a gate, the problems of its parity being those of *parity*."""

    def worded(gate: Gate) -> Gate:
        if gate.text:
            return gate
        values = gate.values
        if isinstance(values.get("problems"), list):
            values = {**values, "problems": _problems_text(parity.problems, values["problems"])}
        base = f"gate.{gate.id}"
        return replace(gate, text=_said(f"{base}.{gate.case or gate.status}", values, base))

    return worded


def _word_comparison(compared: Comparison, word_gate: Callable[[Gate], Gate]) -> Comparison:
    certificate = [word_gate(gate) for gate in compared.certificate]
    reason = compared.reason
    failed = [gate for gate in certificate if gate.status == "failed"]
    if reason is not None and not reason.text and failed:
        ways = [say(key) for gate in failed if has(key := f"gate.{gate.id}.way_out")]
        text = "; ".join(gate.text for gate in failed)
        reason = replace(reason, text=text, hint=reason.hint or "".join(ways[:1]))
    elif reason is not None:
        reason = word_reason(reason)
    return replace(compared, certificate=certificate, reason=reason)


def _word_work(work: Work, probes: Sequence[Probe]) -> Work:
    """*work* with its reason; where a gate failed, in the words of the failed comparison."""
    if work.reason is None or work.reason.text:
        return work
    failed = next(
        (
            c.reason
            for p in probes
            if p.id == f"model:{work.model}" and (p.size_name or "").startswith(work.name)
            for c in p.comparisons
            if c.verdict == "invalid" and c.reason is not None and c.reason.id == work.reason.id
        ),
        None,
    )
    return replace(work, reason=failed or word_reason(work.reason))


def _word_scaling(one: Scaling) -> Scaling:
    points = [
        replace(
            point,
            reason=_worded(point.reason),
            collectives_reason=_worded(point.collectives_reason),
            memory_reason=_worded(point.memory_reason),
            parity=None
            if point.parity is None
            else replace(point.parity, reason=_worded(point.parity.reason)),
        )
        for point in one.points
    ]
    projections = [
        replace(projection, assumptions=[word_reason(part) for part in projection.assumptions])
        for projection in one.projections
    ]
    return replace(
        one,
        reason=_worded(one.reason),
        points=points,
        projections=projections,
        projection_reason=_worded(one.projection_reason),
    )


def _worded(reason: Reason | None) -> Reason | None:
    return None if reason is None else word_reason(reason)


def _key(table: str, part_id: str, case: str) -> str:
    return f"{table}.{part_id}.{case}" if case else f"{table}.{part_id}"


def _said(key: str, values: Mapping[str, Any], base: str = "") -> str:
    """The message *key*, or nothing where there is none or its values are not those it needs."""
    if not has(key):
        return ""
    try:
        return say(key, **_shown(values, base or key))
    except (KeyError, ValueError, TypeError):
        # Another version's evidence may hold other values: its id still stands.
        return ""


def _shown(values: Mapping[str, Any], base: str) -> dict[str, Any]:
    """*values* as sentences take them: lists of parts said one by one, another reason in words.

    `n` is what a message with a plural counts, `on` how many cores in words.
    """
    shown: dict[str, Any] = {"n": values.get("count"), **values}
    if isinstance(values.get("cores"), int):
        shown["on"] = say("count.core", n=values["cores"])
    for name, value in values.items():
        if name == "because" and isinstance(value, Mapping):
            shown[name] = reason_words(Reason(**value))
        elif isinstance(value, list) and value and all(isinstance(v, Mapping) for v in value):
            each = f"{base}.{name}"
            shown[name] = [_said(f"{each}.{v['case']}" if "case" in v else each, v) for v in value]
    return shown
