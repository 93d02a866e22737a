"""Why something was not measured or not called: a part that the documents share.

Standard library only: a bare node uses this too. It must not know how a reason is worded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from advisor.bounds import Id, ShortText


@dataclass(frozen=True)
class Reason:
    """Why something was not measured or not called: a stable id, and the values that it is about.

    `case` names which of the id's sentences is meant, where it has several.
    """

    id: Id
    case: Id = ""
    values: dict[str, Any] = field(default_factory=dict)
    text: ShortText = ""
    hint: ShortText = ""
