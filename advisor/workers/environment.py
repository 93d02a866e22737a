"""The environment that workers get: built from an allow-list, equal for all, recorded whole.

Inherited tuning variables would change what is measured without a trace in the evidence:
they are dropped and listed. Loader and accelerator paths are kept, since without them a
framework does not start on many clusters.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from advisor.text import private

_KEPT = frozenset(
    {
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "LD_LIBRARY_PATH",
        "LIBRARY_PATH",
        "PYTHONPATH",
        "CONDA_PREFIX",
        "VIRTUAL_ENV",
        "SYSTEMROOT",
        "WINDIR",
        "CC",
        "CXX",
        "CUDA_HOME",
        "CUDA_PATH",
        "CUDA_DEVICE_ORDER",
        "CUDA_VISIBLE_DEVICES",
        "NVIDIA_VISIBLE_DEVICES",
        "ROCM_PATH",
        "HIP_VISIBLE_DEVICES",
        "ROCR_VISIBLE_DEVICES",
        "HSA_OVERRIDE_GFX_VERSION",
        "ZE_AFFINITY_MASK",
        "ONEAPI_DEVICE_SELECTOR",
        # Where a TPU's chips and its slice are: libtpu hangs or fails without them.
        "TPU_NAME",
        "TPU_VISIBLE_CHIPS",
        "TPU_VISIBLE_DEVICES",
        "TPU_ACCELERATOR_TYPE",
        "TPU_TOPOLOGY",
        "TPU_CHIPS_PER_HOST_BOUNDS",
        "TPU_HOST_BOUNDS",
        "TPU_CHIPS_PER_PROCESS_BOUNDS",
        "TPU_PROCESS_BOUNDS",
        "TPU_PROCESS_ADDRESSES",
        "TPU_PROCESS_PORT",
        "TPU_WORKER_ID",
        "TPU_WORKER_HOSTNAMES",
        "TPU_SKIP_MDS_QUERY",
        "CLOUD_TPU_TASK_ID",
        "NEURON_RT_VISIBLE_CORES",
    }
)
# Names of machines and users' own names: that they are set is all that is shown.
_NAMES = frozenset({"TPU_NAME", "TPU_WORKER_HOSTNAMES", "TPU_PROCESS_ADDRESSES"})
_NEVER_SHOWN = frozenset({"HOME", "USER", "LOGNAME", "PATH", "PYTHONPATH"})
_CHOOSING = ("VISIBLE_DEVICES", "VISIBLE_CHIPS", "DEVICE_SELECTOR", "AFFINITY_MASK")
_DEVICE_ID = re.compile(r"\b(?:GPU|MIG)-")
# What else changes the speed or the precision of a framework; named when dropped.
_TUNING_PREFIXES = (
    "OMP_",
    "MKL_",
    "KMP_",
    "GOMP_",
    "OPENBLAS_",
    "BLIS_",
    "NUMEXPR_",
    "VECLIB_",
    "ATEN_",
    "TORCH",
    "PYTORCH_",
    "JAX_",
    "XLA_",
    "TF_CPP_",
    "TF_ENABLE_",
    "TF_XLA_",
    "TF_CUDNN_",
    "NVIDIA_TF32",
    "CUBLAS_",
    "CUDA_LAUNCH",
    "CUDNN_",
    "MIOPEN_",
    "NPROC",
    "PJRT_",
    "LD_PRELOAD",
    "MALLOC_",
    "TRITON_",
    "NEURON_",
    "TPU_",
    "LIBTPU_",
    "HSA_",
    "AMD_",
    "CUDA_DEVICE_MAX",
    "CUDA_MODULE_LOADING",
)


# Names of further variables to keep, separated by commas; set by --keep-env.
KEEP_ENV = "FW_ADVISOR_KEEP_ENV"


def worker_environment(
    workspace: Path,
    toolchain_key: str,
    inherited: Mapping[str, str] | None = None,
    *,
    cores: int = 0,
) -> dict[str, str]:
    """The variables for one toolchain's workers, compile caches private to *workspace*.

    What a first launch compiled is there for later ones. Whether a loaded program is as fast as a
    fresh one is open: on a busy machine (2026-11-25, six pairs of processes each, pinned to one
    core) it took 0.93 to 1.08 times the time for transformer_train, median 1.01, and 0.90 to 1.33
    for mlp_train, median 1.015; four pairs that were not pinned took 1.01 to 1.30. Building took a
    third to a fifth.

    JAX's cache is one per number of *cores*, which its keys leave out although XLA divides work by
    it on the CPU; Inductor's keys hold the number of threads.
    """
    inherited = os.environ if inherited is None else inherited
    kept_names = _KEPT | set(kept_tuning(inherited))
    kept = {name: value for name, value in inherited.items() if name in kept_names}
    caches = workspace / "caches" / toolchain_key
    temporary = workspace / "tmp"
    for directory in (caches, temporary):
        directory.mkdir(parents=True, exist_ok=True)
    ours = {
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "PYTHONNOUSERSITE": inherited.get("PYTHONNOUSERSITE", ""),
        "TMPDIR": str(temporary),
        "TORCHINDUCTOR_CACHE_DIR": str(caches / "inductor"),
        "TRITON_CACHE_DIR": str(caches / "triton"),
        # https://docs.jax.dev/en/latest/persistent_compilation_cache.html: all programs, at once
        "JAX_ENABLE_COMPILATION_CACHE": "true",
        "JAX_COMPILATION_CACHE_DIR": str(caches / f"jax-{cores}"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        # JAX would reserve three quarters of a GPU that the other framework needs too.
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    }
    return {**ours, **kept}


# What differs from shell to shell and moves no time: the interpreter is named by its path.
_OF_THE_SHELL = frozenset({"PATH", "HOME", "USER", "LOGNAME"})


def inherited_digests(inherited: Mapping[str, str] | None = None) -> dict[str, str]:
    """By variable that workers inherit a digest of its value: it is compared and never told."""
    inherited = os.environ if inherited is None else inherited
    names = (_KEPT | set(kept_tuning(inherited))) - _OF_THE_SHELL
    return {
        name: hashlib.sha256(inherited[name].encode("utf-8", "replace")).hexdigest()[:16]
        for name in sorted(names)
        if name in inherited
    }


def kept_tuning(inherited: Mapping[str, str] | None = None) -> list[str]:
    """The tuning variables that workers get because the user named them, sorted."""
    inherited = os.environ if inherited is None else inherited
    named = {name.strip() for name in inherited.get(KEEP_ENV, "").split(",")}
    return sorted(name for name in named if name and name in inherited)


def dropped_tuning(inherited: Mapping[str, str] | None = None) -> dict[str, str]:
    """Tuning variables of the caller's environment that workers do not get."""
    inherited = os.environ if inherited is None else inherited
    kept = _KEPT | set(kept_tuning(inherited))
    return {
        name: private(value)[:200]
        for name, value in sorted(inherited.items())
        if name.startswith(_TUNING_PREFIXES) and name not in kept
    }


def recorded(environment: Mapping[str, str], workspace: Path) -> dict[str, str]:
    """What of *environment* goes into the evidence: nothing that names a person or a place."""
    shown = {}
    for name, value in sorted(environment.items()):
        if name not in _NEVER_SHOWN and value:
            shown[name] = shown_value(name, value.replace(str(workspace), "<workspace>"))
    return shown


def shown_value(name: str, value: str) -> str:
    """What may be shown of the variable *name*: no device's serial number, no machine's name."""
    if name in _NAMES:
        return "<set>"
    if name.endswith(_CHOOSING) and _DEVICE_ID.search(value):
        devices = [part for part in value.split(",") if part.strip()]
        return f"<{len(devices)} device{'' if len(devices) == 1 else 's'}>"
    return private(value)[:200]
