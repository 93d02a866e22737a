"""The answers so far, on disk after every answer, so that nothing typed is ever lost.

Knows where the state of an interview lies. It must not know the form of an answers file, which is
`advisor.answers_io`'.
"""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_state_path

from advisor.answers import Answers
from advisor.answers_io import read_answers, to_yaml
from advisor.errors import UserError
from advisor.knowledge.model import RuleBase

RESUME_COMMAND = "fw-advisor interview --resume"
_FILE = "last-answers.yaml"


def state_file() -> Path:
    """Where the last interview's answers lie; ``FW_ADVISOR_STATE_DIR`` overrides the directory."""
    given = os.environ.get("FW_ADVISOR_STATE_DIR")
    directory = Path(given) if given else user_state_path("fw-advisor")
    return directory / _FILE


def save(answers: Answers) -> None:
    """Write *answers* to `state_file`, whole or not at all, readable by its owner only.

    Raises:
        OSError: the place cannot be written to.
    """
    path = state_file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.unlink(missing_ok=True)
        partial.touch(mode=0o600, exist_ok=False)
        partial.write_bytes(to_yaml(answers).encode("utf-8"))
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
            "there is no interrupted interview to go on with",
            hint="start one with: fw-advisor interview",
        )
    return read_answers(path, base)
