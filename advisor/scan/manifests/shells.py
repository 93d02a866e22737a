"""Shell scripts and commands: launchers, schedulers, installs.

Knows a few commands by their words. It must not run any, nor follow variables.
"""

from __future__ import annotations

import re

from advisor.scan.manifests.dependencies import Place, take_requirement
from advisor.scan.model import FileReport
from advisor.scan.tables import Tables

_NODES = re.compile(
    r"--(?:nnodes|num[_-]machines|nodes)[= ]+[\"']?(\d+)|#SBATCH\s+(?:-N|--nodes)[= ]?(\d+)"
)
_PROCESSES = re.compile(
    r"--(?:nproc[_-]per[_-]node|num[_-]processes|num[_-]gpus)[= ]+[\"']?(\d+|gpu)"
)
_INSTALL = re.compile(r"(?:pip3?|uv pip|conda|mamba) install\s+(.*)")
_X64 = re.compile(r"JAX_ENABLE_X64=[\"']?(1|true)", re.IGNORECASE)
_WORD = re.compile(
    r"[\"']?([A-Za-z0-9][A-Za-z0-9._-]*(?:\[[\w,-]+\])?(?:[=<>!~]=?[\w.*,<>=!~]+)?)[\"']?"
)


def read_shell(text: str, report: FileReport, tables: Tables) -> None:
    """Add what the commands in *text* say to *report*."""
    for number, line in enumerate(text.split("\n"), start=1):
        plain = line.strip()
        if plain and (not plain.startswith("#") or plain.startswith("#SBATCH")):
            take_command(Place(report, tables, number, line), plain)


def take_command(place: Place, line: str) -> None:
    """Add what one line of commands says."""
    if len(line) > 4000:
        return
    for signal in place.tables.signals_of_command(line):
        place.note(signal.key, signal.value, signal.confidence)
    nodes = _NODES.search(line)
    if nodes is not None and int(nodes.group(1) or nodes.group(2)) > 1:
        place.note("hardware.train", "nvidia_cluster", "possible")
    processes = _PROCESSES.search(line)
    if processes is not None and processes.group(1) not in ("0", "1"):
        place.note("hardware.train", "nvidia_multi", "likely")
    if _X64.search(line):
        place.report.add(
            "float64", value=True, line=place.line, text=place.text, confidence="certain"
        )
    install = _INSTALL.search(line)
    if install is not None:
        _take_install(place, install.group(1))


def _take_install(place: Place, arguments: str) -> None:
    skip = False
    for word in re.split(r"\s+", re.split(r"&&|;|\|\|", arguments)[0]):
        if skip or word.startswith("-"):
            skip = word in ("-r", "-c", "-f", "-e", "--index-url", "--extra-index-url", "-i", "-t")
            continue
        match = _WORD.fullmatch(word)
        if match is not None:
            take_requirement(place, match.group(1))
