"""A framework worker that times nothing: it says what its script tells it to, right or wrong.

Started like the real one, ``PYTHON worker.py --script JSON worker --framework ...``, and it
speaks the protocol of ``probes/worker.py``. Standard library only. What a mode shows the second
time it is built is `observe_again`, where that differs from `observe`. The script:

    {"seed": 0, "state": DIR, "workloads": [...],
     "modes": {LABEL: {"median_s", "launch_sd", "block_sd", "observe", "counters", ...}},
     "frameworks": {NAME: {"hello": {...}, "precision": ..., "peak": ...}},
     "faults": [{"verb", "mode"|"framework", "kind", "starts": [0], "after": 0, ...}]}

`DIR` holds what must survive a process: how often each framework was started, and the ids of
processes that were left behind on purpose. What modes "compute" lies there too, see `kit`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

CORES_USED = 1.0


def say(raw: str) -> None:
    """Write *raw* to the channel as it is."""
    data = memoryview(raw.encode("utf-8"))
    while data:
        data = data[os.write(1, data) :]


def workload(name: str = "fake", **changes: object) -> dict:
    """A workload as the catalogue describes it."""
    return {
        "id": name,
        "title": f"The {name} workload",
        "stands_for": "nothing",
        "limits": "all",
        "precision": "float32",
        "modes": ["pytorch.eager", "pytorch.compile", "jax.jit"],
        "extra_modes": ["jax.eager"],
        "one_off": False,
        "trains": True,
        "tolerance": {"forward": 1e-4, "grad": 1e-3, "curve": 1e-3},
        "sizes": {
            size: {
                "size": {"n": n},
                "flops": 1e6,
                "bytes": None,
                "samples_per_step": 1.0,
                "precision": "float32",
                "tolerance": {"forward": 1e-4, "grad": 1e-3, "curve": 1e-3},
            }
            for size, n in (("small", 8), ("medium", 16))
        },
        **changes,
    }


def model(name: str = "stack", **changes: object) -> dict:
    """A family of models as its description is printed, with one key of each kind."""
    size = {"layers": 4, "width": 32, "norm": "layer"}
    return {
        "id": name,
        "title": f"The {name} model",
        "stands_for": "nothing",
        "limits": "all",
        "precision": "float32",
        "trains": True,
        "modes": ["pytorch.eager", "pytorch.compile", "jax.jit"],
        "tolerance": {"forward": 1e-4, "grad": 1e-3, "curve": 1e-3},
        "sample": "row",
        "depth": "layers",
        "sizes": [
            {"key": "layers", "unit": "", "default": 4, "low": 1, "high": 99, "longest": 0,
             "choices": []},
            {"key": "width", "unit": "", "default": 32, "low": 1, "high": 999, "longest": 0,
             "choices": []},
            {"key": "norm", "unit": "", "default": "layer", "low": None, "high": None,
             "longest": 0, "choices": ["layer", "rms"]},
        ],
        "presets": [
            {"id": "deep", "title": "Deep", "source": "s", "date": "2026-11", "differs": "",
             "size": {**size, "layers": 40}, "flops": 4e13, "samples_per_step": 2.0},
        ],
        "tiny": {"layers": 2, "width": 4, "norm": "layer"},
        "variants": {
            "pytorch": [
                {"id": "eager", "mode": "pytorch.eager"},
                {"id": "compile", "mode": "pytorch.compile"},
                {"id": "compile_step", "mode": "pytorch.compile"},
            ],
            "jax": [{"id": "jit", "mode": "jax.jit"}, {"id": "scan", "mode": "jax.jit"}],
        },
        **changes,
    }  # fmt: skip


def described(script: dict, text: str) -> dict:
    """The family that *text* names, at the size that it asks for."""
    name, _, asked = text.partition(":")
    found = next(m for m in script.get("models", [model()]) if m["id"] == name)
    if not asked:
        return found
    size = {key["key"]: key["default"] for key in found["sizes"]}
    if asked.startswith("{"):
        size |= json.loads(asked)
    else:
        size = next(p["size"] for p in found["presets"] if p["id"] == asked)
    if not 1 <= size["layers"] <= 99:
        raise ValueError(f"{name}: layers is {size['layers']}; it is a whole number from 1 to 99")
    sizes = {
        "size": size,
        "flops": found.get("flops_per_layer", 1e12) * size["layers"],
        "samples_per_step": 2.0,
        "variants": {f: [v["id"] for v in listed] for f, listed in found["variants"].items()},
    }
    return {**found, "asked": sizes}


def holdings() -> dict:
    """What an interpreter says that holds both frameworks."""
    found = {name: {"version": "1.0", "build": {}, "lacks": []} for name in ("pytorch", "jax")}
    return {
        "python": "3.11.0",
        "packages": {"numpy": "2.0.0"},
        "frameworks": found,
        "headers": True,
    }


def say_models(script: dict, asked: list[str]) -> int:
    """Describe families as the real worker does, its errors included."""
    try:
        listed = [described(script, text) for text in asked or ["stack"]]
    except ValueError as error:
        say(json.dumps({"ok": False, "error": {"type": "SizeError", "text": str(error)}}) + "\n")
        return 1
    say(json.dumps({"ok": True, "models": listed}) + "\n")
    return 0


class Fake:
    """The worker's state: who it is, how often it was started, what its script says."""

    def __init__(self, script: dict, options: argparse.Namespace) -> None:
        self.script = script
        self.framework = options.framework
        self.cores = options.cores
        self.modes: dict[str, str] = {}
        self.asked: dict[tuple[str, str], int] = {}
        self.random: dict[str, random.Random] = {}
        self.speed: dict[str, float] = {}
        self.planted: dict[str, float] = {}
        self.state = Path(script["state"])
        self.start = self._count(f"starts-{self.framework}")

    def _count(self, name: str) -> int:
        with (self.state / name).open("ab") as file:
            file.write(b".")
            return file.tell() - 1

    def of_mode(self, mode: str) -> dict:
        return self.script.get("modes", {}).get(mode, {})

    def of_framework(self, part: str) -> dict:
        return self.script.get("frameworks", {}).get(self.framework, {}).get(part, {})

    def fault(self, verb: str, mode: str) -> dict | None:
        """The fault that is due now, if any."""
        turn = self.asked.get((verb, mode), 0)
        self.asked[verb, mode] = turn + 1
        for fault in self.script.get("faults", []):
            mine = fault.get("mode") == mode or fault.get("framework") == self.framework
            due = self.start in fault.get("starts", [self.start]) and turn >= fault.get("after", 0)
            if fault["verb"] == verb and mine and due:
                return fault
        return None

    def answer(self, request: dict) -> dict:
        verb = request["do"]
        return getattr(self, f"do_{verb}")(request)

    def do_hello(self, request: dict) -> dict:
        affinity = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
        return {
            "protocol": 1,
            "pid": os.getpid(),
            "framework": self.framework,
            "python": "3.11.0",
            "version": "1.0",
            "import_s": 0.5,
            "affinity": affinity,
            "threads": self.cores if self.framework == "pytorch" else None,
            **self.of_framework("hello"),
        }

    def do_inputs(self, request: dict) -> dict:
        Path(request["path"]).write_bytes(b"no inputs are needed to time nothing")
        return {"sha256": hashlib.sha256(b"inputs").hexdigest()}

    def do_precision(self, request: dict) -> dict:
        return {"max_relative_error": 1e-6, "dtype": "float32", **self.of_framework("precision")}

    def do_peak(self, request: dict) -> dict:
        return {"flops_per_s": 1e12, "bytes_per_s": 1e12, **self.of_framework("peak")}

    def do_build(self, request: dict) -> dict:
        key, mode = request["key"], request["mode"]
        label = key.rpartition(":")[2]
        self.modes[key] = label if label in self.script.get("modes", {}) else mode
        told = self.of_mode(self.modes[key])
        launch = random.Random(f"{self.script.get('seed', 0)}/{mode}/{self.start}")
        self.random[key] = launch
        effect = launch.gauss(0.0, told.get("launch_sd", 0.0))
        layers = request.get("size", {}).get("layers", 0)
        step_s = told.get("median_s", 1e-3) + told.get("layer_s", 0.0) * layers
        self.speed[key] = step_s * math.exp(effect)
        self.planted[key] = float(request.get("plant_s") or 0.0)
        if request.get("observe"):
            again = told.get("observe_again") if "steps" in request else None
            self._observe(mode, again or told.get("observe", "right"), request["observe"])
        first_s = told.get("compile_s", 0.0) + self.speed[key]
        return {
            "build_s": 0.01,
            "first_calls_s": [first_s, *[self.speed[key]] * 4],
            "variant": f"fake {mode}",
            "counters": told.get("counters", {}),
            "fell_back": told.get("fell_back", False),
        }

    def _observe(self, mode: str, kind: str, path: str) -> None:
        # Made beforehand: importing NumPy would take longer than all else that a fake does.
        role = "few" if mode in ("pytorch.compile", "jax.eager") else "full"
        source = self.state / "observations" / f"{kind}-{role}.npz"
        if kind != "none":
            shutil.copyfile(source, path)

    def do_warm(self, request: dict) -> dict:
        steady = self.of_mode(self.modes[request["key"]]).get("steady", True)
        return {"per_call_s": 1e-3, "calls": 1, "steady": steady, "wall_s": 0.1}

    def do_block(self, request: dict) -> dict:
        key = request["key"]
        told = self.of_mode(self.modes[key])
        chance = self.random[key]
        middle = self.speed[key] * math.exp(chance.gauss(0.0, told.get("block_sd", 0.0)))
        wall_s = request["seconds"]
        return {
            "samples_s": [middle + self.planted[key]] * 5,
            "calls_per_sample": 1,
            "wall_s": wall_s,
            "compile_events": told.get("compile_events", 0),
            "cpu_s": wall_s * CORES_USED,
            "run_delay_s": 0.0,
            "switches": 0.0,
            "steal_s": 0.0,
            "pressure_s": 0.0,
            "throttled_s": told.get("throttled_s", 0.0),
        }

    def do_latency(self, request: dict) -> dict:
        median_s = self.speed[request["key"]]
        return {"calls_s": [median_s * (10 if n % 50 == 0 else 1) for n in range(100)]}

    def do_finish(self, request: dict) -> dict:
        told = self.of_mode(self.modes[request["key"]])
        return {"counters": told.get("counters", {}), "peak_memory_bytes": 1 << 20}

    def do_drop(self, request: dict) -> dict:
        return {}


def crash(fault: dict, fake: Fake, reply: str) -> None:
    print("something broke deep inside", file=sys.stderr, flush=True)
    os.kill(os.getpid(), getattr(signal, fault.get("signal", "SIGSEGV")))


def hang(fault: dict, fake: Fake, reply: str) -> None:
    time.sleep(600)


def stubborn(fault: dict, fake: Fake, reply: str) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    time.sleep(600)


def slow(fault: dict, fake: Fake, reply: str) -> None:
    time.sleep(fault["seconds"])
    say(reply)


def half(fault: dict, fake: Fake, reply: str) -> None:
    say(reply[: len(reply) // 2])
    os._exit(0)


def change(fault: dict, fake: Fake, reply: str) -> None:
    say(json.dumps({**json.loads(reply), **fault["fields"]}) + "\n")


def lack(fault: dict, fake: Fake, reply: str) -> None:
    say(json.dumps({k: v for k, v in json.loads(reply).items() if k != fault["key"]}) + "\n")


def flood_out(fault: dict, fake: Fake, reply: str) -> None:
    while True:
        say("x" * (1 << 20))


def flood_err(fault: dict, fake: Fake, reply: str) -> None:
    for _ in range(fault["mebibytes"]):
        sys.stderr.write("x" * (1 << 20))
    sys.stderr.flush()
    time.sleep(600)


def refuse(fault: dict, fake: Fake, reply: str) -> None:
    error = {"type": fault["type"], "text": fault["text"], "trace": ""}
    say(json.dumps({"ok": False, "error": error}) + "\n")


def children(fault: dict, fake: Fake, reply: str) -> None:
    beget(fake.state)
    say(reply)


KINDS = {
    "crash": crash,
    "exit": lambda fault, fake, reply: os._exit(fault.get("status", 0)),
    "hang": hang,
    "stubborn": stubborn,
    "slow": slow,
    "line": lambda fault, fake, reply: say(fault["text"] + "\n"),
    "half": half,
    "deep": lambda fault, fake, reply: say("[" * 200_000 + "\n"),
    "twice": lambda fault, fake, reply: say(reply + reply),
    "change": change,
    "lack": lack,
    "flood-out": flood_out,
    "flood-err": flood_err,
    "raise": refuse,
    "children": children,
}


def beget(state: Path) -> None:
    """Leave processes behind: in the group, in a session of its own, and as a daemon."""
    plain = subprocess.Popen(["sleep", "600"])
    apart = subprocess.Popen(["sleep", "600"], start_new_session=True, env={})
    # The shell ends at once: its child is an orphan, in another session, without environment.
    daemon = "setsid sleep 600 </dev/null >/dev/null 2>&1 & echo $!"
    found = subprocess.run(["sh", "-c", daemon], env={}, capture_output=True, check=True)
    time.sleep(0.05)
    pids = [os.getpid(), plain.pid, apart.pid, int(found.stdout)]
    partial = state / "children.partial"
    partial.write_text("\n".join(str(pid) for pid in pids), "ascii")
    partial.rename(state / "children")


def main(argv: list[str]) -> int:
    """Serve requests as the script says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--script", required=True)
    parser.add_argument("command")
    parser.add_argument("asked", nargs="*")
    parser.add_argument("--framework", default="numpy")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--settings", default="matched")
    parser.add_argument("--precision", default="float32")
    options, _ = parser.parse_known_args(argv)
    script = json.loads(options.script)
    if options.command == "inspect":
        say(json.dumps({"ok": True, **holdings(), **script.get("holdings", {})}) + "\n")
        return 0
    if options.command == "catalogue":
        say(json.dumps({"ok": True, "workloads": script.get("workloads", [workload()])}) + "\n")
        return 0
    if options.command == "models":
        return say_models(script, options.asked)
    fake = Fake(script, options)
    for line in sys.stdin:
        request = json.loads(line)
        verb = request["do"]
        mode = request.get("mode") or fake.modes.get(request.get("key", ""), "")
        fault = fake.fault(verb, mode)
        if verb == "bye" and fault is None:
            say('{"ok": true}\n')
            return 0
        answer = {} if verb == "bye" else fake.answer(request)
        reply = json.dumps({"ok": True, **answer}) + "\n"
        if fault is None:
            say(reply)
        else:
            KINDS[fault["kind"]](fault, fake, reply)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
