"""What of a caption can be said: its next part that will not change any more."""

from __future__ import annotations

from captioner.captions.model import Caption
from captioner.captions.segments import Break, Quality, breaks

LONG_CLAUSE = 60
"""Code points from which on a clause is said before the sentence that it begins is complete."""

_NEXT_SENTENCE = " A"


def part_end(caption: Caption, begin: int) -> int | None:
    """Where the part ends that begins at a code point of the text; None: none is complete yet.

    Parts are sentences and, while a caption is open, long clauses of those that go on.
    """
    said = caption.text[begin : caption.stable]
    places = breaks(said)
    cut = next((place.at for place in places if _completes(place)), None)
    if cut is not None:
        return begin + cut
    whole = caption.final or _is_complete(caption, said)
    return caption.stable if whole and said.strip() else None


def _completes(place: Break) -> bool:
    long = place.quality == Quality.CLAUSE and place.at >= LONG_CLAUSE
    return place.quality == Quality.SENTENCE or long


def _is_complete(caption: Caption, said: str) -> bool:
    """Whether what is stable ends with the end of a sentence, whatever follows."""
    open_tail = caption.text[caption.stable : caption.stable + 1]
    ended = said.rstrip()
    if not ended or (open_tail.strip() and said == ended) or ended.rstrip(".")[-1:].isdigit():
        return False  # A word, or a number, may go on.
    return any(
        place.at == len(ended) + 1 and place.quality == Quality.SENTENCE
        for place in breaks(ended + _NEXT_SENTENCE)
    )
