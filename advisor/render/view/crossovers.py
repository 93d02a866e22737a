"""Where the winner changes with size or cores, and what toggling one thing makes of a mode."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from advisor.reading.called import Cell as Called
from advisor.reading.called import measured_from
from advisor.reading.crossover import WinnerChange, winner_changes
from advisor.evidence import Attribution, Evidence
from advisor.render.document import (
    Aside,
    Cell,
    Points,
    Row,
    Section,
    Statement,
    Table,
    Tag,
    table_of,
)
from advisor.render.view.words import (
    count_of,
    factor,
    factor_span,
    name_of,
    plain,
    sentence,
    significant,
    size_text,
)

_COMPARED = Tag("measured", "measured here", "#comparisons")
_HERE = Tag("measured", "measured here", "#environment")


def change_text(change: WinnerChange) -> str:
    """Both winners with what each needs, and about where they meet."""
    below, above = change.below, change.above
    if change.by == "size":
        fixed, moved = _cores(below), [_size(below), _size(above)]
    else:
        fixed, moved = _size(below), [_cores(c) for c in (below, above)]
    if below.precision != "float32":
        fixed += f" in {below.precision}"
    text = (
        f"at {fixed}, {_winner(below)} is faster with {moved[0]} and {_winner(above)} "
        f"with {moved[1]}"
    )
    if change.at is None:
        return text
    key, value = change.at
    about = significant(float(f"{value:.2g}"), 2)
    where = f"{about} floating-point operations a step" if key == "flops" else f"{key} {about}"
    return f"{text}; interpolated between the two, they are equally fast at about {where}"


def _winner(cell: Called) -> str:
    return name_of("jax" if cell.verdict == "jax_faster" else "pytorch")


def _cores(cell: Called) -> str:
    """``2 cores``; the device where it is another than the CPU."""
    on_cpu = cell.device.partition(":")[0] == "cpu"
    return count_of(cell.cores, "core") if on_cpu and cell.cores else cell.device


def _size(cell: Called) -> str:
    return size_text(dict(cell.shape), cell.size)


def crossover_section(evidence: Sequence[Evidence]) -> Section:
    """Where the winner changes with the size or with the cores."""
    cells = measured_from(evidence).cells
    many = sum(document.settings == "matched" for document in evidence) > 1
    found = [
        Statement(
            sentence(change_text(change)),
            (Tag("measured", f"measured here: {change.below.workload}", "#comparisons"),),
            lead=change.below.workload + (_where(change, evidence) if many else ""),
        )
        for change in winner_changes(cells)
    ]
    if not found:
        named = [c for c in cells if c.verdict != "equivalent"]
        text = (
            "no workload has one winner at one size or number of cores, and the other at another"
            if len(named) > 1
            else "too few comparisons were called to see whether the winner changes with size"
        )
        found = [Statement(sentence(text), (_COMPARED,))]
    return Section("crossovers", "Where the winner changes", (Points(tuple(found)),))


def _where(change: WinnerChange, evidence: Sequence[Evidence]) -> str:
    number = change.below.source
    return f" ({evidence[number].machine.label or f'evidence {number + 1}'})"


_EFFECTS = {"open": "not settled", "equal": "no difference that matters"}
_HOW = (
    "Two measurements that differ in one thing alone, side by side: a cause is a toggle that was "
    "flipped. Compiling was alternated within the same blocks; ways to write the same work within "
    "the same processes; cores in processes of their own."
)


def attribution_section(evidence: Sequence[Evidence]) -> Iterator[Section]:
    """What compiling, cores and variants make of each mode; nothing where none was toggled."""
    rows = [_toggle_row(told) for document in evidence for told in document.attributions]
    if rows:
        head = ("Work", "Mode", "Toggled", "Times as fast", "95 % interval", "Effect")
        table = table_of(
            Table("attributions", "What one change makes of a mode", head, tuple(rows), (_HERE,))
        )
        yield Section("attribution", "What makes the difference", (Aside(_HOW), table))


def _toggle_row(told: Attribution) -> Row:
    return Row(
        (
            Cell(_work(told)),
            Cell(told.mode),
            Cell(toggle_text(told)),
            Cell(factor(told.time_ratio), number=True),
            Cell(factor_span(told.ci), number=True),
            Cell(_EFFECTS.get(told.effect, told.effect)),
        )
    )


def _work(told: Attribution) -> str:
    place = told.size if told.kind == "cores" else count_of(told.cores or 0, "core")
    return ", ".join(part for part in (told.probe, place) if part)


def toggle_text(told: Attribution) -> str:
    """What was flipped, from without to with."""
    if told.kind == "compile" and "reduce_overhead" in told.mode:
        return f"{told.size}: CUDA graphs instead of {told.mode_off}"
    if told.kind == "compile":
        return f"{told.size}: compiled instead of {told.mode_off}"
    if told.kind == "cores":
        return f"{plain(told.cores)} cores instead of {plain(told.cores_off)}"
    return f"{told.size} instead of {told.size_off}"
