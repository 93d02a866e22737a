"""What must hold whatever was injected. Knows an outcome and the place that it left."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.faults.case import OLD, USUAL, Case, Outcome

PREFIX = "fw-advisor: "
OURS = ("fw-advisor-run-*", "fw-advisor-aside-*", "fw-advisor-??????*")


def wrongs(outcome: Outcome, case: Case) -> list[str]:
    """Everything about *outcome* that must not be; empty where all is well."""
    return [
        *_code(outcome),
        *_traceback(outcome),
        *_sentence(outcome),
        *_document(outcome, case),
        *_files(case),
        *(f"lost: {name}" for name in outcome.fault.kept if not (case.place / name).is_file()),
        *(f"left behind: {line}" for line in outcome.orphans),
    ]


def _code(outcome: Outcome) -> Iterator[str]:
    codes = outcome.fault.codes or USUAL.get(outcome.command, (0,))
    if outcome.code is None:
        yield "did not end"
    elif outcome.code not in codes:
        yield f"exit code {outcome.code}, not {' or '.join(map(str, codes))}"


def _traceback(outcome: Outcome) -> Iterator[str]:
    text = outcome.err + outcome.out.decode("utf-8", "replace")
    for word in ("Traceback (most recent", "bug of fw-advisor", "Exception ignored"):
        if word in text:
            yield f"shows {word!r}"


def _sentence(outcome: Outcome) -> Iterator[str]:
    """One sentence that says what and why, and a line that says what to do."""
    if "e" in outcome.fault.mute:
        return
    if outcome.fault.says not in outcome.err:
        yield f"does not say {outcome.fault.says!r}"
    if outcome.code in (2, 4):
        lines = outcome.err.strip().splitlines()
        heads = [k for k, line in enumerate(lines) if line.startswith(PREFIX)]
        if not heads:
            yield "does not say what is wrong"
        elif not any(line.startswith("  ") and line.strip() for line in lines[heads[-1] + 1 :]):
            yield "does not say what to do"


def _document(outcome: Outcome, case: Case) -> Iterator[str]:
    if not case.json or "o" in outcome.fault.mute or outcome.code is None or outcome.code < 0:
        return
    try:
        document = json.loads(outcome.out.decode("utf-8"), parse_constant=_refuse)
    except ValueError as error:
        yield f"stdout is not one JSON document: {error}"
        return
    if not isinstance(document, dict) or "schema" not in document:
        yield "the JSON document names no schema"


def _refuse(word: str) -> Any:
    raise ValueError(word)


def _files(case: Case) -> Iterator[str]:
    """Every file is the old one or a whole new one, and nothing half-made lies beside it."""
    for path in sorted(_walk(case.place)):
        if path.name.endswith(".partial"):
            yield f"half a file is left: {path.name}"
        elif path.parent.name == "out" and path.suffix in (".json", ".html", ".txt"):
            yield from _whole(path)


def _walk(place: Path) -> Iterator[Path]:
    try:
        yield from (p for p in place.rglob("*") if p.is_file())
    except OSError:
        return


def _whole(path: Path) -> Iterator[str]:
    try:
        text = path.read_text("utf-8")
    except (OSError, ValueError) as error:
        yield f"{path.name} cannot be read: {error}"
        return
    if text == OLD:
        return
    if path.suffix == ".json":
        try:
            json.loads(text)
        except ValueError:
            yield f"{path.name} is broken"
    elif (path.suffix == ".html" and not text.rstrip().endswith("</html>")) or not text.endswith(
        "\n"
    ):
        yield f"{path.name} is cut off"
