"""Records made by hand: every status, every kind of failure, and texts that mean harm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from advisor.answers import Answers
from advisor.decision import CRITERIA, Decision
from advisor.evidence import Evidence
from advisor.inputs import Inputs
from advisor.knowledge.model import (
    AllOf,
    CriterionInfo,
    Effect,
    Fact,
    FrameworkInfo,
    OneOf,
    Rule,
    RuleBase,
    Source,
)
from advisor.record import Record

Text = Callable[[str], str]


def as_it_is(text: str) -> str:
    """The text itself."""
    return text


def rule(name: str, text: Text = as_it_is, **more: Any) -> Rule:
    """A rule with its dates and one source."""
    given: dict[str, Any] = {
        "id": name,
        "kind": name.split(".", maxsplit=1)[0],
        "title": text(f"Title of {name}"),
        "when": OneOf("task", ("image",)),
        "group": name,
        "reliability": "high",
        "sources": ("guide",),
        "asserted": "2026-01-01",
        "reviewed": "2026-10-01",
        "expires": "2027-06-01",
        "rationale": text(f"Rationale of {name}."),
        "revisit_when": text("the guide changes"),
    }
    return Rule(**{**given, **more})


def rule_base(text: Text = as_it_is) -> RuleBase:
    """A small rule base; *text* changes every free text in it."""
    effect = Effect(framework="pytorch", criterion="ecosystem", direction="for", strength="strong")
    facts = [
        Fact(id="task", kind="choice", origin="answer", title=text("Task"),
             values={"image": text("Images"), "graph": "Graphs"}),
        Fact(id="team.jax", kind="choice", origin="answer", title="The team's JAX", ordered=True,
             values={"none": "None", "deep": "Deep"}),
        Fact(id="must_use", kind="names", origin="answer", title="Packages that must be used"),
        Fact(id="steps_per_run", kind="number", origin="answer", title="Steps", unit="steps"),
        Fact(id="priorities", kind="ranking", origin="answer", title="Priorities",
             values={"ecosystem": "Libraries", "risk": "Risk", "team": "People"}),
    ]  # fmt: skip
    frameworks = [
        FrameworkInfo(id="pytorch", title="PyTorch", packages=("torch",),
                      modes={"pytorch.eager": "eager", "pytorch.compile": "torch.compile"},
                      switching=text("Plan 2 to 8 weeks.")),
        FrameworkInfo(id="jax", title="JAX", packages=("jax",), modes={"jax.jit": "jax.jit"},
                      switching="Plan 1 to 6 weeks."),
    ]  # fmt: skip
    sources = [
        Source(id="guide", url="https://docs.example.org/guide?a=1&b=(2)", title=text("Guide"),
               publisher=text("Example"), retrieved="2026-10-01", published="2026-09-01",
               gist=text("It says so.")),
        Source(id="bad-link", url="javascript:alert(1)", title="Bad link", publisher="Nobody",
               retrieved="2026-10-01", gist="Must never become a link."),
    ]  # fmt: skip
    return RuleBase(
        facts={f.id: f for f in facts},
        criteria={
            c: CriterionInfo(id=c, title=c.capitalize(), question="?", worst="-", best="+")
            for c in CRITERIA
        },
        frameworks={f.id: f for f in frameworks},
        sources={s.id: s for s in sources},
        rules=(
            rule("claim.ecosystem.models", text, effects=(effect,)),
            rule("claim.performance.small", text, about="speed.mlp_train", sources=("bad-link",),
                 effects=(replace(effect, criterion="performance", framework="jax"),)),
            rule("claim.risk.waiting", text, when=OneOf("must_use", ("x",)), effects=(effect,)),
            rule("claim.team.silent", text, when=OneOf("task", ("graph",)), effects=(effect,)),
            rule("note.caution.seeds", text),
            rule("note.stack.image", text, suggests={"framework": "pytorch"}),
            rule("veto.platform.windows", text, excludes="jax", when=AllOf(()),
                 lifts=text("Use Linux")),
        ),
        version="2026-11-24",
    )  # fmt: skip


def answers(text: Text = as_it_is) -> Answers:
    """Answers from every source, one of them not known."""
    values: dict[str, Any] = {
        "task": "image",
        "team.jax": "none",
        "must_use": [text("timm"), "torchvision"],
        "steps_per_run": 20000.0,
        "priorities": ["ecosystem", "risk=team"],
    }
    sources: dict[str, Any] = {
        "task": "typed",
        "team.jax": "detected",
        "must_use": "flag",
        "steps_per_run": "default",
        "priorities": "file",
    }
    return Answers(text("Sparrow"), values, sources, ("python",))


def entry(mode: str, median_s: float | None, **more: Any) -> dict[str, Any]:
    """One mode of a probe."""
    given: dict[str, Any] = {
        "framework": mode.split(".", maxsplit=1)[0],
        "mode": mode,
        "status": "ok" if median_s else "failed",
        "median_s": median_s,
    }
    if median_s:
        given |= {
            "p95_s": median_s * 1.2,
            "interval_s": [median_s * 0.9, median_s * 1.1],
            "effective_cores": 1.0,
            "import_s": 1.1,
            "first_call_s": 0.2,
            "compile_s": 2.0,
            "compile_warm_s": 0.5,
            "peak_memory_bytes": 300 * 1024 * 1024,
        }
    return {**given, **more}


def compared(a: str, b: str, ratio: float | None, verdict: str, **more: Any) -> dict[str, Any]:
    """A comparison with an interval of 5 % to both sides."""
    ci = None if ratio is None else [ratio / 1.05, ratio * 1.05]
    given = {"a": a, "b": b, "time_ratio": ratio, "ci": ci, "launches": 5, "verdict": verdict}
    return {**given, "margin": 0.05, **more}


EAGER, COMPILED, JIT = "pytorch.eager", "pytorch.compile", "jax.jit"
UNSHOWN = 7.654
"""The ratio of an invalid comparison: no format may show it."""


def probe(name: str, **more: Any) -> dict[str, Any]:
    """A probe on one core."""
    given = {"id": name, "title": name, "device": "cpu", "cores": 1, "size": {"batch": 64}}
    return {**given, "precision": "float32", "parity": {"status": "ok"}, **more}


def gates(text: Text = as_it_is) -> list[dict[str, Any]]:
    """A certificate with one condition of each outcome."""
    return [
        {"id": "parity-failed", "status": "passed", "text": text("same outputs")},
        {"id": "threads-differ", "status": "failed", "text": text("1 and 2 threads")},
        {"id": "precision-differs", "status": "unknown", "text": "not checked"},
        {"id": "compiles-again", "status": "not_applicable"},
    ]


def evidence(text: Text = as_it_is, settings: str = "matched", scale: float = 1.0) -> Evidence:
    """Evidence with every status of an entry and every verdict."""
    reason = {"id": "crashed", "text": text("the worker stopped"), "hint": text("see doctor")}
    sizes = [(64, 1.3), (1024, 0.7)]
    probes = [
        probe(
            "mlp_train",
            size={"batch": batch},
            entries=[
                entry(EAGER, 1e-3 * batch / 64, variant=text("fused Adam")),
                entry(COMPILED, 0.8e-3 * batch / 64),
                entry(JIT, 0.8e-3 * batch / 64 / ratio),
            ],
            comparisons=[
                compared(JIT, EAGER, ratio * 1.25 * scale,
                         "a_faster" if ratio > 1 else "inconclusive"),
                compared(JIT, COMPILED, ratio * scale, "a_faster" if ratio > 1 else "b_faster",
                         certificate=gates(text)[:1]),
            ],
        )
        for batch, ratio in sizes
    ]  # fmt: skip
    probes.append(
        probe(
            "conv_train",
            entries=[
                entry(EAGER, 2e-3),
                entry(COMPILED, None, status="timeout", reason=reason),
                entry(JIT, None, status="skipped"),
                entry("jax.eager", None, status="interrupted", reason={"id": "stopped"}),
            ],
            comparisons=[
                compared(EAGER, JIT, UNSHOWN, "invalid", reason=reason, certificate=gates(text))
            ],
        )
    )
    probes.append(
        probe(
            "matmul",
            cores=2,
            entries=[
                entry(EAGER, 5e-4),
                entry(JIT, 5e-4),
                entry("jax.eager", None, status="invalid"),
            ],
            comparisons=[compared(EAGER, JIT, 1.0 * scale, "equivalent")],
        )
    )
    return Evidence.model_validate(
        {
            "schema": "fw-advisor/evidence@1",
            "created": "2026-11-24",
            "settings": settings,
            "machine": {
                "os": "linux",
                "cpu": text("Some CPU"),
                "cores_usable": 2,
                "memory_bytes": 1 << 34,
                "accelerators": [{"kind": "nvidia", "name": text("H100"), "memory_bytes": 1 << 36}],
            },
            "toolchains": [
                {
                    "framework": "pytorch",
                    "version": "2.13.0",
                    "interpreter": text("/usr/bin/python3"),
                    "devices": [{"device": "cpu", "name": text("CPU")}],
                    "packages": {"torch": text("2.13.0")},
                    "environment": {"LANG": text("C.UTF-8")},
                },
                {"framework": "jax", "problem": reason},
            ],
            "selftest": {"status": "passed", "aa_log_sd": 0.001, "planted_detected": True},
            "probes": probes,
            "notices": [{"id": "n", "severity": "warning", "text": text("battery"), "hint": "-"}],
        }
    )


def _reason(name: str | None, favours: str, text: Text) -> dict[str, Any]:
    source = {"kind": "rule", "ref": "guide", "text": text("Guide"), "date": "2026-09-01",
              "url": "https://docs.example.org/guide"}  # fmt: skip
    because = {"kind": "answer", "ref": "task", "text": text("Task: Images")}
    measured = {"kind": "measured", "ref": "mlp_train", "text": text("JAX 1.3 times")}
    return {
        "rule": name,
        "probe": None if name else "mlp_train",
        "favours": favours,
        "criterion": "ecosystem" if name else "performance",
        "contribution": 0.03,
        "text": text(f"Reason of {name or 'the measurement'}"),
        "source": source if name else measured,
        "sources": [source] if name else [],
        "because": [because] if name else [measured],
        "strength": "strong" if name else None,
    }


_FROM = ("rules", "answers", "measured", "none")
RECOMMENDED: Mapping[str, dict[str, Any]] = {
    "recommend": {"framework": "pytorch", "mode": COMPILED},
    "lean": {"framework": "jax", "mode": JIT},
    "forced": {"framework": "pytorch", "mode": EAGER},
    "no_clear_winner": {"tie_break": "pytorch"},
    "insufficient_evidence": {},
    "no_feasible_option": {},
}
STATUSES = tuple(RECOMMENDED)


def decision(status: str, text: Text = as_it_is, *, measured: bool = True) -> Decision:
    """A decision of that status in which every part is filled."""
    chosen = {**RECOMMENDED[status]}
    if chosen.get("framework"):
        chosen |= {
            "mode_reason": text("it pays on mlp_train"),
            "stack": [{"package": text("timm"), "why": text("models"), "rule": "note.stack.image"}],
            "install": [{"command": text("pip install torch"), "note": text("CPU build"),
                         "sources": ["guide"], "reviewed": "2026-11-01"}],
        }  # fmt: skip
    if chosen.get("tie_break"):
        chosen["tie_break_reason"] = text("there is code")
    barred = {"forced": ("jax",), "no_feasible_option": ("jax", "pytorch")}.get(status, ())
    performance: dict[str, Any] = {"ratio": None, "ci": None, "workloads": [], "left_out": []}
    if measured:
        performance = {
            "ratio": 1.3,
            "ci": [1.2, 1.4],
            "coverage": 0.4,
            "transfer_factor": 1.35,
            "matched_hardware": False,
            "workloads": [{"id": "mlp_train", "ratio": 1.3, "ci": [1.2, 1.4], "weight": 1.0}],
            "left_out": [{"workload": "matmul", "reason": "spare", "text": text("spare")}],
        }
    return Decision.model_validate(
        {
            "project": text("Sparrow"),
            "created": "2026-11-24",
            "tool": {"version": "0.1.0", "rules": "2026-11-24"},
            "status": status,
            "recommended": chosen,
            "headline": text(f"Headline of {status}"),
            "confidence_text": text("PyTorch is clearly ahead in 94 % of the samples"),
            "options": [
                {"framework": f, "feasible": f not in barred, "p_first": 0.5, "p_clear": 0.3,
                 "utility": 0.6, "vetoes": ["veto.platform.windows"] if f in barred else []}
                for f in ("pytorch", "jax")
            ],
            "criteria": [
                {"id": c, "weight": 1 / 7, "pytorch": 0.7, "jax": 0.6,
                 "contribution": 0.01 * (k - 3), "from": _FROM[k % 4]}
                for k, c in enumerate(CRITERIA)
            ],
            "reasons": [
                _reason("claim.ecosystem.models", "pytorch", text),
                *([_reason(None, "jax", text)] if measured else []),
            ],
            "contradictions": [] if not measured else [
                {"rule": "claim.performance.small", "probe": "mlp_train",
                 "text": text("measured otherwise"), "believed_log2": -1.0, "measured_log2": 0.4}
            ],
            "vetoes": [
                {"rule": "veto.platform.windows", "framework": "jax", "title": text("No wheels"),
                 "price": 0.1, "price_text": text("costs 0.10"), "lifts": text("Use Linux"),
                 "status": state}
                for state in ("active", "conditional", "expired")
            ],
            "flips": [
                {"change": change, "then": then, "then_status": then_status,
                 "text": text("If something changed: it would lean towards JAX")}
                for change, then, then_status in (
                    ({"task": "graph"}, "jax", "lean"),
                    ({"measured.jax_speedup": 3.4}, "jax", "recommend"),
                    ({"weight.risk": 0.4}, "pytorch", "lean"),
                    ({"lift": ["veto.platform.windows"]}, "jax", "forced"),
                    ({"must_use": [text("brax")]}, "no_clear_winner", "no_clear_winner"),
                    ({"today": "2027-06-02"}, "no_clear_winner", "no_clear_winner"),
                )
            ],
            "rests_on": ["claim.ecosystem.models"],
            "unknowns": [
                {"fact": "must_use", "value_of_information": 0.01, "text": text("not answered")},
                {"probe": "conv_train", "value_of_information": 0.0, "text": text("not measured")},
            ],
            "revisit": [
                {"when": text("on 2027-06-01: it expires"), "date": "2027-06-01",
                 "rule": "claim.ecosystem.models"},
                {"when": text("when the people change")},
            ],
            "rules_silent": ["claim.team.silent"],
            "rules_fired": ["claim.ecosystem.models", "claim.performance.small",
                            "note.caution.seeds", "note.stack.image", "veto.platform.windows"],
            "rules_unknown": [{"rule": "claim.risk.waiting", "waits_for": ["must_use"]}],
            "rules_stale": ["claim.performance.small"],
            "notes": [
                {"rule": "note.caution.seeds", "title": text("Seeds differ"), "text": text("So."),
                 "because": [{"kind": "answer", "ref": "task", "text": text("Task: Images")}]}
            ],
            "performance": performance,
            "notices": [
                {"id": "other-hardware", "severity": "warning", "text": text("other hardware")},
                {"id": "nothing", "severity": "info", "text": text("rules only")},
            ],
            "replay": {"answers_sha256": "a" * 64, "rules_sha256": "b" * 64, "seed": 0,
                       "evidence_sha256": ["c" * 64], "samples": 10000, "tool_version": "0.1.0",
                       "today": "2026-11-24"},
        }
    )  # fmt: skip


def record(
    status: str = "recommend", text: Text = as_it_is, *, measured: bool = True, twice: bool = True
) -> Record:
    """A whole record; *twice*: default settings measured beside the matched ones."""
    documents: tuple[Evidence, ...] = ()
    if measured:
        documents = (evidence(text),)
        if twice:
            documents += (evidence(text, "default", 1.2),)
    inputs = Inputs(
        answers=answers(text),
        evidence=documents,
        base=rule_base(text),
        today="2026-11-24",
        created="2026-11-24",
        tool_version="0.1.0",
    )
    return Record(inputs=inputs, decision=decision(status, text, measured=measured))
