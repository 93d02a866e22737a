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

    Where all of it does not fit, the rules that stayed silent are left out, then all rules, then
    all that the decision was made from; the hashes of what is missing stay in ``replay``.
    """
    whole = _private(freeze(record), {})
    shorter = (_spoken_rules, _without_rules, _decision_only)
    for document in (whole, *(shorten(whole) for shorten in shorter)):
        text = _text(document)
        if len(text) <= room:
            return text
    return _text({"schema": whole["schema"], "status": whole["status"], "replay": whole["replay"]})


def _text(document: Any) -> str:
    return json.dumps(document, separators=(",", ":"), allow_nan=False).translate(_ESCAPES)


def _spoken_rules(document: dict[str, Any]) -> dict[str, Any]:
    """*document* without the rules that stayed silent, and without what only they cite."""
    spoken = {*document["rules_fired"], *(entry["rule"] for entry in document["rules_unknown"])}
    base = document["made_from"]["rules"]
    rules = [rule for rule in base["rules"] if rule["id"] in spoken]
    cited = {name for part in (rules, base["installs"]) for one in part for name in one["sources"]}
    sources = [source for source in base["sources"] if source["id"] in cited]
    made = {**document["made_from"], "rules": {**base, "rules": rules, "sources": sources}}
    return {**document, "made_from": made}


def _without_rules(document: dict[str, Any]) -> dict[str, Any]:
    made = {k: v for k, v in document["made_from"].items() if k != "rules"}
    return {**document, "made_from": made}


def _decision_only(document: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in document.items() if k != "made_from"}


def _private(value: Any, texts: dict[str, str]) -> Any:
    """*value* with home directories and secrets taken out of every text.

    *texts* remembers what became of each: most are keys and words that stand many times.
    """
    if isinstance(value, str):
        if value not in texts:
            texts[value] = private(value)
        return texts[value]
    if isinstance(value, dict):
        return {_private(str(k), texts): _private(v, texts) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_private(v, texts) for v in value]
    return value
