"""Modules that somebody else wrote, through `--module`: family named, translation certified.

Needs an interpreter with torch, jax, torchax and transformers, named by ``FW_ADVISOR_BENCH_PYTHON``
(this one otherwise). Times nothing. ``--only NAME`` takes one of them, ``--budget SECONDS`` starts
no further one after so long.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from advisor.errors import UserError
from advisor.workers.worker import WorkerError
from tests.benchmarks.harness import Row
from tests.benchmarks.module_certificates import Certificate, certificate_of

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
# One compiled step of these sizes takes some seconds; a recurrence that is unrolled, minutes.
_LIMIT_S = 400.0


def modules(most: int, *, only: Sequence[str] = (), budget_s: float | None = None) -> Iterator[Row]:
    """A row for each module as it settles, and two for what is asked of all of them."""
    python = os.environ.get("FW_ADVISOR_BENCH_PYTHON", sys.executable)
    if python == sys.executable and importlib.util.find_spec("transformers") is None:
        yield Row("modules", "transformers is installed", "not run: it is not", reached=False)
        return
    begin = time.monotonic()
    settled: dict[str, Certificate] = {}
    for name in [n for n in list(FAMILIES)[:most] if not only or n in only]:
        if budget_s is not None and time.monotonic() - begin > budget_s:
            yield Row(f"module {name}", "settled", "not reached: budget spent", reached=False)
            continue
        start = time.monotonic()
        settled[name] = _certified(name, python)
        yield _row(name, settled[name], time.monotonic() - start)
    yield from _totals(settled)


def _certified(name: str, python: str) -> Certificate:
    try:
        return certificate_of(f"{FILE}:{name}", python, limit_s=_LIMIT_S)
    except (UserError, WorkerError) as error:
        return Certificate(None, why=f"not read: {' '.join(str(error).split())[:300]}")


def _row(name: str, said: Certificate, seconds: float) -> Row:
    wanted = " or ".join(f or "none" for f in FAMILIES[name])
    agreed = f"agrees (worst {said.worst or 0:.2g} of the tolerance)"
    seen = f"{said.family or 'no family'}; {agreed if said.agrees else said.why}"
    numbers = {"unlike": list(said.unlike), "worst": said.worst, "seconds": seconds}
    reached = said.family in FAMILIES[name] and (said.agrees or bool(said.why))
    bar = f"{wanted}; translated or why not"
    return Row(f"module {name}", bar, f"{seen}; {seconds:.0f} s", reached, numbers)


def _totals(settled: dict[str, Certificate]) -> Iterator[Row]:
    """What all twelve are asked for; of fewer the same shares."""
    count = len(settled)
    named = sum(one.family in FAMILIES[name] for name, one in settled.items())
    certified = sum(one.agrees for one in settled.values())
    explained = sum(one.agrees or bool(one.why) for one in settled.values())
    whole = count == len(FAMILIES)
    yield Row(
        "modules: family",
        f">= {NAMED} of {len(FAMILIES)}",
        f"{named} of {count}",
        reached=named >= NAMED if whole else named == count,
    )
    yield Row(
        "modules: translation certified",
        f">= {CERTIFIED} of {len(FAMILIES)}, the rest with a reason",
        f"{certified} of {count}, {explained} with a reason or certified",
        reached=explained == count and (certified >= CERTIFIED or not whole),
    )
