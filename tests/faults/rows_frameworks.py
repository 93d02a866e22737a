"""Frameworks that misbehave, through the fake worker: each costs its own entries and no others."""

from __future__ import annotations

from typing import Any

from tests.faults.case import Case, Fault, Inject

LIMITS = '{"hello_timeout_s": 2.0, "build_timeout_s": 2.0, "block_timeout_s": 2.0}'


def fault(verb: str, kind: str, who: str = "jax.jit", **more: Any) -> Inject:
    """The fake does *kind* when it is asked for *verb*."""

    def inject(case: Case) -> None:
        key = "mode" if "." in who else "framework"
        case.script["faults"] = [{"verb": verb, "kind": kind, key: who, **more}]
        case.env["FAULTS_LIMITS"] = LIMITS

    return inject


def row(name: str, injected: str, how: Inject, *, quick: int = 0,
        codes: tuple[int, ...] = (3,)) -> Fault:  # fmt: skip
    return Fault(f"framework-{name}", f"a framework that {injected}", ("probe",), how, codes,
                 quick=quick)  # fmt: skip


ROWS = [
    row("prints", "prints to stdout before it answers",
        fault("build", "line", text="[Gloo] Rank 0 is connected"), quick=1),
    row("half", "answers half and exits with 0", fault("build", "half")),
    row("exits", "calls os._exit(0) in the middle", fault("block", "exit", status=0), quick=0),
    row("exits-import", "exits while it is imported", fault("hello", "exit", "jax", status=0)),
    row("hangs-import", "hangs while it is imported", fault("hello", "hang", "jax")),
    row("hangs", "hangs in C while it compiles, and ignores signals",
        fault("build", "stubborn"), quick=0),
    row("hangs-exit", "hangs when it is asked to leave", fault("bye", "stubborn", "jax"),
        codes=(0,)),
    row("forks", "forks, with a child in a session of its own, and a daemon",
        fault("peak", "children", "jax"), codes=(0,), quick=1),
    row("forks-crashes", "crashes with SIGSEGV", fault("warm", "crash")),
    row("illegal", "needs instructions that the CPU lacks", fault("build", "crash",
        signal="SIGILL")),
    row("killed", "is killed for its memory", fault("block", "crash", signal="SIGKILL")),
    row("deep", "answers 200,000 brackets", fault("build", "deep")),
    row("twice", "answers twice", fault("build", "twice")),
    row("nan", "answers NaN times", fault("block", "line",
        text='{"ok": true, "samples_s": [NaN], "wall_s": 1}')),
    row("negative", "answers times below zero", fault("block", "change",
        fields={"samples_s": [-1.0, 2.0]})),
    row("infinite", "answers a rate of 1e999", fault("peak", "line", "jax",
        text='{"ok": true, "flops_per_s": 1e12, "bytes_per_s": 1e12, "x": 1e999}')),
    row("half-character", "names half a character as its version", fault("hello", "line", "jax",
        text='{"ok": true, "protocol": 1, "pid": 7, "version": "\\ud800"}'), codes=(0, 3)),
    row("odd-error", "raises an error that is no object", fault("build", "line",
        text='{"ok": false, "error": ["x"]}'), quick=1),
    row("lacks", "leaves a field out", fault("block", "lack", key="wall_s")),
    row("missing", "is not there", fault("hello", "raise", "jax", type="ModuleNotFoundError",
        text="No module named 'jax'"), quick=0),
    row("raises", "raises, with a terminal's codes and a key in its text", fault("build", "raise",
        type="RuntimeError", text="\x1b[31m bad \u202e hf_abcdefghijklmnopqrst")),
    row("memory", "raises MemoryError", fault("build", "raise", type="MemoryError", text="")),
]  # fmt: skip
