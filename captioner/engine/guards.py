"""What Whisper writes where nobody speaks, and how to tell.

On silence, noise and music it invents ("Thank you.", "I'm sorry.", loops). A turn begins only
with voiced frames (`turns`); what passes that is judged by the decode itself. Measured on 15
clips without speech: voiced frames and either doubt leave no text at all, on tiny.en and base;
both doubts together (faster-whisper's rule) let 4 and 6 clips pass. Either doubt loses 2 of 84
spoken clips from 2 s on, but 8 to 13 of 38 shorter ones: below 2 s it takes both.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from captioner.engine.hypothesis import Hypothesis

NO_SPEECH = 0.6
"""Probability of Whisper's no-speech token above which a decode is doubtful."""
AVG_LOGPROB = -1.0
"""Mean log probability a token below which a decode is doubtful."""
COMPRESSION = 2.4
"""Ratio of the text's bytes to their deflated size above which it repeats itself."""
SHORT_S = 2.0
VOICED = 0.35
VOICED_FRAMES = 3


def nothing_said(hypothesis: Hypothesis, audio_s: float) -> bool:
    """Whether the text of a decode of `audio_s` seconds is invented, or there is none."""
    if not any(letter.isalnum() for letter in hypothesis.text):
        return True
    doubts = (hypothesis.no_speech > NO_SPEECH, hypothesis.avg_logprob < AVG_LOGPROB)
    doubtful = all(doubts) if audio_s < SHORT_S else any(doubts)
    return doubtful or compression(hypothesis.text) > COMPRESSION


def compression(text: str) -> float:
    """How many times smaller the text gets when deflated; loops deflate well."""
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw))


def voiced(probabilities: Sequence[float]) -> bool:
    """Whether some frames in a row are likely speech: for audio that no turn detector cut."""
    run = 0
    for probability in probabilities:
        run = run + 1 if probability >= VOICED else 0
        if run == VOICED_FRAMES:
            return True
    return False
