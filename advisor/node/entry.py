"""The first lines that an exported file runs: the worker's commands, or a whole measurement.

Lies in the zip as ``__main__.py``. Any Python may be the one that was typed, so this file is
written in what every Python since 2.7 reads, and tells the old ones what they lack.
"""

import sys

if sys.version_info < (3, 10):  # noqa: UP036  (this file is what meets the older ones)
    sys.stderr.write(
        "fw-advisor: this is Python "
        + sys.version.split()[0]
        + "; measuring needs 3.10 or later\n  start it with a newer Python of this machine\n"
    )
    sys.exit(2)

import importlib

_COMMANDS = ("worker", "catalogue", "inspect")

if __name__ == "__main__":
    # Named as text: the advisor's own modules never import the worker's.
    worker = "probes.__main__" if sys.argv[1:2] and sys.argv[1] in _COMMANDS else None
    sys.exit(importlib.import_module(worker or "advisor.node.command").main(sys.argv[1:]))
