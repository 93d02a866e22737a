"""Bounds that stand beside the type of a field, and are enforced where a document is read.

Knows only how pydantic asks a marker for its schema: nothing is imported from it here, so that a
bare node, which measures with the same dataclasses, needs no pydantic. Measuring ignores them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any


class Limits:
    """Limits of a number, or of the length of a text or a list; infinities and NaN never pass.

    Args:
        limits: Keys of pydantic's core schema: ``ge``, ``gt``, ``le``, ``lt``, ``max_length``.
    """

    def __init__(self, **limits: float) -> None:
        self.limits = limits

    def __get_pydantic_core_schema__(
        self, source: Any, handler: Callable[[Any], dict[str, Any]]
    ) -> dict[str, Any]:
        """The schema of the field with the limits in it."""
        schema = {**handler(source), **self.limits}
        return {**schema, "allow_inf_nan": False} if schema["type"] == "float" else schema


class Checked:
    """A condition on a whole part, checked after its fields.

    Args:
        check: Raises ValueError with what is wrong.
    """

    def __init__(self, check: Callable[[Any], None]) -> None:
        self.check = check

    def __get_pydantic_core_schema__(
        self, source: Any, handler: Callable[[Any], dict[str, Any]]
    ) -> dict[str, Any]:
        """The schema of the part, followed by the check."""

        def checked(part: Any) -> Any:
            self.check(part)
            return part

        function = {"type": "no-info", "function": checked}
        return {"type": "function-after", "function": function, "schema": handler(source)}


Seconds = Annotated[float, Limits(ge=0, le=1e6)]
Bytes = Annotated[int, Limits(ge=0, le=1 << 60)]
Count = Annotated[float, Limits(ge=0)]
TimeRatio = Annotated[float, Limits(gt=1e-9, lt=1e9)]
ShortText = Annotated[str, Limits(max_length=4000)]
Id = Annotated[str, Limits(max_length=200)]
