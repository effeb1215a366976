"""What a response has used, in tokens: words of text, and 50 ms of speech each."""

from __future__ import annotations

from openai.types.realtime import (
    RealtimeResponseUsage,
    RealtimeResponseUsageInputTokenDetails,
    RealtimeResponseUsageOutputTokenDetails,
)

from captioner.audio.pcm import SAMPLE_RATE
from captioner.captions.words import words

TOKEN_SAMPLES = SAMPLE_RATE // 20


def shortened(text: str, tokens: int) -> str:
    """As much of the text as so many tokens are."""
    counted = words(text)
    return text if len(counted) <= tokens else text[: counted[tokens - 1].end]


def usage(heard: str, said: str, samples: int) -> RealtimeResponseUsage:
    """`heard` and `said` are texts, `samples` is how much was spoken."""
    text, audio = len(words(said)), -(-samples // TOKEN_SAMPLES)
    taken = len(words(heard))
    return RealtimeResponseUsage(
        total_tokens=taken + text + audio,
        input_tokens=taken,
        output_tokens=text + audio,
        input_token_details=RealtimeResponseUsageInputTokenDetails(
            text_tokens=taken, audio_tokens=0, cached_tokens=0
        ),
        output_token_details=RealtimeResponseUsageOutputTokenDetails(
            text_tokens=text, audio_tokens=audio
        ),
    )
