"""Ask the package index that pip is set up with, in pip's own process and within a time limit.

Nothing is installed. Knows pip's commands and what it prints. It must not know rules.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any, Literal, Protocol

from advisor.errors import UserError

TIMEOUT_S = 60.0
_METADATA_TIMEOUT_S = 180.0
_AVAILABLE = re.compile(r"^Available versions: (.+)$", re.MULTILINE)
_NOTHING = re.compile(r"No matching distribution found", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class IndexQuery:
    """Which versions of *distribution* are there for a Python and any of *platforms* (wheel tags).

    `index` is the address of another index than pip's own; `python` a minor version, `abi` a tag
    such as ``cp314t``. Empty fields ask for any.
    """

    distribution: str
    index: str = ""
    python: str = ""
    abi: str = ""
    platforms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What the index said: versions, newest first; ``none``; or nothing at all, and why.

    pip says the same of an index that is out of reach and of one without the distribution: where
    an index has said nothing else, ``none`` may mean ``silent``.
    """

    status: Literal["versions", "none", "silent"]
    versions: tuple[str, ...] = ()
    reason: str = ""


class PackageIndex(Protocol):
    """Something that can be asked what a package index holds."""

    def versions(self, question: IndexQuery) -> Answer:
        """The versions that fit *question*."""

    def classifiers(self, distribution: str, python: str) -> tuple[str, ...] | None:
        """The newest release's trove classifiers; None where they cannot be read."""


def pip_command() -> list[str]:
    """How pip is called here: the running interpreter's, or the first on the path.

    Raises:
        UserError: there is none.
    """
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    for name in ("pip", "pip3"):
        program = shutil.which(name)
        if program:
            return [program]
    raise UserError(
        "there is no pip here, and the package index is asked through it",
        hint="install pip into this environment, or leave out --index",
    )


class PipIndex:
    """The index that pip is set up with on this machine."""

    def __init__(self, command: Sequence[str], *, timeout_s: float = TIMEOUT_S) -> None:
        self._command = list(command)
        self._timeout_s = timeout_s

    def versions(self, question: IndexQuery) -> Answer:
        """The versions that fit *question*; never raises for what an index does."""
        words = ["index", "versions", *_restrictions(question), question.distribution]
        try:
            done = self._run(words, self._timeout_s, alone=bool(question.index))
        except subprocess.TimeoutExpired:
            return Answer("silent", reason=f"no answer within {self._timeout_s:g} s")
        except OSError as error:
            return Answer("silent", reason=f"pip cannot be run: {error.strerror or error}")
        listing = _AVAILABLE.search(done.stdout)
        if done.returncode == 0 and listing:
            return Answer("versions", tuple(v.strip() for v in listing.group(1).split(",")))
        if _NOTHING.search(done.stderr):
            return Answer("none")
        last = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
        return Answer("silent", reason=f"pip index versions failed: {last[:200]}")

    def classifiers(self, distribution: str, python: str) -> tuple[str, ...] | None:
        """Read with a dry run: the newest wheel may be downloaded, and is not installed."""
        question = IndexQuery(distribution=distribution, python=python)
        with TemporaryDirectory(prefix="fw-advisor-") as folder:
            words = ["install", "--quiet", "--dry-run", "--no-deps", "--ignore-installed"]
            words += ["--report", "-", "--target", folder, *_restrictions(question), distribution]
            try:
                done = self._run(words, max(self._timeout_s, _METADATA_TIMEOUT_S))
                return _classifiers_in(json.loads(done.stdout)) if done.returncode == 0 else None
            except (OSError, ValueError, subprocess.TimeoutExpired):
                return None

    def _run(
        self, words: Sequence[str], timeout_s: float, *, alone: bool = False
    ) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        if alone:
            # What other indexes and folders hold would pass for what the named index holds.
            environment |= {"PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0", "PIP_TIMEOUT": "15"}
            environment |= {"PIP_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": ""}
        return subprocess.run(
            [*self._command, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
            env=environment,
        )


def _restrictions(question: IndexQuery) -> list[str]:
    words: list[str] = []
    if question.index:
        words += ["--index-url", question.index]
    if question.python or question.platforms:
        # pip asks for another interpreter's or platform's wheels only where nothing is built.
        words += ["--only-binary", ":all:"]
    if question.python:
        words += ["--python-version", question.python]
    if question.abi:
        words += ["--abi", question.abi]
    for platform in question.platforms:
        words += ["--platform", platform]
    return words


def _classifiers_in(report: Any) -> tuple[str, ...] | None:
    installs = report.get("install") if isinstance(report, Mapping) else None
    if not isinstance(installs, list) or not installs or not isinstance(installs[0], Mapping):
        return None
    metadata = installs[0].get("metadata")
    given = metadata.get("classifier") if isinstance(metadata, Mapping) else None
    return tuple(str(word) for word in given) if isinstance(given, list) else ()
