"""What the client of a conversation session may send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from captioner.engine.configuration import refusal
from captioner.engine.conversation.items import Message
from captioner.engine.envelope import Envelope, Fields, opened
from captioner.engine.protocol_error import ProtocolError


@dataclass(frozen=True, slots=True)
class SessionUpdate:
    session: Mapping[str, Any]
    event_id: str | None


@dataclass(frozen=True, slots=True)
class ItemCreate:
    item: Message
    previous: str | None
    event_id: str | None


@dataclass(frozen=True, slots=True)
class ItemRetrieve:
    item_id: str
    event_id: str | None


@dataclass(frozen=True, slots=True)
class ItemDelete:
    item_id: str
    event_id: str | None


@dataclass(frozen=True, slots=True)
class ResponseCreate:
    response: Mapping[str, Any]
    event_id: str | None


@dataclass(frozen=True, slots=True)
class ResponseCancel:
    response_id: str | None
    """None: the one that is written to the conversation."""
    event_id: str | None


ClientEvent = (
    SessionUpdate | ItemCreate | ItemRetrieve | ItemDelete | ResponseCreate | ResponseCancel
)

_AUDIO = frozenset({"audio"})
_ITEM_ID = frozenset({"item_id"})
_TAKEN = {
    "session.update": Fields(frozenset({"session"})),
    "conversation.item.create": Fields(frozenset({"item"}), frozenset({"previous_item_id"})),
    "conversation.item.retrieve": Fields(_ITEM_ID),
    "conversation.item.delete": Fields(_ITEM_ID),
    "response.create": Fields(optional=frozenset({"response"})),
    "response.cancel": Fields(optional=frozenset({"response_id"})),
}
_DEAF = {
    "input_audio_buffer.append": Fields(_AUDIO),
    "input_audio_buffer.commit": Fields(),
    "input_audio_buffer.clear": Fields(),
}
_MESSAGE = TypeAdapter(Message)


def parse(message: str | bytes) -> ClientEvent:
    """Raises ProtocolError where the message is none of the six events."""
    unknown = f"A conversation session takes {', '.join(_TAKEN)}."
    return opened(message, _TAKEN | _DEAF, unknown, _event)


def _event(envelope: Envelope) -> ClientEvent:
    event_id = envelope.event_id
    match envelope.type:
        case "session.update":
            return SessionUpdate(envelope.object("session"), event_id)
        case "conversation.item.create":
            return ItemCreate(_item(envelope), envelope.text("previous_item_id"), event_id)
        case "conversation.item.retrieve":
            return ItemRetrieve(envelope.text("item_id") or "", event_id)
        case "conversation.item.delete":
            return ItemDelete(envelope.text("item_id") or "", event_id)
        case "response.create":
            given = envelope.fields.get("response") is not None
            return ResponseCreate(envelope.object("response") if given else {}, event_id)
        case "response.cancel":
            return ResponseCancel(envelope.text("response_id"), event_id)
        case _:
            raise ProtocolError(
                "unsupported",
                "A conversation session hears nothing here: send text, or open a transcription "
                "session (?intent=transcription) or a translation session "
                "(/v1/realtime/translations).",
                param="type",
            )


def _item(envelope: Envelope) -> Message:
    try:
        item = _MESSAGE.validate_python(envelope.object("item"))
    except ValidationError as error:
        raise refusal(error, "item", {("type",): _ONLY_MESSAGES}) from error
    if not item.content:
        raise ProtocolError("invalid_value", "A message has some content.", param="item.content")
    return item


_ONLY_MESSAGES = ("unsupported_parameter", "Only messages of text are supported.")
