"""Decisions of real people as data: what was known, what was decided, and the reasons they gave.

Each file below ``development`` and ``held_out`` is one public thread, post or page, told in words
of ours. It must not know how the product decides.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from ruamel.yaml import YAML

from advisor.answers import SCHEMA as ANSWERS_SCHEMA
from advisor.answers import Answers
from advisor.answers_io import answers_from
from advisor.knowledge.model import RuleBase
from advisor.pair import Framework

HERE = Path(__file__).parent
Part = Literal["development", "held_out"]
PARTS: tuple[Part, ...] = ("development", "held_out")
Decided = Literal["pytorch", "jax", "either", "no_feasible_option"]
Text = Annotated[str, Field(min_length=1)]


class CasePart(BaseModel):
    """Base of every part of a file; a key that nothing reads is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Thread(CasePart):
    """Where a decision was told.

    Attributes:
        date: When it was told or closed; ``unknown`` where the page does not say.
        read: When it was read for this file.
        also: Further pages that were read for the same decision.
    """

    url: Text
    title: Text
    date: dt.date | Literal["unknown"]
    read: dt.date
    also: tuple[Text, ...] = ()


class GivenReason(CasePart):
    """One reason that the people gave: a topic of ``topics.yaml``, and for whom it speaks."""

    topic: Text
    favours: Framework
    says: Text


class Scenario(CasePart):
    """One decision.

    Attributes:
        answers: What is known of the team and its work, in the words of the vocabulary.
        missing: What mattered and the vocabulary has no words for.
        decided: What they took; ``either`` where both are kept or neither was preferred.
        strength: How settled it was: done for stated reasons (strong), done or intended with little
            said (moderate), proposed or wished for (weak).
    """

    schema_: Literal["fw-advisor/scenario@1"] = Field(alias="schema")
    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    source: Thread
    summary: Text
    answers: dict[str, Any]
    missing: tuple[Text, ...] = ()
    decided: Decided
    strength: Literal["weak", "moderate", "strong"]
    reasons: tuple[GivenReason, ...]

    @property
    def reasons_for(self) -> tuple[GivenReason, ...]:
        """The reasons for what was decided; none where it was no single framework."""
        return tuple(r for r in self.reasons if r.favours == self.decided)

    def answers_in(self, base: RuleBase) -> Answers:
        """The answers, checked against the vocabulary of *base*.

        Raises:
            UserError: a key or a value is not in the vocabulary.
        """
        return answers_from({"schema": ANSWERS_SCHEMA, "answers": self.answers}, base, self.id)


@dataclass(frozen=True)
class Topic:
    """What people name as a reason; `rules` are patterns of the rules that say the same."""

    title: str
    criterion: str
    rules: tuple[str, ...]


def part_of(scenario_id: str) -> Part:
    """Where the scenario called *scenario_id* belongs: one in three, by its hash, is held out.

    The rule looks at nothing but the name, was written before any scenario had been decided, and
    stays the same when scenarios are added.
    """
    digest = hashlib.sha256(scenario_id.encode()).hexdigest()
    return "held_out" if int(digest, 16) % 3 == 0 else "development"


@cache
def scenarios_of(part: Part) -> tuple[Scenario, ...]:
    """The scenarios of *part*, by id.

    Raises:
        pydantic.ValidationError: a file does not have the form of a scenario.
    """
    files = sorted((HERE / part).glob("*.yaml"))
    return tuple(Scenario.model_validate(_read(file)) for file in files)


@cache
def topics() -> Mapping[str, Topic]:
    """The closed list of what people name as a reason, by id."""
    return {
        name: Topic(entry["title"], entry["criterion"], tuple(entry["rules"]))
        for name, entry in _read(HERE / "topics.yaml")["topics"].items()
    }


def _read(file: Path) -> Any:
    return YAML(typ="safe").load(file.read_text("utf-8"))
