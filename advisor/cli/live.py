"""Progress of a measuring run on stderr: one line that renews itself, or a line now and then.

Knows terminals; must not know what is measured.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from advisor.measure.progress import Progress

EVERY_S = 10.0


@contextlib.contextmanager
def live_progress(*, quiet: bool, colour: bool) -> Iterator[Callable[[Progress], None]]:
    """A function to report steps to, for as long as the run lasts.

    A job in the background gets lines now and then: a bar would be drawn over another job's work.
    """
    from advisor.interview.holding import in_foreground

    if quiet:
        yield lambda _: None
    elif in_foreground(sys.stderr):
        with _renewed_line(colour=colour) as report:
            yield report
    else:
        yield _occasional_lines()


def time_left(step: Progress) -> str:
    """The rest in words; rounded, since it is an estimate. Empty where nobody knows."""
    if step.total_s <= 0:
        return ""
    left_s = max(0.0, step.total_s - step.done_s)
    if left_s >= 90:
        return f"about {left_s / 60:.0f} min left"
    if left_s >= 10:
        return f"about {5 * round(left_s / 5):.0f} s left"
    return "a few seconds left"


@contextlib.contextmanager
def _renewed_line(*, colour: bool) -> Iterator[Callable[[Progress], None]]:
    from rich import progress as rich_progress
    from rich.console import Console

    from advisor.interview.holding import held
    from advisor.render.evidence_words import progress_words

    console = Console(stderr=True, no_color=not colour)
    columns = (
        rich_progress.BarColumn(bar_width=20),
        rich_progress.TextColumn("{task.fields[left]}", markup=False),
        rich_progress.TextColumn("{task.description}", markup=False),
    )
    # Four times a second: drawing must not disturb what is being measured. Keys that are pressed
    # meanwhile would move the cursor, and the bar would be drawn a second time below; nor were
    # they pressed for whatever is asked after minutes of measuring.
    bar = rich_progress.Progress(*columns, console=console, transient=True, refresh_per_second=4)
    with held(sys.stdin, keep=False), bar:
        task = bar.add_task("", total=1.0, left="")

        def report(step: Progress) -> None:
            bar.update(
                task,
                completed=step.done_s,
                total=step.total_s or None,
                description=progress_words(step),
                left=time_left(step),
            )

        yield report


def _occasional_lines() -> Callable[[Progress], None]:
    from advisor.render.evidence_words import progress_words

    last = [-EVERY_S]

    def report(step: Progress) -> None:
        now = time.monotonic()
        if now - last[0] >= EVERY_S:
            last[0] = now
            left = time_left(step)
            text = progress_words(step)
            # The time first: where the line is cut it is what is waited for.
            line = f"{left} · {text}" if left else text
            print(f"measuring: {line}", file=sys.stderr, flush=True)

    return report
