"""Arrays in Python: what branches on them, what writes into them, and what only looks like it."""

from __future__ import annotations

import pytest

MODULE = """\
import torch
import torch.nn as nn
class Net(nn.Module):
    def forward(self, x, mask=None, flag: bool = False, n: int = 3):
        y = torch.relu(x)
        {body}
        return y
"""
BRANCH = ("control_flow", True, 6)


@pytest.mark.parametrize(
    "body",
    [
        "if y.sum() > 0: y = -y",
        "if (y > 0).any(): y = -y",
        "if torch.any(y > 0): y = -y",
        "if not torch.isfinite(y).all(): y = -y",
        "if y.item() > 0: y = -y",
        "if float(y.max()) > 1 and flag: y = -y",
        "if bool(y[0] > 0): y = -y",
        "if mask.sum() == 0: y = -y",
        "while y.norm() > 1: y = y / 2",
        "y = y if y.mean() > 0 else -y",
        "for i in range(int(y.max())): y = y + i",
        "if torch.equal(y, x): y = -y",
        "if y[0, 0] > 0: y = -y",
        "if self.training and (y < 0).sum().item() > 3: y = -y",
    ],
)
def test_a_branch_on_what_stands_in_a_tensor_is_found(said, body):
    assert BRANCH in said(MODULE.format(body=body))


@pytest.mark.parametrize(
    "body",
    [
        "if flag: y = -y",
        "if n > 3: y = -y",
        "if mask is not None: y = -y",
        "if mask: y = -y",
        "if y.shape[0] > 3 or y.size(0) == 1: y = -y",
        "if y.dim() == 2 and y.ndim > 1: y = -y",
        "if x.dtype == torch.float16: y = -y",
        "if x.device.type == 'cpu': y = -y",
        "if self.training: y = -y",
        "if isinstance(y, tuple): y = y[0]",
        "if len(x) > 3 and y.numel() > 4: y = -y",
        "if y.requires_grad: y = -y",
        "for i in range(y.shape[0]): y = y + i",
        "for i in range(n): y = y + i",
        "if self.layers: y = -y",
        "if hasattr(self, 'a') or 'a' in self.b: y = -y",
    ],
)
def test_a_branch_on_shapes_types_and_flags_is_not(said, body):
    assert BRANCH not in said(MODULE.format(body=body))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("import jax\n@jax.jit\ndef f(x):\n    if x > 0:\n        return x\n", 4),
        (
            "import jax.numpy as jnp\ndef loss_fn(p):\n    if jnp.any(p > 0):\n        pass\n",
            3,
        ),
        ("import jax\ndef f(x):\n    if x.sum() > 0:\n        return x\ng = jax.jit(f)\n", 3),
        (
            "import torch\ndef train_step(m, x):\n    s = torch.sum(x)\n    if s > 3: pass\n",
            4,
        ),
        (
            "import torch\n@torch.compile\ndef f(x):\n    y = 1\n    while x.max() > 1: pass\n",
            5,
        ),
    ],
)
def test_steps_are_known_by_decorator_by_name_and_by_who_compiles_them(said, text, line):
    assert ("control_flow", True, line) in said(text)


@pytest.mark.parametrize(
    "text",
    [
        "import torch\ndef main():\n    s = torch.sum(x)\n    if s.item() < 3:\n        print(s)\n",
        "import jax\n@partial(jax.jit, static_argnums=0)\ndef f(n):\n    if n > 3: return 1\n",
        "import numpy as np\ndef forward(x):\n    if x.sum() > 0:\n        return x\n",
        "import jax\nclass Env:\n    def reset(self, x):\n        if self.done: return x\n",
    ],
)
def test_branches_outside_of_steps_are_not(said, text):
    assert not {entry for entry in said(text) if entry[0] == "control_flow"}


def test_helpers_that_a_step_calls_count_as_its_own(said):
    text = """\
import torch.nn as nn
class Net(nn.Module):
    def forward(self, x):
        return self.first(x)
    def first(self, x):
        return second(x)
    def never(self, x):
        if x.sum() > 0: return x
def second(x):
    if x.sum() > 0: return x
"""
    assert {line for key, _, line in said(text) if key == "control_flow"} == {10}


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("x[0] = 1", "item"),
        ("x[:, 0] += 1", "item"),
        ("x += 1", "augmented"),
        ("x.add_(1)", "method"),
        ("x.clamp_(0, 1)", "method"),
        ("x.view(-1)[0] = 1", "through_view"),
        ("x.t().mul_(2)", "through_view"),
        ("v = x[0:2]; v += 1", "through_view"),
        ("torch.add(x, 1, out=x)", "out"),
        ("torch.nn.ReLU(inplace=True)", "inplace"),
        ("x.data = x * 2", "data"),
        ("torch.relu_(x)", "function"),
    ],
)
def test_every_way_of_writing_in_place_is_found(said, line, value):
    text = f"import torch\nx = torch.zeros(3, 3)\n{line}\n"
    assert ("code.in_place", value, 3) in said(text)


@pytest.mark.parametrize(
    "line",
    [
        "rows[0] = 1",
        "a = np.zeros(3); a[0] = 1",
        "config['lr'] = 1",
        "n = 3; n += 1",
        "x = x + 1",
        "x.requires_grad_(True)",
        "torch.nn.init.zeros_(x)",
        "torch.add(x, 1, out=None)",
        "torch.nn.ReLU(inplace=False)",
        "self.cache_ = 1",
    ],
)
def test_what_writes_into_something_else_is_not(said, line):
    text = f"import torch\nimport numpy as np\nx = torch.zeros(3, 3)\n{line}\n"
    assert not {entry for entry in said(text) if entry[0] == "code.in_place"}


@pytest.mark.parametrize(
    ("text", "value", "there"),
    [
        ("vmap(grad(loss), in_dims=(None, 0))", "per_sample_grad", True),
        ("g = grad(loss)\nvmap(g, in_axes=(None, 0, 0))", "per_sample_grad", True),
        ("vmap(grad(field), in_dims=(0, None))", "per_sample_grad", False),
        ("jacfwd(jacrev(f))", "higher_order_grad", True),
        ("grad(lambda x: grad(f)(x).sum())", "higher_order_grad", True),
        ("def g(x):\n    return grad(f)(x)\ngrad(g)", "higher_order_grad", True),
        ("jacrev(f)", "higher_order_grad", False),
        ("grad(f)\ngrad(h)", "higher_order_grad", False),
        ("vmap(env.step)", "vectorized_simulation", True),
        ("vmap(rollout)", "vectorized_simulation", True),
        ("vmap(layer)", "vectorized_simulation", False),
    ],
)
def test_transformations_inside_one_another(said, text, value, there):
    found = said(f"from torch.func import grad, jacfwd, jacrev, vmap\n{text}\n")
    assert (value in {v for key, v, _ in found if key == "transforms"}) is there


def test_a_fallback_device_is_a_hint_beside_cuda(read):
    text = "import torch\nd = 'cuda' if a else 'mps'\n"
    sure = {f.value: f.confidence for f in read(text).findings if f.key == "hardware.train"}
    assert sure == {"nvidia": "likely", "apple": "possible"}
    alone = read("import torch\nx = y.to('mps')\n").findings
    assert {f.value: f.confidence for f in alone if f.key == "hardware.train"} == {
        "apple": "likely"
    }


def test_of_two_findings_on_one_line_the_more_certain_is_kept(read):
    found = read("import torch\ndevice = 'cuda'\n").findings
    assert [(f.value, f.confidence) for f in found if f.key == "code.device"] == [
        ("cuda", "certain")
    ]


def test_a_configuration_without_any_import_is_read_for_its_sizes(said, read):
    text = "n_layer = 6\nn_head = 8\ndevice = 'cuda'\nbatch = 3\n"
    assert {key for key, _, _ in said(text)} == {
        "model.size.layers", "model.size.heads", "code.device", "hardware.train",
    }  # fmt: skip
    assert not read("batch_size = 3\nother = 'cuda'\n", "database.py").findings
    assert read("batch_size = 3\n", "config.py").findings
