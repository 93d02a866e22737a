"""A driver process for tests that kill it: starts a fake worker that begets children, and waits.

Arguments: a directory, and JSON of the fake's script. Says ``ready`` when all of them live.
"""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

from advisor.workers.environment import worker_environment
from advisor.workers.worker import WorkerCommand, WorkerProcess, worker_argv

FAKE = Path(__file__).with_name("worker.py")


def main(place: Path, script: str) -> None:
    """Start, beget, and sleep until somebody ends this process."""
    # A test run in the background or under nohup would hand down signals that are ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    argv = worker_argv(
        sys.executable, (str(FAKE), "--script", script), "--framework", "jax", "--cores", "1"
    )
    command = WorkerCommand(argv, worker_environment(place, "jax-0"), (), place / "worker.log")
    with WorkerProcess(command) as worker:
        worker.ask("hello", timeout_s=30.0)
        worker.ask("peak", timeout_s=30.0)
        print("ready", flush=True)
        if "stubborn" in script:
            worker.ask("precision", timeout_s=600.0)
        time.sleep(600)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
