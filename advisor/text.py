"""Make foreign text inert: what comes from answers, rules, evidence or a worker's output.

Standard library only: a bare node uses this too.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

# Bidirectional controls can reorder what a reviewer reads; zero-width characters hide text.
_HIDDEN = set("\u200b\u200c\u200d\u2060\ufeff") | {
    chr(c) for c in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C)
}
_SECRET = re.compile(
    r"(sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{16,}|hf_[A-Za-z0-9]{16,}|AKIA[0-9A-Z]{12,}"
    r"|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*|(?<=://)[^/\s:@]+:[^/\s@]+(?=@))"
)


def inert(text: str, *, limit: int = 2000, keep_newlines: bool = False) -> str:
    """*text* without control, bidirectional and zero-width characters, at most *limit* long."""
    kept = []
    for char in text[: limit + 1]:
        if char in "\n\t":
            kept.append(char if keep_newlines else " ")
        elif char in _HIDDEN or unicodedata.category(char) in ("Cc", "Cs", "Co", "Cn"):
            kept.append("�")
        elif char in "\u2028\u2029\u0085":
            kept.append(" ")
        else:
            kept.append(char)
    if len(text) > limit:
        return "".join(kept[: limit - 1]) + "…"
    return "".join(kept)


def private(text: str) -> str:
    """*text* with the home directory, the user's name in paths, and secrets taken out."""
    try:
        home = str(Path.home())
    except RuntimeError:
        # Containers often run as a number that has no entry anywhere.
        home = ""
    if len(home) > 1:
        text = text.replace(home, "~")
    text = re.sub(r"(?<![\w.])/(home|Users)/[^/\s:'\"]+", "~", text)
    return _SECRET.sub("[secret]", text)
