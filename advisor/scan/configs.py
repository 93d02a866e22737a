"""Configurations in YAML and JSON: sizes of models, devices, dtypes, launchers.

Knows the keys that configurations of both frameworks use. It must not know which program reads
them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from advisor.knowledge.code_signals import Confidence
from advisor.scan.model import FileReport
from advisor.scan.python.devices import HARDWARE
from advisor.scan.sizes import SIZE, size_key, size_value
from advisor.scan.text import SkippedError
from advisor.scan.yaml_values import yaml_values

_WIDTHS = f"{SIZE}widths"
_DTYPE_KEYS = frozenset({"dtype", "torch_dtype", "precision", "param_dtype", "default_dtype"})
_DEVICE_KEYS = frozenset({"device", "accelerator", "platform", "devices", "hardware"})
_STRATEGY_KEYS = frozenset({"strategy", "distributed_type", "distributed_backend", "parallel"})
_STRATEGIES: Mapping[str, str] = {
    "ddp": "ddp",
    "multi_gpu": "ddp",
    "fsdp": "fsdp",
    "deepspeed": "deepspeed",
    "horovod": "horovod",
}
_ENTRIES = re.compile(r'"((?:[^"\\]|\\.){1,80})"\s*:')


def read_yaml_config(text: str, report: FileReport) -> None:
    """Add what the YAML configuration *text* says to *report*.

    Raises:
        SkippedError: it is no YAML that can be read.
    """
    lines = text.split("\n")
    collected: dict[tuple[str, ...], list[Any]] = {}
    first: dict[tuple[str, ...], int] = {}
    for value in yaml_values(text):
        if not value.path:
            continue
        _take(report, value.path[-1], value.value, value.line, lines)
        if size_key(value.path[-1], configuration=True) == _WIDTHS:
            collected.setdefault(value.path, []).append(value.value)
            first.setdefault(value.path, value.line)
    for path, values in collected.items():
        widths = size_value(_WIDTHS, values)
        if widths is not None and len(values) > 1:
            line = first[path]
            report.add(_WIDTHS, widths, line, lines[line - 1], "certain")


def read_json_config(text: str, report: FileReport) -> None:
    """Add what the JSON configuration *text* says to *report*.

    Raises:
        SkippedError: it is no JSON, or nested too deeply.
    """
    try:
        data = json.loads(text)
    except RecursionError as error:
        raise SkippedError("nested") from error
    except ValueError as error:
        raise SkippedError("syntax") from error
    lines = text.split("\n")
    places = _places(lines)
    for key, value in _entries(data):
        line = next(places.get(key, iter(())), 1)
        _take(report, key, value, line, lines)


def _places(lines: Sequence[str]) -> dict[str, Iterator[int]]:
    """The lines on which each key stands, in their order."""
    places: dict[str, list[int]] = {}
    for number, line in enumerate(lines, start=1):
        for match in _ENTRIES.finditer(line):
            places.setdefault(match.group(1), []).append(number)
    return {key: iter(numbers) for key, numbers in places.items()}


def _entries(data: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its value, in the order of the text, without recursion."""
    stack: list[tuple[str | None, Any]] = [(None, data)]
    while stack:
        key, value = stack.pop()
        if key is not None:
            yield key, value
        if isinstance(value, dict):
            stack += [(str(k), v) for k, v in reversed(value.items())]
        elif isinstance(value, list):
            stack += [(None, item) for item in reversed(value)]


def _take(report: FileReport, key: str, value: Any, line: int, lines: Sequence[str]) -> None:
    text = lines[line - 1] if 0 < line <= len(lines) else ""
    size = size_key(key, configuration=True)
    number = size_value(size, value) if size is not None else None
    if size is not None and number is not None:
        report.add(size, number, line, text, "certain")
    elif isinstance(value, str):
        for meant, answer, confidence in _words(key.lower(), value.lower()):
            report.add(meant, answer, line, text, confidence)
    elif key.lower() in ("num_nodes", "num_machines", "nnodes") and isinstance(value, int):
        if value > 1:
            report.add("hardware.train", "nvidia_cluster", line, text, "likely")
    elif key.lower() in ("enable_x64", "jax_enable_x64") and isinstance(value, bool):
        report.add("float64", value, line, text, "certain")


def _words(key: str, word: str) -> Iterator[tuple[str, Any, Confidence]]:
    """What the text *word* under *key* says."""
    if key in _DTYPE_KEYS and word in ("float64", "fp64", "double", "torch.float64", "64-true"):
        yield "float64", True, "likely"
    elif key in _DTYPE_KEYS and word in ("complex64", "complex128"):
        yield "code.complex", "complex", "likely"
    elif key in _DEVICE_KEYS:
        device = re.sub(r":\d+$", "", word)
        if device in HARDWARE:
            yield "code.device", device, "certain"
            yield "hardware.train", HARDWARE[device], "likely"
    elif key in _STRATEGY_KEYS:
        strategy = next((v for w, v in _STRATEGIES.items() if word.startswith(w)), None)
        if strategy is not None:
            yield "code.distributed", strategy, "certain"
            yield "hardware.train", "nvidia_multi", "likely"
    elif key == "padding" and word in ("max_length", "longest"):
        yield "code.padding", word, "certain"
        yield "shapes", "static" if word == "max_length" else "bucketed", "likely"
