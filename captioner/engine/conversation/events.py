"""What the server says in a conversation session, built with the official SDK's own models."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any, Literal

from openai.types import realtime as sdk
from openai.types.realtime import (
    RealtimeResponse,
    realtime_response,
    response_content_part_added_event,
    response_content_part_done_event,
)
from openai.types.realtime.realtime_response_status import Error
from openai.types.realtime.realtime_server_event import ConversationItemRetrieved
from pydantic import BaseModel

from captioner.audio.pcm import Samples, to_bytes
from captioner.engine.conversation.config import ConversationConfig
from captioner.engine.conversation.items import Message
from captioner.engine.server_events import new_id

Status = Literal["completed", "cancelled", "failed", "incomplete", "in_progress"]
ConversationMessage = (
    sdk.RealtimeConversationItemUserMessage
    | sdk.RealtimeConversationItemSystemMessage
    | sdk.RealtimeConversationItemAssistantMessage
)
Reason = Literal["client_cancelled", "max_output_tokens"]

_ITEMS: dict[str, type[ConversationMessage]] = {
    "user": sdk.RealtimeConversationItemUserMessage,
    "system": sdk.RealtimeConversationItemSystemMessage,
    "assistant": sdk.RealtimeConversationItemAssistantMessage,
}


@dataclass(frozen=True, slots=True)
class Part:
    """The one part of the one item of a response."""

    response_id: str
    item_id: str
    audible: bool

    def content(self, text: str) -> dict[str, str]:
        field = "transcript" if self.audible else "text"
        return {"type": "audio" if self.audible else "text", field: text}

    def place(self) -> dict[str, Any]:
        return {
            "event_id": _event_id(),
            "response_id": self.response_id,
            "item_id": self.item_id,
            "output_index": 0,
            "content_index": 0,
        }


@dataclass(frozen=True, slots=True)
class Ending:
    """How a response ended, as `status_details` tells it."""

    status: Status
    reason: Reason | None = None
    code: str | None = None
    message: str | None = None

    def details(self) -> sdk.RealtimeResponseStatus:
        told: dict[str, Any] = {"type": self.status}
        if self.reason is not None:
            told["reason"] = self.reason
        if self.code is not None:
            told["error"] = Error(
                type="invalid_request_error", code=self.code, message=self.message
            )
        return sdk.RealtimeResponseStatus(**told)


def _event_id() -> str:
    return new_id("event")


def session(config: ConversationConfig) -> sdk.RealtimeSessionCreateRequest:
    effective = config.model_dump(exclude_none=True)
    effective["audio"]["input"]["turn_detection"] = None
    return sdk.RealtimeSessionCreateRequest.model_validate(effective)


def session_created(config: ConversationConfig) -> BaseModel:
    return sdk.SessionCreatedEvent(
        type="session.created", event_id=_event_id(), session=session(config)
    )


def session_updated(config: ConversationConfig) -> BaseModel:
    return sdk.SessionUpdatedEvent(
        type="session.updated", event_id=_event_id(), session=session(config)
    )


def _item(item: Message) -> ConversationMessage:
    fields = item.model_dump(exclude_none=True) | {"object": "realtime.item"}
    return _ITEMS[item.role].model_validate(fields)


def item_added(item: Message, previous: str | None) -> BaseModel:
    return sdk.ConversationItemAdded(
        type="conversation.item.added",
        event_id=_event_id(),
        item=_item(item),
        previous_item_id=previous,
    )


def item_done(item: Message, previous: str | None) -> BaseModel:
    return sdk.ConversationItemDone(
        type="conversation.item.done",
        event_id=_event_id(),
        item=_item(item),
        previous_item_id=previous,
    )


def item_deleted(item_id: str) -> BaseModel:
    return sdk.ConversationItemDeletedEvent(
        type="conversation.item.deleted", event_id=_event_id(), item_id=item_id
    )


def item_retrieved(item: Message) -> BaseModel:
    return ConversationItemRetrieved(
        type="conversation.item.retrieved", event_id=_event_id(), item=_item(item)
    )


def response(fields: dict[str, Any], output: list[Message]) -> RealtimeResponse:
    """The response as a resource: what is the same in all its events, and its items so far."""
    return RealtimeResponse(
        object="realtime.response", output=[_item(item) for item in output], **fields
    )


def spoken_by(voice: str) -> realtime_response.Audio:
    """What a response's speech is like."""
    output: dict[str, Any] = {"format": {"type": "audio/pcm", "rate": 24000}}
    if voice:
        output["voice"] = voice
    return realtime_response.Audio.model_validate({"output": output})


def response_created(resource: RealtimeResponse) -> BaseModel:
    return sdk.ResponseCreatedEvent(
        type="response.created", event_id=_event_id(), response=resource
    )


def response_done(resource: RealtimeResponse) -> BaseModel:
    return sdk.ResponseDoneEvent(type="response.done", event_id=_event_id(), response=resource)


def output_item_added(response_id: str, item: Message) -> BaseModel:
    return sdk.ResponseOutputItemAddedEvent(
        type="response.output_item.added",
        event_id=_event_id(),
        response_id=response_id,
        output_index=0,
        item=_item(item),
    )


def output_item_done(response_id: str, item: Message) -> BaseModel:
    return sdk.ResponseOutputItemDoneEvent(
        type="response.output_item.done",
        event_id=_event_id(),
        response_id=response_id,
        output_index=0,
        item=_item(item),
    )


def part_added(part: Part) -> BaseModel:
    content = response_content_part_added_event.Part.model_validate(part.content(""))
    return sdk.ResponseContentPartAddedEvent(
        type="response.content_part.added", part=content, **part.place()
    )


def part_done(part: Part, text: str) -> BaseModel:
    content = response_content_part_done_event.Part.model_validate(part.content(text))
    return sdk.ResponseContentPartDoneEvent(
        type="response.content_part.done", part=content, **part.place()
    )


def text_delta(part: Part, text: str) -> BaseModel:
    """Of the text, or of the transcript of what is spoken."""
    if part.audible:
        return sdk.ResponseAudioTranscriptDeltaEvent(
            type="response.output_audio_transcript.delta", delta=text, **part.place()
        )
    return sdk.ResponseTextDeltaEvent(type="response.output_text.delta", delta=text, **part.place())


def audio_delta(part: Part, samples: Samples) -> BaseModel:
    return sdk.ResponseAudioDeltaEvent(
        type="response.output_audio.delta",
        delta=base64.b64encode(to_bytes(samples)).decode(),
        **part.place(),
    )


def content_done(part: Part, text: str) -> list[BaseModel]:
    """All deltas are told; `text` is what they say."""
    if not part.audible:
        done = sdk.ResponseTextDoneEvent(
            type="response.output_text.done", text=text, **part.place()
        )
        return [done]
    return [
        sdk.ResponseAudioDoneEvent(type="response.output_audio.done", **part.place()),
        sdk.ResponseAudioTranscriptDoneEvent(
            type="response.output_audio_transcript.done", transcript=text, **part.place()
        ),
    ]
