"""``probe --devices N`` and ``--time-to-accuracy``: what comes with them, what cannot, who is told.

Knows options. It must not know how anything is measured.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from advisor.errors import UserError

if TYPE_CHECKING:
    from advisor.measure.scaling_projection import Beyond, Link

_LINK = re.compile(r"(\d+\.?\d*)(GB|MB|GiB|Gbit|Mbit)/s,(\d+\.?\d*)(ns|us|ms|s)", re.ASCII)
_BYTES = {"GB": 1e9, "MB": 1e6, "GiB": 2.0**30, "Gbit": 1e9 / 8, "Mbit": 1e6 / 8}
_SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
# With these bounds no projected step is longer than a document may hold.
_MOST_PROJECTED = 1 << 16
_SLOWEST_BYTES_PER_S, _LONGEST_LATENCY_S = 1e6, 1.0


def refuse_apart(
    *,
    models: Sequence[str],
    devices: int | None,
    time_to_accuracy: bool,
    beside: Mapping[str, Any],
) -> None:
    """Refuse what does not go together with a run that compares nothing.

    Raises:
        UserError: with the first of it.
    """
    if time_to_accuracy:
        for option, value in {**beside, "--model": models, "--devices": devices}.items():
            if value:
                raise UserError(
                    f"{option} and --time-to-accuracy ask for different things",
                    hint="leave one of them out: each is a run of its own",
                )
    if devices is not None:
        refuse_beside(models=models, beside=beside)


def refuse_beside(*, models: Sequence[str], beside: Mapping[str, Any]) -> None:
    """Refuse ``--devices`` without a model, or with an option that asks for something else.

    *beside* holds what those options were given, by option.

    Raises:
        UserError: with the first of them.
    """
    if not models:
        raise UserError(
            "--devices says over how many devices a model is shared out, and no model is named",
            hint="add --model mlp, decoder or resnet, for example: "
            "fw-advisor probe --model decoder --devices 2",
        )
    for option, value in beside.items():
        if value:
            raise UserError(
                f"{option} and --devices ask for different things",
                hint="--devices scales the models of --model; measure the rest in a run of its own",
            )


def parse_beyond(links: Sequence[str], counts: Sequence[int], devices: int | None) -> Beyond:
    """What ``--link`` and ``--project`` ask for beyond *devices* devices; nothing without them.

    Raises:
        UserError: one without the other, no link, or devices that are no whole machines.
    """
    from advisor.measure.scaling_projection import Beyond

    if bool(links) != bool(counts) or (links and devices is None):
        raise UserError(
            "a projection needs all of --devices, --link and --project",
            hint="the devices that are measured, the link between machines, and how many devices "
            "to project: --devices 2 --link 50GB/s,5us --project 16",
        )
    for count in counts:
        if devices and not (devices < count <= _MOST_PROJECTED and count % devices == 0):
            least = max(2, count // devices) * devices
            raise UserError(
                f"--project {count}: the {devices} devices of --devices stand for one machine, and "
                "a projection is over several whole ones",
                hint=f"ask for a multiple: --project {min(least, _MOST_PROJECTED)}",
            )
    return Beyond(tuple(map(_link, links)), tuple(sorted(set(counts))))


def _link(text: str) -> Link:
    from advisor.measure.scaling_projection import Link

    match = _LINK.fullmatch(text.replace(" ", ""))
    bandwidth = float(match[1]) * _BYTES[match[2]] if match else 0.0
    latency_s = float(match[3]) * _SECONDS[match[4]] if match else 0.0
    if not _SLOWEST_BYTES_PER_S <= bandwidth <= 1e18 or latency_s > _LONGEST_LATENCY_S:
        raise UserError(
            f"--link {text[:60]}: is no bandwidth and latency; nothing is assumed for either",
            hint="state both, per machine and direction: --link 50GB/s,5us or 400Gbit/s,5us "
            "(0us leaves the latency out), from 1MB/s and up to 1s",
        )
    return Link(bandwidth, latency_s)


def offer_lines(
    hardware: object, model: object, accelerators: Iterable[tuple[str, int]]
) -> list[str]:
    """What is said in an interview whose answers name several devices; nothing for one.

    *accelerators* are kinds of those of this machine, and how many there are of each.
    """
    from advisor.scaling import OFFERED, scaling_offer

    offer = scaling_offer(hardware, model, accelerators)
    if offer is None:
        return []
    families = ", ".join(OFFERED)
    if offer.possible:
        text = (
            f"This machine has {offer.here} such devices. How a step scales over them is measured "
            f"apart (models: {families}):"
        )
        return [text, f"$ {offer.command}"]
    found = "one such device" if offer.here else "no such device"
    text = (
        f"How a step scales over several devices is not measured here: this machine has {found}. "
        f"On one with two or more (models: {families}):"
    )
    return [text, f"$ {offer.command}"]


def device_lines(device: str, accelerators: Iterable[tuple[str, int]]) -> list[str]:
    """What is said after one of several devices was measured; nothing where there is one."""
    from advisor.devices import CPU, kinds_of_word, word_of

    kinds = kinds_of_word(device)
    here = sum(count for kind, count in accelerators if kind in kinds)
    if word_of(device) == CPU or here < 2:
        return []
    command = f"fw-advisor probe --model FAMILY --device {word_of(device)} --devices {here}"
    return [f"one device was measured, of {here}; how a step scales over all: {command}"]
