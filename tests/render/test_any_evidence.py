"""Whatever measuring can assemble, and whatever a file may hold, loads, decides and renders.

Documents are made from a seed each: `FW_ADVISOR_DOCUMENTS` says how many (1000 is the bar).
"""

from __future__ import annotations

import json
import math
import os
import random
from dataclasses import replace
from typing import Any

import pytest

from advisor.evidence import Block, Evidence, Selftest, to_data
from advisor.evidence_io import evidence_from, readable
from advisor.inputs import Inputs, without_blocks
from advisor.measure.assemble import probe_of
from advisor.measure.certificate import SeriesContext
from advisor.measure.verdicts import looks_of
from advisor.measure.work import (
    LaunchResult,
    Mode,
    ModeRun,
    Series,
    ToolchainSpec,
    WorkItem,
    WorkRuns,
)
from advisor.record import freeze
from advisor.render.decision_words import worded_record
from advisor.render.evidence_text import evidence_lines
from advisor.render.evidence_words import word_evidence
from advisor.render.html import render_html
from advisor.render.markdown import render_markdown
from advisor.render.terminal import render_terminal
from tests.render.records import answers, evidence, rule_base

DOCUMENTS = int(os.environ.get("FW_ADVISOR_DOCUMENTS", "40"))
CHAINS = {
    f: ToolchainSpec(f"{f}-0", f, "python", index=k) for k, f in enumerate(("pytorch", "jax"))
}
MODES = ("pytorch.eager", "pytorch.compile", "jax.jit")
SCALES = (1e-9, 1e-7, 1e-4, 1e-2, 1.0, 1e3, 1e5, 9e5)


def samples(chance: random.Random, scale: float, spread: float) -> list[float]:
    """A block's times: equal, near each other, or decades apart."""
    return [
        min(max(scale * math.exp(chance.gauss(0.0, spread)), 1e-12), 1e6)
        for _ in range(chance.choice((1, 2, 5)))
    ]


def ran(chance: random.Random) -> ModeRun:
    """What a mode did in one launch."""
    scale, spread = chance.choice(SCALES), chance.choice((0.0, 0.01, 1.0, 12.0))
    blocks = [
        Block(
            round=k,
            samples_s=samples(chance, scale, spread),
            wall_s=scale,
            cpu_s=chance.choice((None, 0.0, scale)),
            kept=chance.random() < 0.8,
        )
        for k in range(chance.choice((1, 2, 6)))
    ]
    return ModeRun(
        blocks=blocks,
        import_s=chance.choice((None, 0.0, 2.0)),
        build_s=chance.choice((None, 0.1)),
        first_calls_s=[scale] * chance.choice((0, 1, 2)),
        counters={"cache_hits": chance.choice((None, 0, 3))},
        peak_memory_bytes=chance.choice((None, 0, 1 << 34)),
        steady=chance.random() < 0.7,
        waited_s=samples(chance, scale, spread) if chance.random() < 0.5 else [],
    )


def assembled(seed: int) -> Evidence:
    """What measuring makes of launches that went any way at all."""
    chance = random.Random(seed)
    probes = []
    for number in range(chance.choice((1, 3))):
        modes = tuple(Mode(m, CHAINS[m.split(".")[0]]) for m in MODES)
        item = WorkItem(
            workload=chance.choice(("mlp_train", "matmul", "conv_train")),
            title="",
            size_name=f"size-{number}",
            size={"batch": 2**number},
            modes=modes,
            flops=chance.choice((None, 1e9)),
            own_process=chance.random() < 0.3,
            one_off=chance.random() < 0.2,
            stream_calls=chance.choice((None, 40)),
        )
        launches = [
            LaunchResult(
                index=k,
                runs={(item.key, m.label): ran(chance) for m in modes if chance.random() < 0.9},
                foreign_share={item.key: chance.choice((None, 0.01, 0.6))},
            )
            for k in range(chance.choice((0, 1, 2, 3, 7)))
        ]
        series = Series("cpu", (0,), (item,), exclusive=chance.random() < 0.2)
        context = SeriesContext(
            looks=looks_of(chance.choice(("quick", "standard"))),
            floor=0.01,
            selftest="passed",
            peaks={},
            copies={},
            precisions={},
            hellos={},
        )
        probes.append(
            probe_of(
                WorkRuns(item, series, launches),
                context,
                {},
                again={},
                inputs_sha256=None,
                missing={},
            )
        )
    return Evidence(created="2026-11-24", selftest=Selftest(status="passed"), probes=probes)


ODD = (None, -1.0, 0, 1e-300, 1e300, 28604953440.0, "fast", [], {}, True, [3.0, 1.0], "x" * 5000)


def spoilt(seed: int) -> Any:
    """A document of which a few values, anywhere below the parts, are something else."""
    chance = random.Random(seed)
    data = json.loads(json.dumps(to_data(evidence())))
    for _ in range(chance.choice((1, 2, 5))):
        chosen = chance.choice(("probes", "probes", "probes", "machine", "selftest", "notices"))
        holder = data.get(chosen)
        if not holder:
            continue
        while True:
            keys = list(holder) if isinstance(holder, dict) else range(len(holder))
            key = chance.choice(list(keys))
            if (
                not isinstance(holder[key], (dict, list))
                or not holder[key]
                or chance.random() < 0.2
            ):
                holder[key] = chance.choice(ODD)
                break
            holder = holder[key]
    return data


def shown(document: Evidence, *, everything: bool) -> None:
    """Decide by *document* and render it; the record is read back."""
    inputs = Inputs(
        answers=answers(),
        evidence=(document,),
        base=rule_base(),
        today="2026-11-24",
        created="2026-11-24",
        samples=100,
    )
    record = worded_record(inputs)
    kept = json.loads(json.dumps(freeze(record), allow_nan=False))["made_from"]["evidence"][0]
    assert evidence_from(kept, name="record") == without_blocks(document)
    assert render_terminal(record, width=80, colour=False)
    assert evidence_lines(document, verbose=True)
    if everything:
        assert render_html(record)
        assert render_markdown(record)


@pytest.mark.parametrize("part", range(10))
def test_what_measuring_assembles_loads_decides_and_renders(part: int) -> None:
    for seed in range(part, DOCUMENTS // 2, 10):
        written = word_evidence(readable(assembled(seed)))
        text = json.dumps(to_data(written), allow_nan=False)
        back = evidence_from(json.loads(text), name=f"seed {seed}")
        assert back == written
        shown(back, everything=seed % 40 == part)


@pytest.mark.parametrize("part", range(10))
def test_what_a_file_may_hold_loads_decides_and_renders(part: int) -> None:
    for seed in range(part, DOCUMENTS // 2, 10):
        document = word_evidence(evidence_from(spoilt(seed), name=f"seed {seed}"))
        shown(document, everything=seed % 40 == part)


def test_a_void_part_is_void_with_its_reason_and_the_rest_stands() -> None:
    whole = evidence()
    probe = whole.probes[0]
    far = replace(probe.entries[0], interval_s=(7e-14, 28604953440.0), p95_s=1e-9)
    made = replace(
        whole, probes=[replace(probe, entries=[far, *probe.entries[1:]]), *whole.probes[1:]]
    )
    document = word_evidence(readable(made))
    first = document.probes[0]
    assert (first.entries[0].status, first.entries[0].median_s) == ("invalid", None)
    assert first.entries[0].reason is not None
    assert "interval_s" in first.entries[0].reason.text
    assert first.entries[1:] == probe.entries[1:]
    by_mode = {c.a + c.b: c for c in first.comparisons}
    assert by_mode["jax.jitpytorch.eager"].verdict == "invalid"
    assert by_mode["jax.jitpytorch.compile"] == probe.comparisons[1]
    assert document.probes[1:] == whole.probes[1:]


def test_a_percentile_below_the_median_costs_only_itself() -> None:
    whole = evidence()
    probe = whole.probes[0]
    odd = replace(probe.entries[0], p95_s=1e-9)
    made = replace(whole, probes=[replace(probe, entries=[odd, *probe.entries[1:]])])
    document = word_evidence(readable(made))
    assert document.probes[0].entries[0] == replace(probe.entries[0], p95_s=None)
    assert "p95_s" in next(n.text for n in document.notices if n.id == "void-part")
