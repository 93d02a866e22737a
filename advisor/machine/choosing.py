"""The toolchains to measure on a device: those that have it, and why the others cannot.

Joins finding interpreters and naming causes, for the command line and the exported file alike.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from advisor.devices import asked_word, is_cpu, reported_word
from advisor.evidence import Notice
from advisor.machine.detected import own_accelerators
from advisor.machine.doctor import refusal
from advisor.machine.examination import visibility_of
from advisor.machine.mends import Mends
from advisor.machine.toolchains import InstalledToolchain, find_toolchains, with_devices

UNUSED = "accelerator-unused"


def toolchains_on(
    device: str,
    requested: Mapping[str, Sequence[str]],
    *,
    worker: Sequence[str],
    machine: Mapping[str, Any],
    mends: Mends,
    environ: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> list[InstalledToolchain]:
    """What `find_toolchains` finds, for the *device*: one that has it before one that lacks it.

    A toolchain that lacks the device gets that as its problem, with the cause: a CPU's time is
    never compared with an accelerator's. On the CPU no framework is started.

    Raises:
        UserError: a requested interpreter does not exist, or a framework nobody knows.
    """
    environ = os.environ if environ is None else environ
    if is_cpu(device):
        return find_toolchains(requested, worker=worker, environ=environ, directory=directory)

    def asked(toolchain: InstalledToolchain) -> InstalledToolchain:
        (seen,) = with_devices([toolchain], worker=worker)
        why = refusal(seen, device, machine, mends, visibility_of(environ))
        return replace(seen, problem=why)

    return find_toolchains(
        requested, worker=worker, environ=environ, directory=directory, refine=asked
    )


def accelerator_here(machine: Mapping[str, Any]) -> str | None:
    """The word of the one kind of accelerator that *machine* has a driver for; None without.

    Args:
        machine: What `describe_machine` returned.
    """
    kinds = {str(a["kind"]) for a in own_accelerators(machine) if a.get("driver")}
    return reported_word(kinds.pop()) if len(kinds) == 1 else None


def unused_accelerator(device: str, machine: Mapping[str, Any]) -> Notice | None:
    """The notice that an accelerator is here while the CPU is measured; None where it is not so.

    Args:
        device: The device that is measured.
        machine: What `describe_machine` returned.
    """
    driven = [a for a in machine.get("accelerators") or [] if a.get("driver")]
    if not is_cpu(device) or not driven:
        return None
    names = list(dict.fromkeys(str(a["name"]) for a in driven))
    kinds = {str(a["kind"]) for a in driven}
    word = asked_word(kinds.pop()) if len(kinds) == 1 else asked_word("nvidia")
    return Notice(UNUSED, "warning", values={"names": names, "device": word})
