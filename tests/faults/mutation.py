"""Bytes that somebody spoilt: flipped, cut, doubled, moved, mixed, or with a nasty word inside.

The same seed gives the same bytes, so that what breaks something can be made again from its number.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

WORDS = (
    b"", b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\\ud800", b"\\u0000", b"\xe2\x80\xae", b"NaN",
    b"-Infinity", b"1e999", b"-1", b"0", b"1e308", b"-0.0", b"9" * 400, b"9" * 5000, b"null",
    b"true", b"{}", b"[]", b'""', b"[" * 60, b"{" * 60, b'{"a":' * 300, b'"', b"'", b"\\", b"\n",
    b"\r", b"\t", b": ", b"- ", b"&a ", b"*a", b"!!python/object ", b"<<: ", b"%YAML 9.9\n",
    b"---\n", b"...\n", b"? ", b"| ", b"# ", b"@", b"\x1b[31m", b"\xf0\x9f\x98\x80", b"{{7*7}}",
    b"</script>", b"2026-13-45", b"9999-12-31", b"unknown", b"pytorch", b"fw-advisor/evidence@1",
)  # fmt: skip
Step = Callable[[bytes, random.Random], bytes]


def _flip(raw: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(raw) or 1)
    return raw[:place] + bytes([raw[place] ^ 1 << chance.randrange(8)]) + raw[place + 1 :]


def _cut(raw: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(raw) or 1)
    return raw[:place] + raw[place + chance.choice((1, 3, 20, 300)) :]


def _end(raw: bytes, chance: random.Random) -> bytes:
    return raw[: chance.randrange(len(raw) or 1)]


def _double(raw: bytes, chance: random.Random) -> bytes:
    place, length = chance.randrange(len(raw) or 1), chance.choice((1, 8, 60))
    return raw[: place + length] + raw[place:]


def _move(raw: bytes, chance: random.Random) -> bytes:
    here, there = sorted(chance.randrange(len(raw) or 1) for _ in range(2))
    return raw[there:] + raw[here:there] + raw[:here]


def _word(raw: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(raw) or 1)
    return raw[:place] + chance.choice(WORDS) + raw[place:]


def _value(raw: bytes, chance: random.Random) -> bytes:
    """Another value behind one of the colons."""
    colons = [k for k, byte in enumerate(raw) if byte == 58]
    if not colons:
        return raw
    start = chance.choice(colons) + 1
    ends = [k for k in (raw.find(e, start) for e in (b",", b"\n", b"}")) if k >= 0]
    end = min(ends, default=len(raw))
    return raw[:start] + b" " + chance.choice(WORDS) + raw[end:]


_STEPS: tuple[Step, ...] = (_flip, _cut, _end, _double, _move, _word, _value, _value, _value)


def mutated(seeds: Sequence[bytes], count: int, *, first: int = 0) -> Iterator[tuple[int, bytes]]:
    """*count* spoilt versions of *seeds* with their numbers, from number *first* on."""
    for number in range(first, first + count):
        chance = random.Random(number)
        raw = chance.choice(seeds)
        for _ in range(chance.choice((1, 1, 2, 5))):
            raw = chance.choice(_STEPS)(raw, chance) if raw else chance.choice(WORDS)
        yield number, raw
