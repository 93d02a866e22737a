"""A team's code base as the interview knows it: what it answers, and where that stands.

Reads through the room that scans and runs nothing. What is certain is an answer with its place;
what is only likely is proposed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from advisor.answers import Answers
    from advisor.interview.questions import Detected
    from advisor.knowledge.model import RuleBase

_MOST_PLACES = 3


@dataclass(frozen=True)
class CodeBase:
    """What a scan says.

    Attributes:
        proposals: By key a value with its places in words, certain or likely.
        certain: The keys that nobody has to be asked about.
        reading: What stands in the record: places, and what moving would take.
    """

    proposals: Mapping[str, Detected] = field(default_factory=dict)
    certain: tuple[str, ...] = ()
    reading: Mapping[str, Any] = field(default_factory=dict)

    def taken_by(self, answers: Answers) -> Answers:
        """*answers* with what is certain; what somebody gave already stays."""
        for key in self.certain:
            if key not in answers.values and key not in answers.unknown:
                answers = answers.with_value(key, self.proposals[key].value, "detected")
        return answers.with_code(self.reading)

    def lines(self) -> list[str]:
        """What was read, in one line."""
        counted = self.reading.get("files", 0)
        return [f"your code: {counted} files read, nothing run; it answers {len(self.proposals)}"]


def read_code_base(path: Path, base: RuleBase) -> CodeBase:
    """What the code below *path* answers.

    Raises:
        UserError: it cannot be read.
    """
    from advisor.interview.questions import Detected
    from advisor.knowledge.counterparts import load_counterparts
    from advisor.scan.answers import SOURCE, resolve
    from advisor.scan.code_reading import reading_of
    from advisor.scan.document import shown_place
    from advisor.scan.scanning import scan_code

    collected = scan_code(path, load_counterparts(base.facts))
    resolution = resolve(collected, base.facts)
    proposals = {}
    for answer in resolution.answered:
        places = ", ".join(shown_place(f) for f in answer.places[:_MOST_PLACES])
        proposals[answer.key] = Detected(answer.value, f"{SOURCE}: {places}", mark=SOURCE)
    certain = tuple(a.key for a in resolution.answered if a.confidence == "certain")
    return CodeBase(proposals, certain, reading_of(collected, resolution))
