"""The recogniser's timed segments laid onto a caption's text."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from difflib import SequenceMatcher

from captioner.captions.model import Phrase
from captioner.captions.recognition import Segment
from captioner.captions.words import words


def phrases_of(text: str, segments: Sequence[Segment]) -> tuple[Phrase, ...]:
    """A caption's phrases, from segments that say its words in order, or nearly its words.

    Where the words differ, a segment ends between the nearest words that do not. A segment for
    which no text is left lends its time to the one before.
    """
    if not text or not segments:
        return ()
    phrases: list[Phrase] = []
    for until, segment in zip(_ends(text, segments), segments, strict=True):
        before = phrases[-1].until if phrases else 0
        end = max(segment.start, segment.end)
        if until > before:
            phrases.append(Phrase(until, segment.start, end))
        elif phrases:
            phrases[-1] = Phrase(before, phrases[-1].start, max(phrases[-1].end, end))
    return tuple(phrases)


def _ends(text: str, segments: Sequence[Segment]) -> list[int]:
    """Where in the text each segment ends; the last one ends it."""
    spoken, counts = [], []
    for segment in segments:
        spoken += [word.key for word in words(segment.text)]
        counts.append(len(spoken))
    written = words(text)
    anchors = _anchors(spoken, [word.key for word in written])
    ends = [
        written[place - 1].end if place else 0
        for place in (_place(count, anchors) for count in counts)
    ]
    return [*ends[:-1], len(text)]


def _anchors(spoken: Sequence[str], written: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of word counts that are known to correspond, from the beginning to the end."""
    matcher = SequenceMatcher(None, spoken, written, autojunk=False)
    anchors = [(0, 0)]
    for block in matcher.get_matching_blocks():
        anchors += [(block.a, block.b), (block.a + block.size, block.b + block.size)]
    return anchors


def _place(count: int, anchors: Sequence[tuple[int, int]]) -> int:
    """The word count in the text for one in the segments, in proportion between two anchors."""
    following = bisect_right(anchors, count, key=lambda anchor: anchor[0])
    spoken, written = anchors[following - 1]
    if following == len(anchors) or count == spoken:
        return written
    next_spoken, next_written = anchors[following]
    share = (count - spoken) / (next_spoken - spoken)
    return written + round(share * (next_written - written))
