"""The record as JSON inside a page: nothing in it can end the script element or hide.

Knows the record's document. It must not know HTML beyond what ends a script element.
"""

from __future__ import annotations

import json
from typing import Any

from advisor.record import Record, freeze
from advisor.text import private

_ESCAPES = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}


def record_json(record: Record, *, room: int) -> str:
    """*record* as one line of ASCII JSON of at most *room* bytes, safe inside a script element.

    Where all of it does not fit, first the rules' statements are left out, then all that the
    decision was made from; the hashes of what is missing stay in ``replay``.
    """
    whole = _private(freeze(record))
    for document in (whole, _without_rules(whole), _decision_only(whole)):
        text = _text(document)
        if len(text) <= room:
            return text
    return _text({"schema": whole["schema"], "status": whole["status"], "replay": whole["replay"]})


def _text(document: Any) -> str:
    return json.dumps(document, separators=(",", ":"), allow_nan=False).translate(_ESCAPES)


def _without_rules(document: dict[str, Any]) -> dict[str, Any]:
    made = {k: v for k, v in document["made_from"].items() if k != "rules"}
    return {**document, "made_from": made}


def _decision_only(document: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in document.items() if k != "made_from"}


def _private(value: Any) -> Any:
    """*value* with home directories and secrets taken out of every text."""
    if isinstance(value, str):
        return private(value)
    if isinstance(value, dict):
        return {private(str(k)): _private(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_private(v) for v in value]
    return value
