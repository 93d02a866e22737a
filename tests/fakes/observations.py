"""What modes of the fake worker compute: right, or wrong in one way each."""

from __future__ import annotations

from pathlib import Path

import numpy as np

STEPS = 20
SPOILT = (
    "wrong-forward",
    "wrong-grad",
    "wrong-curve",
    "float64",
    "nan",
    "shape",
    "text",
    "dead-loss",
    "more-parameters",
    "without-forward",
    "without-grad",
    "without-curve",
    "garbage",
    "truncated",
)
START = "start"
"""What an honest mode shows that is asked for a few steps only."""


def arrays() -> dict[str, np.ndarray]:
    """What every honest mode computes."""
    rng = np.random.default_rng(5)
    return {
        "forward": rng.standard_normal((4, 3)).astype(np.float32),
        "grad.w": rng.standard_normal((3, 2)).astype(np.float32),
        "curve": np.linspace(2.0, 1.0, STEPS),
        "param.w": rng.standard_normal((3, 2)).astype(np.float32),
    }


def observation(kind: str) -> dict[str, np.ndarray]:
    """An observation, spoilt in the way that *kind* names."""
    found = arrays()
    if kind.startswith("without-"):
        piece = kind.removeprefix("without-")
        return {k: v for k, v in found.items() if k.split(".")[0] != piece}
    forward, grad = found["forward"], found["grad.w"]
    spoilt = {
        "wrong-forward": {"forward": forward * np.float32(1.01)},
        "wrong-grad": {"grad.w": grad + np.float32(0.1)},
        "wrong-curve": {"curve": found["curve"] * 1.01},
        "float64": {"forward": forward.astype(np.float64)},
        "nan": {"forward": np.where(forward > 0, forward, np.float32(np.nan))},
        "shape": {"forward": forward.T.copy()},
        "text": {"forward": np.array([["a", "b"]])},
        "dead-loss": {"grad.w": np.zeros_like(grad)},
        START: {"curve": found["curve"][:3], "param.w": found["param.w"] + 1},
        "more-parameters": {"param.extra": np.zeros(7, np.float32)},
    }
    return {**found, **spoilt.get(kind, {})}


def write_all(directory: Path) -> None:
    """One file per kind, as a mode that shows everything and as one that shows its curve only."""
    directory.mkdir(exist_ok=True)
    for kind in ("right", START, *SPOILT):
        found = observation(kind)
        few = {k: v for k, v in found.items() if k == "curve" or k.startswith("param.")}
        for role, shown in (("full", found), ("few", few)):
            path = directory / f"{kind}-{role}.npz"
            np.savez(path, **shown)
            if kind == "garbage":
                path.write_bytes(b"PK\x03\x04 and then nothing of use")
            elif kind == "truncated":
                path.write_bytes(path.read_bytes()[:-200])
