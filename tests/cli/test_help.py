"""``--help``: every line whole, every word a person's."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest


def help_of(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "advisor", *command, "--help"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=True,
    )
    return done.stdout


def commands_in(text: str) -> dict[str, str]:
    """The commands that a group lists, with what it says of each."""
    _, _, listed = text.partition("\nCommands:\n")
    rows = re.findall(r"^  (\w+) {2,}(.+)$", listed, re.MULTILINE)
    return dict(rows)


@pytest.mark.parametrize("group", [(), ("rules",), ("evidence",)])
def test_what_a_command_does_is_listed_whole(group: tuple[str, ...]) -> None:
    listed = commands_in(help_of(*group))
    assert len(listed) >= 4
    assert [line for line in listed.values() if line.endswith("...")] == []


@pytest.mark.parametrize("command", sorted(commands_in(help_of())))
def test_no_help_speaks_of_types_or_says_anything_twice(command: str) -> None:
    text = help_of(command)
    for name in commands_in(text):
        text += help_of(command, name)
    assert "list[" not in text
    assert "<str>" not in text
    assert "<path>" not in text
    assert not re.search(r"Required\.\s+\[required\]", text)


@pytest.mark.parametrize(
    ("command", "usage"),
    [
        (("compare",), "compare [OPTIONS] BEFORE AFTER"),
        (("evidence", "add"), "evidence add [OPTIONS] FILE..."),
        (("schema",), "schema [OPTIONS] {answers|evidence|decision}"),
    ],
)
def test_a_usage_line_has_braces_around_choices_alone(command: tuple[str, ...], usage: str) -> None:
    assert help_of(*command).splitlines()[0].endswith(usage)


def test_the_examples_below_the_commands_can_be_typed() -> None:
    _, _, below = help_of().partition("Examples:\n")
    lines = [line.strip() for line in below.splitlines() if line.strip().startswith("fw-advisor")]
    assert [line.split()[1] for line in lines] == ["interview", "probe", "advise"]
    assert max(map(len, below.splitlines())) < 80
    for line in lines:
        assert set(options_in(line)) <= set(options_in(help_of(line.split()[1])))


def options_in(text: str) -> list[str]:
    return re.findall(r"--[a-z-]+", text)


_COMPLETING = "import sys; sys.argv[0] = 'fw-advisor'; from advisor.cli import main; main()"


@pytest.mark.parametrize("command", ["probe", "fleet", "starter"])
def test_a_task_is_completed_wherever_one_is_asked_for(command: str) -> None:
    words = f"fw-advisor {command} --task llm_"
    done = subprocess.run(
        [sys.executable, "-c", _COMPLETING],
        env={**os.environ, "_FW_ADVISOR_COMPLETE": "complete_bash", "COMP_WORDS": words,
             "COMP_CWORD": "3"},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert "llm_pretraining" in done.stdout.split(), done.stderr
