"""Do all variants of a model compute the same? Asked of real workers, one per framework.

Also a script, for all variants and for times at a preset:
``python -m tests.probes.model_parity [FAMILY ...] [--all] [--time]``.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from advisor.evidence import Parity
from advisor.measure.parity import parity_of, read_observation
from probes import catalogue as workloads
from probes.model import Model, Variant, workload_of
from probes.models import catalogue
from tests.probes.workers import RealWorker, both_frameworks, receive_all

FRAMEWORKS = ("pytorch", "jax")


@dataclass
class Seen:
    """What variants of one model at one size computed, and what their workers replied."""

    model: Model
    size: Mapping[str, Any]
    observations: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    replies: dict[str, dict[str, Any]] = field(default_factory=dict)
    compiled_in_a_block: dict[str, int] = field(default_factory=dict)

    def parity(self) -> Parity:
        """The comparison that the advisor makes, over all variants."""
        limits = self.model.tolerance
        tolerance = {"forward": limits.forward, "grad": limits.grad, "curve": limits.curve}
        return parity_of(self.observations, tolerance, None)

    def parameters_max_abs(self) -> float:
        """The largest difference of a parameter after the steps, over all variants."""
        first, *others = self.observations.values()
        names = [name for name in first if name.startswith("param.")]
        return max(
            (float(np.max(np.abs(first[n] - other[n]))) for other in others for n in names),
            default=0.0,
        )

    def largest_parameter(self) -> float:
        """The largest magnitude of a parameter after the steps."""
        first = next(iter(self.observations.values()))
        return max(float(np.max(np.abs(v))) for k, v in first.items() if k.startswith("param."))

    def curves(self) -> dict[str, Any]:
        """The loss of each step, by variant."""
        return {label: seen["curve"] for label, seen in self.observations.items()}


def plain_variants(model: Model, size: Mapping[str, Any]) -> list[Variant]:
    """The variants that compile nothing in PyTorch, and all of JAX."""
    return [
        v
        for framework in FRAMEWORKS
        for v in model.variants(framework, size)
        if v.mode != "pytorch.compile"
    ]


def default_variants(model: Model, size: Mapping[str, Any]) -> list[Variant]:
    """What is built in eager PyTorch and in JAX when nobody asks for a variant."""
    plain = plain_variants(model, size)
    return [next(v for v in plain if v.mode.startswith(f)) for f in FRAMEWORKS]


def every_variant(model: Model, size: Mapping[str, Any]) -> list[Variant]:
    """All variants that there are at *size*."""
    return [v for framework in FRAMEWORKS for v in model.variants(framework, size)]


def label_of(variant: Variant) -> str:
    """How parity knows a variant: its mode, then its id."""
    return f"{variant.mode}@{variant.id}"


def observe(
    workers: Mapping[str, RealWorker],
    model: Model,
    size: Mapping[str, Any],
    variants: Sequence[Variant],
    folder: Path,
    *,
    seeds: Mapping[str, int] | None = None,
) -> Seen:
    """Build *variants* one after the other, both frameworks at once, and read what they saw."""
    seen = Seen(model, size)
    inputs = {f: folder / f"inputs-{f}.npz" for f in workers}
    for framework, path in inputs.items():
        seed = (seeds or {}).get(framework, 0)
        workloads.write_inputs(workload_of(model, size), size, seed, str(path))
    queues = {f: [v for v in variants if v.mode.startswith(f)] for f in workers}
    while any(queues.values()):
        turn = {f: queue.pop(0) for f, queue in queues.items() if queue}
        for framework, variant in turn.items():
            _send(workers[framework], model, size, variant, inputs[framework])
        replies = receive_all({framework: workers[framework] for framework in turn})
        for framework, variant in turn.items():
            worker, label = workers[framework], label_of(variant)
            seen.replies[label] = replies[framework]
            block = worker.ask("block", key="it", seconds=0.001, calls=1)
            seen.compiled_in_a_block[label] = block["compile_events"]
            worker.ask("drop", key="it")
            observation = read_observation(
                inputs[framework].with_name(f"{variant.id}-{framework}.npz")
            )
            assert observation is not None, f"what {label} computed could not be read"
            seen.observations[label] = observation
    return seen


def _send(
    worker: RealWorker, model: Model, size: Mapping[str, Any], variant: Variant, inputs: Path
) -> None:
    worker.send(
        "build",
        key="it",
        mode=variant.mode,
        variant=variant.id,
        workload=f"model:{model.id}",
        size=dict(size),
        inputs=str(inputs),
        observe=str(inputs.with_name(f"{variant.id}-{worker.framework}.npz")),
    )


@contextmanager
def folder_of_its_own() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def step_ms(
    worker: RealWorker, model: Model, size: Mapping[str, Any], variant: Variant, folder: Path
) -> float:
    """Milliseconds of a step of *variant* once it is steady: a look, not a measurement."""
    inputs = folder / "timed.npz"
    if not inputs.exists():
        workloads.write_inputs(workload_of(model, size), size, 0, str(inputs))
    worker.ask(
        "build",
        key="it",
        mode=variant.mode,
        variant=variant.id,
        workload=f"model:{model.id}",
        size=dict(size),
        inputs=str(inputs),
    )
    warm = worker.ask("warm", key="it", min_s=0.3, max_s=5)
    block = worker.ask("block", key="it", seconds=1.0, calls=warm["calls"])
    worker.ask("drop", key="it")
    return float(np.median(block["samples_s"])) * 1e3


def main(argv: Sequence[str] | None = None) -> None:
    """Print one row for every family: how far its variants are apart, and times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("family", nargs="*", default=catalogue.names())
    parser.add_argument("--all", action="store_true", help="torch.compile too")
    parser.add_argument("--time", action="store_true", help="a step at the default size")
    options = parser.parse_args(argv)
    choose = every_variant if options.all else plain_variants
    for name in options.family:
        model = catalogue.load(name)
        # As many threads as JAX takes: times are looked at too.
        cores = len(os.sched_getaffinity(0))
        with both_frameworks(cores) as workers, folder_of_its_own() as folder:
            for size in sizes_of(model):
                print_parity(observe(workers, model, size, choose(model, size), folder), size)
            if options.time:
                size = model.sized({})
                for variant in choose(model, size):
                    worker = workers[variant.mode.partition(".")[0]]
                    ms = step_ms(worker, model, size, variant, folder)
                    print(f"    {label_of(variant)}: {ms:.2f} ms", flush=True)


def sizes_of(model: Model) -> list[dict[str, Any]]:
    """The tiny size, and so many more that every word of every key is in one of them.

    A number that may be zero, which leaves a part out, counts as a word.
    """
    first = model.tiny_of({})
    wordy = {
        key.name: [w for w in (0,) * (key.low == 0) + key.choices if w != first[key.name]]
        for key in model.keys
    }
    most = max(map(len, wordy.values()))
    others = [
        {name: words[n % len(words)] for name, words in wordy.items() if words} for n in range(most)
    ]
    return [first, *({**first, **other} for other in others)]


def print_parity(seen: Seen, size: Mapping[str, Any]) -> None:
    parity = seen.parity()
    words = {k: v for k, v in size.items() if isinstance(v, (str, bool)) or v == 0}
    print(
        f"{seen.model.id} {words}: {parity.status} forward {parity.forward_max_abs} "
        f"grad {parity.grad_max_abs} curve {parity.loss_curve_max_abs} "
        f"parameters {seen.parameters_max_abs():.2g} variants {list(seen.observations)}",
        flush=True,
    )
    for label, problem in parity.problems.items():
        print(f"    {label}: {problem}")
    for label, curve in seen.curves().items():
        reply = seen.replies[label]
        counts = {k: v for k, v in reply["counters"].items() if v and "bytes" not in k}
        print(f"    {label}: {curve[0]:.5g} -> {curve[-4]:.5g}, {reply['variant']}, {counts}")


if __name__ == "__main__":
    main()
