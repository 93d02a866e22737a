"""Which way of asking suits this terminal.

Knows the environment and the size of a terminal. Whether anything may be asked is the caller's
decision (`cli.common.may_prompt`); without a terminal it refuses all the same, since bytes from a
pipe are nobody's answers.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Mapping

from advisor.errors import UserError
from advisor.interview.ask_plain import PlainAsker
from advisor.interview.ask_rich import RichAsker
from advisor.interview.asking import Asker

# Below this a menu and what stands around it cannot be read.
_LEAST_COLUMNS, _LEAST_ROWS = 40, 15


def wants_plain(
    environment: Mapping[str, str],
    encoding: str | None,
    size: tuple[int, int] = (80, 24),
    *,
    plain: bool = False,
) -> bool:
    """Whether to ask in numbered lines: asked for, or the terminal cannot do more.

    *size* is (columns, rows).
    """
    if plain or environment.get("FW_ADVISOR_PLAIN"):
        return True
    if environment.get("TERM", "") in ("", "dumb", "unknown"):
        return True
    if size[0] < _LEAST_COLUMNS or size[1] < _LEAST_ROWS:
        return True
    return (encoding or "").lower().replace("-", "") != "utf8"


def make_asker(*, plain: bool = False, colour: bool = True) -> Asker:
    """The asker for the terminal behind stdin and stderr.

    Raises:
        UserError: one of them is not a terminal.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UserError(
            "there is no terminal to ask on",
            hint="give answers with --answers FILE or --set KEY=VALUE",
        )
    if wants_plain(os.environ, sys.stderr.encoding, _size(), plain=plain):
        if isinstance(sys.stdin, io.TextIOWrapper):
            # A key that is not valid in this encoding is a slip, not an error of ours.
            sys.stdin.reconfigure(errors="replace")
        return PlainAsker(sys.stdin, sys.stderr)
    return RichAsker(colour=colour)


def _size() -> tuple[int, int]:
    try:
        columns, rows = os.get_terminal_size(sys.stderr.fileno())
    except OSError:
        columns, rows = 0, 0
    usual = shutil.get_terminal_size()
    return columns or usual.columns, rows or usual.lines
