"""Where words follow upon themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captioner.captions.loops import Loop, longest_loop, says_little, stutters


@pytest.mark.parametrize(
    ("text", "rounds", "loop"),
    [
        ("", 2, None),
        ("so we ship", 2, None),
        ("no no", 2, Loop(0, 2, 1)),
        ("no no", 3, None),
        ("so no no no we ship", 3, Loop(1, 4, 1)),
        ("and then and then and then and", 3, Loop(0, 7, 2)),
        ("no no no so it is so it is so it is", 3, Loop(3, 12, 3)),
        ("it was here it was there it was", 2, None),
    ],
)
def test_the_loop_that_repeats_most_is_found(text: str, rounds: int, loop: Loop | None) -> None:
    assert longest_loop(text.split(), rounds) == loop


@given(
    st.lists(st.sampled_from("abc"), min_size=1, max_size=5),
    st.integers(4, 9),
    st.lists(st.sampled_from("xyz"), max_size=5, unique=True),
)
def test_a_loop_is_found_wherever_it_lies(said: list[str], rounds: int, before: list[str]) -> None:
    loop = longest_loop(before + said * rounds, 4)
    assert loop is not None
    assert (loop.start, loop.end) == (len(before), len(before) + len(said) * rounds)
    assert len(said) % loop.period == 0


def test_a_stutter_is_told_from_laughter() -> None:
    assert stutters("ha" * 30)
    assert stutters("so " + "a" * 200)
    assert not stutters("ha" * 15)
    assert not stutters("Nooooooooooo, 1000000")


def test_few_turns_of_phrase_in_a_long_text_are_noticed() -> None:
    assert says_little("it is so and it is good and".split() * 10)
    assert not says_little("it is so and it is good".split())
    assert not says_little([f"w{n}" for n in range(100)])
