"""JSON lines between the driver and a worker, over descriptors that nothing else can write to.

Frameworks and their libraries print to stdout (JAX's CPU collectives do); so the original
stdout is kept on a private descriptor and descriptor 1 is pointed at stderr.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
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


def failure(error: BaseException) -> dict[str, Any]:
    """The reply that says what was raised."""
    text = str(error).strip() or type(error).__name__
    return {
        "ok": False,
        "error": {
            "type": type(error).__name__,
            "text": text[-1500:],
            "trace": traceback.format_exc()[-3000:],
        },
    }


def answer_once(make: Callable[[], dict[str, Any]]) -> int:
    """Reply with what *make* gives, or with what it raised; returns the exit code."""
    channel = Channel()
    try:
        channel.reply({"ok": True, **make()})
    except Exception as error:
        channel.reply(failure(error))
        return 1
    return 0


def serve(server: Any, verbs: Sequence[str]) -> int:
    """Answer every request by the method of *server* that it names, until ``bye`` or the end.

    Args:
        server: Has a method per verb, from a request to what its reply holds.
        verbs: What may be asked for; anything else fails as its own request.

    Returns:
        The exit code.
    """
    channel = Channel()
    answers = {verb: getattr(server, verb) for verb in verbs}
    for request in channel.requests():
        verb = request.get("do")
        if verb == "bye":
            channel.reply({"ok": True})
            return 0
        try:
            reply = {"ok": True, **answers[str(verb)](request)}
        except KeyboardInterrupt:
            return 130
        except Exception as error:
            reply = failure(error)
        channel.reply(reply)
    return 0
