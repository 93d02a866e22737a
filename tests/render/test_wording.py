"""Every sentence is a message that a translator can fill; every message is used and filled.

Read from the source: no prose stands in the rooms that give parts, and what `say` is called with
exists. Messages of the evidence are looked up by the ids that it holds: `test_evidence_words` has
them.
"""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from advisor.render import wording
from advisor.render.wording import clauses, inline, is_counted, say
from advisor.resources import read_words, words_of

ROOT = Path(__file__).parents[2]
ROOMS = ("decide", "reading", "measure", "render")
TABLES = ("number", "count", "decision", "report", "measurements", "terminal")
"""The tables whose messages are named in the source."""
WORD = re.compile(r"[(“\"'‘]?[A-Za-z]{2,}[.,;:!?)”\"'’]*")
NAMES = ("system-ui, -apple-system, 'Segoe UI'", "mac os", "red hat")
"""Names of typefaces and of systems."""
REFUSE = {
    "measure/census.py",
    "measure/catalogue.py",
    "measure/models.py",
    "measure/request.py",
    "measure/wishes.py",
}
"""Tables that errors about a user's own file are made of, or names of what such a file holds."""


def sources(*rooms: str) -> list[Path]:
    found = [p for room in rooms for p in sorted((ROOT / "advisor" / room).rglob("*.py"))]
    assert found, rooms
    return found


def place(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


# ---- no prose outside the wording ----


def literals(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Texts in *tree* that could reach a reader: no docstrings, no annotations, nothing raised."""
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Raise, ast.Assert)):
            skipped.update(id(inner) for inner in ast.walk(node))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(id(node.value))
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.JoinedStr):
            skipped.update(id(inner) for inner in ast.walk(node))
            parts = (v.value for v in node.values if isinstance(v, ast.Constant))
            yield node, " ".join(str(part) for part in parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node, node.value


def is_prose(text: str) -> bool:
    """Whether *text* has two words of English or more, and is neither markup nor a pattern."""
    if re.search(r"[<>={}\\]", text) or text.startswith(NAMES):
        return False
    return sum(bool(WORD.fullmatch(word)) for word in text.split()) >= 2


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_forms_a_sentence(room: str) -> None:
    prose = [
        f"{place(path, node)}: {text!r}"
        for path in sources(room)
        if path.relative_to(ROOT / "advisor").as_posix() not in REFUSE
        for node, text in literals(ast.parse(path.read_text("utf-8")))
        if is_prose(text)
    ]
    assert prose == []


def test_prose_would_be_found() -> None:
    code = 'def f(x):\n    """Some words here."""\n    return f"{x} is faster than it was"\n'
    [found] = [text for _, text in literals(ast.parse(code)) if is_prose(text)]
    assert "is faster than" in found


# ---- every message is used, and every key exists ----


@dataclass(frozen=True)
class Use:
    """One call: which keys it can have, and the values it gives (None: not to be seen here)."""

    pattern: str
    values: frozenset[str] | None
    where: str


def messages() -> dict[str, str | dict[str, str]]:
    def flat(table: Any, prefix: str) -> Iterator[tuple[str, Any]]:
        for key, value in table.items():
            name = f"{prefix}{key}"
            if isinstance(value, str) or is_counted(value):
                yield name, value
            else:
                yield from flat(value, f"{name}.")

    return dict(flat(words_of(), ""))


def forms(message: str | dict[str, str]) -> list[str]:
    return [message] if isinstance(message, str) else [message["one"], message["other"]]


def places_of(message: str | dict[str, str]) -> set[str]:
    fields = {f for form in forms(message) for _, f, _, _ in string.Formatter().parse(form) if f}
    return fields | (set() if isinstance(message, str) else {"n"})


def patterns(node: ast.expr, scope: ast.AST) -> list[str]:
    """The keys that *node* can be, as regular expressions; of a name, what it is given nearby."""
    if isinstance(node, ast.Constant):
        return [re.escape(str(node.value))]
    if isinstance(node, ast.IfExp):
        return [*patterns(node.body, scope), *patterns(node.orelse, scope)]
    if isinstance(node, ast.JoinedStr):
        parts = (
            re.escape(str(v.value)) if isinstance(v, ast.Constant) else "[^.]+" for v in node.values
        )
        return ["".join(parts)]
    if isinstance(node, ast.Name):
        given = [
            a.value
            for a in ast.walk(scope)
            if isinstance(a, ast.Assign) and ast.unparse(a.targets[0]) == node.id
        ]
        return [p for value in given for p in patterns(value, scope)]
    return []


def ends_of(arguments: list[ast.expr], scope: ast.AST) -> Iterator[str]:
    """The texts among *arguments*, those of a tuple that was given a name included."""
    for argument in arguments:
        if isinstance(argument, ast.Constant):
            yield str(argument.value)
        elif isinstance(argument, ast.Starred):
            for node in ast.walk(scope):
                if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == ast.unparse(
                    argument.value
                ):
                    yield from ast.literal_eval(node.value)


HELPERS = {"count_of": ("count", 1, 2), "columns": ("report.column", 0, None),
           "table_of": ("report.table", 0, 1)}  # fmt: skip
"""Functions that are given the end of a key, and where among their arguments."""
INSIDE = {"report.column.[^.]+", "report.table.[^.]+", "count.[^.]+"}


def scopes(tree: ast.Module) -> dict[int, ast.AST]:
    """By id of a node: the innermost function that it stands in."""
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    # Outer functions come first in a walk, so that inner ones replace them.
    return {id(inner): function for function in functions for inner in ast.walk(function)}


def uses() -> list[Use]:
    found: list[Use] = []
    for path in [p for p in sources("") if "_data" not in p.parts]:
        tree = ast.parse(path.read_text("utf-8"))
        said = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module == "advisor.render.wording"
            for alias in node.names
            if alias.name == "say"
        } | ({"say"} if path.name == "wording.py" else set())
        scope_of = scopes(tree)
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            scope = scope_of.get(id(node), tree)
            if node.func.id in said and node.args:
                known = (
                    None
                    if any(k.arg is None for k in node.keywords)
                    else frozenset(str(k.arg) for k in node.keywords)
                )
                keys = patterns(node.args[0], scope)
                found += [Use(p.replace("\\-", "-"), known, place(path, node)) for p in keys]
            elif node.func.id in HELPERS:
                table, first, last = HELPERS[node.func.id]
                for name in ends_of(node.args[first:last], scope):
                    found.append(Use(re.escape(f"{table}.{name}"), None, place(path, node)))
            elif node.func.id == "_flip_table":
                name = ast.literal_eval(node.args[2])
                found.append(Use(re.escape(f"report.table.{name}"), None, place(path, node)))
    found += list(template_uses())
    return [u for u in found if u.pattern.replace("\\", "") not in INSIDE]


def template_uses() -> Iterator[Use]:
    for path in sorted((ROOT / "templates").glob("*.*")):
        for call in re.finditer(r'say\("([^"]+)"((?:, \w+=[\w.]+)*)\)', path.read_text("utf-8")):
            values = frozenset(re.findall(r", (\w+)=", call[2]))
            yield Use(re.escape(call[1]), values, path.name)


@pytest.fixture(scope="module")
def every_use() -> list[Use]:
    return uses()


def test_every_key_that_is_said_exists(every_use: list[Use]) -> None:
    keys = messages()
    assert len(every_use) > 250
    missing = [u for u in every_use if not any(re.fullmatch(u.pattern, key) for key in keys)]
    assert [u for u in missing if u.pattern.split(".")[0].strip("\\") in TABLES] == []


def test_every_message_is_said_somewhere(every_use: list[Use]) -> None:
    said = re.compile("|".join(sorted({f"(?:{u.pattern})" for u in every_use})))
    own = [key for key in messages() if key.split(".")[0] in TABLES]
    assert [key for key in own if not said.fullmatch(key)] == []


def test_every_place_of_a_message_is_filled(every_use: list[Use]) -> None:
    lacking = []
    for key, message in messages().items():
        for use in every_use:
            if use.values is not None and re.fullmatch(use.pattern, key):
                places = places_of(message) - use.values
                lacking += [f"{use.where}: {key} lacks {sorted(places)}"] if places else []
    assert lacking == []


def test_every_place_says_how_its_value_is_shown_in_a_known_way() -> None:
    own = re.compile(r"\.\d[efg%]|")
    for key, message in messages().items():
        for form in forms(message):
            for _, _, spec, conversion in string.Formatter().parse(form):
                assert conversion is None, key
                assert not spec or spec in wording._SHOWN or own.fullmatch(spec), (key, spec)


def test_no_message_is_empty_or_has_loose_spaces() -> None:
    for key, message in messages().items():
        for form in forms(message):
            assert form.strip(), key
            assert "  " not in form.strip(), key


# ---- the engine ----


def test_a_key_that_is_not_there_and_a_place_without_value_are_errors() -> None:
    with pytest.raises(KeyError, match="no message is called"):
        say("decision.nothing")
    with pytest.raises(KeyError):
        say("decision.fact", title="Task")


def test_a_message_with_a_count_chooses_by_it() -> None:
    assert say("count.core", n=1) == "1 core"
    assert say("count.core", n=1200) == "1,200 cores"


def test_values_are_never_read_as_messages() -> None:
    assert say("decision.fact", title="{value}", value="{title!r:>9999}") == (
        "{value}: {title!r:>9999}"
    )


def test_clauses_and_titles_inside_a_sentence() -> None:
    assert clauses(["a", "", "b", "c"]) == "a; b; c"
    assert clauses([]) == ""
    assert [inline(t) for t in ("Long-term risk", "JAX", "PyTorch", "NVIDIA GPUs", "A thing")] == [
        "long-term risk", "JAX", "PyTorch", "NVIDIA GPUs", "a thing",
    ]  # fmt: skip


def test_two_files_may_not_hold_one_table(tmp_path: Path) -> None:
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text('[one]\nkey = "x"\n', "utf-8")
    with pytest.raises(ValueError, match="another file already"):
        read_words(tmp_path)
