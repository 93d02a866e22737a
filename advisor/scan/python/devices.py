"""Words for devices in code, and the hardware that they speak for.

Knows how PyTorch and JAX spell devices. It must not know which hardware is here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from advisor.knowledge.code_signals import Confidence
from advisor.scan.python.reading import Reading

_WORD = re.compile(r"(cuda|mps|xpu|tpu|hpu|rocm)(:\d+)?")
_VISIBLE = "CUDA_VISIBLE_DEVICES"
_JAX_WORDS: Mapping[str, str] = {"gpu": "gpu", "cuda": "cuda", "tpu": "tpu", "rocm": "rocm"}
_JAX_PLACES = (
    "jax.devices", "jax.local_devices", "jax.device_count", "jax.local_device_count",
    "jax.default_backend",
)  # fmt: skip
HARDWARE: Mapping[str, str] = {
    "cuda": "nvidia",
    "tpu": "tpu",
    "mps": "apple",
    "xpu": "intel_gpu",
    "rocm": "amd",
    "neuron": "trainium",
}
"""The answer that a device's word speaks for, where it speaks for one."""


@dataclass(slots=True)
class DeviceWords:
    """The device words of one file, until all of it was seen."""

    places: list[tuple[ast.AST, str, Confidence]] = field(default_factory=list)
    mentions: list[tuple[ast.AST, str]] = field(default_factory=list)

    def take_text(self, node: ast.Constant, *, named: bool) -> None:
        """A text that may be a device's; *named* where it stands at a device's place."""
        if not isinstance(node.value, str) or len(node.value) > len(_VISIBLE):
            return
        match = _WORD.fullmatch(node.value)
        if match is not None:
            self.places.append((node, match.group(1), "certain" if named else "likely"))
        elif named and node.value == "cpu":
            self.places.append((node, "cpu", "certain"))
        elif node.value == _VISIBLE:
            self.places.append((node, "cuda", "likely"))

    def take_jax(self, node: ast.Call, dotted: str) -> None:
        """A call of JAX that names a kind of device: ``jax.devices("gpu")``."""
        if dotted not in _JAX_PLACES:
            return
        for argument in [*node.args[:1], *(kw.value for kw in node.keywords)]:
            if isinstance(argument, ast.Constant) and argument.value in _JAX_WORDS:
                self.places.append((argument, _JAX_WORDS[str(argument.value)], "certain"))

    def mention(self, node: ast.AST, word: str) -> None:
        """A reference to the module of a device: ``torch.cuda.is_available``."""
        self.mentions.append((node, word))

    def finish(self, reading: Reading) -> None:
        """Take down every word; beside CUDA the others are what a file falls back to."""
        words = {word for _, word, _ in self.places} | {word for _, word in self.mentions}
        several = len(words - {"gpu", "cpu"}) > 1
        for node, word, confidence in self.places:
            reading.note(node, "code.device", word, confidence)
        for node, word in [*((n, w) for n, w, _ in self.places), *self.mentions]:
            hardware = HARDWARE.get(word)
            if hardware is not None:
                fallback = several and word != "cuda"
                reading.note(node, "hardware.train", hardware, "possible" if fallback else "likely")
