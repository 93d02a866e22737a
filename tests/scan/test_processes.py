"""Several processes read a large code base: a death loses nothing, and none is left behind."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from advisor.scan import scanning
from advisor.scan.scanning import scan_code
from tests.scan import dying

FILES = 300
TEXT = "import torch\nx = torch.zeros(3)\n" + "".join(f"x[{n}] = {n}\n" for n in range(30))

SCAN = """
import sys
from pathlib import Path
from advisor.knowledge.counterparts import load_counterparts
from advisor.knowledge.loader import load_rule_base
from advisor.scan.scanning import scan_code

if __name__ == "__main__":
    knowledge = load_counterparts(load_rule_base().facts)
    while True:
        scan_code(Path(sys.argv[1]), knowledge, processes=2)
"""


@pytest.fixture
def code(tree) -> Path:
    return tree({f"a{n}.py": TEXT for n in range(FILES)})


def counts(collected) -> dict[str, int]:
    return {name: use.times for name, use in collected.names.items()}


def test_processes_that_die_lose_nothing(code, knowledge, monkeypatch):
    whole = scan_code(code, knowledge, processes=1)
    monkeypatch.setattr(scanning, "_read_here", dying.die)
    left = scan_code(code, knowledge, processes=2)
    assert left.files == whole.files == FILES
    assert counts(left) == counts(whole)


def test_processes_leave_with_a_parent_that_was_killed(code, tmp_path):
    script = tmp_path / "scan_for_ever.py"
    script.write_text(SCAN, "utf-8")
    parent = subprocess.Popen([sys.executable, str(script), str(code)])
    try:
        children: list[psutil.Process] = []
        while len(children) < 3 and parent.poll() is None:
            time.sleep(0.05)
            children = psutil.Process(parent.pid).children(recursive=True)
        assert parent.poll() is None
    finally:
        parent.kill()
        parent.wait()
    _, alive = psutil.wait_procs(children, timeout=60)
    assert alive == []
