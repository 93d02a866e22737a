"""What one declared dependency says: the framework, its version, libraries, the accelerator.

Knows how requirements are written. It must not know in which kind of file they stand.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from advisor.knowledge.code_signals import Confidence
from advisor.knowledge.vocabulary import package_name
from advisor.scan.model import FileReport
from advisor.scan.tables import CODE_BASE_MODULES, FRAMEWORK_PACKAGES, Tables

VERSION = "version."
"""What the keys of versions begin with: ``version.torch``, ``version.python``."""

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?\s*([^;#]*)")
_PINNED = re.compile(r"={1,3}\s*[0-9][^,*]*")
_LONGEST = 500
_EXTRAS: Mapping[str, str] = {"tpu": "tpu", "rocm": "amd", "cuda": "nvidia"}
_PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is declared: the report, the tables, the line and its text."""

    report: FileReport
    tables: Tables
    line: int
    text: str

    def note(self, key: str, value: str, confidence: Confidence) -> None:
        """Take down what stands here."""
        self.report.add(key, value, self.line, self.text, confidence)


def take_requirement(place: Place, written: str, *, optional: bool = False) -> None:
    """A requirement as people write it: ``torch>=2.3``, ``jax[cuda12]``; *optional* for extras."""
    parsed = _parsed(written)
    if parsed is None:
        return
    name, extras, specifier = parsed
    take_package(place, name, specifier, optional=optional)
    if name == "jax":
        for extra in extras:
            hardware = next((h for word, h in _EXTRAS.items() if extra.startswith(word)), None)
            if hardware is not None:
                place.note("hardware.train", hardware, "possible" if optional else "likely")


def _parsed(written: str) -> tuple[str, list[str], str] | None:
    text = written.strip()
    if not text or len(text) > _LONGEST:
        return None
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        match = _NAME.match(text)
        if match is None:
            return None
        extras = [e.strip().lower() for e in (match.group(2) or "[]")[1:-1].split(",")]
        return package_name(match.group(1)), extras, match.group(3).strip()
    extras = sorted(extra.lower() for extra in requirement.extras)
    return package_name(requirement.name), extras, str(requirement.specifier)


def take_package(place: Place, name: str, specifier: str, *, optional: bool = False) -> None:
    """The package *name* (in its one spelling) is declared with *specifier* (may be empty)."""
    sure: Confidence = "possible" if optional else "likely"
    if name == "python":
        take_python(place, specifier)
        return
    if name in FRAMEWORK_PACKAGES:
        pinned = _PINNED.fullmatch(specifier.strip()) is not None
        place.note(f"{VERSION}{name}", specifier or "any", "certain" if pinned else "likely")
    base = CODE_BASE_MODULES.get(name)
    if base is not None and base != "numpy":
        place.note("codebase", base, sure)
    library = place.tables.libraries.get(name)
    if library is not None and library.framework != "both":
        place.note("must_use", library.package, sure)
    for signal in place.tables.signals_of_package(name):
        confidence: Confidence = "possible" if optional else signal.confidence
        place.note(signal.key, signal.value, confidence)


def take_locked(place: Place, name: str, version: str) -> None:
    """A lock file holds *name* at *version*: a version for certain, but nobody's choice."""
    plain = package_name(name)
    if plain in FRAMEWORK_PACKAGES and len(version) < 60:
        place.note(f"{VERSION}{plain}", version, "certain")


def take_python(place: Place, specifier: str, *, exact: bool = False) -> None:
    """Python is declared as *specifier* (``>=3.10``, ``3.11.4``)."""
    written = specifier.strip()
    if not written or len(written) > _LONGEST:
        return
    place.note(f"{VERSION}python", written, "certain" if exact else "likely")
    minor = _only_minor(written)
    if minor is not None:
        place.note("python", minor, "certain" if exact else "likely")


def _only_minor(written: str) -> str | None:
    """The one minor version that *written* allows."""
    plain = re.fullmatch(r"={0,2}\s*(3\.\d+)(\.\d+|\.\*)?", written)
    if plain is not None:
        return plain.group(1) if plain.group(1) in _PYTHONS else None
    try:
        allowed = SpecifierSet(_plain_specifier(written))
    except InvalidSpecifier:
        return None
    versions = [f"3.{minor}" for minor in range(6, 30) if f"3.{minor}.5" in allowed]
    return versions[0] if len(versions) == 1 and versions[0] in _PYTHONS else None


def _plain_specifier(written: str) -> str:
    """Poetry's ``^3.11`` and ``~3.11`` as a specifier that everybody reads."""
    match = re.fullmatch(r"([\^~])\s*3\.(\d+)(?:\.\d+)?", written)
    if match is None:
        return written
    minor = int(match.group(2))
    return f">=3.{minor},<4" if match.group(1) == "^" else f">=3.{minor},<3.{minor + 1}"
