"""A directory in which every command works: answers, evidence, a record, code, a fake's script."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from advisor.evidence import to_data
from advisor.jsonio import dumps
from tests.fakes.kit import make_script, with_selftest
from tests.faults.case import COMMANDS, FAKED, Case
from tests.render.records import evidence

ROOT = Path(__file__).resolve().parents[2]
ENTRY = Path(__file__).with_name("entry.py")
ANSWERS = """\
schema: fw-advisor/answers@1
project: Sparrow
answers:
  task: image
  stage: research
  team.pytorch: some
  team.jax: some
  hardware.train: cpu
  deadline_weeks: 12
"""
CODE = """\
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 4)
"""


def make_template(place: Path) -> Path:
    """Good files in *place*, made once; cases get copies."""
    for name in ("code", "out", "tmp", "home", "state"):
        (place / name).mkdir(parents=True)
    (place / "answers.yaml").write_text(ANSWERS, "utf-8")
    (place / "evidence.json").write_text(dumps(to_data(evidence())), "utf-8")
    (place / "code" / "net.py").write_text(CODE, "utf-8")
    made = subprocess.run(
        [sys.executable, "-m", "advisor", *COMMANDS["advise"]],
        cwd=place,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(place)},
        capture_output=True,
        check=True,
    )
    (place / "decision.json").write_bytes(made.stdout)
    _remember_a_selftest(place)
    return place


def _remember_a_selftest(place: Path) -> None:
    """Probe once, so that what measuring needs to know of this machine lies in the cache."""
    made = make_case(place, place.with_name("first"), "probe")
    (made.place / "script.json").write_text(json.dumps(made.script), "utf-8")
    subprocess.run(
        command_line(made), cwd=made.place, env=made.env, capture_output=True, check=True
    )
    shutil.copytree(made.place / "home", place / "home", dirs_exist_ok=True)


def make_case(template: Path, place: Path, command: str) -> Case:
    """A fresh place and the command in it, before anything is wrong."""
    shutil.copytree(template, place)
    script = with_selftest(make_script(place / "state"))
    told = json.loads(script.argv[2])
    env = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "PYTHONPATH": str(ROOT),
        "HOME": str(place / "home"),
        "TMPDIR": str(place / "tmp"),
        "FW_ADVISOR_LOCK": str(place / "lock"),
        "FAULTS_SCRIPT": str(place / "script.json"),
        "LC_ALL": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    argv = list(COMMANDS[command])
    return Case(place, command, argv, env, script=told)


def command_line(case: Case) -> list[str]:
    """What is started for *case*, shell and all."""
    program = [str(ENTRY)] if case.command in FAKED else ["-m", "advisor"]
    line = [sys.executable, *case.python, *program, *case.argv]
    if case.shell:
        line = ["/bin/sh", "-c", "\n".join([*case.shell, 'exec "$@"']), "sh", *line]
    return [*case.outside, *line]
