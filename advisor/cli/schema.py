"""``fw-advisor schema``: the JSON Schema of answers, evidence and decisions."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from advisor.cli import app
from advisor.cli.common import JsonOption, RulesOption, emit_json

if TYPE_CHECKING:
    from advisor.knowledge.model import Fact, RuleBase

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Kind(StrEnum):
    """The documents that have a schema."""

    ANSWERS = "answers"
    EVIDENCE = "evidence"
    DECISION = "decision"


@app.command()
def schema(
    kind: Annotated[
        Kind, typer.Argument(metavar="answers|evidence|decision", help="Which document.")
    ],
    rules: RulesOption = None,
    json: JsonOption = False,  # noqa: ARG001  (a schema is JSON with and without it)
) -> None:
    """Print the JSON Schema of a document.

    Editors complete and check with it.
    """
    if kind is Kind.ANSWERS:
        from advisor.knowledge.loader import load_rule_base

        emit_json(answers_schema(load_rule_base(rules or ())))
    elif kind is Kind.EVIDENCE:
        from advisor.evidence_io import evidence_schema

        emit_json({"$schema": _DIALECT, **evidence_schema()})
    else:
        from advisor.decision import Decision

        emit_json({"$schema": _DIALECT, **Decision.model_json_schema(by_alias=True)})


def answers_schema(base: RuleBase) -> dict[str, Any]:
    """The JSON Schema of an answers file over the vocabulary of *base*."""
    from advisor.answers import SCHEMA
    from advisor.answers_io import PYTHONS

    keys = {k: _value(f) for k, f in sorted(base.facts.items()) if f.origin == "answer"}
    return {
        "$schema": _DIALECT,
        "title": "Answers of fw-advisor",
        "type": "object",
        "required": ["schema"],
        "additionalProperties": False,
        "properties": {
            "schema": {"const": SCHEMA},
            "project": {"type": ["string", "null"]},
            "answers": {"type": "object", "additionalProperties": False, "properties": keys},
            "sources": {
                "type": "object",
                "additionalProperties": {"enum": ["typed", "flag", "file", "detected", "default"]},
            },
            "pythons": {
                "type": "object",
                "description": "The interpreter (or environment) to measure each framework with; "
                "--python goes before it.",
                "additionalProperties": False,
                "properties": {name: {"type": "string"} for name in PYTHONS},
            },
        },
    }


def _value(fact: Fact) -> dict[str, Any]:
    """One answer; ``unknown`` and null are always allowed."""
    words = sorted(fact.values)
    forms: dict[str, dict[str, Any]] = {
        "choice": {"enum": words},
        "flag": {"type": "boolean"},
        "number": _number(fact),
        "choices": {"type": "array", "items": {"enum": words}, "uniqueItems": True},
        "names": {"type": "array", "items": {"type": "string"}},
        "ranking": {"type": "array", "items": {"type": "string"}},
        "version": {"type": "string"},
        "text": {"type": "string"},
        "size": {"type": "object", "additionalProperties": {"type": ["number", "string", "array"]}},
    }
    return {"title": fact.title, "anyOf": [forms[fact.kind], {"enum": ["unknown", None]}]}


def _number(fact: Fact) -> dict[str, Any]:
    bounds = {"minimum": fact.minimum, "maximum": fact.maximum}
    return {"type": "number", **{k: v for k, v in bounds.items() if v is not None}}
