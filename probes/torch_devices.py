"""PyTorch's devices: from a device word to a ``torch.device``, listing, memory, synchronising.

Goes through ``torch.accelerator`` wherever it can, so that CUDA, ROCm, XPU, MPS and back ends
that live outside PyTorch (TPU, Neuron) take the same way.
https://docs.pytorch.org/docs/stable/accelerator.html

ROCm builds call their devices ``cuda``: https://docs.pytorch.org/docs/stable/notes/hip.html
"""

from __future__ import annotations

import contextlib
from typing import Any

from probes.devices import Device, DeviceMissingError, proven


def accelerator_kind(torch: Any) -> str | None:
    """The type of the accelerator that this PyTorch can use now; None without one."""
    accelerator = getattr(torch, "accelerator", None)
    if accelerator is not None:
        if not accelerator.is_available():
            return None
        found = accelerator.current_accelerator()
        return None if found is None else str(found.type)
    # Before 2.6 there was no torch.accelerator.
    if torch.cuda.is_available():
        return "cuda"
    if torch.backends.mps.is_available():
        return "mps"
    return None


def kind_word(torch: Any, kind: str) -> str:
    """What users call a device type: ROCm's ``cuda`` is ``rocm``."""
    return "rocm" if kind == "cuda" and getattr(torch.version, "hip", None) else kind


def select(torch: Any, word: str) -> Any:
    """The ``torch.device`` for *word*: ``cpu``, ``gpu`` (whatever is there) or a kind, ``:N``.

    Raises:
        DeviceMissingError: this PyTorch has no such device; it never falls back to another.
    """
    wanted, _, index = word.partition(":")
    if wanted == "cpu":
        return torch.device("cpu")
    kind = accelerator_kind(torch)
    there = None if kind is None else kind_word(torch, kind)
    if kind is None or wanted not in ("gpu", there):
        shown = there or "the CPU only"
        raise DeviceMissingError(f"PyTorch has no device {word!r} here; it has {shown}")
    count = device_count(torch, kind)
    if int(index or 0) >= count:
        raise DeviceMissingError(f"PyTorch sees {count} of {wanted}, so no {word!r}")
    # MPS has one device and refuses no index, but compares unequal with it.
    return torch.device(kind) if kind == "mps" else torch.device(kind, int(index or 0))


def device_count(torch: Any, kind: str) -> int:
    """How many devices of *kind* this process sees (visible-device variables honoured)."""
    accelerator = getattr(torch, "accelerator", None)
    if accelerator is not None:
        return int(accelerator.device_count())
    return int(torch.cuda.device_count()) if kind == "cuda" else 1


def list_devices() -> list[Device]:
    """Every device of this PyTorch, each tried; the CPU last."""
    import torch

    found = [torch.device("cpu")]
    kind = accelerator_kind(torch)
    if kind is not None:
        word = kind_word(torch, kind)
        count = device_count(torch, kind)
        found = [*(select(torch, f"{word}:{index}") for index in range(count)), *found]
    return [proven(describe(torch, device), _trial(torch, device)) for device in found]


def describe(torch: Any, device: Any) -> Device:
    """What a device really is: ``device`` (the word that selects it), kind, name and memory."""
    if device.type == "cpu":
        return {"device": "cpu", "kind": "cpu", "name": "CPU", "memory_bytes": None}
    word, index = kind_word(torch, device.type), device.index or 0
    return {"device": f"{word}:{index}", "kind": word, **_properties(torch, device.type, index)}


def synchronize(torch: Any, device: Any) -> None:
    """Return when *device* has done everything that was asked of it."""
    if device.type == "cpu":
        return
    accelerator = getattr(torch, "accelerator", None)
    if accelerator is not None:
        accelerator.synchronize(device)
    else:
        getattr(torch, device.type).synchronize()


def reset_peak_memory(torch: Any, device: Any) -> None:
    """Start the device's peak anew; nothing where it keeps none."""
    function = _memory_function(torch, device, "reset_peak_memory_stats")
    if function is None:
        return
    # Some back ends have the function and assert in it (MPS: pytorch pull request 186748); a peak
    # that was not reset is told as one, an assertion would cost the mode.
    with contextlib.suppress(Exception):
        function(device)


def peak_memory_bytes(torch: Any, device: Any) -> int | None:
    """The largest size of tensors on *device* since the reset; None where it is not counted.

    Not what the driver shows as used: the caching allocator reserves more.
    """
    function = _memory_function(torch, device, "max_memory_allocated")
    try:
        return None if function is None else int(function(device))
    except Exception:
        return None


def _memory_function(torch: Any, device: Any, name: str) -> Any:
    if device.type == "cpu":
        return None
    # In torch.accelerator since 2.9; before that in the module of the device type.
    for module in (getattr(torch, "accelerator", None), getattr(torch, device.type, None)):
        function = getattr(module, name, None)
        if function is not None:
            return function
    return None


def _properties(torch: Any, kind: str, index: int) -> Device:
    module = getattr(torch, kind, None)
    read = getattr(module, "get_device_properties", None)
    try:
        properties = read(index) if read else None
    except Exception:
        properties = None
    memory = getattr(properties, "total_memory", None)
    return {
        "name": str(getattr(properties, "name", kind.upper())),
        "memory_bytes": int(memory) if memory else None,
    }


def _trial(torch: Any, device: Any) -> str | None:
    """None if a small product on *device* comes out right, else what went wrong."""
    try:
        ones = torch.ones((8, 8), device=device)
        total = float((ones @ ones).sum().item())
    except Exception as error:
        return f"{type(error).__name__}: {str(error).strip()[:300]}"
    return None if total == 512.0 else f"8x8 ones squared sum to {total}, not 512"
