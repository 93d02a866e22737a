"""Faults of the files that are read: answers, evidence, records, a code base."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

from tests.faults.case import Case, Fault, Inject
from tests.faults.rows_places import both, shell

ANSWERS, EVIDENCE, RECORD = "answers.yaml", "evidence.json", "decision.json"
OF_ANSWERS = ("advise", "interview")
OF_EVIDENCE = ("claims", "advise", "interview", "compare", "evidence-add")
OF_RECORD = ("report", "check")
HUGE_BYTES = 500_000_000
QUICK = {
    *(f"answers-{what}" for what in ("cut", "twice", "alias", "tag", "huge", "fifo", "digits")),
    *(f"evidence-{what}" for what in ("half", "later", "twice", "deep", "nan", "endless", "utf16")),
    *(f"decision-{what}" for what in ("bit", "digits", "zeros", "huge", "directory")),
}
"""What `make test` injects of the rows below that are alike for several files."""
Change = Callable[[bytes], bytes]


def changed(name: str, change: Change) -> Inject:
    """The file *name* after *change*."""

    def inject(case: Case) -> None:
        path = case.place / name
        path.write_bytes(change(path.read_bytes()))

    return inject


def replaced_by(name: str, make: Callable[[Path], object]) -> Inject:
    """Something else in the place of the file *name*."""

    def inject(case: Case) -> None:
        path = case.place / name
        path.unlink()
        make(path)

    return inject


def huge(path: Path) -> None:
    """A file of 500 MB that takes no room on the disk."""
    with path.open("wb") as file:
        file.truncate(HUGE_BYTES)


def flipped(raw: bytes) -> bytes:
    """One bit of the first brace turned, so that nothing can be read."""
    place = raw.index(b"{")
    return raw[:place] + bytes([raw[place] ^ 0x40]) + raw[place + 1 :]


def half(raw: bytes) -> bytes:
    """The first half."""
    return raw[: len(raw) // 2]


def deep(raw: bytes) -> bytes:
    """Brackets that nobody could have meant."""
    return b'{"schema": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"


def nested(raw: bytes) -> bytes:
    """As deep as the parser just takes, under a key that is kept."""
    inside = b'"machine": {"details": {"x": ' + b'{"a": ' * 900 + b"1" + b"}" * 900 + b"}}"
    return b'{"schema": "fw-advisor/evidence@1", ' + inside + b"}"


def half_character(raw: bytes) -> bytes:
    """The CPU's name as a surrogate, which JSON can write and UTF-8 cannot."""
    head, key, tail = raw.partition(b'"cpu": "')
    return head + key + b"\\ud800" + tail


def with_number(number: bytes) -> Change:
    """The first time in the evidence, as *number*."""

    def change(raw: bytes) -> bytes:
        head, key, tail = raw.partition(b'"median_s": ')
        return head + key + number + tail[tail.index(b",") :]

    return change


def _json_rows(name: str, commands: tuple[str, ...], schema: bytes) -> list[Fault]:
    short = Path(name).stem
    later = schema.replace(b"@1", b"@7")

    def row(what: str, injected: str, how: Inject, says: str = name) -> Fault:
        quick = int(f"{short}-{what}" in QUICK)
        return Fault(
            f"{short}-{what}", f"{name}: {injected}", commands, how, (2,), says, quick=quick
        )

    return [
        row("empty", "no byte in it", changed(name, lambda raw: b"")),
        row("half", "its second half is missing", changed(name, half)),
        row("bit", "one bit of its first brace flipped", changed(name, flipped)),
        row("later", "of a later schema", changed(name, lambda r: r.replace(schema, later, 1)),
            later.decode()),
        row("kind", "another kind of document", changed(name, lambda r: b'{"schema": "x/y@1"}')),
        row("twice", "a key twice", changed(name, lambda r: b'{"schema": 1, ' + r[1:]), "twice"),
        row("deep", "100,000 brackets", changed(name, deep)),
        row("nan", "NaN as a value", changed(name, lambda r: b'{"seed": NaN, ' + r[1:]), "NaN"),
        row("digits", "a whole number of 6,000 digits",
            changed(name, lambda r: b'{"seed": ' + b"7" * 6000 + b", " + r[1:])),
        row("beyond", "1e999", changed(name, lambda r: b'{"seed": 1e999, ' + r[1:]), "1e999"),
        row("utf16", "UTF-16", changed(name, lambda r: r.decode().encode("utf-16"))),
        row("latin", "a byte that is no UTF-8", changed(name, lambda r: r[:99] + b"\xe9" + r[99:])),
        row("zeros", "zeros in the place of its end, as after a crash",
            changed(name, lambda r: r[:400] + b"\0" * (len(r) - 400))),
        row("huge", "500 MB", replaced_by(name, huge), "bytes"),
        row("endless", "/dev/zero", both(
            replaced_by(name, lambda p: p.symlink_to("/dev/zero")), shell("ulimit -v 4000000")),
            "bytes"),
        row("absent", "not there", replaced_by(name, lambda p: None)),
        row("directory", "a directory", replaced_by(name, Path.mkdir)),
        row("circle", "a link to itself", replaced_by(name, lambda p: p.symlink_to(p.name))),
    ]  # fmt: skip


def _answer_rows() -> list[Fault]:
    def row(what: str, injected: str, how: Inject, says: str = ANSWERS) -> Fault:
        quick = int(f"answers-{what}" in QUICK)
        return Fault(
            f"answers-{what}", f"{ANSWERS}: {injected}", OF_ANSWERS, how, (2,), says, quick=quick
        )

    def more(text: str) -> Inject:
        return changed(ANSWERS, lambda raw: raw + text.encode("utf-8"))

    return [
        row("empty", "no byte in it", changed(ANSWERS, lambda raw: b"")),
        row("cut", "cut in the middle of a key", changed(ANSWERS, lambda raw: raw[:-30] + b"x")),
        row("later", "of a later schema",
            changed(ANSWERS, lambda raw: raw.replace(b"@1", b"@2")), "answers@2"),
        row("twice", "a key twice", more("  task: graph\n"), "answers.yaml:10"),
        row("deep", "10,000 brackets", more("  must_use: " + "[" * 10_000 + "\n")),
        row("alias", "an alias to itself", more("  must_use: &a [*a]\n")),
        row("tag", "a tag that would run code",
            more('  model: !!python/object/apply:os.system ["touch pwned"]\n')),
        row("nan", "a deadline of .nan", changed(ANSWERS, lambda r: r.replace(b" 12", b" .nan"))),
        row("digits", "a deadline of 6,000 digits",
            changed(ANSWERS, lambda raw: raw.replace(b" 12", b" " + b"7" * 6000))),
        row("utf16", "UTF-16",
            changed(ANSWERS, lambda raw: raw.decode().encode("utf-16")), "UTF-16"),
        row("huge", "500 MB", replaced_by(ANSWERS, huge), "bytes"),
        row("endless", "/dev/zero", replaced_by(ANSWERS, lambda p: p.symlink_to("/dev/zero"))),
        row("absent", "not there", replaced_by(ANSWERS, lambda p: None)),
        row("directory", "a directory", replaced_by(ANSWERS, Path.mkdir)),
        row("fifo", "a pipe that nobody writes to", replaced_by(ANSWERS, os.mkfifo)),
    ]  # fmt: skip


def _kept_rows() -> list[Fault]:
    """What costs its part only, and what nobody should notice."""
    return [
        Fault("evidence-negative", "evidence.json: a time below zero", ("claims", "advise"),
              changed(EVIDENCE, with_number(b"-1.0")), quick=0),
        Fault("evidence-nested", "evidence.json: nested 900 deep in a part that is kept",
              ("claims", "advise"), changed(EVIDENCE, nested), (2,), "deep"),
        Fault("evidence-half-character", "evidence.json: half a character as the CPU's name",
              ("advise-text", "advise", "claims"), changed(EVIDENCE, half_character)),
        Fault("evidence-largest", "evidence.json: a time of 1e308 seconds", ("claims", "advise"),
              changed(EVIDENCE, with_number(b"1e308")), quick=0),
        Fault("evidence-whole", "evidence.json: a time that is a whole number of 400 digits",
              ("claims", "advise"), changed(EVIDENCE, with_number(b"9" * 400)), (2,), "range",
          quick=0),
        Fault("code-binary", "code: a .py of random bytes, one of 5 MB in one line, one nested "
              "10,000 deep", ("scan",), _odd_code, (0, 3)),
        Fault("code-links", "code: a link to itself, a link to /, a pipe", ("scan",), _odd_links,
              (0, 3), quick=0),
        Fault("code-absent", "code: not there", ("scan",), _no_code, (2,), "code"),
    ]  # fmt: skip


def _odd_code(case: Case) -> None:
    chance = random.Random(1)
    (case.place / "code" / "noise.py").write_bytes(chance.randbytes(4096))
    (case.place / "code" / "line.py").write_text("x = [" + "1," * 2_500_000 + "]", "utf-8")
    (case.place / "code" / "deep.py").write_text("(" * 10_000 + ")" * 10_000, "utf-8")


def _odd_links(case: Case) -> None:
    code = case.place / "code"
    (code / "circle").symlink_to("circle")
    (code / "all").symlink_to("/")
    os.mkfifo(code / "pipe.py")


def _no_code(case: Case) -> None:
    case.replaced("code", "code-of-nobody")


ROWS = [
    *_answer_rows(),
    *_json_rows(EVIDENCE, OF_EVIDENCE, b"fw-advisor/evidence@1"),
    *_json_rows(RECORD, OF_RECORD, b"fw-advisor/decision@1"),
    *_kept_rows(),
]
