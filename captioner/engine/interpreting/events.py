"""What the server says in a translation session, built with the official SDK's own models."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from openai.types import realtime as sdk
from pydantic import BaseModel

from captioner.audio.pcm import SAMPLE_RATE, Samples, to_bytes
from captioner.engine.interpreting.config import MODEL, InterpretingConfig
from captioner.engine.server_events import new_id


@dataclass(frozen=True, slots=True)
class Identity:
    """What a session says of itself: `expires_at` is in seconds since the epoch."""

    id: str
    expires_at: int

    def session(self, config: InterpretingConfig) -> sdk.RealtimeTranslationSession:
        return sdk.RealtimeTranslationSession.model_validate(
            {
                "id": self.id,
                "type": "translation",
                "model": MODEL,
                "expires_at": self.expires_at,
                "audio": config.audio.model_dump(),
            }
        )


def _event_id() -> str:
    return new_id("event")


def session_created(session: sdk.RealtimeTranslationSession) -> BaseModel:
    return sdk.RealtimeTranslationSessionCreatedEvent(
        type="session.created", event_id=_event_id(), session=session
    )


def session_updated(session: sdk.RealtimeTranslationSession) -> BaseModel:
    return sdk.RealtimeTranslationSessionUpdatedEvent(
        type="session.updated", event_id=_event_id(), session=session
    )


def session_closed() -> BaseModel:
    return sdk.RealtimeTranslationSessionClosedEvent(type="session.closed", event_id=_event_id())


def input_transcript(delta: str, elapsed_ms: int) -> BaseModel:
    return sdk.RealtimeTranslationInputTranscriptDeltaEvent(
        type="session.input_transcript.delta",
        event_id=_event_id(),
        delta=delta,
        elapsed_ms=elapsed_ms,
    )


def output_transcript(delta: str, elapsed_ms: int) -> BaseModel:
    return sdk.RealtimeTranslationOutputTranscriptDeltaEvent(
        type="session.output_transcript.delta",
        event_id=_event_id(),
        delta=delta,
        elapsed_ms=elapsed_ms,
    )


def output_audio(samples: Samples, elapsed_ms: int) -> BaseModel:
    return sdk.RealtimeTranslationOutputAudioDeltaEvent(
        type="session.output_audio.delta",
        event_id=_event_id(),
        delta=base64.b64encode(to_bytes(samples)).decode(),
        sample_rate=SAMPLE_RATE,
        channels=1,
        format="pcm16",
        elapsed_ms=elapsed_ms,
    )
