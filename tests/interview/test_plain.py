"""Numbered prompts: what a screen reader, a dumb terminal or a line printer gets."""

from __future__ import annotations

import io
from collections.abc import Mapping

import pytest
from rich.cells import cell_len

from advisor.answers import Answers
from advisor.errors import InterruptedRunError, UserError
from advisor.interview import session
from advisor.interview.ask_plain import PlainAsker
from advisor.interview.asking import Frame, Menu, MenuOption, TextEntry, Turn
from advisor.interview.defaults import detected_from
from advisor.interview.terminals import make_asker, wants_plain
from advisor.knowledge.model import RuleBase

FRAME = Frame(position="2/12", text="Which?", why="Because.", can_go_back=True)
COLOURS = Menu(
    frame=FRAME,
    options=(
        MenuOption(label="Red", mark="detected", detail="seen through the window"),
        MenuOption(label="Blue", detail="like the sea"),
        MenuOption(label="Not sure", lone=True),
    ),
    pointed=0,
)
SEVERAL = Menu(
    frame=FRAME, options=COLOURS.options, pointed=2, several=True, marks_mean="equals", marked=()
)


def asked(menu: Menu | TextEntry, typed: str, width: int = 80) -> tuple[object, str]:
    out = io.StringIO()
    asker = PlainAsker(io.StringIO(typed), out, width=lambda: width)
    reply: object = asker.choose(menu) if isinstance(menu, Menu) else asker.enter(menu)
    return reply, out.getvalue()


@pytest.mark.parametrize(
    ("menu", "typed", "reply"),
    [
        (COLOURS, "\n", (0,)),
        (COLOURS, "2\n", (1,)),
        (COLOURS, " 3 \n", (2,)),
        (COLOURS, "b\n", Turn.BACK),
        (COLOURS, "BACK\n", Turn.BACK),
        (COLOURS, "\x02\n", Turn.BACK),
        (COLOURS, "\x1b[D\n", Turn.BACK),
        (SEVERAL, "1,2\n", (0, 1)),
        (SEVERAL, "2 1 2\n", (0, 1)),
        (SEVERAL, "\n", (2,)),
    ],
)
def test_replies(menu: Menu, typed: str, reply: object) -> None:
    assert asked(menu, typed)[0] == reply


@pytest.mark.parametrize(
    ("menu", "wrong", "told"),
    [
        (COLOURS, "4", "from 1 to 3"),
        (COLOURS, "0", "from 1 to 3"),
        (COLOURS, "-1", "from 1 to 3"),
        (COLOURS, "red", "from 1 to 3"),
        (COLOURS, "1,2", "choose one"),
        (COLOURS, "٣", "from 1 to 3"),
        (COLOURS, "9" * 5000, "from 1 to 3"),
        (SEVERAL, "1,3", '"Not sure" goes with nothing else'),
    ],
)
def test_slips_are_told_and_asked_again(menu: Menu, wrong: str, told: str) -> None:
    reply, shown = asked(menu, f"{wrong}\n2\n")
    assert reply == (1,)
    assert told in shown


def test_nothing_is_taken_where_nothing_is_proposed() -> None:
    menu = Menu(frame=FRAME, options=COLOURS.options)
    assert asked(menu, "\n\n1\n")[0] == (0,)


def test_a_question_mark_explains_options_and_rules() -> None:
    frame = Frame(position="1/2", text="Which?", why="", more=lambda: ["1 rule waits", "  r"])
    menu = Menu(frame=frame, options=COLOURS.options)
    _, shown = asked(menu, "?\n1\n")
    before, after = shown.split("[? why]:", maxsplit=1)
    assert "like the sea" not in before
    assert "like the sea" in after
    assert "1 rule waits" in after


def test_many_rules_are_cut_short() -> None:
    frame = Frame(position="1/2", text="Which?", why="", more=lambda: ["rule"] * 50)
    _, shown = asked(Menu(frame=frame, options=COLOURS.options), "?\n1\n")
    assert shown.count("rule\n") == 12
    assert "and 38 more" in shown


def test_the_first_question_has_no_way_back() -> None:
    menu = Menu(frame=Frame(position="1/2", text="Which?", why=""), options=COLOURS.options)
    reply, shown = asked(menu, "b\n1\n")
    assert reply == (0,)
    assert "This is the first question." in shown


def test_the_end_of_input_is_an_interrupt_and_no_answer() -> None:
    with pytest.raises(KeyboardInterrupt):
        asked(COLOURS, "")


def test_typed_text_is_made_harmless_and_short() -> None:
    entry = TextEntry(frame=FRAME, limit=20)
    reply, _ = asked(entry, "r\x1b[31mred\u202e\x00 \t" + "x" * 100 + "\n")
    assert isinstance(reply, str)
    assert len(reply) <= 20
    assert all(char.isprintable() for char in reply)


def test_the_live_line_is_told_only_when_it_changes() -> None:
    lives = iter(["first", "first", "second"])
    frame = Frame(position="1/2", text="Which?", why="", live=lambda: next(lives))
    _, shown = asked(Menu(frame=frame, options=COLOURS.options), "x\nx\n1\n")
    assert shown.count("(first)") == 1
    assert shown.count("(second)") == 1


@pytest.mark.parametrize("width", [60, 30])
def test_nothing_is_wider_than_the_window_but_commands(base: RuleBase, width: int) -> None:
    out = io.StringIO()
    # Wherever 1 is refused, the next one is taken.
    lines = "1\n2\n" * 200
    asker = PlainAsker(io.StringIO(lines), out, width=lambda: width)
    session.run(
        base,
        Answers(project="雀のプロジェクト" * 12),
        detected_from({"detected.hardware": "amd"}, {"detected.hardware": "2 x MI300X " * 9}),
        asker=asker,
        rank=lambda _, keys: [(key, 1.0) for key in keys],
        on_answer=lambda _: None,
        live=lambda: "measuring " * 20,
        surroundings=["$ pip install " + "x" * 90, "torch " * 30],
    )
    for line in out.getvalue().splitlines():
        # What follows a prompt is what the terminal echoes; nothing is echoed here.
        told = line.rsplit("]: ", maxsplit=1)[-1]
        assert cell_len(told) <= width or told.lstrip().startswith("$"), told


def test_only_the_users_own_words_go_beyond_ascii(base: RuleBase) -> None:
    out = io.StringIO()
    with pytest.raises(InterruptedRunError):
        session.run(
            base,
            Answers(),
            {},
            asker=PlainAsker(io.StringIO("1\n?\n" * 4), out, width=lambda: 80),
            rank=lambda _, keys: [(key, 1.0) for key in keys],
            on_answer=lambda _: None,
            live=lambda: "20 % · 3 × faster …",
        )
    assert out.getvalue().isascii()


@pytest.mark.parametrize(
    ("environment", "encoding", "size", "plain"),
    [
        ({"TERM": "xterm"}, "utf-8", (80, 24), False),
        ({"TERM": "xterm"}, "UTF8", (60, 24), False),
        ({"TERM": "dumb"}, "utf-8", (80, 24), True),
        ({"TERM": ""}, "utf-8", (80, 24), True),
        ({}, "utf-8", (80, 24), True),
        ({"TERM": "xterm"}, "ascii", (80, 24), True),
        ({"TERM": "xterm"}, None, (80, 24), True),
        ({"TERM": "xterm"}, "utf-8", (30, 24), True),
        ({"TERM": "xterm"}, "utf-8", (80, 8), True),
        ({"TERM": "xterm", "FW_ADVISOR_PLAIN": "1"}, "utf-8", (80, 24), True),
    ],
)
def test_which_terminals_get_numbers(
    environment: Mapping[str, str], encoding: str | None, size: tuple[int, int], plain: bool
) -> None:
    assert wants_plain(environment, encoding, size) is plain


def test_without_a_terminal_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("1\n"))
    with pytest.raises(UserError) as refusal:
        make_asker()
    assert "--set" in refusal.value.hint
