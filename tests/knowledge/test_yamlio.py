"""YAML is read as plain data with positions; what could surprise its reader is refused."""

from __future__ import annotations

import contextlib
import resource
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.errors import UserError
from advisor.knowledge.yaml_events import MAX_DEPTH
from advisor.knowledge.yamlio import parse_yaml, read_yaml


def read(text: str) -> object:
    return parse_yaml(text, name="f.yaml").data


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-11-23", "2026-11-23"),
        ("no", "no"),
        ("12:30:00", "12:30:00"),
        ("010", "010"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        (".nan", ".nan"),
        ("-.inf", "-.inf"),
        ("true", True),
        ("null", None),
        ("12", 12),
        ("-3.5", -3.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("'12'", "12"),
        ('"3.10"', "3.10"),
        ("-", [None]),
        ("+", "+"),
        (".", "."),
        ("'<<'", "<<"),
    ],
)
def test_scalars_mean_what_they_look_like(text: str, value: object) -> None:
    assert read(text) == value
    assert type(read(text)) is type(value)


def test_keys_are_always_text() -> None:
    assert read("3.10: a\ntrue: b\n2026-01-01: c") == {"3.10": "a", "true": "b", "2026-01-01": "c"}


REFUSED = {
    "duplicate key": ("a: 1\nb:\n  c: 1\n  c: 2\n", "f.yaml:4:3", "twice"),
    "duplicate in braces": ("{a: 1, a: 2}", "f.yaml:1:8", "twice"),
    "anchor": ("a: &x 1", "f.yaml:1:4", "anchors"),
    "alias": ("a: 1\nb: *x", "f.yaml:2:4", "aliases"),
    "tag": ("a: !!python/object/apply:os.system ['true']", "f.yaml:1:4", "tags"),
    "own tag": ("a: !x 1", "f.yaml:1:4", "tags"),
    "merge key": ("a:\n  <<: {b: 1}", "f.yaml:2:3", "merge"),
    "second document": ("a: 1\n---\nb: 2", "f.yaml:2:1", "second document"),
    "key that is a list": ("? [a]\n: b", "f.yaml:1:3", "text"),
    "missing key": ("? \n: b", "f.yaml:1:2", "key is missing"),
    "bad indentation": ("a:\n   b: 1\n  c: 2", "f.yaml:3:3", "YAML"),
    "tab": ("a:\n\tb: 1", "f.yaml:2:1", "YAML"),
    "open bracket": ("a: [1, 2", "f.yaml:2:1", "YAML"),
    "NUL": ("a: 1\nb: x\0y", "f.yaml:2:5", "U+0000"),
    "escape character": ("a: \x1b[31m", "f.yaml:1:4", "U+001B"),
    "long number": ("a: " + "9" * 5000, "f.yaml:1:4", "digits"),
    "number beyond doubles": ("a: 1e999", "f.yaml:1:4", "double"),
    "deep lists": ("[" * 100_000, f"f.yaml:1:{MAX_DEPTH + 1}", "deep"),
    "deep mappings": ("{a: " * 100_000, f"f.yaml:1:{4 * MAX_DEPTH + 1}", "deep"),
    "deep blocks": ("- " * 100_000, f"f.yaml:1:{2 * MAX_DEPTH + 1}", "deep"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_could_surprise_is_refused_with_its_place(case: str) -> None:
    text, where, word = REFUSED[case]
    with pytest.raises(UserError) as caught:
        read(text)
    assert caught.value.where == where
    assert word in caught.value.message


@pytest.mark.parametrize(
    ("raw", "where", "word"),
    [
        ("a: é".encode("utf-16"), "f.yaml:1:1", "UTF-16"),
        (b"ok: 1\nb: \xff\xfe", "f.yaml:2:4", "0xff"),
        ("a: café".encode("latin-1"), "f.yaml:1:7", "0xe9"),
    ],
)
def test_other_encodings_are_refused(tmp_path: Path, raw: bytes, where: str, word: str) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(raw)
    with pytest.raises(UserError, match=word) as caught:
        read_yaml(path, name="f.yaml")
    assert caught.value.where == where


def test_a_byte_order_mark_is_no_content(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1")
    assert read_yaml(path).data == {"a": 1}


@pytest.mark.parametrize("kind", ["directory", "pipe", "absent"])
def test_only_regular_files_are_read(tmp_path: Path, kind: str) -> None:
    import os

    path = tmp_path / "f.yaml"
    if kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    with pytest.raises(UserError):
        read_yaml(path)


def test_positions_lead_to_values_and_keys() -> None:
    document = parse_yaml("rules:\n  - id: x\n    when: {task: [a, b]}\n", name="f.yaml")
    assert document.where("rules", 0) == "f.yaml:2:5"
    assert document.where("rules", 0, "when", "task", 1) == "f.yaml:3:22"
    assert document.where_key("rules", 0, "when", "task") == "f.yaml:3:12"
    assert document.where("rules", 0, "absent") == "f.yaml:2:5"
    assert document.where("rules", 7, "absent") == document.where("rules") == "f.yaml:2:3"


scalars = st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.text(max_size=8)
plain: st.SearchStrategy[object] = st.deferred(
    lambda: (
        scalars
        | st.lists(plain, max_size=3)
        | st.dictionaries(st.text(max_size=5), plain, max_size=3)
    )
)


@settings(max_examples=150, deadline=None)
@given(plain)
def test_what_json_says_is_read_as_json_reads_it(value: object) -> None:
    """JSON of printable text is YAML, so another parser is the witness."""
    import json

    text = json.dumps(value, ensure_ascii=True)
    if "\\ud" in text or "\\u2028" in text:
        return
    assert read(text) == value


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab:-[]{}&*!|>'\"#%@`,?<= \n\t\0é1.", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(UserError):
        read(text)


BOMBS = {
    "ten megabytes": "'a: ' + 'x' * 10_000_000",
    "flat list": "'a: [' + 'a,' * 1_000_000 + ']'",
    "laughs": "'\\n'.join(f'a{i}: &a{i} [' + f'*a{i-1}, ' * 9 + ']' for i in range(1, 60))",
    "deep": "'[' * 4_000_000",
    "wide": "'{' + ', '.join(f'k{i}: [[]]' for i in range(400_000)) + '}'",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_costs_little_memory(tmp_path: Path, bomb: str) -> None:
    """Each is written to a file and read by a process that is weighed afterwards."""
    script = textwrap.dedent(f"""
        import sys
        from pathlib import Path
        from advisor.errors import UserError
        from advisor.knowledge.yamlio import read_yaml
        path = Path(sys.argv[1])
        path.write_text({BOMBS[bomb]})
        try:
            read_yaml(path, max_bytes=8 << 20)
        except UserError as error:
            print(error.where)
        # Not ru_maxrss: a child inherits the peak of the process that started it.
        status = Path("/proc/self/status").read_text()
        print(int(status.split("VmHWM:")[1].split()[0]) // 1024)
    """)
    limits = (resource.RLIMIT_CPU, (20, 20))
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "bomb.yaml")],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(*limits),
    )
    lines = done.stdout.split()
    assert int(lines[-1]) < 200
    assert len(lines) == 2
