"""What the checks share: an error as a finding, what was printed, a debugger that only looks."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable, Iterator
from typing import Any


def error_of(call: Callable[[], Any]) -> str:
    """The name of the error that *call* raises; empty where it raises none."""
    try:
        call()
    except Exception as error:
        return type(error).__name__
    return ""


@contextlib.contextmanager
def printed() -> Iterator[io.StringIO]:
    """What is printed meanwhile by Python itself."""
    with contextlib.redirect_stdout(io.StringIO()) as text:
        yield text


@contextlib.contextmanager
def breakpoints(look: Callable[[dict[str, Any]], Any]) -> Iterator[list[Any]]:
    """Meanwhile ``breakpoint()`` shows its caller's variables to *look* instead of a prompt.

    Yields:
        What *look* returned, once for each stop.
    """
    seen: list[Any] = []
    before = sys.breakpointhook

    def hook(*_: Any, **__: Any) -> None:
        seen.append(look(dict(sys._getframe(1).f_locals)))  # noqa: SLF001  (as debuggers do)

    sys.breakpointhook = hook
    try:
        yield seen
    finally:
        sys.breakpointhook = before


def is_number(text: str, number: float) -> bool:
    """Whether *text* shows the *number*, however many digits it has."""
    return f"{number:g}" in text
