"""The evidence document as lines for a terminal. Knows its keys; computes no number of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from advisor.counted import counted
from advisor.once import once_told
from advisor.render.view.words import amount_of_bytes, significant

_WORDS = {
    "equivalent": "no difference that matters (within 5 %)",
    "inconclusive": "not settled",
    "invalid": "no ratio",
}


def evidence_lines(document: Mapping[str, Any], *, verbose: bool = False) -> list[str]:
    """Title, times and verdicts of every probe, then what a reader should know."""
    lines: list[str] = []
    for probe in document["probes"]:
        lines += [_title(probe), *(line for e in probe["entries"] for line in _entry(e, probe))]
        lines += [_comparison(c) for c in probe["comparisons"] if verbose or _crossing(c)]
        lines.append("")
    lines += _changes(document, verbose=verbose)
    lines += _rates(document)
    tested = document.get("selftest")
    if tested and tested["status"] != "passed":
        lines.append(f"! self-test {tested['status']}: {tested['reason']['text']}")
    lines += [f"{_mark(n)} {n['text']}{_hint(n)}" for n in document["notices"]]
    return lines


def duration(seconds: float | None) -> str:
    """Three significant digits with the unit that fits."""
    if seconds is None:
        return "-"
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def _title(probe: Mapping[str, Any]) -> str:
    size = ", ".join(f"{k} {v}" for k, v in probe["size"].items())
    size = f" ({size})" if size else ""
    cores = f"{probe['cores']} core" + ("" if probe["cores"] == 1 else "s")
    return f"{probe['title'] or probe['id']}{size}, {probe['device']}, {cores}"


def _entry(entry: Mapping[str, Any], probe: Mapping[str, Any]) -> list[str]:
    name = f"  {entry['mode']:<18}"
    if entry["status"] != "ok":
        reason = entry.get("reason") or {}
        return [f"{name} {entry['status']}: {reason.get('text') or reason.get('id', '')}"]
    once = once_told(
        entry, calls=probe.get("stream_calls"), duration=duration, amount=amount_of_bytes
    )
    compiled = ""
    if (entry.get("compile_s") or 0) > 0.02:
        compiled = f"  first calls cost {duration(entry['compile_s'])} more"
    told = counted(entry.get("counters") or {})
    told = f"  ({told})" if told else ""
    head = f"{name} {duration(entry['median_s']):>9}{_rate(entry, probe)}{compiled}{told}"
    return [head, *(f"  {'':<18} {'':>9}  {text}" for text in once)]


def _rate(entry: Mapping[str, Any], probe: Mapping[str, Any]) -> str:
    samples, median_s = probe.get("samples_per_step"), entry["median_s"]
    if not samples or samples <= 1 or not median_s:
        return ""
    return f"  {significant(samples / median_s)} samples/s"


def _changes(document: Mapping[str, Any], *, verbose: bool) -> list[str]:
    """Where the winner changes, and what a change of one thing makes of a mode."""
    from advisor.evidence_io import evidence_from
    from advisor.reading.called import measured_from
    from advisor.reading.crossover import winner_changes
    from advisor.render.view.crossovers import change_text, toggle_text

    evidence = evidence_from(document, name="what was measured")
    found = [
        f"- {change.below.workload}: {change_text(change)}"
        for change in winner_changes(measured_from([evidence]).cells)
    ]
    for told in evidence.attributions:
        if verbose or (told.kind == "variant" and told.effect in ("faster", "slower")):
            low, high = told.ci
            effect = f"{told.time_ratio:.2f} times as fast ({low:.2f} to {high:.2f})"
            place = f"{told.probe}, {told.cores} core" + ("" if told.cores == 1 else "s")
            found.append(f"- {place}, {told.mode}: {toggle_text(told)}: {effect}")
    return [*found, ""] if found else []


def _rates(document: Mapping[str, Any]) -> list[str]:
    """The best rates of each toolchain: what arithmetic and memory allow here."""
    lines = []
    for chain in document["toolchains"]:
        facts = chain.get("precision")
        if isinstance(facts, Mapping) and facts.get("flops_per_s"):
            name = f"{chain['framework']} {chain.get('version') or ''}".strip()
            flops, copied = (significant(facts[k] / 1e9) for k in ("flops_per_s", "bytes_per_s"))
            lines.append(f"- {name}: float32 products up to {flops} GFLOP/s, copies {copied} GB/s")
    return lines


def _comparison(compared: Mapping[str, Any]) -> str:
    a, b, word = compared["a"], compared["b"], compared["verdict"]
    reason = compared.get("reason") or {}
    if word == "invalid":
        return f"  {a} vs {b}: no ratio: {reason.get('text', '')}" + _hint(reason)
    if compared["time_ratio"] is None:
        return f"  {a} vs {b}: {_WORDS[word]}: {reason.get('text', '')}"
    low, high = compared["ci"]
    if word in ("a_faster", "b_faster"):
        first, second = (a, b) if word == "a_faster" else (b, a)
        ratio = compared["time_ratio"]
        if word == "b_faster":
            ratio, low, high = 1 / ratio, 1 / high, 1 / low
        return f"  {first} is {ratio:.2f} times as fast as {second} ({low:.2f} to {high:.2f})"
    text = f": {reason['text']}" if reason.get("text") else ""
    shown = f"time of {b} / time of {a} = {compared['time_ratio']:.2f} ({low:.2f} to {high:.2f})"
    return f"  {a} vs {b}: {_WORDS[word]}, {shown}{text}"


def _crossing(compared: Mapping[str, Any]) -> bool:
    return bool(compared["a"].split(".")[0] != compared["b"].split(".")[0])


def _hint(reason: Mapping[str, Any]) -> str:
    return f" ({reason['hint']})" if reason.get("hint") else ""


def _mark(notice: Mapping[str, Any]) -> str:
    return {"problem": "!", "warning": "!"}.get(notice["severity"], "-")
