"""The answers file of a scan: ``fw-advisor/answers@1`` with the places of each answer as a comment.

Knows the answers document and YAML's comments. What stands in a comment can end no line.
"""

from __future__ import annotations

from collections.abc import Mapping

from advisor.answers import Answers
from advisor.answers_io import to_yaml
from advisor.scan.answers import SOURCE, Answered, Open, Reason, Resolution
from advisor.scan.document import shown_place

_MOST_PLACES = 5
_MOST_CANDIDATES = 6
_REASONS: Mapping[Reason, str] = {
    "conflict": "the code says different things",
    "hints": "hints only",
    "rare": "in too few files to be an answer",
    "other-side": "of another framework than the code itself; add what you cannot do without",
    "replaceable": "has a counterpart on the other side; add what you cannot do without",
}


def answers_of(resolution: Resolution) -> Answers:
    """The answers as the rest of the program knows them, each detected."""
    answers = Answers()
    for answer in resolution.answered:
        answers = answers.with_value(answer.key, answer.value, "detected")
    return answers


def answers_text(resolution: Resolution) -> str:
    """The file: every answer with a comment that names its places; open questions as comments."""
    comments = {answer.key: _comment(answer) for answer in resolution.answered}
    lines: list[str] = []
    section = ""
    for line in to_yaml(answers_of(resolution)).splitlines():
        if not line.startswith(" "):
            section = line
        key = line.strip().partition(":")[0]
        if section == "answers:" and line.startswith("  ") and key in comments:
            lines.append(f"  # {comments[key]}")
        lines.append(line)
    if resolution.open:
        lines += ["", "# Not answered, and why:"]
        lines += [f"# {open_words(entry)}" for entry in resolution.open]
    return "\n".join(lines) + "\n"


def _comment(answer: Answered) -> str:
    places = [shown_place(finding) for finding in answer.places[:_MOST_PLACES]]
    return f"{SOURCE} ({answer.confidence}): {', '.join(places)}"


def open_words(entry: Open) -> str:
    """One open question in words: its candidates with their counts and first places."""
    candidates = []
    for group in entry.candidates[:_MOST_CANDIDATES]:
        first = group.places(1)[0]
        files = f"{group.file_count} file{'' if group.file_count == 1 else 's'}"
        candidates.append(f"{group.value} ({files}, {shown_place(first)})")
    more = len(entry.candidates) - len(candidates)
    tail = f" and {more} more" if more > 0 else ""
    return f"{entry.key}: {_REASONS[entry.reason]}: {', '.join(candidates)}{tail}"
