"""A look at one node, run there as a program beside the exported file: what it is, what it holds.

Its first argument is the exported file, whose modules it uses; what follows are values of
``--python``. Prints one JSON object: ``machine``, ``python``, ``toolchains`` and ``problem`` (why
there are none; empty otherwise). Starts no framework, measures nothing.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])

from advisor.errors import UserError
from advisor.machine.describe import describe_machine
from advisor.machine.toolchains import find_toolchains
from advisor.measure.request import parse_pythons
from advisor.text import private

_TOLD = ("framework", "version", "python", "interpreter", "problem")


def survey(archive: str, pythons: list[str]) -> dict[str, object]:
    """This machine and the interpreters of it that hold a framework."""
    try:
        toolchains = find_toolchains(parse_pythons(pythons), worker=(archive,))
        problem = ""
    except UserError as error:
        # A node that lacks an interpreter of the others is of their kind all the same.
        toolchains, problem = [], private(str(error))
    rows = [{key: asdict(toolchain)[key] for key in _TOLD} for toolchain in toolchains]
    return {
        "machine": describe_machine(),
        "python": sys.version.split()[0],
        "toolchains": [{**row, "interpreter": private(str(row["interpreter"]))} for row in rows],
        "problem": problem,
    }


if __name__ == "__main__":
    json.dump(survey(sys.argv[1], sys.argv[2:]), sys.stdout, default=str)
