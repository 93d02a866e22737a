"""Spoil good documents, and collect what was neither accepted nor refused with words."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from advisor.answers import Answers
from advisor.answers_io import answers_from, to_yaml
from advisor.evidence import to_data
from advisor.jsonio import dumps
from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.model import RuleBase
from advisor.record import Inputs, freeze
from advisor.render.decision_words import worded_record
from tests.faults.parsers import (
    TODAY,
    Refusal,
    read_answers_bytes,
    read_evidence_bytes,
    read_protocol_bytes,
    read_record_bytes,
    read_rules_bytes,
    rules,
    small_rules,
)
from tests.faults.place import ANSWERS
from tests.knowledge.conftest import FILES
from tests.render.records import evidence

PARSERS: dict[str, Callable[[bytes, Path], None]] = {
    "answers": read_answers_bytes,
    "evidence": read_evidence_bytes,
    "record": read_record_bytes,
    "rules": read_rules_bytes,
    "protocol": read_protocol_bytes,
}
SLOWEST_S = 5.0
_REPLIES = (
    {"ok": True, "protocol": 1, "pid": 7, "version": "1.0", "threads": 2, "affinity": [0]},
    {"ok": True, "build_s": 0.1, "first_calls_s": [0.1, 0.2], "variant": "x", "counters": {"a": 1}},
    {"ok": True, "per_call_s": 1e-3, "calls": 8, "steady": True, "wall_s": 0.1},
    {"ok": True, "samples_s": [1e-3, 2e-3], "calls_per_sample": 1, "wall_s": 0.02, "cpu_s": 0.02},
    {"ok": True, "calls_s": [1e-3, 2e-3]},
    {"ok": True, "counters": {"state_faults": [{"case": "x", "leaf": "w", "share": 0.5}]}},
    {"ok": True, "findings": {"a": [1, 2.5, "x", None]}, "seconds": 1.5},
)
_ERROR = {"ok": False, "error": {"type": "RuntimeError", "text": "no \u00e9", "trace": ""}}


@lru_cache(maxsize=8)
def examples_of(name: str) -> tuple[bytes, ...]:
    """Good documents for the parser called *name*."""
    if name == "answers":
        said = answers_from(
            {"schema": "fw-advisor/answers@1", "answers": {"task": "image", "float64": True}},
            rules(),
            "x",
        )
        return ANSWERS.encode(), to_yaml(said).encode(), dumps(said.to_dict()).encode()
    if name == "evidence":
        small = {**to_data(evidence()), "probes": to_data(evidence())["probes"][:2]}
        return dumps(small).encode(), dumps(to_data(evidence()), indent=None).encode()
    if name == "record":
        # The shipped rules take long to read: most of what is spoilt holds a few.
        return (*[_record(_small_base())] * 9, _record(rules()))
    if name == "rules":
        return (_pack(),)
    return tuple((json.dumps(reply) + "\n").encode() for reply in _REPLIES)


def seeds_of(name: str) -> tuple[bytes, ...]:
    """What is spoilt for the parser called *name*: good documents, and a refusal of a worker."""
    refusal = ((json.dumps(_ERROR) + "\n").encode(),) if name == "protocol" else ()
    return (*examples_of(name), *refusal)


def _small_base() -> RuleBase:
    with tempfile.TemporaryDirectory() as name:
        return load_rule_base(root=small_rules(Path(name)))


def _record(base: RuleBase) -> bytes:
    """A record of *base* with few draws."""
    said = Answers(None, {"task": "image"}, {"task": "file"})
    inputs = Inputs(
        answers=said, evidence=(evidence(),), base=base, today=TODAY, created=TODAY, samples=200
    )
    return dumps(freeze(worded_record(inputs)), indent=None).encode()


def _pack() -> bytes:
    """The rules of a small rule base under other names."""
    text = FILES["claims/all.yaml"]
    return (
        text.replace("id: claim.", "id: claim.own.").replace("id: veto.", "id: veto.own.").encode()
    )


def crashes(name: str, place: Path, count: int, *, first: int = 0) -> list[str]:
    """What went wrong in *count* spoilt documents: number, error and bytes."""
    from tests.faults.mutation import mutated

    read, found = PARSERS[name], []
    for number, raw in mutated(seeds_of(name), count, first=first):
        begun = time.monotonic()
        try:
            read(raw, place)
        except Refusal as error:
            if not str(error).strip():
                found.append(f"{number}: refused without a word")
        except Exception as error:  # noqa: BLE001  (what is looked for)
            found.append(f"{number}: {type(error).__name__}: {error!s:.200} in {raw[:80]!r}")
            if len(found) > 20:
                break
        if time.monotonic() - begun > SLOWEST_S:
            found.append(f"{number}: took longer than {SLOWEST_S:.0f} s")
    return found
