"""The software bill of materials: what is pinned, as it is installed, in CycloneDX's JSON.

Run by ``make sbom``. Reads ``constraints.txt``, ``pyproject.toml`` and the metadata of what is
installed beside this interpreter; it asks no network and no clock, so that the same environment
gives the same bytes. The libraries that write this format would themselves be half a dozen
more packages in it.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from urllib.parse import quote

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from advisor.files import write_whole

ROOT = Path(__file__).parents[1]
PLACE = ROOT / "build" / "sbom.cdx.json"
FILES = "fw-advisor:sha256-of-installed-files"
"""The property that holds one digest over the paths and digests in a package's RECORD."""

_PIN = re.compile(r"([\w.\-]+)==([^\s;]+)")
# What differs from one installation of the same package to the next.
_OF_INSTALLING = ("INSTALLER", "REQUESTED", "RECORD", "direct_url.json")
_LONGEST_NAME = 100


class BillError(Exception):
    """What is installed is not what is pinned."""


def pins(constraints: str) -> dict[str, str]:
    """The pinned versions in *constraints* by normalised name."""
    matched = (_PIN.match(line.strip()) for line in constraints.splitlines())
    return {canonicalize_name(m[1]): m[2] for m in matched if m}


def bill(constraints: str, project: Mapping[str, Any]) -> dict[str, Any]:
    """The document: the project, every pin once, and what needs what.

    Raises:
        BillError: a package is installed in another version than its pin.
    """
    pinned = pins(constraints)
    installed = {name: _installed(name, version) for name, version in sorted(pinned.items())}
    needs = {name: _needed(dist, pinned) for name, dist in installed.items()}
    used, wanted = _reached(project["dependencies"], needs), _optional(project, needs)
    root = f"pkg:pypi/{project['name']}@{project['version']}"
    refs = {name: _purl(name, dist, pinned) for name, dist in installed.items()}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": project["name"],
                "version": project["version"],
                "purl": root,
                "licenses": [{"license": {"id": project["license"]}}],
            }
        },
        "components": [
            {
                "type": "library",
                "bom-ref": refs[name],
                "name": name,
                "version": pinned[name] if dist is None else dist.version,
                "scope": _scope(name, used, wanted),
                "purl": refs[name],
                **_of_installed(dist),
            }
            for name, dist in installed.items()
        ],
        "dependencies": [
            _edge(root, _names(project["dependencies"]), refs),
            *(_edge(refs[name], names, refs) for name, names in needs.items()),
        ],
    }


def _scope(name: str, used: set[str], wanted: set[str]) -> str:
    """CycloneDX's word for whether a run, an extra, or only developing needs it."""
    return "required" if name in used else "optional" if name in wanted else "excluded"


def _installed(name: str, pin: str) -> Distribution | None:
    """What is installed as *name*; None where nothing is: some pins are for other systems."""
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return None
    if Version(found.version).public != Version(pin).public:
        raise BillError(
            f"{name} {found.version} is installed, and constraints.txt pins {pin}: install what "
            "is pinned (make clean, then make lint)"
        )
    return found


def _purl(name: str, dist: Distribution | None, pinned: Mapping[str, str]) -> str:
    return f"pkg:pypi/{name}@{quote(pinned[name] if dist is None else dist.version)}"


def _of_installed(dist: Distribution | None) -> dict[str, Any]:
    if dist is None:
        return {"properties": [{"name": "fw-advisor:installed", "value": "no"}]}
    licences, digest = _licences(dist), _digest(dist)
    return {
        **({"licenses": licences} if licences else {}),
        **({"properties": [{"name": FILES, "value": digest}]} if digest else {}),
    }


def _licences(dist: Distribution) -> list[dict[str, Any]]:
    """As the package states it: an SPDX expression, else names; its text is no name."""
    expression = dist.metadata.get("License-Expression")
    if expression:
        return [{"expression": expression}]
    stated = (dist.metadata.get("License") or "").strip()
    classified = [
        line.rpartition(" :: ")[2]
        for line in dist.metadata.get_all("Classifier") or []
        if line.startswith("License :: ") and line != "License :: OSI Approved"
    ]
    short = stated not in ("", "UNKNOWN") and "\n" not in stated and len(stated) <= _LONGEST_NAME
    names = [stated] if short else list(dict.fromkeys(classified))
    return [{"license": {"name": name}} for name in names]


def _digest(dist: Distribution) -> str | None:
    """One SHA-256 over what RECORD says of the package's own files, in the order of their paths."""
    lines = sorted(
        f"{file} {file.hash.mode}={file.hash.value}\n"
        for file in dist.files or ()
        if file.hash is not None and not _made_by_installing(str(file))
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest() if lines else None


def _made_by_installing(file: str) -> bool:
    return file.startswith("..") or file.endswith((".pyc", *_OF_INSTALLING))


def _needed(dist: Distribution | None, pinned: Mapping[str, str]) -> list[str]:
    """The pinned packages that *dist* needs here, without its extras."""
    lines = (dist.requires or []) if dist else []
    return [name for name in _names(lines) if name in pinned]


def _names(lines: Iterable[str]) -> list[str]:
    needs = (Requirement(line) for line in lines)
    held = {
        canonicalize_name(need.name)
        for need in needs
        if need.marker is None or need.marker.evaluate({"extra": ""})
    }
    return sorted(held)


def _reached(lines: Iterable[str], needs: Mapping[str, list[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = _names(lines)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += needs.get(name, [])
    return reached


def _optional(project: Mapping[str, Any], needs: Mapping[str, list[str]]) -> set[str]:
    extras = project["optional-dependencies"]
    return _reached((line for x, lines in extras.items() if x != "dev" for line in lines), needs)


def _edge(ref: str, names: Iterable[str], refs: Mapping[str, str]) -> dict[str, Any]:
    return {"ref": ref, "dependsOn": [refs[name] for name in names if name in refs]}


def made() -> dict[str, Any]:
    """The bill of this checkout."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return bill((ROOT / "constraints.txt").read_text("utf-8"), project)


def main() -> int:
    """Write the bill to the place that was given, else below ``build``."""
    place = Path(sys.argv[1]) if len(sys.argv) > 1 else PLACE
    try:
        document = made()
    except BillError as error:
        print(f"sbom: {error}", file=sys.stderr)
        return 2
    write_whole(place, json.dumps(document, indent=2) + "\n")
    print(f"sbom: {len(document['components'])} packages in {place}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
