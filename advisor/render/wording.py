"""Words: the parts of a document in, English out. No other room forms a sentence for a reader.

The sentences themselves are data (``templates/wording/LANGUAGE/*.toml``), so that a translator can
fill them: messages by dotted key, with named places for values. A place may say how its value is
shown (``{ratio:factor}``); a message with ``one`` and ``other`` chooses by its value ``n``. This
module knows how values are shown and how a message is found; it must not know what follows from a
value. Standard library only: a bare node words its evidence too.
"""

from __future__ import annotations

import functools
import math
import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from advisor.pair import TITLES
from advisor.ratio import LEVEL, MARGIN
from advisor.resources import words_of

DASH = "–"


def say(key: str, /, **values: Any) -> str:
    """The message *key* with *values* in its places.

    Raises:
        KeyError: there is no such message, or it has a place that no value fills.
    """
    message = _message(key)
    if message is None:
        raise KeyError(f"no message is called {key!r}")
    if isinstance(message, Mapping):
        message = message["one" if values["n"] == 1 else "other"]
    return _FORMATTER.vformat(message, (), values)


def fill(sentence: str, values: Mapping[str, Any]) -> str:
    """A *sentence* of the rules' data with *values* in its places; a dash where one is missing."""
    return _FORMATTER.vformat(sentence, (), _Missing(values))


def has(key: str) -> bool:
    """Whether there is a message *key*."""
    return _message(key) is not None


@functools.lru_cache(maxsize=1)
def _catalogue() -> Mapping[str, Any]:
    return words_of()


@functools.lru_cache(maxsize=2048)
def _message(key: str) -> str | Mapping[str, str] | None:
    place: Any = _catalogue()
    for word in key.split("."):
        if not isinstance(place, Mapping) or word not in place:
            return None
        place = place[word]
    message: str | Mapping[str, str] | None = None
    if isinstance(place, str) or is_counted(place):
        message = place
    return message


def is_counted(message: Any) -> bool:
    """Whether *message* is chosen by a count: two texts, for one and for several."""
    return isinstance(message, Mapping) and set(message) == {"one", "other"}


def name_of(framework: str | None) -> str:
    """``PyTorch`` for ``pytorch``."""
    return TITLES.get(framework or "", framework or DASH)


_UNITS = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6))


def duration(seconds: float | None) -> str:
    """Three significant digits with the unit that fits: ``1.23 ms``."""
    if seconds is None:
        return DASH
    unit, size = _unit_of(seconds)
    number = f"{seconds / size:.3g}" if unit == "min" else significant(seconds / size)
    return f"{number} {unit}"


def wait(seconds: float) -> str:
    """A time that somebody waits, in whole seconds or minutes: ``10 s``."""
    return f"{seconds:,.0f} s" if seconds < 119.5 else f"{seconds / 60:,.0f} min"


def _unit_of(seconds: float) -> tuple[str, float]:
    """The unit that fits, and how many seconds it has."""
    if seconds >= 120:
        return "min", 60.0
    return next((u for u in _UNITS if seconds >= u[1] * 0.9995), ("ns", 1e-9))


def significant(value: float, digits: int = 3) -> str:
    """*value* with so many significant digits and without an exponent (``0.0123``, ``1,230``)."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else DASH
    places = max(digits - 1 - math.floor(math.log10(abs(value))), 0)
    return f"{value:,.{min(places, 12)}f}"


def span(interval: Sequence[float] | None) -> str:
    """An interval of times in the unit of its upper end: ``0.54 to 1.35 ms``."""
    if not interval:
        return DASH
    low, high = interval
    _, size = _unit_of(high)
    return say("number.span", low=significant(low / size), high=duration(high))


def factor(ratio: float | None) -> str:
    """A ratio with two decimals below ten: ``1.26``."""
    if ratio is None:
        return DASH
    return f"{ratio:.2f}" if 0.1 <= ratio < 10 else significant(ratio)


def factor_span(ci: Sequence[float] | None) -> str:
    """An interval of ratios: ``1.23 to 1.29``."""
    return DASH if not ci else say("number.span", low=factor(ci[0]), high=factor(ci[1]))


def amount_of_bytes(count: float | None) -> str:
    """Binary units: ``311 MiB``."""
    if count is None:
        return DASH
    for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= size:
            return f"{significant(count / size)} {unit}"
    return f"{count:.0f} B"


def percent(share: float | None) -> str:
    """``14 %``; never 0 or 100 for what is only nearly so."""
    if share is None:
        return DASH
    if 0 < share < 0.005:
        return say("number.under_one_percent")
    if 0.995 < share < 1:
        return say("number.over_99_percent")
    return f"{share * 100:.0f} %"


def level(share: float) -> str:
    """The level of an interval: ``95 %``, ``97.1 %``."""
    return f"{share * 100:.1f}".rstrip("0").rstrip(".") + " %"


def count_of(count: int, noun: str) -> str:
    """``3 rules``: a message below ``count`` with ``one`` and ``other``."""
    return say(f"count.{noun}", n=count)


def clauses(parts: Iterable[str]) -> str:
    """Parts of one sentence that follow each other: ``a; b``. Empty ones are left out."""
    kept = [part for part in parts if part]
    if not kept:
        return ""
    return functools.reduce(lambda a, b: say("number.clauses", first=a, second=b), kept)


_NAMES = ("Python",)


def inline(title: str) -> str:
    """A title inside a sentence: ``long-term risk``; names and abbreviations keep their capital."""
    first = title.split(" ", 1)[0]
    if first in _NAMES or first[1:] != first[1:].lower() or first.isdigit():
        return title
    return title[:1].lower() + title[1:]


def signed_points(value: float) -> str:
    """A difference in value as signed points of 100: ``+3.0``."""
    shown = value * 100
    return "0.0" if abs(shown) < 0.05 else f"{shown:+.1f}".replace("-", "−")


def listed(words: Sequence[str]) -> str:
    """``a, b and c``."""
    if len(words) < 2:
        return "".join(words)
    return say("number.listed", first=", ".join(words[:-1]), last=words[-1])


def sentence(text: str) -> str:
    """*text* with a capital first letter, unless it starts with a name in code, and a full stop."""
    text = text.strip()
    if not text:
        return ""
    first = text.split()[0].rstrip(",;:")
    if first.isalpha() and first.islower():
        text = text[0].upper() + text[1:]
    return text if text[-1] in ".!?…" else text + "."


def plain(value: Any) -> str:
    """A value of a free-form mapping as short text."""
    if value is None:
        return say("number.not_known")
    if isinstance(value, bool):
        return say("number.yes" if value else "number.no")
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {plain(value[k])}" for k in sorted(value, key=str))
    if isinstance(value, (list, tuple)):
        return ", ".join(plain(v) for v in value) or say("number.none")
    return str(value)


def size_text(size: Mapping[str, Any], size_name: str | None) -> str:
    """``batch 64``, or the size's name where it has no numbers."""
    shown = ", ".join(f"{key.replace('_', ' ')} {plain(size[key])}" for key in sorted(size))
    return shown or (size_name or "")


def speed_phrase(ratio: float, *, form: str = "phrase") -> str:
    """``JAX 1.30 times as fast as PyTorch``, the faster one first.

    Args:
        ratio: JAX as against PyTorch.
        form: ``phrase``, or ``clause`` for a whole clause.
    """
    first, second, times = ordered(ratio)
    return say(f"decision.speed.faster.{form}", first=first, second=second, ratio=times)


def speed_clause(ratio: float, ci: Sequence[float] | None, at: float = LEVEL) -> str:
    """``JAX is 1.26 times as fast as PyTorch (95 % interval 1.23 to 1.29)``.

    Args:
        ratio: JAX as against PyTorch.
        ci: Its interval.
        at: The level at which that interval holds.
    """
    equal = abs(math.log(ratio)) < 0.005
    text = say("decision.speed.equal") if equal else speed_phrase(ratio, form="clause")
    if not ci:
        return text
    if not equal and not called(ci):
        text = between(ci, form="clause")
        return say("decision.speed.uncalled", speed=text, level=level(at))
    shown = ci if equal else faster_first(ratio, ci)
    return say("decision.speed.with_interval", speed=text, interval=interval_text(shown, at))


def called(ci: Sequence[float]) -> bool:
    """Whether one framework may be called faster: the whole interval lies beyond the margin."""
    return ci[0] > MARGIN or ci[1] < 1 / MARGIN


def faster_first(ratio: float, ci: Sequence[float]) -> Sequence[float]:
    """The interval of *ratio*, JAX as against PyTorch, of the faster one as against the other."""
    return ci if ratio >= 1 else (1 / ci[1], 1 / ci[0])


def interval_text(ci: Sequence[float], at: float) -> str:
    """``95 % interval 1.23 to 1.29``."""
    return say("decision.speed.interval", level=level(at), span=factor_span(ci))


def ordered(ratio: float) -> tuple[str, str, str]:
    """The faster framework, the other one, and how many times as fast it is."""
    names = (name_of("jax"), name_of("pytorch"))
    first, second = names if ratio >= 1 else names[::-1]
    return first, second, factor(ratio if ratio >= 1 else 1 / ratio)


def between(ci: Sequence[float], *, form: str = "phrase") -> str:
    """``JAX 0.80 to 1.30 times as fast as PyTorch``, where no framework is faster throughout.

    Args:
        ci: The interval, JAX as against PyTorch.
        form: ``phrase``, or ``clause`` for a whole clause.
    """
    return say(f"decision.speed.between.{form}", ci=ci)


_SHOWN: Mapping[str, Callable[[Any], str]] = {
    "name": name_of,
    "duration": duration,
    "wait": wait,
    "factor": factor,
    "factor_span": factor_span,
    "bytes": amount_of_bytes,
    "percent": percent,
    "level": level,
    "count": lambda value: f"{value:,.0f}",
    "listed": lambda value: listed([str(word) for word in value]),
    "commas": lambda value: ", ".join(str(word) for word in value),
    "plain": plain,
    "inline": inline,
    "points": signed_points,
    "span": span,
    "significant": significant,
    "rough": lambda value: significant(float(f"{value:.2g}"), 2),
    "giga": lambda value: significant(value / 1e9),
    "short": lambda value: f"{value:.3g}",
}


class _Missing(dict[str, Any]):
    """Values by dotted name: ``{check.finding}`` asks for the part ``finding`` of ``check``."""

    def __missing__(self, key: str) -> _Dotted:
        return _Dotted(self, key)


class _Dotted:
    def __init__(self, values: Mapping[str, Any], name: str) -> None:
        self._values, self._name = values, name

    def __getattr__(self, part: str) -> Any:
        return self._values.get(f"{self._name}.{part}")


class _Formatter(string.Formatter):
    """Places that say how their value is shown."""

    def format_field(self, value: Any, format_spec: str) -> str:
        if value is None:
            return DASH
        shown = _SHOWN.get(format_spec)
        return str(super().format_field(value, format_spec)) if shown is None else shown(value)


_FORMATTER = _Formatter()
