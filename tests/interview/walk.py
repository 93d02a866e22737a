"""An interview without measuring: a person's script drives it through a terminal.

Run as ``python walk.py ANSWERS.json [options]``; the answers, or what stopped it, go to that file.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from advisor.answers import Answers
from advisor.errors import UserError
from advisor.interview import saving, session
from advisor.interview.defaults import detected_from
from advisor.interview.terminals import make_asker
from advisor.knowledge.loader import load_rule_base

DETECTED = {"detected.hardware": "amd", "detected.os": "linux", "detected.python": "3.12.7"}


def main() -> int:
    options = _options()
    base = load_rule_base()
    worths = dict(word.split("=") for word in options.worth)
    ticks = itertools.count()

    def rank(_answers: Answers, keys: Sequence[str]) -> list[tuple[str, float]]:
        time.sleep(options.think_s)
        return [(key, float(worths.get(key, 0.0))) for key in keys]

    try:
        start = saving.load(base) if options.resume else Answers()
        answers = session.run(
            base,
            start,
            detected_from({**DETECTED, "project": "pond"}, {"detected.hardware": "2 x MI300X"}),
            asker=make_asker(plain=options.plain, colour=not options.no_colour),
            rank=rank,
            on_answer=lambda _: None,
            live=lambda: f"measuring, step {next(ticks)}" if options.live else None,
            waiting=lambda key: [f"a rule about {key}"],
            surroundings=["torch 2.13.0, jax 0.10.2", "! no C++ compiler"],
        )
    except UserError as stop:
        options.out.write_text(json.dumps({"message": stop.message, "hint": stop.hint}))
        print(stop, file=sys.stderr, flush=True)
        time.sleep(options.clean_up_s)
        return int(stop.exit_code)
    options.out.write_text(json.dumps(answers.to_dict()))
    print("the result")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--worth", action="append", default=[], help="KEY=WORTH, repeatable")
    parser.add_argument("--clean-up-s", type=float, default=0.0, help="work after Ctrl-C")
    parser.add_argument("--think-s", type=float, default=0.0, help="time between two questions")
    for flag in ("--resume", "--plain", "--no-colour", "--live"):
        parser.add_argument(flag, action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
