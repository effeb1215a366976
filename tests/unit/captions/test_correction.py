"""What a human makes of a final."""

from __future__ import annotations

from dataclasses import replace

from captioner.captions.correction import corrected
from captioner.captions.model import Caption, Phrase

FINAL = Caption(
    "u1",
    "en",
    3,
    "we use cube flow, as you know",
    29,
    True,
    1.0,
    4.0,
    "mic",
    "Ana",
    phrases=(Phrase(6, 1.0, 1.5), Phrase(17, 1.5, 2.5), Phrase(29, 3.0, 4.0)),
    lag_ms=400,
    engine="embedded",
)


def test_a_correction_is_the_next_revision_of_the_same_speech() -> None:
    text = "We use Kubeflow, as you know."
    revision = corrected(FINAL, text)
    assert revision == replace(
        FINAL, rev=4, text=text, correction=True, phrases=revision.phrases, stable=len(text)
    )
    assert (revision.lag_ms, revision.engine) == (None, None)


def test_phrases_follow_the_words_that_stay() -> None:
    text = "We use Kubeflow, as you know."
    phrases = corrected(FINAL, text).phrases
    assert [(text[: p.until], p.start, p.end) for p in phrases] == [
        ("We use", 1.0, 1.5),
        ("We use Kubeflow,", 1.5, 2.5),
        (text, 3.0, 4.0),
    ]


def test_phrases_without_words_are_dropped() -> None:
    assert corrected(FINAL, "as you know").phrases[-1].until == 11
    assert len(corrected(FINAL, "Yes").phrases) == 1
    assert corrected(FINAL, "").phrases == ()


def test_a_withdrawn_caption_can_be_brought_back() -> None:
    withdrawn = corrected(FINAL, "")
    assert withdrawn.withdrawn
    assert corrected(withdrawn, "Yes.").text == "Yes."


def test_a_caption_that_is_timed_as_a_whole_stays_so() -> None:
    assert corrected(replace(FINAL, phrases=()), "Yes.").phrases == ()
