"""Project files: pyproject.toml (PEP 621, Poetry, groups), pixi.toml, Pipfile, setup.cfg.

Knows where each of them keeps dependencies. It must not know what a dependency means.
"""

from __future__ import annotations

import configparser
import tomllib
from collections.abc import Iterator
from typing import Any

from advisor.knowledge.vocabulary import package_name
from advisor.scan.manifests.dependencies import Place, take_package, take_python, take_requirement
from advisor.scan.model import FileReport
from advisor.scan.tables import Tables
from advisor.scan.text import SkippedError

_LINUX = "Operating System :: POSIX :: Linux"


def read_project(text: str, report: FileReport, tables: Tables) -> None:
    """Add what the TOML file *text* declares to *report*.

    Raises:
        SkippedError: it is no TOML.
    """
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise SkippedError("syntax") from error
    lines = _Lines(text, report, tables)
    project = _table(data, "project")
    for written in _texts(project.get("dependencies")):
        take_requirement(lines.place(written), written)
    for group in (*_table(project, "optional-dependencies").values(), *_groups(data)):
        for written in _texts(group):
            take_requirement(lines.place(written), written, optional=True)
    requires = project.get("requires-python")
    if isinstance(requires, str):
        take_python(lines.place(requires, after="requires-python"), requires)
    if _LINUX in _texts(project.get("classifiers")):
        lines.place(_LINUX).note("hardware.os", "linux", "possible")
    for table, optional in _tables_of_packages(data):
        for name, spec in table.items():
            specifier = _specifier(spec)
            if specifier is not None:
                plain = package_name(name)
                take_package(lines.place(name), plain, specifier, optional=optional)


def project_name(text: str) -> str | None:
    """The package that the project file *text* makes, in its one spelling."""
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        return None
    names = (_table(data, "project").get("name"), _table(data, "tool", "poetry").get("name"))
    return next((package_name(name) for name in names if isinstance(name, str)), None)


def read_setup_cfg(text: str, report: FileReport, tables: Tables) -> None:
    """Add what the setup.cfg in *text* declares to *report*.

    Raises:
        SkippedError: it is no such file.
    """
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise SkippedError("syntax") from error
    lines = _Lines(text, report, tables)
    options = dict(parser["options"]) if parser.has_section("options") else {}
    for written in options.get("install_requires", "").split("\n"):
        take_requirement(lines.place(written.strip()), written)
    requires = options.get("python_requires", "")
    take_python(lines.place(requires, after="python_requires"), requires)
    section = "options.extras_require"
    for extra in dict(parser[section]).values() if parser.has_section(section) else ():
        for written in extra.split("\n"):
            take_requirement(lines.place(written.strip()), written, optional=True)


class _Lines:
    """Finds the line on which something that was parsed stands."""

    def __init__(self, text: str, report: FileReport, tables: Tables) -> None:
        self._lines = text.split("\n")
        self._report = report
        self._tables = tables

    def place(self, written: str, *, after: str = "") -> Place:
        """The first line that holds *written* (and *after*), or the first of all."""
        for number, line in enumerate(self._lines, start=1):
            if written and written in line and after in line:
                return Place(self._report, self._tables, number, line)
        return Place(self._report, self._tables, 1, self._lines[0])


def _table(data: Any, *path: str) -> dict[str, Any]:
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _groups(data: dict[str, Any]) -> Iterator[Any]:
    yield from _table(data, "dependency-groups").values()
    yield _table(data, "tool", "uv").get("dev-dependencies")


def _tables_of_packages(data: dict[str, Any]) -> Iterator[tuple[dict[str, Any], bool]]:
    """Tables from packages to versions, and whether they are optional."""
    yield _table(data, "tool", "poetry", "dependencies"), False
    yield _table(data, "tool", "poetry", "dev-dependencies"), True
    for group in _table(data, "tool", "poetry", "group").values():
        yield _table(group, "dependencies"), True
    for pixi in (data, _table(data, "tool", "pixi")):
        yield _table(pixi, "dependencies"), False
        yield _table(pixi, "pypi-dependencies"), False
        for feature in _table(pixi, "feature").values():
            yield _table(feature, "dependencies"), True
            yield _table(feature, "pypi-dependencies"), True
    yield _table(data, "packages"), False
    yield _table(data, "dev-packages"), True


def _specifier(spec: Any) -> str | None:
    if isinstance(spec, dict):
        spec = spec.get("version", "")
    if not isinstance(spec, str):
        return None
    return "" if spec == "*" else spec
