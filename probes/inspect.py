"""Says what THIS interpreter holds: Python, frameworks, packages, and devices when asked.

``probes inspect`` reads package metadata only, which takes milliseconds; ``--devices FRAMEWORK``
imports that framework and lists the devices that it can really use. Prints one JSON object.
Knows nothing of other interpreters, and judges nothing.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import gc
import importlib.util
import os
import sys
import sysconfig
from collections.abc import Iterator
from typing import Any

from probes import PROTOCOL, host
from probes.protocol import Channel

PACKAGES = (
    "pip",
    "numpy",
    "scipy",
    # PyTorch and what is built on it
    "torch",
    "torchvision",
    "torchaudio",
    "torchcodec",
    "torchrec",
    "torchtitan",
    "torchtune",
    "torchax",
    "torch-geometric",
    "torch-tpu",
    "torch-xla",
    "torch-neuronx",
    "triton",
    "transformers",
    "diffusers",
    "peft",
    "trl",
    "accelerate",
    "vllm",
    "vllm-torchtpu",
    "sglang",
    "executorch",
    "litert-torch",
    "lightning",
    "deepspeed",
    "timm",
    "dgl",
    "pyro-ppl",
    "isaaclab",
    "keras",
    "tensorflow",
    "onnx",
    # JAX and what is built on it
    "jax",
    "jaxlib",
    "jax-cuda12-plugin",
    "jax-cuda12-pjrt",
    "jax-cuda13-plugin",
    "jax-cuda13-pjrt",
    "jax-rocm60-plugin",
    "jax-rocm7-plugin",
    "jax-rocm7-pjrt",
    "jax-oneapi-plugin",
    "jax-metal",
    "jax-mps",
    "jax-neuronx",
    "libtpu",
    "flax",
    "optax",
    "orbax-checkpoint",
    "orbax-export",
    "equinox",
    "diffrax",
    "numpyro",
    "blackjax",
    "brax",
    "playground",
    "jraph",
    "grain",
    "maxtext",
    "google-tunix",
    "tpu-inference",
    "vllm-jax",
    "wrap-torch2jax",
    # where both share one environment, these decide whether both can see the GPU
    "nvidia-cudnn-cu12",
    "nvidia-cudnn-cu13",
    "nvidia-cublas-cu12",
    "nvidia-cublas",
)
_MODULES = {"pytorch": "torch", "jax": "jax"}


def holdings(extra_packages: tuple[str, ...] = ()) -> dict[str, Any]:
    """What metadata and files say, without importing a framework."""
    return {
        "protocol": PROTOCOL,
        "python": host.python_version(),
        "implementation": sys.implementation.name,
        "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "platform": sys.platform,
        # torch.compile's C++ code includes Python.h on the CPU.
        "headers": os.path.isfile(os.path.join(sysconfig.get_path("include"), "Python.h")),
        "packages": _versions((*PACKAGES, *extra_packages)),
        "frameworks": {name: _framework(module) for name, module in _MODULES.items()},
    }


def _versions(names: tuple[str, ...]) -> dict[str, str]:
    from importlib import metadata

    found = {}
    for name in sorted(set(names)):
        try:
            version = metadata.version(name)
        except Exception:  # noqa: S112  (absent, or broken: an interrupted pip leaves both behind)
            continue
        if isinstance(version, str):
            found[name] = version
    return found


def _framework(module: str) -> dict[str, Any] | None:
    directory = _package_directory(module)
    if directory is None:
        return None
    constants = _constants(os.path.join(directory, "version.py"))
    version = constants.get("__version__") or _versions((module,)).get(module)
    if module == "torch":
        build = {key: constants.get(key) for key in ("cuda", "hip", "xpu")}
        return {"version": version, "build": build, "lacks": []}
    version = version or constants.get("_version")
    lacks = [] if _package_directory("jaxlib") else ["jaxlib"]
    return {"version": version, "build": {}, "lacks": lacks}


def _package_directory(module: str) -> str | None:
    """Where a package lies, found without running any of it; None for a bare directory too."""
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return None
    if spec is None or not spec.origin or not os.path.basename(spec.origin).startswith("__init__"):
        return None
    return os.path.dirname(spec.origin)


def _constants(path: str) -> dict[str, Any]:
    """The constants that a module assigns at its top level, read without running it."""
    try:
        with open(path, encoding="utf-8") as file:
            tree = ast.parse(file.read(1 << 20))
    except (OSError, ValueError, SyntaxError):
        return {}
    found: dict[str, Any] = {}
    for node in tree.body:
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        value = getattr(node, "value", None)
        for target in targets:
            if isinstance(target, ast.Name) and isinstance(value, ast.Constant):
                found[target.id] = value.value
    return found


def devices_of(framework: str) -> dict[str, Any]:
    """The devices of one framework, with what it warned of on the way.

    Returns:
        ``devices`` (each with ``device``, ``kind``, ``name``, ``memory_bytes``, ``usable`` and
        ``error``), ``warnings`` and ``error`` (None, or why the framework would not start).
    """
    from probes import devices

    with devices.listening() as heard, _not_collecting():
        try:
            found = devices.list_devices(framework)
            error = None
        except Exception as raised:
            found, error = [], f"{type(raised).__name__}: {str(raised).strip()[-600:]}"
    return {"devices": found, "warnings": heard[:20], "error": error}


@contextlib.contextmanager
def _not_collecting() -> Iterator[None]:
    """What a framework's import makes stays; looking for dead objects takes a tenth of its time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def main(argv: list[str]) -> int:
    """Print one JSON object on stdout; everything else goes to stderr."""
    parser = argparse.ArgumentParser(prog="probes inspect")
    parser.add_argument("--devices", choices=tuple(_MODULES), default=None)
    parser.add_argument("--packages", default="", help="further distributions, comma-separated")
    options = parser.parse_args(argv)
    channel = Channel()
    extra = tuple(name for name in options.packages.split(",") if name)
    found = holdings(extra)
    if options.devices:
        found["asked"] = {options.devices: devices_of(options.devices)}
    channel.reply({"ok": True, **found})
    return 0
