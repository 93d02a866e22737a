"""Whose fault it is that a worker's process ended, as far as the signal that ended it tells.

A worker is Python and NumPy around one framework. What ends it from inside, with a signal, is
native code: the framework's, or what a user's own file loads.
"""

from __future__ import annotations

from dataclasses import replace

from advisor.evidence import Reason
from advisor.measure.work import Mode, WorkItem

_CASES = {
    "SIGABRT": "native",
    "SIGBUS": "native",
    "SIGFPE": "native",
    "SIGSEGV": "native",
    "SIGTRAP": "native",
    "SIGILL": "instruction",
    "SIGKILL": "killed",
}


def told_of_crash(reason: Reason, item: WorkItem, mode: Mode, version: str) -> Reason:
    """*reason*, where it is that a signal ended the worker: whose code it was, and doing what.

    Args:
        reason: Why the worker gave no answer, whatever that is.
        item: What it was asked to build or time.
        mode: In which mode.
        version: The framework's version; empty where it had not even said hello.
    """
    case = _CASES.get(str(reason.values.get("signal", "")))
    if reason.id != "worker-crashed" or case is None or not version:
        return reason
    if case == "native" and item.source is not None:
        case = "native-own"
    about = {
        "framework": mode.toolchain.framework,
        "version": version,
        "work": f"{item.workload} {item.size_name}".strip(),
        "mode": mode.name,
        "stages": [{"case": str(reason.values.get("doing", ""))}],
    }
    return replace(reason, case=case, values={**reason.values, **about})
