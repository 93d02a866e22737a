"""Small rule bases, answers and evidence, made by hand so that each test shows what it is about."""

from __future__ import annotations

from typing import Any

from advisor.answers import Answers
from advisor.decide.judging import outcomes_of, situation_of
from advisor.decision import CRITERIA
from advisor.evidence import Evidence
from advisor.evidence_io import evidence_from
from advisor.inputs import Inputs
from advisor.knowledge.families import CarryOver, StandardModel
from advisor.knowledge.model import (
    CriterionInfo,
    Effect,
    Fact,
    FrameworkInfo,
    OneOf,
    Rule,
    RuleBase,
    Source,
    TaskWeights,
)

TODAY = "2026-11-24"
FACTS = (
    Fact(id="task", kind="choice", origin="answer", title="Task",
         values={"image": "Images", "graph": "Graphs"}),
    Fact(id="team.pytorch", kind="choice", origin="answer", title="PyTorch skill", ordered=True,
         values={"none": "None", "some": "Some", "deep": "Deep"}),
    Fact(id="team.jax", kind="choice", origin="answer", title="JAX skill", ordered=True,
         values={"none": "None", "some": "Some", "deep": "Deep"}),
    Fact(id="hardware.train", kind="choice", origin="answer", title="Hardware",
         values={"cpu": "CPU", "nvidia": "NVIDIA GPU", "tpu": "TPU"},
         prior=(("cpu", 0.45), ("nvidia", 0.45), ("tpu", 0.1))),
    Fact(id="hardware.same_as_here", kind="flag", origin="answer", title="Same machine"),
    Fact(id="deployment", kind="choice", origin="answer", title="Deployment",
         values={"none": "None", "mobile": "Phone"}),
    Fact(id="exclude", kind="choices", origin="answer", title="Ruled out",
         values={"pytorch": "PyTorch", "jax": "JAX"}, prior=(([], 0.9), (["jax"], 0.1))),
    Fact(id="must_use", kind="names", origin="answer", title="Packages"),
    Fact(id="codebase", kind="choice", origin="answer", title="Code",
         values={"none": "None", "pytorch": "PyTorch", "jax": "JAX"}),
    Fact(id="priorities", kind="ranking", origin="answer", title="Priorities",
         values={c: c for c in CRITERIA}),
    Fact(id="measured.jax_speedup", kind="number", origin="measured", title="Speed"),
)  # fmt: skip


def rule(
    name: str,
    *effects: tuple[str, str, str, str],
    when: Any = None,
    kind: Any = "claim",
    **more: Any,
) -> Rule:
    """A rule; an effect is (framework, criterion, direction, strength)."""
    parts: dict[str, Any] = {
        "group": name, "reliability": "high", "sources": ("here",), "asserted": "2026-10-01",
        "reviewed": "2026-11-01", "expires": "2027-10-01",
        "when": OneOf("task", ("image",)) if when is None else when,
    }  # fmt: skip
    parts.update(more)
    words = ("framework", "criterion", "direction", "strength")
    made = tuple(Effect(**dict(zip(words, e, strict=True))) for e in effects)
    return Rule(id=name, kind=kind, title=f"title of {name}", effects=made, **parts)


def skill_rules() -> tuple[Rule, ...]:
    """What the team knows, for both frameworks and every level."""
    made = []
    for framework in ("pytorch", "jax"):
        for level, direction, strength in (
            ("none", "against", "moderate"),
            ("some", "for", "weak"),
            ("deep", "for", "strong"),
        ):
            made.append(
                rule(
                    f"claim.team.{framework}-{level}",
                    (framework, "team", direction, strength),
                    when=OneOf(f"team.{framework}", (level,)),
                    group=f"skill-{framework}",
                )
            )
    return tuple(made)


def policies() -> tuple[Rule, ...]:
    """One veto per framework, by policy."""
    return tuple(
        rule(
            f"veto.policy.{framework}",
            kind="veto",
            when=OneOf("exclude", (framework,)),
            excludes=framework,
            lifts="change the policy",
        )
        for framework in ("pytorch", "jax")
    )


def base_of(*rules: Rule) -> RuleBase:
    """A rule base with the facts, criteria and options above."""
    return RuleBase(
        facts={f.id: f for f in FACTS},
        criteria={
            c: CriterionInfo(id=c, title=c, question="?", worst="-", best="+") for c in CRITERIA
        },
        frameworks={
            f: FrameworkInfo(id=f, title=f, modes={}, packages=(), switching="weeks")
            for f in ("pytorch", "jax")
        },
        sources={
            "here": Source(id="here", url="", title="A source", publisher="us",
                           retrieved="2026-11-01", gist="it says so"),
        },
        rules=rules,
        task_weights=(
            TaskWeights(fact="task", value="image", reason="it is",
                        weights={"conv_train": 0.75, "matmul": 0.25}),
        ),
        standards=(StandardModel("image", "resnet", "small", "it is"),),
        carry_over=(
            CarryOver("own_module", 1.25, "a table", "2026-11-01"),
            CarryOver("same_size", 1.5, "a table", "2026-11-01"),
            CarryOver("other_size", 2.0, "a table", "2026-11-01"),
            CarryOver("other", 2.0, "another table", "2026-11-01"),
        ),
        version="test",
    )  # fmt: skip


def broad(framework: str, strength: str = "strong", **more: Any) -> tuple[Rule, ...]:
    """A claim for *framework* on every criterion but speed."""
    return tuple(
        rule(f"claim.{c}.{framework}", (framework, c, "for", strength), **more)
        for c in CRITERIA
        if c != "performance"
    )


def comparison(jax_speedup: float, *, mode: str = "pytorch.eager", **more: Any) -> dict[str, Any]:
    """PyTorch in *mode* against JAX; *jax_speedup* above 1: JAX is faster."""
    ratio = 1.0 / jax_speedup
    verdict = "a_faster" if ratio > 1.05 else "b_faster" if ratio < 0.95 else "equivalent"
    made = {
        "a": mode,
        "b": "jax.jit",
        "time_ratio": ratio,
        "ci": [ratio * 0.98, ratio * 1.02],
        "verdict": verdict,
    }
    return {**made, **more}


def probe(workload: str, *comparisons: dict[str, Any], **more: Any) -> dict[str, Any]:
    """One probe of an evidence document."""
    return {"id": workload, "comparisons": list(comparisons), **more}


def work(jax_speedup: float, **more: Any) -> dict[str, Any]:
    """The standard model of an image task; *jax_speedup* above 1: JAX is faster."""
    ratio = 1.0 / jax_speedup
    verdict = "a_faster" if ratio > 1.05 else "b_faster" if ratio < 0.95 else "equivalent"
    steps = {"pytorch.eager": 0.01 * jax_speedup, "jax.jit": 0.01}
    made = {
        "model": "resnet", "name": "small", "title": "A network", "size": {"blocks": 2},
        "modes": [{"mode": m, "step_s": s, "chosen": True} for m, s in steps.items()],
        "a": "pytorch.eager", "b": "jax.jit", "time_ratio": ratio,
        "ci": [ratio * 0.98, ratio * 1.02], "verdict": verdict,
    }  # fmt: skip
    return {**made, **more}


def evidence_with(*probes: dict[str, Any], **more: Any) -> Evidence:
    """An evidence document with as little as it may hold."""
    data = {"schema": "fw-advisor/evidence@1", "probes": list(probes), **more}
    return evidence_from(data, name="test")


def measured(jax_speedup: float, **more: Any) -> Evidence:
    """The standard model, and beside it the workload that most of the task is."""
    return evidence_with(
        probe("conv_train", comparison(jax_speedup)), works=[work(jax_speedup)], **more
    )


def inputs_for(
    base: RuleBase, values: dict[str, Any] | None = None, *evidence: Evidence, **more: Any
) -> Inputs:
    """Inputs of a decision."""
    return Inputs(
        answers=Answers(values={"task": "image"} if values is None else values),
        evidence=evidence,
        base=base,
        **{"today": TODAY, "samples": 4000, **more},
    )


def facts_in(*evidence: Evidence) -> dict[str, Any]:
    """Every fact that is known for an image task with this evidence."""
    facts, _ = outcomes_of(situation_of(inputs_for(base_of(), None, *evidence)))
    return facts
