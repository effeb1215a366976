"""Events that faults make, and what must be known of others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from pydantic import BaseModel

from captioner.engine import server_events
from captioner.engine.protocol_error import ProtocolError

Event = dict[str, Any]

UNKNOWN: tuple[Event, ...] = (
    {"type": "rate_limits.updated", "event_id": "event_0", "rate_limits": []},
    {"type": "conversation.item.created", "item": {"id": "item_0", "type": "message"}},
    {"type": "input_audio_buffer.timeout_triggered", "item_id": "item_0", "audio_end_ms": 0},
)


def kind_of(event: Mapping[str, Any]) -> str:
    """The last part of its type."""
    return str(event["type"]).rpartition(".")[2]


def failure_of(completed: Event) -> Event:
    """The item's end in `failed`, where it would be completed."""
    message = "The audio could not be understood."
    return _event(server_events.failed(completed["item_id"], message))


def error_event(error: ProtocolError) -> Event:
    return _event(server_events.error(error))


def place_of(session: Mapping[str, Any], option: str) -> str | None:
    """Where an option is in an update, if it is: of the transcription, of the input or on top."""
    place: Any = session
    path, places = "session", [("session", session)]
    for name in ("audio", "input", "transcription"):
        place = place.get(name) if isinstance(place, dict) else None
        path = f"{path}.{name}"
        places.append((path, place))
    for path, place in reversed(places):
        if isinstance(place, dict) and place.get(option) is not None:
            return f"{path}.{option}"
    return None


def _event(said: BaseModel) -> Event:
    event: Event = orjson.loads(server_events.encode(said))
    return event
