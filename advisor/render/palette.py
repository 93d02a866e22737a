"""The colours of a drawing on light paper, and what a page puts in their place.

Apart from the drawing itself: pages need them, and the drawing library takes a while to load.
"""

from __future__ import annotations

from collections.abc import Mapping

INK, MUTED, GRID, BAND, PAPER = "#1c2126", "#5b6570", "#dfe3e7", "#e9edf0", "#ffffff"
SIDES: Mapping[str, str] = {"pytorch": "#b9400d", "jax": "#1f52c4", "": MUTED}
RESTYLE: Mapping[str, str] = {
    INK: "--ink",
    MUTED: "--muted",
    GRID: "--rule",
    BAND: "--band",
    PAPER: "--paper",
    SIDES["pytorch"]: "--pytorch",
    SIDES["jax"]: "--jax",
}
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"
