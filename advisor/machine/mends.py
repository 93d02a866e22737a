"""From a finding to the command that mends it, by data that is handed in (rules/mends.yaml).

Also what builds of the frameworks need of driver and GPU. No command and no version number
stands in Python; reading the files is the caller's work. Install lines come from the install rows
of the rules (`with_lines`), so that doctor says what the report says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from advisor.errors import UserError

SCHEMA = "fw-advisor/mends@1"
_CONDITIONS = frozenset({"hardware", "os", "distribution", "cuda", "python_below"})
_PLACEHOLDERS = ("pip", "python", "version")
_PIP = re.compile(r"\bpip install\b")
NO_CUDA = "none"
NEEDS = "needs-"
"""Before the CUDA version that a GPU needs and that the driver at hand cannot run."""


@dataclass(frozen=True)
class Need:
    """What builds of *framework* for a CUDA major version need at least.

    They have kernels up to `newest_compute_capability`; None where newer GPUs run them as well.
    """

    framework: str
    cuda: str
    driver: str
    compute_capability: str
    newest_compute_capability: str | None = None

    def has_kernels_for(self, capability: str | None) -> bool:
        """Whether these builds run on a GPU of *capability*; None, where it is not known, does."""
        if capability is None:
            return True
        newest = self.newest_compute_capability
        old_enough = newest is None or numbers(capability)[:1] <= numbers(newest)[:1]
        return old_enough and at_least(capability, self.compute_capability)


@dataclass(frozen=True)
class NewerPython:
    """*framework* from *version* on needs *python* or later."""

    framework: str
    version: str
    python: str


@dataclass(frozen=True)
class Mend:
    """One mend and where it applies; an absent condition holds everywhere.

    ``python_below`` holds where the interpreter at hand is older; where it is unknown it does not.
    """

    findings: tuple[str, ...]
    when: Mapping[str, tuple[str, ...]]
    text: str


@dataclass(frozen=True)
class Mends:
    """All of rules/mends.yaml."""

    needs: tuple[Need, ...] = ()
    mends: tuple[Mend, ...] = ()
    pythons: tuple[NewerPython, ...] = ()

    def for_finding(
        self, finding: str, context: Mapping[str, Sequence[str]], **fills: str
    ) -> str | None:
        """The first mend of *finding* whose conditions *context* meets, placeholders filled.

        A mend with a placeholder that *fills* lacks is passed over: half a command helps nobody.
        """
        for mend in self.mends:
            if finding not in mend.findings or not _holds(mend.when, context):
                continue
            text = mend.text
            for name in _PLACEHOLDERS:
                if fills.get(name):
                    text = text.replace(f"{{{name}}}", fills[name])
            if not any(f"{{{name}}}" in text for name in _PLACEHOLDERS):
                return text
        return None

    def need(self, framework: str, cuda: str) -> Need | None:
        """What a build of *framework* for CUDA *cuda* (``12.8`` or ``12``) needs."""
        major = cuda.partition(".")[0]
        fitting = (n for n in self.needs if n.framework == framework and n.cuda == major)
        return next(fitting, None)

    def held_back(self, framework: str, version: str, python: str) -> NewerPython | None:
        """The release that *python* is too old for, where that keeps *framework* at *version*."""
        for newer in self.pythons:
            behind = not at_least(version, newer.version) and not at_least(python, newer.python)
            if newer.framework == framework and behind:
                return newer
        return None

    def newest_cuda(self, framework: str, driver: str | None, capability: str | None) -> str:
        """The newest CUDA major version that driver and GPU can run; ``none`` without any.

        ``needs-13`` where builds that the driver can run lack kernels for so new a GPU, and those
        for CUDA 13 have them.
        """
        ours = [need for need in self.needs if need.framework == framework]
        driven = [n for n in ours if driver is not None and at_least(driver, n.driver)]
        fits = [need.cuda for need in driven if need.has_kernels_for(capability)]
        if fits or not driven:
            return max(fits, key=numbers, default=NO_CUDA)
        wanted = [need.cuda for need in ours if need.has_kernels_for(capability)]
        return f"{NEEDS}{min(wanted, key=numbers)}" if wanted else NO_CUDA

    def oldest_driver(self, framework: str) -> str | None:
        """The oldest driver with which any build of *framework* runs."""
        drivers = [need.driver for need in self.needs if need.framework == framework]
        return min(drivers, key=numbers, default=None)


def mends_from(data: Any, *, name: str) -> Mends:
    """Check the data of a mends file.

    Raises:
        UserError: another schema, an unknown condition, or an entry of another shape.
    """
    if not isinstance(data, Mapping) or data.get("schema") != SCHEMA:
        raise UserError(f"is not a {SCHEMA} file", where=name)
    try:
        needs = tuple(_need(entry) for entry in data.get("needs") or [])
        pythons = tuple(
            NewerPython(str(p["framework"]), str(p["version"]), str(p["python"]))
            for p in data.get("pythons") or []
        )
        mends = tuple(_mend(entry) for entry in data.get("mends") or [])
        return Mends(needs, mends, pythons)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"holds an entry of another shape: {error}", where=name) from error


def with_lines(data: Any, lines: Mapping[str, str], *, name: str) -> Any:
    """The data of a mends file with every install line that it refers to written out.

    Args:
        data: What stands in the file.
        lines: The command of each install row by the row's id.
        name: What errors call the file.

    Raises:
        UserError: an entry refers to a row that *lines* lacks.
    """
    entries = data.get("mends") if isinstance(data, Mapping) else None
    if not isinstance(entries, list):
        return data
    return {**data, "mends": [_with_line(entry, lines, name) for entry in entries]}


def _with_line(entry: Any, lines: Mapping[str, str], name: str) -> Any:
    if not isinstance(entry, Mapping) or "install" not in entry:
        return entry
    row = str(entry["install"])
    if row not in lines:
        raise UserError(f"refers to the install line {row!r}, which does not exist", where=name)
    install = " ".join(("{pip} install", str(entry.get("options") or ""))).rstrip()
    # A mend stands beside a path in double quotes, and pip's own quotes are for extras only.
    command = _PIP.sub(install, lines[row]).replace('"', "'")
    kept = {key: value for key, value in entry.items() if key not in ("install", "options")}
    return {**kept, "mend": command}


def at_least(version: str, needed: str) -> bool:
    """Whether the version *version* is *needed* or later; compares the numbers in both."""
    return numbers(version) >= numbers(needed)


def numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version: ``2.13.0+cpu`` is (2, 13, 0)."""
    match = re.match(r"\d+(?:\.\d+)*", version.strip())
    return tuple(int(part) for part in match.group(0).split(".")) if match else ()


def _need(entry: Mapping[str, Any]) -> Need:
    newest = entry.get("newest_compute_capability")
    return Need(
        framework=str(entry["framework"]),
        cuda=str(entry["cuda"]),
        driver=str(entry["driver"]),
        compute_capability=str(entry["compute_capability"]),
        newest_compute_capability=None if newest is None else str(newest),
    )


def _mend(entry: Mapping[str, Any]) -> Mend:
    when = {key: _words(value) for key, value in (entry.get("when") or {}).items()}
    unknown = sorted(set(when) - _CONDITIONS)
    if unknown:
        raise ValueError(f"unknown condition {unknown[0]!r} of {entry['finding']!r}")
    return Mend(_words(entry["finding"]), when, str(entry["mend"]))


def _words(value: Any) -> tuple[str, ...]:
    return tuple(str(v) for v in value) if isinstance(value, list) else (str(value),)


def _holds(when: Mapping[str, Sequence[str]], context: Mapping[str, Sequence[str]]) -> bool:
    return all(_meets(key, accepted, context) for key, accepted in when.items())


def _meets(key: str, accepted: Sequence[str], context: Mapping[str, Sequence[str]]) -> bool:
    if key == "python_below":
        return any(not at_least(version, accepted[0]) for version in context.get("python", ()))
    return bool(set(accepted) & set(context.get(key, ())))
