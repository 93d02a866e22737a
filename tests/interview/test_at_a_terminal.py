"""The interview as a person meets it: through a pty, key by key."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.interview.person import (
    CTRL_B,
    CTRL_C,
    DOWN,
    END,
    ENTER,
    ESC,
    HOME,
    LEFT,
    SPACE,
    UP,
    Person,
)

TASK, HARDWARE = "What will you build?", "What will you train on?"
PYTORCH, JAX = "know PyTorch?", "know JAX?"
NAME = "What is the project called?"
# Only these four and the name are asked, in this order.
CORE = ("hardware.train=9", "team.pytorch=8", "team.jax=7")


def worths(*pairs: str) -> list[str]:
    return [word for pair in pairs for word in ("--worth", pair)]


def to_pytorch(person: Person) -> Person:
    """Answer the first two questions: text models, and the hardware that was detected."""
    # Nothing is proposed: the pointer stands at the last line, "Not sure", and goes round.
    person.asked(TASK).presses(DOWN, DOWN, ENTER)
    person.asked(HARDWARE).presses(ENTER)
    return person.asked(PYTORCH)


def finish(person: Person) -> int:
    """Take whatever is proposed until the end."""
    for number in range(20):
        if person.sees_either("saves and quits", "Answers for") == 1:
            return person.ends()
        person.presses(ENTER)
        assert number < 19, "the interview does not end"
    raise AssertionError


def test_enter_all_the_way_takes_what_was_detected_and_makes_nothing_up(tmp_path: Path) -> None:
    person = Person(tmp_path, *worths(*CORE, "exclude=6", "codebase=5"))
    person.sees("torch 2.13.0", "no C++ compiler").asked(TASK).presses(ENTER)
    person.sees(HARDWARE, "AMD GPU (detected)", "2 x MI300X").presses(ENTER)
    assert finish(person) == 0
    result = person.result()
    assert result["project"] == "pond"
    assert result["sources"] == {"hardware.train": "detected"}
    assert result["answers"]["hardware.train"] == "amd"
    said = {k: v for k, v in result["answers"].items() if k != "hardware.train"}
    assert {"task", "team.pytorch", "team.jax", "exclude", "codebase"} <= set(said)
    assert set(said.values()) == {"unknown"}
    assert "Training hardware: AMD GPU (detected)" in person.text()


def test_the_conversation_stays_away_from_stdout(tmp_path: Path) -> None:
    person = Person(tmp_path)
    assert finish(person) == 0
    assert person.stdout.read_text() == "the result\n"


@pytest.mark.parametrize("key", [ESC, CTRL_B, LEFT])
def test_back_returns_to_the_question_before(tmp_path: Path, key: str) -> None:
    person = to_pytorch(Person(tmp_path, *worths(*CORE)))
    person.presses(key).asked(HARDWARE)
    person.presses(key).asked(TASK)
    person.presses(DOWN, ENTER).asked(HARDWARE)
    person.presses(UP, ENTER).asked(PYTORCH).presses(ENTER)
    assert finish(person) == 0
    answers = person.result()["answers"]
    assert answers["task"] == "llm_pretraining"
    assert answers["hardware.train"] == "nvidia_cluster"


def test_what_was_said_after_it_is_proposed_again(tmp_path: Path) -> None:
    person = to_pytorch(Person(tmp_path, *worths(*CORE)))
    person.presses(UP, ENTER).asked(JAX)
    person.presses(CTRL_B).asked(PYTORCH)
    person.presses(CTRL_B).asked(HARDWARE)
    person.presses(ENTER).asked(PYTORCH)
    person.presses(ENTER).asked(JAX).presses(ENTER)
    assert finish(person) == 0
    assert person.result()["answers"]["team.pytorch"] == "deep"


def test_back_on_the_first_question_says_so(tmp_path: Path) -> None:
    person = Person(tmp_path)
    person.asked(TASK).presses(ESC).sees("This is the first question.").presses(CTRL_C)
    assert person.ends() == 130


def test_a_question_mark_shows_the_rules_that_wait(tmp_path: Path) -> None:
    person = Person(tmp_path, *worths(*CORE))
    person.asked(TASK).presses("?").sees("1 rule waits", "a rule about task").presses(ENTER)
    person.asked(HARDWARE).presses(CTRL_C)
    assert person.ends() == 130


def test_ctrl_c_keeps_the_answers_and_resume_goes_on(tmp_path: Path) -> None:
    person = to_pytorch(Person(tmp_path, *worths(*CORE)))
    person.presses(CTRL_C).sees("2 answers kept", "fw-advisor interview --resume")
    assert person.ends() == 130
    again = Person(tmp_path, "--resume", *worths(*CORE))
    again.sees("Going on after 2 answers").asked(PYTORCH)
    assert TASK not in again.text()
    again.presses(ESC).sees(HARDWARE, "AMD GPU (detected)").presses(ENTER).asked(PYTORCH).presses(
        ENTER
    )
    assert finish(again) == 0
    result = again.result()
    assert result["answers"]["task"] == "language"
    assert result["sources"]["hardware.train"] == "detected"


def test_ctrl_c_after_going_back_keeps_the_later_answers(tmp_path: Path) -> None:
    person = to_pytorch(Person(tmp_path, *worths(*CORE)))
    person.presses(ESC).asked(HARDWARE).presses(ESC).asked(TASK).presses(CTRL_C)
    assert person.ends() == 130
    again = Person(tmp_path, "--resume", *worths(*CORE))
    again.sees("Going on after 2 answers").asked(PYTORCH).presses(CTRL_C)
    assert again.ends() == 130


def test_a_second_ctrl_c_leaves_at_once(tmp_path: Path) -> None:
    person = to_pytorch(Person(tmp_path, *worths(*CORE), "--clean-up-s", "600"))
    person.presses(CTRL_C).sees("2 answers kept", "--resume").presses(CTRL_C)
    assert person.ends() == 130


def test_two_interrupts_at_once_end_it_too(tmp_path: Path) -> None:
    person = to_pytorch(Person(tmp_path, *worths(*CORE), "--clean-up-s", "600"))
    person.presses(CTRL_C + CTRL_C).rests(1.0).presses(CTRL_C)
    assert person.ends() == 130
    again = Person(tmp_path, "--resume", *worths(*CORE)).asked(PYTORCH).presses(CTRL_C)
    assert again.ends() == 130


def test_keys_pressed_between_two_questions_are_kept_and_not_echoed(tmp_path: Path) -> None:
    person = Person(tmp_path, "--think-s", "0.6", *worths(*CORE))
    person.asked(TASK).presses(ENTER).rests(0.3).presses(DOWN, ENTER)
    person.asked(PYTORCH).presses(ENTER)
    assert finish(person) == 0
    assert person.result()["answers"]["hardware.train"] == "tpu"
    assert "^[" not in person.text()


def test_resume_without_an_interview_says_what_to_do(tmp_path: Path) -> None:
    person = Person(tmp_path, "--resume").sees("no interrupted interview", "fw-advisor interview")
    assert person.ends() == 2


def test_priorities_with_a_tie(tmp_path: Path) -> None:
    person = Person(tmp_path, *worths("priorities=9"))
    person.asked(TASK).presses(ENTER).asked("which would you fix first?")
    person.presses(DOWN, SPACE, DOWN, SPACE, ENTER)
    person.sees("1. Libraries and models = The people").asked("And second?")
    person.presses(DOWN, ENTER).asked("And third?").presses(ENTER)
    assert finish(person) == 0
    assert person.result()["answers"]["priorities"] == ["ecosystem=team", "performance"]


def test_a_number_can_be_typed_and_is_checked(tmp_path: Path) -> None:
    person = Person(tmp_path, *worths("deadline_weeks=9"))
    person.asked(TASK).presses(ENTER).asked("must a first version work?")
    person.presses(UP, ENTER).asked("Type a number from 0 to 520")
    person.presses("-3", ENTER).sees("Please type a number").presses("\x15", "8", ENTER)
    assert finish(person) == 0
    assert person.result()["answers"]["deadline_weeks"] == 8


def test_typing_is_not_disturbed_by_the_live_line(tmp_path: Path) -> None:
    person = Person(tmp_path, "--live", *worths("must_use=9"))
    person.asked(TASK).sees("measuring, step").presses(ENTER)
    person.asked("cannot do without?").presses(UP, ENTER).asked("names, with commas between")
    for piece in ("vl", "lm, num", "pyro"):
        before = len(person.seen)
        person.presses(piece).rests(0.7)
        assert len(person.seen) > before + len(piece), "the live line was not drawn again"
    person.presses(ENTER)
    assert finish(person) == 0
    assert person.result()["answers"]["must_use"] == ["vllm", "numpyro"]


@pytest.mark.parametrize("arguments", [(), ("--plain",)])
def test_a_project_name_in_chinese(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    person = Person(tmp_path, *arguments, columns=60)
    hint, take = ("why", "1\r") if arguments else ("saves and quits", ENTER)
    while person.sees_either(NAME, hint) == 1:
        person.presses(take)
    person.sees(hint).presses("" if arguments else "\x15", "雀のプロジェクト", ENTER)
    person.sees("Answers for")
    assert person.ends() == 0
    assert person.result()["project"].endswith("雀のプロジェクト")


def test_a_dumb_terminal_gets_numbers_and_no_escapes(tmp_path: Path) -> None:
    person = Person(tmp_path, *worths(*CORE), environment={"TERM": "dumb"})
    person.sees(TASK, "14 Research in general", "15 Not sure", "]:").presses("16", ENTER)
    person.sees("from 1 to 15", "]:").presses("?", ENTER)
    person.sees("a rule about task", "]:").presses("8", ENTER)
    person.sees(HARDWARE, "AMD GPU (detected)", "Enter for 5", "]:").presses("b", ENTER)
    person.sees(TASK, "Enter for 8", "]:").presses(ENTER)
    person.sees(HARDWARE, "]:").presses(ENTER)
    person.sees(PYTORCH, "]:").presses("4", ENTER)
    person.sees(JAX, "]:").presses(CTRL_C)
    person.sees("answers kept")
    assert person.ends() == 130
    assert "\x1b" not in person.seen
    again = Person(tmp_path, "--resume", *worths(*CORE), environment={"TERM": "dumb"})
    again.sees(JAX, "]:").presses(CTRL_C)
    assert again.ends() == 130


def test_no_colour_means_no_colour(tmp_path: Path) -> None:
    plain = (
        Person(tmp_path, *worths(*CORE), "--no-colour").asked(TASK).presses(ENTER).asked(HARDWARE)
    )
    coloured = Person(tmp_path, *worths(*CORE)).asked(TASK).presses(ENTER).asked(HARDWARE)
    colour = re.compile(r"\x1b\[[0-9;]*\b(3[0-7]|9[0-7]|38;5;\d+)[;m]")
    assert not colour.search(plain.seen)
    assert colour.search(coloured.seen)
    for person in (plain, coloured):
        person.presses(CTRL_C)
        assert person.ends() == 130


@pytest.mark.parametrize("size", [(60, 24), (80, 24), (48, 16), (30, 10)])
def test_narrow_and_low_windows(tmp_path: Path, size: tuple[int, int]) -> None:
    person = Person(tmp_path, *worths(*CORE), columns=size[0], rows=size[1])
    menus = size != (30, 10)
    for question in (TASK, "train on?", PYTORCH):
        word = question.split()[-1]
        person.sees(word, "quits" if menus else "]:").presses(ENTER if menus else "1\r")
    person.presses(CTRL_C)
    person.sees("kept")
    assert person.ends() == 130


def test_bytes_from_a_pipe_answer_nothing(tmp_path: Path) -> None:
    walk = Path(__file__).with_name("walk.py")
    done = subprocess.run(
        [sys.executable, str(walk), str(tmp_path / "out.json")],
        input=b"\r1\n2\n" * 50,
        capture_output=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 2
    assert b"no terminal" in done.stderr
    assert b"--answers" in done.stderr
    assert TASK.encode() not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("keys", "task"),
    [
        (("s",), "speech"),
        (("s", "s"), "scientific_computing"),
        ((HOME,), "image"),
        ((HOME, END), None),
        (("g",), "graph"),
    ],
)
def test_home_end_and_letters_move_in_a_menu(
    tmp_path: Path, keys: tuple[str, ...], task: str | None
) -> None:
    person = Person(tmp_path, *worths(*CORE))
    person.asked(TASK).presses(*keys, ENTER).asked(HARDWARE).presses(ENTER)
    assert finish(person) == 0
    assert person.result()["answers"].get("task") == (task or "unknown")


def test_a_name_that_is_nearly_known_is_asked_about_once(tmp_path: Path) -> None:
    person = Person(tmp_path, *worths(*CORE, "must_use=5"))
    person.asked(TASK).presses(END, UP, ENTER).asked(HARDWARE).presses(ENTER)
    person.asked(PYTORCH).presses(ENTER).asked(JAX).presses(ENTER)
    person.asked("cannot do without?").presses(UP, ENTER).asked("names, with commas between")
    person.presses("pfet", ENTER).sees("did you mean peft?")
    person.presses(ENTER)
    assert finish(person) == 0
    assert person.result()["answers"]["must_use"] == ["pfet"]
