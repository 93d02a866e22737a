"""Numbers, names and quantities as people read them. Pure text; no record, no markup."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

NAMES: Mapping[str, str] = {"pytorch": "PyTorch", "jax": "JAX"}
DASH = "–"


def name_of(framework: str | None) -> str:
    """``PyTorch`` for ``pytorch``."""
    return NAMES.get(framework or "", framework or DASH)


def duration(seconds: float | None) -> str:
    """Three significant digits with the unit that fits: ``1.23 ms``."""
    if seconds is None:
        return DASH
    if seconds >= 120:
        return f"{seconds / 60:.3g} min"
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size * 0.9995:
            return f"{significant(seconds / size)} {unit}"
    return f"{significant(seconds / 1e-9)} ns"


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
    text = duration(high)
    unit = text.split()[-1]
    scale = {"min": 60.0, "s": 1.0, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9}[unit]
    return f"{significant(low / scale)} to {text}"


def factor(ratio: float | None) -> str:
    """A ratio with two decimals below ten: ``1.26``."""
    if ratio is None:
        return DASH
    return f"{ratio:.2f}" if 0.1 <= ratio < 10 else significant(ratio)


def factor_span(ci: Sequence[float] | None) -> str:
    """An interval of ratios: ``1.23 to 1.29``."""
    return DASH if not ci else f"{factor(ci[0])} to {factor(ci[1])}"


def amount_of_bytes(count: int | None) -> str:
    """Binary units: ``311 MiB``."""
    if count is None:
        return DASH
    for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= size:
            return f"{significant(count / size)} {unit}"
    return f"{count} B"


def percent(share: float | None) -> str:
    """``14 %``; never 0 or 100 for what is only nearly so."""
    if share is None:
        return DASH
    if 0 < share < 0.005:
        return "under 1 %"
    if 0.995 < share < 1:
        return "over 99 %"
    return f"{share * 100:.0f} %"


def count_of(count: int, noun: str, plural: str = "") -> str:
    """``1 rule``, ``3 rules``."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def listed(words: Sequence[str]) -> str:
    """``a, b and c``."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def sentence(text: str) -> str:
    """*text* with a capital first letter, unless it starts with a name in code, and a full stop."""
    text = text.strip()
    if not text:
        return ""
    if text.split()[0].rstrip(",;:").isalpha():
        text = text[0].upper() + text[1:]
    return text if text[-1] in ".!?…" else text + "."


def plain(value: Any) -> str:
    """A value of a free-form mapping as short text."""
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {plain(value[k])}" for k in sorted(value, key=str))
    if isinstance(value, (list, tuple)):
        return ", ".join(plain(v) for v in value) or "none"
    return str(value)


def size_text(size: Mapping[str, Any], size_name: str | None) -> str:
    """``batch 64``, or the size's name where it has no numbers."""
    told = ", ".join(f"{key.replace('_', ' ')} {plain(size[key])}" for key in sorted(size))
    return told or (size_name or "")
