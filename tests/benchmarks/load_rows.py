"""Load: many at once, many in a row, many files. Real processes, and memory that must not grow."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.harness import Row
from tests.faults.case import COMMANDS
from tests.faults.place import ROOT, make_template

AT_ONCE, IN_A_ROW, FILES = 20, 200, 1000
GROWN_BYTES, MERGE_S = 10_000_000, 20.0
_ROW_SCRIPT = """
import json, sys, psutil
from pathlib import Path
from advisor.jsonio import read_json
from advisor.record import thaw
from advisor.cli.outputs import write_outputs
record = Path("decision.json")
def one():
    write_outputs(thaw(read_json(record), "r"), [Path("r.html"), Path("r.md"), Path("r.txt")])
def held():
    return psutil.Process().memory_info().rss
for _ in range(20):
    one()
before = held()
for _ in range(int(sys.argv[1])):
    one()
print(json.dumps({"grown": held() - before}))
"""


@contextmanager
def _place() -> Iterator[Path]:
    base = Path(tempfile.mkdtemp(prefix="load-"))
    try:
        yield make_template(base / "template")
    finally:
        shutil.rmtree(base, ignore_errors=True)


def load(groups: int) -> list[Row]:
    """Twenty decisions at once, two hundred reports in a row, a thousand evidence files."""
    del groups
    with _place() as place:
        return [_at_once(place), _in_a_row(place), _many_files(place)]


def _environment(place: Path) -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(place / "home")}


def _at_once(place: Path) -> Row:
    command = [sys.executable, "-m", "advisor", *COMMANDS["advise"]]
    begun = time.monotonic()
    running = [
        subprocess.Popen(
            command, cwd=place, env=_environment(place), stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(AT_ONCE)
    ]  # fmt: skip
    ended = [(p.communicate()[0], p.returncode) for p in running]
    seconds = time.monotonic() - begun
    good = sum(code == 0 for _, code in ended)
    kinds = len({out for out, _ in ended})
    return Row(
        f"{AT_ONCE} advise at once",
        "all end with 0 and say the same",
        f"{good} with 0, {kinds} documents, {seconds:.0f} s",
        good == AT_ONCE and kinds == 1,
        {"seconds": seconds},
    )


def _in_a_row(place: Path) -> Row:
    command = [sys.executable, "-c", _ROW_SCRIPT, str(IN_A_ROW)]
    made = subprocess.run(
        command, cwd=place, env=_environment(place), capture_output=True, check=True
    )
    grown = json.loads(made.stdout)["grown"]
    return Row(
        f"{IN_A_ROW} reports in a row, as three files each",
        f"the process grows by <= {GROWN_BYTES / 1e6:.0f} MB",
        f"{grown / 1e6:.2f} MB",
        grown <= GROWN_BYTES,
        {"grown_bytes": grown},
    )


def _many_files(place: Path) -> Row:
    many = place / "many"
    many.mkdir()
    names = []
    for number in range(FILES):
        path = many / f"e{number}.json"
        path.write_bytes((place / "evidence.json").read_bytes())
        names += ["--evidence", str(path)]
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "advisor", "advise", "--answers", "answers.yaml", *names, "-q"],
        cwd=place,
        env=_environment(place),
        capture_output=True,
        check=False,
    )
    seconds = time.monotonic() - begun
    return Row(
        f"advise with {FILES} evidence files",
        f"exit code 0 within {MERGE_S:.0f} s",
        f"{done.returncode} after {seconds:.1f} s",
        done.returncode == 0 and seconds <= MERGE_S,
        {"seconds": seconds},
    )
