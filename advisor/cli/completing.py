"""What a shell completes after an option: the values that the option takes.

Knows where the values stand. Everything is loaded only when a shell asks; where something cannot
be read nothing is completed, since a shell has no place for an error.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from advisor.knowledge.model import RuleBase

PROFILES = "quick|standard|thorough"
SETTINGS = "matched|default"
PRECISIONS = "float32|tf32"
FRAMEWORKS = "pytorch|jax"


def _fitting(values: Iterable[str], incomplete: str) -> list[str]:
    return sorted(value for value in values if value.startswith(incomplete))


def _base() -> RuleBase | None:
    from advisor.errors import UserError
    from advisor.knowledge.loader import load_rule_base

    with contextlib.suppress(UserError, OSError):
        return load_rule_base(())
    return None


def profiles(incomplete: str) -> list[str]:
    """``--profile``."""
    return _fitting(PROFILES.split("|"), incomplete)


def settings(incomplete: str) -> list[str]:
    """``--settings``."""
    return _fitting(SETTINGS.split("|"), incomplete)


def precisions(incomplete: str) -> list[str]:
    """``--precision``."""
    return _fitting(PRECISIONS.split("|"), incomplete)


def frameworks(incomplete: str) -> list[str]:
    """``--framework``."""
    return _fitting(FRAMEWORKS.split("|"), incomplete)


def devices(incomplete: str) -> list[str]:
    """``--device``."""
    from advisor.devices import DEVICES

    return _fitting(DEVICES, incomplete)


def tasks(incomplete: str) -> list[str]:
    """``--task``."""
    return _values_of("task", incomplete)


def transforms(incomplete: str) -> list[str]:
    """``--transform``."""
    return _values_of("transforms", incomplete)


def _values_of(key: str, incomplete: str) -> list[str]:
    base = _base()
    return _fitting(base.facts[key].values, incomplete) if base else []


def probes(incomplete: str) -> list[str]:
    """``--only`` and ``--skip``."""
    from advisor.knowledge.vocabulary import WORKLOADS

    return _fitting(WORKLOADS, incomplete)


def rule_ids(incomplete: str) -> list[str]:
    """``rules explain`` and its like."""
    base = _base()
    return _fitting((rule.id for rule in base.rules), incomplete) if base else []


def assignments(incomplete: str) -> list[str]:
    """``--set``: the keys, and after the equals sign their values."""
    base = _base()
    if base is None:
        return []
    key, equals, word = incomplete.partition("=")
    if not equals:
        return _fitting((f"{question.key}=" for question in base.questions), incomplete)
    fact = base.facts.get(key)
    if fact is None:
        return []
    values = ["true", "false"] if fact.kind == "flag" else [*fact.values]
    return [f"{key}={value}" for value in _fitting([*values, "unknown"], word)]
