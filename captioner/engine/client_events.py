"""What a client may send: JSON text in, one checked event out."""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from captioner.engine.protocol_error import ProtocolError

MAX_APPEND_BYTES = 15 * 1024 * 1024
"""Of audio in one append, as the protocol says."""

MAX_MESSAGE_BYTES = 24 * 1024 * 1024
"""Of one message: the largest append in base64, a bit too large included, to say so politely."""


@dataclass(frozen=True, slots=True)
class SessionUpdate:
    session: Mapping[str, Any]
    event_id: str | None


@dataclass(frozen=True, slots=True)
class Append:
    audio: bytes
    event_id: str | None


@dataclass(frozen=True, slots=True)
class Commit:
    event_id: str | None


@dataclass(frozen=True, slots=True)
class Clear:
    event_id: str | None


ClientEvent = SessionUpdate | Append | Commit | Clear

_FIELDS = {
    "session.update": {"session"},
    "input_audio_buffer.append": {"audio"},
    "input_audio_buffer.commit": set[str](),
    "input_audio_buffer.clear": set[str](),
}


def parse(message: str | bytes) -> ClientEvent:
    """Raises ProtocolError where the message is not one of the four events."""
    if isinstance(message, bytes):
        raise ProtocolError("invalid_event", "Events are JSON text; this frame was binary.")
    try:
        fields = orjson.loads(message)
    except orjson.JSONDecodeError as error:
        raise ProtocolError("invalid_json", f"Not JSON: {error}.") from error
    if not isinstance(fields, dict):
        raise ProtocolError("invalid_event", "An event is a JSON object.")
    event_id = fields.get("event_id")
    if event_id is not None and not (isinstance(event_id, str) and len(event_id) <= 512):
        raise ProtocolError(
            "invalid_type", "'event_id' is text of up to 512 characters.", param="event_id"
        )
    try:
        return _event(fields, event_id)
    except ProtocolError as error:
        error.event_id = event_id
        raise


def _event(fields: Mapping[str, Any], event_id: str | None) -> ClientEvent:
    kind = fields.get("type")
    if kind is None:
        raise ProtocolError(
            "missing_required_parameter", "Missing required parameter: 'type'.", param="type"
        )
    if not isinstance(kind, str) or kind not in _FIELDS:
        raise ProtocolError(
            "invalid_value",
            f"A transcription session takes {', '.join(_FIELDS)}.",
            param="type",
        )
    needed = _FIELDS[kind]
    for name in needed - fields.keys():
        raise ProtocolError(
            "missing_required_parameter", f"Missing required parameter: '{name}'.", param=name
        )
    for name in fields.keys() - needed - {"type", "event_id"}:
        raise ProtocolError("unknown_parameter", f"Unknown parameter: '{name}'.", param=name)
    match kind:
        case "session.update":
            return SessionUpdate(_session(fields["session"]), event_id)
        case "input_audio_buffer.append":
            return Append(_audio(fields["audio"]), event_id)
        case "input_audio_buffer.commit":
            return Commit(event_id)
        case _:
            return Clear(event_id)


def _session(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ProtocolError("invalid_type", "'session' is an object.", param="session")
    return value


def _audio(value: object) -> bytes:
    if not isinstance(value, str):
        raise ProtocolError("invalid_type", "'audio' is base64 text.", param="audio")
    try:
        audio = binascii.a2b_base64(value, strict_mode=True)
    except ValueError as error:
        raise ProtocolError("invalid_value", "'audio' is not base64.", param="audio") from error
    if len(audio) > MAX_APPEND_BYTES:
        raise ProtocolError("invalid_value", "'audio' is longer than 15 MiB.", param="audio")
    return audio
