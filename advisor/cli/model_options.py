"""Which models the answers ask to be measured, as the options of ``probe`` write them.

Where nobody said which model it is, that is the standard one of the task and the family's usual
size. Knows answers and the rule base's families; measures nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from advisor.knowledge.standards import standard_for

if TYPE_CHECKING:
    from advisor.answers import Answers
    from advisor.knowledge.model import RuleBase


def models_asked(base: RuleBase, answers: Answers) -> tuple[str, ...]:
    """``FAMILY:PRESET`` or ``FAMILY:{sizes}`` of each model to measure; none without a task."""
    values = answers.values
    family = values.get("model")
    preset, size = values.get("model.preset"), values.get("model.size")
    if isinstance(family, str) and family in base.families:
        if isinstance(size, Mapping):
            return (_sized(base, family, preset, size),)
        if isinstance(preset, str):
            return (f"{family}:{preset}",)
        return _usual(base, family, "")
    standard = standard_for(base, values)
    if standard is None or standard.model not in base.families:
        return ()
    return _usual(base, standard.model, standard.preset, standard.smaller)


def model_options(base: RuleBase, answers: Answers) -> tuple[str, ...]:
    """The same as options of ``fw-advisor probe``."""
    return tuple(word for text in models_asked(base, answers) for word in ("--model", text))


def _usual(base: RuleBase, family: str, preset: str, smaller: str = "") -> tuple[str, ...]:
    """The *preset*, and a *smaller* or the first one: whether the winner depends on the size."""
    first = smaller or next(iter(base.families[family].presets), "")
    names = dict.fromkeys(name for name in (preset or first, first) if name)
    return tuple(f"{family}:{name}" for name in names) or (family,)


def _sized(base: RuleBase, family: str, preset: Any, size: Mapping[str, Any]) -> str:
    """Own numbers, over those of the preset that they change."""
    named = base.families[family].presets.get(str(preset), {})
    return f"{family}:{json.dumps({**named, **size})}"


def task_options(answers: Answers) -> tuple[str, ...]:
    """The probe options for task and transforms; empty without a task."""
    task, transforms = answers.values.get("task"), answers.values.get("transforms")
    if not isinstance(task, str):
        return ()
    named = [str(name) for name in transforms] if isinstance(transforms, list) else []
    return ("--task", task, *(word for name in named for word in ("--transform", name)))
