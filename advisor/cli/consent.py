"""Before anything is measured in an interview: what, how long and on what, and a yes or a no.

Knows the answer on hardware and what was found here. Must not know how anything is measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from advisor.answers import Answers
from advisor.interview.asking import Asker, Frame, Menu, MenuOption
from advisor.interview.questions import Detected, known_facts
from advisor.knowledge.evaluate import truth_of
from advisor.knowledge.model import RuleBase

HARDWARE = "hardware.train"
_SAME = "hardware.same_as_here"
YES = MenuOption(label="Yes, while the questions go on")
LATER = MenuOption(label="Yes, when that one has ended")
NO = MenuOption(label="No, decide from rules alone")
EXPORT = MenuOption(label="Write a file that measures there, and measure nothing here")
ALL_THE_SAME = MenuOption(label="Measure the CPU here all the same")


@dataclass(kw_only=True)
class Consent:
    """Asked once; `given` is None until somebody said yes or no.

    Attributes:
        base: Vocabulary and questions.
        detected: What was found here.
        asker: The terminal.
        what: What would be measured for these answers, on what and how long, in words.
        cannot: What of it surely cannot be measured in that time, in words; empty where nothing.
        export: Writes the worker for the hardware that is not here, and says how it is used.
        scaling: Says what measures a step over several devices, where the answers name them.
        holder: Who measures here at this moment, in words; empty where nobody does.
        waits: Whether that one's end is to be waited for.
    """

    base: RuleBase
    detected: Mapping[str, Detected]
    asker: Asker
    what: Callable[[Answers], str]
    export: Callable[[Answers], list[str]]
    scaling: Callable[[Answers], list[str]] = lambda _: []
    cannot: Callable[[Answers], str] = lambda _: ""
    given: bool | None = None
    holder: Callable[[], str] = lambda: ""
    waits: bool = False

    def ready(self, answers: Answers) -> bool:
        """Whether enough is known to ask: the task, and where it will be trained, if asked."""
        decided = {*answers.values, *answers.unknown}
        return "task" in decided and HARDWARE in decided

    def ask(self, answers: Answers) -> bool:
        """Whether this machine may be measured."""
        if self.given is None:
            lacking = self.lacking(answers)
            if lacking:
                self.given = self._ask_elsewhere(answers, lacking)
            else:
                self.given = self._ask_here(answers)
            if lines := self.scaling(answers):
                self.asker.say(lines)
        return self.given

    def lacking(self, answers: Answers) -> str:
        """What will be trained on and is not here, in words; empty where it is here."""
        value = answers.values.get(HARDWARE)
        question = next((q for q in self.base.questions if q.key == _SAME), None)
        if not isinstance(value, str) or value == "cpu" or question is None:
            return ""
        facts = known_facts(answers, self.detected)
        if question.skip_when is None or truth_of(question.skip_when, facts) != "true":
            return ""
        return self.base.facts[HARDWARE].values.get(value, value)

    def _ask_here(self, answers: Answers) -> bool:
        busy = self._busy()
        refused = self.cannot(answers)
        in_vain = f" {refused}." if refused else ""
        frame = Frame(
            position="Measure",
            text="Measure on this machine now?",
            why=f"{self.what(answers)}.{in_vain}{busy} Nothing leaves this machine.",
        )
        yes = LATER if busy else YES
        said_yes = self.asker.choose(Menu(frame=frame, options=(yes, NO), pointed=0)) == (0,)
        self.waits = said_yes and bool(busy)
        return said_yes

    def _busy(self) -> str:
        """Who measures here at this moment, as a sentence to add; empty where nobody does."""
        holder = self.holder()
        return f" Another fw-advisor measures here now ({holder})." if holder else ""

    def _ask_elsewhere(self, answers: Answers, lacking: str) -> bool:
        busy = self._busy()
        frame = Frame(
            position="Measure",
            text=f"Not here: {lacking}. What shall be measured?",
            why=f"Times of this machine's CPU say little about that hardware.{busy}",
        )
        options = (EXPORT, NO, ALL_THE_SAME)
        picked = self.asker.choose(Menu(frame=frame, options=options, pointed=0))
        if picked == (0,):
            self.asker.say(self.export(answers))
        here = picked == (2,)
        self.waits = here and bool(busy)
        return here
