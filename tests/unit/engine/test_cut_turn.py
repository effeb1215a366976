"""A turn that is too long is cut in the past, behind which words may have been told already."""

from __future__ import annotations

from captioner.engine.hypothesis import Hypothesis, Word
from captioner.engine.utterance import Utterance


def spoken(text: str) -> Hypothesis:
    """A decode in which every word takes a second."""
    words = tuple(
        Word(f" {word}", second, second + 1.0, 0.99) for second, word in enumerate(text.split())
    )
    return Hypothesis(text, (), words, "en", no_speech=0.0, avg_logprob=-0.1)


def test_words_told_past_the_cut_are_not_told_again_behind_it() -> None:
    first = Utterance()
    assert first.partial(spoken("We ship it in May and"), 5.5).delta == "We ship it in May"
    second = Utterance(before=first.cut(3.0))
    assert first.complete(spoken("We ship it,")).transcript == "We ship it in May"
    assert second.partial(spoken("In may and rest"), 3.5).delta == "and"
    completion = second.complete(spoken("in May, and rest in June."))
    assert completion.delta == " rest in June."
    assert completion.transcript == "and rest in June."
    assert [segment.text for segment in completion.segments] == ["and rest in June."]


def test_behind_a_cut_in_words_that_were_not_told_yet_all_is_told() -> None:
    first = Utterance()
    first.partial(spoken("We ship it in May and"), 3.5)
    second = Utterance(before=first.cut(3.0))
    assert second.complete(spoken("in May and rest")).transcript == "in May and rest"


def test_words_that_were_told_and_are_not_heard_again_cost_no_others() -> None:
    first = Utterance()
    first.partial(spoken("We ship it in May"), 5.5)
    second = Utterance(before=first.cut(3.0))
    assert second.complete(spoken("Then we rest.")).transcript == "Then we rest."
