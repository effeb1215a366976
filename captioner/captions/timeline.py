"""When the text of a caption is spoken."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from captioner.captions.model import Caption


class Timeline:
    """Milliseconds on the room clock for offsets into a caption's text.

    By the caption's phrases, inside a phrase (or without any) by the characters' share.
    """

    def __init__(self, caption: Caption, before: float | None = None) -> None:
        """`before`: seconds; the track's next caption begins there, whatever this one's end."""
        last = caption.end if before is None else min(caption.end, before)
        self._text = caption.text
        self._untils: list[int] = [0]
        self._times: list[tuple[int, int]] = []
        start = _ms(caption.start)
        latest = max(start, _ms(last))
        for phrase in caption.phrases:
            if self._untils[-1] < phrase.until <= len(caption.text):
                begin = min(max(start, _ms(phrase.start)), latest)
                start = min(max(begin, _ms(phrase.end)), latest)
                self._add(phrase.until, begin, start)
        if self._untils[-1] < len(caption.text):
            self._add(len(caption.text), start, latest)

    def starts(self, offset: int) -> int:
        """When the character at `offset` begins."""
        return self._at(bisect_right(self._untils, offset) - 1, offset)

    def ends(self, offset: int) -> int:
        """When the character before `offset` ends."""
        return self._at(bisect_left(self._untils, offset) - 1, offset)

    def _add(self, until: int, start: int, end: int) -> None:
        self._untils.append(until)
        self._times.append((start, end))

    def _at(self, phrase: int, offset: int) -> int:
        phrase = min(max(phrase, 0), len(self._times) - 1)
        first, until = self._untils[phrase], self._untils[phrase + 1]
        first += self._text.startswith(" ", first)  # nobody says the space between two phrases
        start, end = self._times[phrase]
        share = (offset - first) / max(until - first, 1)
        return start + round(min(max(share, 0), 1) * (end - start))


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
