"""The tables of counterparts: large enough, sourced, dated, refusing what contradicts itself."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from advisor.errors import UserError
from advisor.knowledge.counterparts import load_counterparts
from advisor.resources import resource_dir

TABLES = resource_dir("rules") / "counterparts"
PRIVATE = re.compile(r"\b(pypi|conda\.anaconda|registry\.npmjs)\b", re.IGNORECASE)


def test_it_has_at_least_300_names_of_pytorch_and_200_of_jax(knowledge):
    assert len(knowledge.names["pytorch"]) >= 300
    assert len(knowledge.names["jax"]) >= 200


def test_every_name_has_a_source_with_a_page_and_a_date(knowledge):
    for names in knowledge.names.values():
        for entry in names.values():
            assert entry.sources, entry.name
            for source in entry.sources:
                page = knowledge.sources[source]
                assert page.url.startswith("https://"), source
                assert page.retrieved >= "2026-01-01", source
    assert all(library.url.startswith("https://") for library in knowledge.libraries)


def test_every_source_is_used(knowledge):
    entries = [e for names in knowledge.names.values() for e in names.values()]
    assert set(knowledge.sources) == {source for entry in entries for source in entry.sources}


def test_every_kind_is_used_and_every_redesign_has_names_or_places(knowledge):
    entries = [e for names in knowledge.names.values() for e in names.values()]
    assert {entry.kind for entry in entries} == set(knowledge.effort.kinds)
    reached = {kind.redesign for kind in knowledge.effort.kinds.values() if kind.redesign}
    assert set(knowledge.effort.redesigns) <= reached


@pytest.mark.parametrize("framework", ["pytorch", "jax"])
def test_a_name_that_is_the_same_there_has_a_way_back(knowledge, framework):
    """Where one table says that a name is only spelled differently, the other cannot say `none`."""
    other = knowledge.names["jax" if framework == "pytorch" else "pytorch"]
    for name, entry in knowledge.names[framework].items():
        back = other.get(entry.to or "")
        if entry.fit == "same" and back is not None:
            assert back.fit != "none", (name, entry.to)


def test_no_rule_or_source_points_at_a_package_registry():
    for path in resource_dir("rules").rglob("*.yaml"):
        assert not PRIVATE.search(path.read_text("utf-8")), path.name


def test_traits_and_answers_of_signals_are_of_the_vocabulary(knowledge, base):
    for signal in knowledge.signals:
        if not signal.key.startswith("code."):
            fact = base.facts[signal.key]
            assert fact.origin == "answer"


def test_the_classes_of_effort_go_up_and_a_floor_holds(knowledge):
    effort = knowledge.effort
    assert [effort.class_of(points).id for points in (0, 60, 400, 2500)] == [
        entry.id for entry in effort.classes
    ]
    assert effort.class_of(0, "large").id == "large"
    assert effort.class_of(10_000, "medium").id == "very_large"


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("pytorch.yaml", "fit: same", "fit: alike", "alike"),
        ("pytorch.yaml", "kind: creation", "kind: creating", "creating"),
        ("pytorch.yaml", "sources: [pt-torch, jax-numpy]", "sources: [pt-trch]", "pt-trch"),
        ("pytorch.yaml", "to: jax.numpy.array, fit: same", "fit: same", "no counterpart"),
        ("jax.yaml", "name: jax.numpy.asarray", "name: jax.numpy.array", "twice"),
        ("jax.yaml", "fit: redesign", "fit: none", "fit none"),
        ("libraries.yaml", "framework: jax", "framework: jaxx", "jaxx"),
        ("signals.yaml", "value: nvidia,", "value: nvdia,", "nvdia"),
        ("signals.yaml", "key: hardware.train", "key: hardware.tain", "hardware.tain"),
        ("signals.yaml", "confidence: certain", "confidence: sure", "sure"),
        ("effort.yaml", "redesign: rng", "redesign: rgn", "rgn"),
        ("effort.yaml", "least: medium", "least: middling", "middling"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused_with_its_place(
    tmp_path: Path, base, file, old, new, message
):
    root = tmp_path / "counterparts"
    shutil.copytree(TABLES, root)
    text = (root / file).read_text("utf-8")
    assert old in text
    (root / file).write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(UserError) as refused:
        load_counterparts(base.facts, root=root)
    assert message in str(refused.value)
    assert file in str(refused.value)


CHECK = """
import importlib, json, sys, warnings
warnings.simplefilter("ignore")

def there(name):
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            thing = importlib.import_module(".".join(parts[:end]))
        except Exception:
            continue
        try:
            for part in parts[end:]:
                thing = getattr(thing, part)
        except AttributeError:
            return False
        return True
    return False

print(json.dumps([name for name in json.load(sys.stdin) if not there(name)]))
"""

# TensorBoard, TensorFlow and TensorStore are packages of their own; a metaclass hides the method.
ELSEWHERE = {
    "torch.utils.tensorboard.SummaryWriter",
    "jax.experimental.jax2tf",
    "jax.experimental.jax2tf.convert",
    "jax.Array.block_until_ready",
    "jax.experimental.array_serialization.serialization",
}


@pytest.mark.frameworks
@pytest.mark.parametrize("root", ["torch", "jax", "optax"])
def test_every_name_and_counterpart_is_there_in_the_installed_release(knowledge, root):
    """Misspelled names would never be counted; asked in a process that may load a framework."""
    names = {
        name
        for entries in knowledge.names.values()
        for entry in entries.values()
        for name in (entry.name, entry.to or "")
        if re.fullmatch(rf"{root}(\.\w+)+", name) and not entry.gone
    }
    done = subprocess.run(
        [sys.executable, "-c", CHECK],
        input=json.dumps(sorted(names - ELSEWHERE)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == []
