"""A user's own step: what the template offers works, and mistakes point into the user's file."""

from __future__ import annotations

import contextlib
import importlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from advisor.errors import UserError
from advisor.measure.catalogue import read_catalogue
from advisor.resources import resource_dir
from probes import user_workload

TEMPLATE = resource_dir("templates") / "workload" / "train.py"
WORKER = (str(resource_dir("probes")),)


def _written(path: Path, text: str) -> str:
    path.write_text(text, "utf-8")
    return str(path)


def test_the_template_is_a_workload_with_both_frameworks() -> None:
    workload = user_workload.load(str(TEMPLATE))
    assert workload.id == "train"
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


def _runtime(framework: str) -> Any:
    """As much of a runtime as building a step takes."""
    if framework == "jax":
        import jax

        return SimpleNamespace(
            jax=jax,
            array=jax.numpy.asarray,
            wide=lambda *, enabled: contextlib.nullcontext(enabled),
        )
    import torch

    return SimpleNamespace(torch=torch, tensor=torch.from_numpy, to_numpy=lambda t: t.numpy())


def _parts(tmp_path: Path, framework: str, text: str) -> Any:
    path = _written(tmp_path / "mine.py", f"def inputs(rng): ...\n{text}")
    return user_workload.build(path, framework, {"x": np.zeros(2, np.float32)}, _runtime(framework))


def test_every_execution_of_a_file_can_be_imported_by_its_name(tmp_path: Path) -> None:
    """torch.compile does so where the first frame of a step, a decorator's, is not the file's."""
    steps: list[Any] = []
    text = "def torch_step(arrays):\n    def step(): ...\n    return step\n"
    for _ in range(2):
        _parts(tmp_path, "pytorch", text).make_step(lambda step: steps.append(step) or step)
    for step in steps:
        assert vars(importlib.import_module(step.__module__)) is step.__globals__
    assert steps[0].__globals__ is not steps[1].__globals__


@pytest.mark.parametrize(
    ("framework", "text", "told"),
    [
        (
            "pytorch",
            "def torch_step(arrays):\n    def step(): ...\n",
            "mine.py:2: torch_step() must return a function, not None",
        ),
        (
            "pytorch",
            "def torch_step():\n    ...\n",
            "mine.py:2: TypeError: torch_step() takes 0 positional arguments but 1 was given",
        ),
        (
            "jax",
            "def jax_step(arrays):\n    def step(s, a): return s, s\n    return step\n",
            "mine.py:2: jax_step() must return (step, state), not function",
        ),
    ],
)
def test_a_function_that_returns_something_else_is_told_with_its_line(
    tmp_path: Path, framework: str, text: str, told: str
) -> None:
    with pytest.raises(user_workload.UserFileError, match=r"mine\.py") as caught:
        _parts(tmp_path, framework, text)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("result", "told"),
    [
        ("None", "must return a tensor (the loss) or several, not None"),
        ("()", "must return a tensor (the loss) or several, not tuple"),
        ("('a', 1.0)", "must return tensors or numbers (the loss, outputs), not str (0)"),
    ],
)
def test_a_torch_step_has_to_return_something_to_compare(
    tmp_path: Path, result: str, told: str
) -> None:
    text = f"def torch_step(arrays):\n    def step():\n        return {result}\n    return step\n"
    step = _parts(tmp_path, "pytorch", text).make_step(lambda function: function)
    with pytest.raises(user_workload.UserFileError, match=r"mine\.py:3:") as caught:
        step()
    assert told in str(caught.value)


def test_a_step_that_fails_is_told_with_its_own_line(tmp_path: Path) -> None:
    text = "def torch_step(arrays):\n    def step():\n        return arrays['y']\n    return step\n"
    step = _parts(tmp_path, "pytorch", text).make_step(lambda function: function)
    with pytest.raises(user_workload.UserFileError, match=r"mine\.py:4: KeyError: 'y'"):
        step()


@pytest.mark.parametrize(
    ("result", "state", "told"),
    [
        ("state", "1.0", "must return (state, output), not float"),
        ("None", "1.0", "must return (state, output), not None"),
        ("(state, 0, 0)", "1.0", "must return (state, output), not tuple"),
        ("state", "(1.0, 2.0)", "what it returns first is not built like the first state"),
    ],
)
def test_a_jax_step_has_to_return_state_and_output(
    tmp_path: Path, result: str, state: str, told: str
) -> None:
    text = f"def jax_step(arrays):\n    def step(state, arrays):\n        return {result}\n"
    parts = _parts(tmp_path, "jax", f"{text}    return step, {state}\n")
    with pytest.raises(user_workload.UserFileError, match=r"mine\.py:3:") as caught:
        parts.step(parts.state, parts.inputs)
    assert told in str(caught.value)


def test_what_is_right_passes_every_time(tmp_path: Path) -> None:
    text = "def jax_step(a):\n    return (lambda s, a: (s, None)), (1.0, (2.0,))\n"
    parts = _parts(tmp_path, "jax", text)
    for _ in range(3):
        assert parts.step(parts.state, parts.inputs) == (parts.state, None)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("    return {'x': rng.nothing(3)}", "mine.py:2: AttributeError"),
        ("    return None", "mine.py:1: inputs() must return a dict"),
        ("    return {'x': [1]}", "mine.py:1: inputs()['x'] is no NumPy array"),
    ],
)
def test_inputs_that_fail_are_told_before_anything_is_measured(
    tmp_path: Path, body: str, told: str
) -> None:
    text = f"def inputs(rng):\n{body}\n\ndef torch_step(a): ...\n"
    path = _written(tmp_path / "mine.py", text)
    with pytest.raises(UserError) as caught:
        read_catalogue(WORKER, tmp_path, [path])
    assert told in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_constant_that_is_no_number_is_told(tmp_path: Path) -> None:
    text = "FLOPS = 'many'\ndef inputs(rng): ...\ndef torch_step(a): ...\n"
    with pytest.raises(user_workload.UserFileError, match=r"mine\.py:1: FLOPS has to be a number"):
        user_workload.load(_written(tmp_path / "mine.py", text))
