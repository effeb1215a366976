"""A caption as a human says it should have read."""

from __future__ import annotations

from dataclasses import replace

from captioner.captions.model import Caption, Phrase
from captioner.captions.phrases import phrases_of
from captioner.captions.recognition import Segment


def corrected(caption: Caption, text: str) -> Caption:
    """The next revision of a final, with this text; an empty one withdraws the caption.

    It was said when it was said, by whoever said it. Its phrases are laid onto the new words; those
    for which no words are left are dropped.
    """
    return replace(
        caption,
        rev=caption.rev + 1,
        text=text,
        stable=len(text),
        correction=True,
        phrases=phrases_of(text, _segments(caption)),
        lag_ms=None,
        engine=None,
    )


def _segments(caption: Caption) -> list[Segment]:
    """The caption's phrases as the recogniser told them."""
    begins = [0, *(phrase.until for phrase in caption.phrases)]
    return [
        _segment(caption, begin, phrase)
        for begin, phrase in zip(begins, caption.phrases, strict=False)
    ]


def _segment(caption: Caption, begin: int, phrase: Phrase) -> Segment:
    return Segment(caption.id, caption.text[begin : phrase.until], phrase.start, phrase.end)
