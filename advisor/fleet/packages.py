"""What a node without frameworks is given for as long as it is measured: pinned packages, by pip.

Knows the lines of a requirements file. It must not know Ray, which installs them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from advisor.errors import UserError

_PINNED = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9,._ -]+\])?\s*==\s*[A-Za-z0-9][A-Za-z0-9.+!_-]*"
    r"(\s*;[^#]*?)?(\s+--hash=sha256:[0-9a-f]{64})*"
)
# Nodes run what comes from there: nobody on the way may change it.
_INDEX = re.compile(
    r"--(extra-)?index-url[ =]\s*(https://|http://(localhost|127\.0\.0\.1)[:/])[^\s@]+"
)
_FRAMEWORKS = re.compile(r"(torch|jax)\s*(\[|==)", re.IGNORECASE)
_MOST_BYTES = 64 * 1024


def packages_of(path: Path) -> tuple[str, ...]:
    """The lines of the requirements file *path*, each pinned, or an index that pip is to ask.

    Raises:
        UserError: it cannot be read, holds no framework, or a line that is not pinned: two nodes
            would be given different versions, and a comparison of machines would be one of these.
    """
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"--runtime-env: cannot be read: {error}",
            hint="name a requirements file, as pip freeze writes it",
            where=str(path),
        ) from error
    if len(raw) > _MOST_BYTES:
        raise UserError("--runtime-env: is too long for a requirements file", where=str(path))
    lines = tuple(_lines(text))
    for line in lines:
        if not _PINNED.fullmatch(line) and not _INDEX.fullmatch(line):
            raise UserError(
                f"--runtime-env: {line[:80]!r} is not pinned",
                hint="write NAME==VERSION on each line (or --index-url URL), so that every node "
                "gets the same",
                where=str(path),
            )
    if not any(_FRAMEWORKS.match(line) for line in lines):
        raise UserError(
            "--runtime-env: names neither torch nor jax, and nodes without them are what it is for",
            hint="pin those that shall be measured: torch==VERSION, and jax==VERSION with "
            "optax==VERSION",
            where=str(path),
        )
    return lines


def _lines(text: str) -> Iterable[str]:
    bare = (re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines())
    return (line for line in bare if line)
