"""What OpenAI's transcription models take, and how they answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Model:
    live: bool = False
    """It writes while audio comes, and finds no turns; the others write after the commit."""
    at_once: bool = False
    """All it writes comes in one delta."""
    delay: bool = False
    languages: bool = False
    """Several languages may be given; else one."""
    keywords: bool = False
    prompt: bool = False
    logprobs: bool = False
    speakers: bool = False
    tells_language: bool = False
    by_token: bool = False
    """Its usage is counted in tokens; else in seconds, rounded up."""


_GPT_4O = Model(prompt=True, logprobs=True, by_token=True)

MODELS = {
    "gpt-live-transcribe": Model(live=True, delay=True, languages=True, keywords=True, prompt=True),
    "gpt-realtime-whisper": Model(live=True, delay=True),
    "gpt-transcribe": Model(languages=True, keywords=True, prompt=True, tells_language=True),
    "gpt-4o-transcribe": _GPT_4O,
    "gpt-4o-mini-transcribe": _GPT_4O,
    "gpt-4o-mini-transcribe-2025-12-15": _GPT_4O,
    "gpt-4o-transcribe-diarize": Model(speakers=True, by_token=True),
    "whisper-1": Model(at_once=True, prompt=True),
}
