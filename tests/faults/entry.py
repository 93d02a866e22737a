"""``fw-advisor`` with the fake worker in the place of the real one, and on a quiet machine.

``FAULTS_SCRIPT`` names the file with the fake's script. Everything else is the product: its
command line, driver, guardians, lock, workspace and files. What a machine's noise would make long
(waiting for quiet, rounds of a profile) is short.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

from advisor.cli.limits import compute_alone

compute_alone()

from advisor.cli import main, measuring  # noqa: E402
from advisor.measure import campaign, plan, run, selftest  # noqa: E402
from tests.fakes import kit  # noqa: E402


def fake_argv() -> tuple[str, ...]:
    """What an interpreter runs to become the fake."""
    return (str(kit.FAKE), "--script", Path(os.environ["FAULTS_SCRIPT"]).read_text("utf-8"))


def put_fakes_in_place() -> None:
    """The fake worker and a quiet machine instead of what is here."""
    measuring.worker_script = fake_argv
    run.QUIET_LIMIT_S = selftest.QUIET_LIMIT_S = selftest.PATIENCE_S = 0.1
    meter = campaign.Campaign.__dataclass_fields__["meter"]
    meter.default = kit.Meter
    campaign.Campaign.__init__.__kwdefaults__["meter"] = kit.Meter
    limits = json.loads(os.environ.get("FAULTS_LIMITS", "{}"))
    quick = replace(kit.QUICK, **limits)
    for name in plan.PROTOCOLS:
        plan.PROTOCOLS[name] = quick


if __name__ == "__main__":
    put_fakes_in_place()
    main()
