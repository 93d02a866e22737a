"""What a worker may answer: every number is checked before anything is computed from it.

A worker runs foreign code, and one wrong value (text, an infinity, a time below zero) would
otherwise surface much later and cost the whole run instead of one entry. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from advisor.evidence import Block

# A thousand years: whatever is beyond is no time that somebody measured.
_MOST = 3e10
_MOST_BYTES = 1e16
_MOST_FLOPS = 1e20
_MOST_SAMPLES = 1_000_000
_MOST_CALLS = 1 << 20
_MOST_HZ = 1e11


class ReplyError(Exception):
    """An answer that no measurement can have given.

    Args:
        case: Which of the sentences about a ``worker-garbage`` is meant.
        values: What it is about, by name.
    """

    def __init__(self, case: str, /, **values: Any) -> None:
        super().__init__(f"{case} {values}")
        self.case = case
        self.values = values


@dataclass(frozen=True)
class Hello:
    """The first answer of a worker: who it is, and what its framework says of itself."""

    pid: int
    import_s: float | None = None
    version: str | None = None
    python: str | None = None
    threads: Any = None
    affinity: tuple[int, ...] = ()
    devices: list[Any] = field(default_factory=list)

    @property
    def device(self) -> Mapping[str, Any]:
        """The device that it computes on, as the framework describes it; empty where unknown."""
        first = self.devices[0] if self.devices else None
        return first if isinstance(first, Mapping) else {}


@dataclass(frozen=True)
class Attained:
    """A training: the mode, when its first step and its epochs ended, and how accurate it was.

    Seconds are since it was asked for.
    """

    mode: str
    first_step_s: float
    looks: list[tuple[float, float]]
    inputs_sha256: str
    code_lines: int | None
    peak_memory_bytes: int | None


@dataclass(frozen=True)
class Built:
    """A program that was built, and its first calls in seconds."""

    first_calls_s: list[float]
    build_s: float | None
    variant: str
    counters: dict[str, Any]
    fell_back: bool


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
        raise ReplyError("no-number", key=key)
    if not 0 <= value <= most or not math.isfinite(value):
        raise ReplyError("impossible-number", key=key, value=str(value))
    return value


def _is_whole(value: Any, least: int, most: float) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def check_hello(reply: Mapping[str, Any]) -> Hello:
    """The first answer of a worker."""
    pid, affinity, devices = (reply.get(key) for key in ("pid", "affinity", "devices"))
    if not _is_whole(pid, 1, math.inf):
        raise ReplyError("no-process-id")
    if reply.get("threads") is not None:
        number(reply, "threads")
    return Hello(
        pid=int(str(pid)),
        import_s=number_or_none(reply, "import_s"),
        version=_text(reply, "version"),
        python=_text(reply, "python"),
        threads=reply.get("threads"),
        affinity=tuple(affinity) if isinstance(affinity, list) else (),
        devices=devices if isinstance(devices, list) else [],
    )


def check_build(reply: Mapping[str, Any]) -> Built:
    """A built program and its first calls."""
    calls = reply.get("first_calls_s")
    if not isinstance(calls, list):
        raise ReplyError("no-list", key="first_calls_s")
    return Built(
        first_calls_s=[_checked("first_calls_s", value) for value in calls],
        build_s=number_or_none(reply, "build_s"),
        variant=str(reply.get("variant", "")),
        counters=_mapping(reply, "counters"),
        fell_back=bool(reply.get("fell_back")),
    )


def check_warm(reply: Mapping[str, Any]) -> tuple[bool, int, float]:
    """Whether a program became steady, how many calls make a sample, and seconds of a call.

    The seconds are 0 where the worker does not tell them.
    """
    calls = reply.get("calls")
    if not _is_whole(calls, 1, _MOST_CALLS):
        raise ReplyError("no-count", key="calls")
    call_s = number_or_none(reply, "per_call_s") or 0.0
    return reply.get("steady") is True, int(str(calls)), call_s


def check_block(reply: Mapping[str, Any]) -> Block:
    """One block of samples, all of them above zero, with its counters."""
    samples = _times(reply, "samples_s")
    calls = reply.get("calls_per_sample")
    return Block(
        samples_s=samples,
        calls_per_sample=int(str(calls)) if _is_whole(calls, 1, _MOST_CALLS) else 1,
        wall_s=number(reply, "wall_s"),
        cpu_s=number_or_none(reply, "cpu_s"),
        run_delay_s=number_or_none(reply, "run_delay_s"),
        steal_s=number_or_none(reply, "steal_s"),
        pressure_s=number_or_none(reply, "pressure_s"),
        throttled_s=number_or_none(reply, "throttled_s"),
        switches=number_or_none(reply, "switches"),
        clock_hz=number_or_none(reply, "clock_hz", most=_MOST_HZ),
        compile_events=int(number_or_none(reply, "compile_events") or 0),
    )


def check_latency(reply: Mapping[str, Any]) -> list[float]:
    """Times of single calls in seconds, all of them above zero."""
    return _times(reply, "calls_s")


def _times(reply: Mapping[str, Any], key: str) -> list[float]:
    times = reply.get(key)
    if not isinstance(times, list) or not times or len(times) > _MOST_SAMPLES:
        raise ReplyError("no-times", key=key)
    if min(_checked(key, value) for value in times) <= 0:
        raise ReplyError("no-time-above-zero", key=key)
    return [float(value) for value in times]


def check_finish(reply: Mapping[str, Any]) -> tuple[dict[str, Any], int | None]:
    """Counters and peak memory at the end of a launch."""
    peak = number_or_none(reply, "peak_memory_bytes", most=_MOST_BYTES)
    counters = _mapping(reply, "counters")
    if "state_faults" in counters:
        counters = {**counters, "state_faults": _faults(counters["state_faults"])}
    return counters, None if peak is None else int(peak)


def _faults(listed: Any) -> list[dict[str, Any]]:
    """What is wrong with a user's state: kinds, leaves and shares of them."""
    if not isinstance(listed, list) or not all(isinstance(f, dict) for f in listed):
        raise ReplyError("no-list", key="state_faults")
    return [
        {
            "case": str(fault.get("case"))[:20],
            "leaf": str(fault.get("leaf"))[:120],
            "share": number(fault, "share", most=1.0),
        }
        for fault in listed[:3]
    ]


def check_behaviour(reply: Mapping[str, Any]) -> tuple[dict[str, Any], float]:
    """The findings of a check of behaviour, and its seconds."""
    findings = _mapping(reply, "findings")
    for name, value in findings.items():
        values = value if isinstance(value, list) else [value]
        if any(not isinstance(v, (bool, int, float, str, type(None))) for v in values):
            raise ReplyError("no-number", key=str(name)[:60])
    return findings, number(reply, "seconds")


def check_attained(reply: Mapping[str, Any], epochs: int) -> Attained:
    """A training of so many *epochs*, with one look after each."""
    looks = reply.get("looks")
    if not isinstance(looks, list) or len(looks) != epochs:
        raise ReplyError("no-list", key="looks")
    pairs = []
    for look in looks:
        if not isinstance(look, list) or len(look) != 2:
            raise ReplyError("no-list", key="looks")
        pairs.append((_checked("looks", look[0]), _checked("looks", look[1], 1.0)))
    peak = number_or_none(reply, "peak_memory_bytes", most=_MOST_BYTES)
    return Attained(
        mode=str(reply.get("mode", ""))[:200],
        first_step_s=number(reply, "first_step_s"),
        looks=pairs,
        inputs_sha256=str(reply.get("inputs_sha256", ""))[:64],
        code_lines=int(number_or_none(reply, "code_lines", most=1e6) or 0) or None,
        peak_memory_bytes=None if peak is None else int(peak),
    )


def check_facts(reply: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Numbers about a toolchain that must all be there."""
    for key in keys:
        number(reply, key, most=_MOST_FLOPS)
    return dict(reply)


def _text(reply: Mapping[str, Any], key: str) -> str | None:
    value = reply.get(key)
    return None if value is None else str(value)


def _mapping(reply: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = reply.get(key) or {}
    if not isinstance(value, dict):
        raise ReplyError("no-object", key=key)
    return value
