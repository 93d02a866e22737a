"""Records made by hand: every status, every kind of failure, and texts that mean harm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from advisor.answers import Answers
from advisor.decision import CRITERIA, Decision
from advisor.evidence import Evidence
from advisor.evidence_io import evidence_from
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
from advisor.render.decision_words import word_decision

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
             values={"image": text("Images"), "graph": "Graphs"},
             supposed={"graph": text("this were work on graphs")}),
        Fact(id="team.jax", kind="choice", origin="answer", title="The team's JAX", ordered=True,
             values={"none": "None", "deep": "Deep"},
             supposed={"*": "the team's JAX were {value}", "deep": "the team knew JAX deeply"}),
        Fact(id="must_use", kind="names", origin="answer", title="Packages that must be used",
             added={"*": "you had to use {value}"}, removed={"*": "you could do without {value}"}),
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
    return evidence_from(
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
        },
        name="evidence",
    )


def _reason(name: str | None, favours: str, text: Text) -> dict[str, Any]:
    source = {"kind": "rule", "ref": "guide", "text": text("Guide"), "date": "2026-09-01",
              "url": "https://docs.example.org/guide"}  # fmt: skip
    because = {"kind": "answer", "ref": "task", "value": "image"}
    value = {"ratio": 1.3, "ci": [1.2, 1.4], "weight": 1.0}
    measured = {"kind": "measured", "ref": "mlp_train", "value": value}
    return {
        "rule": name,
        "probe": None if name else "mlp_train",
        "favours": favours,
        "criterion": "ecosystem" if name else "performance",
        "contribution": 0.03,
        "text": text(f"Reason of {name}") if name else "",
        "source": source if name else measured,
        "sources": [source] if name else [],
        "because": [because] if name else [measured],
        "strength": "strong" if name else None,
    }


_FROM = ("rules", "answers", "measured", "none")
RECOMMENDED: Mapping[str, dict[str, Any]] = {
    "recommend": {"framework": "pytorch", "mode": COMPILED,
                  "mode_because": {"kind": "measured", "gain": 1.25, "workloads": ["mlp_train"],
                                   "compile_s": 2.0, "break_even_steps": 10_000,
                                   "steps_per_run": 20_000, "restarts_per_day": 50}},
    "lean": {"framework": "jax", "mode": JIT, "mode_because": {"kind": "jit", "compile_s": 2.0}},
    "forced": {"framework": "pytorch", "mode": EAGER, "mode_because": {"kind": "unmeasured"}},
    "no_clear_winner": {"tie_break": "pytorch", "tie_break_because": "codebase"},
    "insufficient_evidence": {},
    "no_feasible_option": {},
}  # fmt: skip
STATUSES = tuple(RECOMMENDED)
LEADER = {"lean": "jax", "no_feasible_option": None}
BARRED = {"forced": ("jax",), "no_feasible_option": ("jax", "pytorch")}


def _recommended(status: str, text: Text) -> dict[str, Any]:
    chosen = {**RECOMMENDED[status]}
    if chosen.get("framework"):
        chosen |= {
            "stack": [{"package": text("timm"), "why": text("models"), "rule": "note.stack.image"}],
            "install": [{"command": text("pip install torch"), "note": text("CPU build"),
                         "sources": ["guide"], "reviewed": "2026-11-01"}],
        }  # fmt: skip
    return chosen


def _performance(text: Text, *, measured: bool) -> dict[str, Any]:
    if not measured:
        return {}
    part = {"id": "mlp_train", "ratio": 1.3, "ci": [1.2, 1.4], "weight": 1.0}
    return {
        "ratio": 1.3,
        "ci": [1.2, 1.4],
        "work": {
            "model": "resnet", "name": "small", "title": text("A network"), "size": {"blocks": 2},
            "device": "cpu", "cores": 2, "verdict": "b_faster",
            "steps": [
                {"framework": "pytorch", "mode": EAGER, "step_s": 0.26, "ci": [0.25, 0.27],
                 "compile_s": 1.0},
                {"framework": "jax", "mode": JIT, "step_s": 0.2, "ci": [0.19, 0.21],
                 "compile_s": 7.0},
            ],
            "extrapolated": {"key": "blocks", "asked": 12, "measured": [1, 3, 5], "checked": 1.04},
            "others": [{"name": "large", "size": {"blocks": 9}, "ratio": 1.2, "ci": [1.1, 1.3]}],
            "carry_over": {"factor": 1.5, "class": "same_size", "from": text("a table")},
            "run": {"steps": 20_000, "pytorch_s": 5201.0, "jax_s": 4007.0},
            "break_even_steps": 100.0,
        },
        "coverage": 0.4,
        "transfer_factor": 1.35,
        "matched_hardware": False,
        "workloads": [{**part, "because": text("The dense head.")}],
        "left_out": [
            {"workload": "matmul", "reason": "not-of-this-task"},
            {"workload": "conv_train", "reason": "mode-without-times",
             "values": {"mode": JIT, "status": "skipped", "because": text("no room")}},
        ],
    }  # fmt: skip


def _flips(text: Text) -> list[dict[str, Any]]:
    return [
        {"change": change, "now": now, "then": then, "then_status": status, "reach": reach}
        for change, now, then, status, reach in (
            ({"team.jax": "deep"}, {"team.jax": "none"}, "jax", "lean", "own"),
            ({"must_use": [text("timm")]}, {"must_use": [text("timm"), "torchvision"]},
             "no_clear_winner", "no_clear_winner", "own"),
            ({"priorities": ["risk=team"]}, {"priorities": ["ecosystem", "risk=team"]},
             "jax", "lean", "own"),
            ({"measured.jax_speedup": 3.4}, {"measured.jax_speedup": 1.3}, "jax", "recommend",
             "near"),
            ({"weight.risk": 0.4}, {"weight.risk": 0.143}, "pytorch", "lean", "near"),
            ({"today": "2027-06-02"}, {"today": "2026-11-24"}, "no_clear_winner",
             "no_clear_winner", "distant"),
            ({"lift": ["veto.platform.windows"]}, {}, "jax", "forced", "own"),
            ({"task": "graph"}, {"task": "image"}, "jax", "lean", "other_project"),
            ({"must_use": [text("timm"), "torchvision", text("brax")]},
             {"must_use": [text("timm"), "torchvision"]}, "jax", "recommend", "other_project"),
        )
    ]  # fmt: skip


def parts(status: str, text: Text = as_it_is, *, measured: bool = True) -> Decision:
    """A decision of that status in which every part is filled, and no words."""
    barred = BARRED.get(status, ())
    return Decision.model_validate(
        {
            "project": text("Sparrow"),
            "created": "2026-11-24",
            "tool": {"version": "0.1.0", "rules": "2026-11-24"},
            "status": status,
            "recommended": _recommended(status, text),
            "leader": LEADER.get(status, "pytorch"),
            "tie_mass": 0.04,
            "options": [
                {"framework": f, "feasible": f not in barred, "p_first": 0.95, "p_clear": 0.94,
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
                {"rule": "claim.performance.small", "probes": ["mlp_train", "conv_train"],
                 "believed_log2": -1.0, "measured_log2": 0.4}
            ],
            "vetoes": [
                {"rule": "veto.platform.windows", "framework": "jax", "title": text("No wheels"),
                 "price": 0.1 if state == "active" else None, "left": "pytorch",
                 "lifts": text("Use Linux"), "status": state}
                for state in ("active", "conditional", "expired")
            ],
            "flips": _flips(text),
            "rests_on": ["claim.ecosystem.models"],
            "unknowns": [
                {"fact": "must_use", "value_of_information": 0.01, "rules_waiting": 26},
                {"probe": "conv_train", "value_of_information": 0.0},
            ],
            "revisit": [
                {"kind": "claim_expires", "date": "2027-06-01", "rule": "claim.ecosystem.models"},
                {"kind": "speed", "condition": {"fact": "measured.jax_speedup", "above": 3.4}},
                {"kind": "event", "rule": "claim.ecosystem.models"},
            ],
            "rules_silent": ["claim.team.silent"],
            "rules_fired": ["claim.ecosystem.models", "claim.performance.small",
                            "note.caution.seeds", "note.stack.image", "veto.platform.windows"],
            "rules_unknown": [{"rule": "claim.risk.waiting", "waits_for": ["must_use"]}],
            "rules_stale": ["claim.performance.small"],
            "notes": [
                {"rule": "note.caution.seeds", "title": text("Seeds differ"), "text": text("So."),
                 "because": [{"kind": "answer", "ref": "task", "value": "image"}]}
            ],
            "performance": _performance(text, measured=measured),
            "notices": [
                {"id": "other-hardware", "severity": "warning", "values": {"device": "cpu"}},
                {"id": "unknown-package", "severity": "warning",
                 "values": {"package": text("pfet")}},
                {"id": "speed-cannot-flip", "severity": "info", "values": {"most": 32.0}},
            ],
            "replay": {"answers_sha256": "a" * 64, "rules_sha256": "b" * 64, "seed": 0,
                       "evidence_sha256": ["c" * 64], "samples": 10000, "tool_version": "0.1.0",
                       "today": "2026-11-24"},
        }
    )  # fmt: skip


WORDS = ("headline", "confidence_text", "mode_reason", "tie_break_reason", "text", "price_text",
         "condition", "outcome", "when")  # fmt: skip


def with_words(value: Any, text: Text) -> Any:
    """*value* with *text* applied to every sentence: a record may hold whatever somebody wrote."""
    if isinstance(value, Mapping):
        return {
            k: text(v) if k in WORDS and isinstance(v, str) and v else with_words(v, text)
            for k, v in value.items()
        }
    return [with_words(v, text) for v in value] if isinstance(value, list) else value


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
    worded = word_decision(parts(status, text, measured=measured), inputs)
    if text is as_it_is:
        return Record(inputs=inputs, decision=worded)
    hostile = with_words(worded.to_dict(), text)
    return Record(inputs=inputs, decision=Decision.model_validate(hostile))
