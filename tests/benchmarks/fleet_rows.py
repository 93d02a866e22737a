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
# Kinds of the nodes, and what happens to the first of a kind that fleet will pick: by its id.
_NODES = ("alpha", "alpha", "beta", "beta", "gamma")
_FIRST = {"alpha": "killed", "beta": "broken", "gamma": "slow"}
_SHIM = """#!/bin/sh
case "$*" in *" inspect"*|*" catalogue"*) exec {python} "$@";; esac
below=${{TMPDIR#{place}/}}
case "$(cat "{place}/${{below%%/*}}/role")" in
  broken) echo "broken on purpose" >&2; exit 1;;
  slow) sleep {sleep};;
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
    """Where it is, the directory of its nodes, and raylets' process ids and folders by role."""

    address: str
    place: Path
    raylets: dict[str, int]
    folders: dict[str, Path]

    def command(self, out: str) -> list[str]:
        """A run of fleet over it that writes below its directory."""
        shim = self.place / "python"
        return [
            *(sys.executable, "-m", "advisor", "fleet", "--address", self.address),
            *("--only", "matmul", "--profile", "quick", "--budget", "30s", "--json"),
            *("--python", f"torch={shim}", "--python", f"jax={shim}"),
            *("-o", str(self.place / out)),
        ]

    def living(self, role: str = "") -> list[int]:
        """Processes of jobs (on the node of one *role*), keepers and workers included."""
        mark = str(self.folders[role] / "tmp") if role else str(self.place)
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
        text = _SHIM.format(python=sys.executable, sleep=_SLEEP_S, place=place)
        shim.write_text(text, "utf-8")
        shim.chmod(0o755)
        cluster = Cluster(
            initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
        )
        try:
            nodes = {
                place / str(number): cluster.add_node(**_node(place / str(number), kind))
                for number, kind in enumerate(_NODES)
            }
            cluster.wait_for_nodes()
            folders = _roles(nodes)
            raylets = {role: _raylet(nodes[folder]) for role, folder in folders.items()}
            yield _Cluster(cluster.address, place, raylets, folders)
        finally:
            cluster.shutdown()


def _node(folder: Path, kind: str) -> dict[str, Any]:
    temporary = folder / "tmp"
    temporary.mkdir(parents=True)
    (folder / "role").write_text("spare", "utf-8")
    return {
        "num_cpus": 1,
        "resources": {kind: 1},
        "env_vars": {
            "TMPDIR": str(temporary),
            # On real nodes each has its own.
            "FW_ADVISOR_LOCK": str(folder / "lock"),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
    }


def _roles(nodes: dict[Path, Any]) -> dict[str, Path]:
    """Give the first of each kind its role; folders by role."""
    folders: dict[str, Path] = {}
    for folder in sorted(nodes, key=lambda folder: nodes[folder].node_id):
        role = _FIRST[_NODES[int(folder.name)]]
        if role not in folders:
            folders[role] = folder
            (folder / "role").write_text(role, "utf-8")
    return folders


def _raylet(node: Any) -> int:
    (raylet,) = node.all_processes["raylet"]
    return int(raylet.process.pid)


def _faults(cluster: _Cluster) -> list[Row]:
    begin = time.monotonic()
    with (cluster.place / "talk").open("wb") as talk:
        run = subprocess.Popen(cluster.command("out"), stdout=subprocess.PIPE, stderr=talk)
        _until(lambda: bool(_workers(cluster, "killed")) or run.poll() is not None)
        os.kill(cluster.raylets["killed"], signal.SIGKILL)
        left = _left_after_grace(lambda: cluster.living("killed"))
        out, _ = run.communicate(timeout=_LIMIT_S)
    total_s = time.monotonic() - begin
    if run.returncode:
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
            f"0 lost, of {len(_FIRST)}",
            f"{len(lost)} lost, {len(there)} there ({ways}; exit {run.returncode})",
            reached=not lost and len(there) == len(_FIRST),
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
        _until(lambda: bool(_workers(cluster, "killed")) or run.poll() is not None)
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


def _workers(cluster: _Cluster, role: str) -> list[int]:
    """Workers that measure on the node of the *role*: the job is in its middle."""
    mark = str(cluster.folders[role] / "tmp" / "fw-advisor-fleet-")
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
