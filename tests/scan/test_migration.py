"""What moving would take: names with their counterparts, what to redesign, a class of effort."""

from __future__ import annotations

import pytest

from advisor.scan.collected import Collected
from advisor.scan.migration import LIBRARY, UNLISTED, moving_from
from advisor.scan.scanning import scan_code

SMALL = """\
import torch
import torch.nn as nn
import torch.nn.functional as F

net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
y = F.softmax(net(torch.zeros(2, 3)), dim=-1)
z = torch.made_up(y)
"""


@pytest.fixture
def collected(tree, knowledge):
    def collector(files: dict[str, str]) -> Collected:
        return scan_code(tree(files), knowledge)

    return collector


def test_every_name_is_counted_with_its_counterpart(collected):
    moving = moving_from("pytorch", collected({"a.py": SMALL}))
    moves = {move.use.name: move for move in moving.moves}
    assert moves["torch.nn.Linear"].use.times == 2
    assert moves["torch.nn.Linear"].to == "flax.nnx.Linear"
    assert moves["torch.nn.Linear"].fit == "close"
    assert moves["torch.nn.functional.softmax"].to == "jax.nn.softmax"
    assert moves["torch.made_up"].fit == UNLISTED
    assert moves["torch.made_up"].to is None
    assert (moves["torch.nn.Linear"].use.file, moves["torch.nn.Linear"].use.line) == ("a.py", 5)


def test_coverage_is_counted_over_names_and_references(collected):
    moving = moving_from("pytorch", collected({"a.py": SMALL}))
    assert moving.coverage == (6, 5, 7, 6)


def test_both_directions_are_told_apart(collected):
    files = {"a.py": SMALL, "b.py": "import jax.numpy as jnp\ny = jnp.sin(jnp.zeros(3))\n"}
    both = collected(files)
    assert {m.use.name for m in moving_from("jax", both).moves} == {
        "jax.numpy.sin",
        "jax.numpy.zeros",
    }
    assert all(m.use.name.startswith("torch") for m in moving_from("pytorch", both).moves)


def test_there_is_no_effort_where_there_is_nothing_to_move(collected):
    assert moving_from("jax", collected({"a.py": SMALL})).effort is None


REDESIGNS = {
    "in_place": ("import torch\nx = torch.zeros(3)\nx[0] = 1\n", "pytorch"),
    "state": ("import torch\nself.register_buffer('a', b)\n", "pytorch"),
    "control_flow": ("import jax\ny = jax.lax.while_loop(a, b, c)\n", "jax"),
    "rng": ("import torch\ntorch.manual_seed(0)\nx = torch.rand(3)\n", "pytorch"),
    "data_loading": ("from torch.utils.data import DataLoader\nDataLoader([])\n", "pytorch"),
    "kernels": (
        "import triton\nimport torch\n@triton.jit\ndef k(): pass\ntorch.sin(x)\n",
        "pytorch",
    ),
    "custom_autograd": ("import jax\n@jax.custom_vjp\ndef f(x): return x\n", "jax"),
    "distributed": ("import torch\ntorch.distributed.all_reduce(x)\n", "pytorch"),
    "dynamic_shapes": ("import torch\ny = torch.nonzero(x)\n", "pytorch"),
}


@pytest.mark.parametrize("part", REDESIGNS)
def test_every_part_to_redesign_is_found_with_its_place(collected, part):
    text, framework = REDESIGNS[part]
    moving = moving_from(framework, collected({"a.py": text}))
    found = {p.redesign.id: p for p in moving.parts}
    assert part in found
    assert found[part].times >= 1
    assert found[part].places[0][0] == "a.py"


def test_tests_do_not_add_to_the_effort(collected):
    alone = moving_from("pytorch", collected({"a.py": SMALL}))
    tested = moving_from("pytorch", collected({"a.py": SMALL, "tests/test_a.py": SMALL * 20}))
    assert sum(c.points for c in tested.costs) == sum(c.points for c in alone.costs)
    assert tested.coverage[2] > alone.coverage[2]


def test_more_code_is_never_less_effort(collected):
    """The class goes up with what there is to do, from small to very large."""
    order = ["small", "medium", "large", "very_large"]
    write = "import torch\nx = torch.zeros(3)\n" + "".join(f"x[{i}] = 1\n" for i in range(40))
    classes = []
    for files in (1, 4, 30, 150):
        moving = moving_from("pytorch", collected({f"a{i}.py": write for i in range(files)}))
        assert moving.effort is not None
        classes.append(moving.effort.id)
    assert classes == sorted(classes, key=order.index)
    assert classes[0] == "small"
    assert classes[-1] == "very_large"


def test_one_kernel_of_ones_own_is_never_a_small_effort(collected):
    moving = moving_from("pytorch", collected({"a.py": SMALL, "k.cu": "__global__ void k() {}\n"}))
    assert moving.effort is not None
    assert moving.effort.id == "medium"


def test_a_library_without_a_counterpart_is_named_and_counted(collected):
    text = "import torch\nimport torch_geometric\nimport torchdiffeq\ny = torch.sin(x)\n"
    moving = moving_from("pytorch", collected({"a.py": text}))
    libraries = {m.use.name: m for m in moving.moves if m.kind == LIBRARY}
    assert libraries["torch-geometric"].to is None
    assert libraries["torchdiffeq"].to == "diffrax"
    assert next(c for c in moving.costs if c.part == LIBRARY).points > 0


def test_the_reasons_add_up_to_the_class(collected, knowledge):
    moving = moving_from("pytorch", collected({"a.py": SMALL}))
    points = sum(cost.points for cost in moving.costs)
    assert moving.effort == knowledge.effort.class_of(points)
    assert [c.points for c in moving.costs] == sorted(
        (c.points for c in moving.costs), reverse=True
    )
