"""Which workloads stand for a task and its transforms: how much, why, and in which sizes.

Knows the rule base and the facts. It must not know what was measured.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from advisor.knowledge.model import RuleBase, TaskWeights


def workload_weights(base: RuleBase, facts: Mapping[str, Any]) -> dict[str, float]:
    """Which workloads stand for the task and its transforms; the weights add up to 1."""
    total: dict[str, float] = {}
    for entry in base.task_weights:
        if _says(entry, facts):
            for workload, weight in entry.weights.items():
                total[workload] = total.get(workload, 0.0) + weight
    whole = math.fsum(total.values())
    return {w: total[w] / whole for w in sorted(total)} if whole > 0 else {}


def largest_only(base: RuleBase, facts: Mapping[str, Any]) -> frozenset[str]:
    """The workloads of which the largest size alone stands for the task."""
    largest: set[str] = set()
    every: set[str] = set()
    for entry in base.task_weights:
        if _says(entry, facts):
            (largest if entry.sizes == "largest" else every).update(entry.weights)
    return frozenset(largest - every)


def _says(entry: TaskWeights, facts: Mapping[str, Any]) -> bool:
    said = facts.get(entry.fact)
    return said == entry.value or (isinstance(said, (list, tuple)) and entry.value in said)


def workload_reasons(base: RuleBase, facts: Mapping[str, Any]) -> dict[str, str]:
    """Why each workload stands for the task, in the words of the rule base."""
    reasons: dict[str, str] = {}
    for entry in base.task_weights:
        if _says(entry, facts):
            for workload, text in entry.because.items():
                reasons.setdefault(workload, text)
    return reasons
