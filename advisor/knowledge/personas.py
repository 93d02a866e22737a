"""Personas: scenarios with the answer an experienced engineer would give, as data.

Knows the form of a persona and what evidence its measured ratios stand for. It must not know how a
decision is made.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from advisor.answers import Answers, Source
from advisor.decision import Status
from advisor.evidence import (
    Comparison,
    Entry,
    Evidence,
    Machine,
    Parity,
    Probe,
    VerdictWord,
    Work,
    WorkMode,
)
from advisor.knowledge.entries import workload_numbers
from advisor.knowledge.fields import Fault, Part, Problems, did_you_mean, shown
from advisor.knowledge.loader import core_pack
from advisor.knowledge.model import Persona, RuleBase
from advisor.knowledge.packs import read_all, yaml_files
from advisor.knowledge.standards import standard_for
from advisor.knowledge.vocabulary import checked, fact_for
from advisor.pair import JIT, TORCH_COMPILE

SCHEMA = "fw-advisor/personas@1"
CREATED = "2026-11-23T00:00:00Z"
_INTERVAL = 1.04
"""Half width, as a factor, of the interval that a persona's measured ratio comes with."""

_EQUIVALENT = 1.05
_STEP_S = 0.01
_DEVICES = {
    "nvidia": "cuda",
    "nvidia_multi": "cuda",
    "nvidia_cluster": "cuda",
    "amd": "cuda",
    "tpu": "tpu",
    "tpu_pod": "tpu",
    "apple": "mps",
    "intel_gpu": "xpu",
    "trainium": "neuron",
}
_FIELDS = ("id", "title", "answers", "measured", "expect", "framework", "because", "names")


def load_personas(base: RuleBase, root: Path | None = None) -> tuple[Persona, ...]:
    """The personas below ``personas/`` of *root* (the shipped rules unless given), by id.

    Raises:
        UserError: one does not fit the vocabulary; `UserErrorGroup` where several do not.
    """
    core = core_pack(root)
    if not (core.root / "personas").is_dir():
        return ()
    problems = Problems()
    personas: dict[str, Persona] = {}
    for document in read_all(core, yaml_files(core, "personas"), problems):
        part = Part.top(document, problems)
        part.only(("schema", "personas"))
        part.word("schema", (SCHEMA,))
        for entry in part.parts("personas"):
            persona = _read(entry, base)
            if persona.id in personas:
                entry.fail(f"the persona {shown(persona.id)} stands twice", "id")
            personas[persona.id] = persona
    problems.check()
    return tuple(personas[name] for name in sorted(personas))


def _read(part: Part, base: RuleBase) -> Persona:
    part.only(_FIELDS)
    frameworks = tuple(base.frameworks)
    expect = part.texts("expect", required=True)
    for word in expect:
        if word not in get_args(Status):
            hint = did_you_mean(word, get_args(Status))
            part.fail(f"{shown(word)} is not a status", "expect", hint=hint)
    return Persona(
        id=part.identifier(),
        title=part.text("title"),
        answers=_answers(part, base),
        measured=workload_numbers(part, "measured"),
        expect=expect,
        framework=part.word("framework", frameworks) if part.has("framework") else None,
        because=part.text("because"),
        names=_rule_ids(part, base),
    )


def _answers(part: Part, base: RuleBase) -> dict[str, Any]:
    inner = part.mapping("answers")
    answers: dict[str, Any] = {}
    for key, value in inner.data.items():
        try:
            answers[key] = checked(fact_for(base.facts, key), value)
        except Fault as fault:
            inner.fault(fault, key)
    return answers


def _rule_ids(part: Part, base: RuleBase) -> tuple[str, ...]:
    ids = {rule.id for rule in base.rules} | set(base.disabled)
    names = part.texts("names")
    for index, name in enumerate(names):
        if name not in ids:
            hint = did_you_mean(name, sorted(ids))
            part.fail(f"there is no rule {shown(name)}", "names", index, hint=hint)
    return names


def answers_of(persona: Persona) -> Answers:
    """The persona's answers, as if they had been read from a file."""
    sources: Mapping[str, Source] = dict.fromkeys(persona.answers, "file")
    return Answers(persona.title, dict(persona.answers), sources)


def evidence_of(persona: Persona, base: RuleBase) -> Evidence | None:
    """The evidence that the persona's measured ratios stand for, or None where it has none.

    Every ratio comes from five launches with an interval of 4 % to both sides, on a device of the
    kind that the persona trains on. Together they stand for the model of its task: that is as
    much as its author said about the work as a whole.
    """
    if not persona.measured:
        return None
    device = _DEVICES.get(str(persona.answers.get("hardware.train")), "cpu")
    probes = [_probe(name, persona.measured[name], device) for name in sorted(persona.measured)]
    works = _works(persona, base, device)
    return Evidence(created=CREATED, machine=Machine(os="linux"), probes=probes, works=works)


def _works(persona: Persona, base: RuleBase, device: str) -> list[Work]:
    """The standard model of the task, as fast as the ratios say by their shares of the task."""
    answers = persona.answers
    standard = standard_for(base, answers)
    if standard is None:
        return []
    shares = {name: _share(base, answers, name) for name in persona.measured}
    if not any(shares.values()):
        shares = dict.fromkeys(persona.measured, 1.0)
    logs = [shares[name] * math.log(ratio) for name, ratio in persona.measured.items()]
    speedup = math.exp(math.fsum(logs) / math.fsum(shares.values()))
    ratio = 1 / speedup
    steps = {TORCH_COMPILE: _STEP_S * speedup, JIT: _STEP_S}
    return [
        Work(
            model=standard.model,
            name=standard.preset,
            title=standard.model,
            device=device,
            modes=[WorkMode(mode=m, step_s=s, chosen=True) for m, s in steps.items()],
            a=TORCH_COMPILE,
            b=JIT,
            time_ratio=ratio,
            ci=(ratio / _INTERVAL, ratio * _INTERVAL),
            launches=5,
            verdict=_verdict(ratio),
        )
    ]


def _share(base: RuleBase, answers: Mapping[str, Any], workload: str) -> float:
    """How much of the persona's task *workload* is."""
    said = [answers.get("task"), *(answers.get("transforms") or ())]
    rows = [r for r in base.task_weights if r.value in said]
    return math.fsum(row.weights.get(workload, 0.0) for row in rows)


def _verdict(ratio: float) -> VerdictWord:
    if abs(math.log(ratio)) <= math.log(_EQUIVALENT):
        return "equivalent"
    return "a_faster" if ratio > 1 else "b_faster"


def _probe(workload: str, speedup: float, device: str) -> Probe:
    return Probe(
        id=workload,
        title=workload,
        device=device,
        entries=[
            Entry(framework="jax", mode=JIT, status="ok", median_s=_STEP_S),
            Entry(framework="pytorch", mode=TORCH_COMPILE, status="ok", median_s=_STEP_S * speedup),
        ],
        parity=Parity(status="ok"),
        comparisons=[
            Comparison(
                a=JIT,
                b=TORCH_COMPILE,
                time_ratio=speedup,
                ci=(speedup / _INTERVAL, speedup * _INTERVAL),
                launches=5,
                verdict=_verdict(speedup),
            )
        ],
    )
