"""A whole measurement on a node without an install: ``python3 probe.pyz > evidence.json``.

What the exported file runs. Standard library until an interpreter with NumPy is found, then the
same campaign as `fw-advisor probe`. stdout carries one JSON document: the evidence with its words,
or the error; all talk goes to stderr. It leaves nothing on the node but what ``--output`` names.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.util
import json
import math
import os
import pkgutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from advisor import __version__
from advisor.errors import ERROR_SCHEMA, ExitCode, NothingToMeasureError, UserError
from advisor.evidence import to_data
from advisor.files import write_whole
from advisor.jsonio import dumps
from advisor.render.evidence_words import progress_words, word_evidence
from advisor.render.wording import say
from advisor.text import inert

if TYPE_CHECKING:
    from advisor.machine.mends import Mends
    from advisor.machine.toolchains import InstalledToolchain
    from advisor.measure.campaign import Finished
    from advisor.measure.progress import Progress
    from advisor.measure.wishes import Wishes

INSTALL_HINT = (
    "point to environments of this node that hold them (and NumPy) with: "
    "--python torch=PATH --python jax=PATH"
)
EVERY_S = 10.0
# Beside the machine's modules in the exported file, as JSON: a bare node reads no YAML.
PACKED_MENDS = "mends.json"
# Set for the interpreter that takes over, so that a second one never does.
_TAKEN_OVER = "FW_ADVISOR_NODE_TAKEN_OVER"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UserError(message, hint=f"see: python3 {self.prog} --help")


def main(argv: Sequence[str]) -> int:
    """Measure as *argv* says; returns the exit code of ``fw-advisor probe``."""
    try:
        return _run(_parser().parse_args(argv), argv)
    except BrokenPipeError:
        # The reader went away: what follows must not fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        return _failed("interrupted", "", None, ExitCode.INTERRUPTED)
    except UserError as error:
        return _failed(error.message, error.hint, error.where, error.exit_code)
    except Exception as error:  # noqa: BLE001  (the one place that turns errors into words)
        traceback.print_exc()
        text = f"this is a bug of fw-advisor: {type(error).__name__}: {error}"
        return _failed(text, "report it with what stands above", None, ExitCode.BUG)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=Path(sys.argv[0]).name,
        description="Measure PyTorch and JAX on this machine; nothing needs to be installed but "
        "them and NumPy. Prints the evidence as JSON, for: fw-advisor advise --evidence FILE.",
        epilog="Exit codes: 0 done; 1 our bug; 2 bad usage or input; 3 done but incomplete; "
        "4 nothing to measure; 130 interrupted, partial results kept.",
    )
    add = parser.add_argument
    add("--plan", type=Path, metavar="FILE", help="what to measure (fw-advisor/plan@1)")
    add(
        "--python",
        action="append",
        default=[],
        metavar="torch=PATH",
        help="torch=PATH or jax=PATH: an interpreter to measure; repeatable",
    )
    add(
        "--workload",
        action="append",
        default=[],
        type=Path,
        metavar="FILE.py",
        help="a file with your own step, measured instead; repeatable",
    )
    add("--label", metavar="TEXT", help="what the report calls this machine")
    add("-o", "--output", type=Path, metavar="FILE", help="write there instead of to stdout")
    add("--wait", action="store_true", help="wait where another fw-advisor measures here")
    add("-q", "--quiet", action="store_true", help="say only what went wrong")
    add("--version", action="version", version=f"fw-advisor {__version__}")
    return parser


def _run(options: argparse.Namespace, argv: Sequence[str]) -> int:
    from advisor.machine.choosing import toolchains_on  # noqa: PLC0415  (--help stays quick)
    from advisor.machine.describe import describe_machine  # noqa: PLC0415
    from advisor.measure.request import parse_pythons  # noqa: PLC0415

    _refuse_unusable(options)
    wishes = _wishes(options.plan)
    worker = (os.path.abspath(sys.argv[0]),)  # noqa: PTH100  (a link to it stays as it is)
    machine = describe_machine()
    toolchains = toolchains_on(
        wishes.device,
        parse_pythons(options.python),
        worker=worker,
        machine=machine,
        mends=_mends(),
    )
    _need_numpy(toolchains, worker[0], argv)
    if options.label:
        machine["label"] = inert(options.label, limit=100)
    _keep_what_was_finished()
    with tempfile.TemporaryDirectory(prefix="fw-advisor-node-") as cache:
        finished = _measured(
            options,
            wishes,
            toolchains=toolchains,
            machine=machine,
            worker=worker,
            cache=Path(cache),
        )
    _write(dumps(to_data(word_evidence(finished.evidence))), options.output)
    return _exit_code(finished)


def _measured(
    options: argparse.Namespace,
    wishes: Wishes,
    *,
    toolchains: Sequence[InstalledToolchain],
    machine: Mapping[str, Any],
    worker: Sequence[str],
    cache: Path,
) -> Finished:
    from advisor.machine.choosing import unused_accelerator  # noqa: PLC0415  (--help stays quick)
    from advisor.measure.request import LOCK_WAIT_S, campaign_for  # noqa: PLC0415

    campaign = campaign_for(
        wishes,
        toolchains,
        machine,
        worker=worker,
        cache=cache,
        created=dt.datetime.now(dt.UTC).date().isoformat(),
        install_hint=INSTALL_HINT,
        own=[str(path.resolve()) for path in options.workload],
        notices=[n for n in [unused_accelerator(wishes.device, machine)] if n is not None],
        lock_wait_s=math.inf if options.wait else LOCK_WAIT_S,
        report=(lambda _: None) if options.quiet else _occasional_lines(),
    )
    from advisor.measure.campaign import measure  # noqa: PLC0415  (needs NumPy)

    return measure(campaign)


def _mends() -> Mends:
    """The mends that were packed into the exported file; none where it holds none."""
    from advisor.machine.mends import Mends, mends_from  # noqa: PLC0415  (--help stays quick)

    try:
        data = pkgutil.get_data("advisor.machine", PACKED_MENDS)
    except OSError:
        data = None
    return Mends() if data is None else mends_from(json.loads(data), name=PACKED_MENDS)


def _wishes(plan: Path | None) -> Wishes:
    from advisor.measure.wishes import Wishes, read_plan  # noqa: PLC0415  (--help stays quick)

    return Wishes() if plan is None else read_plan(plan)


def _need_numpy(toolchains: Sequence[InstalledToolchain], script: str, argv: Sequence[str]) -> None:
    """Let an interpreter that holds NumPy take over where this one does not.

    A node's own ``python3`` is often bare, with the frameworks in environments beside it.

    Raises:
        NothingToMeasureError: none holds NumPy and a framework.
    """
    if importlib.util.find_spec("numpy") is not None:
        return
    usable = [toolchain.interpreter for toolchain in toolchains if toolchain.problem is None]
    if not usable or os.environ.get(_TAKEN_OVER):
        problems = {t.framework: t.problem for t in toolchains if t.problem}
        causes = "; ".join(f"{name}: {why['text']}" for name, why in problems.items())
        mends = [f"{name}: {why['hint']}" for name, why in problems.items() if why.get("hint")]
        raise NothingToMeasureError(
            "NumPy is missing in this Python, and no interpreter with NumPy and a framework was "
            f"found beside it ({causes})",
            hint="\n  ".join([*mends, INSTALL_HINT]),
        )
    os.environ[_TAKEN_OVER] = "1"
    os.execv(usable[0], [usable[0], "-B", script, *argv])  # noqa: S606  (no shell is meant)


def _keep_what_was_finished() -> None:
    """A lost connection or a scheduler's end of time stops like Ctrl-C does."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # One that is ignored was meant to be: nohup does so.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


def _refuse_unusable(options: argparse.Namespace) -> None:
    """Find out before measuring for minutes, not after."""
    for path in options.workload:
        if path.suffix != ".py" or not path.is_file():
            raise UserError("is no Python file that could be measured", where=str(path))
    place = options.output
    if place is not None and (place.is_dir() or not os.access(place.parent, os.W_OK)):
        raise UserError(
            "cannot be written", hint="give another place with --output", where=str(place)
        )


def _occasional_lines() -> Callable[[Progress], None]:
    last = [-EVERY_S]

    def report(progress: Progress) -> None:
        now = time.monotonic()
        if now - last[0] >= EVERY_S:
            last[0] = now
            text = progress_words(progress)
            _talk(
                say("node.measuring", text=text, done_s=progress.done_s, total_s=progress.total_s)
            )

    return report


def _exit_code(finished: Finished) -> int:
    if finished.interrupted:
        _talk(say("node.interrupted"))
        return ExitCode.INTERRUPTED
    if not finished.complete:
        _talk(say("node.incomplete"))
        return ExitCode.INCOMPLETE
    return ExitCode.DONE


def _write(text: str, place: Path | None) -> None:
    if place is not None:
        write_whole(place, text)
        return
    sys.stdout.write(text)
    sys.stdout.flush()


def _failed(message: str, hint: str, where: str | None, code: int) -> int:
    document = {
        "schema": ERROR_SCHEMA,
        "error": {"message": message, "hint": hint, "where": where},
    }
    _write(dumps(document), None)
    _talk(f"fw-advisor: {where}: {message}" if where else f"fw-advisor: {message}")
    if hint:
        _talk(f"  {hint}")
    return int(code)


def _talk(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
