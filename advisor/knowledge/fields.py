"""Read typed fields out of plain data, gathering every mistake with its place and a suggestion.

A field that is wrong is told once, and reading goes on with a harmless stand-in: `Problems` then
raises everything together, before anything that was read is used. It must not know what the
fields mean.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from advisor.errors import UserError, UserErrorGroup
from advisor.knowledge.yaml_events import Path_
from advisor.knowledge.yamlio import Document
from advisor.text import inert

MAX_PROBLEMS = 100
_LONGEST_WORD = 80
NO_DATE = "1970-01-01"
"""What stands in for a date that is missing or wrong."""


class Fault(Exception):  # noqa: N818  (told as a UserError once its place is known)
    """Why a value is refused, and what to do; `path` leads from the value to the part at fault."""

    def __init__(self, message: str, hint: str = "", path: Path_ = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.path = path


@dataclass
class Problems:
    """The mistakes found so far."""

    errors: list[UserError] = field(default_factory=list)

    def add(self, message: str, *, where: str, hint: str = "") -> None:
        """Remember one mistake; from the hundredth on everything is told at once.

        Raises:
            UserErrorGroup: there are so many that looking for more would not help.
        """
        self.errors.append(UserError(message, hint=hint, where=where))
        if len(self.errors) >= MAX_PROBLEMS:
            self.errors.append(UserError("and perhaps more: nothing after these was looked at"))
            self.check()

    def take(self, error: UserError) -> None:
        """Remember *error*, or all of its parts."""
        self.errors.extend(error.errors if isinstance(error, UserErrorGroup) else [error])

    def check(self) -> None:
        """Raise what was found, if anything was.

        Raises:
            UserError: exactly one mistake was found.
            UserErrorGroup: several were.
        """
        if len(self.errors) == 1:
            raise self.errors[0]
        if self.errors:
            raise UserErrorGroup(self.errors)


def shown(value: Any) -> str:
    """*value* as it may stand in a message: short, quoted and inert."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return repr(inert(value, limit=60))
    if isinstance(value, (int, float)):
        return f"{value:g}"
    return "a list" if isinstance(value, list) else "a mapping"


def did_you_mean(word: Any, options: Iterable[str], *, all_of_few: bool = True) -> str:
    """A hint with the option nearest to *word*, or (*all_of_few*) with all where they are few."""
    words = list(options)
    if isinstance(word, str) and len(word) <= _LONGEST_WORD:
        near = difflib.get_close_matches(word.lower(), words, n=1, cutoff=0.6)
        if near:
            return f"did you mean {near[0]!r}?"
    if all_of_few and 0 < len(words) <= 16:
        return "one of: " + ", ".join(words)
    return ""


@dataclass(frozen=True)
class Part:
    """One mapping of a document, read field by field."""

    document: Document
    path: Path_
    data: dict[str, Any]
    problems: Problems

    @classmethod
    def top(cls, document: Document, problems: Problems) -> Part:
        """The whole of *document*; a mistake where it is not a mapping."""
        if isinstance(document.data, dict):
            return cls(document, (), document.data, problems)
        problems.add("is not a mapping of keys to values", where=document.where())
        return cls(document, (), {}, problems)

    def where(self, *path: str | int) -> str:
        """The place of what *path* leads to from here."""
        return self.document.where(*self.path, *path)

    def fail(self, message: str, *path: str | int, hint: str = "") -> None:
        """Remember a mistake in what *path* leads to."""
        self.problems.add(message, where=self.where(*path), hint=hint)

    def fault(self, fault: Fault, *path: str | int) -> None:
        """Remember *fault*, which was found in the value at *path*."""
        self.fail(fault.message, *path, *fault.path, hint=fault.hint)

    def only(self, keys: Sequence[str]) -> None:
        """Refuse keys that are not among *keys*."""
        for key in self.data:
            if key not in keys:
                self.problems.add(
                    f"the key {shown(key)} is not known here",
                    where=self.document.where_key(*self.path, key),
                    hint=did_you_mean(key, keys),
                )

    def has(self, key: str) -> bool:
        """Whether *key* stands here with a value."""
        return self.data.get(key) is not None

    def text(self, key: str, default: str | None = None, *, limit: int = 4000) -> str:
        """Non-empty text; *default* (or a mistake) where it is missing."""
        value = self.data.get(key)
        if value is None and default is not None:
            return default
        if isinstance(value, str) and 0 < len(value.strip()) <= limit:
            return value.strip()
        if isinstance(value, str) and default is not None and not value.strip():
            return default
        self._missing_or(key, f"{key} has to be text of at most {limit:,} characters")
        return default or ""

    def identifier(self, key: str = "id", *, limit: int = 120) -> str:
        """Text that can stand in a command line: letters, digits, and . _ - * between them."""
        value = self.text(key, limit=limit)
        if (
            value
            and not value.replace("*", "")
            .replace("_", "")
            .replace("-", "")
            .replace(".", "")
            .isalnum()
        ):
            self.fail(
                f"{key} {shown(value)} may only hold letters, digits, dots, dashes and underscores",
                key,
            )
        return value

    def word(self, key: str, options: Sequence[str], default: str | None = None) -> Any:
        """One of *options*."""
        value = self.data.get(key)
        if value is None and default is not None:
            return default
        if isinstance(value, str) and value in options:
            return value
        if value is None:
            self._missing_or(key, "")
        else:
            self.fail(
                f"{shown(value)} is not a value of {key}", key, hint=did_you_mean(value, options)
            )
        return options[0] if options else ""

    def date(self, key: str) -> str:
        """An ISO date such as 2026-11-23."""
        value = self.data.get(key)
        if isinstance(value, str) and len(value) == 10 and "1990" <= value < "2200":
            try:
                date.fromisoformat(value)
            except ValueError:
                pass
            else:
                return value
        self._missing_or(key, f"{key} has to be a date such as 2026-11-23, not {shown(value)}")
        return NO_DATE

    def number(
        self, key: str, default: float | None = None, *, least: float = -math.inf
    ) -> float | None:
        """A number of at least *least*, or *default* where it is missing."""
        value = self.data.get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value < least:
            bound = f" of at least {least:g}" if least > -math.inf else ""
            self.fail(f"{key} has to be a number{bound}, not {shown(value)}", key)
            return default
        return value

    def flag(self, key: str) -> bool:
        """True or false; false where it is missing."""
        value = self.data.get(key, False)
        if not isinstance(value, bool):
            self.fail(f"{key} has to be true or false, not {shown(value)}", key)
            return False
        return value

    def texts(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        """A list of texts, each once; a single text counts as a list of one."""
        value = self.data.get(key)
        if value is None and not required:
            return ()
        given = [value] if isinstance(value, str) else value
        if not isinstance(given, list) or (required and not given):
            self._missing_or(key, f"{key} has to be a list of texts")
            return ()
        kept: list[str] = []
        for index, item in enumerate(given):
            if not isinstance(item, str) or not item.strip() or len(item) > 4000:
                self.fail(f"{key} has to be a list of texts, not of {shown(item)}", key, index)
            elif item in kept:
                self.fail(f"{shown(item)} stands twice", key, index, hint="keep one of the two")
            else:
                kept.append(item)
        return tuple(kept)

    def mapping(self, key: str) -> Part:
        """The mapping under *key*; empty where it is missing."""
        value = self.data.get(key)
        if value is not None and not isinstance(value, dict):
            self.fail(f"{key} has to be a mapping, not {shown(value)}", key)
        data = value if isinstance(value, dict) else {}
        return Part(self.document, (*self.path, key), data, self.problems)

    def words(self, key: str) -> dict[str, str]:
        """A mapping of names to texts; numbers are taken as they are written."""
        part = self.mapping(key)
        return {name: part.text(name) for name in part.data}

    def parts(self, key: str) -> Iterator[Part]:
        """The mappings in the list under *key*; none where it is missing."""
        value = self.data.get(key)
        if value is None:
            return
        if not isinstance(value, list):
            self.fail(f"{key} has to be a list, not {shown(value)}", key)
            return
        for index, item in enumerate(value):
            if isinstance(item, dict):
                yield Part(self.document, (*self.path, key, index), item, self.problems)
            else:
                self.fail(f"{key} has to be a list of mappings, not of {shown(item)}", key, index)

    def _missing_or(self, key: str, message: str) -> None:
        if self.data.get(key) is None:
            self.fail(f"{key} is missing")
        else:
            self.fail(message, key)
