"""Both frameworks compute the same thing in every workload, and only once it is compiled."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from advisor.evidence import Parity
from advisor.measure.parity import parity_of, read_observation
from probes import catalogue
from tests.probes.sizes import TINY
from tests.probes.workers import RealWorker, both_frameworks, receive_all

MODES = {"pytorch": "pytorch.eager", "jax": "jax.jit"}
Workers = Mapping[str, RealWorker]
pytestmark = pytest.mark.frameworks


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with both_frameworks() as started:
        yield started


class Built:
    """One workload built by both workers, observed, and dropped at the end."""

    def __init__(
        self,
        workers: Workers,
        folder: Path,
        name: str,
        size: Mapping[str, int],
        *,
        seeds: tuple[int, int] = (0, 0),
        modes: Mapping[str, str] = MODES,
    ) -> None:
        self.workload = catalogue.load(name)
        self.workers = workers
        self.paths = {f: folder / f"{f}-seen.npz" for f in workers}
        for (framework, worker), seed in zip(workers.items(), seeds, strict=True):
            inputs = folder / f"{framework}.npz"
            catalogue.write_inputs(self.workload, dict(size), seed, str(inputs))
            worker.send(
                "build",
                key="it",
                mode=modes[framework],
                workload=name,
                size=dict(size),
                inputs=str(inputs),
                observe=str(self.paths[framework]),
            )
        self.replies = receive_all(workers)

    def counters(self, framework: str) -> dict[str, Any]:
        return self.replies[framework]["counters"]

    def seen(self) -> dict[str, Any]:
        return {f: read_observation(path) for f, path in self.paths.items()}

    def parity(self, size: str = "") -> Parity:
        limits = self.workload.tolerances.get(size, self.workload.tolerance)
        tolerance = {"forward": limits.forward, "grad": limits.grad, "curve": limits.curve}
        return parity_of(self.seen(), tolerance, None)

    def close(self) -> None:
        for worker in self.workers.values():
            worker.ask("drop", key="it")


@pytest.fixture
def build(workers: Workers, tmp_path: Path) -> Iterator[Any]:
    made: list[Built] = []

    def make(name: str, size: Mapping[str, int], **options: Any) -> Built:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        for earlier in made:
            earlier.close()
        made[:] = [Built(workers, folder, name, size, **options)]
        return made[0]

    yield make
    for built in made:
        built.close()


def test_every_workload_has_a_tiny_size() -> None:
    assert sorted(TINY) == catalogue.names()


@pytest.mark.parametrize("name", sorted(TINY))
def test_both_frameworks_compute_the_same(name: str, build: Any, workers: Workers) -> None:
    built = build(name, TINY[name])
    parity = built.parity()
    assert parity.status == "ok", parity.problems
    # Nothing may run before the first call of a cold start.
    assert (parity.forward_max_abs is None) is (name == "cold_start")
    curves = [seen["curve"] for seen in built.seen().values()]
    assert all(len(curve) == 20 for curve in curves)
    if built.workload.trains:
        assert parity.grad_max_abs is not None
        assert parity.parameters_equal is True
        assert all(curve[-1] < curve[0] for curve in curves), "twenty steps do not lower the loss"
    for worker in workers.values():
        block = worker.ask("block", key="it", seconds=0.001, calls=1)
        assert block["compile_events"] == 0, f"{worker.framework} compiles again in every step"
    assert not any(reply["fell_back"] for reply in built.replies.values())
    # What a step closes over, XLA may fold away: work that the other framework has to do.
    assert not built.counters("jax")["constant_bytes"]


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("conv_train", {"layout": 1}),
        ("conv_train", {"layout": 2}),
        ("rnn_train", {"vendor": 1}),
        ("higher_order", {"order": 1}),
        ("higher_order", {"order": 4}),
        ("higher_order", {"order": 1, "graph": 1}),
        ("higher_order", {"order": 4, "graph": 1}),
        ("mlp_train", {"optimizer_loop": 1}),
        ("matmul", {"bits": 64}),
        ("shape_churn", {"padded": 0}),
    ],
)
def test_variants_compute_the_same(name: str, changes: dict[str, int], build: Any) -> None:
    known = {key for size in catalogue.load(name).sizes.values() for key in size}
    assert set(changes) <= known
    parity = build(name, {**TINY[name], **changes}).parity()
    assert parity.status == "ok", parity.problems


def test_narrow_products_agree_as_far_as_their_type_goes(build: Any) -> None:
    built = build("matmul", {**TINY["matmul"], "bits": 16})
    parity = built.parity("medium_bfloat16")
    assert parity.status == "ok", parity.problems
    seen = {f: o["forward"] for f, o in built.seen().items()}
    # Rounded to eight bits, and read back as what NumPy can hold.
    assert {x.dtype for x in seen.values()} == {np.dtype(np.float32)}
    assert all(
        np.array_equal(x.view(np.uint32) & 0xFFFF, np.zeros_like(x, np.uint32))
        for x in seen.values()
    )


@pytest.mark.parametrize("name", ["hessian", "transformer_decode", "shape_churn"])
def test_other_inputs_are_noticed(name: str, build: Any) -> None:
    assert build(name, TINY[name], seeds=(0, 1)).parity().status == "failed"


def test_eager_jax_computes_what_the_compiled_step_does(build: Any) -> None:
    modes = {**MODES, "jax": "jax.eager"}
    for name in ("dispatch", "shape_churn"):
        parity = build(name, TINY[name], modes=modes).parity()
        assert parity.status == "ok", parity.problems


def test_double_precision_stays_with_its_workload(build: Any) -> None:
    for name, dtype in (("float64_solve", np.float64), ("hessian", np.float32)):
        seen = build(name, TINY[name]).seen()
        assert {f: o["forward"].dtype for f, o in seen.items()} == dict.fromkeys(MODES, dtype)


@pytest.mark.parametrize(
    ("changes", "traces"),
    [
        ({"lengths": 1}, {1}),
        # Eight lengths from 23 to 128 fall into the buckets 32, 64 and 128.
        ({"lengths": 8}, {3}),
        ({"lengths": 8, "padded": 0}, {8}),
        ({"lengths": 32}, {4, 5}),
    ],
)
def test_lengths_are_traced_as_the_padding_says(
    changes: dict[str, int], traces: set[int], build: Any
) -> None:
    built = build("shape_churn", {**TINY["shape_churn"], **changes})
    assert built.counters("jax")["traces"] in traces


def test_export_leaves_the_batch_open(build: Any) -> None:
    built = build("export", TINY["export"])
    for framework in MODES:
        counters = built.counters(framework)
        assert counters["exported"] is True, counters
        assert counters["symbolic_batch"] is True, counters
        assert counters["export_s"] > 0
        # Whether it can be written to a file may hang on a package; then the error is told.
        assert counters["serialised"] or counters["error"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peaks can be reset on Linux only")
def test_memory_of_a_step_grows_with_its_activations(build: Any) -> None:
    small = {"batch": 4096, "width": 64}
    large = {"batch": 32768, "width": 64}
    peaks: dict[tuple[str, int], int] = {}
    for size in (large, small):
        built = build("memory", size)
        for framework in MODES:
            counters = built.counters(framework)
            needs = counters["step_peak_bytes"] - counters["memory_before_bytes"]
            peaks[framework, size["batch"]] = needs
    workload = catalogue.load("memory")
    more = workload.bytes_moved(large) - workload.bytes_moved(small)
    for framework in MODES:
        grown = peaks[framework, 32768] - peaks[framework, 4096]
        assert 0.5 * more < grown < 4 * more
