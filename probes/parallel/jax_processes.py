"""JAX over several processes of one device each: one mesh over all of them, as over machines.

The processes meet by ``jax.distributed``
(https://docs.jax.dev/en/latest/multi_process.html, read 2026-11), and the CPU's collectives go
over gloo. The step is the one of a mesh in one process. Everything listens on the loopback
interface only. Knows how processes meet and where arrays lie; knows no model.
"""

from __future__ import annotations

import inspect
import os
import socket
import time
from pathlib import Path
from typing import Any

import numpy as np

from probes import host
from probes.parallel.jax_side import JaxRank
from probes.parallel.shards import Built

_LOOPBACK = "127.0.0.1"
_POLL_S = 0.02


class JaxProcessRank(JaxRank):
    """One process of JAX among several, with one device of the CPU.

    The others are met when it is made: JAX lists no device before.

    Args:
        precision: the class of matrix products.
        place: which rank of how many.
        meeting: the file that the first rank writes its address to.
        limit_s: how long to wait for the others.

    Raises:
        RuntimeError: the others did not come.
    """

    def __init__(
        self, precision: str, place: tuple[int, int], meeting: str, limit_s: float
    ) -> None:
        import jax

        rank, ranks = place
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
        _keep_gloo_on_loopback()
        _initialize(jax, _address(rank, Path(meeting), limit_s), place, limit_s)
        super().__init__("cpu", precision, ranks, own=1)
        self.backend = "gloo"

    def _put(self, tree: Any, sharding: Any) -> Any:
        """Every process has the whole arrays, and places the parts of its own device."""
        jax = self.runtime.jax

        def placed(value: Any) -> Any:
            whole = np.asarray(value)
            return jax.make_array_from_callback(whole.shape, sharding, lambda index: whole[index])

        return jax.tree.map(placed, tree)

    def memory(self, built: Built) -> tuple[int | None, str]:
        """The peak of this process, which holds one device."""
        del built
        return host.peak_memory_bytes(), "process_peak"

    def leave(self) -> None:
        """Leave the others, who leave meanwhile."""
        self.runtime.jax.distributed.shutdown()


def _address(rank: int, meeting: Path, limit_s: float) -> str:
    """Where the first rank listens: at a port that the system chose, written down for the others.

    Raises:
        TimeoutError: nobody wrote it.
    """
    if rank == 0:
        with socket.socket() as free:
            free.bind((_LOOPBACK, 0))
            address = f"{_LOOPBACK}:{free.getsockname()[1]}"
        beside = meeting.with_suffix(".new")
        beside.write_text(address, "utf-8")
        os.replace(beside, meeting)
        return address
    deadline = time.monotonic() + limit_s
    while not meeting.exists():
        if time.monotonic() > deadline:
            raise TimeoutError(f"timed out: rank 0 wrote no address within {limit_s:.0f} s")
        time.sleep(_POLL_S)
    return meeting.read_text("utf-8")


def _initialize(jax: Any, address: str, place: tuple[int, int], limit_s: float) -> None:
    rank, ranks = place
    wished = {
        "coordinator_address": address,
        "coordinator_bind_address": address,
        "num_processes": ranks,
        "process_id": rank,
        "local_device_ids": [0],
        "cluster_detection_method": "deactivate",
        "initialization_timeout": max(1, int(limit_s)),
    }
    # Older releases take fewer of them.
    taken = inspect.signature(jax.distributed.initialize).parameters
    jax.distributed.initialize(**{k: v for k, v in wished.items() if k in taken})


def _keep_gloo_on_loopback() -> None:
    """Have gloo listen where nobody else can connect.

    It takes the address of the host's name otherwise, and JAX has no setting for it.

    Raises:
        RuntimeError: a JAX that has this elsewhere.
    """
    try:
        from jax._src.lib import _jax

        make = _jax.make_gloo_tcp_collectives
    except (ImportError, AttributeError) as error:
        raise RuntimeError(
            "this JAX has no known way to keep its processes' talk on this machine alone"
        ) from error

    def made(distributed_client: Any, **_: Any) -> Any:
        return make(distributed_client=distributed_client, hostname=_LOOPBACK)

    _jax.make_gloo_tcp_collectives = made
