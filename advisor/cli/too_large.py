"""That a model surely cannot be measured here in the time there is, and what would do instead.

Told before anything is begun: the plan refuses such a model, and a person could have asked for
another. Knows plans and presets; it must not know how anything is measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from advisor.evidence import Reason
    from advisor.measure.campaign import Campaign
    from advisor.measure.models import AskedModel
    from advisor.measure.plan import Plan

_EXPORT = "fw-advisor probe --export-worker probe.pyz"
_MOST_NAMED = 3


def refusal(campaign: Campaign, presets: Mapping[str, Mapping[str, object]]) -> str:
    """One sentence on the models that *campaign* would not even try; empty where there are none.

    *presets* are those of the families by their ids. Where the plan itself cannot be made nothing
    is said: measuring tells that, with what mends it.
    """
    from advisor.errors import UserError
    from advisor.workers.worker import WorkerError

    try:
        return _refusal(campaign, presets)
    except (UserError, WorkerError, OSError):
        return ""


def _refusal(campaign: Campaign, presets: Mapping[str, Mapping[str, object]]) -> str:
    from advisor.measure.choosing import choice_key

    plan = _plan_of(campaign, campaign.wishes.models)
    refused = [model for model in plan.models if choice_key(model) in plan.too_large]
    if not refused:
        return ""
    reason = plan.too_large[choice_key(refused[0])]
    names = " and ".join(_called(one) for one in refused)
    ways = [
        *_smaller(campaign, refused[0], presets),
        *_longer(campaign, refused),
        f"faster hardware with the file that {_EXPORT} writes",
    ]
    *before, last = ways
    listed = f"{', '.join(before)} or {last}" if before else last
    return (
        f"Nothing of {names} can be measured in that time here: {_why(reason)}; what may do is "
        f"{listed}"
    )


def _smaller(
    campaign: Campaign, refused: AskedModel, presets: Mapping[str, Mapping[str, object]]
) -> list[str]:
    """Presets of the family of *refused* that the plan would try, in words."""
    from advisor.measure.choosing import choice_key

    texts = [f"{refused.model}:{name}" for name in presets.get(refused.model, ())]
    plan = _plan_of(campaign, texts)
    names = [model.name for model in plan.models if choice_key(model) not in plan.too_large]
    return [f"a smaller preset ({', '.join(names[:_MOST_NAMED])})"] if names else []


def _longer(campaign: Campaign, refused: Sequence[AskedModel]) -> list[str]:
    """More time, in words, where all that are *refused* might fit into it."""
    from advisor.measure.choosing import surely_too_large
    from advisor.measure.cpus import cpus_of

    wishes, cores = campaign.wishes, len(cpus_of(campaign.machine))

    def may_fit(profile: str) -> bool:
        return not any(surely_too_large(m, profile, wishes.device, cores) for m in refused)

    if may_fit(wishes.profile):
        return ["more time (a larger --budget)"]
    return ["more time (--profile thorough)"] if may_fit("thorough") else []


def _plan_of(campaign: Campaign, models: Sequence[str]) -> Plan:
    """The plan for *models* alone, as *campaign* would make it."""
    from advisor.measure.campaign import planned

    wishes = replace(campaign.wishes, models=models, probes=(), values={})
    return planned(replace(campaign, wishes=wishes))


def _called(model: AskedModel) -> str:
    from advisor.measure.models import OWN_NUMBERS

    return "this size" if model.name.startswith(OWN_NUMBERS) else model.name


def _why(reason: Reason) -> str:
    values = reason.values
    return (
        f"with {values['key']} {values['depth']} alone a step of both frameworks computes for "
        f"{values['step_s']:.0f} s or more"
    )
