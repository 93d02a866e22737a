"""What is not a time of a step, in words: first results, streams, memory, exports, single calls.

Knows the keys of an entry of the evidence; computes nothing but differences of what is there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Duration = Callable[[float], str]
Amount = Callable[[int], str]


def once_told(
    entry: Mapping[str, Any], *, calls: int | None, duration: Duration, amount: Amount
) -> list[str]:
    """Short statements about *entry*; none for most. *calls* is how many a stream has."""
    counters = entry.get("counters") or {}
    return [
        *_first_result(entry, duration),
        *_stream(entry, calls, duration),
        *_latency(entry, duration),
        *_memory(entry, counters, amount),
        *_export(counters, duration, amount),
    ]


def _first_result(entry: Mapping[str, Any], duration: Duration) -> list[str]:
    first_s, warm_s = entry.get("first_result_s"), entry.get("first_result_warm_s")
    told = [f"first result after {duration(first_s)}"] if first_s is not None else []
    again = f"{duration(warm_s)} with a filled compile cache" if warm_s is not None else ""
    return [*told, again] if again else told


def _stream(entry: Mapping[str, Any], calls: int | None, duration: Duration) -> list[str]:
    stream_s = entry.get("stream_s")
    if stream_s is None:
        return []
    return [f"{calls} calls take {duration(stream_s)} with all that they compile"]


def _latency(entry: Mapping[str, Any], duration: Duration) -> list[str]:
    latency = entry.get("latency")
    if not latency:
        return []
    p50, p99 = duration(latency["p50_s"]), duration(latency["p99_s"])
    return [f"one call waited for: p50 {p50}, p99 {p99} of {latency['calls']:,}"]


def _memory(entry: Mapping[str, Any], counters: Mapping[str, Any], amount: Amount) -> list[str]:
    before, peak = counters.get("memory_before_bytes"), counters.get("step_peak_bytes")
    if entry.get("first_result_s") is None and entry.get("first_result_warm_s") is None:
        # Other programs of the process have left memory behind that a step fills again.
        return []
    if not isinstance(before, int) or not isinstance(peak, int) or peak <= before:
        return []
    return [f"a step holds {amount(peak - before)} more than the process before it"]


def _export(counters: Mapping[str, Any], duration: Duration, amount: Amount) -> list[str]:
    if "exported" not in counters:
        return []
    if not counters["exported"]:
        return [f"not exported: {counters.get('error', 'no reason given')}"]
    batch = "with an open batch size" if counters.get("symbolic_batch") else "only for one batch"
    told = [f"exported {batch} in {duration(float(counters.get('export_s') or 0.0))}"]
    if counters.get("serialised"):
        told.append(f"read back from {amount(int(counters.get('artifact_bytes') or 0))}")
    elif counters.get("error"):
        told.append(f"not written to a file: {counters['error']}")
    return told
