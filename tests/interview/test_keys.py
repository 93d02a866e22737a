"""Letters go to the line that they begin, as in other menus."""

from __future__ import annotations

from advisor.interview.rich_keys import TypeAhead

LINES = ["Images", "Speech and audio", "Scientific computing", "Some JAX", "Not sure"]


def typed(text: str, here: int = 0, every_s: float = 0.2) -> int:
    keys = TypeAhead(LINES)
    for number, letter in enumerate(text):
        here = keys.goes_to(letter, here, 100 + number * every_s)
    return here


def test_letters_typed_together_are_the_beginning_of_a_line() -> None:
    assert LINES[typed("sci")] == "Scientific computing"
    assert LINES[typed("So")] == "Some JAX"
    assert LINES[typed("n")] == "Not sure"


def test_letters_typed_apart_are_one_each() -> None:
    assert LINES[typed("sn", every_s=5)] == "Not sure"


def test_one_letter_again_and_again_goes_from_line_to_line() -> None:
    places = [LINES[typed("s" * n)] for n in (1, 2, 3, 4)]
    assert places == ["Speech and audio", "Scientific computing", "Some JAX", "Speech and audio"]


def test_a_word_inside_a_line_counts_where_no_line_begins_so() -> None:
    assert LINES[typed("jax")] == "Some JAX"
    assert LINES[typed("aud")] == "Speech and audio"


def test_what_begins_nothing_moves_nothing() -> None:
    assert typed("zzz", here=3) == 3
    assert typed("?", here=3) == 3
