"""``fleet`` over real raylets on this machine: nodes of made-up kinds, with faults.

Of kind alpha one raylet is killed in the middle; of kind beta one node has an interpreter that
breaks after it was looked at; each has a spare. The node of kind gamma is slow, since it sleeps
before every worker: what the rest costs must fit beside it. Knows Ray's own cluster for tests,
which this Python must hold: without it the rows say so and are no failure.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.benchmarks.harness import Row

BAR = 1.2
GRACE_S = 10.0
_LIMIT_S = 900.0
_SLEEP_S = 100
# In the order in which fleet picks the nodes of a kind: by their ids.
_NODES = ("alpha-killed", "alpha-spare", "beta-broken", "beta-spare", "gamma-slow")
_KINDS = 3
_SHIM = """#!/bin/sh
case "$*" in *" inspect"*|*" catalogue"*) exec {python} "$@";; esac
case "$TMPDIR" in
  */beta-broken/*) echo "broken on purpose" >&2; exit 1;;
  */gamma-slow/*) sleep {sleep};;
esac
exec {python} "$@"
"""


def fleet(groups: int) -> list[Row]:
    """Faults in one run; then a driver that is killed, and one that is interrupted."""
    if find_spec("ray") is None:
        text = "skipped: Ray is not installed (pip install 'fw-advisor[fleet]')"
        return [Row("fleet over raylets of this machine", "needs Ray", text, reached=True)]
    rows: list[Row] = []
    for _ in range(groups):
        with _cluster() as cluster:
            rows += _faults(cluster)
        with _cluster() as cluster:
            rows.append(_stopped(cluster, signal.SIGINT, "Ctrl-C", 130))
            rows.append(_stopped(cluster, signal.SIGKILL, "the driver killed -9", -signal.SIGKILL))
    return rows


@dataclass(frozen=True)
class _Cluster:
    """Where it is, the directory of its nodes, and their raylets' process ids by name."""

    address: str
    place: Path
    raylets: dict[str, int]

    def command(self, out: str) -> list[str]:
        """A run of fleet over it that writes below its directory."""
        shim = self.place / "python"
        return [
            *(sys.executable, "-m", "advisor", "fleet", "--address", self.address),
            *("--only", "matmul", "--profile", "quick", "--budget", "30s", "--json"),
            *("--python", f"torch={shim}", "--python", f"jax={shim}"),
            *("-o", str(self.place / out)),
        ]

    def living(self, node: str = "") -> list[int]:
        """Processes of jobs (on one *node*), keepers and workers included."""
        mark = str(self.place / node / "tmp") if node else str(self.place)
        return [
            pid for pid, words in _processes() if mark in words and "fw-advisor-fleet-" in words
        ]


@contextlib.contextmanager
def _cluster() -> Iterator[_Cluster]:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    with TemporaryDirectory(prefix="fleet-") as folder:
        place = Path(folder)
        shim = place / "python"
        shim.write_text(_SHIM.format(python=sys.executable, sleep=_SLEEP_S), "utf-8")
        shim.chmod(0o755)
        cluster = Cluster(
            initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
        )
        try:
            raylets = {
                name: _raylet(cluster.add_node(**_node(place, name, number)))
                for number, name in enumerate(_NODES, 1)
            }
            cluster.wait_for_nodes()
            yield _Cluster(cluster.address, place, raylets)
        finally:
            cluster.shutdown()


def _node(place: Path, name: str, number: int) -> dict[str, Any]:
    temporary = place / name / "tmp"
    temporary.mkdir(parents=True)
    return {
        "num_cpus": 1,
        "resources": {name.partition("-")[0]: 1},
        "env_vars": {
            "TMPDIR": str(temporary),
            # On real nodes each has its own.
            "FW_ADVISOR_LOCK": str(place / name / "lock"),
            "RAY_OVERRIDE_NODE_ID_FOR_TESTING": f"{number:056x}",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
    }


def _raylet(node: Any) -> int:
    (raylet,) = node.all_processes["raylet"]
    return int(raylet.process.pid)


def _faults(cluster: _Cluster) -> list[Row]:
    begin = time.monotonic()
    with (cluster.place / "talk").open("wb") as talk:
        run = subprocess.Popen(cluster.command("out"), stdout=subprocess.PIPE, stderr=talk)
        _until(lambda: bool(_workers(cluster, "alpha-killed")) or run.poll() is not None)
        os.kill(cluster.raylets["alpha-killed"], signal.SIGKILL)
        left = _left_after_grace(lambda: cluster.living("alpha-killed"))
        out, _ = run.communicate(timeout=_LIMIT_S)
    total_s = time.monotonic() - begin
    print((cluster.place / "talk").read_text("utf-8"), file=sys.stderr)
    document = json.loads(out or "{}")
    nodes = document.get("nodes") or []
    attempts = [attempt for node in nodes for attempt in node["attempts"]]
    own_s = max((a["running_seconds"] or 0.0 for a in attempts), default=0.0)
    lost = [node["label"] for node in nodes if node["evidence"] is None]
    there = [
        n for n in nodes if n["evidence"] and (cluster.place / "out" / n["evidence"]).is_file()
    ]
    ways = "; ".join(
        f"{n['label']}: {', '.join(a['reason'] or a['state'] for a in n['attempts'])}"
        for n in nodes
    )
    ratio = total_s / own_s if own_s else float("inf")
    numbers = {
        "total_s": total_s,
        "slowest_own_s": own_s,
        "exit": run.returncode,
        "fleet": document,
    }
    return [
        Row(
            "fleet: total against the slowest node's own time",
            f"at most {BAR}",
            f"{ratio:.2f} ({total_s:.0f} s, {own_s:.0f} s)",
            reached=ratio <= BAR,
            numbers=numbers,
        ),
        Row(
            "fleet: files lost to a killed and a broken node",
            f"0 lost, of {_KINDS}",
            f"{len(lost)} lost, {len(there)} there ({ways}; exit {run.returncode})",
            reached=not lost and len(there) == _KINDS,
        ),
        Row(
            "fleet: a raylet killed alone",
            f"no process of its node after {GRACE_S:.0f} s",
            f"{left} left",
            reached=left == 0,
        ),
    ]


def _stopped(cluster: _Cluster, number: int, way: str, code: int) -> Row:
    with (cluster.place / "talk").open("ab") as talk:
        run = subprocess.Popen(
            cluster.command(f"out-{number}"), stdout=subprocess.DEVNULL, stderr=talk
        )
        _until(
            lambda: (
                all(_workers(cluster, n) for n in ("alpha-killed", "beta-slow"))
                or run.poll() is not None
            )
        )
        before = len(cluster.living())
        run.send_signal(number)
        left = _left_after_grace(cluster.living)
        status = run.wait(timeout=60.0)
    files = sorted(p.name for p in (cluster.place).glob("*/tmp/fw-advisor-fleet-*"))
    return Row(
        f"fleet: {way}",
        f"no process of any node after {GRACE_S:.0f} s",
        f"{left} left of {before}, {len(files)} directories left; exit {status}",
        reached=left == 0 and before > 0 and status == code,
    )


def _workers(cluster: _Cluster, node: str) -> list[int]:
    """Workers that measure on *node*: the job is in its middle."""
    mark = str(cluster.place / node / "tmp" / "fw-advisor-fleet-")
    return [p for p, words in _processes() if mark in words and "probe.pyz worker" in words]


def _left_after_grace(living: Callable[[], list[int]]) -> int:
    end = time.monotonic() + GRACE_S
    while living() and time.monotonic() < end:
        time.sleep(0.2)
    return len(living())


def _until(happens: Callable[[], bool], limit_s: float = 180.0) -> None:
    end = time.monotonic() + limit_s
    while not happens() and time.monotonic() < end:
        time.sleep(0.2)


def _processes() -> list[tuple[int, str]]:
    """Every process's id, with its command line and environment: children keep the latter."""
    rows = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
                text = words.replace(b"\0", b" ").decode("utf-8", "replace")
                rows.append((int(entry.name), text))
    return rows
