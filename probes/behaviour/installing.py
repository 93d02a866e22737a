"""What the installed distributions say about installing them; no network is asked."""

from __future__ import annotations

import re
import shutil
import sys
from importlib import metadata
from typing import Any


def _findings(distribution: str) -> dict[str, Any]:
    stated = metadata.metadata(distribution)
    requires = stated["Requires-Python"] or ""
    floor = re.search(r">=\s*3\.(\d+)", requires)
    return {
        "python": f"{sys.version_info[0]}.{sys.version_info[1]}",
        "version": metadata.version(distribution),
        "requires_python": requires,
        # The 11 of 3.11.
        "oldest_minor": int(floor.group(1)) if floor else None,
        "conda": shutil.which("conda") is not None,
    }


def torch_findings() -> dict[str, Any]:
    """PyTorch's wheel: for which Python, and whether it holds CUDA."""
    import torch

    return {**_findings("torch"), "with_gpu_code": bool(torch.version.cuda or torch.version.hip)}


def jax_findings() -> dict[str, Any]:
    """JAX's wheel: whether jaxlib comes with it, and code for GPUs."""
    needs = [line for line in metadata.requires("jax") or [] if "extra" not in line]
    names = {re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0].lower() for line in needs}
    plugins = [d for d in ("jax-cuda12-plugin", "jax-cuda13-plugin", "jax-rocm7-plugin") if _has(d)]
    return {
        **_findings("jax"),
        "jaxlib_comes_along": "jaxlib" in names,
        "gpu_code_needed": any("cuda" in name or "rocm" in name for name in names),
        "with_gpu_code": bool(plugins),
    }


def _has(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True
