"""Whatever stands where something else should: a rule base loads or is refused with words."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from advisor.answers_io import answers_from
from advisor.errors import UserError
from advisor.knowledge.evaluate import evaluate
from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.rule_check import check
from advisor.knowledge.ruletests import run_tests
from advisor.knowledge.serialise import from_data, to_data
from advisor.knowledge.yamlio import parse_yaml

junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-10, 10**6)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        ["", " ", "image", "unknown", "pytorch", "2026-11-01", "a" * 200, "*", "[x]"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["task", "not", "any_of", "all_of", "above", "between", "id", "x", ""]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


def paths(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    if isinstance(data, (dict, list)):
        for key in data if isinstance(data, dict) else range(len(data)):
            found += paths(data[key], (*path, key))
    return found


def replaced(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = dict(data) if isinstance(data, dict) else list(data)
    copy[path[0]] = replaced(data[path[0]], path[1:], value)
    return copy


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_rule_with_anything_anywhere_loads_or_is_refused(
    root: Path, pack: Path, data: st.DataObject
) -> None:
    document = parse_yaml((root / "claims/all.yaml").read_text(encoding="utf-8"), name="x").data
    document["rules"] = [{**r, "id": r["id"] + "-own"} for r in document["rules"]]
    path = data.draw(st.sampled_from(paths(document)))
    broken = replaced(document, path, data.draw(junk))
    (pack / "own.yaml").write_text(json.dumps(broken), encoding="utf-8")
    try:
        base = load_rule_base([pack], root=root)
    except UserError as error:
        told = str(error)
    else:
        told = ""
        check(base, today="2026-11-24")
        run_tests(base)
        evaluate(base, {"task": "image"}, today="2026-11-24")
        assert from_data(json.loads(json.dumps(to_data(base)))).rules
    assert "Traceback" not in told


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_record_with_anything_anywhere_is_read_or_refused(
    root: Path, data: st.DataObject
) -> None:
    whole = to_data(load_rule_base(root=root))
    path = data.draw(st.sampled_from(paths(whole)))
    with contextlib.suppress(UserError):
        from_data(replaced(whole, path, data.draw(junk)))


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_answers_with_anything_anywhere_are_read_or_refused(
    root: Path, data: st.DataObject
) -> None:
    base = load_rule_base(root=root)
    whole = {
        "schema": "fw-advisor/answers@1",
        "project": "P",
        "answers": dict.fromkeys(base.facts, "image"),
        "sources": {"task": "typed"},
    }
    path = data.draw(st.sampled_from(paths(whole)))
    with contextlib.suppress(UserError):
        answers_from(replaced(whole, path, data.draw(junk)), base, "x")
