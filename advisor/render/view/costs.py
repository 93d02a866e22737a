"""What compiling costs and when it pays, and what happens once per process or call."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from advisor.counted import counted
from advisor.evidence import Entry
from advisor.once import once_told
from advisor.render.document import (
    Aside,
    Block,
    Cell,
    Points,
    Row,
    Section,
    Statement,
    Table,
    Tag,
    table_of,
)
from advisor.render.view.cases import Case
from advisor.render.view.words import DASH, amount_of_bytes, duration, sentence

_EAGER = {
    "pytorch.compile": "pytorch.eager",
    "pytorch.compile_reduce_overhead": "pytorch.eager",
    "jax.jit": "jax.eager",
}


def break_even_steps(compile_s: float | None, eager_s: float | None, fast_s: float | None) -> float:
    """After how many steps compiling has paid for itself.

    Args:
        compile_s: What compiling costs once, seconds.
        eager_s: Time of one step without compiling, seconds.
        fast_s: Time of one compiled step, seconds.

    Returns:
        ``compile_s / (eager_s - fast_s)``; infinity where compiling gains nothing, NaN where
        something was not measured.
    """
    if compile_s is None or eager_s is None or fast_s is None:
        return math.nan
    saved = eager_s - fast_s
    return compile_s / saved if saved > 0 else math.inf


def compile_section(cases: Sequence[Case]) -> Section:
    """One-off costs of every mode, and the steps after which compiling pays."""
    timed = [(case, entry) for case in cases for entry in case.ok]
    rows = [_cost_row(case, entry) for case, entry in timed]
    head = ("Work", "Mode", "Import", "First call", "Compile, cold", "Compile, warm", "Pays after")
    table = Table("costs", "One-off costs, apart from steady state", head, tuple(rows), (_HERE,))
    table = table_of(table)
    how = (
        "Pays after: the compile time over what one compiled step saves against the same "
        "framework's eager step on the same work."
    )
    blocks: tuple[Block, ...] = (Aside(how), table, *_unusual(timed))
    return Section("compile", "What compiling costs, and when it pays", blocks)


def _unusual(timed: Sequence[tuple[Case, Entry]]) -> Iterator[Points]:
    """Modes that were not compiled in one piece, or more than once: what was timed is a mixture."""
    found = [
        Statement(sentence(f"{case.name}, {entry.mode}: {told}"), (_HERE,))
        for case, entry in timed
        if (told := counted(entry.counters))
    ]
    if found:
        yield Points(tuple(found))


_HERE = Tag("measured", "measured here", "#environment")


def _cost_row(case: Case, entry: Entry) -> Row:
    compiles = not entry.mode.endswith(".eager")
    return Row(
        (
            Cell(case.name),
            Cell(entry.mode),
            Cell(duration(entry.import_s), number=True),
            Cell(duration(entry.first_call_s), number=True),
            Cell(duration(entry.compile_s if compiles else None), number=True),
            Cell(duration(entry.compile_warm_s if compiles else None), number=True),
            Cell(_pays(case, entry), number=True),
        )
    )


def _pays(case: Case, entry: Entry) -> str:
    rival = _EAGER.get(entry.mode)
    if rival is None:
        return DASH
    eager = next((e for e in case.ok if e.mode == rival), None)
    if eager is None:
        return "eager not timed"
    cost = entry.compile_s if entry.compile_s is not None else entry.first_call_s
    steps = break_even_steps(cost, eager.median_s, entry.median_s)
    if math.isnan(steps):
        return DASH
    if math.isinf(steps):
        return "never: no gain"
    return f"{math.ceil(steps):,} steps" if steps > 1 else "1 step"


def once_section(cases: Sequence[Case]) -> Iterator[Section]:
    """First results, streams, memory, exports and single calls; nothing where none was asked."""
    rows = [
        Row((Cell(case.name), Cell(entry.mode), Cell("; ".join(told))))
        for case in cases
        for entry in case.ok
        if (
            told := once_told(
                entry.model_dump(),
                calls=case.probe.stream_calls,
                duration=duration,
                amount=amount_of_bytes,
            )
        )
    ]
    if rows:
        head = ("Work", "Mode", "What was seen")
        table = table_of(Table("once", "Beside the time of a step", head, tuple(rows), (_HERE,)))
        yield Section("beside", "First results, streams, memory, exports, single calls", (table,))
