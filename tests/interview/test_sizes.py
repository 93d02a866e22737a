"""The two screens about the model: guessed, chosen among real sizes, or typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from advisor.answers import Answers
from advisor.interview.asking import Menu, TextEntry
from advisor.interview.sizes import with_model_reply
from advisor.knowledge.model import RuleBase
from tests.interview.asker import FakeAsker, Reaction, not_sure
from tests.interview.test_walk import walk


def asked(
    base: RuleBase, *replies: Reaction, task: str = "llm_pretraining"
) -> tuple[Answers, FakeAsker]:
    """An interview whose screens about the model are replied to in turn; nothing else is sure."""
    script = list(replies)

    def react(screen: Menu | TextEntry) -> Reaction:
        about_model = "kind of model" in screen.frame.text or "in size" in screen.frame.text
        if about_model and script:
            return script.pop(0)
        return not_sure(screen)

    return walk(base, react, start=Answers(values={"task": task}, sources={"task": "flag"}))


def menus(asker: FakeAsker, word: str) -> Sequence[Any]:
    return [s for s in asker.shown if isinstance(s, Menu) and word in s.frame.text]


def test_the_family_and_the_size_of_the_task_are_named_and_not_pointed_at(base: RuleBase) -> None:
    """Enter all the way is no answer: nothing was detected, and usual is not this team's."""
    decoder = list(base.facts["model"].values).index("decoder")
    answers, asker = asked(base, (decoder,), (2,))
    [family], [size] = menus(asker, "kind of model"), menus(asker, "in size")
    assert family.options[decoder].mark == "usual for this task"
    [usual] = [option for option in size.options if option.mark]
    assert usual.label.startswith("gpt2_124m (layers 12")
    for menu in (family, size):
        assert menu.options[menu.starts_at].label == "Not sure"
    assert answers.values["model"] == "decoder"
    assert answers.values["model.preset"] == "gpt2_124m"
    assert answers.sources["model"] == "typed"


def test_own_numbers_are_a_size_and_no_preset(base: RuleBase) -> None:
    presets = len(base.families["decoder"].presets)
    answers, _ = asked(base, (0,), (presets,), "layers=9, width=96")
    assert answers.values["model.size"] == {"layers": 9, "width": 96}
    assert "model.preset" in answers.unknown


def test_numbers_out_of_range_are_told_with_the_range(base: RuleBase) -> None:
    presets = len(base.families["decoder"].presets)
    _, asker = asked(base, (0,), (presets,), "layers=9")
    [entry] = [s for s in asker.shown if isinstance(s, TextEntry) and "in size" in s.frame.text]
    assert "from 1 to 200" in (entry.fault("layers=900") or "")
    assert entry.fault("layers=9") is None
    assert entry.fault("many") is not None


@pytest.mark.parametrize("family", ["other", None])
def test_who_has_another_model_or_is_not_sure_is_asked_for_no_size(
    base: RuleBase, family: str | None
) -> None:
    words = [*base.facts["model"].values]
    place = len(words) if family is None else words.index(family)
    answers, asker = asked(base, (place,))
    assert menus(asker, "in size") == []
    assert answers.values.get("model") == family


def test_another_family_has_no_size_of_the_one_before() -> None:
    said = with_model_reply(Answers(), "model", "decoder")
    said = with_model_reply(said, "model.preset", {"layers": 2})
    assert said.values["model.size"] == {"layers": 2}
    other = with_model_reply(said, "model", "mlp")
    assert other.values == {"model": "mlp"}
