"""A small rule base of its own, so that these tests do not move with the shipped rules."""

from __future__ import annotations

from pathlib import Path

import pytest

VOCABULARY = """\
schema: fw-advisor/vocabulary@1
facts:
  - id: task
    kind: choice
    origin: answer
    title: Task
    values: {image: Images, language: Text, graph: Graphs}
    prior: [[image, 0.5], [language, 0.3], [graph, 0.2]]
  - {id: team.jax, kind: choice, origin: answer, title: JAX, ordered: true,
     values: {none: None, some: Some, deep: Deep}}
  - {id: float64, kind: flag, origin: answer, title: Doubles}
  - {id: transforms, kind: choices, origin: answer, title: Transforms,
     values: {long_scan: Loops, per_sample_grad: Per sample}}
  - {id: must_use, kind: names, origin: answer, title: Packages}
  - {id: python, kind: choice, origin: answer, title: Python,
     values: {"3.10": "3.10", "3.11": "3.11"}}
  - {id: deadline_weeks, kind: number, origin: answer, title: Time,
     minimum: 0, maximum: 520, unit: weeks}
  - {id: priorities, kind: ranking, origin: answer, title: Priorities,
     values: {ecosystem: Libraries, team: People, risk: Risk}}
  - {id: "installed.*", kind: version, origin: detected, title: Version}
  - {id: measured.jax_speedup, kind: number, origin: measured, title: Speed, minimum: 0}
  - {id: "measured.jax_speedup.*", kind: number, origin: measured, title: Speed, minimum: 0}
"""
CRITERIA = """\
schema: fw-advisor/criteria@1
criteria:
  - {id: ecosystem, title: Libraries, question: Do they exist, worst: None, best: All}
  - {id: team, title: People, question: Do they know it, worst: Nobody, best: Everybody}
"""
FRAMEWORKS = """\
schema: fw-advisor/frameworks@1
frameworks:
  - {id: pytorch, title: PyTorch, modes: {pytorch.eager: eager}, packages: [torch],
     switching: weeks}
  - {id: jax, title: JAX, modes: {jax.jit: compiled}, packages: [jax], switching: weeks}
"""
SOURCES = """\
schema: fw-advisor/sources@1
sources:
  - {id: guide, url: "https://docs.example.org/guide", title: Guide, publisher: Example,
     retrieved: 2026-11-20, gist: It says so.}
"""
RULES = """\
schema: fw-advisor/rules@1
rules:
  - id: claim.ecosystem.images
    kind: claim
    title: Images are served well
    when: {task: [image, graph], float64: false}
    effects: [{framework: pytorch, criterion: ecosystem, direction: for, strength: strong}]
    group: images
    reliability: high
    sources: [guide]
    asserted: 2026-01-01
    reviewed: 2026-11-01
    expires: 2027-05-01
    rationale: Because the guide says so.
    revisit_when: the guide changes
    tests:
      - {name: fires, given: {task: image, float64: false}, expect: fires, favours: pytorch}
      - {name: silent, given: {task: language, float64: false}, expect: silent}
      - {name: unknown, given: {task: image}, expect: unknown}
  - id: veto.jax.exclude
    kind: veto
    title: No JAX here
    when: {must_use: torch-geometric}
    excludes: jax
    lifts: do without it
    reliability: high
    sources: [guide]
    asserted: 2026-01-01
    reviewed: 2026-11-01
    expires: 2027-05-01
"""
QUESTIONS = """\
schema: fw-advisor/questions@1
questions:
  - {key: task, text: What, why: It decides., required: true, importance: 1}
  - {key: float64, text: Doubles, why: Devices differ., default: false, skip_when: {task: image}}
  - {key: deadline_weeks, text: When, why: Time., offers: [[2, Soon], [26, Later]]}
"""
FILES = {
    "vocabulary.yaml": VOCABULARY,
    "criteria.yaml": CRITERIA,
    "frameworks.yaml": FRAMEWORKS,
    "sources.yaml": SOURCES,
    "claims/all.yaml": RULES,
    "questions.yaml": QUESTIONS,
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A directory with a small, valid rule base."""
    directory = tmp_path / "rules"
    for name, text in FILES.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return directory


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """An empty directory for a team's own rules."""
    directory = tmp_path / "team"
    directory.mkdir()
    return directory
