"""What the catalogue says about the workloads: complete, repeatable, and counted rightly."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from advisor.knowledge.yamlio import read_yaml
from probes import catalogue
from tests.probes.sizes import TINY
from tests.probes.workers import ROOT

# Their arithmetic is mostly matrix products and convolutions, which PyTorch can count.
COUNTED = (
    "cold_start",
    "conv_train",
    "embedding_train",
    "hessian",
    "matmul",
    "memory",
    "mlp_train",
    "ode_gradient",
    "per_sample_gradient",
    "rnn_train",
    "segment_sum",
    "shape_churn",
    "transformer_decode",
    "transformer_train",
)


def test_every_workload_that_rules_weigh_exists() -> None:
    weights = read_yaml(ROOT / "rules" / "workloads.yaml").data["weights"]
    weighed = {name for entry in weights for name in entry["weights"]}
    assert weighed <= set(catalogue.names())


@pytest.mark.parametrize("name", catalogue.names())
def test_a_workload_describes_itself(name: str) -> None:
    workload = catalogue.load(name)
    described = catalogue.describe(workload)
    assert json.loads(json.dumps(described, allow_nan=False)) == described
    assert workload.id == name
    assert "small" in workload.sizes
    for size in described["sizes"].values():
        assert size["samples_per_step"] > 0
        assert all(size[count] is None or size[count] > 0 for count in ("flops", "bytes"))
    text = importlib.import_module(f"probes.workloads.{name}.inputs").__doc__
    for word in ("Shapes:", "Stands for:", "Limits:", "float"):
        assert word in text, f"{name} does not say {word!r}"
    assert "FLOP count" in text or "Bytes:" in text
    for version in ("torch_", "jax_"):
        assert (ROOT / "probes" / "workloads" / name / f"{version}.py").is_file()


@pytest.mark.parametrize("name", sorted(TINY))
def test_inputs_repeat_and_follow_the_seed(name: str, tmp_path: Path) -> None:
    workload = catalogue.load(name)
    path = str(tmp_path / "inputs.npz")
    first, again, other = (
        catalogue.write_inputs(workload, TINY[name], seed, path) for seed in (3, 3, 4)
    )
    assert first == again
    assert first != other


@pytest.mark.parametrize("name", sorted(TINY))
def test_inputs_have_plain_types_and_finite_values(name: str) -> None:
    workload = catalogue.load(name)
    floating = np.dtype(workload.precision)
    for key, array in workload.make_inputs(0, TINY[name]).items():
        assert array.dtype in {floating, np.dtype("int64"), np.dtype("int32"), np.dtype("uint8")}
        assert np.isfinite(array).all(), key


@pytest.mark.parametrize("name", sorted(TINY))
def test_tiny_sizes_have_the_keys_of_the_real_ones(name: str) -> None:
    for size_name, size in catalogue.load(name).sizes.items():
        # A size with a name of its own may say what sets it apart.
        more = set(size) - set(TINY[name]) if "_" in size_name else set()
        assert set(size) - more == set(TINY[name])


@pytest.mark.frameworks
def test_flop_counts_agree_with_pytorchs_own_counter() -> None:
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "count_flops.py"), *COUNTED],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    ratios = json.loads(done.stdout.splitlines()[-1])
    assert sorted(ratios) == sorted(COUNTED)
    # More than counted: attention, sums and factorisations, which that counter leaves out.
    wrong = {name: ratio for name, ratio in ratios.items() if not 0.97 < ratio < 1.25}
    assert not wrong
