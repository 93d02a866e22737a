"""The families of models on the command line: what ``--models`` lists and ``--model`` asks for.

Knows options and how families are shown. It must not know how they are measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from advisor.cli.common import emit_json
from advisor.errors import ExitCode
from advisor.evidence import Evidence

SCHEMA = "fw-advisor/models@1"
_SIZE_KEYS = ("key", "unit", "default", "low", "high")
_PRESET_KEYS = ("id", "title", "size", "source", "date", "differs")


def list_models(*, json: bool) -> int:
    """Show every family with its sizes and presets."""
    document = models_document()
    if json:
        emit_json(document)
        return ExitCode.DONE
    for model in document["models"]:
        print("\n".join(_lines(model)))
    return ExitCode.DONE


def models_document() -> dict[str, Any]:
    """``fw-advisor/models@1``: every family, its sizes and presets.

    Raises:
        UserError: the shipped families cannot be read.
    """
    from advisor.cli.measuring import worker_script
    from advisor.measure.models import describe_models
    from advisor.workers.workspace import workspace

    with workspace() as place:
        described = describe_models(worker_script(), place)
    return {"schema": SCHEMA, "models": [_shown(model) for model in described]}


def checked_texts(models: Sequence[str], sizes: Sequence[str]) -> tuple[str, ...]:
    """What ``--model`` and ``--size`` ask for, one text per model.

    Raises:
        UserError: no such family, preset, key or value; the text names the range.
    """
    from advisor.cli.measuring import worker_script
    from advisor.measure.models import texts_of
    from advisor.workers.workspace import workspace

    if not models and not sizes:
        return ()
    with workspace() as place:
        return texts_of(worker_script(), place, models, sizes)


def with_carry_over(evidence: Evidence) -> Evidence:
    """*evidence* whose models say how far their ratio may be from the work of that size itself.

    A factor (one standard deviation of the ratio's logarithm, above 1) and where it is from; the
    measuring side knows no rule and leaves it out.
    """
    if not evidence.works:
        return evidence
    from advisor.decide.works import factor_of
    from advisor.knowledge.loader import load_rule_base
    from advisor.reading.works import MODULE

    base = load_rule_base([])
    works = []
    for work in evidence.works:
        kind = "own_module" if work.model.startswith(MODULE) else "same_size"
        factor, source = factor_of(base, kind)
        carried: dict[str, Any] = {"factor": factor, "from": source}
        if kind == "own_module" and any(
            "translated" in (mode.variant or "") for mode in work.modes
        ):
            families = (w.model for w in evidence.works if not w.model.startswith(MODULE))
            carried["translation"] = _translation(next(families, ""))
        works.append(replace(work, carry_over=carried))
    return replace(evidence, works=works)


def _translation(family: str) -> dict[str, Any]:
    """What translating cost the family that stands beside a module, or why nobody knows."""
    from advisor.knowledge.translation_gaps import translation_gaps

    gap = translation_gaps().get(family)
    if gap is None or gap.ratio is None:
        why_not = gap.why_not if gap is not None else ""
        return {"family": family, "ratio": None, "why_not": why_not}
    return {
        "family": family,
        "ratio": gap.ratio,
        "ci": [gap.low, gap.high],
        "size": dict(gap.size),
        "machine": gap.machine,
        "versions": gap.versions,
        "date": gap.date,
    }


def _shown(model: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{key: model[key] for key in ("id", "title", "stands_for", "limits", "depth")},
        "sizes": [_size(key) for key in model["sizes"]],
        "presets": [{key: preset[key] for key in _PRESET_KEYS} for preset in model["presets"]],
    }


def _size(key: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: key[name] for name in _SIZE_KEYS}
    if key["longest"]:
        shown["longest"] = key["longest"]
    if key["choices"]:
        shown["choices"] = key["choices"]
    return shown


def _lines(model: Mapping[str, Any]) -> list[str]:
    lines = [f"{model['id']}: {model['title']} ({model['stands_for']})"]
    for size in model["sizes"]:
        if "choices" in size:
            allowed = " | ".join(_plain(choice) for choice in size["choices"])
        else:
            allowed = f"{size['low']} to {size['high']}"
            if "longest" in size:
                allowed = f"1 to {size['longest']} numbers, {allowed}"
        default = _plain(size["default"])
        lines.append(f"  {size['key']:<14} {size['unit']}: {allowed}; {default} unless given")
    lines += [
        f"  {model['id']}:{preset['id']:<20} {preset['title']}" for preset in model["presets"]
    ]
    return [*lines, ""]


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
