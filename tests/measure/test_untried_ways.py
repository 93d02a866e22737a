"""What untried ways to write a model may gain: no less than was seen, and not much more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from advisor.devices import is_cpu
from advisor.evidence import Entry, Probe
from advisor.library import library_of
from advisor.measure import ways
from advisor.measure.models import AskedModel, Variant, asked_models
from advisor.measure.ways import untried_ways
from advisor.pair import FRAMEWORKS, TORCH_EAGER
from advisor.resources import resource_dir

CHOICE = ".choice"


@pytest.fixture(scope="module")
def choices() -> list[Probe]:
    """The launches of the shipped library in which ways to write a model were tried on a CPU."""
    entries = library_of([])
    probes = [probe for entry in entries for probe in entry.evidence.probes]
    return [p for p in probes if (p.size_name or "").endswith(CHOICE) and is_cpu(p.device)]


@pytest.fixture(scope="module")
def families(choices, tmp_path_factory) -> Mapping[str, AskedModel]:
    names = sorted({probe.id.partition(":")[2] for probe in choices})
    place = tmp_path_factory.mktemp("models")
    asked = asked_models((str(resource_dir("probes")),), place, names)
    return {f"model:{one.model}": one for one in asked}


def gains(probe: Probe, rewrites: frozenset[str]) -> Iterator[tuple[str, float]]:
    """How much faster each way was than the best ordinary one before it, after its class."""
    for framework in FRAMEWORKS:
        best_s, kinds = None, set()
        for entry in probe.entries:
            if entry.framework != framework or entry.median_s is None:
                continue
            kind = entry.mode.partition("+")[0]
            if best_s is not None:
                name = "kind" if kind not in kinds else kind
                gain = best_s / entry.median_s
                yield ("rewrite" if entry.mode in rewrites else name), gain
            if entry.mode not in rewrites:
                best_s = min(filter(None, (best_s, entry.median_s)))
                kinds.add(kind)


def test_what_ways_may_gain_is_what_they_gained(choices, families):
    most: dict[str, float] = {}
    for probe in choices:
        for name, gain in gains(probe, families[probe.id].rewrites):
            most[name] = max(gain, most.get(name, 0.0))
    compiled = max(v for name, v in most.items() if name not in ("kind", "rewrite", TORCH_EAGER))
    for bound, seen in (
        (ways.MOST_GAINED_BY_KIND, most["kind"]),
        (ways.MOST_GAINED_REWRITE, most["rewrite"]),
        (ways.MOST_GAINED_BY_WAY[TORCH_EAGER], most[TORCH_EAGER]),
        (ways.MOST_GAINED_COMPILED, compiled),
    ):
        assert 0.95 * bound <= seen <= bound


def test_recorded_graphs_are_ways_of_their_own_where_a_device_records_them(choices, families):
    """A small step on an accelerator waits for Python without them."""
    probe = next(p for p in choices if p.id == "model:mlp")
    untried = set(untried_ways(families[probe.id], replace(probe, device="cuda")))
    assert untried == {
        "pytorch.compile_reduce_overhead",
        "pytorch.compile_reduce_overhead+compile_step",
        "pytorch.eager_cuda_graph",
        "pytorch.compile_cuda_graph",
    }
    assert untried_ways(families[probe.id], probe) == []


def test_a_framework_that_is_not_there_has_no_untried_ways():
    asked = AskedModel(
        model="m", name="n", title="M", size={"layers": 1}, depth="layers", least=1, tiny={},
        words=frozenset(),
        variants=(Variant("eager", "pytorch.eager"), Variant("compile", "pytorch.compile"),
                  Variant("jit", "jax.jit")),
    )  # fmt: skip
    tried = [Entry(framework="pytorch", mode="pytorch.eager", status="ok", median_s=1.0)]
    probe = Probe(id="model:m", device="cpu", entries=tried)
    assert untried_ways(asked, probe) == ["pytorch.compile"]
