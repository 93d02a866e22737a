"""A worker that shares no step: it answers as ranks do, at the times that its script says.

Started like the real one, ``PYTHON rank.py --script JSON models|worker|rank ...``. The script:

    {"step_s": {"single": .., "weak": .., "strong": ..},
     "gradients": {"1": [...], "2": [...]}       by number of devices
     "faults": [{"verb", "rank", "devices", "kind": crash|hang|raise, "text", "key"}]}
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time

TIMES = {"single": 1e-3, "weak": 1.25e-3, "strong": 0.8e-3}
GRADIENTS = [1.0, -2.0, 4.0]


def say(document: dict) -> None:
    """One reply."""
    os.write(1, (json.dumps(document) + "\n").encode())


def family(text: str) -> dict:
    """A family with a batch, at the size that *text* asks for; ``lone`` is not offered."""
    name, _, asked = text.partition(":")
    size = {"layers": 2, "batch": 8} | (json.loads(asked) if asked.startswith("{") else {})
    whole = {"low": 1, "high": 999, "longest": 0, "choices": [], "unit": ""}
    variants = {"pytorch": [{"id": "eager", "mode": "pytorch.eager"}], "jax": []}
    return {
        "id": name, "title": f"The {name} model", "stands_for": "nothing", "limits": "all",
        "precision": "float32", "trains": True, "modes": [], "tolerance": {}, "sample": "row",
        "depth": "layers", "split": [] if name == "lone" else ["x"],
        "sizes": [{"key": key, "default": size[key], **whole} for key in ("layers", "batch")],
        "presets": [], "tiny": {"layers": 1, "batch": 2}, "variants": variants,
        "asked": {"size": size, "flops": 1.0, "samples_per_step": 8.0,
                  "variants": {"pytorch": ["eager"], "jax": []}},
    }  # fmt: skip


class Fake:
    """One rank that computes nothing."""

    def __init__(self, script: dict, options: argparse.Namespace) -> None:
        self.script = script
        self.options = options
        self.wide = False

    def answer(self, request: dict) -> dict:
        """What the real one would say, or what the script has it do."""
        self.misbehave(request)
        verb, devices = request["do"], self.options.devices
        self.wide = request.get("wide", self.wide)
        if verb == "hello":
            return {"pid": os.getpid(), "version": "1.0", "backend": "fake", "mode": "fake.mode"}
        if verb == "build":
            return {"variant": "a fake", "reference_parts": self.script.get("parts", 1)}
        if verb in ("gradients", "reference"):
            import numpy as np

            name = "wide" if self.wide else "gradients"
            shown = self.script.get(name, self.script.get("gradients", {})).get(
                str(devices), GRADIENTS
            )
            np.savez(request["path"], weight=np.array(shown, np.float32))
            return {"gradient_bytes": self.script.get("gradient_bytes", 4 * len(shown))}
        if verb == "steps":
            times = TIMES | self.script.get("step_s", {})
            return {"calls_s": [times[request["key"]]] * request["count"]}
        if verb == "memory":
            return {"memory_bytes": 1000 * devices, "counts": "process_peak"}
        if verb == "collectives":
            return {"collectives_s": self.script.get("collectives_s"), "why": "not-told"}
        return {}

    def misbehave(self, request: dict) -> None:
        """Do what a fault says, where one is meant."""
        for fault in self.script.get("faults", []):
            meant = fault["verb"] == request["do"] and self.options.devices > 1
            if not meant or fault.get("key", request.get("key")) != request.get("key"):
                continue
            if fault["rank"] != self.options.rank:
                if fault.get("others"):
                    raise RuntimeError(fault["others"])
                continue
            if fault["kind"] == "crash":
                os.kill(os.getpid(), signal.SIGKILL)
            if fault["kind"] == "hang":
                time.sleep(600)
            raise RuntimeError(fault["text"])


def main() -> int:
    """Serve one command."""
    script = json.loads(sys.argv[2])
    command, rest = sys.argv[3], sys.argv[4:]
    if command == "models":
        say({"ok": True, "models": [family(text) for text in rest or ["stack", "lone"]]})
        return 0
    parser = argparse.ArgumentParser()
    for name in ("--framework", "--way", "--device", "--precision"):
        parser.add_argument(name)
    for name in ("--cores", "--rank", "--devices"):
        parser.add_argument(name, type=int, default=0)
    fake = Fake(script, parser.parse_known_args(rest)[0])
    for line in sys.stdin:
        request = json.loads(line)
        try:
            say({"ok": True, "sha256": "0", **fake.answer(request)})
        except RuntimeError as error:
            say({"ok": False, "error": {"type": "RuntimeError", "text": str(error)}})
        if request["do"] == "bye":
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
