"""What of a caption can be said."""

from __future__ import annotations

import pytest

from captioner.speech.parts import LONG_CLAUSE, part_end
from tests.unit.speech.speaking import caption


def parts(text: str, stable: int | None = None) -> list[str]:
    told, begin = caption(1, text, stable=stable), 0
    found = []
    while (end := part_end(told, begin)) is not None:
        found.append(text[begin:end])
        begin = end
    return found


def test_a_final_is_said_sentence_by_sentence_to_its_end() -> None:
    assert parts("Hola a todos. Hoy hablamos de Dr. Ruiz y") == [
        "Hola a todos. ",
        "Hoy hablamos de Dr. Ruiz y",
    ]


def test_of_an_open_caption_whole_sentences_are_said() -> None:
    assert parts("Hola a todos. Hoy hablamos", stable=20) == ["Hola a todos. "]
    assert parts("Hola a todos", stable=12) == []
    assert parts("Hola a todos. Hoy", stable=10) == []


def test_a_sentence_that_is_all_that_is_stable_is_said_at_once() -> None:
    assert parts("Hola a todos.", stable=13) == ["Hola a todos."]
    assert parts("Hola a todos. Hoy", stable=13) == ["Hola a todos."]


@pytest.mark.parametrize("text", ["Cuesta 3.", "Cuesta 100.", "Habla el Dr.", "www.", "", " "])
def test_what_may_go_on_is_not_the_end_of_a_sentence(text: str) -> None:
    assert parts(text, stable=len(text)) == (["www."] if text == "www." else [])


def test_a_stop_inside_a_word_ends_nothing() -> None:
    assert parts("Vea ejemplo.com hoy", stable=12) == []


def test_a_long_clause_does_not_wait_for_its_sentence() -> None:
    clause = "y " * (LONG_CLAUSE // 2) + "así, "
    text = clause + "y aún más"
    assert parts(text, stable=len(text)) == [clause]
    assert parts("Sí, " + "y más", stable=9) == []


def test_sentences_without_spaces_are_said_one_by_one() -> None:
    assert parts("大家好。我们开始吧。") == ["大家好。", "我们开始吧。"]


def test_nothing_is_said_of_spaces() -> None:
    assert parts("Hola.  ") == ["Hola.  "]
    assert part_end(caption(1, "Hola.  "), 5) is None
