"""The border of the evidence: read strictly, part by part, and written so that it can be read.

Validates the dataclasses of `advisor.evidence` with pydantic. A part that cannot be is void, with
its reason, and the rest is kept (`advisor.void_parts`). Unknown keys are left out silently (a later
minor version may add some); a later major version is refused by name. It must not know what any
number means.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from advisor.errors import UserError
from advisor.evidence import SCHEMA, Evidence, to_data
from advisor.jsonio import copied, read_json
from advisor.upgrades import upgraded
from advisor.void_parts import voided, without_impossible

_ROUNDS = 12
"""How often what is left is looked at again: a part inside a part shows up only then."""


@lru_cache(maxsize=1)
def _adapter() -> TypeAdapter[Evidence]:
    return TypeAdapter(Evidence)


def read_evidence(path: Path) -> Evidence:
    """The evidence in *path*.

    Raises:
        UserError: not strict JSON, another schema, a later major version, or a document whose
            parts cannot be told apart. Values that no measurement can have (negative or infinite
            times, a verdict without its interval) cost their part only.
    """
    return evidence_from(read_json(path), name=str(path))


def evidence_from(data: Any, *, name: str) -> Evidence:
    """Validate *data* as evidence; *name* is what errors call it."""
    left = upgraded(copied(data))
    check_schema_id(left, SCHEMA, name)
    left = without_impossible(left)
    for _ in range(_ROUNDS):
        try:
            return _adapter().validate_python(left)
        except ValidationError as error:
            before, left = left, voided(left, error.errors(include_url=False))
            if left is before:
                raise validation_error(error, name) from error
    return _read_strictly(left, name)


def _read_strictly(data: Any, name: str) -> Evidence:
    try:
        return _adapter().validate_python(data)
    except ValidationError as error:
        raise validation_error(error, name) from error


def readable(evidence: Evidence) -> Evidence:
    """*evidence* as it will be read back: what was just measured, its void parts marked."""
    return evidence_from(to_data(evidence), name="what was measured")


def evidence_schema() -> dict[str, Any]:
    """The JSON Schema of an evidence document."""
    return _adapter().json_schema()


def check_schema_id(data: Any, expected: str, name: str) -> None:
    """Refuse a document whose ``schema`` is not *expected*, saying which it is.

    Raises:
        UserError: no schema, another kind of document, or a later major version.
    """
    stated = data.get("schema") if isinstance(data, dict) else None
    if stated == expected:
        return
    kind, _, major = expected.partition("@")
    if isinstance(stated, str) and stated.startswith(f"{kind}@"):
        raise UserError(
            f"is {stated}; this version reads {expected}",
            hint=f"it was made by another version of fw-advisor: upgrade, or re-make it ({major=})",
            where=name,
        )
    shown = repr(stated)[:80] if stated is not None else "no schema at all"
    raise UserError(
        f"is not a {kind} document: it has {shown}",
        hint=f"expected the key schema with {expected!r}",
        where=name,
    )


def validation_error(error: ValidationError, name: str) -> UserError:
    """The first few findings of a validation as one error for the user."""
    findings = error.errors(include_url=False, include_context=False)
    lines = []
    for finding in findings[:5]:
        path = ".".join(str(part) for part in finding["loc"]) or "document"
        lines.append(f"{path}: {finding['msg']}")
    more = len(findings) - len(lines)
    text = "; ".join(lines) + (f"; and {more} more" if more > 0 else "")
    return UserError(text, hint="nothing of this file was used", where=name)
