"""Commands that take their options as one value: declared as a dataclass, read by Typer one by one.

A command with many options would be all signature, and would hand them on name by name.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, get_type_hints


def flat(command: Callable[..., int | None]) -> Callable[..., int | None]:
    """*command* with every parameter that is a dataclass replaced by that dataclass's fields."""
    hints = get_type_hints(command, include_extras=True)
    kinds = {name: hints[name] for name in inspect.signature(command).parameters}
    parameters = [p for name, kind in kinds.items() for p in _parameters(name, kind)]

    @functools.wraps(command)
    def taking_options(**given: Any) -> int | None:
        whole = {name: _whole(name, kind, given) for name, kind in kinds.items()}
        return command(**whole)

    # What Typer reads; a wrapped function would be looked through.
    del taking_options.__wrapped__
    taking_options.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    taking_options.__annotations__ = {p.name: p.annotation for p in parameters}
    return taking_options


def _parameters(name: str, kind: Any) -> list[inspect.Parameter]:
    if not is_dataclass(kind):
        return [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind)]
    hints = get_type_hints(kind, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in fields(kind)
    ]


def _whole(name: str, kind: Any, given: dict[str, Any]) -> Any:
    if not is_dataclass(kind):
        return given[name]
    # A dataclass that was declared is called as it was: mypy sees the class through `Any` only.
    make: Any = kind
    return make(**{field.name: given[field.name] for field in fields(kind)})
