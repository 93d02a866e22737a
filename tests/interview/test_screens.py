"""What stands around a menu fits the window, and text is cut and wrapped by cells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.data_structures import Size
from rich.cells import cell_len

from advisor.answers import Answers
from advisor.interview import session
from advisor.interview.ask_rich import _entry_hint, _menu_hint
from advisor.interview.asking import Menu, TextEntry
from advisor.interview.defaults import detected_from
from advisor.interview.rich_screen import Screen
from advisor.interview.wrapping import ascii_only, cut, wrap, wrap_pieces
from advisor.knowledge.model import RuleBase
from tests.interview.asker import FakeAsker, Reaction


def shown(screen: Menu | TextEntry, columns: int, rows: int, *, why: bool) -> tuple[int, list[str]]:
    """Rows taken by the menu, and the lines around it with every option pointed at once."""
    details = [option.detail for option in screen.options] if isinstance(screen, Menu) else [""]
    body = len(screen.options) + 1 if isinstance(screen, Menu) else 3
    around = Screen(
        screen.frame,
        lambda: Size(rows, columns),
        body_rows=body,
        hint=_menu_hint(screen) if isinstance(screen, Menu) else _entry_hint(screen),
        detail=lambda: max(details, key=len),
    )
    if why:
        around.toggle_more()
    lines = [line for _, line in (*around._head_lines(), *around._foot_lines())]
    return body, lines


@pytest.mark.parametrize("columns", [80, 60])
def test_every_question_fits_24_rows_with_its_live_line(base: RuleBase, columns: int) -> None:
    tight: list[str] = []

    def react(screen: Menu | TextEntry) -> Reaction:
        for why in (False, True):
            body, lines = shown(screen, columns, 24, why=why)
            assert max(map(cell_len, lines)) <= columns
            if body + len(lines) > 24 and not why:
                tight.append(screen.frame.text)
        return "" if isinstance(screen, TextEntry) else (len(screen.options) - 1,)

    for question in base.questions:
        session.run(
            base,
            Answers(),
            detected_from({"detected.hardware": "amd"}, {"detected.hardware": "2 x MI300X"}),
            asker=FakeAsker(react),
            rank=lambda _, keys, first=question.key: [(key, float(key == first)) for key in keys],
            on_answer=lambda _: None,
            live=lambda: "measuring " * 20,
        )
    assert not tight


WORDS = st.text(alphabet=st.characters(codec="utf-8", categories=("L", "N", "P", "Zs", "So")))


@given(text=WORDS, width=st.integers(12, 100))
def test_wrapped_lines_fit_and_keep_every_letter(text: str, width: int) -> None:
    lines = wrap(text, width, indent="  ")
    assert all(cell_len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@given(text=WORDS, width=st.integers(2, 100))
def test_a_cut_line_fits(text: str, width: int) -> None:
    line = cut(text, width)
    assert cell_len(line) <= width
    assert line == " ".join(text.split()) or line.endswith("…")


def test_hints_break_between_keys() -> None:
    lines = wrap_pieces(["Enter takes it", "Esc back", "? why"], 26)
    assert lines == ["Enter takes it · Esc back", "? why"]


def test_our_typography_has_an_ascii_form() -> None:
    assert ascii_only("3 × 4 · “so” … 雀") == '3 x 4 - "so" ... 雀'
