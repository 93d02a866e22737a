"""From what a caller asks for, in words, to a measuring campaign.

Shared by the command line and by the exported file that runs on a bare node, so that both
understand the same words. Starts nothing and reads nothing: what was found is handed in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from advisor.errors import NothingToMeasureError, UserError
from advisor.text import private

if TYPE_CHECKING:
    from advisor.machine.toolchains import Toolchain
    from advisor.measure.campaign import Campaign
    from advisor.measure.work import ToolchainSpec
    from advisor.measure.run import Progress
    from advisor.measure.selection import Wishes

FRAMEWORK_WORDS = {"torch": "pytorch", "pytorch": "pytorch", "jax": "jax"}
SETTINGS = ("matched", "default")


def make_wishes(**asked: Any) -> Wishes:
    """What was asked for, checked; the arguments are the fields of `Wishes`.

    Raises:
        UserError: a profile, a kind of settings or a framework that does not exist.
    """
    from advisor.measure.plan import PROTOCOLS  # noqa: PLC0415  (--help stays quick)
    from advisor.measure.selection import Wishes  # noqa: PLC0415

    wishes = Wishes(**asked)
    for option, word, known in (
        ("--profile", wishes.profile, tuple(PROTOCOLS)),
        ("--settings", wishes.settings, SETTINGS),
        *(("--framework", name, tuple(FRAMEWORK_WORDS)) for name in wishes.frameworks),
    ):
        if word not in known:
            raise UserError(f"{option} {word!r} does not exist", hint=f"one of: {', '.join(known)}")
    return wishes


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
    from advisor.measure.work import ToolchainSpec  # noqa: PLC0415  (--help stays quick)

    specs: list[ToolchainSpec] = []
    missing: dict[str, Any] = {}
    for index, found in enumerate(toolchains):
        if found.problem is not None:
            missing.setdefault(found.framework, dict(found.problem))
            continue
        taken = [spec.suffix for spec in specs if spec.framework == found.framework]
        specs.append(
            ToolchainSpec(
                key=f"{found.framework}-{index}",
                framework=found.framework,
                interpreter=found.interpreter,
                version=found.version,
                suffix=_suffix(found, index, taken),
                index=index,
            )
        )
    for spec in specs:
        missing.pop(spec.framework, None)
    return specs, missing


def _suffix(toolchain: Toolchain, index: int, taken: Sequence[str]) -> str:
    """What tells the modes of *toolchain* from those of the same framework before it."""
    if not taken:
        return ""
    plain = f"@{toolchain.version or index}"
    python = ".".join((toolchain.python or "").split(".")[:2])
    longer = f"{plain}-py{python}" if python else plain
    numbered = (f"{longer}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (plain, longer, *numbered) if name not in taken)


def left_out(
    toolchains: Sequence[Toolchain], specs: Sequence[ToolchainSpec]
) -> list[dict[str, str]]:
    """A notice per toolchain that cannot be measured while another of its framework can."""
    measured = {spec.framework for spec in specs}
    return [
        {
            "id": "toolchain-left-out",
            "severity": "warning",
            "text": f"{private(found.interpreter)} was not measured with {found.framework}: "
            f"{found.problem.get('text', '')}",
            "hint": str(found.problem.get("hint") or "see: fw-advisor doctor"),
        }
        for found in toolchains
        if found.problem is not None and found.framework in measured
    ]


def _nothing_to_measure(
    missing: Mapping[str, Mapping[str, str]], install_hint: str
) -> NothingToMeasureError:
    """Why neither framework can be measured, each with what mends it."""
    told = "; ".join(f"{name}: {why.get('text', '')}" for name, why in sorted(missing.items()))
    hints = [f"{name}: {why['hint']}" for name, why in sorted(missing.items()) if why.get("hint")]
    if len(hints) < len(missing) or not hints:
        hints.append(install_hint)
    return NothingToMeasureError(
        "neither PyTorch nor JAX can be measured" + (f" ({told})" if told else ""),
        hint="\n  ".join(hints),
    )


def document_of(toolchain: Toolchain) -> Mapping[str, Any]:
    """A toolchain as it stands in the evidence; the home directory is shown as ``~``."""
    return {
        "framework": toolchain.framework,
        "version": toolchain.version,
        "python": toolchain.python,
        "interpreter": private(toolchain.interpreter),
        "packages": dict(toolchain.packages),
        "devices": list(toolchain.devices),
        "problem": None if toolchain.problem is None else dict(toolchain.problem),
    }


def campaign_for(
    wishes: Wishes,
    toolchains: Sequence[Toolchain],
    machine: Mapping[str, Any],
    *,
    worker: Sequence[str],
    cache: Path,
    created: str,
    install_hint: str,
    own: Sequence[str] = (),
    notices: Sequence[Mapping[str, str]] = (),
    report: Callable[[Progress], None] = lambda _: None,
) -> Campaign:
    """The campaign for *wishes* with the *toolchains* and on the *machine* that were found.

    Args:
        wishes: What to measure.
        toolchains: As `find_toolchains` gives them.
        machine: As `describe_machine` gives it.
        worker: What an interpreter runs to become a worker.
        cache: Where a passed self-test is remembered.
        created: The date that the evidence carries.
        install_hint: What to do where neither framework is found.
        own: Files with the user's steps.
        notices: What the evidence should say beside what it finds out itself.
        report: Called with the progress.

    Raises:
        NothingToMeasureError: no interpreter holds a framework.
    """
    # Needs NumPy, which a bare node may lack: what comes before this must work without.
    from advisor.measure.campaign import Campaign  # noqa: PLC0415

    specs, missing = specs_of(toolchains)
    if not specs:
        raise _nothing_to_measure(missing, install_hint)
    wanted = {FRAMEWORK_WORDS[f] for f in wishes.frameworks}
    missing = {k: v for k, v in missing.items() if not wanted or k in wanted}
    broken = left_out([t for t in toolchains if not wanted or t.framework in wanted], specs)
    return Campaign(
        worker=worker,
        toolchains=specs,
        toolchain_documents=[document_of(t) for t in toolchains],
        missing=missing,
        machine=machine,
        wishes=replace(wishes, frameworks=tuple(sorted(wanted))),
        created=created,
        cache=cache,
        own_workloads=tuple(own),
        lock_wait_s=2.0,
        cpu_quota=machine.get("cpu_quota"),
        notices=[*broken, *notices],
        short=bool(broken),
        report=report,
    )
