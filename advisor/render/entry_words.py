"""What is not a time of a step, of one mode: first results, streams, memory, exports, recompiling.

Knows the fields and counters of an entry of the evidence; computes nothing but differences of what
is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from advisor.evidence import Entry
from advisor.render.wording import say

_USUAL = {"graph_breaks": 0, "recompiles": 0, "cudagraph_skips": 0, "traces": 1}
"""The counters of compilers, and how many of each are usual."""


def repeated_text(counters: Mapping[str, Any]) -> str:
    """``1 graph break, 4 traces``: what compilers had to do more than once, or nothing."""
    return ", ".join(
        say(f"measurements.repeated.{key}", n=number)
        for key, usual in _USUAL.items()
        if isinstance(number := counters.get(key), int) and number > usual
    )


def once_texts(entry: Entry, *, calls: int | None) -> list[str]:
    """Short clauses about *entry*; none for most.

    Args:
        entry: The mode.
        calls: How many calls a stream has.
    """
    return [
        *_first_result(entry),
        *_stream(entry, calls),
        *_latency(entry),
        *_memory(entry),
        *_export(entry.counters),
    ]


def _first_result(entry: Entry) -> list[str]:
    texts = []
    if entry.first_result_s is not None:
        texts.append(say("measurements.once.first_result", seconds=entry.first_result_s))
    if entry.first_result_warm_s is not None:
        texts.append(say("measurements.once.warm_result", seconds=entry.first_result_warm_s))
    return texts


def _stream(entry: Entry, calls: int | None) -> list[str]:
    if entry.stream_s is None:
        return []
    return [say("measurements.once.stream", calls=calls or 0, seconds=entry.stream_s)]


def _latency(entry: Entry) -> list[str]:
    latency = entry.latency
    if latency is None:
        return []
    return [
        say("measurements.once.latency", p50=latency.p50_s, p99=latency.p99_s, calls=latency.calls)
    ]


def _memory(entry: Entry) -> list[str]:
    if entry.first_result_s is None and entry.first_result_warm_s is None:
        # Other programs of the process have left memory behind that a step fills again.
        return []
    before = entry.counters.get("memory_before_bytes")
    peak = entry.counters.get("step_peak_bytes")
    if not isinstance(before, int) or not isinstance(peak, int) or peak <= before:
        return []
    return [say("measurements.once.memory", amount=peak - before)]


def _export(counters: Mapping[str, Any]) -> list[str]:
    if "exported" not in counters:
        return []
    error = counters.get("error")
    if not counters["exported"]:
        return [say("measurements.once.not_exported", error=error or say("measurements.no_reason"))]
    one = not counters.get("symbolic_batch")
    key = "measurements.once.one_batch" if one else "measurements.once.open_batch"
    texts = [say(key, seconds=float(counters.get("export_s") or 0.0))]
    if counters.get("serialised"):
        amount = int(counters.get("artifact_bytes") or 0)
        texts.append(say("measurements.once.read_back", amount=amount))
    elif error:
        texts.append(say("measurements.once.not_written", error=error))
    return texts
