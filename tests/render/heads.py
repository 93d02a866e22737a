"""The heads that are kept as files: scenarios, and how to write them anew.

Run as ``python -m tests.render.heads`` to write them; every line that changes is then read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from advisor.answers import Answers
from advisor.evidence import Evidence
from advisor.inputs import Inputs
from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.model import Persona
from advisor.knowledge.personas import evidence_of, load_personas
from advisor.record import Record
from advisor.render.decision_words import worded_record
from advisor.render.terminal import render_terminal

GOLDEN = Path(__file__).parent / "golden" / "heads"
TODAY = "2026-11-26"
BASE = load_rule_base()
_END = "\nMeasured here"

_TEAM: dict[str, Any] = {
    "team.pytorch": "some",
    "team.jax": "some",
    "hardware.train": "nvidia",
    "hardware.os": "linux",
    "deadline_weeks": 26,
}
_RESEARCH = {**_TEAM, "task": "scientific_computing", "stage": "research", "codebase": "none"}
_MOLECULES = {**_TEAM, "task": "graph", "stage": "research", "codebase": "none"}
_BAYES = {**_TEAM, "task": "probabilistic", "hardware.train": "cpu", "stage": "research"}
_VISION = {
    **_TEAM,
    "task": "image",
    "stage": "product",
    "codebase": "pytorch",
    "team.pytorch": "deep",
    "team.jax": "none",
    "deployment": "python_server",
    "pretrained": "torch_hub",
}


class Scenario(NamedTuple):
    """Answers, and measured ratios of JAX as against PyTorch by workload."""

    name: str
    answers: dict[str, Any]
    measured: Mapping[str, float] = MappingProxyType({})


OWN = (
    Scenario("must-diffrax", {**_RESEARCH, "must_use": ["diffrax"]}),
    Scenario("must-both", {**_BAYES, "must_use": ["numpyro", "torch-geometric"]}),
    Scenario("must-against-policy", {**_TEAM, "task": "llm_pretraining", "hardware.train": "tpu",
                                     "must_use": ["maxtext"], "exclude": ["jax"]}),
    Scenario("must-transformers-no-pytorch", {**_TEAM, "task": "llm_finetuning",
                                              "must_use": ["transformers"],
                                              "exclude": ["pytorch"]}),
    Scenario("must-flax-with-pytorch-team", {**_TEAM, "task": "language", "team.pytorch": "deep",
                                             "team.jax": "none", "must_use": ["flax"]}),
    Scenario("must-nickname", {**_MOLECULES, "must_use": ["PyG"]}),
    Scenario("must-several-of-one-kind", {**_TEAM, "task": "llm_finetuning",
                                          "must_use": ["transformers", "peft", "trl"]}),
    Scenario("must-unknown", {**_VISION, "must_use": ["our-own-layers"]}),
    Scenario("must-with-bridge", {**_BAYES, "must_use": ["keras"]}),
    Scenario("prefer-optax", {**_RESEARCH, "prefer": ["optax"]}),
    Scenario("prefer-lightning", {**_VISION, "prefer": ["lightning"]}),
    Scenario("tpu-under-windows", {**_TEAM, "task": "language", "hardware.train": "tpu",
                                   "hardware.os": "windows"}),
    Scenario("environment-of-images", {**_VISION, "environment_kind": "in_graph"}),
    Scenario("apple-float64", {**_RESEARCH, "hardware.train": "apple", "hardware.os": "macos",
                               "float64": True}),
    Scenario("vision-product", _VISION),
    Scenario("vision-product-measured-jax", _VISION, {"conv_train": 1.6, "mlp_train": 1.4}),
    Scenario("research-measured-jax", {**_RESEARCH, "hardware.train": "cpu", "team.jax": "deep"},
             {"ode_gradient": 2.5, "mlp_train": 1.9}),
    Scenario("research-measured-pytorch", {**_RESEARCH, "hardware.train": "cpu"},
             {"ode_gradient": 0.53, "mlp_train": 0.6}),
    Scenario("measured-equal", {**_TEAM, "task": "language", "hardware.train": "cpu"},
             {"transformer_train": 1.01}),
    Scenario("measured-slightly", {**_TEAM, "task": "language", "hardware.train": "cpu"},
             {"transformer_train": 0.93}),
    Scenario("bayes-cluster", {**_BAYES, "team.jax": "some", "team.pytorch": "none"}),
    Scenario("mobile", {**_VISION, "deployment": "mobile"}),
    Scenario("browser", {**_VISION, "deployment": "browser", "codebase": "tensorflow"}),
    Scenario("windows-amd", {**_VISION, "hardware.train": "amd", "hardware.os": "windows"}),
    Scenario("teaching", {**_TEAM, "task": "general_research", "stage": "education"}),
    Scenario("all-seven-priorities",
             {**_VISION, "codebase": "none", "pretrained": "none",
              "priorities": ["risk", "ecosystem", "team", "performance", "iteration", "platform",
                             "deployment"]}),
    Scenario("nothing-known", {"task": "general_research"}),
)  # fmt: skip


def record_of(scenario: Scenario) -> Record:
    """The decision of *scenario*, in words."""
    persona = Persona(
        id=scenario.name,
        title=scenario.name,
        answers=scenario.answers,
        measured=scenario.measured,
        expect=(),
        framework=None,
        because="",
    )
    evidence = evidence_of(persona, BASE)
    return worded_record(
        Inputs(
            answers=Answers(project=scenario.name, values=scenario.answers),
            evidence=_listed(evidence),
            base=BASE,
            today=TODAY,
            created=TODAY,
            samples=2000,
        )
    )


def _listed(evidence: Evidence | None) -> tuple[Evidence, ...]:
    return () if evidence is None else (evidence,)


def scenarios() -> Iterator[Scenario]:
    """Those of this file, and the fourteen that were given."""
    yield from OWN
    for persona in load_personas(BASE):
        if persona.id.startswith("given-"):
            yield Scenario(persona.id, dict(persona.answers), dict(persona.measured))


def head_of(record: Record) -> str:
    """What a reader sees first: everything above what was measured."""
    text = render_terminal(record, width=100, colour=False)
    return text.partition(_END)[0].rstrip() + "\n"


def write() -> None:
    """Write every head to its file."""
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for scenario in scenarios():
        head = head_of(record_of(scenario))
        (GOLDEN / f"{scenario.name}.txt").write_text(head, encoding="utf-8")


if __name__ == "__main__":
    write()
