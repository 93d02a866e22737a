"""What the devices of an evidence document are, and how far they stand for what will train.

Knows device words (``cuda:0``, ``gpu``) and the values of ``hardware.train``. It must not know
how fast anything was.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from advisor.evidence import Evidence

# Device words, and the accelerators that they can mean.
_MEANS = {
    "cpu": {"cpu"},
    "cuda": {"nvidia"},
    "gpu": {"nvidia", "amd", "intel_gpu", "apple"},
    "rocm": {"amd"},
    "tpu": {"tpu"},
    "xla": {"tpu"},
    "mps": {"apple"},
    "metal": {"apple"},
    "xpu": {"intel_gpu"},
    "neuron": {"trainium"},
}
# Training on several devices, and the one device of which they are made.
_SEVERAL = {"nvidia_multi": "nvidia", "nvidia_cluster": "nvidia", "tpu_pod": "tpu"}


def kinds_of(document: Evidence, device: str) -> tuple[str, ...]:
    """What *device* is in *document*: one kind where it tells, several where it could be any."""
    possible = _MEANS.get(_word(device), set())
    if len(possible) < 2:
        return tuple(possible)
    used = {_word(str(d.get("kind"))) for t in document.toolchains for d in _devices(t.devices)}
    told = {kind for word in used - {"gpu"} for kind in _MEANS.get(word, ())} & possible
    here = {a.kind for a in document.machine.accelerators} & possible
    return tuple(sorted(told or here or possible))


def fits(device: str, facts: Mapping[str, Any], kinds: Collection[str] = ()) -> bool:
    """Whether *device* is of the kind that will train, as far as the answers say.

    Args:
        device: A device word.
        facts: The facts.
        kinds: What `kinds_of` gave; what the word alone can mean unless given.
    """
    if facts.get("hardware.same_as_here") is False:
        return False
    train = facts.get("hardware.train")
    if train is None:
        return True
    return _SEVERAL.get(train, train) in (kinds or _MEANS.get(_word(device), ()))


def is_part(facts: Mapping[str, Any]) -> bool:
    """Whether several devices will train: one of them, which is measured, is not all of it."""
    return facts.get("hardware.train") in _SEVERAL


def _word(device: str) -> str:
    return device.split(":", maxsplit=1)[0].lower()


def _devices(listed: Collection[Any]) -> list[Mapping[str, Any]]:
    return [device for device in listed if isinstance(device, Mapping)]
