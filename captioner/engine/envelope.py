"""JSON text in, one event with its fields out: what sessions of every kind read first."""

from __future__ import annotations

import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson

from captioner.engine.protocol_error import ProtocolError

MAX_APPEND_BYTES = 15 * 1024 * 1024
"""Of audio in one append, as the protocol says."""

MAX_MESSAGE_BYTES = 24 * 1024 * 1024
"""Of one message: the largest append in base64, a bit too large included, to say so politely."""

Event = TypeVar("Event")


@dataclass(frozen=True, slots=True)
class Fields:
    """What an event has beside its `type` and `event_id`."""

    needed: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event that has the fields it needs, and no others."""

    type: str
    fields: Mapping[str, Any]
    event_id: str | None

    def object(self, name: str) -> Mapping[str, Any]:
        value = self.fields[name]
        if not isinstance(value, dict):
            raise ProtocolError("invalid_type", f"'{name}' is an object.", param=name)
        return value

    def text(self, name: str) -> str | None:
        """None where it is left out or null."""
        value = self.fields.get(name)
        if value is not None and not isinstance(value, str):
            raise ProtocolError("invalid_type", f"'{name}' is text.", param=name)
        return value

    def audio(self) -> bytes:
        value = self.fields["audio"]
        if not isinstance(value, str):
            raise ProtocolError("invalid_type", "'audio' is base64 text.", param="audio")
        try:
            audio = binascii.a2b_base64(value, strict_mode=True)
        except ValueError as error:
            raise ProtocolError("invalid_value", "'audio' is not base64.", param="audio") from error
        if len(audio) > MAX_APPEND_BYTES:
            raise ProtocolError("invalid_value", "'audio' is longer than 15 MiB.", param="audio")
        return audio


def opened(
    message: str | bytes,
    known: Mapping[str, Fields],
    unknown: str,
    event: Callable[[Envelope], Event],
) -> Event:
    """What `event` makes of the message.

    Raises ProtocolError, with the client's name for its event, where the message is none of the
    `known` events (`unknown` says which a session takes) or `event` refuses it.
    """
    fields = _object(message)
    event_id = fields.get("event_id")
    if event_id is not None and not (isinstance(event_id, str) and len(event_id) <= 512):
        raise ProtocolError(
            "invalid_type", "'event_id' is text of up to 512 characters.", param="event_id"
        )
    try:
        return event(Envelope(_type(fields, known, unknown), fields, event_id))
    except ProtocolError as error:
        error.event_id = event_id
        raise


def _object(message: str | bytes) -> Mapping[str, Any]:
    if isinstance(message, bytes):
        raise ProtocolError("invalid_event", "Events are JSON text; this frame was binary.")
    try:
        fields = orjson.loads(message)
    except orjson.JSONDecodeError as error:
        raise ProtocolError("invalid_json", f"Not JSON: {error}.") from error
    if not isinstance(fields, dict):
        raise ProtocolError("invalid_event", "An event is a JSON object.")
    return fields


def _type(fields: Mapping[str, Any], known: Mapping[str, Fields], unknown: str) -> str:
    """The event's, once it has the fields that belong to it."""
    kind = fields.get("type")
    if kind is None:
        raise ProtocolError(
            "missing_required_parameter", "Missing required parameter: 'type'.", param="type"
        )
    if not isinstance(kind, str) or kind not in known:
        raise ProtocolError("invalid_value", unknown, param="type")
    wanted = known[kind]
    for name in wanted.needed - fields.keys():
        raise ProtocolError(
            "missing_required_parameter", f"Missing required parameter: '{name}'.", param=name
        )
    for name in fields.keys() - wanted.needed - wanted.optional - {"type", "event_id"}:
        raise ProtocolError("unknown_parameter", f"Unknown parameter: '{name}'.", param=name)
    return kind
