"""Streaming text from scripted decodes: no model."""

from __future__ import annotations

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from captioner.engine.hypothesis import Hypothesis, TimedText, Word
from captioner.engine.utterance import StreamingPolicy, Update, Utterance

LIKELY, DOUBTFUL, SURE = 0.7, 0.2, 0.95


def decode(*words: str | tuple[str, float]) -> Hypothesis:
    """A decode with a word a second; `(word, probability)` where it is not LIKELY."""
    pairs = [word if isinstance(word, tuple) else (word, LIKELY) for word in words]
    timed = tuple(
        Word(" " + text, float(index), index + 1.0, probability)
        for index, (text, probability) in enumerate(pairs)
    )
    text = " ".join(text for text, _ in pairs)
    segments = (TimedText(" " + text, 0.0, float(len(pairs))),) if pairs else ()
    return Hypothesis(text, segments, timed, "en", 0.0, -0.3)


def untimed(text: str) -> Hypothesis:
    return Hypothesis(text, (), (), "en", 0.0, -0.3)


def test_a_word_is_told_for_good_once_two_decodes_agree() -> None:
    utterance = Utterance()
    assert utterance.partial(decode("we", "ship", "on"), 3.1) == Update("", "we ship on")
    assert utterance.partial(decode("We", "ship", "in", "May"), 4.1) == Update("We ship", " in May")


def test_a_sure_word_is_told_at_once_but_not_at_the_edge() -> None:
    utterance = Utterance()
    update = utterance.partial(decode(("we", SURE), ("ship", SURE)), 2.1)
    assert update == Update("we", " ship")


def test_a_doubtful_word_holds_those_behind_it_back_until_patience_ends() -> None:
    utterance = Utterance()
    words = ("we", ("ship", DOUBTFUL), "in", "May")
    utterance.partial(decode(*words), 4.1)
    assert utterance.partial(decode(*words), 4.2) == Update("we", " ship in May")
    assert utterance.partial(decode(*words), 4.6) == Update(" ship in May", "")


def test_a_doubtful_word_that_changes_is_not_told() -> None:
    utterance = Utterance()
    utterance.partial(decode(("wish", DOUBTFUL), "in", "May"), 3.1)
    assert utterance.partial(decode(("we", DOUBTFUL), "ship", "in"), 3.2).delta == ""


def test_punctuation_waits_for_the_next_word() -> None:
    utterance = Utterance()
    utterance.partial(decode("we", "ship."), 2.1)
    assert utterance.partial(decode("we", "ship."), 2.2) == Update("we ship", ".")
    assert utterance.partial(decode("we", "ship,", "in"), 3.2).tail == ", in"


def test_words_without_times_are_told_by_agreement_alone() -> None:
    utterance = Utterance()
    assert utterance.partial(untimed("we ship"), 2.0) == Update("", "we ship")
    assert utterance.partial(untimed("we ship in"), 3.0) == Update("we ship", " in")


def test_an_answer_about_less_audio_changes_nothing() -> None:
    utterance = Utterance()
    utterance.partial(decode("we", "ship", "on"), 3.0)
    assert utterance.partial(decode("we", "sheep"), 2.0) == Update("", "we ship on")


def test_the_final_goes_on_from_what_was_told() -> None:
    utterance = Utterance()
    utterance.partial(decode("we", "sheep", "in"), 3.1)
    told = utterance.partial(decode("we", "sheep", "in", "may"), 4.1).delta
    final = utterance.complete(decode("We", "ship", "in", "May."))
    assert told == "we sheep in"
    assert final.transcript == "we sheep in May."
    assert told + final.delta == final.transcript
    assert final.segments == (TimedText("we sheep in May.", 0.0, 4.0),)


def test_a_final_without_words_keeps_what_was_told() -> None:
    utterance = Utterance()
    utterance.partial(decode("we", "ship"), 2.1)
    utterance.partial(decode("we", "ship"), 2.2)
    final = utterance.complete(untimed(""))
    assert (final.delta, final.transcript) == ("", "we ship")
    assert final.segments == (TimedText("we ship", 0.0, 2.2),)


def test_nothing_heard_is_an_empty_completion() -> None:
    final = Utterance().complete(untimed(""))
    assert (final.delta, final.transcript, final.segments) == ("", "", ())


def test_phrases_keep_their_words_when_words_differ() -> None:
    utterance = Utterance(StreamingPolicy(likely=0))
    for _ in range(2):
        utterance.partial(decode("good", "mourning", "all", "we", "ship"), 5.1)
    phrases = (TimedText(" Good morning, all.", 0.0, 1.5), TimedText(" We ship in May.", 1.8, 3.0))
    text = "Good morning, all. We ship in May."
    final = utterance.complete(Hypothesis(text, phrases, (), "en", 0.0, -0.3))
    assert [segment.text.strip() for segment in final.segments] == [
        "good mourning all",
        "we ship in May.",
    ]
    assert [segment.start for segment in final.segments] == [0.0, 1.8]


def test_scripts_without_spaces_are_told_character_by_character() -> None:
    utterance = Utterance()
    utterance.partial(untimed("今日は天"), 2.0)
    assert utterance.partial(untimed("今日は電話"), 3.0) == Update("今日は", "電話")


WORDS = st.lists(
    st.tuples(
        st.sampled_from(["we", "We", "ship", "ship,", "sheep", "in", "May.", "may", "天気", "is"]),
        st.sampled_from([0.1, 0.6, 0.95]),
    ),
    max_size=8,
).map(lambda words: decode(*words))


@given(st.lists(WORDS, max_size=6), WORDS)
def test_deltas_are_the_transcript_and_so_are_segments(
    partials: list[Hypothesis], last: Hypothesis
) -> None:
    utterance = Utterance()
    updates = [utterance.partial(each, index + 4.0) for index, each in enumerate(partials)]
    final = utterance.complete(last)
    assert "".join([*(update.delta for update in updates), final.delta]) == final.transcript
    assert "".join(segment.text for segment in final.segments) == final.transcript
    starts = [segment.start for segment in final.segments]
    assert starts == sorted(starts)
    told = accumulate(update.delta for update in updates)
    assert all(final.transcript.startswith(prefix) for prefix in told)
