"""What an interview says first: the machine, the frameworks, and what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from advisor.machine.detected import hardware_text
from advisor.render.evidence_words import word_notice

if TYPE_CHECKING:
    from advisor.cli.measuring import Surroundings
    from advisor.knowledge.model import RuleBase


def opening_lines(base: RuleBase, around: Surroundings) -> list[str]:
    """What was found here, one line each, problems with what mends them last."""
    machine = around.machine
    cores = machine.get("cores_usable")
    cpu = f"{machine.get('cpu', 'CPU')}" + (f", {cores} cores usable" if cores else "")
    detected, problems = [f"Machine: {cpu}"], []
    if machine.get("accelerators"):
        detected.append(f"Accelerators: {hardware_text(machine)}")
    for toolchain in around.toolchains:
        name = base.frameworks[toolchain.framework].title
        if toolchain.problem is None:
            detected.append(f"{name} {toolchain.version} (Python {toolchain.python})")
        else:
            hint = toolchain.problem.get("hint", "")
            text = f"! {name}: {toolchain.problem['text']}"
            problems.append(f"{text}; {hint}" if hint else text)
    notices = [word_notice(notice) for notice in around.notices]
    problems += [f"! {notice.text}; {notice.hint}" for notice in notices]
    return [*detected, *problems]
