"""From what a caller asks for, in words, to a measuring campaign.

Shared by the command line and by the exported file that runs on a bare node, so that both
understand the same words. Starts nothing and reads nothing: what was found is handed in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from advisor import evidence
from advisor.errors import NothingToMeasureError, UserError
from advisor.evidence import Accelerator, Machine, Notice, Reason
from advisor.measure.progress import OnProgress, unreported
from advisor.measure.wishes import Wishes
from advisor.measure.work import ToolchainSpec
from advisor.pair import FRAMEWORK_WORDS, Framework
from advisor.text import private

if TYPE_CHECKING:
    from advisor.machine.toolchains import InstalledToolchain
    from advisor.measure.campaign import Campaign

LOCK_WAIT_S = 2.0
"""How long a run waits for another one that measures here, where nobody asks for more."""

_MACHINE_KEYS = frozenset(f.name for f in fields(Machine))
_ACCELERATOR_KEYS = frozenset(f.name for f in fields(Accelerator))


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


def specs_of(
    toolchains: Sequence[InstalledToolchain],
) -> tuple[list[ToolchainSpec], dict[str, Reason]]:
    """Toolchains that can be measured, and per framework that has none, why."""
    specs: list[ToolchainSpec] = []
    missing: dict[str, Reason] = {}
    for index, toolchain in enumerate(toolchains):
        problem = _problem_of(toolchain)
        if problem is not None:
            missing.setdefault(toolchain.framework, problem)
            continue
        taken = [spec.suffix for spec in specs if spec.framework == toolchain.framework]
        specs.append(
            ToolchainSpec(
                key=f"{toolchain.framework}-{index}",
                framework=toolchain.framework,
                interpreter=toolchain.interpreter,
                version=toolchain.version,
                suffix=_suffix(toolchain, index, taken),
                index=index,
            )
        )
    for spec in specs:
        missing.pop(spec.framework, None)
    return specs, missing


def _suffix(toolchain: InstalledToolchain, index: int, taken: Sequence[str]) -> str:
    """What tells the modes of *toolchain* from those of the same framework before it."""
    if not taken:
        return ""
    plain = f"@{toolchain.version or index}"
    python = ".".join((toolchain.python or "").split(".")[:2])
    longer = f"{plain}-py{python}" if python else plain
    numbered = (f"{longer}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (plain, longer, *numbered) if name not in taken)


def _problem_of(toolchain: InstalledToolchain) -> Reason | None:
    """Why a toolchain cannot be measured: said already by the room that looked at it."""
    if toolchain.problem is None:
        return None
    reason_id, text, hint = (str(toolchain.problem.get(k, "")) for k in ("id", "text", "hint"))
    return Reason(reason_id, text=text, hint=hint)


def left_out(
    toolchains: Sequence[InstalledToolchain], specs: Sequence[ToolchainSpec]
) -> list[Notice]:
    """A notice per toolchain that cannot be measured while another of its framework can."""
    measured = {spec.framework for spec in specs}
    return [
        Notice(
            "toolchain-left-out",
            "warning",
            values={
                "interpreter": private(toolchain.interpreter),
                "framework": toolchain.framework,
                "because": evidence.to_data(problem),
            },
            hint=problem.hint,
        )
        for toolchain in toolchains
        if (problem := _problem_of(toolchain)) is not None and toolchain.framework in measured
    ]


def _nothing_to_measure(missing: Mapping[str, Reason], install_hint: str) -> NothingToMeasureError:
    """Why neither framework can be measured, each with what mends it."""
    causes = "; ".join(f"{name}: {why.text}" for name, why in sorted(missing.items()))
    hints = [f"{name}: {why.hint}" for name, why in sorted(missing.items()) if why.hint]
    if len(hints) < len(missing) or not hints:
        hints.append(install_hint)
    return NothingToMeasureError(
        "neither PyTorch nor JAX can be measured" + (f" ({causes})" if causes else ""),
        hint="\n  ".join(hints),
    )


def machine_part(described: Mapping[str, Any]) -> Machine:
    """What `describe_machine` gives, as the evidence holds it."""
    accelerators = [
        Accelerator(**{k: v for k, v in listed.items() if k in _ACCELERATOR_KEYS})
        for listed in described.get("accelerators") or []
    ]
    plain = {k: v for k, v in described.items() if k in _MACHINE_KEYS and v is not None}
    return Machine(**{**plain, "accelerators": accelerators})


def toolchain_part(toolchain: InstalledToolchain) -> evidence.Toolchain:
    """A toolchain as it stands in the evidence; the home directory is shown as ``~``."""
    return evidence.Toolchain(
        framework=cast("Framework", toolchain.framework),
        version=toolchain.version,
        python=toolchain.python,
        interpreter=private(toolchain.interpreter),
        packages=dict(toolchain.packages),
        devices=list(toolchain.devices),
        problem=_problem_of(toolchain),
    )


def campaign_for(
    wishes: Wishes,
    toolchains: Sequence[InstalledToolchain],
    machine: Mapping[str, Any],
    *,
    worker: Sequence[str],
    cache: Path,
    created: str,
    install_hint: str,
    own: Sequence[str] = (),
    unlike: Mapping[str, Sequence[str]] | None = None,
    notices: Sequence[Notice] = (),
    lock_wait_s: float = LOCK_WAIT_S,
    report: OnProgress = unreported,
) -> Campaign:
    """The campaign for *wishes* with the *toolchains* and on the *machine* that were found.

    *toolchains* are as `find_toolchains` gives them, *machine* as `describe_machine` does; *own*
    are files with the user's steps, and *install_hint* is what to do where neither framework is
    found. The rest is as `Campaign` describes it.

    Raises:
        NothingToMeasureError: no interpreter holds a framework.
    """
    # Needs NumPy, which a bare node may lack: what comes before this must work without.
    from advisor.measure.campaign import Campaign  # noqa: PLC0415

    specs, missing = specs_of(toolchains)
    if not specs:
        raise _nothing_to_measure(missing, install_hint)
    wanted = {FRAMEWORK_WORDS[f] for f in wishes.frameworks}
    broken = left_out([t for t in toolchains if not wanted or t.framework in wanted], specs)
    return Campaign(
        worker=worker,
        toolchains=specs,
        toolchain_parts=[toolchain_part(t) for t in toolchains],
        missing={k: v for k, v in missing.items() if not wanted or k in wanted},
        machine=machine_part(machine),
        wishes=replace(wishes, frameworks=tuple(sorted(wanted))),
        created=created,
        cache=cache,
        own_workloads=tuple(own),
        unlike=unlike or {},
        lock_wait_s=lock_wait_s,
        notices=[*broken, *notices],
        short=bool(broken),
        report=report,
    )
