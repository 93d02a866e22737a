"""JSON lines between the driver and a worker, over descriptors that nothing else can write to.

Frameworks and their libraries print to stdout (JAX's CPU collectives do); so the original
stdout is kept on a private descriptor and descriptor 1 is pointed at stderr.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from typing import Any


class Channel:
    """Requests come in on stdin, one JSON object a line; replies go out on the private fd."""

    def __init__(self) -> None:
        sys.stdout.flush()
        self._out = os.dup(1)
        os.dup2(2, 1)
        self._in = os.fdopen(os.dup(0), "r", encoding="utf-8")
        # Whatever reads stdin by accident gets nothing, instead of eating a request.
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)

    def requests(self) -> Iterator[dict[str, Any]]:
        """Requests until the driver closes its end."""
        for line in self._in:
            yield json.loads(line)

    def reply(self, message: dict[str, Any]) -> None:
        """Send one reply.

        Raises:
            ValueError: the reply holds NaN or an infinity; those are never valid results.
        """
        data = (json.dumps(message, allow_nan=False) + "\n").encode("utf-8")
        view = memoryview(data)
        while view:
            view = view[os.write(self._out, view) :]
