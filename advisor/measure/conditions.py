"""What has to be the same for one run to go on with the launches of another, and what is not.

Plain values that JSON can hold, compared key by key so that a difference can be named. Reads the
files that decide what is computed; decides nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from advisor import __version__
from advisor.evidence import Machine, to_data
from advisor.measure.campaign import Campaign
from advisor.measure.cpus import cpus_of
from advisor.measure.wishes import wishes_document
from advisor.workers.environment import inherited_digests

_SHOWN = 60
# What only grows is no other machine.
_COUNTERS = {"throttled_count": None}


def conditions_of(campaign: Campaign, rules: Iterable[Path]) -> dict[str, Any]:
    """What *campaign* is measured under: tool, machine, toolchains, environment, request, rules.

    *rules* are the directories of the rules that chose what is measured.
    """
    sources = [source.partition(".py:")[0] for source in campaign.own_workloads]
    files = [Path(name if name.endswith(".py") else f"{name}.py") for name in sources]
    conditions = {
        "tool": {"version": __version__, "worker": _digest_of(map(Path, campaign.worker))},
        "machine": {**_machine(campaign.machine), "cpus": list(cpus_of(campaign.machine))},
        "toolchains": {
            f"{part.framework} {index}": to_data(part)
            for index, part in enumerate(campaign.toolchain_parts)
        },
        "environment": inherited_digests(),
        "request": {
            **wishes_document(campaign.wishes),
            "own": dict(zip(campaign.own_workloads, map(_digest, files), strict=True)),
        },
        "rules": {"digest": _digest_of(rules)},
    }
    # As it comes back from a file: tuples are lists there.
    plain: dict[str, Any] = json.loads(json.dumps(conditions, sort_keys=True, default=str))
    return plain


def _machine(machine: Machine) -> dict[str, Any]:
    described: dict[str, Any] = to_data(machine)
    return {**described, "details": {**described["details"], **_COUNTERS}}


def differences(before: Any, now: Any, at: str = "") -> Iterator[tuple[str, str, str]]:
    """What differs: where, what it was, and what it is."""
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for key in sorted({*before, *now}):
            place = f"{at}.{key}" if at else str(key)
            yield from differences(before.get(key), now.get(key), place)
    elif before != now:
        yield at, _short(before), _short(now)


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def _digest(path: Path) -> str:
    """Of the bytes of a file; empty where it cannot be read, which the worker will say."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def _digest_of(places: Iterable[Path]) -> str:
    """Of all files at and below *places*, with their names, but for what Python caches."""
    total = hashlib.sha256()
    for place in places:
        inside = sorted(p for p in place.rglob("*") if p.is_file()) if place.is_dir() else [place]
        for path in inside:
            if "__pycache__" not in path.parts and path.is_file():
                total.update(f"{path.name}\0{_digest(path)}\n".encode())
    return total.hexdigest()
