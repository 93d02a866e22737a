"""Lock files: uv, Poetry, PDM, Pipenv, conda-lock and pixi. Versions only: nobody chose the rest.

They are written by machines, so that each is read line by line, whatever its size.
"""

from __future__ import annotations

import re

from advisor.scan.manifests.dependencies import Place, take_locked
from advisor.scan.model import FileReport
from advisor.scan.tables import FRAMEWORK_PACKAGES, Tables

_NAME = re.compile(
    r"""^(?:[ \t-]*)["']?name["']?\s*[:=]\s*["']?([A-Za-z0-9._-]+)["']?,?\s*(?:#.*)?$"""
)
_VERSION = re.compile(
    r"""^[ \t]*["']?version["']?\s*[:=]\s*["']?(?:==)?([0-9][\w.+!-]*)["']?,?\s*(?:#.*)?$"""
)
_PIPFILE = re.compile(r"""^\s*"([A-Za-z0-9._-]+)":\s*\{\s*$""")
_CONDA_URL = re.compile(
    r"/("
    + "|".join(map(re.escape, (*FRAMEWORK_PACKAGES, "pytorch")))
    + r")-([0-9][\w.+]*)-[\w.]+\.(?:conda|tar\.bz2)"
)
_WHEEL_URL = re.compile(
    r"/(" + "|".join(map(re.escape, FRAMEWORK_PACKAGES)) + r")-([0-9][\w.+%]*)-[\w.-]+\.whl"
)
_CONDA_NAMES = {"pytorch": "torch"}


def read_lock(text: str, report: FileReport, tables: Tables) -> None:
    """Add the framework versions that the lock in *text* holds to *report*."""
    pipfile = report.file.lower().endswith("pipfile.lock")
    name = ""
    for number, line in enumerate(text.split("\n"), start=1):
        match = (_PIPFILE if pipfile else _NAME).match(line)
        if match is not None:
            name = match.group(1)
            continue
        version = _VERSION.match(line)
        place = Place(report, tables, number, line)
        if version is not None and name:
            take_locked(place, _CONDA_NAMES.get(name, name), version.group(1))
            name = ""
        for url in (_CONDA_URL.search(line), None if name else _WHEEL_URL.search(line)):
            if url is not None:
                locked = _CONDA_NAMES.get(url.group(1), url.group(1))
                take_locked(place, locked, url.group(2).replace("%2B", "+"))
