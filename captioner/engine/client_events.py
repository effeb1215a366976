"""What the client of a transcription session may send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from captioner.engine.envelope import Envelope, Fields, opened


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

_KNOWN = {
    "session.update": Fields(frozenset({"session"})),
    "input_audio_buffer.append": Fields(frozenset({"audio"})),
    "input_audio_buffer.commit": Fields(),
    "input_audio_buffer.clear": Fields(),
}


def parse(message: str | bytes) -> ClientEvent:
    """Raises ProtocolError where the message is not one of the four events."""
    return opened(message, _KNOWN, f"A transcription session takes {', '.join(_KNOWN)}.", _event)


def _event(envelope: Envelope) -> ClientEvent:
    match envelope.type:
        case "session.update":
            return SessionUpdate(envelope.object("session"), envelope.event_id)
        case "input_audio_buffer.append":
            return Append(envelope.audio(), envelope.event_id)
        case "input_audio_buffer.commit":
            return Commit(envelope.event_id)
        case _:
            return Clear(envelope.event_id)
