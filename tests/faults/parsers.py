"""What reads bytes of others, each as one function that accepts them or refuses them with words.

What is accepted is used as the commands use it: shown, worded, written and read again.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from advisor.answers_io import answers_from, read_answers, to_yaml
from advisor.errors import UserError
from advisor.evidence import to_data
from advisor.evidence_io import evidence_from
from advisor.jsonio import dumps, parse_json
from advisor.knowledge.evaluate import evaluate
from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.model import RuleBase
from advisor.knowledge.ruletests import run_tests
from advisor.record import freeze, thaw
from advisor.render.evidence_text import evidence_lines
from advisor.render.evidence_words import word_evidence
from advisor.render.terminal import render_terminal
from advisor.workers import replies
from advisor.workers.worker import WorkerCommand, WorkerError, WorkerProcess
from tests.knowledge.conftest import FILES

TODAY = "2026-11-26"
Refusal = (UserError, WorkerError, replies.ReplyError)


@dataclass(frozen=True)
class Parser:
    """A reader of bytes, with the good documents that are spoilt for it."""

    name: str
    read: Callable[[bytes, Path], None]
    seeds: tuple[bytes, ...]


@lru_cache(maxsize=1)
def rules() -> RuleBase:
    """The shipped rules."""
    return load_rule_base()


def small_rules(place: Path) -> Path:
    """A directory in *place* with a small rule base."""
    root = place / "root"
    for name, text in FILES.items() if not root.exists() else ():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return root


def read_answers_bytes(raw: bytes, place: Path) -> None:
    """An answers file in either form; what is accepted is written and read again."""
    path = place / ("answers.json" if raw.lstrip()[:1] == b"{" else "answers.yaml")
    path.write_bytes(raw)
    answers = read_answers(path, rules())
    path.with_suffix(".yaml").write_text(to_yaml(answers), "utf-8")
    assert read_answers(path.with_suffix(".yaml"), rules()).values == answers.values
    answers_from(json.loads(dumps(answers.to_dict())), rules(), "again")


def read_evidence_bytes(raw: bytes, place: Path) -> None:
    """An evidence file; what is accepted is worded, shown, written and read again."""
    evidence = word_evidence(evidence_from(parse_json(raw, name="evidence"), name="evidence"))
    "\n".join(evidence_lines(evidence, verbose=True)).encode("utf-8")
    written = dumps(to_data(evidence)).encode("utf-8")
    evidence_from(parse_json(written, name="again"), name="again")


def read_record_bytes(raw: bytes, place: Path) -> None:
    """A record; what is accepted is shown and written."""
    record = thaw(parse_json(raw, name="record"), "record")
    render_terminal(record, width=80, colour=True).encode("utf-8", "backslashreplace")
    dumps(freeze(record)).encode("utf-8")


def read_rules_bytes(raw: bytes, place: Path) -> None:
    """A rule pack of one file, beside a small rule base; what is accepted is evaluated."""
    root, pack = small_rules(place), place / "pack"
    pack.mkdir(exist_ok=True)
    (pack / "own.yaml").write_bytes(raw)
    base = load_rule_base([pack], root=root)
    evaluate(base, {"task": "image"}, today=TODAY)
    run_tests(base)


CHECKS: dict[str, Callable[[dict[str, Any]], object]] = {
    "hello": replies.check_hello,
    "build": replies.check_build,
    "warm": replies.check_warm,
    "block": replies.check_block,
    "latency": replies.check_latency,
    "finish": replies.check_finish,
    "behave": replies.check_behaviour,
    "peak": lambda reply: replies.check_facts(reply, "flops_per_s"),
}


class _Ended:
    """A process that has said what it had to say, and is gone."""

    def __init__(self, out: int) -> None:
        self.stdout = os.fdopen(out, "rb", buffering=0)
        self.stdin = Path(os.devnull).open("wb")  # noqa: SIM115  (closed by `_Said.end`)
        self.pid = os.getpid()

    def poll(self) -> int:
        return 0

    def wait(self, timeout: float | None = None) -> int:
        return 0

    def kill(self) -> None:
        return


class _Said(WorkerProcess):
    """A worker that answered with given bytes."""

    def __init__(self, raw: bytes, log: Path) -> None:
        reading, writing = os.pipe()
        self._command = WorkerCommand((), {}, (), log)
        self._buffer, self._lifeline = b"", -1
        self._log = log.open("ab")
        self._process: Any = _Ended(reading)
        self._talk = threading.Thread(target=_write, args=(writing, raw))

    def ask_it(self, verb: str) -> dict[str, Any]:
        """Ask, and let it answer afterwards."""
        receive = self.receive

        def answered(doing: str, timeout_s: float) -> dict[str, Any]:
            self._talk.start()
            return receive(doing, timeout_s)

        self.receive = answered  # type: ignore[method-assign]
        return self.ask(verb, timeout_s=5.0)

    def end(self) -> None:
        """Close all that is open."""
        self._process.stdout.close()
        self._process.stdin.close()
        self._log.close()
        if self._talk.ident is not None:
            self._talk.join()


def _write(pipe: int, raw: bytes) -> None:
    try:
        data = memoryview(raw)
        while data:
            data = data[os.write(pipe, data) :]
    except OSError:
        pass
    finally:
        os.close(pipe)


def read_protocol_bytes(raw: bytes, place: Path) -> None:
    """An answer of a worker, whatever was asked; what is accepted can be written."""
    verb = next((v for v in CHECKS if v.encode() in raw[:40]), "block")
    worker = _Said(raw, place / "log")
    try:
        reply = worker.ask_it(verb)
        for check in CHECKS.values():
            try:
                dumps(repr(check(reply))).encode("utf-8")
            except replies.ReplyError:
                continue
        dumps(reply).encode("utf-8")
    finally:
        worker.end()
