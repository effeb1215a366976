"""The words of one utterance while it is spoken: which are told for good, which may still change.

Words told for good are never taken back, not by the final either: its text goes on from them.
What that costs and what it gains, on 13 minutes of many voices (`tests/bench/streaming_policy.py`;
a decode every 0.7 s, tiny.en, finals by base, on a machine that takes 0.2 s for a decode; finals
were searched less widely then):

| a word is told for good                  | word error rate | told after, p50 / p95 s |
| by the final alone                       | 7.5             | -                       |
| when two decodes agree                   | 9.7             | 1.33 / 2.34             |
| ... and it is likely (0.5)               | 8.9             | 1.44 / 5.5              |
| ... or it waited long (2.5 s)            | 9.1             | 1.42 / 3.12             |
| ... or is very likely (0.9) at first     | 8.6             | 1.19 / 3.02             |

With finals as they are now, the first and the last line are 6.8 and 8.0. Likely from 0.55 on and
sure from 0.9 on: 7.8, after the same times. Without any patience: 7.2 after 1.56 / 6.97 s. A decode
by base every 3.5 s in between gives 0.2 for 4 % more CPU. The text before an utterance does not
help its decode, as a prompt (it loops) or as audio (words at the seam are lost).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import accumulate, takewhile
from math import inf

from captioner.captions.merge import continue_from
from captioner.captions.words import is_letter, words
from captioner.engine.hypothesis import Hypothesis, TimedText, Word

_SEAM_S = 0.1
"""So far past a cut a word may seem to end that was spoken before it."""


@dataclass(frozen=True, slots=True)
class StreamingPolicy:
    """When a word is told for good: all words before it are, and one of these holds.

    Two decodes agree and it has `likely`. It has `sure` and ended `margin_s` before the audio
    did: of words this likely there, 99 in 100 are in the final. Two decodes agree and
    it ended `patience_s` ago: readers wait no longer.
    """

    likely: float = 0.55
    sure: float = 0.9
    margin_s: float = 0.2
    patience_s: float = 2.5


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


@dataclass(slots=True)
class _Heard:
    """A word of the tail: `key`, `start`, `end` as in `captions.words`; `end_s` is in the audio."""

    key: str
    start: int
    end: int
    end_s: float
    probability: float
    decodes: int = 1


class Utterance:
    """Feed it every decode of the utterance's audio so far, then the final one."""

    def __init__(self, policy: StreamingPolicy | None = None, *, before: str = "") -> None:
        """`before`: what was told of this audio already, by the utterance that it was cut off."""
        self._policy = policy or StreamingPolicy()
        self._before = self._told = before
        self._ends: list[tuple[int, float]] = []
        """Of the words that were told: where they begin in the text and end in the audio."""
        self._ended = False
        """Whether all there is to tell is told."""
        self._tail = ""
        self._pending: list[_Heard] = []
        self._audio_s = 0.0

    def partial(self, hypothesis: Hypothesis, audio_s: float) -> Update:
        """Take a decode of the first `audio_s` seconds; one of less than before is old news."""
        if audio_s < self._audio_s:
            return Update("", self._tail)
        self._audio_s = audio_s
        tail = self._continued(hypothesis)
        heard = _heard(hypothesis, tail)
        _count_decodes(self._pending, heard)
        settled = list(takewhile(self._settled, heard))
        self._pending = heard[len(settled) :]
        end = _bare_end(tail, settled[-1].end) if settled else 0
        self._ends += [(len(self._told) + word.start, word.end_s) for word in settled]
        delta = self._tell(tail[:end])
        self._tail = tail[end:] if self._transcript else tail[end:].lstrip()
        return Update(delta, self._tail)

    def complete(self, hypothesis: Hypothesis) -> Completion:
        """Take the decode of the whole utterance."""
        delta = "" if self._ended else self._tell(self._continued(hypothesis))
        self._pending = []
        segments = _segments(hypothesis.segments, self._transcript, self._audio_s)
        return Completion(delta, self._transcript, segments)

    def cut(self, end_s: float) -> str:
        """The audio ends at `end_s`; return the words that were told past it.

        The next utterance's audio begins with them. This one's decode ends before them: it has
        nothing to add.
        """
        begins = (begin for begin, word_end_s in self._ends if end_s + _SEAM_S < word_end_s < inf)
        past = self._told[next(begins, len(self._told)) :].strip()
        self._ended = bool(past)
        return past

    @property
    def _transcript(self) -> str:
        return self._told[len(self._before) :].lstrip()

    def _tell(self, text: str) -> str:
        """The delta that tells `text`, which goes on from all that was told."""
        before = len(self._transcript)
        self._told += text
        return self._transcript[before:]

    def _settled(self, word: _Heard) -> bool:
        policy, age_s = self._policy, self._audio_s - word.end_s
        if word.probability >= policy.sure and age_s >= policy.margin_s:
            return True
        return word.decodes > 1 and (
            word.probability >= policy.likely or age_s >= policy.patience_s
        )

    def _continued(self, hypothesis: Hypothesis) -> str:
        """What the decode says behind the words that were told."""
        return continue_from(self._told, hypothesis.text)[len(self._told) :]


def _heard(hypothesis: Hypothesis, tail: str) -> list[_Heard]:
    """The words of `tail`, which ends as the decode does.

    Words without times are likely, but never old enough to be sure of.
    """
    said, places = words(hypothesis.text), words(tail)
    spans = _spans(hypothesis.words)
    found: list[_Heard] = []
    for word, place in zip(said[len(said) - len(places) :], places, strict=True):
        parts = [part for first, last, part in spans if first < word.end and last > word.start]
        end_s = max((part.end for part in parts), default=inf)
        probability = min((part.probability for part in parts), default=1.0)
        found.append(_Heard(word.key, place.start, place.end, end_s, probability))
    return found


def _spans(timed: Sequence[Word]) -> list[tuple[int, int, Word]]:
    """Where the words lie in their text, which does not begin with a space; no punctuation."""
    spans: list[tuple[int, int, Word]] = []
    end = -1 if timed and timed[0].text.startswith(" ") else 0
    for word in timed:
        start, end = end, end + len(word.text)
        if any(map(is_letter, word.text)):
            spans.append((start, end, word))
    return spans


def _count_decodes(before: Sequence[_Heard], now: Sequence[_Heard]) -> None:
    """Each word of `now` that was heard `before` in the same place was heard once more."""
    one, other = [word.key for word in before], [word.key for word in now]
    for match in SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks():
        for step in range(match.size):
            now[match.b + step].decodes += before[match.a + step].decodes


def _bare_end(text: str, end: int) -> int:
    """Where the word that ends at `end` ends without punctuation, which the next word decides."""
    while end and not is_letter(text[end - 1]):
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
