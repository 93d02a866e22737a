"""Which families of models there are: found by folder, described as data, loaded one at a time.

Knows names and sizes; must not know how anything is timed.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from probes.model import Key, Model, Preset, Size, SizeError, Variant
from probes.workload import Arrays

_PACKAGE = "probes.models"


def names() -> list[str]:
    """Ids of all families, sorted."""
    package = importlib.import_module(_PACKAGE)
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__) if module.ispkg)


def load(model_id: str) -> Model:
    """The family called *model_id*.

    Raises:
        KeyError: there is none of that name.
    """
    if model_id not in names():
        raise KeyError(f"no model is called {model_id!r}; there are {', '.join(names())}")
    module = importlib.import_module(f"{_PACKAGE}.{model_id}.inputs")
    model: Model = module.MODEL
    return model


def framework_module(model_id: str, name: str) -> Any:
    """The module ``torch_`` or ``jax_`` of a family."""
    return importlib.import_module(f"{_PACKAGE}.{model_id}.{name}")


def build(
    model_id: str, arrays: Arrays, size: Size, runtime: Any, *, mode: str, variant: str | None
) -> Any:
    """The parts of a model in one mode, for the framework that the mode names.

    Raises:
        SizeError: the family has no such size, or no such variant in this mode.
    """
    model = load(model_id)
    whole = model.sized(size)
    chosen = model.variant(whole, mode, variant)
    module = framework_module(model_id, "torch_" if mode.startswith("pytorch") else "jax_")
    return module.build(arrays, whole, runtime, chosen)


def describe(model: Model) -> dict[str, Any]:
    """One family as data: what the driver asks, plans and validates with."""
    return {
        "id": model.id,
        "title": model.title,
        "stands_for": model.stands_for,
        "limits": model.limits,
        "precision": model.precision,
        "trains": model.trains,
        "modes": list(model.modes()),
        "tolerance": asdict(model.tolerance),
        "sample": model.sample,
        "depth": model.depth,
        "depth_step": model.depth_step,
        "split": list(model.split),
        "branches": model.branches,
        "sizes": [_key(key) for key in model.keys],
        "presets": [_preset(model, preset) for preset in model.presets],
        "tiny": model.tiny_of({}),
        "variants": {
            framework: [_variant(v) for v in model.variants(framework)]
            for framework in ("pytorch", "jax")
        },
    }


def at_size(model: Model, asked: Size) -> dict[str, Any]:
    """What is to be known about one size: all keys, what a step costs, which variants it has.

    Raises:
        SizeError: the family has no such size.
    """
    size = model.sized(asked)
    return {
        "size": size,
        "flops": model.flops(size) if model.flops else None,
        "samples_per_step": model.samples_per_step(size),
        "variants": {
            framework: [v.id for v in model.variants(framework, size)]
            for framework in ("pytorch", "jax")
        },
    }


def _key(key: Key) -> dict[str, Any]:
    return {
        "key": key.name,
        "unit": key.unit,
        "default": key.default,
        "low": key.low,
        "high": key.high,
        "longest": key.longest,
        "choices": list(key.choices),
    }


def _preset(model: Model, preset: Preset) -> dict[str, Any]:
    return {
        "id": preset.id,
        "title": preset.title,
        "source": preset.source,
        "date": preset.date,
        "differs": preset.differs,
        **at_size(model, preset.size),
    }


def _variant(variant: Variant) -> dict[str, Any]:
    only = {key: list(words) for key, words in variant.only.items()}
    return {
        "id": variant.id,
        "mode": variant.mode,
        "text": variant.text,
        "only": only,
        "at_most": dict(variant.at_most),
        "rewrite": variant.rewrite,
        "records": variant.records,
    }


def main(argv: Sequence[str]) -> int:
    """Print families as one JSON document, through a channel that nothing else writes to.

    The arguments are ids, with a size after a colon as JSON, or the id of a preset
    (``decoder:{"layers": 2}``, ``decoder:gpt2_124m``): it is shown under ``asked``. No argument
    means all families.
    """
    from probes.protocol import Channel

    channel = Channel()
    try:
        models = [_described(text) for text in argv or names()]
    except Exception as error:
        text = str(error.args[0] if isinstance(error, KeyError) else error)
        channel.reply({"ok": False, "error": {"type": type(error).__name__, "text": text}})
        return 1
    channel.reply({"ok": True, "models": models})
    return 0


def _described(text: str) -> dict[str, Any]:
    model_id, _, asked = text.partition(":")
    model = load(model_id)
    described = describe(model)
    if asked:
        described["asked"] = at_size(model, _asked(model, asked))
    return described


def _asked(model: Model, text: str) -> dict[str, Any]:
    if not text.startswith("{"):
        return model.preset(text)
    try:
        size = json.loads(text)
    except ValueError as error:
        raise SizeError(f"{model.id}: the size is no JSON: {error}") from None
    return dict(size)
