"""Which install line fits some hardware, system and Python, or why none does.

Pure. Knows the install lines of the rule base. It must not know machines: what is at hand is
handed in, in the words of the answers.
"""

from __future__ import annotations

from collections.abc import Sequence

from packaging.specifiers import SpecifierSet

from advisor.knowledge.model import RuleBase
from advisor.knowledge.supply import Absence, Install

_NO_LINE = "no install line is known for this combination"
_MACHINES = {"amd64": "x86_64", "x64": "x86_64", "arm64": "aarch64"}


def install_lines(
    base: RuleBase,
    framework: str,
    *,
    hardware: str | None,
    os: str | None,
    python: str | None = None,
    arch: str | None = None,
    package: str = "",
) -> Install | Absence:
    """The line that installs *framework* (or *package* on it), or why there is none.

    The first that fits counts. None stands for what is not known, and fits everything.

    Args:
        base: The rules.
        framework: ``pytorch`` or ``jax``.
        hardware: As ``hardware.train`` has it.
        os: As ``hardware.os`` has it.
        python: Minor version such as ``3.12``, or ``3.14t`` of a build without the global lock;
            what follows the minor version is ignored.
        arch: ``x86_64`` or ``aarch64``, or another name for one of them.
        package: A library's distribution; empty for the framework itself.
    """
    if package:
        lines = [i for i in base.libraries if (i.framework, i.package) == (framework, package)]
    else:
        lines = [i for i in base.installs if i.framework == framework]
    absences = [a for a in base.absences if (a.framework, a.package) == (framework, package)]
    candidates: Sequence[Install | Absence] = [*lines, *absences]
    for candidate in candidates:
        if fits(candidate, hardware=hardware, os=os, python=python, arch=arch):
            return candidate
    reviewed = max((candidate.reviewed for candidate in candidates), default="")
    return Absence(
        framework=framework, package=package, hardware=(), os=(), why=_NO_LINE, reviewed=reviewed
    )


def fits(
    line: Install | Absence,
    *,
    hardware: str | None,
    os: str | None,
    python: str | None,
    arch: str | None,
) -> bool:
    """Whether *line* is for what is given; None and empty lists fit everything."""
    machine = _MACHINES.get(arch.lower(), arch.lower()) if arch else None
    for value, accepted in (
        (hardware, line.hardware),
        (os, line.os),
        (machine, line.architecture),
    ):
        if value is not None and accepted and value not in accepted:
            return False
    threaded = python is not None and is_free_threaded(python)
    if isinstance(line, Absence):
        if line.free_threaded and not threaded:
            return False
    elif threaded and not line.free_threaded:
        return False
    if python is None:
        return True
    version = minor(python)
    fitting = SpecifierSet(line.python).contains(version)
    if threaded and isinstance(line, Install):
        return fitting and SpecifierSet(line.free_threaded).contains(version)
    return fitting


def pythons_of(base: RuleBase) -> list[str]:
    """The minor versions that the answers know, the oldest first, each once."""
    fact = base.facts.get("python")
    return [] if fact is None else [p for p in map(str, fact.values) if not is_free_threaded(p)]


def minor(python: str) -> str:
    """The minor version of *python*: ``3.12`` of ``3.12.4``, ``3.14`` of ``3.14t``."""
    return ".".join(python.strip().split(".")[:2]).rstrip("t")


def is_free_threaded(python: str) -> bool:
    """Whether *python* (``3.14t``) is a build without the global lock."""
    return ".".join(python.strip().split(".")[:2]).endswith("t")
