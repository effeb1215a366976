"""A server of translation sessions, as strict as the real one: one session, without I/O.

What it hears is checked by the types of the official SDK, to the last field, and so is what it
says. Whatever it hears it counts, and a second of it is a word: `w0`, `w1`, …
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from openai.types.realtime import (
    RealtimeTranslationClientEvent,
    RealtimeTranslationServerEvent,
)
from pydantic import TypeAdapter

from tests.contract.sdk import left_over
from tests.unit.realtime.peers.peer import Answer, Close, Event, Names

_HEARD: TypeAdapter[Any] = TypeAdapter(RealtimeTranslationClientEvent)
_SAID: TypeAdapter[Any] = TypeAdapter(RealtimeTranslationServerEvent)
FRAME_BYTES, SECOND_BYTES = 9_600, 48_000
LANGUAGES = frozenset("es pt fr ja ru zh de ko hi id vi it en".split())

Fault = Literal["", "cut off", "expired", "overloaded", "wrong key", "complains", "never closes"]
EXPIRED = "Your session hit the maximum duration of 60 minutes."


@dataclass
class InterpretingPeer:
    """`hear` a message, and take what it answers.

    `fault`: what goes wrong once it has heard `after` seconds. `behind`: of the words it tells
    while it hears, how many it holds back until it is closed.
    """

    fault: Fault = ""
    after: float = 0.0
    behind: int = 1
    expires_at: int = 0
    language: str = field(default="es", init=False)
    audio: bytearray = field(default_factory=bytearray, init=False)
    closing: bool = field(default=False, init=False)
    _told: int = field(default=0, init=False)
    _configured: bool = field(default=False, init=False)
    _names: Names = field(default_factory=Names, init=False)

    @property
    def seconds(self) -> float:
        return len(self.audio) / SECOND_BYTES

    def begin(self) -> Iterator[Answer]:
        yield self._say(type="session.created", session=self._session())

    def hear(self, message: str) -> Iterator[Answer]:
        event = json.loads(message)
        read = _HEARD.validate_python(event)
        assert list(left_over(read)) == [], event
        assert read.model_dump(mode="json", exclude_unset=True) == event
        assert not self.closing, "the session was closed"
        match event["type"]:
            case "session.update":
                yield from self._update(event["session"]["audio"])
            case "session.input_audio_buffer.append":
                yield from self._append(base64.b64decode(event["audio"], validate=True))
            case "session.close":
                yield from self._close()

    def _update(self, audio: Event) -> Iterator[Answer]:
        assert not self.audio, "words before were in another language"
        if self.fault == "wrong key":
            yield self._error("invalid_api_key", "Incorrect API key provided: sk-s3cret.")
            yield Close(3000, "invalid_request_error.invalid_api_key")
        elif audio["output"]["language"] not in LANGUAGES:
            yield self._error("invalid_value", "Invalid value: session.audio.output.language.")
        else:
            self.language = audio["output"]["language"]
            self._configured = True
            yield self._say(type="session.updated", session=self._session())

    def _append(self, audio: bytes) -> Iterator[Answer]:
        assert self._configured, "audio before the session was configured"
        assert len(audio) == FRAME_BYTES
        self.audio += audio
        yield from self._tell(int(self.seconds) - self.behind)
        if self.fault and self.after <= self.seconds < self.after + 0.2:
            yield from self._fail()

    def _fail(self) -> Iterator[Answer]:
        match self.fault:
            case "cut off":
                yield Close(1006)
            case "expired":
                yield self._error("session_expired", EXPIRED)
                yield Close(1001, EXPIRED)
            case "overloaded":
                yield self._error("server_is_overloaded", "Try again later.")
            case "complains":
                yield self._error("invalid_value", "Invalid 'audio'.")

    def _close(self) -> Iterator[Answer]:
        self.closing = True
        yield from self._tell(int(self.seconds))
        if self.fault != "never closes":
            yield self._say(type="session.closed")
            yield Close(1000)

    def _tell(self, until: int) -> Iterator[Answer]:
        """The words of the seconds that are over, and their sound."""
        while self._told < until:
            delta = f"{' ' if self._told else ''}w{self._told}"
            self._told += 1
            elapsed_ms = 1000 * self._told
            yield self._say(
                type="session.output_transcript.delta", delta=delta, elapsed_ms=elapsed_ms
            )
            yield self._say(
                type="session.output_audio.delta",
                delta=base64.b64encode(bytes(19_200)).decode(),
                sample_rate=24_000,
                channels=1,
                format="pcm16",
                elapsed_ms=elapsed_ms,
            )

    def _session(self) -> Event:
        return {
            "id": "sess_1",
            "type": "translation",
            "model": "gpt-realtime-translate",
            "expires_at": self.expires_at,
            "audio": {
                "input": {"transcription": None, "noise_reduction": None},
                "output": {"language": self.language},
            },
        }

    def _error(self, code: str, message: str) -> Event:
        error = {"type": "invalid_request_error", "code": code, "message": message}
        return self._say(type="error", error=error)

    def _say(self, **event: Any) -> Event:
        event["event_id"] = self._names.new("event")
        read = _SAID.validate_python(event)
        assert read.type == event["type"] and list(left_over(read)) == []
        return event
