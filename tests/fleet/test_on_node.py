"""A job on its node: real processes, no Ray. Nothing of it outlives whoever asked for it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from advisor.cli.exporting import worker_archive
from advisor.fleet import keeper, on_node, survey

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
KEEPER = Path(keeper.__file__).read_text("utf-8")
PATIENCE_S = 30.0
# A job with a child that left its session: what a framework's compiler pool may do.
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print("ready", file=sys.stderr, flush=True)
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def own_place(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)


def started(program, *options, files=None):
    job = on_node.NodeJob(KEEPER)
    job.start(worker_archive(), files or {}, list(options), program)
    return job


def answers(job):
    """All output, and the answer with the exit code."""
    output, end = b"", time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        answer = job.poll(0.2)
        output += answer.get("part", b"")
        if "code" in answer:
            return output, answer
    raise AssertionError("the job did not end")


def living(place):
    """Processes whose directory for temporary files lies in *place*, ourselves excepted."""
    mark = f"TMPDIR={place}".encode()
    rows = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if mark in (entry / "environ").read_bytes():
                    rows.append(int(entry.name))
            except OSError:
                continue
    return rows


def all_started(place, number):
    """Whether *number* of them live: a process just started has no readable environment yet."""
    end = time.monotonic() + PATIENCE_S
    while len(living(place)) < number and time.monotonic() < end:
        time.sleep(0.05)
    return len(living(place)) >= number


def gone(place):
    end = time.monotonic() + PATIENCE_S
    while living(place) and time.monotonic() < end:
        time.sleep(0.05)
    return living(place) == []


def test_output_talk_and_status_come_back_and_nothing_is_left(tmp_path):
    program = "import sys; print('x' * 200_000); print('last', file=sys.stderr); sys.exit(3)"
    output, answer = answers(started(program))
    assert output == b"x" * 200_000 + b"\n"
    assert (answer["code"], answer["text"].strip()) == (3, "last")
    assert list(tmp_path.iterdir()) == []


def test_files_lie_where_the_options_say(tmp_path):
    program = "import sys; print(open(sys.argv[2]).read(), sys.argv[3])"
    sizes = '{"layers": 2}'
    job = started(program, "{place}/plan.json", sizes, files={"plan.json": b"a plan"})
    assert answers(job)[0] == f"a plan {sizes}\n".encode()


def test_what_ray_sets_for_its_worker_does_not_reach_the_job(monkeypatch):
    for name in ("RAY_ADDRESS", "OMP_NUM_THREADS", "PYTHONPATH", "KEPT"):
        monkeypatch.setenv(name, "value")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    output, _ = answers(started("import os, json; print(json.dumps(dict(os.environ)))"))
    seen = set(json.loads(output))
    assert "KEPT" in seen
    assert not {"RAY_ADDRESS", "OMP_NUM_THREADS", "PYTHONPATH", "CUDA_VISIBLE_DEVICES"} & seen


@pytest.mark.parametrize("victim", ["worker", "worker and its children"])
def test_nothing_outlives_a_killed_worker(tmp_path, victim):
    """Ray ends a worker with its children: a keeper that is one of them would keep nothing."""
    script = (
        "import sys, time; from pathlib import Path; from advisor.fleet import on_node, keeper;"
        "from advisor.cli.exporting import worker_archive;"
        "job = on_node.NodeJob(Path(keeper.__file__).read_text());"
        f"job.start(worker_archive(), {{}}, [], {STUBBORN!r});\n"
        "while job.poll(0.1).get('text') != 'ready': pass\n"
        "print('ready', flush=True); time.sleep(600)"
    )
    worker = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert worker.stdout is not None
    assert worker.stdout.readline() == b"ready\n"
    assert all_started(tmp_path, 4)
    children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
    for pid in children if victim != "worker" else []:
        os.kill(int(pid), signal.SIGKILL)
    worker.kill()
    worker.wait()
    worker.stdout.close()
    assert gone(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_outlives_a_raylet_that_dies_alone(tmp_path):
    script = (
        "import sys, time, os; from pathlib import Path; from advisor.fleet import on_node, keeper;"
        "from advisor.cli.exporting import worker_archive;"
        "job = on_node.NodeJob(Path(keeper.__file__).read_text());"
        f"job.start(worker_archive(), {{}}, [], {STUBBORN!r});\n"
        "while job.poll(0.1).get('text') != 'ready': pass\n"
        "print('ready', flush=True); time.sleep(600)"
    )
    raylet = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"
    parent = subprocess.Popen([sys.executable, "-c", raylet, script], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"ready\n"
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert gone(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_keeper_that_is_killed_is_told_as_a_killed_job(tmp_path):
    job = started("import os, signal, time; os.kill(os.getppid(), signal.SIGKILL); time.sleep(1)")
    assert answers(job)[1]["code"] == 137
    assert gone(tmp_path)


def test_a_look_says_what_the_node_is_and_holds():
    output, answer = answers(started(Path(survey.__file__).read_text("utf-8")))
    assert answer["code"] == 0, answer["text"]
    seen = json.loads(output)
    assert seen["machine"]["cores_usable"] >= 1
    assert seen["python"] == sys.version.split()[0]
    assert {row["framework"] for row in seen["toolchains"]} == {"pytorch", "jax"}


def test_a_look_at_an_interpreter_that_is_not_there_says_so():
    job = started(Path(survey.__file__).read_text("utf-8"), "torch=/nowhere/python")
    output, answer = answers(job)
    seen = json.loads(output)
    assert answer["code"] == 0
    assert seen["machine"]["cpu"]
    assert seen["toolchains"] == []
    assert "/nowhere/python" in seen["problem"]
