"""What moved between two evidence documents, in words.

Knows movements. It must not know files or exit codes.
"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.reading.movement import Movement, TimeMove, VerdictMove
from advisor.render.beside import Beside, Item
from advisor.render.wording import say


def movement_page(moved: Movement, *, verbose: bool = False) -> Beside:
    """What changed or moved by more than noise; with *verbose* everything that both hold."""
    lone = (
        *(say("terminal.moved.only_before", probe=probe) for probe in moved.only_before),
        *(say("terminal.moved.only_after", probe=probe) for probe in moved.only_after),
    )
    if not moved.comparable:
        return Beside(say("terminal.moved.nothing_comparable"), (), lone)
    items = (
        *(
            Item(_verdict(v), weighs=v.changed or v.significant)
            for v in moved.verdicts
            if v.changed or v.significant or verbose
        ),
        *(Item(_time(t), weighs=t.significant) for t in moved.times if t.significant or verbose),
    )
    count = sum(item.weighs for item in items)
    head = say("terminal.moved.some", n=count) if count else say("terminal.moved.nothing")
    return Beside(head, items, lone)


def _verdict(move: VerdictMove) -> str:
    before, after = (
        "-" if ratio is None else f"{ratio:.3g}" for ratio in (move.ratio_before, move.ratio_after)
    )
    return say(
        "terminal.moved.verdict",
        probe=move.probe,
        a=move.a,
        b=move.b,
        before=_word(move.before, move),
        after=_word(move.after, move),
        ratio_before=before,
        ratio_after=after,
        mark=_mark(significant=move.significant),
    )


def _word(verdict: str, move: VerdictMove) -> str:
    """A verdict with the name of the mode that it calls faster."""
    faster = {"a_faster": move.a, "b_faster": move.b}.get(verdict)
    if faster is not None:
        return say("measurements.faster", mode=faster)
    return say(f"measurements.verdict.{verdict}")


def _time(move: TimeMove) -> str:
    return say(
        "terminal.moved.time",
        probe=move.probe,
        mode=move.mode,
        before=move.before_s,
        after=move.after_s,
        factor=move.factor,
        mark=_mark(significant=move.significant),
    )


def _mark(*, significant: bool) -> str:
    return say("terminal.moved.significant" if significant else "terminal.moved.noise")


def verdict_failures(moved: Movement) -> Iterator[str]:
    """Every comparison whose verdict is another one."""
    for v in moved.verdicts:
        if v.changed:
            before, after = _word(v.before, v), _word(v.after, v)
            values = {"probe": v.probe, "a": v.a, "b": v.b, "before": before, "after": after}
            yield say("terminal.moved.verdict_changed", **values)


def slower_failures(moved: Movement, limit: float) -> Iterator[str]:
    """Every mode that is significantly slower, by more than the factor *limit*."""
    for t in moved.times:
        if t.significant and t.factor > limit:
            yield say("terminal.moved.slower", probe=t.probe, mode=t.mode, factor=t.factor)
