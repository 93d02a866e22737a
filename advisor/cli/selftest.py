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
from advisor.cli.measuring_options import WaitOption
from advisor.errors import ExitCode

SCHEMA = "fw-advisor/selftest@1"


@app.command()
def selftest(
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Do not take an earlier pass for granted.")
    ] = False,
    wait: WaitOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
    no_color: NoColorOption = False,
) -> int:
    """Check that measuring works on this machine.

    Equal code has to be called equal, and a planted delay has to be found.
    """
    from advisor.cli import measuring
    from advisor.cli.live import live_progress
    from advisor.evidence import to_data
    from advisor.machine.describe import describe_machine
    from advisor.measure.campaign import Campaign, lock_for, self_test
    from advisor.measure.request import machine_part
    from advisor.measure.wishes import Wishes
    from advisor.render.evidence_text import selftest_text
    from advisor.render.evidence_words import word_selftest
    from advisor.workers.workspace import workspace

    with live_progress(quiet=quiet, colour=colour_wanted(no_color)) as report:
        campaign = Campaign(
            worker=measuring.worker_script(),
            toolchains=(),
            toolchain_parts=(),
            missing={},
            machine=machine_part(describe_machine()),
            wishes=Wishes(),
            created=measuring.today(),
            cache=measuring.cache_dir(),
            lock_wait_s=measuring.lock_wait_s(wait),
            report=report,
        )
        with lock_for(campaign), workspace() as place:
            result = self_test(campaign, place, fresh=fresh)
    tested = word_selftest(result.part)
    if json:
        emit_json({"schema": SCHEMA, "selftest": to_data(tested)})
    else:
        print(selftest_text(tested))
    return ExitCode.DONE if result.passed else ExitCode.CHECK_SAYS_NO
