"""`fw-advisor selftest`: does measuring work on this machine, now?"""

from __future__ import annotations

from typing import Annotated

import typer

from advisor.cli import app
from advisor.cli.common import (
    JsonOption,
    NoColorOption,
    QuietOption,
    colour_wanted,
    emit_json,
)
from advisor.errors import ExitCode

SCHEMA = "fw-advisor/selftest@1"


@app.command()
def selftest(
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Do not take an earlier pass for granted.")
    ] = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
    no_color: NoColorOption = False,
) -> int:
    """Check that measuring works: equal code is called equal, a planted delay is found."""
    from advisor.cli import measuring
    from advisor.cli.live import live_progress
    from advisor.machine.describe import describe_machine
    from advisor.measure.campaign import Campaign, self_test
    from advisor.workers.lock import machine_lock
    from advisor.measure.selection import Wishes
    from advisor.workers.workspace import workspace

    machine = describe_machine()
    with live_progress(quiet=quiet, colour=colour_wanted(no_color)) as report:
        campaign = Campaign(
            worker=measuring.worker_script(),
            toolchains=(),
            toolchain_documents=(),
            missing={},
            machine=machine,
            wishes=Wishes(),
            created=measuring.today(),
            cache=measuring.cache_dir(),
            cpu_quota=machine.get("cpu_quota"),
            report=report,
        )
        with machine_lock(2.0), workspace() as place:
            result = self_test(campaign, place, fresh=fresh)
    if json:
        emit_json({"schema": SCHEMA, "selftest": result.document})
    else:
        print(_in_words(result.document))
    return ExitCode.DONE if result.passed else ExitCode.CHECK_SAYS_NO


def _in_words(document: dict[str, object]) -> str:
    if document["status"] == "passed":
        details = document["details"]
        assert isinstance(details, dict)
        return (
            "passed: equal code was not called different "
            f"(launches differ by {float(str(document['aa_log_sd'])):.1%}), and a planted delay "
            f"of 20 % was found (measured as {details['planted_ratio']:.2f})"
        )
    reason = document["reason"]
    assert isinstance(reason, dict)
    return f"failed: {reason['text']}\n  {reason['hint']}"
