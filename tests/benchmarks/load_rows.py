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

AT_ONCE, IN_A_ROW, FILES, RULES = 20, 200, 1000, 10_000
GROWN_BYTES, MERGE_S, RULES_S = 10_000_000, 20.0, 60.0
_RULES_PER_FILE = 500
_RULE = """
  - id: claim.team.many-{number}
    kind: claim
    title: "Rule {number} of many"
    when: {{deadline_weeks: {{above: {weeks}}}}}
    effects:
      - {{framework: jax, criterion: team, direction: against, strength: weak}}
    group: many-{number}
    reliability: medium
    sources: [modelling-judgement]
    asserted: 2026-01-01
    reviewed: 2026-11-01
    expires: 2027-05-01
    rationale: One of many.
    tests:
      - {{name: fires, given: {{deadline_weeks: 520}}, expect: fires, favours: pytorch}}
"""
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
    """Twenty decisions at once, 200 reports in a row, 1,000 evidence files, 10,000 rules."""
    del groups
    with _place() as place:
        return [_at_once(place), _in_a_row(place), _many_files(place), _many_rules(place)]


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


def _many_rules(place: Path) -> Row:
    """A pack of many rules beside the shipped ones: read anew, then from what is cached."""
    pack = place / "pack"
    pack.mkdir()
    for first in range(0, RULES, _RULES_PER_FILE):
        rules = "".join(
            _RULE.format(number=first + k, weeks=(first + k) % 500) for k in range(_RULES_PER_FILE)
        )
        text = f"schema: fw-advisor/rules@1\nrules:{rules}"
        (pack / f"many-{first:05}.yaml").write_text(text, "utf-8")
    command = [sys.executable, "-m", "advisor", *COMMANDS["advise"], "--rules", str(pack)]
    seconds, codes = [], []
    for _ in range(2):
        begun = time.monotonic()
        done = subprocess.run(
            command, cwd=place, env=_environment(place), capture_output=True, check=False
        )
        seconds.append(time.monotonic() - begun)
        codes.append(done.returncode)
    return Row(
        f"advise with {RULES:,} rules more",
        f"exit code 0 within {RULES_S:.0f} s",
        f"{codes} after {', '.join(f'{s:.1f} s' for s in seconds)}",
        codes == [0, 0] and max(seconds) <= RULES_S,
        {"seconds": seconds},
    )
