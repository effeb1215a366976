"""What the server says, built with the official SDK's own models.

Whatever is sent so validates on the other side. Three things go beyond the SDK: `include` names
and a sample rate that are ours, in the configuration of a session that asked for them, and
`Hypothesis`.
"""

from __future__ import annotations

from typing import Literal
from uuid import uuid4

from openai.types import realtime as sdk
from openai.types.audio.transcription_language import TranscriptionLanguage
from openai.types.realtime.conversation_item_input_audio_transcription_completed_event import (
    UsageTranscriptTextUsageDuration,
)
from openai.types.realtime.conversation_item_input_audio_transcription_failed_event import (
    Error as ItemError,
)
from openai.types.realtime.realtime_audio_formats import AudioPCM, AudioPCMA, AudioPCMU
from openai.types.realtime.realtime_conversation_item_user_message import Content
from pydantic import BaseModel

from captioner.engine.hypothesis import TimedText
from captioner.engine.protocol_error import ProtocolError
from captioner.engine.session_config import SessionConfig


class _Pcm(AudioPCM):
    rate: int | None = None  # type: ignore[assignment]


class _Input(sdk.RealtimeTranscriptionSessionAudioInput):
    format: _Pcm | AudioPCMU | AudioPCMA | None = None


class _Audio(sdk.RealtimeTranscriptionSessionAudio):
    input: _Input | None = None


class _Session(sdk.RealtimeTranscriptionSessionCreateRequest):
    audio: _Audio | None = None
    include: list[str] | None = None  # type: ignore[assignment]


class SessionCreated(sdk.SessionCreatedEvent):
    session: _Session


class SessionUpdated(sdk.SessionUpdatedEvent):
    session: _Session


class Hypothesis(BaseModel):
    """The tail behind the deltas that may still change; each replaces the one before."""

    event_id: str
    type: Literal["conversation.item.input_audio_transcription.hypothesis"]
    item_id: str
    content_index: int
    text: str
    language: str | None = None
    """What its speech is taken for; null while nothing was said."""
    audio_end_ms: int
    """How far the session's audio was heard for this."""


def encode(event: BaseModel) -> str:
    """The event as it goes over the wire; what was set to null is sent as null."""
    return event.model_dump_json(exclude_unset=True)


def new_id(prefix: str) -> str:
    return f"{prefix}_{uuid4().hex[:20]}"


def _event_id() -> str:
    return new_id("event")


def session(config: SessionConfig) -> _Session:
    effective = config.model_dump(exclude_none=True)
    effective["audio"]["input"].setdefault("turn_detection", None)
    effective["audio"]["input"].setdefault("noise_reduction", None)
    if not effective["include"]:
        del effective["include"]
    return _Session.model_validate(effective)


def session_created(config: SessionConfig) -> BaseModel:
    return SessionCreated(type="session.created", event_id=_event_id(), session=session(config))


def session_updated(config: SessionConfig) -> BaseModel:
    return SessionUpdated(type="session.updated", event_id=_event_id(), session=session(config))


def error(refused: ProtocolError) -> BaseModel:
    return sdk.RealtimeErrorEvent(
        type="error",
        event_id=_event_id(),
        error=sdk.RealtimeError(
            type="invalid_request_error",
            code=refused.code,
            message=refused.message,
            param=refused.param,
            event_id=refused.event_id,
        ),
    )


def speech_started(item_id: str, audio_start_ms: int) -> BaseModel:
    return sdk.InputAudioBufferSpeechStartedEvent(
        type="input_audio_buffer.speech_started",
        event_id=_event_id(),
        item_id=item_id,
        audio_start_ms=audio_start_ms,
    )


def speech_stopped(item_id: str, audio_end_ms: int) -> BaseModel:
    return sdk.InputAudioBufferSpeechStoppedEvent(
        type="input_audio_buffer.speech_stopped",
        event_id=_event_id(),
        item_id=item_id,
        audio_end_ms=audio_end_ms,
    )


def cleared() -> BaseModel:
    return sdk.InputAudioBufferClearedEvent(type="input_audio_buffer.cleared", event_id=_event_id())


def committed(item_id: str, previous_item_id: str | None) -> list[BaseModel]:
    """The commit and the conversation item that it makes."""
    item = sdk.RealtimeConversationItemUserMessage(
        id=item_id,
        object="realtime.item",
        type="message",
        role="user",
        status="completed",
        content=[Content(type="input_audio", transcript=None)],
    )
    return [
        sdk.InputAudioBufferCommittedEvent(
            type="input_audio_buffer.committed",
            event_id=_event_id(),
            item_id=item_id,
            previous_item_id=previous_item_id,
        ),
        sdk.ConversationItemAdded(
            type="conversation.item.added",
            event_id=_event_id(),
            item=item,
            previous_item_id=previous_item_id,
        ),
        sdk.ConversationItemDone(
            type="conversation.item.done",
            event_id=_event_id(),
            item=item,
            previous_item_id=previous_item_id,
        ),
    ]


def delta(item_id: str, text: str) -> BaseModel:
    return sdk.ConversationItemInputAudioTranscriptionDeltaEvent(
        type="conversation.item.input_audio_transcription.delta",
        event_id=_event_id(),
        item_id=item_id,
        content_index=0,
        delta=text,
    )


def hypothesis(item_id: str, text: str, language: str | None, audio_end_ms: int) -> BaseModel:
    return Hypothesis(
        type="conversation.item.input_audio_transcription.hypothesis",
        event_id=_event_id(),
        item_id=item_id,
        content_index=0,
        text=text,
        language=language,
        audio_end_ms=audio_end_ms,
    )


def segment(item_id: str, phrase: TimedText) -> BaseModel:
    """Times are seconds from the item's first sample. Nobody tells speakers apart here."""
    return sdk.ConversationItemInputAudioTranscriptionSegment(
        type="conversation.item.input_audio_transcription.segment",
        event_id=_event_id(),
        id=new_id("seg"),
        item_id=item_id,
        content_index=0,
        text=phrase.text,
        speaker="",
        start=round(phrase.start, 3),
        end=round(phrase.end, 3),
    )


def completed(item_id: str, transcript: str, seconds: float, language: str | None) -> BaseModel:
    """`seconds` is the length of the item's audio. Without words there is no language."""
    return sdk.ConversationItemInputAudioTranscriptionCompletedEvent(
        type="conversation.item.input_audio_transcription.completed",
        event_id=_event_id(),
        item_id=item_id,
        content_index=0,
        transcript=transcript,
        usage=UsageTranscriptTextUsageDuration(type="duration", seconds=round(seconds, 3)),
        languages=[TranscriptionLanguage(code=language)] if language else [],
    )


def failed(item_id: str, message: str) -> BaseModel:
    return sdk.ConversationItemInputAudioTranscriptionFailedEvent(
        type="conversation.item.input_audio_transcription.failed",
        event_id=_event_id(),
        item_id=item_id,
        content_index=0,
        error=ItemError(type="server_error", code="transcription_failed", message=message),
    )
