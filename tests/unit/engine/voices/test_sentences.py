from __future__ import annotations

from captioner.engine.voices.sentences import sentences


def test_a_text_is_said_sentence_by_sentence_but_abbreviations_end_none() -> None:
    text = "I met Mr. Smith\nyesterday, before we began. He was late! 会议三点开始。下午见"
    assert list(sentences(text)) == [
        "I met Mr. Smith yesterday, before we began.",
        "He was late! 会议三点开始。",
        "下午见",
    ]


def test_numbers_are_not_torn_apart() -> None:
    said = "It costs 3.5 million, which is 1.2 more than the 2.3 of last year."
    assert list(sentences(said)) == [said]


def test_what_has_nothing_to_say_is_left_out() -> None:
    assert list(sentences(" ... \n —")) == list(sentences("\0\a")) == list(sentences("")) == []
    assert list(sentences("Yes.\0\x1b No.")) == ["Yes. No."]
