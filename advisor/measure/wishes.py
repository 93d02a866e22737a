"""What a caller asks to be measured, and the plan file in which it travels to another machine.

`make_wishes` checks what was typed; ``fw-advisor/plan@1`` is the same as JSON: written by
``probe --export-worker`` and by ``probe --list --json``, read by the exported file on its node,
which makes the plan anew for the CPUs and frameworks that it finds there. Knows words and the
file's form only: it must not know which workloads exist.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from advisor.devices import CPU, info_of, is_cpu
from advisor.errors import UserError
from advisor.jsonio import read_json
from advisor.pair import CUDA_GRAPHS, FRAMEWORK_WORDS, GRAPH_COMPILED, TORCH_COMPILE

PROFILES = ("quick", "standard", "thorough")
SETTINGS = ("matched", "default")
PRECISIONS = ("float32", "tf32")
CORE_PROBES = ("matmul", "mlp_train")
"""What is measured where no task is known."""
PLAN_SCHEMA = "fw-advisor/plan@1"
_KEYS = ("schema", "wishes", "plan", "seconds", "left_out")
_MAX_NAMES = 1000


@dataclass(frozen=True)
class Wishes:
    """What the caller asked for.

    `models` are ``FAMILY:PRESET`` or ``FAMILY:{"key": value}``, sizes checked. `precision` is how
    products of float32 numbers are formed.
    """

    profile: str = "standard"
    settings: str = "matched"
    only: Sequence[str] = ()
    skip: Sequence[str] = ()
    frameworks: Sequence[str] = ()
    device: str = CPU
    budget_s: float | None = None
    seed: int = 0
    precision: str = "float32"
    probes: Sequence[str] = CORE_PROBES
    values: Mapping[str, float] = field(default_factory=dict)
    models: Sequence[str] = ()


def other_work() -> UserError:
    """That an interrupted run cannot be gone on with, since it measured something else."""
    return UserError(
        "the interrupted run measured other work: its plan or its inputs are not what the same "
        "request gives now",
        hint="begin anew, without --resume",
    )


def modes_left_out(profile: str, device: str) -> frozenset[str]:
    """Modes of PyTorch that *profile* has no time for on *device*.

    On a CPU a cold compile costs more than a whole quick run, and gains less than what a quick run
    calls different. On an accelerator eager small steps wait for Python: without compiling, the
    comparison would be about that (an MLP's step on an H200: seven times as long as JAX's).
    """
    quick = profile == "quick" and is_cpu(device)
    return frozenset({TORCH_COMPILE, CUDA_GRAPHS, GRAPH_COMPILED}) if quick else frozenset()


def make_wishes(**asked: Any) -> Wishes:
    """What was asked for, checked; the arguments are the fields of `Wishes`.

    Raises:
        UserError: a profile, a kind of settings or a framework that does not exist.
    """
    wishes = Wishes(**asked)
    for option, word, allowed in (
        ("--profile", wishes.profile, PROFILES),
        ("--settings", wishes.settings, SETTINGS),
        ("--precision", wishes.precision, PRECISIONS),
        *(("--framework", name, tuple(FRAMEWORK_WORDS)) for name in wishes.frameworks),
    ):
        if word not in allowed:
            raise UserError(
                f"{option} {word!r} does not exist", hint=f"one of: {', '.join(allowed)}"
            )
    if wishes.precision != PRECISIONS[0] and wishes.settings != "matched":
        raise UserError(
            f"--precision {wishes.precision} with --settings {wishes.settings}: out of the box "
            "each framework has a precision of its own",
            hint="leave one of the two out",
        )
    if wishes.precision != PRECISIONS[0] and not info_of(wishes.device).has_tf32:
        raise UserError(
            f"--precision {wishes.precision} does not exist on {wishes.device}",
            hint="TF32 is how an NVIDIA GPU's tensor cores multiply float32: add --device cuda",
        )
    return wishes


def wishes_document(wishes: Wishes) -> dict[str, Any]:
    """*wishes* as they stand in a plan file under ``wishes``."""
    return {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in asdict(wishes).items()
    }


def read_plan(path: Path) -> Wishes:
    """The wishes in a plan file; its rows, where it holds rows only.

    Raises:
        UserError: no plan, or something in it that nobody could measure.
    """
    where = str(path)
    document = read_json(path)
    if not isinstance(document, dict) or document.get("schema") != PLAN_SCHEMA:
        raise UserError(
            f"is no plan: its schema is not {PLAN_SCHEMA}",
            hint="a plan is written by: fw-advisor probe --export-worker probe.pyz",
            where=where,
        )
    _refuse_unknown(document, _KEYS, where)
    if "wishes" in document:
        return _wishes(document["wishes"], where)
    return _wishes({"only": _names_of_rows(document.get("plan"), where)}, where)


def _wishes(asked: Any, where: str) -> Wishes:
    if not isinstance(asked, dict):
        raise UserError("'wishes' is no object", where=where)
    _refuse_unknown(asked, tuple(_FIELDS), where)
    for key, value in asked.items():
        fits, shape = _FIELDS[key]
        if not fits(value):
            raise UserError(f"'{key}' has to be {shape}", where=where)
    try:
        return make_wishes(**{k: tuple(v) if isinstance(v, list) else v for k, v in asked.items()})
    except UserError as error:
        raise UserError(error.message, hint=error.hint, where=where) from None


def _names_of_rows(rows: Any, where: str) -> list[str]:
    names = [row.get("probe") for row in rows if isinstance(row, dict)] if _is_list(rows) else []
    kept = list(dict.fromkeys(name for name in names if isinstance(name, str)))
    if not kept:
        raise UserError("holds neither wishes nor rows with a probe", where=where)
    return kept


def _refuse_unknown(document: Mapping[str, Any], allowed: tuple[str, ...], where: str) -> None:
    for key in document:
        if key not in allowed:
            near = difflib.get_close_matches(key, allowed, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"one of: {', '.join(allowed)}"
            raise UserError(f"the key {key[:80]!r} is not known", hint=hint, where=where)


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= _MAX_NAMES


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 200


def _is_words(value: Any) -> bool:
    return _is_list(value) and all(_is_word(word) for word in value)


def _is_model_texts(value: Any) -> bool:
    return _is_list(value) and all(isinstance(x, str) and 0 < len(x) <= 4000 for x in value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**32


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_budget(value: Any) -> bool:
    return value is None or (_is_number(value) and value > 0)


def _is_values(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_number(worth) for worth in value.values())


_FIELDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "profile": (_is_word, "a word"),
    "settings": (_is_word, "a word"),
    "only": (_is_words, "a list of names"),
    "skip": (_is_words, "a list of names"),
    "frameworks": (_is_words, "a list of names"),
    "device": (_is_word, "a word"),
    "budget_s": (_is_budget, "a number of seconds above 0, or null"),
    "precision": (_is_word, "a word"),
    "seed": (_is_whole, "a whole number from 0 to 4294967295"),
    "probes": (_is_words, "a list of names"),
    "values": (_is_values, "an object of numbers"),
    "models": (_is_model_texts, "a list of models"),
}
