"""Workers get a named environment and nothing else; what is recorded names nobody."""

from __future__ import annotations

import json

import pytest

from advisor.workers.environment import (
    KEEP_ENV,
    dropped_tuning,
    kept_tuning,
    recorded,
    worker_environment,
)

TUNING = {
    "OMP_NUM_THREADS": "1",
    "OMP_PROC_BIND": "true",
    "MKL_NUM_THREADS": "1",
    "KMP_AFFINITY": "none",
    "GOMP_SPINCOUNT": "0",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    "JAX_PLATFORMS": "cpu",
    "JAX_COMPILATION_CACHE_DIR": "/tmp/warm",
    "JAX_ENABLE_X64": "1",
    "JAX_DEFAULT_MATMUL_PRECISION": "bfloat16",
    "TORCH_COMPILE_DISABLE": "1",
    "TORCHINDUCTOR_CACHE_DIR": "/tmp/warm",
    "TORCHINDUCTOR_FREEZING": "1",
    "TRITON_CACHE_DIR": "/tmp/warm",
    "PYTORCH_ENABLE_MPS_FALLBACK": "1",
    "NVIDIA_TF32_OVERRIDE": "1",
    "NPROC": "1",
    "PJRT_NPROC": "1",
    "LD_PRELOAD": "/usr/lib/libjemalloc.so",
    "CUDA_LAUNCH_BLOCKING": "1",
    "MALLOC_ARENA_MAX": "1",
}


@pytest.mark.parametrize("name", sorted(TUNING))
def test_what_changes_speed_or_precision_is_not_passed_on_but_named(tmp_path, name):
    inherited = {"PATH": "/bin", name: TUNING[name]}
    given = worker_environment(tmp_path, "jax-0", inherited)
    assert given.get(name) != TUNING[name]
    assert name in dropped_tuning(inherited)


def test_what_starts_a_framework_is_passed_on_and_not_named(tmp_path):
    inherited = {
        "PATH": "/bin",
        "LD_LIBRARY_PATH": "/opt/lib",
        "CUDA_VISIBLE_DEVICES": "1",
        "VIRTUAL_ENV": "/venv",
    }
    given = worker_environment(tmp_path, "jax-0", inherited)
    assert {k: given[k] for k in inherited} == inherited
    assert dropped_tuning(inherited) == {}


def test_whatever_is_not_on_the_list_stays_outside(tmp_path):
    secrets = {
        "HF_TOKEN": "hf_abcdefghijklmnopqrstuvwx",
        "AWS_SECRET_ACCESS_KEY": "x",
        "PYTHONBREAKPOINT": "evil",
        "PYTHONSTARTUP": "/tmp/x.py",
    }
    given = worker_environment(tmp_path, "jax-0", {"PATH": "/bin", **secrets})
    assert not set(secrets) & set(given)


def test_compile_caches_are_private_empty_and_of_one_toolchain_each(tmp_path):
    """A cache that was filled before would make a cold compilation look quick."""
    one, other = (worker_environment(tmp_path, key, {}) for key in ("pytorch-0", "pytorch-1"))
    for name in ("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR", "JAX_COMPILATION_CACHE_DIR"):
        assert one[name] != other[name]
        assert one[name].startswith(str(tmp_path))
    assert not any(path.is_file() for path in (tmp_path / "caches").rglob("*"))


def test_both_frameworks_get_the_same_but_for_their_own_caches(tmp_path):
    one, other = (worker_environment(tmp_path, key, {}) for key in ("pytorch-0", "jax-0"))
    differing = {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}
    assert differing == {
        "TORCHINDUCTOR_CACHE_DIR",
        "TRITON_CACHE_DIR",
        "JAX_COMPILATION_CACHE_DIR",
    }


def test_a_program_is_never_loaded_that_was_divided_for_another_number_of_cores(tmp_path):
    """XLA divides work by the threads that there are, and leaves them out of its cache's keys."""
    one, two = (worker_environment(tmp_path, "jax-0", {}, cores=cores) for cores in (1, 2))
    differing = {name for name in one.keys() | two.keys() if one.get(name) != two.get(name)}
    assert differing == {"JAX_COMPILATION_CACHE_DIR"}


def test_what_the_user_names_is_kept_and_what_he_does_not_is_dropped(tmp_path):
    caller = {"XLA_FLAGS": "--x", "OMP_NUM_THREADS": "1", KEEP_ENV: "XLA_FLAGS, NOT_SET"}
    given = worker_environment(tmp_path, "jax-0", caller)
    assert given["XLA_FLAGS"] == "--x"
    assert "OMP_NUM_THREADS" not in given
    assert kept_tuning(caller) == ["XLA_FLAGS"]
    assert set(dropped_tuning(caller)) == {"OMP_NUM_THREADS"}


def test_what_is_kept_stands_before_what_is_set_for_all(tmp_path):
    caller = {"XLA_PYTHON_CLIENT_PREALLOCATE": "true", KEEP_ENV: "XLA_PYTHON_CLIENT_PREALLOCATE"}
    given = worker_environment(tmp_path, "jax-0", caller)
    assert given["XLA_PYTHON_CLIENT_PREALLOCATE"] == "true"


def test_what_is_recorded_names_no_person_no_place_and_no_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/someone")
    inherited = {
        "PATH": "/home/someone/bin",
        "HOME": "/home/someone",
        "USER": "someone",
        "LOGNAME": "someone",
        "PYTHONPATH": "/home/someone/src",
        "LD_LIBRARY_PATH": "/home/someone/lib:/opt/lib",
        "VIRTUAL_ENV": "/home/someone/venv",
        "CUDA_HOME": "/opt/cuda",
        "CC": "gcc --token=ghp_abcdefghijklmnopqrstuvwx",
    }
    shown = recorded(worker_environment(tmp_path, "jax-0", inherited), tmp_path)
    text = json.dumps(shown)
    assert "someone" not in text
    assert "ghp_" not in text
    assert str(tmp_path) not in text
    assert shown["CUDA_HOME"] == "/opt/cuda"
    assert shown["LD_LIBRARY_PATH"] == "~/lib:/opt/lib"
    assert shown["TORCHINDUCTOR_CACHE_DIR"].startswith("<workspace>")


def test_secrets_in_dropped_variables_are_not_shown_either():
    shown = dropped_tuning({"TORCH_X": "https://me:hunter22@host/", "XLA_FLAGS": "x" * 5000})
    assert "hunter22" not in shown["TORCH_X"]
    assert len(shown["XLA_FLAGS"]) == 200


def test_what_chooses_a_device_is_passed_on(tmp_path):
    inherited = {
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "HSA_OVERRIDE_GFX_VERSION": "11.0.0",
        "TPU_VISIBLE_DEVICES": "0",
        "TPU_WORKER_ID": "1",
        "TPU_WORKER_HOSTNAMES": "node-a,node-b",
        "TPU_PROCESS_BOUNDS": "1,1,1",
    }
    given = worker_environment(tmp_path, "jax-0", inherited)
    assert {k: given[k] for k in inherited} == inherited
    assert dropped_tuning(inherited) == {}


@pytest.mark.parametrize("name", ["TPU_MEGACORE", "LIBTPU_INIT_ARGS", "HSA_XNACK"])
def test_what_tunes_a_device_is_dropped_by_name(tmp_path, name):
    assert name not in worker_environment(tmp_path, "jax-0", {name: "1"})
    assert name in dropped_tuning({name: "1"})


def test_no_serial_number_and_no_machine_is_recorded(tmp_path):
    inherited = {
        "CUDA_VISIBLE_DEVICES": "GPU-5d5c31f2-canary,GPU-77aa-canary",
        "NVIDIA_VISIBLE_DEVICES": "MIG-canary",
        "HIP_VISIBLE_DEVICES": "0,1",
        "TPU_NAME": "canary-tpu",
        "TPU_WORKER_HOSTNAMES": "canary-1,canary-2",
        "TPU_PROCESS_ADDRESSES": "canary-1:8476",
    }
    shown = recorded(worker_environment(tmp_path, "jax-0", inherited), tmp_path)
    assert "canary" not in json.dumps(shown)
    assert shown["CUDA_VISIBLE_DEVICES"] == "<2 devices>"
    assert shown["NVIDIA_VISIBLE_DEVICES"] == "<1 device>"
    assert shown["HIP_VISIBLE_DEVICES"] == "0,1"
    assert shown["TPU_NAME"] == shown["TPU_WORKER_HOSTNAMES"] == "<set>"
