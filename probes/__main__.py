"""Start of the worker: ``PYTHON path/to/probes COMMAND``, under any interpreter from 3.10 on.

Commands: ``worker`` (measure, driven over stdin and stdout), ``catalogue`` (list the workloads),
``models`` (list the models), ``inspect`` (say which frameworks this interpreter holds),
``torch_census`` and ``jax_census`` (what a user's module is made of), ``rank`` (one of several that
share a step).
Nothing of ours is installed in that interpreter; it runs as a directory or as a zip file.
"""

import os
import sys

if not __package__:
    # sys.path[0] is this directory; with its parent instead, `probes` is a package and our
    # module names cannot shadow the standard library's for the framework's own imports.
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


_COMMANDS = ("worker", "catalogue", "models", "inspect", "torch_census", "jax_census", "rank")


def main(argv: list[str]) -> int:
    """Dispatch one command; returns the exit status."""
    command, rest = (argv[0], argv[1:]) if argv else ("", [])
    if command not in _COMMANDS:
        print(f"probes: unknown command {command!r}", file=sys.stderr)
        return 2
    import importlib

    status: int = importlib.import_module(f"probes.{command}").main(rest)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
