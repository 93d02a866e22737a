"""Everything a user can be told when a command cannot do what was asked, and the exit codes.

Every message says what is wrong and why; the hint says what to do next. Whatever is not a
`UserError` is a bug of ours (exit code 1). Standard library only: a bare node uses this too.
"""

from __future__ import annotations

from enum import IntEnum

ERROR_SCHEMA = "fw-advisor/error@1"


class ExitCode(IntEnum):
    """What a command's exit status means; scripts rely on these numbers."""

    DONE = 0
    BUG = 1
    BAD_INPUT = 2
    INCOMPLETE = 3
    NOTHING_TO_MEASURE = 4
    CHECK_SAYS_NO = 5
    INTERRUPTED = 130


class UserError(Exception):
    """A mistake or a limit that the user can act on; shown without a traceback.

    Args:
        message: What is wrong, and why it matters.
        hint: What to do about it; empty where nothing helps.
        where: ``file:line:col`` (or the nearest to it) of what is at fault.
    """

    exit_code = ExitCode.BAD_INPUT

    def __init__(self, message: str, *, hint: str = "", where: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.where = where

    def __str__(self) -> str:
        head = f"{self.where}: {self.message}" if self.where else self.message
        return f"{head}\n  {self.hint}" if self.hint else head


class UserErrorGroup(UserError):  # noqa: N818  (named like ExceptionGroup)
    """Several mistakes found in one pass, told together."""

    def __init__(self, errors: list[UserError]) -> None:
        super().__init__("\n".join(str(e) for e in errors))
        self.errors = errors

    def __str__(self) -> str:
        return self.message


class NothingToMeasureError(UserError):
    """No interpreter holds a framework that could be measured."""

    exit_code = ExitCode.NOTHING_TO_MEASURE


class InterruptedRunError(UserError):
    """The user stopped the command; what was finished is kept."""

    exit_code = ExitCode.INTERRUPTED
