"""What is translated at once."""

from __future__ import annotations

import pytest

from captioner.engine.translation.sentences import LONGEST, parts, says_something


def test_sentences_are_translated_one_by_one() -> None:
    assert list(parts("Dr. Smith is here. Shall we begin? Yes!")) == [
        "Dr. Smith is here.",
        "Shall we begin?",
        "Yes!",
    ]


def test_a_sentence_that_is_too_long_is_cut_between_clauses() -> None:
    clause = "and then we talked about the next point on the list, "
    found = list(parts(("We began on time, " + clause * 12).strip()))
    assert len(found) > 1
    assert all(part.endswith(",") for part in found)


@pytest.mark.parametrize("text", ["word " * 300, "x" * 1000, "字" * 1000])
def test_whatever_is_said_no_part_is_too_long_and_nothing_is_lost(text: str) -> None:
    found = list(parts(text))
    assert max(map(len, found)) <= LONGEST
    assert "".join(found).replace(" ", "") == text.replace(" ", "")


def test_only_letters_and_digits_say_something() -> None:
    assert says_something("¿Qué?")
    assert says_something("7")
    assert says_something("字")
    assert not says_something("… 🙂 — ?!")
