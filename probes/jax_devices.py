"""JAX's devices: from a device word to a ``jax.Device``, listing, and memory.

``jax.devices()`` lists the default back end only, and falls back to the CPU with a logged
warning; here a missing device is an error.
https://docs.jax.dev/en/latest/_autosummary/jax.devices.html
"""

from __future__ import annotations

from typing import Any

from probes.devices import Device, DeviceMissingError, proven

# The word that users know, and the platform names under which plugins register.
_PLATFORMS = {
    "gpu": ("gpu",),
    "cuda": ("cuda",),
    "rocm": ("rocm",),
    "xpu": ("xpu", "oneapi", "sycl"),
    "mps": ("mps", "METAL"),
    "tpu": ("tpu",),
    "neuron": ("neuron",),
    "cpu": ("cpu",),
}


def select(jax: Any, word: str) -> Any:
    """The JAX device for *word*: ``cpu``, ``gpu`` (CUDA or ROCm) or a kind, with ``:N``.

    Raises:
        DeviceMissingError: this JAX has no such device; it never falls back to another.
    """
    wanted, _, index = word.partition(":")
    errors = []
    for platform in _PLATFORMS.get(wanted, (wanted,)):
        try:
            # Among several processes each has devices of its own.
            found = jax.local_devices(backend=platform)
        except RuntimeError as error:
            errors.append(" ".join(str(error).split())[:200])
            continue
        if int(index or 0) < len(found):
            return found[int(index or 0)]
        errors.append(f"{len(found)} of {wanted}")
    raise DeviceMissingError(
        f"JAX has no device {word!r} here; it has "
        f"{', '.join(sorted({kind_word(d) for d in jax.devices()}))} ({'; '.join(errors)})"
    )


def kind_word(device: Any) -> str:
    """What users call the device's kind; JAX calls both CUDA's and ROCm's platform ``gpu``."""
    platform = str(device.platform).lower()
    if platform in ("gpu", "cuda", "rocm"):
        version = str(getattr(device.client, "platform_version", "")).lower()
        return "rocm" if "rocm" in version or platform == "rocm" else "cuda"
    return {"metal": "mps", "oneapi": "xpu", "sycl": "xpu"}.get(platform, platform)


def list_devices() -> list[Device]:
    """The local devices of the default back end, each tried, and the CPU's last."""
    import jax

    found = list(jax.local_devices())
    if all(device.platform != "cpu" for device in found):
        found += list(jax.local_devices(backend="cpu"))
    return [proven(describe(jax, device), _trial(jax, device)) for device in found]


def describe(jax: Any, device: Any) -> Device:
    """What a device really is: ``device`` (the word that selects it), kind, name and memory."""
    kind = kind_word(device)
    peers = list(jax.local_devices(backend=device.platform))
    alone = kind == "cpu" and len(peers) == 1
    return {
        "device": kind if alone else f"{kind}:{peers.index(device)}",
        "kind": kind,
        "name": str(device.device_kind),
        "memory_bytes": memory(device).get("bytes_limit"),
    }


def memory(device: Any) -> dict[str, int]:
    """The device's memory statistics; empty where it keeps none (CPU).

    With preallocation off, ``bytes_limit`` is still the most that JAX may take.
    https://docs.jax.dev/en/latest/201/gpu-memory.html
    """
    read = getattr(device, "memory_stats", None)
    try:
        stats = read() if read else None
    except Exception:
        return {}
    return {str(k): int(v) for k, v in (stats or {}).items() if isinstance(v, int)}


def peak_memory_bytes(device: Any) -> int | None:
    """The largest size of arrays on *device* in this process's life; None where not counted.

    JAX offers no reset: the peak is that of everything since the process started.
    """
    return memory(device).get("peak_bytes_in_use")


def _trial(jax: Any, device: Any) -> str | None:
    """None if a small product on *device* comes out right, else what went wrong."""
    import numpy as np

    try:
        ones = jax.device_put(np.ones((8, 8), np.float32), device)
        total = float(np.asarray(ones @ ones).sum())
    except Exception as error:
        return f"{type(error).__name__}: {str(error).strip()[:300]}"
    return None if total == 512.0 else f"8x8 ones squared sum to {total}, not 512"
