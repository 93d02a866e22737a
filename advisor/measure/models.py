"""The families of models that can be measured, and those that are asked for, at which size.

As the worker describes them: sizes are checked by the family itself, whose words about a size
that it does not have are told as the user's mistake. Knows names and sizes; measures nothing.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

from advisor.errors import UserError
from advisor.pair import RECORDED
from advisor.workers.environment import worker_environment
from advisor.workers.worker import WorkerCommand, WorkerError, WorkerProcess

PREFIX = "model:"
"""What stands before a family in the id of a workload."""
OWN_NUMBERS = "asked"
"""What a size is called that is no preset."""
_MOST = 8
_HINT = "families, sizes and presets are listed by: fw-advisor probe --models"


@dataclass(frozen=True)
class Variant:
    """One way to write a model in one framework; *mode* is how it is run.

    A *rewrite* is a program of its own, which much work of that kind does not fit into. What
    *records* can be recorded by hand as one CUDA graph, where a device has them.
    """

    id: str
    mode: str
    rewrite: bool = False
    records: bool = False


def labelled(variants: Sequence[Variant]) -> list[tuple[str, Variant]]:
    """Each variant after its label: the first one of a mode has the mode's own name."""
    seen: set[str] = set()
    labels = []
    for variant in variants:
        tag = f"+{variant.id}" if variant.mode in seen else ""
        labels.append((f"{variant.mode}{tag}", variant))
        seen.add(variant.mode)
    return labels


def recorded_ways(variants: Sequence[Variant]) -> list[tuple[str, str, str]]:
    """The ways to record a step by hand: name of the mode, tag of its label, id of the variant."""
    return [
        (RECORDED[variant.mode], label.removeprefix(variant.mode), variant.id)
        for label, variant in labelled(variants)
        if variant.records and variant.mode in RECORDED
    ]


@dataclass(frozen=True, kw_only=True)
class AskedModel:
    """One family at one size.

    Attributes:
        model: The family's id.
        name: The preset, or ``asked`` (numbered where several are).
        size: All keys of the family.
        depth: The key that counts equal parts, in which the time of a step is linear.
        least: The smallest depth that the family has.
        words: The keys whose values are words; a tiny size keeps them.
        variants: What the model can be written as at this size, PyTorch first.
        split: Whether its batch can be shared out over several devices.
        branches: Whether rounding can turn a choice inside a step, so that two equal curves part
            at a real size: only the tiny one is compared.
        flops: Of one step, where the family counts them; `least_flops` at the smallest depth.
    """

    model: str
    name: str
    title: str
    size: Mapping[str, Any]
    depth: str
    least: int
    tiny: Mapping[str, Any]
    words: frozenset[str]
    variants: tuple[Variant, ...]
    flops: float | None = None
    least_flops: float | None = None
    samples_per_step: float = 1.0
    precision: str = "float32"
    tolerance: Mapping[str, float] = field(default_factory=dict)
    split: bool = False
    branches: bool = False

    @property
    def workload(self) -> str:
        """What a worker is asked to build."""
        return f"{PREFIX}{self.model}"

    @property
    def rewrites(self) -> frozenset[str]:
        """The labels of the ways to run it that are programs of their own.

        A graph recorded by hand is one: shapes are fixed, and nothing is read during a step.
        """
        labels = {label for label, v in labelled(self.variants) if v.rewrite}
        return frozenset(labels | {f"{n}{tag}" for n, tag, _ in recorded_ways(self.variants)})

    @property
    def asked_depth(self) -> int:
        """The depth that was asked for."""
        return int(self.size[self.depth])

    def at_depth(self, depth: int) -> dict[str, Any]:
        """The size with another depth, all else as asked."""
        return {**self.size, self.depth: depth}

    def tiny_size(self) -> dict[str, Any]:
        """A size that is quick to build, with the words of the one asked for; zeros stay zeros."""
        kept = {k: v for k, v in self.size.items() if k in self.words or v == 0}
        return {**self.tiny, **kept}


def describe_models(
    worker: Sequence[str], place: Path, asked: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Families as their own code describes them: those *asked* for, or all.

    Needs NumPy in this interpreter. An element of *asked* is ``FAMILY``, ``FAMILY:PRESET`` or
    ``FAMILY:{"key": value}``.

    Raises:
        UserError: no such family, preset or size; the text names the range.
    """
    environment = worker_environment(place, "models")
    argv = (sys.executable, "-B", *worker, "models", *asked)
    command = WorkerCommand(argv, environment, (), place / "models.log")
    with WorkerProcess(command) as process:
        reply = process.receive("models", timeout_s=60.0)
    if not reply.get("ok"):
        text = str((reply.get("error") or {}).get("text", "the models could not be read"))
        raise UserError(text, hint=_HINT)
    described = reply.get("models")
    if not isinstance(described, list):
        raise WorkerError("worker-garbage", "no-catalogue")
    return described


def asked_models(worker: Sequence[str], place: Path, asked: Sequence[str]) -> list[AskedModel]:
    """The models that *asked* names, each at its whole size.

    Raises:
        UserError: as `describe_models`, or one of them stands twice.
    """
    if not asked:
        return []
    # A family alone means its default size.
    whole = [text if ":" in text else f"{text}:{{}}" for text in asked]
    models: list[AskedModel] = []
    described = describe_models(worker, place, whole)
    try:
        for text, one in zip(whole, described, strict=True):
            models.append(_asked(text, one, models))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise WorkerError("worker-garbage", "no-catalogue") from error
    return _with_least(worker, place, models)


def _with_least(
    worker: Sequence[str], place: Path, models: Sequence[AskedModel]
) -> list[AskedModel]:
    """*models* with what a step of their smallest depth computes: some are too large for it."""
    cut = [f"{m.model}:{json.dumps(m.at_depth(m.least))}" for m in models]
    described = describe_models(worker, place, cut)
    try:
        least = [one["asked"]["flops"] for one in described]
    except (KeyError, TypeError) as error:
        raise WorkerError("worker-garbage", "no-catalogue") from error
    return [replace(model, least_flops=flops) for model, flops in zip(models, least, strict=True)]


def _asked(text: str, described: Mapping[str, Any], before: Sequence[AskedModel]) -> AskedModel:
    size = described["asked"]
    keys = {key["key"]: key for key in described["sizes"]}
    depth = described["depth"]
    if any(m.model == described["id"] and m.size == size["size"] for m in before):
        raise UserError(f"the model {text} is asked for twice", hint="name it once")
    fits = {f: set(ids) for f, ids in size["variants"].items()}
    variants = tuple(
        Variant(
            one["id"],
            one["mode"],
            rewrite=one.get("rewrite") is True,
            records=one.get("records") is True,
        )
        for framework, listed in described["variants"].items()
        for one in listed
        if one["id"] in fits[framework]
    )
    return AskedModel(
        model=described["id"],
        name=_name(text, described["id"], before),
        title=described["title"],
        size=size["size"],
        depth=depth,
        least=int(keys[depth]["low"]),
        tiny=described["tiny"],
        words=frozenset(name for name, key in keys.items() if key["choices"]),
        variants=variants,
        flops=size["flops"],
        samples_per_step=size["samples_per_step"],
        precision=described["precision"],
        tolerance=described["tolerance"],
        split=bool(described.get("split")),
        branches=bool(described.get("branches")),
    )


def _name(text: str, model: str, before: Sequence[AskedModel]) -> str:
    named = text.partition(":")[2]
    if not named.startswith("{"):
        return named
    taken = sum(m.model == model and m.name.startswith(OWN_NUMBERS) for m in before)
    return f"{OWN_NUMBERS}-{taken + 1}" if taken else OWN_NUMBERS


def texts_of(
    worker: Sequence[str], place: Path, models: Sequence[str], sizes: Sequence[str]
) -> tuple[str, ...]:
    """What ``--model`` and ``--size`` say, one text per model, with sizes written out and checked.

    *sizes* (``KEY=VALUE``) are meant for every one of the *models*. Several values of a key that
    takes one are a sweep: a model for each.

    Raises:
        UserError: another shape, or a size that a family does not have.
    """
    if sizes and not models:
        raise UserError("--size says the size of no model", hint="add --model FAMILY")
    changes = dict(_assignment(text) for text in sizes)
    if not changes:
        asked_models(worker, place, models)
        return tuple(models)
    plain = asked_models(worker, place, models)
    texts = []
    for asked in plain:
        # Of a preset all numbers stay but those that are named.
        kept = {} if asked.name.startswith(OWN_NUMBERS) else asked.size
        sized = ({**kept, **one} for one in _swept(changes, asked.size))
        texts += [f"{asked.model}:{json.dumps(own)}" for own in sized]
    if len(texts) > _MOST:
        raise UserError(
            f"{len(texts)} models are asked for; {_MOST} at once is the most",
            hint="name fewer values after --size",
        )
    asked_models(worker, place, texts)
    return tuple(texts)


def _swept(changes: Mapping[str, Any], size: Mapping[str, Any]) -> list[dict[str, Any]]:
    """*changes* with one value for each key, every combination; lists stay where *size* has one."""

    def values_of(key: str, value: Any) -> list[Any]:
        several = isinstance(value, list) and not isinstance(size.get(key, []), list)
        return value if several else [value]

    choices = [values_of(key, value) for key, value in changes.items()]
    return [dict(zip(changes, values, strict=True)) for values in product(*choices)]


def _assignment(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip() or not value.strip():
        raise UserError(f"--size {text!r} is no KEY=VALUE", hint="for example --size layers=12")
    return key.strip(), size_value(value.strip())


def size_value(text: str) -> Any:
    """``12``, ``true``, ``rms`` or ``64,128`` (a list; one number in brackets too)."""
    try:
        return json.loads(text)
    except ValueError:
        pass
    if "," in text:
        return [size_value(part.strip()) for part in text.split(",") if part.strip()]
    return text
