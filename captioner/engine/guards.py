"""What Whisper writes where nobody speaks, and how to tell.

On silence, noise and music it invents ("Thank you.", "I'm sorry.", loops). A turn begins only
with voiced frames (`turns`); what passes that is judged by the decode itself. Measured on 15
clips without speech: voiced frames and either doubt leave no text at all, on tiny.en and base;
both doubts together (faster-whisper's rule) let 4 and 6 clips pass. Either doubt loses 2 of 84
spoken clips from 2 s on, but 8 to 13 of 38 shorter ones: below 2 s it takes both. Whole sentences
of a hoarse voice had a no-speech probability of 0.64 and were certain all the same (-0.33), so
the first doubt counts only where the words are not certain.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import takewhile

from captioner.engine.hypothesis import Hypothesis, TimedText, Word

NO_SPEECH = 0.6
"""Probability of Whisper's no-speech token above which a decode is doubtful."""
CERTAIN = -0.5
"""Mean log probability a token above which words are certain enough against that doubt."""
AVG_LOGPROB = -1.0
"""Mean log probability a token below which a decode is doubtful."""
HOPELESS = -1.4
"""The same where one doubt is not enough; spoken words stay above -1.31."""
COMPRESSION = 2.4
"""Ratio of the text's bytes to their deflated size above which it repeats itself."""
SHORT_S = 2.0
"""Below this length one doubt is not enough."""
TWICE_WORDS = 4
"""So many words in a row are rarely said twice, but often decoded twice."""
AT_END_S = 0.06
"""Words that begin this close to the end of the audio have no sound of their own."""
TOO_MANY_AT_END = 3
"""So many of them are invented: a word or two may be cut off there."""


def as_said(hypothesis: Hypothesis, audio_s: float) -> Hypothesis:
    """A decode of `audio_s` seconds without what was invented; its text may be empty then."""
    hypothesis = _without_echo(hypothesis, audio_s)
    if nothing_said(hypothesis, audio_s):
        return replace(hypothesis, text="", segments=(), words=())
    return hypothesis


def nothing_said(hypothesis: Hypothesis, audio_s: float) -> bool:
    """Whether the text of a decode of `audio_s` seconds is invented, or there is none."""
    if not any(map(str.isalnum, hypothesis.text)) or compression(hypothesis.text) > COMPRESSION:
        return True
    silent = hypothesis.no_speech > NO_SPEECH
    if audio_s < SHORT_S:
        return hypothesis.avg_logprob < (AVG_LOGPROB if silent else HOPELESS)
    return hypothesis.avg_logprob < (CERTAIN if silent else AVG_LOGPROB)


def doubtful(hypothesis: Hypothesis) -> bool:
    """Whether a decode repeats itself, or is not sure of its words."""
    return repeats(hypothesis.text) or hypothesis.avg_logprob < AVG_LOGPROB


def repeats(text: str) -> bool:
    """Whether a text goes round in circles, as no speech does."""
    return compression(text) > COMPRESSION or _says_twice(text)


def _says_twice(text: str) -> bool:
    """Whether a run of words follows upon itself."""
    words = re.findall(r"\w+", text.lower())
    return any(
        words[at : at + run] == words[at + run : at + 2 * run]
        for run in range(TWICE_WORDS, len(words) // 2 + 1)
        for at in range(len(words) - 2 * run + 1)
    )


def compression(text: str) -> float:
    """How many times smaller the text gets when deflated; loops deflate well."""
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw))


def _without_echo(hypothesis: Hypothesis, audio_s: float) -> Hypothesis:
    """Drop what Whisper repeats when the audio is over: its words all lie on the audio's end."""

    def soundless(word: Word) -> bool:
        return word.start >= audio_s - AT_END_S

    echo = list(takewhile(soundless, reversed(hypothesis.words)))
    if sum(any(map(str.isalnum, word.text)) for word in echo) < TOO_MANY_AT_END:
        return hypothesis
    segments = tuple(_shortened(hypothesis.segments, sum(len(word.text) for word in echo)))
    return replace(
        hypothesis,
        text="".join(segment.text for segment in segments).strip(),
        segments=segments,
        words=hypothesis.words[: -len(echo)],
    )


def _shortened(segments: Sequence[TimedText], excess: int) -> Iterator[TimedText]:
    """The segments without their last `excess` characters."""
    left = sum(len(segment.text) for segment in segments) - excess
    for segment in segments:
        if left > 0:
            yield replace(segment, text=segment.text[:left])
        left -= len(segment.text)
