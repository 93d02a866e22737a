"""Files that run code, and which of them have run here before: said before the first run.

Knows digests of files and where they are remembered. It must not know what a file may hold.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from advisor.cli.common import say
from advisor.files import replace_file
from advisor.owned import ForeignError, own_directory, read_own

_FILE = "files-run-before.json"
_MOST_BYTES = 1 << 20
_MOST_REMEMBERED = 1000


def say_first_runs(paths: Sequence[str], cache: Path) -> None:
    """Say of each of *paths* that it is code that will run, unless these bytes ran here before.

    It is said even where a command was asked to be quiet: once, and before anything of it runs.
    """
    remembered = _remembered(cache)
    fresh = {}
    for path in paths:
        with contextlib.suppress(OSError):
            digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
            if digest not in remembered:
                fresh[digest] = path
    for digest, path in fresh.items():
        say(
            f"{path} runs now, with your rights and whatever it imports: it has not been measured "
            f"here before as it is (SHA-256 {digest[:12]}); read it first if it is not yours"
        )
    if fresh:
        _remember([*remembered, *fresh], cache)


def _remembered(cache: Path) -> list[str]:
    with contextlib.suppress(ForeignError, OSError, ValueError):
        stored = json.loads(read_own(cache / _FILE, _MOST_BYTES))
        if isinstance(stored, list):
            return [str(digest) for digest in stored]
    return []


def _remember(digests: Sequence[str], cache: Path) -> None:
    with contextlib.suppress(ForeignError, OSError):
        own_directory(cache)
        replace_file(cache / _FILE, json.dumps(digests[-_MOST_REMEMBERED:]), mode=0o600)
