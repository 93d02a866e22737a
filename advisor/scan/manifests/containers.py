"""Container files: base images, what they install, the environment that they set.

Knows the instructions that matter. It must not run or fetch anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from advisor.scan.manifests.dependencies import Place, take_locked, take_python
from advisor.scan.manifests.shells import take_command
from advisor.scan.model import FileReport
from advisor.scan.tables import Tables

_FROM = re.compile(r"from\s+(?:--\S+\s+)?(\S+)", re.IGNORECASE)
_VERSIONS = {"pytorch/pytorch": "torch", "tensorflow/tensorflow": "tensorflow"}
_ACCELERATED = re.compile(r"cuda|gpu")
_DISTRIBUTIONS = re.compile(
    r"(?:.*/)?(ubuntu|debian|rockylinux|fedora|almalinux|python|alpine)(:|$)"
)
_X64 = re.compile(r"JAX_ENABLE_X64[=\s]+[\"']?(1|true)", re.IGNORECASE)


def read_container(text: str, report: FileReport, tables: Tables) -> None:
    """Add what the container file *text* says to *report*."""
    for number, line in _instructions(text):
        place = Place(report, tables, number, text.split("\n")[number - 1])
        match = _FROM.match(line)
        if match is not None:
            _take_image(place, match.group(1).lower())
        elif _X64.search(line):
            report.add("float64", value=True, line=number, text=place.text, confidence="certain")
        word, _, rest = line.partition(" ")
        if word.upper() in ("RUN", "CMD", "ENTRYPOINT"):
            take_command(place, re.sub(r"[\[\]\",]+", " ", rest))


def _instructions(text: str) -> Iterator[tuple[int, str]]:
    """Each instruction with the line on which it begins; each further line with its own."""
    word = ""
    for number, line in enumerate(text.split("\n"), start=1):
        plain = line.strip()
        if not plain or plain.startswith("#"):
            continue
        yield number, f"{word} {plain}" if word else plain
        continues = plain.endswith("\\")
        word = (word or plain.split(None, 1)[0]) if continues else ""


def _take_image(place: Place, image: str) -> None:
    name, _, tag = image.partition(":")
    for signal in place.tables.signals_of_image(image):
        place.note(signal.key, signal.value, signal.confidence)
    package = next((p for image_name, p in _VERSIONS.items() if name.endswith(image_name)), None)
    version = re.match(r"\d+\.\d+(\.\d+)?", tag)
    if package is not None:
        place.note("codebase", "pytorch" if package == "torch" else package, "likely")
        if version is not None:
            take_locked(place, package, version.group())
        if _ACCELERATED.search(tag):
            place.note("hardware.train", "nvidia", "likely")
    if name.endswith("python") and version is not None:
        take_python(place, version.group(), exact=True)
    if _DISTRIBUTIONS.match(image) or package is not None or "nvidia/cuda" in image:
        place.note("hardware.os", "linux", "likely")
