"""A batch that is shared out over devices gives the gradients of the whole, in both frameworks."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from advisor.measure.ranks import RankGroup, RankOptions
from advisor.measure.scaling_figures import grad_max_relative
from advisor.measure.work import ToolchainSpec
from advisor.scaling import GRADIENT_LIMIT, OFFERED
from probes.models import catalogue
from probes.parallel.shards import SplitError, part_of

PROBES = Path(__file__).parents[2] / "probes"
FRAMEWORKS = [("pytorch", "ddp", "gloo"), ("jax", "mesh", "xla")]


def group_of(place: Path, framework: str, way: str, devices: int) -> RankGroup:
    options = RankOptions(
        worker=(str(PROBES),),
        toolchain=ToolchainSpec(f"{framework}-0", framework, sys.executable),
        way=way,
        device="cpu",
        devices=devices,
        cpus=tuple(sorted(os.sched_getaffinity(0)))[:devices],
        precision="float32",
        workspace=place,
    )
    return RankGroup(options, f"of-{devices}")


def stored(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as arrays:
        return {name: arrays[name] for name in arrays.files}


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("framework", "way", "backend"), FRAMEWORKS)
def test_two_devices_compute_the_gradients_of_one(tmp_path, framework, way, backend):
    model = catalogue.load("mlp")
    size = model.tiny_of({})
    inputs = tmp_path / "inputs.npz"
    np.savez(inputs, **model.inputs(np.random.default_rng(3), size))
    asked = {"model": "mlp", "size": size, "inputs": str(inputs)}
    with group_of(tmp_path, framework, way, 1) as one, group_of(tmp_path, framework, way, 2) as two:
        one.begin()
        two.begin()
        assert [hello["backend"] for hello in two.hellos] == [backend] * len(two.pids)
        assert len(two.pids) == (2 if framework == "pytorch" else 1)
        ranks = range(len(two.pids))
        for wide in (False, True):
            one.ask("reference", parts=1, path=str(tmp_path / f"{wide}.npz"), wide=wide, **asked)
            two.ask("build", key=str(wide), wide=wide, **asked)
            paths = [str(tmp_path / f"{wide}-{rank}.npz") for rank in ranks]
            two.ask("gradients", key=str(wide), each={"path": paths})
        times = two.ask("steps", key="False", count=3)
    for wide, limit in ((False, GRADIENT_LIMIT), (True, 1e-12)):
        whole = stored(tmp_path / f"{wide}.npz")
        assert len(whole) > 2
        for rank in ranks:
            assert grad_max_relative(stored(tmp_path / f"{wide}-{rank}.npz"), whole) <= limit
    assert all(len(reply["calls_s"]) == 3 for reply in times)


def test_the_offered_families_are_those_whose_batch_is_named():
    offered = [name for name in catalogue.names() if catalogue.load(name).split]
    assert sorted(offered) == sorted(OFFERED)
    for name in offered:
        model = catalogue.load(name)
        size = {**model.tiny_of({}), "batch": 4}
        arrays = model.inputs(np.random.default_rng(0), model.sized(size))
        parts = [part_of(model, arrays, rank, 2) for rank in range(2)]
        for array in model.split:
            joined = np.concatenate([part[array] for part in parts], axis=1)
            assert np.array_equal(joined, arrays[array])
        weights = set(arrays) - set(model.split)
        assert all(np.array_equal(parts[1][w], arrays[w]) for w in weights)


def test_what_cannot_be_shared_out_says_why():
    model = catalogue.load("mlp")
    arrays = model.inputs(np.random.default_rng(0), model.tiny_of({}))
    with pytest.raises(SplitError, match="no multiple of 3"):
        part_of(model, arrays, 0, 3)
    lone = catalogue.load("graph")
    with pytest.raises(SplitError, match="graph is not offered"):
        part_of(lone, {}, 0, 2)


def test_only_batch_normalisation_couples_the_samples_of_a_batch():
    resnet = catalogue.load("resnet")
    assert resnet.coupled(resnet.sized({}))
    assert not resnet.coupled(resnet.sized({"norm": "group"}))
    assert not catalogue.load("decoder").coupled(catalogue.load("decoder").sized({}))
