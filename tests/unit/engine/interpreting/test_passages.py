"""Which sentences are complete while somebody speaks."""

from __future__ import annotations

from captioner.engine.interpreting.passages import Passage, Sentence


def taken(passage: Passage) -> list[str]:
    return [sentence.text for sentence in passage.complete()]


def test_a_sentence_is_complete_once_another_follows_it() -> None:
    passage = Passage("It costs 3.", "en", 1000)
    assert taken(passage) == []
    passage.text += "5 dollars. That"
    assert taken(passage) == ["It costs 3.5 dollars."]
    passage.text += " is much."
    assert taken(passage) == []
    passage.over = True
    assert taken(passage) == ["That is much."]
    assert taken(passage) == []


def test_nothing_is_complete_before_its_language_is_known() -> None:
    passage = Passage("Hello. You", None, 1000)
    assert taken(passage) == []
    passage.language = "en"
    assert list(passage.complete()) == [Sentence("Hello.", "en", 1000)]


def test_news_are_told_once() -> None:
    passage = Passage("Hello.")
    assert passage.news() == "Hello."
    passage.text += " You"
    assert (passage.news(), passage.news(), passage.told) == (" You", "", 10)
