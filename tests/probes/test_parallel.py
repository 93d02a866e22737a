"""A batch that is shared out over devices gives the gradients of the whole, in both frameworks."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from advisor.measure.ranks import RankError, RankGroup, RankOptions
from advisor.measure.scaling_figures import grad_max_relative
from advisor.measure.work import ToolchainSpec
from advisor.scaling import GRADIENT_LIMIT, OFFERED
from probes.models import catalogue
from probes.parallel.shards import SplitError, part_of
from tests.fakes import kit

PROBES = Path(__file__).parents[2] / "probes"
FRAMEWORKS = [
    ("pytorch", "ddp", "gloo"),
    ("jax", "mesh", "xla"),
    ("jax", "processes", "gloo"),
]


def group_of(place: Path, framework: str, way: str, devices: int) -> RankGroup:
    # One device needs no others to meet.
    way = "mesh" if (way, devices) == ("processes", 1) else way
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
        assert len(two.pids) == (1 if way == "mesh" else 2)
        ranks = range(len(two.pids))
        for wide in (False, True):
            one.ask("reference", parts=1, path=str(tmp_path / f"{wide}.npz"), wide=wide, **asked)
            two.ask("build", key=str(wide), wide=wide, **asked)
            paths = [str(tmp_path / f"{wide}-{rank}.npz") for rank in ranks]
            two.ask("gradients", key=str(wide), each={"path": paths})
        times = two.ask("steps", key="False", count=3)
        memory = two.ask("memory", key="False")
        assert listening_elsewhere(two.pids) == []
    for wide, limit in ((False, GRADIENT_LIMIT), (True, 1e-12)):
        whole = stored(tmp_path / f"{wide}.npz")
        assert len(whole) > 2
        for rank in ranks:
            assert grad_max_relative(stored(tmp_path / f"{wide}-{rank}.npz"), whole) <= limit
    assert all(len(reply["calls_s"]) == 3 for reply in times)
    assert all(reply["memory_bytes"] > 0 for reply in memory)


def listening_elsewhere(pids: list[int]) -> list[str]:
    """Addresses beyond the loopback interface at which one of *pids* can be reached."""
    return [
        c.laddr.ip
        for pid in pids
        for c in psutil.Process(pid).net_connections("inet")
        if c.status == psutil.CONN_LISTEN
        and not c.laddr.ip.replace("::ffff:", "").startswith("127.")
    ]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("killed", [0, 1])
@pytest.mark.parametrize(("framework", "way"), [("pytorch", "ddp"), ("jax", "processes")])
def test_a_rank_that_is_killed_is_named_and_ends_the_other(tmp_path, framework, way, killed):
    model = catalogue.load("mlp")
    size = model.tiny_of({})
    inputs = tmp_path / "inputs.npz"
    np.savez(inputs, **model.inputs(np.random.default_rng(3), size))
    with group_of(tmp_path, framework, way, 2) as two:
        two.begin()
        two.ask("build", key="one", model="mlp", size=size, inputs=str(inputs))
        two.ask("steps", key="one", count=1)
        pids = list(two.pids)
        psutil.Process(pids[killed]).kill()
        with pytest.raises(RankError) as caught:
            two.ask("steps", key="one", count=1)
        assert caught.value.reason.id == "worker-crashed"
        assert caught.value.reason.values["in_rank"] == killed
    assert not any(map(kit.alive, pids))


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
