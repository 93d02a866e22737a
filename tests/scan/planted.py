"""A planted repository whose truth stands on its own lines: ``#~ key=value; key=value``.

Every line that says something carries a marker with all that it says; a line without one must give
nothing. Formats without comments have their truth in `SILENT`. The code is written to be read, not
to run, and half of it are lines that look like something and are not.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

Truth = set[tuple[str, str, str, int]]
"""Key, value, file and line of everything that a scan should find."""

_MARKER = re.compile(r"(?:#|//)~ (.*)$")

FILES: dict[str, str] = {
    "pyproject.toml": """\
[project]
name = "sparrow"
requires-python = ">=3.11,<3.12" #~ version.python=>=3.11,<3.12; python=3.11
dependencies = [
  "torch==2.6.0", #~ version.torch===2.6.0; codebase=pytorch
  "numpy>=1.26",
  "timm>=1.0", #~ must_use=timm
  "requests",
]
[project.optional-dependencies]
dev = ["pytest", "ruff"]
""",
    "requirements.txt": """\
# the rest
torchdiffeq>=0.2 #~ must_use=torchdiffeq
jax[cuda12]==0.6.0 #~ version.jax===0.6.0; codebase=jax; hardware.train=nvidia
-r other.txt
not a requirement !!
pandas
""",
    "environment.yml": """\
name: sparrow
channels: [conda-forge]
dependencies:
  - python=3.11 #~ version.python=3.11; python=3.11
  - pytorch=2.6 #~ version.torch===2.6; codebase=pytorch
  - pytorch-cuda=12.4 #~ hardware.train=nvidia
  - pip:
      - einops
      - flax>=0.10 #~ version.flax=>=0.10; must_use=flax
""",
    "uv.lock": """\
version = 1
[[package]]
name = "torch"
version = "2.6.0" #~ version.torch=2.6.0
[[package]]
name = "numpy"
version = "2.2.0"
""",
    "setup.cfg": """\
[metadata]
name = sparrow
[options]
install_requires =
    numpyro>=0.15
    scipy
""",
    "setup.py": """\
from setuptools import setup
from torch.utils.cpp_extension import BuildExtension, CUDAExtension #~ codebase=pytorch

setup(
    name="sparrow",
    ext_modules=[
        CUDAExtension( #~ code.kernel=cuda
            "sparrow_ops", ["csrc/scan.cu"]),
    ],
    cmdclass={"build_ext": BuildExtension},
    install_requires=[
        "opacus", #~ must_use=opacus
        "tqdm",
    ],
)
""",
    "docker/Dockerfile": """\
FROM nvidia/cuda:12.4.1-devel-ubuntu22.04 #~ hardware.train=nvidia; hardware.os=linux
ENV JAX_ENABLE_X64=1 #~ float64=True
RUN pip install vllm #~ must_use=vllm
COPY . /app
""",
    "scripts/train.sh": """\
#!/bin/bash
#SBATCH --nodes=4 #~ hardware.train=nvidia_cluster
# torchrun is only mentioned here
torchrun --nproc_per_node=8 train.py #~ code.distributed=process_group; hardware.train=nvidia_multi
echo done
""",
    ".python-version": "3.11.9\n",
    "csrc/scan.cu": """\
#include <cuda_runtime.h>
__global__ void scan_kernel(float* x) {} //~ code.kernel=cuda
""",
    "csrc/bind.cpp": """\
#include <torch/extension.h> //~ code.kernel=cpp
PYBIND11_MODULE(x, m) {}
""",
    "csrc/serve.cpp": """\
#include <torch/script.h> //~ deployment=cpp_server
int main() {
  auto module = torch::jit::load("model.pt"); //~ deployment=cpp_server
}
""",
    "csrc/plain.cpp": """\
#include <vector>
// torch is not used here
int add(int a, int b) { return a + b; }
""",
    "configs/model.yaml": """\
model:
  n_layer: 12 #~ model.size.layers=12
  hidden_size: 768 #~ model.size.width=768
  num_attention_heads: 12 #~ model.size.heads=12
  vocab_size: 50304 #~ model.size.vocabulary=50304
  dropout: 0.1
trainer:
  batch_size: 32 #~ model.size.batch=32
  strategy: fsdp #~ code.distributed=fsdp; hardware.train=nvidia_multi
  device: cuda #~ code.device=cuda; hardware.train=nvidia
  precision: float64 #~ float64=True
  seed: 7
  name: &run "cuda"
  again: *run
""",
    "sparrow/__init__.py": '"""Nothing here."""\n',
    "sparrow/model.py": """\
import numpy as np #~ codebase=numpy
import torch #~ codebase=pytorch
import torch.nn as nn
from torch import Tensor
from torch.nn import functional as F
from dataclasses import dataclass


@dataclass
class SparrowConfig:
    n_layer: int = 12 #~ model.size.layers=12
    n_embd: int = 768 #~ model.size.width=768
    block_size: int = 1024 #~ model.size.length=1024
    bias: bool = True
    name: str = "sparrow"


class Attention(nn.Module):
    def __init__(self, config, num_heads=8): #~ model.size.heads=8
        super().__init__()
        self.embed = nn.Embedding(50304, 768) #~ model.size.vocabulary=50304; model.size.width=768
        self.proj = nn.Linear(768, 256) #~ model.size.widths=[768, 256]
        self.act = nn.ReLU(inplace=True) #~ code.in_place=inplace
        self.register_buffer("mask", torch.ones(4, 4))

    def forward(self, x, mask=None, return_all=False):
        b, t, c = x.size()
        if mask is not None and t > 4:
            x = x.masked_fill(mask, 0.0)
        if x.shape[0] > 8 or self.training or return_all:
            x = F.relu(x)
        if x.abs().max() > 10: #~ control_flow=True
            x = x / 10
        y = self.proj(x)
        while torch.any(torch.isnan(y)): #~ control_flow=True
            y = torch.nan_to_num(y)
        scale = y.norm().item()
        if scale > 3.0: #~ control_flow=True
            y = y / scale
        y = self._gate(y)
        for step in range(int(y.sum().item())): #~ control_flow=True
            y = y + step
        z = y.view(b, -1) #~ code.view=view
        z[:, 0] = 0.0 #~ code.in_place=through_view
        y[0] = 1.0 #~ code.in_place=item
        y.add_(1.0) #~ code.in_place=method
        y += 1 #~ code.in_place=augmented
        torch.mul(y, 2, out=y) #~ code.in_place=out
        wide = y.expand(2, -1) #~ code.view=expand
        rows = np.zeros(4)
        rows[0] = 1.0
        return F.dropout(z, 0.1) + wide

    def _gate(self, y: Tensor, flag: bool = True):
        if flag and y.dim() == 3:
            return y
        if y.mean() < 0: #~ control_flow=True
            return -y
        return y

    def describe(self, names):
        if len(names) > 3:
            return "many"
        return "if x.sum() > 0: cuda"


class Clamp(torch.autograd.Function): #~ code.custom_autograd=function
    @staticmethod
    def forward(ctx, x):
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, grad):
        return grad


def helper(values):
    if values:
        return values.sum()
    return 0
""",
    "sparrow/numbers.py": """\
import torch as th #~ codebase=pytorch
import numpy as np #~ codebase=numpy

th.set_default_dtype( #~ float64=True
    th.float64) #~ float64=True


def waves(t):
    phase = th.exp(1j * t) #~ code.complex=complex
    z = th.view_as_complex(t) #~ code.complex=complex
    w = t.double() #~ float64=True
    k = th.zeros(3, dtype=th.complex64) #~ code.complex=complex
    if t.dtype == th.float32:
        w = w.float()
    return phase, z, w, k


def table():
    return np.float64(3.0), np.array([1.0]).astype("float32")
""",
    "sparrow/transforms.py": """\
import functorch #~ codebase=; code.transform=functorch
import torch #~ codebase=pytorch
from functorch import make_functional
from torch.func import functional_call, grad, hessian, jacrev, vmap
from torch.autograd import grad as gradient


def loss(params, x):
    return (params * x).sum()


def samples(params, xs):
    per_sample = vmap( #~ code.transform=vmap; transforms=per_sample_grad
        grad(loss), #~ code.transform=grad
        in_dims=(None, 0))
    return per_sample(params, xs)


def curvature(f, x):
    h = hessian(f)(x) #~ code.transform=hessian; transforms=higher_order_grad
    j = jacrev(f)(x) #~ code.transform=jacrev
    twice = jacrev( #~ code.transform=jacrev; transforms=higher_order_grad
        jacrev(f)) #~ code.transform=jacrev
    return h, j, twice


def penalty(model, x):
    g = gradient( #~ code.transform=grad; transforms=higher_order_grad
        model(x), x, create_graph=True)
    return g


def functional(model, x):
    f, p = make_functional(model) #~ code.transform=functional_call
    functional_call(model, p, x) #~ code.transform=functional_call
    return map(loss, x)
""",
    "sparrow/train.py": """\
import torch #~ codebase=pytorch
import torch.distributed as dist
from torch.distributed.fsdp import FullyShardedDataParallel as FSDP
from torch.nn.parallel import DistributedDataParallel as DDP
from torch.utils.data import DataLoader
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoModel, AutoTokenizer #~ must_use=transformers
import timm #~ must_use=timm

BATCH_SIZE = 64 #~ model.size.batch=64


def collate(items, tokenizer):
    batch = pad_sequence(items) #~ code.padding=pad_sequence; shapes=bucketed
    text = tokenizer(
        "a", padding="max_length", truncation=True) #~ code.padding=max_length; shapes=static
    more = tokenizer(
        "b", padding=True, return_tensors="pt") #~ code.padding=longest; shapes=bucketed
    few = tokenizer("c", pad_to_multiple_of=8) #~ code.padding=multiple; shapes=bucketed
    return batch, text, more, few


def main(args):
    dist.init_process_group("nccl") #~ code.distributed=process_group; hardware.train=nvidia_multi
    device = torch.device("cuda:0") #~ code.device=cuda; hardware.train=nvidia
    model = AutoModel.from_pretrained("bert-base-uncased") #~ pretrained=huggingface
    head = timm.create_model("resnet50", pretrained=True) #~ pretrained=torch_hub
    model = model.to("cuda") #~ code.device=cuda; hardware.train=nvidia
    model.cuda() #~ code.device=cuda; hardware.train=nvidia
    model = DDP(model) #~ code.distributed=ddp; hardware.train=nvidia_multi
    model = FSDP(model) #~ code.distributed=fsdp; hardware.train=nvidia_multi
    quick = torch.compile(model) #~ code.compile=torch_compile
    size = torch.export.Dim("n") #~ shapes=dynamic; code.dynamic_shape=dynamic_dimension
    loader = DataLoader([], batch_size=32, collate_fn=collate) #~ model.size.batch=32
    label = "cuda is only a word in this sentence"
    for batch in loader:
        loss = quick(batch)
        loss.backward()
        if loss.item() > 3:
            print("not in a step")
    keep = torch.nonzero(loss) #~ code.dynamic_shape=nonzero
    return device, head, label, keep, size
""",
    "sparrow/serve.py": """\
import torch #~ codebase=pytorch
from fastapi import FastAPI #~ code.serving=fastapi; deployment=python_server

app = FastAPI()


def export(model, x):
    torch.onnx.export(model, x, "model.onnx") #~ code.export=onnx
    script = torch.jit.script(model) #~ code.export=torchscript
    program = torch.export.export(model, (x,)) #~ code.export=torch_export
    return script, program
""",
    "sparrow/kernels.py": """\
import triton #~ must_use=triton
import triton.language as tl
import torch #~ codebase=pytorch


@triton.jit #~ code.kernel=triton
def kernel(x_ptr, n, BLOCK_SIZE: tl.constexpr):
    pid = tl.program_id(0)


@torch.library.custom_op("sparrow::f", mutates_args=()) #~ code.kernel=custom_op
def f(x: torch.Tensor) -> torch.Tensor:
    return x.clone()


def strided(x: torch.Tensor):
    return torch.as_strided(x, (2, 2), (1, 2)) #~ code.view=as_strided
""",
    "jaxside/__init__.py": "",
    "jaxside/physics.py": """\
import jax #~ codebase=jax
import jax.numpy as jnp
from functools import partial
from jax import lax
from jax.experimental import pallas as pl
from jax.experimental.shard_map import shard_map
from jax.sharding import NamedSharding, PartitionSpec as P
import diffrax #~ must_use=diffrax

jax.config.update("jax_enable_x64", True) #~ float64=True


def energy(x):
    return jnp.sum(x ** 2)


@jax.custom_vjp #~ code.custom_autograd=custom_vjp
def clip(x):
    return x


@partial(
    jax.jit, #~ code.compile=jit
    static_argnums=1)
def step(x, n):
    y = jnp.sin(x)
    if n > 3:
        y = jnp.cos(y)
    if jnp.any(y > 1): #~ control_flow=True
        y = y - 1
    return y


def rollout(x0, env):
    def body(carry, _):
        return carry + 1, carry

    xs = lax.scan(body, x0, None, length=1000) #~ code.transform=scan; transforms=long_scan
    ys = lax.while_loop( #~ code.transform=while_loop; transforms=long_scan
        lambda s: s < 3, lambda s: s + 1, 0)
    many = jax.vmap(env.step)(x0) #~ code.transform=vmap; transforms=vectorized_simulation
    x0 = x0.at[0].set(1.0)
    return xs, ys, many, x0


def second(x):
    first = jax.grad(energy) #~ code.transform=grad
    return jax.grad(first)(x) #~ code.transform=grad; transforms=higher_order_grad


def shards(mesh, f, x):
    spec = P() #~ code.distributed=sharding
    g = shard_map(f, mesh, in_specs=spec, out_specs=spec) #~ code.distributed=shard_map
    s = NamedSharding(mesh, P("data")) #~ code.distributed=sharding
    h = jax.pmap(f) #~ code.distributed=pmap
    z = jnp.zeros(3, dtype=jnp.complex64) #~ code.complex=complex
    k = pl.pallas_call(f, out_shape=x) #~ code.kernel=pallas
    u = jnp.unique(x) #~ code.dynamic_shape=unique
    tpus = jax.devices("tpu") #~ code.device=tpu; hardware.train=tpu
    return g, s, h, z, k, u, tpus
""",
    "jaxside/models.py": """\
import flax.linen as nn #~ must_use=flax
import optax #~ must_use=optax
import gymnax #~ must_use=gymnax; environment_kind=in_graph; transforms=vectorized_simulation
from jax import export #~ codebase=jax


class MLP(nn.Module):
    hidden_dim: int = 64

    @nn.compact
    def __call__(self, x):
        if x.ndim > 2:
            x = x.reshape(-1)
        return nn.Dense(10)(nn.relu(x))


def save(f, x):
    return export.export(f)(x) #~ code.export=jax_export


opt = optax.chain(optax.clip(1.0), optax.adam(1e-3))
""",
    "configs/small.py": """\
n_layer = 6 #~ model.size.layers=6
n_head = 6 #~ model.size.heads=6
device = "cuda" #~ code.device=cuda; hardware.train=nvidia
learning_rate = 1e-3
""",
    "sparrow/settings.py": """\
from dataclasses import dataclass


@dataclass
class Settings:
    hidden_size: int = 512 #~ model.size.width=512
    seq_len: int = 128 #~ model.size.length=128
    sizes: tuple = (1, 2)
    name: str = "cuda"
""",
    "tools/plain.py": """\
import json
import os


def forward(x):
    if x.sum() > 0:
        return x
    x[0] = 1
    return json.dumps({"cuda": 1, "n_layer": "twelve"})


TEXT = "import torch; torch.float64; jax.vmap"
""",
    "tools/decoys.py": """\
import numpy as np #~ codebase=numpy
import pandas as pd


class Grid:
    def view(self, x):
        return x

    def forward(self, x):
        x[0] = 1
        if x.any():
            return x.copy()
        return self.view(x).expand(3)


def torch(x):
    return x.cuda()


def jacrev(f):
    return f


value = jacrev(lambda x: x)
frame = pd.DataFrame({"batch": [1]})
matrix = np.zeros((3, 3))
matrix[0, 0] = 2
""",
    "tests/test_model.py": """\
import torch #~ codebase=pytorch


def test_double():
    assert torch.zeros(2, dtype=torch.float64).sum() == 0 #~ float64=True
""",
}

_NOTEBOOK: dict[str, Any] = {
    "cells": [
        {"cell_type": "markdown", "source": ["import torch\n", "x.cuda()"], "metadata": {}},
        {
            "cell_type": "code",
            "execution_count": 1,
            "metadata": {},
            "outputs": [{"text": ["torch.float64"]}],
            "source": ["%matplotlib inline\n", "!pip install peft\n", "import torch\n"],
        },
        {
            "cell_type": "code",
            "execution_count": None,
            "metadata": {},
            "outputs": [],
            "source": ["x = torch.zeros(3)\n", "x[0] = 1.0\n", "y = x.cuda()"],
        },
        {"cell_type": "code", "metadata": {}, "outputs": [], "source": ["print 'python 2'"]},
    ],
    "metadata": {},
    "nbformat": 4,
    "nbformat_minor": 5,
}
_CONFIG = {"architectures": ["Sparrow"], "num_hidden_layers": 24, "block_out_channels": [32, 64]}

JSON_FILES: dict[str, Any] = {
    "notebooks/demo.ipynb": _NOTEBOOK,
    "checkpoints/config.json": _CONFIG,
    "data/rows.json": {"n_layer": 3, "device": "cuda"},
}

SILENT: dict[str, list[tuple[str, str, str]]] = {
    ".python-version": [("version.python", "3.11.9", "3.11.9"), ("python", "3.11", "3.11.9")],
    "setup.cfg": [("must_use", "numpyro", "numpyro>=0.15")],
    "notebooks/demo.ipynb": [
        ("must_use", "peft", "!pip install peft"),
        ("codebase", "pytorch", "import torch\\n"),
        ("code.in_place", "item", "x[0] = 1.0"),
        ("code.device", "cuda", "y = x.cuda()"),
        ("hardware.train", "nvidia", "y = x.cuda()"),
    ],
    "checkpoints/config.json": [
        ("model.size.layers", "24", "num_hidden_layers"),
        ("model.size.widths", "[32, 64]", "block_out_channels"),
    ],
}
"""What files without comments say: key, value, and a part of the line (its last place counts)."""


def plant(root: Path) -> Truth:
    """Write the repository below *root*; returns its truth."""
    texts = {**FILES, **{name: json.dumps(data, indent=1) for name, data in JSON_FILES.items()}}
    truth: Truth = set()
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        for number, line in enumerate(text.split("\n"), start=1):
            match = _MARKER.search(line)
            for entry in match.group(1).split("; ") if match else ():
                key, _, value = entry.strip().partition("=")
                if value:
                    truth.add((key, value, name, number))
        for key, value, part in SILENT.get(name, ()):
            lines = [n for n, line in enumerate(text.split("\n"), start=1) if part in line]
            truth.add((key, value, name, lines[-1]))
    return truth
