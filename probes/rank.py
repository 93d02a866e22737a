"""One rank of a step that is shared out over several devices: driven like a worker.

The driver starts every rank, asks all of them the same, and counts steps: all ranks make the same
number, since each waits for the others in every step. Knows the protocol; must not know what its
numbers mean. Every request gets exactly one reply.
"""

from __future__ import annotations

import argparse
import os
import time
from typing import Any

from probes import PROTOCOL, host, timing
from probes.protocol import serve

VERBS = (
    "hello",
    "join",
    "build",
    "gradients",
    "reference",
    "steps",
    "collectives",
    "memory",
    "forget",
    "leave",
)
"""What the driver may ask for."""


class Rank:
    """One framework in one process, with the programs that were built in it."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._built: dict[str, Any] = {}
        self._side: Any = None

    def hello(self, request: dict[str, Any]) -> dict[str, Any]:
        """Import the framework, and say what it is and what it may use.

        JAX over several processes meets the others here: it lists no device before.
        """
        del request
        start = time.perf_counter()
        self._side = _make_side(self._options)
        return {
            "protocol": PROTOCOL,
            "pid": os.getpid(),
            "framework": self._options.framework,
            "python": host.python_version(),
            "import_s": time.perf_counter() - start,
            "affinity": host.affinity(),
            "backend": self._side.backend,
            "mode": self._side.mode,
            **self._side.runtime.facts(),
        }

    def join(self, request: dict[str, Any]) -> dict[str, Any]:
        """Meet the other ranks."""
        self._side.join(request["meeting"], float(request["limit_s"]))
        return {}

    def build(self, request: dict[str, Any]) -> dict[str, Any]:
        """Build one program: `inputs` hold the whole batch, of which this rank takes its part."""
        from probes.models import catalogue

        start = time.perf_counter()
        model = catalogue.load(request["model"])
        size = model.sized(request["size"])
        arrays, wide = _stored(request["inputs"]), bool(request.get("wide"))
        built = self._side.build(model, arrays, size, wide=wide)
        self._built[request["key"]] = built
        return {
            "build_s": time.perf_counter() - start,
            "variant": built.program.variant,
            "reference_parts": self._side.reference_parts(model, size),
        }

    def gradients(self, request: dict[str, Any]) -> dict[str, Any]:
        """Write the gradients of the first batch, from the first weights: before any step."""
        import numpy as np

        np.savez(request["path"], **self._side.gradients(self._built[request["key"]]))
        return {}

    def reference(self, request: dict[str, Any]) -> dict[str, Any]:
        """Write the gradients of one device, of the whole batch or the mean of those of its parts.

        The parts are for where a process normalises by its own part of the batch.
        """
        import numpy as np

        from probes.models import catalogue
        from probes.parallel.shards import part_of

        model = catalogue.load(request["model"])
        size, count = model.sized(request["size"]), int(request["parts"])
        arrays = _stored(request["inputs"])
        shown: list[dict[str, Any]] = []
        for part in range(count):
            own = part_of(model, arrays, part, count)
            sized = {**size, "batch": size["batch"] // count}
            built = self._side.build(model, own, sized, wide=bool(request.get("wide")))
            shown.append(self._side.gradients(built))
        exchanged = sum(value.nbytes for value in shown[0].values())
        means = {
            name: np.mean([one[name].astype(np.float64) for one in shown], axis=0)
            for name in shown[0]
        }
        np.savez(request["path"], **means)
        return {"gradient_bytes": exchanged}

    def steps(self, request: dict[str, Any]) -> dict[str, Any]:
        """Seconds of so many steps, each waited for."""
        program = self._built[request["key"]].program
        return {"calls_s": [timing.timed_call(program) for _ in range(int(request["count"]))]}

    def collectives(self, request: dict[str, Any]) -> dict[str, Any]:
        """Seconds per step in collectives, where the framework tells."""
        built = self._built[request["key"]]
        seconds, why = self._side.collectives_s(built, int(request["count"]))
        return {"collectives_s": seconds, "why": why}

    def memory(self, request: dict[str, Any]) -> dict[str, Any]:
        """Memory of this rank, and what it counts."""
        found, counts = self._side.memory(self._built[request["key"]])
        return {"memory_bytes": found, "counts": counts}

    def forget(self, request: dict[str, Any]) -> dict[str, Any]:
        """Forget a program, so that its memory can be used again."""
        self._built.pop(request["key"], None)
        return {}

    def leave(self, request: dict[str, Any]) -> dict[str, Any]:
        """Leave the group: all ranks together."""
        del request
        self._side.leave()
        return {}


def _stored(path: str) -> dict[str, Any]:
    import numpy as np

    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def _make_side(options: argparse.Namespace) -> Any:
    if options.framework == "pytorch":
        from probes.parallel.torch_side import TorchRank

        return TorchRank(
            options.way,
            options.device,
            cores=options.cores,
            precision=options.precision,
            place=(options.rank, options.devices),
        )
    if options.way == "processes":
        from probes.parallel.jax_processes import JaxProcessRank

        place = (options.rank, options.devices)
        return JaxProcessRank(options.precision, place, options.meeting, options.limit)
    from probes.parallel.jax_side import JaxRank

    return JaxRank(options.device, options.precision, options.devices)


def main(argv: list[str]) -> int:
    """Serve requests until the driver closes the channel or says ``bye``."""
    parser = argparse.ArgumentParser(prog="probes rank")
    parser.add_argument("--framework", choices=("pytorch", "jax"), required=True)
    parser.add_argument("--way", choices=("ddp", "fsdp", "mesh", "processes"), required=True)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--cores", type=int, default=0)
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--rank", type=int, default=0)
    parser.add_argument("--devices", type=int, default=1)
    parser.add_argument("--meeting", default="")
    parser.add_argument("--limit", type=float, default=120.0)
    rank = Rank(parser.parse_args(argv))
    return serve(rank, VERBS)
