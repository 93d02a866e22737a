"""The answers so far, on disk after every answer, so that nothing typed is ever lost.

Knows where the state of an interview lies: beside the report, since it belongs to the project that
one works in. It must not know the form of an answers file, which is
`advisor.answers_io`'.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from advisor.answers import Answers
from advisor.answers_io import read_answers, to_yaml
from advisor.errors import UserError
from advisor.files import replace_file, state_directory
from advisor.knowledge.model import RuleBase
from advisor.owned import refuse_foreign

RESUME_COMMAND = "fw-advisor interview --resume"
_FILE = "interview.yaml"
_ORDER = "# asked in this order: "


def state_file() -> Path:
    """Where the answers of this directory's interview lie.

    ``FW_ADVISOR_STATE_DIR`` overrides the directory.
    """
    return state_directory() / _FILE


def save(answers: Answers, order: Sequence[str] = ()) -> None:
    """Write *answers* to `state_file`, whole or not at all, readable by its owner only.

    *order* holds the keys as they were asked, so that going on asks and goes back the same way.

    Raises:
        OSError: the place cannot be written to.
    """
    text = f"{_ORDER}{' '.join(order)}\n{to_yaml(answers)}"
    replace_file(state_file(), text, mode=0o600)


def load(base: RuleBase) -> Answers:
    """The answers of the last interview, each with the source it had.

    Raises:
        UserError: there is none, somebody else could have written it (answers may name an
            interpreter that is run), or it does not fit the vocabulary.
    """
    path = state_file()
    if not path.is_file():
        raise UserError(
            "there is no interrupted interview to go on with in this directory",
            hint="go to where it was begun, or start one with: fw-advisor interview",
            where=str(path),
        )
    refuse_foreign(path)
    return read_answers(path, base)


def order() -> tuple[str, ...]:
    """The keys of the kept answers in the order in which they were asked; empty where none is."""
    try:
        first = state_file().read_text("utf-8", "replace").partition("\n")[0]
    except OSError:
        return ()
    return tuple(first.removeprefix(_ORDER).split()) if first.startswith(_ORDER) else ()
