"""The facts that rules speak of: answers, what was detected, what was measured, what follows.

Several places where a model runs are seen by every rule about a place at once; the class of moving
the code follows from a scan, else from the size that was told, and from how far the other
framework has its counterpart. Knows where each fact comes from. It must not know rules: nothing
here fires or weighs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from advisor.code_reading import EFFORTS, NOT_READ
from advisor.decide.workloads import Explanation, by_workload, combined, on_most_cores
from advisor.decide.works import Speed
from advisor.pair import FRAMEWORKS, rival_of
from advisor.ratio import mean
from advisor.reading.called import SpeedReadings
from advisor.reading.crossover import winners_differ

PLACE, PLACES = "deployment", "targets"
SIZE, COUNTERPART = "code_size", "counterpart"
NOT_KNOWN = "not_known"
OF_CODE = frozenset({SIZE, COUNTERPART, "migration.to_jax", "migration.to_pytorch"})
"""The answers from which the class is derived."""
_OWN_CODE = frozenset(FRAMEWORKS)


def facts_of(
    values: Mapping[str, Any],
    detected: Mapping[str, Any],
    readings: SpeedReadings,
    speed: Speed | None,
    explained: Explanation,
) -> dict[str, Any]:
    """Every known fact by id, keys sorted; what is not known is absent.

    Args:
        values: The answers' values.
        detected: ``detected.*`` and ``installed.*``.
        readings: What the evidence says about speed.
        speed: The measured speed of the model that stands for the answers.
        explained: What the task's workloads say.
    """
    facts = {
        # A policy that nobody stated is no policy; otherwise every decision would wait for it.
        "exclude": [],
        # So is a need.
        "needs": [],
        # Code that nobody read is judged by what it is written in.
        "migration.to_jax": NOT_READ,
        "migration.to_pytorch": NOT_READ,
        **detected,
        **_measured_facts(readings, speed, explained),
        **{k: v for k, v in values.items() if v is not None and v != "unknown"},
    }
    facts.update(effort_facts(facts))
    facts.update(place_facts(facts))
    return {k: facts[k] for k in sorted(facts)}


def _measured_facts(
    readings: SpeedReadings, speed: Speed | None, explained: Explanation
) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if speed is not None and not speed.open:
        facts["measured.jax_speedup"] = speed.speedup.value
    of_task = frozenset(w.workload for w in explained.workloads)
    if of_task not in readings.remembered:
        readings.remembered[of_task] = {
            **_of_workloads(readings),
            **_of_compiling(readings, of_task),
        }
    return {**facts, **readings.remembered[of_task]}


def _of_workloads(readings: SpeedReadings) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for workload, every in by_workload(readings.comparisons).items():
        counted = on_most_cores(every)
        # A rule's condition on a ratio must not fire on the middle of two opposite winners.
        if counted and not winners_differ(counted):
            facts[f"measured.jax_speedup.{workload}"] = combined(counted).value
    return facts


def _of_compiling(readings: SpeedReadings, of_task: frozenset[str]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    costs = readings.compile_costs
    gains = [c.gain for c in costs if c.workload in of_task] or [c.gain for c in costs]
    if gains:
        facts["measured.compile_gain"] = mean(gains).value
    for framework, seconds in readings.compile_s.items():
        facts[f"measured.compile_s.{framework}"] = seconds[len(seconds) // 2]
    return facts


def places_in(values: Mapping[str, Any]) -> list[str]:
    """The places that *values* name, each once, the one of ``deployment`` first."""
    first, more = values.get(PLACE), values.get(PLACES)
    named = [first] if isinstance(first, str) else []
    if isinstance(more, (list, tuple)):
        named += [str(place) for place in more]
    return list(dict.fromkeys(place for place in named if place != "unknown"))


def place_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The fact ``deployment`` where ``targets`` name places: all of them, or the only one."""
    places = places_in(facts)
    if not facts.get(PLACES) or not places:
        return {}
    return {PLACE: places if len(places) > 1 else places[0]}


def effort_facts(facts: Mapping[str, Any]) -> dict[str, str]:
    """The derived facts ``switching.to_FRAMEWORK``: the class of moving the code there.

    Only where there is code of the other framework; other code is written anew in either.
    """
    code = facts.get("codebase")
    if code not in _OWN_CODE:
        return {}
    target = rival_of(code)
    return {f"switching.to_{target}": _effort(target, facts)}


def _effort(target: str, facts: Mapping[str, Any]) -> str:
    read = facts.get(f"migration.to_{target}", NOT_READ)
    effort = str(facts.get(SIZE, NOT_KNOWN)) if read == NOT_READ else str(read)
    if effort in EFFORTS and facts.get(COUNTERPART) == "whole":
        return EFFORTS[max(EFFORTS.index(effort) - 1, 0)]
    return effort
