"""A cluster of Ray's as an `Engine`: the one file that knows Ray, imported when it is used.

Every job is an actor of its own on one node, with all that the node counts reserved, so that nobody
else's task runs beside it. What Ray leaves pending for ever (a node that stopped) is for the caller
to notice.
"""

from __future__ import annotations

import contextlib
import os
import pkgutil
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from advisor.errors import UserError
from advisor.fleet import on_node
from advisor.fleet.engine import Began, ClusterGoneError, Ended, Event, Job, Lost, Node, Said

AUTO, LOCAL = "auto", "local"
INSTALL = "pip install 'fw-advisor[fleet]'"
_POLL_S = 0.5
_ANSWER_S = 5.0
# Frameworks are gigabytes with their libraries; Ray gives up after ten minutes unless told.
SETUP_S = 1800
# Ray takes 127.0.0.1 for a word that stands for the address by which others reach this machine.
_LOOPBACK = "127.0.0.2" if sys.platform.startswith("linux") else "127.0.0.1"
# What Ray counts by itself, and nobody can hold.
_NOT_HELD = ("memory", "object_store_memory")
_NOT_HELD_PREFIXES = ("node:", "accelerator_type:")


@dataclass
class _Running:
    """An actor, the answer that is awaited from it (to ``start`` or ``poll``), and its output."""

    node: str
    actor: Any
    awaited: Any
    stage: str = "start"
    output: bytes = b""


class RayEngine:
    """A cluster.

    Args:
        address: ``auto``, ``HOST:PORT``, or ``local`` for one of its own on this machine.
        archive: The exported file, its bytes.

    Raises:
        UserError: Ray is missing, or there is no such cluster, or it does not let us in.
    """

    def __init__(self, address: str, archive: bytes) -> None:
        # Before the import: Ray reads it once. Nothing is reported to anybody.
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        try:
            import ray  # noqa: PLC0415  (an extra, and slow to import)
        except ImportError as error:
            raise UserError(
                "Ray is not installed, and fleet measures through it",
                hint=f"install the extra fleet: {INSTALL}",
            ) from error
        self._ray = ray
        _connect(ray, address)
        ray.cloudpickle.register_pickle_by_value(on_node)
        self._archive = ray.put(archive)
        self._keeper = (pkgutil.get_data("advisor.fleet", "keeper.py") or b"").decode("utf-8")

    def nodes(self) -> list[Node]:
        """Every node that there ever was, the dead ones too."""
        try:
            listed = self._ray.nodes()
        except Exception as error:
            raise ClusterGoneError(type(error).__name__) from error
        return [
            Node(
                id=str(node["NodeID"]),
                resources=dict(node.get("Resources") or {}),
                alive=bool(node["Alive"]),
                host=str(node.get("NodeManagerHostname") or ""),
            )
            for node in listed
        ]

    def start(self, node: Node, job: Job) -> _Running:
        """Run *job* with the whole node reserved, or nothing of it."""
        held = _held(node) if job.whole else {"num_cpus": 0}
        place = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
            node_id=node.id, soft=False
        )
        made = self._ray.remote(max_restarts=0, max_task_retries=0)(on_node.NodeJob)
        if job.packages:
            held = {**held, "runtime_env": _runtime_env(job.packages)}
        actor = made.options(scheduling_strategy=place, **held).remote(self._keeper)
        awaited = actor.start.remote(self._archive, dict(job.files), list(job.options), job.program)
        return _Running(node.id, actor, awaited)

    def events(self, handle: _Running) -> Sequence[Event]:
        """What the job said since; asks again where it goes on."""
        errors = self._ray.exceptions
        try:
            ready, _ = self._ray.wait([handle.awaited], timeout=0)
            if not ready:
                return []
            answer = self._ray.get(handle.awaited, timeout=_POLL_S)
        except errors.GetTimeoutError:
            return []
        except errors.RayTaskError as error:
            return [Lost("refused", _last_line(error.cause if error.cause is not None else error))]
        except errors.RuntimeEnvSetupError as error:
            return [Lost("no-environment", _last_line(error))]
        except errors.RayError as error:
            return [Lost(self._why_lost(handle.node, error), type(error).__name__)]
        return self._heard(handle, answer)

    def _why_lost(self, node: str, error: Exception) -> str:
        errors = self._ray.exceptions
        if isinstance(error, errors.OutOfMemoryError):
            return "out-of-memory"
        if isinstance(error, errors.ActorUnschedulableError):
            return "refused"
        return "died" if any(n.id == node and n.alive for n in self.nodes()) else "node-died"

    def _heard(self, handle: _Running, answer: Any) -> Sequence[Event]:
        """An answer as events; the next one is asked for."""
        if answer is not None and "code" in answer:
            self.stop(handle)
            return [Ended(int(answer["code"]), handle.output, answer["text"])]
        if answer is not None:
            handle.output += answer.get("part", b"")
        event = Began() if handle.stage == "start" else Said((answer or {}).get("text", ""))
        handle.stage, handle.awaited = "poll", handle.actor.poll.remote(_POLL_S)
        return [event]

    def stop(self, handle: _Running) -> None:
        """Kill the actor; its keeper kills the rest."""
        with contextlib.suppress(Exception):
            self._ray.kill(handle.actor, no_restart=True)

    def close(self) -> None:
        """Leave the cluster; one that was started here ends."""
        with contextlib.suppress(Exception):
            self._ray.shutdown()


def _runtime_env(packages: Sequence[str]) -> dict[str, Any]:
    """Packages as Ray installs them: into an environment of this job's, over the node's own.

    https://docs.ray.io/en/latest/ray-core/handling-dependencies.html (read 2026-11)
    """
    pip = {"packages": list(packages), "pip_check": False}
    return {"pip": pip, "config": {"setup_timeout_seconds": SETUP_S}}


def _last_line(error: object) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[-1].strip()[:300] if lines else type(error).__name__


def _held(node: Node) -> dict[str, Any]:
    """All that *node* counts, as options of an actor: nobody else gets a share of it meanwhile."""
    own = {
        name: amount
        for name, amount in node.resources.items()
        if name not in ("CPU", "GPU", *_NOT_HELD) and not name.startswith(_NOT_HELD_PREFIXES)
    }
    return {
        "num_cpus": node.resources.get("CPU", 0),
        "num_gpus": node.resources.get("GPU", 0),
        "resources": own,
    }


def _connect(ray: Any, address: str) -> None:
    """Join the cluster at *address*, or start one here.

    Raises:
        UserError: there is none, or it does not let us in.
    """
    if address not in (AUTO, LOCAL):
        _refuse_silent(address)
    asked: dict[str, Any] = {"address": address}
    if address == LOCAL:
        # An address that is given need not be asked for elsewhere.
        asked.update(include_dashboard=False, _node_ip_address=_LOOPBACK)
    try:
        if address == AUTO:
            asked["address"] = _running(ray)
        ray.init(log_to_driver=False, logging_level="ERROR", namespace="fw-advisor", **asked)
    except (ConnectionError, RuntimeError, ValueError, TimeoutError, OSError) as error:
        first = next(iter(str(error).strip().splitlines()), "")[:300]
        raise UserError(
            f"no cluster answers as wished: {type(error).__name__}: {first}",
            hint="start one with: ray start --head; or name it: --address HOST:PORT; "
            "or one on this machine alone: --address local",
            where=f"--address {address}"[:120],
        ) from error


def _running(ray: Any) -> str:
    """Where the cluster is that runs here, as ``HOST:PORT``.

    Ray 2.60.0 lost actors as soon as they were asked for where it was given ``auto`` itself.
    """
    services = getattr(ray._private, "services", None)  # noqa: SLF001  (nothing public tells)
    resolve = getattr(services, "canonicalize_bootstrap_address_or_die", lambda word: word)
    return str(resolve(AUTO))


def _refuse_silent(address: str) -> None:
    """Find out in seconds what Ray tries for minutes.

    Raises:
        UserError: it is no ``HOST:PORT``, or nobody listens there.
    """
    host, _, port = address.rpartition(":")
    where = f"--address {address}"[:120]
    if not host or not port.isdigit() or not 0 < int(port) < 65536 or "/" in host:
        raise UserError(
            "is no address of a cluster",
            hint="write auto, local, or HOST:PORT of its head: --address 10.0.0.1:6379",
            where=where,
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWER_S).close()
    except OSError as error:
        raise UserError(
            f"no cluster listens there: {error.strerror or error}",
            hint="its head says where it listens: ray status, or the last lines of ray start",
            where=where,
        ) from error
