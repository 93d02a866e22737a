"""Keeps the job of a node: lets nothing of it outlive the process that asked for it.

Run as a script (``python -I -S -c SOURCE``). It steps out from below its parent first, since an
engine kills the children of a worker that it ends, and a guardian that is killed guards nothing.
Then it is the exported file's own guardian: when the pipe from the parent closes, however that
went, every descendant is killed and the job's directory is removed.

The arguments are: the exported file, the job's directory, the descriptor that the exit status is
written to, then those of the guardian. Standard library only.
"""

import os
import shutil
import sys


def main(argv: list[str]) -> None:
    """Become the guardian of a job and clean up behind it."""
    if os.fork():
        os._exit(0)
    os.setsid()
    sys.path.insert(0, argv[0])
    from advisor.workers import guardian  # noqa: PLC0415  (from the exported file)

    try:
        code = guardian.main(argv[3:])
    finally:
        shutil.rmtree(argv[1], ignore_errors=True)
    os.write(int(argv[2]), str(code).encode("ascii"))


if __name__ == "__main__":
    main(sys.argv[1:])
