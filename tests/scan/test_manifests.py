"""Every kind of file that declares something: what it says, on which line."""

from __future__ import annotations

import json

import pytest

CASES: dict[str, tuple[str, str, set[tuple[str, object, int]]]] = {
    "requirements": (
        "requirements.txt",
        (
            "# torch==1.0\ntorch == 2.4.1 ; python_version > '3.8'\ntorch-geometric\n"
            "git+https://example.org/x.git#egg=diffrax\n--index-url https://example.org\n"
        ),
        {
            ("version.torch", "==2.4.1", 2),
            ("codebase", "pytorch", 2),
            ("must_use", "torch-geometric", 3),
            ("must_use", "diffrax", 4),
        },
    ),
    "requirements of a folder": ("requirements/base.txt", "jax[tpu]\n",
        {("version.jax", "any", 1), ("codebase", "jax", 1), ("hardware.train", "tpu", 1)}),
    "pyproject": (
        "pyproject.toml",
        '[project]\nrequires-python = "~=3.12.0"\ndependencies = [\n "flax>=0.8",\n]\n',
        {
            ("version.python", "~=3.12.0", 2),
            ("python", "3.12", 2),
            ("version.flax", ">=0.8", 4),
            ("must_use", "flax", 4),
        },
    ),
    "poetry": (
        "pyproject.toml",
        (
            '[tool.poetry.dependencies]\npython = "~3.11"\ntorch = {version = "^2.1"}\n'
            'numpyro = "*"\n'
        ),
        {
            ("version.python", "~3.11", 2),
            ("python", "3.11", 2),
            ("version.torch", "^2.1", 3),
            ("codebase", "pytorch", 3),
            ("must_use", "numpyro", 4),
        },
    ),
    "pixi": ("pixi.toml", '[pypi-dependencies]\ntorch = ">=2"\n',
        {("version.torch", ">=2", 2), ("codebase", "pytorch", 2)}),
    "setup.cfg": (
        "setup.cfg",
        "[options]\npython_requires = ==3.11.*\ninstall_requires =\n    jax>=0.4\n",
        {
            ("version.python", "==3.11.*", 2),
            ("python", "3.11", 2),
            ("version.jax", ">=0.4", 4),
            ("codebase", "jax", 4),
        },
    ),
    "setup.py": (
        "setup.py",
        (
            'from setuptools import setup\nREQUIRED = ["torch>=2"]\n'
            'setup(install_requires=REQUIRED,\n      python_requires=">=3.10")\n'
        ),
        {
            ("version.torch", ">=2", 2),
            ("codebase", "pytorch", 2),
            ("version.python", ">=3.10", 4),
        },
    ),
    "Pipfile": ("Pipfile", '[packages]\ntorch = "==2.5.0"\n',
        {("version.torch", "==2.5.0", 2), ("codebase", "pytorch", 2)}),
    "conda": (
        "environment.yaml",
        "dependencies:\n  - python=3.10.4\n  - conda-forge::jax>=0.4\n  - pip:\n    - optax\n",
        {
            ("version.python", "3.10.4", 2),
            ("python", "3.10", 2),
            ("version.jax", ">=0.4", 3),
            ("codebase", "jax", 3),
            ("must_use", "optax", 5),
        },
    ),
    "uv.lock": ("uv.lock", '[[package]]\nname = "jaxlib"\nversion = "0.5.3"\nsource = {}\n',
        {("version.jaxlib", "0.5.3", 3)}),
    "poetry.lock": ("poetry.lock", '[[package]]\nname = "torch"\nversion = "2.3.1"\n',
        {("version.torch", "2.3.1", 3)}),
    "pdm.lock": ("pdm.lock", '[[package]]\nname = "flax"\nversion = "0.9.0"\n',
        {("version.flax", "0.9.0", 3)}),
    "Pipfile.lock": (
        "Pipfile.lock",
        '{\n "default": {\n  "torch": {\n   "version": "==2.2.0"\n  }\n }\n}',
        {("version.torch", "2.2.0", 4)},
    ),
    "conda-lock": (
        "conda-lock.yml",
        "package:\n- name: pytorch\n  version: 2.1.0\n  manager: conda\n",
        {("version.torch", "2.1.0", 3)},
    ),
    "pixi.lock": (
        "pixi.lock",
        "packages:\n- conda: https://example.org/linux-64/pytorch-2.4.0-cpu_py311.conda\n",
        {("version.torch", "2.4.0", 2)},
    ),
    "container": (
        "Dockerfile.gpu",
        (
            "FROM --platform=linux/amd64 pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime AS base\n"
            "ENV A=1 \\\n  JAX_ENABLE_X64=True\nRUN date && \\\n  pip install -q timm==1.0\n"
        ),
        {
            ("codebase", "pytorch", 1),
            ("version.torch", "2.5.1", 1),
            ("hardware.train", "nvidia", 1),
            ("hardware.os", "linux", 1),
            ("float64", True, 3),
            ("must_use", "timm", 5),
        },
    ),
    "python image": ("Containerfile", "FROM python:3.13-slim\n",
        {("version.python", "3.13", 1), ("python", "3.13", 1), ("hardware.os", "linux", 1)}),
    "rocm image": ("Dockerfile", "FROM rocm/pytorch:latest\n", {("hardware.train", "amd", 1)}),
    "shell": (
        "launch.sbatch",
        "#!/bin/sh\n#SBATCH -N 8\naccelerate launch --num_processes 4\nexport JAX_ENABLE_X64=1\n",
        {
            ("hardware.train", "nvidia_cluster", 2),
            ("code.distributed", "accelerate", 3),
            ("hardware.train", "nvidia_multi", 3),
            ("float64", True, 4),
        },
    ),
    "python version": (".python-version", "3.12.1\n",
        {("version.python", "3.12.1", 1), ("python", "3.12", 1)}),
    "yaml": (
        "conf/model.yaml",
        (
            "model:\n  d_model: 512\n  dims: {n_layers: 6}\n  hidden_sizes: [64, 32]\n  dim: 128\n"
            "# n_head: 4\ntrainer:\n  accelerator: tpu\n  num_nodes: 2\n"
        ),
        {
            ("model.size.width", 512, 2),
            ("model.size.layers", 6, 3),
            ("model.size.widths", (64, 32), 4),
            ("model.size.width", 128, 5),
            ("code.device", "tpu", 8),
            ("hardware.train", "tpu", 8),
            ("hardware.train", "nvidia_cluster", 9),
        },
    ),
    "json": (
        "config.json",
        '{\n "n_head": 16,\n "deep": {"vocab_size": 32000,\n "torch_dtype": "float64"}\n}',
        {
            ("model.size.heads", 16, 2),
            ("model.size.vocabulary", 32000, 3),
            ("float64", True, 4),
        },
    ),
    "cuda": ("a.cu", "#include <x>\n\n__global__ void k() {}\n", {("code.kernel", "cuda", 3)}),
    "cuda header": ("a.cuh", "inline int f();\n", {("code.kernel", "cuda", 1)}),
    "xla": ("a.cc", '#include "xla/ffi/api/ffi.h"\n', {("code.kernel", "ffi", 1)}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_each_kind_of_file_says(read, case):
    name, text, expected = CASES[case]
    report = read(text, name)
    said = {
        (f.key, tuple(f.value) if isinstance(f.value, list) else f.value, f.line)
        for f in report.findings
    }
    assert said == expected
    assert report.skipped is None


def test_extras_and_development_groups_are_hints_only(read):
    text = """\
[project]
dependencies = ["numpy"]
[project.optional-dependencies]
torch = ["torch>=2"]
[dependency-groups]
dev = ["flax"]
"""
    assert {f.confidence for f in read(text, "pyproject.toml").findings if f.key == "must_use"} == {
        "possible"
    }
    assert {
        f.confidence
        for f in read("torch\n", "requirements-dev.txt").findings
        if f.key == "codebase"
    } == {"possible"}


def test_a_lock_says_versions_and_nobody_s_choice(read):
    entry = '[[package]]\nname = "{}"\nversion = "{}"\n'
    text = entry.format("transformers", "5.0.0") + entry.format("torch", "2.9.0")
    assert {f.key for f in read(text, "uv.lock").findings} == {"version.torch"}


def test_a_notebook_is_read_by_its_code_cells_with_the_lines_of_its_file(read):
    notebook = {
        "cells": [
            {"cell_type": "markdown", "source": "import jax"},
            {"cell_type": "code", "source": "%%bash\npip install jax\n", "outputs": []},
            {"cell_type": "code", "source": ["%%time\n", "import torch\n", "!nvidia-smi\n"]},
            {"cell_type": "code", "source": ["files = !ls\n", "x = torch.ones(2)\n", "x[0] = 1\n"]},
        ]
    }
    text = json.dumps(notebook, indent=2)
    report = read(text, "a.ipynb")
    lines = {(f.key, text.split("\n")[f.line - 1].strip()) for f in report.findings}
    assert lines == {("codebase", r'"import torch\n",'), ("code.in_place", r'"x[0] = 1\n"')}
    assert report.uses["torch.ones"].times == 1


@pytest.mark.parametrize(
    "name",
    [
        ".github/workflows/ci.yaml",
        "data/rows.json",
        "README.md",
        "a.txt",
        "model.pt",
        "package.json",
    ],
)
def test_other_files_are_not_read(name):
    from advisor.scan.kinds import kind_of

    assert kind_of(name) is None
