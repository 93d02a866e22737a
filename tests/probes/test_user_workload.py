"""A user's own step: what the template offers works, and mistakes point into the user's file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from advisor.errors import UserError
from advisor.measure.campaign import read_catalogue
from advisor.resources import resource_dir
from probes import user_workload

TEMPLATE = resource_dir("templates") / "workload.py"
WORKER = (str(resource_dir("probes")),)


def _written(path: Path, text: str) -> str:
    path.write_text(text, "utf-8")
    return str(path)


def test_the_template_is_a_workload_with_both_frameworks() -> None:
    workload = user_workload.load(str(TEMPLATE))
    assert workload.id == "workload"
    assert workload.modes == ("pytorch.eager", "pytorch.compile", "jax.jit")
    arrays = workload.make_inputs(3, {})
    assert arrays["x"].dtype == np.float32
    assert all(
        np.array_equal(arrays[name], again) for name, again in workload.make_inputs(3, {}).items()
    )


def test_a_file_with_one_framework_offers_only_its_modes(tmp_path: Path) -> None:
    text = TEMPLATE.read_text("utf-8").split("def jax_step")[0]
    workload = user_workload.load(_written(tmp_path / "mine.py", text))
    assert workload.modes == ("pytorch.eager", "pytorch.compile")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def inputs(rng)\n", "mine.py:1:"),
        ("import numpy\n\nx = 1 / 0\n", "mine.py:3: ZeroDivisionError"),
        ("def inputs(rng):\n    return {}\n", "offers no inputs() with torch_step() or jax_step()"),
        ("inputs = 3\ndef torch_step(a): ...\n", "inputs is no function"),
    ],
)
def test_mistakes_point_into_the_file(tmp_path: Path, text: str, told: str) -> None:
    path = _written(tmp_path / "mine.py", text)
    with pytest.raises(user_workload.UserFileError, match=r"mine\.py") as caught:
        user_workload.load(path)
    assert told in str(caught.value)


def test_inputs_must_be_arrays(tmp_path: Path) -> None:
    path = _written(
        tmp_path / "mine.py",
        "def inputs(rng):\n    return {'x': [1, 2]}\ndef torch_step(a): ...\n",
    )
    with pytest.raises(user_workload.UserFileError, match="is no NumPy array"):
        user_workload.load(path).make_inputs(0, {})


def test_the_driver_tells_a_broken_file_as_bad_input(tmp_path: Path) -> None:
    path = _written(tmp_path / "mine.py", "def inputs(rng)\n")
    with pytest.raises(UserError) as caught:
        read_catalogue(WORKER, tmp_path, [path])
    assert "mine.py:1:" in str(caught.value)
    assert "--workload-template" in caught.value.hint
