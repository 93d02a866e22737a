"""A cluster of Ray's as an `Engine`: the one file that knows Ray, imported when it is used.

Every job is an actor of its own on one node, with all CPUs, GPUs and TPUs of the node reserved, so
that nobody else's task runs beside it. What Ray leaves pending for ever (a node that stopped) is
for the caller to notice.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from advisor.errors import UserError
from advisor.fleet import on_node
from advisor.fleet.engine import Began, Ended, Event, Job, Line, Lost, Node, Seen
from advisor.workers import guardian

LOCAL = "local"
INSTALL = 'pip install "fw-advisor[fleet]"'
_POLL_S = 0.5
_LOOPBACK = "127.0.0.1"


@dataclass
class _Running:
    """An actor, and the answer that is awaited from it: to ``look``, ``start`` or ``poll``."""

    node: str
    actor: Any
    awaited: Any
    stage: str


class RayEngine:
    """A cluster.

    Args:
        address: ``auto``, ``HOST:PORT``, or ``local`` for one of its own on this machine.

    Raises:
        UserError: Ray is missing, or there is no such cluster, or it does not let us in.
    """

    def __init__(self, address: str) -> None:
        # Before the import: Ray reads them once. Nothing is reported to anybody.
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        try:
            import ray  # noqa: PLC0415  (an extra, and slow to import)
        except ImportError as error:
            raise UserError("Ray is not installed", hint=INSTALL) from error
        self._ray = ray
        started: dict[str, Any] = {"address": address}
        if address == LOCAL:
            started = {
                "address": LOCAL,
                "include_dashboard": False,
                "_node_ip_address": _LOOPBACK,
            }
        try:
            ray.init(log_to_driver=False, logging_level="ERROR", namespace="fw-advisor", **started)
        except (ConnectionError, RuntimeError, ValueError, TimeoutError, OSError) as error:
            first = str(error).strip().splitlines()[0][:300] if str(error).strip() else ""
            raise UserError(
                f"no cluster answers as wished: {type(error).__name__}: {first}",
                hint="start one with: ray start --head; or name it: --address HOST:PORT",
                where=f"--address {address}"[:120],
            ) from error
        ray.cloudpickle.register_pickle_by_value(on_node)
        self._source = Path(guardian.__file__).read_text("utf-8")

    def nodes(self) -> list[Node]:
        """Every node, the dead ones too.

        Raises:
            UserError: the cluster went away.
        """
        try:
            listed = self._ray.nodes()
        except Exception as error:
            raise UserError(
                f"the cluster went away: {type(error).__name__}", hint="what finished is kept"
            ) from error
        return [
            Node(
                id=str(node["NodeID"]),
                alive=bool(node["Alive"]),
                resources=dict(node.get("Resources") or {}),
                labels=dict(node.get("Labels") or {}),
            )
            for node in listed
        ]

    def host_of(self, node: Node) -> str:
        """The host name of *node*, for those who asked for it."""
        for listed in self._ray.nodes():
            if listed["NodeID"] == node.id:
                return str(listed.get("NodeManagerHostname") or "")
        return ""

    def look(self, node: Node, job: Job) -> _Running:
        """Look at a node; reserves nothing, so that a busy one is seen too."""
        actor = self._actor(node, num_cpus=0)
        pythons = [job.python] if job.python else []
        return _Running(node.id, actor, actor.look.remote(job.archive, pythons), "look")

    def start(self, node: Node, job: Job) -> _Running:
        """Run *job* with the whole node reserved."""
        others = {k: v for k, v in node.resources.items() if k == "TPU"}
        actor = self._actor(
            node,
            num_cpus=node.resources.get("CPU", 0),
            num_gpus=node.resources.get("GPU", 0),
            resources=others or None,
        )
        awaited = actor.start.remote(job.archive, dict(job.files), list(job.arguments), job.python)
        return _Running(node.id, actor, awaited, "start")

    def _actor(self, node: Node, **reserved: Any) -> Any:
        from ray.util.scheduling_strategies import (  # noqa: PLC0415
            NodeAffinitySchedulingStrategy,
        )

        place = NodeAffinitySchedulingStrategy(node_id=node.id, soft=False)
        given = {k: v for k, v in reserved.items() if v is not None}
        made = self._ray.remote(max_restarts=0, max_task_retries=0)(on_node.NodeJob)
        return made.options(scheduling_strategy=place, **given).remote(self._source)

    def events(self, handle: _Running) -> Sequence[Event]:
        """What the job said since; asks again where it goes on."""
        ready, _ = self._ray.wait([handle.awaited], timeout=0)
        if not ready:
            return []
        try:
            answer = self._ray.get(handle.awaited)
        except self._ray.exceptions.RayTaskError as error:
            cause = str(error.cause if error.cause is not None else error)
            return [Lost("refused", cause.strip().splitlines()[-1][:300])]
        except self._ray.exceptions.RayError as error:
            alive = {node.id for node in self.nodes() if node.alive}
            why = "died" if handle.node in alive else "node-died"
            return [Lost(why, f"{type(error).__name__}")]
        return self._told(handle, answer)

    def _told(self, handle: _Running, answer: Any) -> Sequence[Event]:
        if handle.stage == "look":
            self.stop(handle)
            return [Seen(answer)]
        if handle.stage == "poll" and "code" in answer:
            self.stop(handle)
            return [Ended(int(answer["code"]), answer["output"], answer["text"])]
        event = Began() if handle.stage == "start" else Line(answer["text"])
        handle.stage, handle.awaited = "poll", handle.actor.poll.remote(_POLL_S)
        return [event]

    def stop(self, handle: _Running) -> None:
        """Kill the actor; its guardian kills the rest."""
        with contextlib.suppress(Exception):
            self._ray.kill(handle.actor, no_restart=True)

    def close(self) -> None:
        """Leave the cluster; one that was started here ends."""
        with contextlib.suppress(Exception):
            self._ray.shutdown()
