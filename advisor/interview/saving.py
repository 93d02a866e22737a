"""The answers so far, on disk after every answer, so that nothing typed is ever lost.

Knows where the state of an interview lies: beside the report, since it belongs to the project that
one works in. It must not know the form of an answers file, which is
`advisor.answers_io`'.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from advisor.answers import Answers
from advisor.answers_io import read_answers, to_yaml
from advisor.errors import UserError
from advisor.files import REPORT_DIRECTORY
from advisor.knowledge.model import RuleBase

RESUME_COMMAND = "fw-advisor interview --resume"
_FILE = "interview.yaml"
_ORDER = "# asked in this order: "


def state_file() -> Path:
    """Where the answers of this directory's interview lie.

    ``FW_ADVISOR_STATE_DIR`` overrides the directory.
    """
    given = os.environ.get("FW_ADVISOR_STATE_DIR")
    return (Path(given) if given else REPORT_DIRECTORY) / _FILE


def save(answers: Answers, order: Sequence[str] = ()) -> None:
    """Write *answers* to `state_file`, whole or not at all, readable by its owner only.

    *order* holds the keys as they were asked, so that going on asks and goes back the same way.

    Raises:
        OSError: the place cannot be written to.
    """
    path = state_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.unlink(missing_ok=True)
        partial.touch(mode=0o600, exist_ok=False)
        text = f"{_ORDER}{' '.join(order)}\n{to_yaml(answers)}"
        partial.write_bytes(text.encode("utf-8"))
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def load(base: RuleBase) -> Answers:
    """The answers of the last interview, each with the source it had.

    Raises:
        UserError: there is none, or the file does not fit the vocabulary.
    """
    path = state_file()
    if not path.is_file():
        raise UserError(
            "there is no interrupted interview to go on with in this directory",
            hint="go to where it was begun, or start one with: fw-advisor interview",
            where=str(path),
        )
    return read_answers(path, base)


def order() -> tuple[str, ...]:
    """The keys of the kept answers in the order in which they were asked; empty where none is."""
    try:
        first = state_file().read_text("utf-8", "replace").partition("\n")[0]
    except OSError:
        return ()
    return tuple(first.removeprefix(_ORDER).split()) if first.startswith(_ORDER) else ()
