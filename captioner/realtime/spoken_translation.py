"""One translation session without I/O: speech in, its words in another language out."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from captioner.realtime.partners import HearingPartner
from captioner.realtime.trouble import Remedy, SessionEnded, ended_by, remedy_for, told

FRAME_S = 0.2
"""What such a server takes at a time; less waits there for the rest."""


@dataclass(frozen=True, slots=True)
class Words:
    """Text that continues what was told before, to the letter.

    `elapsed`: about how far in the session's audio it was heard, in seconds; None: as before.
    """

    text: str
    elapsed: float | None


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something is wrong that does not end the session. `message`: for people."""

    message: str


class SpokenTranslation:
    """Send what `configure`, `append` and `close` give; give it what the server says."""

    def __init__(self, partner: HearingPartner, language: str) -> None:
        """`language`: as the partner spells it."""
        self.ready = False
        """Whether the server has confirmed into which language it translates."""
        self.closed = False
        """Whether everything is told."""
        self.expires_at: float | None = None
        """Unix time."""
        self._partner = partner
        self._language = language

    def configure(self) -> str:
        """The first message."""
        session = {"audio": {"output": {"language": self._language}}}
        return _message("session.update", session=session)

    def append(self, data: bytes) -> str:
        """More audio: 24 kHz s16le mono, silence too, for the server knows the time by it."""
        audio = base64.b64encode(data).decode()
        return _message("session.input_audio_buffer.append", audio=audio)

    def close(self) -> str:
        """No more audio: what is still to be told is told before the session is `closed`."""
        return _message("session.close")

    def receive(self, event: Mapping[str, Any]) -> Words | Complaint | None:
        """What an event tells; raises `SessionEnded` where it ends the session.

        The speech that comes along, and the words of the original, are passed over.
        """
        match event.get("type"):
            case "session.created":
                self._see(event)
            case "session.updated":
                self._see(event)
                self._confirm(event)
            case "session.output_transcript.delta":
                return _words(event)
            case "session.closed":
                self.closed = True
            case "error":
                return self._error(told(event.get("error")))
        return None

    def _see(self, event: Mapping[str, Any]) -> None:
        expires_at = _session(event).get("expires_at")
        if isinstance(expires_at, int | float):
            self.expires_at = float(expires_at)

    def _confirm(self, event: Mapping[str, Any]) -> None:
        audio = _session(event).get("audio")
        output = audio.get("output") if isinstance(audio, Mapping) else None
        language = output.get("language") if isinstance(output, Mapping) else None
        if language != self._language:
            message = f"{self._partner.name} translates to {language}, not to {self._language}"
            raise SessionEnded(message, Remedy.REFUSED)
        self.ready = True

    def _error(self, error: Mapping[str, Any]) -> Complaint:
        remedy = remedy_for(error)
        if remedy is Remedy.IGNORE and not self.ready:
            remedy = Remedy.REFUSED  # it would translate to a language that nobody asked for
        ended = ended_by(self._partner.name, error, remedy)
        if remedy is not Remedy.IGNORE:
            raise ended
        return Complaint(str(ended))


def _session(event: Mapping[str, Any]) -> Mapping[str, Any]:
    session = event.get("session")
    return session if isinstance(session, Mapping) else {}


def _words(event: Mapping[str, Any]) -> Words | None:
    text, elapsed_ms = event.get("delta"), event.get("elapsed_ms")
    if not isinstance(text, str) or not text:
        return None
    return Words(text, elapsed_ms / 1000 if isinstance(elapsed_ms, int | float) else None)


def _message(kind: str, **fields: object) -> str:
    return orjson.dumps({"type": kind, **fields}).decode()
