"""What a worker may answer: every number is checked before anything is computed from it.

A worker runs foreign code, and one wrong value (text, an infinity, a time below zero) would
otherwise surface much later and cost the whole run instead of one entry. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

# A thousand years: whatever is beyond is no time that somebody measured.
_MOST = 3e10
_MOST_BYTES = 1e16
_MOST_FLOPS = 1e20
_MOST_SAMPLES = 1_000_000
_BLOCK_COUNTERS = ("cpu_s", "run_delay_s", "switches", "steal_s", "pressure_s", "throttled_s")
_MOST_HZ = 1e11


class ReplyError(Exception):
    """An answer that no measurement can have given."""


def number(reply: Mapping[str, Any], key: str, *, most: float = _MOST) -> float:
    """The finite number, zero or above, under *key*.

    Raises:
        ReplyError: it is missing or something else.
    """
    return _checked(key, reply.get(key), most)


def number_or_none(reply: Mapping[str, Any], key: str, *, most: float = _MOST) -> float | None:
    """Like `number`, where the answer may also be null or missing."""
    value = reply.get(key)
    return None if value is None else _checked(key, value, most)


def _checked(key: str, value: Any, most: float = _MOST) -> float:
    # bool is an int in Python, and no measurement.
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ReplyError(f"{key} is no number")
    if not 0 <= value <= most or not math.isfinite(value):
        raise ReplyError(f"{key} is {value}, which nothing measured can be")
    return value


def check_hello(reply: Mapping[str, Any]) -> dict[str, Any]:
    """The first answer of a worker: who it is."""
    pid = reply.get("pid")
    if isinstance(pid, bool) or not isinstance(pid, int) or pid < 1:
        raise ReplyError("pid is no process id")
    threads = reply.get("threads")
    if threads is not None:
        number(reply, "threads")
    number_or_none(reply, "import_s")
    return dict(reply)


def check_build(reply: Mapping[str, Any]) -> dict[str, Any]:
    """A built program and its first calls."""
    calls = reply.get("first_calls_s")
    if not isinstance(calls, list):
        raise ReplyError("first_calls_s is no list")
    return {
        **reply,
        "first_calls_s": [_checked("first_calls_s", value) for value in calls],
        "build_s": number_or_none(reply, "build_s"),
        "variant": str(reply.get("variant", "")),
        "counters": _mapping(reply, "counters"),
    }


def check_warm(reply: Mapping[str, Any]) -> tuple[bool, int]:
    """Whether a program became steady, and how many calls make a sample."""
    calls = reply.get("calls")
    if isinstance(calls, bool) or not isinstance(calls, int) or not 1 <= calls <= 1 << 20:
        raise ReplyError("calls is no count of calls")
    return reply.get("steady") is True, calls


def check_block(reply: Mapping[str, Any]) -> dict[str, Any]:
    """One block of samples, all of them above zero, with its counters."""
    samples = reply.get("samples_s")
    if not isinstance(samples, list) or not samples or len(samples) > _MOST_SAMPLES:
        raise ReplyError("a block without samples, or with far too many")
    if min(_checked("samples_s", value) for value in samples) <= 0:
        raise ReplyError("a block without positive samples")
    block = {k: v for k, v in reply.items() if k != "ok"}
    block["samples_s"] = [float(value) for value in samples]
    block["wall_s"] = number(reply, "wall_s")
    block["compile_events"] = int(number_or_none(reply, "compile_events") or 0)
    for key in _BLOCK_COUNTERS:
        block[key] = number_or_none(reply, key)
    block["clock_hz"] = number_or_none(reply, "clock_hz", most=_MOST_HZ)
    return block


def check_latency(reply: Mapping[str, Any]) -> list[float]:
    """Times of single calls, all of them above zero."""
    calls = reply.get("calls_s")
    if not isinstance(calls, list) or not calls or len(calls) > _MOST_SAMPLES:
        raise ReplyError("no times of single calls, or far too many")
    if min(_checked("calls_s", value) for value in calls) <= 0:
        raise ReplyError("a call that took no time")
    return [float(value) for value in calls]


def check_finish(reply: Mapping[str, Any]) -> tuple[dict[str, Any], int | None]:
    """Counters and peak memory at the end of a launch."""
    peak = number_or_none(reply, "peak_memory_bytes", most=_MOST_BYTES)
    return _mapping(reply, "counters"), None if peak is None else int(peak)


def check_facts(reply: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Numbers about a toolchain that must all be there."""
    for key in keys:
        number(reply, key, most=_MOST_FLOPS)
    return dict(reply)


def _mapping(reply: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = reply.get(key) or {}
    if not isinstance(value, dict):
        raise ReplyError(f"{key} is no object")
    return value
