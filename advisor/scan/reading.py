"""Reads one file into a report: bytes in, findings out. Nothing else is touched.

Knows which reader reads which kind of file. It must not know where the bytes came from.
"""

from __future__ import annotations

import re

from advisor.scan.configs import read_json_config, read_yaml_config
from advisor.scan.kinds import Kind, is_product
from advisor.scan.manifests.conda import read_conda
from advisor.scan.manifests.containers import read_container
from advisor.scan.manifests.dependencies import Place, take_python
from advisor.scan.manifests.locks import read_lock
from advisor.scan.manifests.projects import read_project, read_setup_cfg
from advisor.scan.manifests.requirements import read_requirements
from advisor.scan.manifests.shells import read_shell
from advisor.scan.model import FileReport
from advisor.scan.native import read_native
from advisor.scan.notebooks import read_notebook
from advisor.scan.python.reader import read_python
from advisor.scan.python.setup_calls import read_setup
from advisor.scan.tables import Tables
from advisor.scan.text import SkippedError, decode

_BY_MACHINES = ("notebook", "lock", "json")


def read_file(path: str, kind: Kind, data: bytes, tables: Tables) -> FileReport:
    """What *data*, the bytes of the file at *path* (relative, with slashes), says."""
    report = FileReport(path, is_product(path))
    try:
        _read(kind, decode(data, written=kind not in _BY_MACHINES), report, tables)
    except SkippedError as error:
        report.skipped = error.reason
    return report


def _read(kind: Kind, text: str, report: FileReport, tables: Tables) -> None:
    match kind:
        case "python":
            read_python(text, report, tables)
            if report.file.rpartition("/")[2] == "setup.py":
                read_setup(text, report, tables)
        case "notebook":
            read_notebook(text, report, tables)
        case "yaml":
            read_yaml_config(text, report)
        case "json":
            read_json_config(text, report)
        case "native":
            read_native(text, report)
        case "shell":
            read_shell(text, report, tables)
        case _:
            _read_manifest(kind, text, report, tables)


def _read_manifest(kind: Kind, text: str, report: FileReport, tables: Tables) -> None:
    match kind:
        case "requirements":
            read_requirements(text, report, tables)
        case "project" | "pipfile":
            read_project(text, report, tables)
        case "setup_cfg":
            read_setup_cfg(text, report, tables)
        case "conda":
            read_conda(text, report, tables)
        case "lock":
            read_lock(text, report, tables)
        case "container":
            read_container(text, report, tables)
        case _:
            _read_python_version(text, report, tables)


def _read_python_version(text: str, report: FileReport, tables: Tables) -> None:
    first = text.split("\n", 1)[0].strip()
    if re.fullmatch(r"(python-)?\d+\.\d+(\.\d+)?", first):
        place = Place(report, tables, 1, first)
        take_python(place, first.removeprefix("python-"), exact=True)
