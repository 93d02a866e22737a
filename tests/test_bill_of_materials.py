"""The bill of materials lists every pin once, in its format, and holds no address."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name

from tests.bill_of_materials import FILES, ROOT, BillError, bill, made, pins

PROJECT = {
    "name": "thing",
    "version": "1.0",
    "license": "Apache-2.0",
    "dependencies": ["jinja2"],
    "optional-dependencies": {"fast": ["numpy"], "dev": ["pytest"]},
}
PINNED = ("jinja2", "markupsafe", "numpy", "pytest")


def constraints(*names: str) -> str:
    return "# pins\n" + "".join(f"{name}=={version(name)}\n" for name in names)


def small() -> dict[str, dict[str, Any]]:
    return {c["name"]: c for c in bill(constraints(*PINNED), PROJECT)["components"]}


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        return
    for part in value.values() if isinstance(value, dict) else value:
        if isinstance(part, (str, dict, list)):
            yield from texts(part)


def test_every_pin_of_the_project_stands_there_once() -> None:
    stated = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line]
    names = [canonicalize_name(line.partition("==")[0]) for line in stated]
    listed = Counter(component["name"] for component in made()["components"])
    assert listed == Counter(names)


def test_a_component_has_what_the_format_asks_for() -> None:
    document = made()
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    for one in document["components"]:
        assert one["type"] == "library"
        assert one["name"]
        assert one["version"]
        assert one["scope"] in ("required", "optional", "excluded")
        assert re.fullmatch(r"pkg:pypi/[a-z0-9-]+@[\w.%-]+", one["purl"])
        for licence in one.get("licenses", []):
            assert "expression" in licence or licence["license"]["name"]


def test_every_reference_leads_to_one_part() -> None:
    document = made()
    root = document["metadata"]["component"]["bom-ref"]
    refs = [root, *(component["bom-ref"] for component in document["components"])]
    assert len(set(refs)) == len(refs)
    assert sorted(edge["ref"] for edge in document["dependencies"]) == sorted(refs)
    assert {ref for edge in document["dependencies"] for ref in edge["dependsOn"]} <= set(refs)


def test_no_address_stands_in_it() -> None:
    every = list(texts(made()))
    assert not [text for text in every if "://" in text]
    assert not [text for text in every if re.search(r"\b[a-z-]+\.(org|com|io|net)\b", text)]


def test_the_scope_says_who_needs_a_package() -> None:
    scopes = {name: component["scope"] for name, component in small().items()}
    assert scopes == {
        "jinja2": "required", "markupsafe": "required", "numpy": "optional", "pytest": "excluded",
    }  # fmt: skip


def test_a_licence_and_the_installed_files_are_named() -> None:
    component = small()["jinja2"]
    assert component["licenses"]
    (digest,) = component["properties"]
    assert digest["name"] == FILES
    assert re.fullmatch(r"[0-9a-f]{64}", digest["value"])


def test_what_is_pinned_for_other_systems_is_listed_as_not_installed() -> None:
    (component,) = bill("no-such-package==1.2\n", PROJECT)["components"]
    assert component["version"] == "1.2"
    assert component["properties"] == [{"name": "fw-advisor:installed", "value": "no"}]


def test_another_version_than_the_pin_is_refused() -> None:
    with pytest.raises(BillError, match=r"pins 0\.0\.1"):
        bill("jinja2==0.0.1\n", PROJECT)


def test_pins_are_read_by_their_normalised_names() -> None:
    assert pins("# why\nRuamel.Yaml==1\nml_dtypes==2 ; python_version > '3'\n") == {
        "ruamel-yaml": "1",
        "ml-dtypes": "2",
    }


def test_the_command_writes_the_same_bytes_again(tmp_path: Path) -> None:
    places = [tmp_path / "a.json", tmp_path / "b.json"]
    for place in places:
        subprocess.run(
            [sys.executable, "-m", "tests.bill_of_materials", str(place)],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
    first, second = (place.read_bytes() for place in places)
    assert first == second
    assert json.loads(first) == made()
