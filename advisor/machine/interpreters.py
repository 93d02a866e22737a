"""Where interpreters may lie: the current one, named ones, environments nearby.

Looks at paths only; starts nothing, and knows nothing of what an interpreter holds.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

ENVIRONMENT_VARIABLE = "FW_ADVISOR_PYTHON"
_MAX_SIBLINGS = 12


@dataclass(frozen=True)
class Candidate:
    """An interpreter that may hold something, and where it was found."""

    path: str
    origin: str


def nearby_interpreters(
    environ: Mapping[str, str] | None = None, directory: Path | None = None
) -> list[Candidate]:
    """Interpreters worth asking, the current one first, each once."""
    environ = os.environ if environ is None else environ
    candidates = [Candidate(sys.executable, "the interpreter of fw-advisor")]
    for path in environ.get(ENVIRONMENT_VARIABLE, "").split(os.pathsep):
        if path.strip():
            interpreter = interpreter_in(expanded(path.strip()))
            candidates += _candidate(interpreter, ENVIRONMENT_VARIABLE)
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        if environ.get(variable):
            candidates += _candidate(interpreter_in(Path(environ[variable])), variable)
    # Relative, since the directory that one stands in may have been removed.
    place = (directory or Path()) / ".venv"
    candidates += _candidate(interpreter_in(place), "./.venv")
    for prefix in _conda_siblings(environ.get("CONDA_PREFIX")):
        candidates += _candidate(interpreter_in(prefix), "a sibling of CONDA_PREFIX")
    return _each_once(candidates)


def expanded(path: str) -> Path:
    """*path* with ``~`` replaced, where there is such a home."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def interpreter_in(path: Path) -> Path | None:
    """The interpreter that *path* is, or that lies in the environment *path*; None without.

    Symbolic links stay as they are: resolving that of a virtual environment would leave it.
    """
    if path.is_dir():
        for name in ("bin/python", "bin/python3", "Scripts/python.exe", "python.exe"):
            if (path / name).is_file():
                return path / name
        return None
    return path if path.is_file() and os.access(path, os.X_OK) else None


def _candidate(path: Path | None, origin: str) -> list[Candidate]:
    return [] if path is None else [Candidate(str(path), origin)]


def _conda_siblings(prefix: str | None) -> list[Path]:
    """Other environments of the same conda: beside this one, or below the base's ``envs``."""
    if not prefix:
        return []
    home = Path(prefix)
    envs = home.parent if home.parent.name == "envs" else home / "envs"
    try:
        siblings = sorted(p for p in envs.iterdir() if p != home and (p / "conda-meta").is_dir())
    except OSError:
        return []
    return siblings[:_MAX_SIBLINGS]


def _each_once(candidates: Iterable[Candidate]) -> list[Candidate]:
    seen: set[tuple[str, str]] = set()
    kept = []
    for candidate in candidates:
        path = Path(candidate.path)
        key = (os.path.realpath(path.parent), os.path.realpath(path))
        if key not in seen:
            seen.add(key)
            kept.append(replace(candidate, path=str(path.absolute())))
    return kept
