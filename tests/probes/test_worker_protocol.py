"""The real worker from outside, with NumPy as its framework: one reply per request, whatever."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from advisor.resources import resource_dir
from advisor.workers.environment import worker_environment
from advisor.workers.replies import check_block, check_build, check_finish, check_hello, check_warm
from advisor.workers.worker import WorkerCommand, WorkerError, WorkerProcess, worker_argv
from tests.fakes import kit

PROBES = resource_dir("probes")


def start(place: Path, probes: Path = PROBES) -> WorkerProcess:
    argv = worker_argv(sys.executable, (str(probes),), "--framework", "numpy")
    environment = worker_environment(place, "numpy-0")
    return WorkerProcess(WorkerCommand(argv, environment, kit.cpus(1), place / "log"))


@pytest.fixture
def worker(tmp_path):
    with start(tmp_path) as process:
        process.hello = check_hello(process.ask("hello", timeout_s=60.0))
        yield process


def test_every_verb_answers_what_the_driver_accepts(worker, tmp_path):
    assert worker.hello.version
    assert worker.hello.affinity == kit.cpus(1)
    assert "." in worker.hello.python
    built = check_build(worker.ask("build", timeout_s=60.0, key="k", mode="numpy.a"))
    assert len(built.first_calls_s) == 5
    steady = worker.ask("warm", timeout_s=60.0, key="k", min_s=0.0, max_s=0.1)
    _, calls, _ = check_warm(steady)
    reply = worker.ask("block", timeout_s=60.0, key="k", seconds=0.005, calls=calls)
    block = check_block(reply)
    assert block.compile_events == 0
    assert len(block.samples_s) >= 5
    counters, peak = check_finish(worker.ask("finish", timeout_s=60.0, key="k"))
    assert isinstance(counters, dict)
    assert peak is None or peak > 1 << 20
    assert worker.ask("drop", timeout_s=60.0, key="k") == {"ok": True}


def test_a_mistake_is_a_reply_and_the_worker_lives_on(worker):
    for verb, fields in (("dance", {}), ("block", {"key": "never built"}), ("build", {})):
        with pytest.raises(WorkerError) as caught:
            worker.ask(verb, timeout_s=60.0, **fields)
        assert caught.value.id == "framework-error"
    assert worker.ask("drop", timeout_s=60.0, key="nothing")["ok"]


def test_the_same_inputs_are_the_same_bytes(worker, tmp_path):
    digests = []
    for seed, name in ((1, "a"), (1, "b"), (2, "c")):
        reply = worker.ask(
            "inputs",
            timeout_s=60.0,
            workload="mlp_train",
            size={"batch": 4},
            seed=seed,
            path=str(tmp_path / f"{name}.npz"),
        )
        assert (tmp_path / f"{name}.npz").is_file()
        digests.append(reply["sha256"])
    assert digests[0] == digests[1] != digests[2]
    assert not list(tmp_path.glob("*.npz.*"))


def test_a_framework_that_is_not_there_is_said_by_name(tmp_path):
    """An interpreter without site-packages holds neither NumPy nor a framework."""
    argv = (sys.executable, "-S", *worker_argv("", (str(PROBES),), "--framework", "jax")[1:])
    environment = worker_environment(tmp_path, "jax-0", {"PATH": "/usr/bin:/bin"})
    with WorkerProcess(WorkerCommand(argv, environment, (), tmp_path / "log")) as process:
        with pytest.raises(WorkerError) as caught:
            process.ask("hello", timeout_s=60.0)
        assert caught.value.id == "framework-missing"


def test_it_runs_from_a_zip_file_too(tmp_path):
    packed = tmp_path / "probes.pyz"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(
            "__main__.py",
            "import sys\nfrom probes.__main__ import main\nsys.exit(main(sys.argv[1:]))",
        )
        for path in PROBES.rglob("*.py"):
            archive.write(path, Path("probes") / path.relative_to(PROBES))
    with start(tmp_path, packed) as process:
        assert check_hello(process.ask("hello", timeout_s=60.0)).version


CHATTER = """
import os, subprocess, sys
sys.path.insert(0, sys.argv[1])
from probes.protocol import Channel
channel = Channel()
for request in channel.requests():
    print("a library says hello")
    os.write(1, b"[Gloo] Rank 0 is connected to 1 peer ranks\\n")
    subprocess.run(["echo", "a child says hello"])
    channel.reply({"ok": True, "read": sys.stdin.read(5), "n": request["n"]})
"""


def test_what_libraries_print_never_reaches_the_channel():
    done = subprocess.run(
        [sys.executable, "-c", CHATTER, str(PROBES.parent)],
        input='{"n": 1}\n{"n": 2}\n',
        capture_output=True,
        text=True,
        check=True,
    )
    # And whatever reads stdin by accident gets nothing, instead of the next request.
    assert done.stdout == '{"ok": true, "read": "", "n": 1}\n{"ok": true, "read": "", "n": 2}\n'
    assert done.stderr.count("hello") == 4


def test_the_worker_ends_when_its_driver_closes_the_channel():
    done = subprocess.run(
        [sys.executable, str(PROBES), "worker", "--framework", "numpy"],
        input='{"do": "drop", "key": "x"}\n',
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == '{"ok": true}\n'


def test_an_unknown_command_is_refused():
    done = subprocess.run(
        [sys.executable, str(PROBES), "dance"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "dance" in done.stderr
