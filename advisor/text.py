"""Make foreign text inert: what comes from answers, rules, evidence or a worker's output.

Standard library only: a bare node uses this too.
"""

from __future__ import annotations

import contextlib
import os
import re
import unicodedata
from pathlib import Path

# Bidirectional controls can reorder what a reviewer reads; zero-width characters hide text.
_HIDDEN = set("\u200b\u200c\u200d\u2060\ufeff") | {
    chr(c) for c in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C)
}
# Names that are no person's, and are common as the name of a directory.
_NOBODY = re.compile("root|user|users|admin|app|runner|ubuntu|work|home|tmp|opt|usr|lib|bin|data")
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


def _users() -> dict[str, str]:
    """The user's names that could stand in a path, and what is shown in their place."""
    found = {}
    with contextlib.suppress(RuntimeError):
        found[Path.home().name] = "<user>"
    for variable in ("LOGNAME", "USERNAME"):
        found[os.environ.get(variable, "")] = "<user>"
    found[os.environ.get("USER", "")] = "$USER"
    return {k: v for k, v in found.items() if len(k) > 1 and not _NOBODY.fullmatch(k.lower())}


def private(text: str) -> str:
    """*text* with the home directory, the user's name in paths, and secrets taken out."""
    try:
        home = str(Path.home())
    except RuntimeError:
        # Containers often run as a number that has no entry anywhere.
        home = ""
    if len(home) > 1:
        text = re.sub(rf"(?<![\w.~-]){re.escape(home)}(?![\w-])", "~", text)
    text = re.sub(r"(?<![\w.])/(home|Users)/[^/\s:'\"]+", "~", text)
    for name, shown in _users().items():
        # Clusters have homes in many places; what is shown still works in a shell.
        text = re.sub(rf"(?<=/){re.escape(name)}(?![^/\s:,;'\")\]])", shown, text)
    return _SECRET.sub("[secret]", text)
