"""What is translated at once: a sentence, or the longest part of it that a model takes well."""

from __future__ import annotations

from collections.abc import Iterator

from captioner.captions.segments import Quality, breaks, sentences
from captioner.captions.words import is_letter

LONGEST = 300
"""Characters. Models know sentences: what is much longer comes out cut off or repeated."""


def parts(text: str) -> Iterator[str]:
    """The parts of a text to translate one by one; together they are all of it but the spaces."""
    for span in sentences(text):
        yield from _shortened(text[span.start : span.end])


def says_something(text: str) -> bool:
    """Whether there is anything to translate: models make words up for signs alone."""
    return any(is_letter(character) for character in text)


def _shortened(sentence: str) -> Iterator[str]:
    """Cut at the best place in the second half of what fits; a clause before a mere space."""
    while len(sentence) > LONGEST:
        places = [place for place in breaks(sentence) if LONGEST // 2 <= place.at <= LONGEST]
        best = max(
            places, key=lambda place: (min(place.quality, Quality.CLAUSE), place.at), default=None
        )
        cut = best.at if best else LONGEST
        yield sentence[:cut].strip()
        sentence = sentence[cut:].strip()
    yield sentence
