"""The closed vocabulary: reading its facts, looking one up, and what values a fact can have.

Knows facts and their values. It must not know rules.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, get_args

from advisor.answers import TIE, ranks_of
from advisor.knowledge.fields import Fault, Part, did_you_mean, shown
from advisor.knowledge.model import Fact, FactKind, Origin
from advisor.knowledge.phrases import PHRASE_FIELDS, read_phrases

WORKLOADS = (
    "matmul",
    "elementwise_chain",
    "mlp_train",
    "conv_train",
    "transformer_train",
    "transformer_decode",
    "rnn_train",
    "ode_gradient",
    "vectorized_simulation",
    "hessian",
    "higher_order",
    "per_sample_gradient",
    "segment_sum",
    "embedding_train",
    "float64_solve",
    "dispatch",
    "shape_churn",
    "data_feed",
    "cold_start",
    "memory",
    "export",
)
"""What can be measured: the members of ``measured.jax_speedup.*`` and of ``speed.*``."""

FAMILY = ".*"
LISTS: frozenset[FactKind] = frozenset({"choices", "names"})
UNKNOWN = "unknown"
_SPEED_FAMILY = "measured.jax_speedup.*"
_PACKAGE = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_MAX_NAMES = 200
_FIELDS = (
    "id",
    "kind",
    "origin",
    "title",
    "values",
    "minimum",
    "maximum",
    "unit",
    "prior",
    "ordered",
    *PHRASE_FIELDS,
)


def package_name(text: str) -> str:
    """The one spelling of a package's name: lower case, dashes."""
    return re.sub(r"[-_.\s]+", "-", text.strip().lower())


def read_fact(part: Part) -> Fact:
    """One entry of the vocabulary."""
    part.only(_FIELDS)
    fact = Fact(
        id=part.identifier(),
        kind=part.word("kind", get_args(FactKind)),
        origin=part.word("origin", get_args(Origin)),
        title=part.text("title"),
        values=part.words("values"),
        minimum=part.number("minimum"),
        maximum=part.number("maximum"),
        unit=part.text("unit", "") or None,
        ordered=part.flag("ordered"),
    )
    if fact.kind in ("choice", "choices", "ranking") and not fact.values:
        part.fail(f"a {fact.kind} needs its values", "kind")
    supposed, added, removed = read_phrases(part, fact)
    prior = _read_prior(part, fact)
    return replace(fact, prior=prior, supposed=supposed, added=added, removed=removed)


def _read_prior(part: Part, fact: Fact) -> tuple[tuple[Any, float], ...]:
    entries = part.data.get("prior")
    if entries is None:
        return ()
    prior: list[tuple[Any, float]] = []
    for index, entry in enumerate(entries if isinstance(entries, list) else [entries]):
        pair = entry if isinstance(entry, list) and len(entry) == 2 else (None, None)
        value, weight = pair
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or weight <= 0:
            part.fail("prior has to be a list of [value, weight]", "prior", index)
            continue
        try:
            prior.append((checked(fact, value), float(weight)))
        except Fault as fault:
            part.fault(fault, "prior", index, 0)
    return tuple(prior)


def fact_for(facts: Mapping[str, Fact], name: str) -> Fact:
    """The fact called *name*, itself or as a member of a family (``installed.*``).

    Raises:
        Fault: the vocabulary has no such fact.
    """
    fact = facts.get(name)
    if fact is not None and not name.endswith(FAMILY):
        return fact
    family = next((f for f in facts if f.endswith(FAMILY) and _in_family(name, f)), None)
    if family is None:
        raise Fault(f"{shown(name)} is not a fact of the vocabulary", did_you_mean(name, facts))
    member = name[len(family) - 1 :]
    if family == _SPEED_FAMILY and member not in WORKLOADS:
        raise Fault(f"{shown(member)} is not a workload", did_you_mean(member, WORKLOADS))
    return facts[family]


def _in_family(name: str, family: str) -> bool:
    return name.startswith(family[:-1]) and len(name) >= len(family) and not name.endswith(FAMILY)


def checked(fact: Fact, value: Any) -> Any:
    """*value* in the one form in which *fact* has it.

    Raises:
        Fault: the fact cannot have that value.
    """
    if fact.kind in ("choices", "names", "ranking"):
        return _checked_list(fact, value)
    if fact.kind == "flag":
        return _checked_flag(fact, value)
    if fact.kind == "number":
        return checked_number(fact, value)
    if fact.kind == "size":
        return _checked_size(fact, value)
    return checked_word(fact, value)


def _checked_size(fact: Fact, value: Any) -> dict[str, Any]:
    """A map of short names to numbers, words, or lists of numbers; the family knows more."""
    if not isinstance(value, Mapping) or not 0 < len(value) <= _MAX_NAMES:
        hint = "write {layers: 12, width: 768}"
        raise Fault(f"{fact.id} has to be a map of sizes, not {shown(value)}", hint)
    for name, one in value.items():
        every = one if isinstance(one, list) else [one]
        if not isinstance(name, str) or len(every) > _MAX_NAMES or not all(map(_is_size, every)):
            raise Fault(f"{shown(one)} is not a size", path=(name,))
    return {name: value[name] for name in sorted(value)}


def _is_size(value: Any) -> bool:
    return isinstance(value, (bool, int)) or (isinstance(value, str) and len(value) <= 80)


def _checked_list(fact: Fact, value: Any) -> list[str]:
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list) or len(given) > _MAX_NAMES:
        raise Fault(f"{fact.id} has to be a list, not {shown(value)}", "write [a, b]")
    if fact.kind == "ranking":
        return _checked_ranking(fact, given)
    kept: list[str] = []
    for index, item in enumerate(given):
        try:
            word = checked_word(fact, item)
        except Fault as fault:
            path = (index,) if isinstance(value, list) else ()
            raise Fault(fault.message, fault.hint, path) from fault
        if word not in kept:
            kept.append(word)
    return kept


def _checked_ranking(fact: Fact, given: Iterable[Any]) -> list[str]:
    kept: list[str] = []
    seen: set[str] = set()
    for index, item in enumerate(given):
        if not isinstance(item, str):
            raise Fault(f"{fact.id} has to be a list of words", path=(index,))
        names = ranks_of([item])[0]
        for name in names:
            if name not in fact.values:
                raise _not_a_value(fact, name, path=(index,))
            if name in seen:
                raise Fault(f"{shown(name)} stands twice", "rank each once", (index,))
            seen.add(name)
        kept.append(TIE.join(names))
    return kept


def _checked_flag(fact: Fact, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    hint = "write true or false, without quotes"
    raise Fault(f"{fact.id} has to be true or false, not {shown(value)}", hint)


def checked_number(fact: Fact, value: Any) -> float:
    """A number in the fact's range; whole numbers stay whole.

    Raises:
        Fault: no number, or out of range.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise Fault(f"{fact.id} has to be a number, not {shown(value)}", _range_words(fact))
    low = -math.inf if fact.minimum is None else fact.minimum
    high = math.inf if fact.maximum is None else fact.maximum
    if not low <= value <= high:
        raise Fault(f"{value:g} is out of range for {fact.id}", _range_words(fact))
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _range_words(fact: Fact) -> str:
    unit = f" {fact.unit}" if fact.unit else ""
    if fact.minimum is not None and fact.maximum is not None:
        return f"between {fact.minimum:g} and {fact.maximum:g}{unit}"
    return f"at least {fact.minimum:g}{unit}" if fact.minimum is not None else ""


def checked_word(fact: Fact, value: Any) -> str:
    """One word of the fact, a package's name, or a version.

    Raises:
        Fault: not text, or not a word of the fact.
    """
    if fact.kind == "names":
        return _checked_name(fact, value)
    if isinstance(value, bool):
        raise _not_a_value(fact, shown(value))
    if isinstance(value, (int, float)):
        hint = f'put it in quotes, as in "{next(iter(fact.values), "1.10")}"'
        raise Fault(f"{fact.id} has to be text, not the number {shown(value)}", hint)
    if not isinstance(value, str):
        raise Fault(f"{fact.id} has to be one word, not {shown(value)}")
    if fact.values and value not in fact.values:
        raise _not_a_value(fact, value)
    if not fact.values and not 0 < len(value) <= 200:
        raise Fault(f"{fact.id} has to be text of 1 to 200 characters")
    return value


def _checked_name(fact: Fact, value: Any) -> str:
    name = package_name(value) if isinstance(value, str) and len(value) <= 200 else ""
    if not _PACKAGE.fullmatch(name):
        raise Fault(f"{shown(value)} in {fact.id} is not the name of a package", "write [name]")
    return name


def _not_a_value(fact: Fact, word: str, path: tuple[int, ...] = ()) -> Fault:
    hint = did_you_mean(word, fact.values)
    return Fault(f"{shown(word)} is not a value of {fact.id}", hint, path)
