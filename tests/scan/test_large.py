"""A code base of 3,000 files, and how its counts come together; nothing here asserts on time."""

from __future__ import annotations

from pathlib import Path

import pytest

from advisor.scan.scanning import scan_code

FILES = 3000

PYTORCH = """\
import torch
import torch.nn as nn


class Block{n}(nn.Module):
    def __init__(self, hidden_dim=64):
        super().__init__()
        self.first = nn.Linear(64, 64)
        self.second = nn.LayerNorm(64)

    def forward(self, x):
        y = torch.relu(self.first(x))
        y[0] = {n}
        return self.second(y)
"""
PLAIN = "import os\n\n\ndef number_{n}():\n    return os.sep * {n}\n" + "# a line\n" * 40


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("large")
    for n in range(FILES):
        place = root / f"part{n % 30}" / f"module_{n}.py"
        place.parent.mkdir(exist_ok=True)
        place.write_text((PYTORCH if n % 2 else PLAIN).format(n=n), "utf-8")
    return root


def test_3000_files_are_read_and_counted(large, knowledge):
    collected = scan_code(large, knowledge)
    assert collected.files == FILES
    assert collected.names["torch.nn.Linear"].times == FILES // 2
    assert collected.names["torch.nn.Linear"].files == FILES // 2
    writes = collected.of("code.in_place")[0]
    assert (writes.times, writes.file_count) == (FILES // 2, FILES // 2)
    assert not collected.skipped
    assert not collected.truncated


def test_a_document_lists_a_few_places_and_counts_them_all(large, knowledge, base):
    from advisor.scan.answers import resolve
    from advisor.scan.document import scan_document
    from advisor.scan.model import MAX_PLACES

    collected = scan_code(large, knowledge, processes=2)
    document = scan_document(collected, resolve(collected, base.facts))
    listed = [entry for entry in document["found"] if entry["key"] == "code.in_place"]
    counted = [entry for entry in document["counts"] if entry["key"] == "code.in_place"]
    assert len(listed) == MAX_PLACES
    assert counted == [
        {"key": "code.in_place", "value": "item", "times": FILES // 2, "files": FILES // 2,
         "confidence": "certain"},
    ]  # fmt: skip
