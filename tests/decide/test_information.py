"""Questions are ranked by what knowing their answer could change."""

from __future__ import annotations

from advisor.decide.information import rank_questions
from tests.decide.making import base_of, broad, inputs_for, policies, skill_rules


def test_questions_are_ranked_by_what_they_can_change() -> None:
    settled = inputs_for(base_of(*broad("jax"), *skill_rules(), *policies()))
    ranking = dict(rank_questions(settled, ["team.jax", "codebase", "exclude"], samples=500))
    assert ranking["codebase"] == 0
    assert ranking["exclude"] > 0
    open_ = inputs_for(base_of(*skill_rules()), {"task": "image", "team.pytorch": "some"})
    order = rank_questions(open_, ["team.jax", "codebase"], samples=500)
    assert order[0][0] == "team.jax"
    assert order[0][1] > order[1][1]
