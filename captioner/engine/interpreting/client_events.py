"""What the client of a translation session may send."""

from __future__ import annotations

from dataclasses import dataclass

from captioner.engine.client_events import Append, SessionUpdate
from captioner.engine.envelope import Envelope, Fields, opened


@dataclass(frozen=True, slots=True)
class Close:
    event_id: str | None


ClientEvent = SessionUpdate | Append | Close

_KNOWN = {
    "session.update": Fields(frozenset({"session"})),
    "session.input_audio_buffer.append": Fields(frozenset({"audio"})),
    "session.close": Fields(),
}


def parse(message: str | bytes) -> ClientEvent:
    """Raises ProtocolError where the message is not one of the three events."""
    return opened(message, _KNOWN, f"A translation session takes {', '.join(_KNOWN)}.", _event)


def _event(envelope: Envelope) -> ClientEvent:
    match envelope.type:
        case "session.update":
            return SessionUpdate(envelope.object("session"), envelope.event_id)
        case "session.input_audio_buffer.append":
            return Append(envelope.audio(), envelope.event_id)
        case _:
            return Close(envelope.event_id)
