"""From a command's options to a measuring campaign: shared by `probe`, `interview`, `selftest`.

Puts together what was found (machine, toolchains) and what was asked for. Measures nothing.
"""

from __future__ import annotations

import datetime as dt
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from advisor.errors import NothingToMeasureError, UserError
from advisor.resources import resource_dir

if TYPE_CHECKING:
    from advisor.machine.toolchains import Toolchain
    from advisor.measure.campaign import Campaign
    from advisor.measure.model import ToolchainSpec
    from advisor.measure.plan import Wishes
    from advisor.measure.run import Progress

FRAMEWORK_WORDS = {"torch": "pytorch", "pytorch": "pytorch", "jax": "jax"}
INSTALL_HINT = (
    "install them beside fw-advisor with: pip install 'fw-advisor[frameworks]', or point to an "
    "environment that has them with: --python torch=PATH --python jax=PATH"
)


@dataclass(frozen=True)
class Surroundings:
    """What was found here: the machine's description and the interpreters with frameworks."""

    machine: dict[str, Any]
    toolchains: tuple[Toolchain, ...]


def today() -> str:
    """The date in UTC, for documents that are made now."""
    return dt.datetime.now(dt.UTC).date().isoformat()


def worker_script() -> tuple[str, ...]:
    """What an interpreter runs to become a worker."""
    return (str(resource_dir("probes")),)


def cache_dir() -> Path:
    """Where a passed self-test is remembered."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("fw-advisor"))


def look_around(requested: Sequence[str] = ()) -> Surroundings:
    """Describe the machine and find the interpreters, those *requested* (``torch=PATH``) first.

    Raises:
        UserError: a request of another shape.
    """
    from advisor.machine.describe import describe_machine
    from advisor.machine.toolchains import find_toolchains

    found = find_toolchains(parse_pythons(requested), worker=worker_script())
    return Surroundings(describe_machine(), tuple(found))


def parse_pythons(requested: Sequence[str]) -> dict[str, list[str]]:
    """``["torch=/a/bin/python"]`` as ``{"pytorch": ["/a/bin/python"]}``.

    Raises:
        UserError: another shape, or a framework that nobody knows.
    """
    result: dict[str, list[str]] = {}
    for item in requested:
        word, equals, path = item.partition("=")
        framework = FRAMEWORK_WORDS.get(word.strip().lower())
        if not equals or framework is None or not path:
            raise UserError(
                f"--python {item!r} does not say which framework the interpreter holds",
                hint="write --python torch=/path/to/python or --python jax=/path/to/python",
            )
        result.setdefault(framework, []).append(str(Path(path).expanduser()))
    return result


def parse_budget(text: str | None) -> float | None:
    """``60s``, ``2m`` or a number of seconds.

    Raises:
        UserError: anything else.
    """
    if text is None:
        return None
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(s|sec|m|min|h)?\s*", text)
    if match is None or float(match.group(1)) <= 0:
        raise UserError(f"--budget {text!r} is no length of time", hint="write 60s or 3m")
    return float(match.group(1)) * {"m": 60, "min": 60, "h": 3600}.get(match.group(2) or "s", 1)


def specs_of(toolchains: Sequence[Toolchain]) -> tuple[list[ToolchainSpec], dict[str, Any]]:
    """Toolchains that can be measured, and per framework that has none, why."""
    from advisor.measure.model import ToolchainSpec

    specs: list[ToolchainSpec] = []
    missing: dict[str, Any] = {}
    for index, found in enumerate(toolchains):
        if found.problem is not None:
            missing.setdefault(found.framework, dict(found.problem))
            continue
        first = all(spec.framework != found.framework for spec in specs)
        specs.append(
            ToolchainSpec(
                key=f"{found.framework}-{index}",
                framework=found.framework,
                interpreter=found.interpreter,
                version=found.version,
                suffix="" if first else f"@{found.version or index}",
                index=index,
            )
        )
    for spec in specs:
        missing.pop(spec.framework, None)
    return specs, missing


def make_campaign(
    around: Surroundings,
    wishes: Wishes,
    report: Callable[[Progress], None] = lambda _: None,
    *,
    own: Sequence[str] = (),
) -> Campaign:
    """The campaign for *wishes* with what was found; *own* are files with the user's steps.

    Raises:
        NothingToMeasureError: no interpreter holds a framework.
    """
    from advisor.measure.campaign import Campaign

    specs, missing = specs_of(around.toolchains)
    if not specs:
        told = "; ".join(f"{name}: {why.get('text', '')}" for name, why in sorted(missing.items()))
        raise NothingToMeasureError(
            "neither PyTorch nor JAX was found" + (f" ({told})" if told else ""),
            hint=INSTALL_HINT,
        )
    wanted = {FRAMEWORK_WORDS[f] for f in wishes.frameworks}
    missing = {k: v for k, v in missing.items() if not wanted or k in wanted}
    return Campaign(
        worker=worker_script(),
        toolchains=specs,
        toolchain_documents=[document_of(t) for t in around.toolchains],
        missing=missing,
        machine=around.machine,
        wishes=replace(wishes, frameworks=tuple(sorted(wanted))),
        created=today(),
        cache=cache_dir(),
        own_workloads=tuple(own),
        lock_wait_s=2.0,
        cpu_quota=around.machine.get("cpu_quota"),
        report=report,
    )


def document_of(toolchain: Toolchain) -> Mapping[str, Any]:
    """A toolchain as it stands in the evidence; the home directory is shown as ``~``."""
    from advisor.text import private

    return {
        "framework": toolchain.framework,
        "version": toolchain.version,
        "python": toolchain.python,
        "interpreter": private(toolchain.interpreter),
        "packages": dict(toolchain.packages),
        "devices": list(toolchain.devices),
        "problem": None if toolchain.problem is None else dict(toolchain.problem),
    }


def current_interpreter() -> str:
    """The interpreter that runs fw-advisor."""
    return sys.executable
