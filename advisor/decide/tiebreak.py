"""Which option to take where nothing decides: the one that is easiest to keep. Always labelled."""

from __future__ import annotations

from advisor.decide.judging import FRAMEWORKS, Judgement
from advisor.decide.words import SAMPLED, TITLES, percent

_SKILL = {"none": 0, "some": 1, "deep": 2}
_AHEAD = 0.05


def tie_break(now: Judgement) -> tuple[str | None, str | None]:
    """The reversible default and why, or nothing where nothing speaks for either."""
    code = now.facts.get("codebase")
    if code in now.feasible:
        return str(code), f"there is {TITLES[str(code)]} code, and keeping it can be undone later"
    skills = {f: _SKILL.get(str(now.facts.get(f"team.{f}", "none")), 0) for f in FRAMEWORKS}
    best = max(FRAMEWORKS, key=lambda f: skills[f])
    if len(set(skills.values())) > 1 and best in now.feasible:
        return best, f"the team knows {TITLES[best]} better, so starting with it costs least"
    leader = max(now.feasible, key=lambda f: now.p_first[f])
    other = min(now.feasible, key=lambda f: now.p_first[f])
    if now.p_first[leader] - now.p_first[other] < _AHEAD:
        if "pytorch" not in now.feasible:
            return None, None
        return "pytorch", (
            "nothing in the answers decides; this is a convention and not a finding: more people "
            "can take PyTorch code over"
        )
    return leader, (
        f"neither code nor skill decides, and {TITLES[leader]} is slightly ahead, in "
        f"{percent(now.p_first[leader])} {SAMPLED}"
    )
