"""Conda environments: packages by name, and pip's list inside.

Knows their form and that conda calls PyTorch ``pytorch``.
"""

from __future__ import annotations

import re

from advisor.knowledge.vocabulary import package_name
from advisor.scan.manifests.dependencies import Place, take_package, take_requirement
from advisor.scan.model import FileReport
from advisor.scan.tables import Tables
from advisor.scan.yaml_values import yaml_values

_NAMES = {
    "pytorch": "torch",
    "pytorch-gpu": "torch",
    "pytorch-cpu": "torch",
    "pyg": "torch-geometric",
}
_SPEC = re.compile(r"(?:[\w-]+::)?([A-Za-z0-9._-]+)\s*(.*)")
_CUDA = ("pytorch-cuda", "cuda-version", "cudatoolkit", "pytorch-gpu")


def read_conda(text: str, report: FileReport, tables: Tables) -> None:
    """Add what the environment in *text* declares to *report*.

    Raises:
        SkippedError: it is no YAML that can be read.
    """
    lines = text.split("\n")
    for value in yaml_values(text):
        if not value.path or value.path[0] != "dependencies" or not isinstance(value.value, str):
            continue
        place = Place(report, tables, value.line, lines[value.line - 1])
        if "pip" in value.path:
            take_requirement(place, value.value)
            continue
        match = _SPEC.fullmatch(value.value.strip())
        if match is not None:
            _take(place, match.group(1).lower(), match.group(2))


def _take(place: Place, name: str, written: str) -> None:
    if name in _CUDA:
        place.note("hardware.train", "nvidia", "likely")
    specifier = re.sub(r"^=(?=\d)", "==", written.strip().replace(" ", ""))
    specifier = re.sub(r"^(==[\w.*]+)=.*$", r"\1", specifier)
    if name == "python":
        specifier = re.sub(r"^==", "", specifier)
    take_package(place, _NAMES.get(name, package_name(name)), specifier)
