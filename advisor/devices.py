"""Devices: the words that name them, what each can mean, and what holds for it.

One table, read by every room. A device word is what ``--device`` takes and what frameworks report
(``gpu``, ``cuda:1``); a kind is a value of the answer ``hardware.train`` (``nvidia``). Standard
library only: a bare node uses this too. It must not know how fast anything was.
"""

from __future__ import annotations

from dataclasses import dataclass

CPU = "cpu"


@dataclass(frozen=True)
class DeviceInfo:
    """What one device word says.

    Attributes:
        kinds: The kinds of accelerator that it can mean; ``cpu`` for the CPU itself.
        exclusive: Whether such a device belongs to the process that opened it, so that a second
            one finds it busy: https://github.com/google/gvisor/issues/11545 and
            https://github.com/googlecolab/colabtools/issues/4567 (TPU); Neuron is taken to be
            alike.
        records_graphs: Whether torch.compile can record CUDA graphs on it (HIP's on ROCm).
        has_tf32: Whether its tensor cores may multiply float32 as TF32 (NVIDIA's since Ampere):
            https://docs.pytorch.org/docs/stable/notes/cuda.html#tf32-on-ampere.
        reported: Whether frameworks report devices under this word, and not only users.
    """

    kinds: tuple[str, ...]
    exclusive: bool = False
    records_graphs: bool = False
    has_tf32: bool = False
    reported: bool = True


DEVICES = {
    CPU: DeviceInfo((CPU,)),
    "gpu": DeviceInfo(("nvidia", "amd", "intel_gpu", "apple"), records_graphs=True, reported=False),
    "cuda": DeviceInfo(("nvidia",), records_graphs=True, has_tf32=True),
    "rocm": DeviceInfo(("amd",), records_graphs=True),
    "xpu": DeviceInfo(("intel_gpu",)),
    "mps": DeviceInfo(("apple",)),
    "metal": DeviceInfo(("apple",), reported=False),
    "tpu": DeviceInfo(("tpu",), exclusive=True),
    "xla": DeviceInfo(("tpu",), reported=False),
    "neuron": DeviceInfo(("trainium",), exclusive=True),
}
"""Every device word, the general before the particular."""

_UNKNOWN = DeviceInfo(())


def word_of(device: str) -> str:
    """``cuda`` of ``cuda:1``."""
    return device.partition(":")[0].lower()


def index_of(device: str) -> str:
    """``1`` of ``cuda:1``; the first one where the word names none."""
    return device.partition(":")[2] or "0"


def info_of(device: str) -> DeviceInfo:
    """What holds for *device*; for a word that nobody knows, nothing."""
    return DEVICES.get(word_of(device), _UNKNOWN)


def kinds_of_word(device: str) -> tuple[str, ...]:
    """The kinds of accelerator that *device* can mean; empty for a word that nobody knows."""
    return info_of(device).kinds


def is_cpu(device: str) -> bool:
    """Whether the CPU itself is meant, and not an accelerator that it feeds."""
    return word_of(device) == CPU


def reported_word(kind: str) -> str | None:
    """The word under which frameworks report an accelerator of *kind*."""
    words = (w for w, info in DEVICES.items() if info.reported and info.kinds == (kind,))
    return next(words, None)


def asked_word(kind: str) -> str:
    """The most general word with which a user asks for an accelerator of *kind*."""
    return next((w for w, info in DEVICES.items() if kind in info.kinds), kind)
