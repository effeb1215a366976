"""The words of one utterance while it is spoken: which are told for good, which may still change.

Words told for good are never taken back, not by the final either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import accumulate

from captioner.captions.merge import continue_from
from captioner.captions.words import is_letter, words
from captioner.engine.hypothesis import Hypothesis, TimedText


@dataclass(frozen=True, slots=True)
class Update:
    """`delta` is appended to what was told for good; `tail` replaces what may still change."""

    delta: str
    tail: str


@dataclass(frozen=True, slots=True)
class Completion:
    """`delta` ends the utterance: all deltas together are `transcript`, and so are all segments."""

    delta: str
    transcript: str
    segments: tuple[TimedText, ...]


class Utterance:
    """Feed it every decode of the utterance's audio so far, then the final one."""

    def __init__(self) -> None:
        self._told = ""
        self._tail = ""
        self._audio_s = 0.0

    def partial(self, hypothesis: Hypothesis, audio_s: float) -> Update:
        """Take a decode of the first `audio_s` seconds."""
        self._audio_s = audio_s
        tail = self._continued(hypothesis)
        agreed = _agreed(self._tail, tail)
        delta, self._tail = tail[:agreed], tail[agreed:]
        self._told += delta
        return Update(delta, self._tail)

    def complete(self, hypothesis: Hypothesis) -> Completion:
        """Take the decode of the whole utterance."""
        delta = self._continued(hypothesis)
        self._told += delta
        self._tail = ""
        return Completion(
            delta, self._told, _segments(hypothesis.segments, self._told, self._audio_s)
        )

    def _continued(self, hypothesis: Hypothesis) -> str:
        """What the decode says behind the words that were told."""
        return continue_from(self._told, hypothesis.text)[len(self._told) :]


def _agreed(before: str, now: str) -> int:
    """How much of `now` is told for good: the words that both begin with.

    The last of them goes without its punctuation, which the next word decides.
    """
    end = 0
    for old, new in zip(words(before), words(now), strict=False):
        if old.key != new.key:
            break
        end = new.end
    while end and not is_letter(now[end - 1]):
        end -= 1
    return end


def _segments(
    phrases: Sequence[TimedText], transcript: str, audio_s: float
) -> tuple[TimedText, ...]:
    """`phrases` with the words of `transcript`, which may differ from theirs here and there.

    Together they are the transcript, to the letter.
    """
    if not phrases:
        return (TimedText(transcript, 0.0, audio_s),) if transcript else ()
    said = words(transcript)
    heard = [words(phrase.text) for phrase in phrases]
    place = _places([word.key for phrase in heard for word in phrase], [w.key for w in said])
    retold: list[TimedText] = []
    begin = 0
    for phrase, count in zip(phrases, accumulate(map(len, heard)), strict=True):
        index = place[count] if phrase is not phrases[-1] else len(said)
        end = said[index].start if index < len(said) else len(transcript)
        if end > begin:
            retold.append(TimedText(transcript[begin:end], phrase.start, phrase.end))
            begin = end
    return tuple(retold)


def _places(heard: Sequence[str], said: Sequence[str]) -> list[int]:
    """For each place between the words of `heard`, the same place between those of `said`."""
    places: list[int] = []
    for _, first, last, start, stop in SequenceMatcher(None, heard, said, False).get_opcodes():
        places.extend(min(start + step, stop) for step in range(last - first))
    return [*places, len(said)]
