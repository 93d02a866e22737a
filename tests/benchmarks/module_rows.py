"""Modules that somebody else wrote, through `--module`: family named, translation certified.

Needs an interpreter with torch, jax, torchax and transformers, named by ``FW_ADVISOR_BENCH_PYTHON``
(this one otherwise). Knows the command and its document.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.harness import Row

FILE = Path(__file__).with_name("modules") / "published.py"
FAMILIES: dict[str, tuple[str | None, ...]] = {
    "gpt2": ("decoder",),
    "llama": ("decoder",),
    "opt": ("decoder",),
    "bert": ("vit",),
    "distilbert": ("vit",),
    "vit": ("vit",),
    "deit": ("vit",),
    "resnet": ("resnet",),
    "convnext": ("resnet",),
    "mobilenet": ("resnet",),
    "lstm": ("recurrent",),
    "mixer": ("mlp", None),
}
"""What an engineer would name; None: that no family is near."""
NAMED, CERTIFIED = 10, 9


def modules(most: int) -> list[Row]:
    """A row for each module, and two for what the issue asks of all of them."""
    python = os.environ.get("FW_ADVISOR_BENCH_PYTHON", sys.executable)
    if python == sys.executable and importlib.util.find_spec("transformers") is None:
        return [Row("modules", "transformers is installed", "not run: it is not", reached=False)]
    rows, named, certified, explained = [], 0, 0, 0
    for name, families in list(FAMILIES.items())[:most]:
        begin = time.perf_counter()
        document = _measured(name, python)
        seconds = time.perf_counter() - begin
        family = _family_of(document)
        good, why = _certificate(document)
        named += family in families
        certified += good
        explained += good or bool(why)
        seen = f"{family or 'no family'}; {'translated' if good else why}; {seconds:.0f} s"
        wanted = " or ".join(f or "none" for f in families)
        reached = family in families and (good or bool(why))
        rows.append(
            Row(f"module {name}", f"{wanted}; translated or why not", seen, reached=reached)
        )
    count = len(rows)
    return [
        *rows,
        Row("modules: family", f">= {NAMED} of 12", f"{named} of {count}", reached=named >= NAMED),
        Row(
            "modules: translation certified",
            f">= {CERTIFIED} of 12, the rest with a reason",
            f"{certified} of {count}, {explained} with a reason or certified",
            reached=certified >= CERTIFIED and explained == count,
        ),
    ]


def _measured(name: str, python: str) -> dict[str, Any]:
    options = [f"--python=torch={python}", f"--python=jax={python}"]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "advisor", "probe", "--module", f"{FILE}:{name}"),
            *("--profile", "quick", "--json", *options),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    try:
        document: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        return {"error": {"message": done.stderr[-300:]}}
    return document


def _family_of(document: dict[str, Any]) -> str | None:
    works = document.get("works", [])
    return next((w["model"] for w in works if not w["model"].startswith("module:")), None)


def _certificate(document: dict[str, Any]) -> tuple[bool, str]:
    """Whether the translation agreed with the module; if not, what was said."""
    if "error" in document:
        return False, str(document["error"].get("message"))[:160]
    probe = next((p for p in document["probes"] if p["id"].startswith("module:")), None)
    if probe is None:
        return False, "not measured"
    parity = probe.get("parity") or {}
    if parity.get("status") == "ok":
        return True, ""
    said = [(e.get("reason") or {}).get("text") for e in probe["entries"] if e["status"] != "ok"]
    said.append((parity.get("reason") or {}).get("text"))
    return False, next((str(text)[:160] for text in said if text), "")
