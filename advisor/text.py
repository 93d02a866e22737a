"""Make foreign text inert: what comes from answers, rules, evidence or a worker's output.

Standard library only: a bare node uses this too.
"""

from __future__ import annotations

import os
import re
import unicodedata
from functools import lru_cache
from pathlib import Path

# Bidirectional controls can reorder what a reviewer reads; zero-width characters hide text.
_HIDDEN = set("\u200b\u200c\u200d\u2060\ufeff") | {
    chr(c) for c in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C)
}
# Where a system says who somebody is; the last three hold a name and not a path.
_WHO = ("HOME", "USERPROFILE", "LOGNAME", "USERNAME", "USER")
# Names that are no person's, and are common as the name of a directory.
_NOBODY = re.compile("root|user|users|admin|app|runner|ubuntu|work|home|tmp|opt|usr|lib|bin|data")
_SECRET = re.compile(
    r"(sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{16,}|hf_[A-Za-z0-9]{16,}|AKIA[0-9A-Z]{12,}"
    r"|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*|(?<=://)[^/\s:@]+:[^/\s@]+(?=@))"
)


def inert(text: str, *, limit: int = 2000, keep_newlines: bool = False) -> str:
    """*text* without control, bidirectional and zero-width characters, at most *limit* long."""
    if len(text) <= limit and text.isprintable():
        # Nothing that is replaced counts as printable, and most texts are plain.
        return text
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
    if "/" in text or "\\" in text:
        for pattern, shown in _personal(*(os.environ.get(name) for name in _WHO)):
            text = pattern.sub(shown, text)
    return _SECRET.sub("[secret]", text)


@lru_cache(maxsize=8)
def _personal(*who: str | None) -> tuple[tuple[re.Pattern[str], str], ...]:
    """What tells in a path who runs this, with what is shown instead; *who* as in `_WHO`.

    Clusters have homes in many places; what is shown still works in a shell.
    """
    try:
        home = Path.home()
    except RuntimeError:
        # Containers often run as a number that has no entry anywhere.
        home = Path()
    patterns = [(re.compile(r"(?<![\w.])/(home|Users)/[^/\s:'\"]+"), "~")]
    if len(str(home)) > 1:
        patterns.insert(0, (re.compile(rf"(?<![\w.~-]){re.escape(str(home))}(?![\w-])"), "~"))
    *others, user = (name or "" for name in who[-3:])
    names = {**dict.fromkeys((home.name, *others), "<user>"), user: "$USER"}
    return (
        *patterns,
        *(
            (re.compile(rf"(?<=/){re.escape(name)}(?![^/\s:,;'\")\]])"), shown)
            for name, shown in names.items()
            if len(name) > 1 and not _NOBODY.fullmatch(name.lower())
        ),
    )
