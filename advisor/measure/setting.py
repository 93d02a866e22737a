"""What all launches of a run share. Knows no launch and no worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from advisor.measure.work import Protocol
from advisor.measure.quiet import CpuMeter, MeterFactory


@dataclass(frozen=True)
class Setting:
    """What all launches of a run share."""

    workspace: Path
    worker: Sequence[str]
    settings: str
    seed: int
    protocol: Protocol
    inputs: Mapping[str, tuple[str, str]]
    plants_s: Mapping[str, float] = field(default_factory=dict)
    tick: Callable[[str], None] = lambda _text: None
    meter: MeterFactory = CpuMeter
