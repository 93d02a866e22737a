"""What comes inside each package, and whether one needs the other."""

from __future__ import annotations

import importlib.util
import pkgutil
import subprocess
import sys
from typing import Any

from probes.behaviour.seeing import error_of


def _public_modules(package: str) -> list[str]:
    spec = importlib.util.find_spec(package)
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    return sorted(m.name for m in pkgutil.iter_modules(places) if not m.name.startswith("_"))


def _loaded_with(package: str, other: str) -> bool | None:
    """Whether importing *package* in a fresh process loads *other*; None where it fails."""
    code = f"import sys, {package}; print({other!r} in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    return None if done.returncode else done.stdout.split()[-1:] == ["True"]


def _findings(package: str, other: str) -> dict[str, Any]:
    modules = _public_modules(package)
    return {
        "modules": len(modules),
        "tuners": sum("tun" in name or "hpo" in name for name in modules),
        "loads_other": _loaded_with(package, other),
    }


def torch_findings() -> dict[str, Any]:
    """``torch``: its data loader is tried on ten numbers."""
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    def shuffled() -> Any:
        batches = DataLoader(TensorDataset(torch.arange(10)), batch_size=5, shuffle=True)
        assert sorted(int(v) for (batch,) in batches for v in batch) == list(range(10))

    return {
        **_findings("torch", "jax"),
        "loader": error_of(shuffled) == "",
        "function_transforms": all(hasattr(torch.func, n) for n in ("grad", "vmap", "jvp")),
    }


def jax_findings() -> dict[str, Any]:
    """``jax``: no module of it is a loader of data, if none is called so."""
    import jax

    names = _public_modules("jax")
    return {
        **_findings("jax", "torch"),
        "loader": any("data" in name or "loader" in name for name in names),
        "function_transforms": all(hasattr(jax, n) for n in ("grad", "vmap", "jvp")),
        "mutable_refs": hasattr(jax, "new_ref"),
    }
