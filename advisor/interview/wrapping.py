"""Text that fits a terminal: width is counted in cells, since a CJK character takes two.

Knows widths only; it must not know what the text is about.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, chop_cells

_ASCII = str.maketrans(
    {
        "…": "...",
        "·": "-",
        "–": "-",
        "—": "-",
        "×": "x",
        "±": "+-",
        "≥": ">=",
        "≤": "<=",
        "→": "->",
        "›": ">",
        "✓": "+",
        "“": '"',
        "”": '"',
        "‘": "'",
        "’": "'",
        "\u00a0": " ",
        "\u202f": " ",
    }
)


def wrap(text: str, width: int, *, indent: str = "", hanging: str | None = None) -> list[str]:
    """*text* in lines of at most *width* cells.

    The first line starts with *indent*, the others with *hanging* (*indent* unless given). A word
    that is wider than the line is broken, since text in CJK has no spaces to break at.
    """
    hanging = indent if hanging is None else hanging
    lines: list[str] = []
    line, room = indent, max(width - cell_len(indent), 8)
    filled = 0
    for word in _pieces(text, max(width - cell_len(hanging), 8)):
        needed = cell_len(word) + (1 if filled else 0)
        if filled and filled + needed > room:
            lines.append(line)
            line, room, filled = hanging, max(width - cell_len(hanging), 8), 0
            needed = cell_len(word)
        line += (" " if filled else "") + word
        filled += needed
    lines.append(line)
    return lines


def _pieces(text: str, width: int) -> list[str]:
    pieces: list[str] = []
    for word in text.split():
        pieces.extend(chop_cells(word, width) if cell_len(word) > width else [word])
    return pieces


def wrap_pieces(pieces: Sequence[str], width: int, *, between: str = " · ") -> list[str]:
    """*pieces* in lines of at most *width* cells; no line ends inside a piece that fits."""
    lines: list[str] = []
    for piece in pieces:
        longer = f"{lines[-1]}{between}{piece}" if lines else piece
        if lines and cell_len(longer) <= width:
            lines[-1] = longer
        else:
            lines += wrap(piece, width)
    return lines


def cut(text: str, width: int) -> str:
    """*text* on one line of at most *width* cells; what is left out is marked by an ellipsis."""
    line = " ".join(text.split())
    if cell_len(line) <= width:
        return line
    return (chop_cells(line, max(width - 1, 1)) or [""])[0].rstrip() + "…"


def ascii_only(text: str) -> str:
    """*text* with our own typography in ASCII; letters of other scripts stay as they are."""
    return text.translate(_ASCII)
