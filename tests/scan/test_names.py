"""Aliases: what a name refers to, however it was imported, and what hides it."""

from __future__ import annotations

import pytest

HESSIAN = ("code.transform", "hessian")


@pytest.mark.parametrize(
    "text",
    [
        "import torch\ntorch.func.hessian(f)",
        "import torch as t\nt.func.hessian(f)",
        "import torch.func\ntorch.func.hessian(f)",
        "import torch.func as tf\ntf.hessian(f)",
        "from torch import func\nfunc.hessian(f)",
        "from torch.func import hessian\nhessian(f)",
        "from torch.func import hessian as h\nh(f)",
        "import torch\nhs = torch.func.hessian\nhs(f)",
        "import torch\ndef g():\n    h = torch.func.hessian\n    return h(f)",
        "def g():\n    from torch.func import hessian\n    return hessian(f)",
        "try:\n    from torch.func import hessian\nexcept ImportError:\n    pass\nhessian(f)",
        "import torch\nf = list(map(torch.func.hessian, fs))",
        "from functools import partial\nimport torch\np = partial(torch.func.hessian, argnums=1)",
        "import torch\n@torch.func.hessian\ndef f(x): return x",
    ],
)
def test_a_name_is_known_however_it_was_imported(said, text):
    assert HESSIAN in {(key, value) for key, value, _ in said(text)}


@pytest.mark.parametrize(
    "text",
    [
        "import torch\nhessian(f)",
        "from mine import hessian\nhessian(f)",
        "from torch.func import hessian\ndef g(hessian):\n    return hessian(f)",
        "from torch.func import hessian\ndef g():\n    hessian = 3\n    return hessian",
        "import torch\nx = 'torch.func.hessian(f)'\n# torch.func.hessian(f)",
        "import mytorch as torch\ntorch.func.hessian(f)",
        "from .torch.func import hessian\nhessian(f)",
    ],
)
def test_another_name_of_the_same_spelling_is_not(said, text):
    assert HESSIAN not in {(key, value) for key, value, _ in said(text)}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (
            "from torch.nn.modules.linear import Linear\nLinear(1, 2)",
            "torch.nn.modules.linear.Linear",
        ),
        ("from torch.nn.modules.conv import Conv2d\nConv2d(1, 2, 3)", "torch.nn.Conv2d"),
        ("from torch.optim.adam import Adam\nAdam(p)", "torch.optim.Adam"),
        ("from torch.utils.data.dataset import Dataset\nDataset()", "torch.utils.data.Dataset"),
        ("import jax.numpy as np\nnp.sin(x)", "jax.numpy.sin"),
        ("import torch\ntorch.ops.mine.kernel(x)", "torch.ops"),
        ("from torch.distributed import ReduceOp\nReduceOp.SUM", "torch.distributed.ReduceOp"),
    ],
)
def test_a_name_is_counted_as_the_table_has_it(read, text, name):
    assert read(text).uses[name].times == 1


def test_modules_themselves_are_not_counted(read):
    uses = read("import torch\nfrom torch import nn\nnet = nn\nprint(torch, nn)").uses
    assert uses == {}


def test_a_name_that_no_table_has_is_counted_as_it_is(read):
    assert read("import torch\ntorch.made_up(3)").uses["torch.made_up"].times == 1


@pytest.mark.parametrize(
    ("text", "method"),
    [
        ("import torch\nx.cuda()", "torch.Tensor.cuda"),
        ("import torch\nx.detach().cpu().numpy()", "torch.Tensor.detach"),
        ("import torch\nmodel.to(device)", "torch.Tensor.to"),
        ("import torch\ny = loss.item()", "torch.Tensor.item"),
        ("import torch\nx = torch.ones(3)\nx.sum()", "torch.Tensor.sum"),
        ("import torch\nx = torch.ones(3)\n(x + 1).exp().mean()", "torch.Tensor.mean"),
        ("import torch\nopt.zero_grad()", "torch.optim.Optimizer.zero_grad"),
        ("import torch\noptimizer.step()", "torch.optim.Optimizer.step"),
        ("import jax.numpy as jnp\ny = x.at[0].set(1)", "jax.numpy.ndarray.at"),
    ],
)
def test_a_method_is_counted_where_it_is_certain_enough(read, text, method):
    assert method in read(text).uses


@pytest.mark.parametrize(
    "text",
    [
        "import torch\nimport numpy as np\nx = np.ones(3)\nx.sum()\nx.mean()\nx.reshape(3)",
        "import torch\n'a b'.split()\n','.join(x)\nitems.sort()\nenv.step(action)",
        "import numpy\nx.cuda()\nx.detach()\nx.unsqueeze(0)",
        "import torch\nframe.eval('a + b')",
    ],
)
def test_a_method_of_something_else_is_not(read, text):
    uses = set(read(text).uses)
    assert not {
        name for name in uses if name.startswith(("torch.Tensor", "torch.optim", "torch.nn"))
    }


def test_an_import_that_may_fail_is_a_hint_only(read):
    tried = (
        "import torch\ntry:\n    import flash_attn\nexcept ImportError:\n    flash_attn = None\n"
    )
    typed = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import flash_attn\n"
    for text in (tried, typed):
        sure = {f.value: f.confidence for f in read(text).findings if f.key == "must_use"}
        assert sure == {"flash-attn": "possible"}
    plain = {f.value: f.confidence for f in read("import flash_attn").findings}
    assert plain == {"flash-attn": "certain"}


def test_what_is_only_compared_with_or_listed_is_a_hint(read):
    text = "import torch\nif x.dtype == torch.float64: pass\nknown = {'f64': torch.float64}\n"
    found = [f for f in read(text).findings if f.key == "float64"]
    assert [f.confidence for f in found] == ["possible", "possible"]


def test_tests_and_documentation_give_hints_only(read):
    text = "import torch\ntorch.set_default_dtype(torch.float64)\n"
    for name in ("tests/test_a.py", "docs/conf.py", "benchmarks/run.py", "pkg/a_test.py"):
        assert {f.confidence for f in read(text, name).findings} == {"possible"}
    assert "certain" in {f.confidence for f in read(text, "pkg/a.py").findings}
