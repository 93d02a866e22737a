"""The answers file: reading and checking it against the vocabulary, and writing it.

Knows the two forms of the document (YAML and JSON) and the short form ``key=value`` of the command
line. Every mistake is told at once, with its place and a suggestion. It must not know how a
question is asked.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

from advisor.answers import SCHEMA, Answers, Source, Value
from advisor.code_reading import checked_reading
from advisor.errors import UserError
from advisor.evidence_io import check_schema_id
from advisor.jsonio import read_json
from advisor.knowledge.families import check_model
from advisor.knowledge.fields import Fault, Part, Problems, did_you_mean, shown
from advisor.knowledge.model import Fact, RuleBase
from advisor.knowledge.vocabulary import UNKNOWN, checked
from advisor.knowledge.yamlio import Document, read_yaml

MAX_PROJECT = 20_000
PYTHONS = ("torch", "jax")
"""The keys under ``pythons``, as in the option ``--python torch=PATH``."""

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*( [A-Za-z0-9_.-]+)*")
_SPECIAL = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"})
_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cn", "Zl", "Zp"})

Where = Callable[..., str]


def read_answers(path: Path, base: RuleBase) -> Answers:
    """The answers in *path*; each keeps the source that stands beside it, or is of the file.

    Raises:
        UserError: the file cannot be read, or does not fit the vocabulary; `UserErrorGroup` where
            several things are wrong.
    """
    if path.suffix.lower() == ".json":
        return answers_from(read_json(path), base, str(path))
    document = read_yaml(path)
    return _answers_in(document, base, "file")


def answers_from(
    data: Any, base: RuleBase, name: str, *, where: Where | None = None, source: Source = "file"
) -> Answers:
    """The answers in *data*, the document as plain values.

    Args:
        data: What stands in the document.
        base: Its vocabulary is the closed list of keys and values.
        name: What errors call the document.
        where: Gives the place of the value that a path of keys leads to.
        source: Where an answer comes from that has no source beside it.

    Raises:
        UserError: something does not fit; `UserErrorGroup` where several things do not.
    """
    return _answers_in(_Placed(data, name, where), base, source)


class _Placed(Document):
    """A document whose places somebody else knows."""

    def __init__(self, data: Any, name: str, where: Where | None) -> None:
        super().__init__(data, name)
        object.__setattr__(self, "_where", where)

    def where(self, *path: str | int) -> str:
        """The place that the caller gives, or the keys that lead there."""
        where: Where | None = getattr(self, "_where", None)
        if where is not None:
            return where(*path)
        return f"{self.name}: {'.'.join(str(step) for step in path)}" if path else self.name

    def where_key(self, *path: str | int) -> str:
        """The same for a key."""
        return self.where(*path)


def _answers_in(document: Document, base: RuleBase, source: Source) -> Answers:
    check_schema_id(document.data, SCHEMA, document.name)
    problems = Problems()
    part = Part.top(document, problems)
    part.only(("schema", "project", "given", "answers", "sources", "pythons", "code"))
    project = _project(part)
    inner = part.mapping("answers")
    values: dict[str, Value] = {}
    unknown: list[str] = []
    for key, given in inner.data.items():
        fact = _answerable(base, key)
        if fact is None:
            hint = _hint_for_key(base, key)
            where = document.where_key(*inner.path, key)
            problems.add(f"{shown(key)} is not a question", where=where, hint=hint)
        elif given == UNKNOWN:
            unknown.append(key)
        elif given is not None:
            _take(inner, fact, key, values)
    _check_model(inner, base, values)
    sources = _sources(part, values, source)
    pythons = part.mapping("pythons")
    pythons.only(PYTHONS)
    named = {name: pythons.text(name) for name in PYTHONS if pythons.has(name)}
    given_on, code = _given(part), _code(part)
    problems.check()
    return Answers(project, values, sources, tuple(sorted(unknown)), named, given_on, code)


def _code(part: Part) -> dict[str, Any]:
    """What was read of a code base, where the document holds it."""
    data = part.data.get("code")
    if data is None:
        return {}
    try:
        return checked_reading(data)
    except ValueError as error:
        hint = "it is written by interview --code; leave it out to decide without"
        part.fail(f"code is not what a scan gives: {error}", "code", hint=hint)
        return {}


def _given(part: Part) -> str | None:
    """The ISO date of the answers, where they have one."""
    day = part.data.get("given")
    if day is None:
        return None
    try:
        return dt.date.fromisoformat(str(day)).isoformat()
    except ValueError:
        part.fail(
            f"given has to be a date, not {shown(day)}", "given", hint="write it as 2026-11-24"
        )
        return None


def _project(part: Part) -> str | None:
    project = part.data.get("project")
    if project is None or (isinstance(project, str) and len(project) <= MAX_PROJECT):
        return project
    hint = "put it in quotes" if not isinstance(project, str) else ""
    part.fail(f"project has to be text of at most {MAX_PROJECT:,} characters", "project", hint=hint)
    return None


def _take(part: Part, fact: Fact, key: str, values: dict[str, Value]) -> None:
    try:
        values[key] = checked(fact, part.data[key])
    except Fault as fault:
        part.fault(fault, key)


def _check_model(part: Part, base: RuleBase, values: Mapping[str, Value]) -> None:
    try:
        check_model(base.families, values)
    except Fault as fault:
        part.fault(fault)


def _answerable(base: RuleBase, key: str) -> Fact | None:
    fact = base.facts.get(key)
    return fact if fact is not None and fact.origin == "answer" else None


def _hint_for_key(base: RuleBase, key: str) -> str:
    members = [k for k in base.facts if k.startswith(f"{key}.") and _answerable(base, k)]
    if members:
        return f"write the whole key, as in {members[0]}: ..."
    if key.startswith(("detected.", "installed.", "measured.")):
        return "this is found on the machine, not answered"
    return did_you_mean(key, [k for k in base.facts if _answerable(base, k)])


def _sources(part: Part, values: Mapping[str, Value], source: Source) -> dict[str, Source]:
    inner = part.mapping("sources")
    sources: dict[str, Source] = {}
    for key in values:
        sources[key] = inner.word(key, get_args(Source), source)
    return sources


def parse_assignment(text: str, base: RuleBase, *, where: str | None = None) -> tuple[str, Value]:
    """The key and the value in ``key=value``; the value is ``unknown`` where that is said.

    Lists are written with commas between: ``transforms=long_scan,per_sample_grad``.

    Args:
        text: What was given.
        base: The vocabulary.
        where: What errors call it; ``--set TEXT`` unless given.

    Raises:
        UserError: no such key, or the key cannot have that value.
    """
    key, equals, written = text.partition("=")
    key, written = key.strip(), written.strip()
    where = where or f"--set {text if len(text) <= 80 else text[:79] + '…'}"
    fact = _answerable(base, key)
    if fact is None:
        hint = _hint_for_key(base, key)
        raise UserError(f"{shown(key)} is not a question", hint=hint, where=where)
    if not equals:
        raise UserError("has no value", hint=f"write {key}=VALUE", where=where)
    if written == UNKNOWN:
        return key, UNKNOWN
    try:
        return key, checked(fact, _typed(fact, written))
    except Fault as fault:
        raise UserError(fault.message, hint=fault.hint, where=where) from fault


def with_assignments(answers: Answers, texts: Iterable[str], base: RuleBase) -> Answers:
    """*answers* with every ``key=value`` of the command line over them.

    Raises:
        UserError: one of them is wrong; `UserErrorGroup` where several are.
    """
    problems = Problems()
    for text in texts:
        try:
            key, value = parse_assignment(text, base)
        except UserError as error:
            problems.take(error)
            continue
        unknown = value == UNKNOWN
        answers = answers.with_unknown(key) if unknown else answers.with_value(key, value, "flag")
    try:
        check_model(base.families, answers.values)
    except Fault as fault:
        problems.add(fault.message, where="--set", hint=fault.hint)
    problems.check()
    return answers


def _typed(fact: Fact, written: str) -> Any:
    if fact.kind in ("choices", "names", "ranking"):
        inner = written.removeprefix("[").removesuffix("]")
        return [word.strip().strip("'\"") for word in inner.split(",") if word.strip()]
    if fact.kind == "flag":
        return {"true": True, "false": False}.get(written.lower(), written)
    if fact.kind == "number":
        try:
            return float(written.replace("_", "").replace(",", ""))
        except ValueError:
            return written
    if fact.kind == "size":
        return typed_size(written)
    return written.strip("'\"")


def typed_size(written: str) -> Any:
    """``{"layers": 12}`` as JSON, or ``layers=12,width=768``."""
    if written.startswith("{"):
        try:
            return json.loads(written)
        except ValueError:
            return written
    pairs = [pair.partition("=") for pair in written.split(",")]
    return {key.strip(): _size_value(value.strip()) for key, _, value in pairs}


def _size_value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def to_yaml(answers: Answers) -> str:
    """The answers file; reading it gives equal answers again."""
    document = answers.to_dict()
    lines = [f"schema: {document['schema']}", f"project: {_scalar(document['project'])}"]
    if answers.given:
        lines.append(f"given: {_scalar(answers.given)}")
    for section in ("answers", "sources"):
        entries = document[section]
        lines.append(f"{section}:" if entries else f"{section}: {{}}")
        lines.extend(f"  {key}: {_value(entries[key])}" for key in entries)
    if answers.pythons:
        lines.append("pythons:")
        lines.extend(f"  {key}: {_scalar(path)}" for key, path in sorted(answers.pythons.items()))
    if answers.code:
        # JSON is YAML: nobody writes this part by hand.
        lines.append(f"code: {_json(answers.code)}")
    return "\n".join(lines) + "\n"


def _json(value: Any) -> str:
    return "".join(map(_escaped, json.dumps(value, ensure_ascii=False, sort_keys=True)))


def _value(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_scalar(item) for item in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _SPECIAL:
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return "".join(_escaped(char) for char in quoted)


def _escaped(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Cs":
        return "\ufffd"
    return f"\\U{ord(char):08x}" if category in _HIDDEN else char
