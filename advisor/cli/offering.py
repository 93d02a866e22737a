"""What is said before a machine is measured: what is timed, with what, and who else measures there.

Knows answers and what was found here. It must not know how a yes or a no is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from advisor.cli.model_options import models_asked
from advisor.devices import is_cpu, kinds_of_word

if TYPE_CHECKING:
    from advisor.answers import Answers
    from advisor.cli.measuring import Surroundings
    from advisor.knowledge.model import RuleBase
    from advisor.measure.wishes import Wishes

SEVERAL = "several presets, since nobody said which: {names}"
USUAL = "{names}, since nobody said which"


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What would be measured on this machine, in a time `budget` (None: as long as it takes)."""

    base: RuleBase
    around: Surroundings
    device: Callable[[Answers], str]
    budget: Callable[[str], str | None]
    wishes: Callable[[Answers], Wishes]

    def what(self, answers: Answers) -> str:
        """What is timed, with what, on what and how long, in words."""
        named = [
            f"{self.base.frameworks[chain.framework].title} {chain.version}"
            for chain in self.around.toolchains
            if chain.problem is None
        ]
        model = model_words(self.base, answers)
        timed = f"{model} and small probes of the task" if model else "Small probes of the task"
        word = self.device(answers)
        budget = self.budget(word)
        time = about(budget) if budget else "some minutes"
        device = _device_name(self.around.machine, word)
        return f"{timed}, in {' and '.join(named) or 'nothing'}, on the {device}, {time}"

    def cannot(self, answers: Answers) -> str:
        """What of it surely cannot be measured in that time, and what may do; else empty."""
        from advisor.cli.measuring import make_campaign
        from advisor.cli.too_large import refusal

        presets = {name: family.presets for name, family in self.base.families.items()}
        return refusal(make_campaign(self.around, self.wishes(answers)), presets)

    def scaling(self, answers: Answers) -> list[str]:
        """What would measure a step over several devices, where the answers name them."""
        from advisor.cli.scaling import offer_lines

        values, listed = answers.values, self.around.machine.get("accelerators") or []
        here = [(str(a["kind"]), int(a.get("count", 1))) for a in listed]
        return offer_lines(values.get("hardware.train"), values.get("model"), here)


def model_words(base: RuleBase, answers: Answers) -> str:
    """The model that is timed for *answers*, with its preset or size; empty where there is none."""
    texts = models_asked(base, answers)
    if not texts:
        return ""
    family = texts[0].partition(":")[0]
    names = [name for _, _, name in (text.partition(":") for text in texts) if name]
    size, preset = answers.values.get("model.size"), answers.values.get("model.preset")
    which = _which(names, size, preset, of_answers=answers.values.get("model") == family)
    return f"{base.families[family].title} ({which})"


def _which(names: Sequence[str], size: object, preset: object, *, of_answers: bool) -> str:
    """The preset or the size of *names* that is meant, or that nobody said it."""
    if of_answers and isinstance(size, Mapping):
        own = ", ".join(f"{key} {_plain(value)}" for key, value in size.items()) or "its usual size"
        return f"{own}; otherwise {preset}" if isinstance(preset, str) else own
    if of_answers and isinstance(preset, str):
        return preset
    listed = ", ".join(names) or "its usual size"
    return (SEVERAL if len(names) > 1 else USUAL).format(names=listed)


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _device_name(machine: Mapping[str, Any], word: str) -> str:
    """``CPU``, or what the accelerator is called that *word* means here."""
    if is_cpu(word):
        return "CPU"
    listed = machine.get("accelerators") or []
    names = [str(one["name"]) for one in listed if one["kind"] in kinds_of_word(word)]
    return names[0] if names else word


def about(budget: str) -> str:
    """A time budget as people say it: ``about 2 min`` for ``110s``.

    Raises:
        UserError: it is none.
    """
    from advisor.measure.request import parse_budget

    seconds = parse_budget(budget) or 0.0
    return f"about {seconds / 60:.0f} min" if seconds >= 90 else f"about {seconds:.0f} s"


def holder_here() -> str:
    """Who measures on this machine now, in words; empty where nobody does."""
    from advisor.workers.lock import holder_of, is_held

    holder = holder_of()
    return str(holder) if holder else "which did not say who it is" if is_held() else ""
