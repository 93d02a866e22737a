"""Progress of a measuring run on stderr: one line that renews itself, or a line now and then.

Knows terminals; must not know what is measured.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from advisor.measure.progress import Progress

EVERY_S = 10.0
ASIDE_EVERY_S = 1.0
# A step that takes longer than was thought is about to end: so much of the rest is left.
_OVERDUE = 0.1


@contextlib.contextmanager
def live_progress(
    *, quiet: bool, colour: bool, aside: bool = False
) -> Iterator[Callable[[Progress], None]]:
    """A function to report steps to, for as long as the run lasts.

    A job in the background gets lines now and then: a bar would be drawn over another job's work.
    *aside* somebody else shows the last line, which is therefore always of now.
    """
    from advisor.interview.holding import in_foreground

    if quiet:
        yield lambda _: None
    elif aside:
        with _last_line() as report:
            yield report
    elif in_foreground(sys.stderr):
        with _renewed_line(colour=colour) as report:
            yield report
    else:
        yield _occasional_lines()


def time_left(step: Progress, since_s: float = 0.0) -> str:
    """The rest in words, *since_s* after *step* was reported; rounded, since it is an estimate.

    Empty where nobody knows.
    """
    if step.total_s <= 0:
        return ""
    rest_s = max(0.0, step.total_s - step.done_s)
    left_s = max(_OVERDUE * rest_s, rest_s - since_s)
    if left_s >= 90:
        return f"about {left_s / 60:.0f} min left"
    if left_s >= 10:
        return f"about {5 * round(left_s / 5):.0f} s left"
    return "a few seconds left"


@contextlib.contextmanager
def _renewed_line(*, colour: bool) -> Iterator[Callable[[Progress], None]]:
    from rich import progress as rich_progress
    from rich.console import Console
    from rich.text import Text

    from advisor.interview.holding import held
    from advisor.render.evidence_words import progress_words

    console = Console(stderr=True, no_color=not colour)

    class Left(rich_progress.ProgressColumn):
        """The time left now, which goes on while a compiler runs and nothing is reported."""

        def render(self, task: Any) -> Text:
            step, at_s = task.fields["step"], task.fields["at_s"]
            return Text(time_left(step, time.monotonic() - at_s) if step else "")

    columns = (
        rich_progress.BarColumn(bar_width=20),
        Left(),
        rich_progress.TextColumn("{task.description}", markup=False),
    )
    # Four times a second: drawing must not disturb what is being measured. Keys that are pressed
    # meanwhile would move the cursor, and the bar would be drawn a second time below; nor were
    # they pressed for whatever is asked after minutes of measuring.
    bar = rich_progress.Progress(*columns, console=console, transient=True, refresh_per_second=4)
    with held(sys.stdin, keep=False), bar:
        task = bar.add_task("", total=1.0, step=None, at_s=0.0)

        def report(step: Progress) -> None:
            bar.update(
                task,
                completed=step.done_s,
                total=step.total_s or None,
                description=progress_words(step),
                step=step,
                at_s=time.monotonic(),
            )

        yield report


def _occasional_lines() -> Callable[[Progress], None]:
    last = [-EVERY_S]

    def report(step: Progress) -> None:
        now = time.monotonic()
        if now - last[0] >= EVERY_S:
            last[0] = now
            _print_line(step, 0.0)

    return report


@contextlib.contextmanager
def _last_line() -> Iterator[Callable[[Progress], None]]:
    """Every second the line of now: a compiler may report nothing for half a minute."""
    reported: list[tuple[Progress, float]] = []
    over = threading.Event()

    def tell() -> None:
        while not over.wait(ASIDE_EVERY_S):
            if reported:
                step, at_s = reported[-1]
                _print_line(step, time.monotonic() - at_s)

    def report(step: Progress) -> None:
        reported[:] = [(step, time.monotonic())]

    thread = threading.Thread(target=tell, daemon=True, name="progress")
    thread.start()
    try:
        yield report
    finally:
        over.set()
        thread.join()


def _print_line(step: Progress, since_s: float) -> None:
    from advisor.render.evidence_words import progress_words

    left, text = time_left(step, since_s), progress_words(step)
    # The time first: where the line is cut it is what is waited for.
    line = f"{left} · {text}" if left else text
    print(f"measuring: {line}", file=sys.stderr, flush=True)
