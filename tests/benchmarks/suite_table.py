"""``python -m tests.benchmarks.suite_table RUN.json ...``: runs of the suite as Markdown."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from advisor.render.wording import count_of, duration

_MODES = ("pytorch.eager", "pytorch.compile", "jax.jit")
_WORDS = {
    "equivalent": "equal",
    "inconclusive": "not settled",
    "invalid": "refused",
}

Document = Mapping[str, Any]


def table(documents: Sequence[Document]) -> list[str]:
    """One row per cell: median times, and what JAX is beside each mode of PyTorch in every run."""
    head = "| work | size | cores | eager | compile | jit | jit beside eager | jit beside compile |"
    lines = [head, "|" + "---|" * 8]
    for probe in documents[0]["probes"]:
        same = [p for document in documents if (p := _same(document, probe)) is not None]
        times = [_times(same, mode) for mode in _MODES]
        beside = [_beside(same, mode) for mode in _MODES[:2]]
        size = probe["size_name"]
        cells = (probe["id"], size, str(probe["cores"]), *times, *beside)
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _same(document: Document, probe: Mapping[str, Any]) -> Mapping[str, Any] | None:
    keys = ("id", "size_name", "size", "cores", "device", "precision")
    found = (p for p in document["probes"] if all(p[k] == probe[k] for k in keys))
    return next(found, None)


def _times(probes: Sequence[Mapping[str, Any]], mode: str) -> str:
    medians = [
        e["median_s"]
        for p in probes
        for e in p["entries"]
        if e["mode"] == mode and e["status"] == "ok"
    ]
    return duration(statistics.median(medians)) if medians else "–"


def _beside(probes: Sequence[Mapping[str, Any]], mode: str) -> str:
    """``1.92–2.03 faster`` where all runs say so, else each run's word."""
    found = [c for p in probes for c in p["comparisons"] if (c["a"], c["b"]) == (mode, "jax.jit")]
    if not found:
        return "–"
    words = [_word(c) for c in found]
    told = words[0] if len(set(words)) == 1 else ", ".join(words)
    ratios = sorted(1 / c["time_ratio"] for c in found if c["time_ratio"])
    span = f"{ratios[0]:.2f}–{ratios[-1]:.2f} " if ratios else ""
    return f"{span}{told}"


def _word(compared: Mapping[str, Any]) -> str:
    verdict = compared["verdict"]
    return {"a_faster": "slower", "b_faster": "faster"}.get(verdict) or _WORDS[verdict]


def main(paths: Sequence[str]) -> None:
    """Print the table, with what it was measured on."""
    documents = [json.loads(Path(p).read_text("utf-8")) for p in paths]
    first = documents[0]
    machine = first["machine"]
    chains = ", ".join(f"{c['framework']} {c['version']}" for c in first["toolchains"])
    days = sorted({str(d["created"])[:10] for d in documents})
    command = "fw-advisor probe --only '*'"
    print(
        f"{len(documents)} run{'' if len(documents) == 1 else 's'} of `{command}`, "
        f"{' and '.join(days)}, "
        f"{machine['cpu']}, {count_of(machine['cores_usable'], 'core')}; {chains}.\n"
    )
    print("\n".join(table(documents)))


if __name__ == "__main__":
    main(sys.argv[1:])
