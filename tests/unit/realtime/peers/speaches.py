"""speaches: the flat sessions of the beta, with turns that cannot be turned off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from captioner.audio.pcm import Samples
from tests.unit.realtime.peers.hearing import END_OF_SPEECH_MS, FRAME_MS, Ear
from tests.unit.realtime.peers.peer import (
    Answer,
    Close,
    Event,
    Names,
    Refusal,
    decoded,
    request,
)

RATE = 24_000
LEAST_COMMIT_MS = 100
LEAST_TURN_MS = 3000
"""A turn does not end before its buffer holds more than that."""
_LOOKS_BACK_MS = 3000
_TURNS = {"create_response", "prefix_padding_ms", "silence_duration_ms", "threshold"}
_CLIENT = ("session.update", "input_audio_buffer.append", "input_audio_buffer.commit")
_ITEM = "conversation.item"


@dataclass(slots=True)
class _Buffer:
    """Audio since the turn before, and the item that it will be."""

    item: str
    ms: float = 0.0
    begun_ms: float | None = None
    words: list[str] = field(default_factory=list)
    spoken_ms: float | None = None
    """Where the last word began."""


class SpeachesPeer:
    """A connection to a server with or without a key."""

    def __init__(self, key: str | None = None) -> None:
        self._key = key
        self._names = Names()
        self._ear = Ear(RATE)
        self._session: Event = {}
        self._buffer = _Buffer(self._names.new("item"))
        self._previous: str | None = None
        self.failing = 0
        """So many of the next transcriptions fail, each of them with the connection."""

    def connect(self, path_and_query: str, headers: Mapping[str, str]) -> list[Answer] | Refusal:
        asked = request(path_and_query, headers)
        keys = (asked.query.get("api_key"), asked.bearer, asked.headers.get("x-api-key"))
        if asked.path != "/v1/realtime":
            return Refusal(403)
        if "model" not in asked.query or (self._key is not None and self._key not in keys):
            return Refusal(403)
        transcribes = asked.query.get("intent") == "transcription"
        named = asked.query["model"] if transcribes else "Systran/faster-distil-whisper-small.en"
        self._session = _session(
            asked.query.get("transcription_model", named),
            asked.query.get("language"),
            create_response=not transcribes,
        )
        return [self._event("session.created", session=self._session)]

    def receive(self, message: Event, now: float | None = None) -> list[Answer]:
        match message.get("type"):
            case "session.update":
                return list(self._update(message.get("session")))
            case "input_audio_buffer.append":
                return self._append(message.get("audio"))
            case "input_audio_buffer.commit":
                return self._commit()
            case "input_audio_buffer.clear":
                self._buffer = _Buffer(self._names.new("item"))
                return [self._event("input_audio_buffer.cleared")]
            case other:
                return [self._error(f"1 validation error: Input tag '{other}' found using 'type'")]

    def _append(self, audio: object) -> list[Answer]:
        """Turns are looked for once an event, in the last 3 s of the buffer."""
        samples = decoded(audio)
        if samples is None:
            return [Close(1006)]
        buffer, quiet_ms = self._buffer, self._listen(samples)
        heard_ms = None if buffer.spoken_ms is None else buffer.ms - buffer.spoken_ms
        if buffer.begun_ms is None:
            if heard_ms is None or self._threshold >= 1 or heard_ms > _LOOKS_BACK_MS:
                return []
            buffer.begun_ms = buffer.spoken_ms
            return [self._speech("started", audio_start_ms=int(buffer.begun_ms or 0))]
        if quiet_ms < END_OF_SPEECH_MS or buffer.ms <= LEAST_TURN_MS:
            return []
        stopped = self._speech("stopped", audio_end_ms=int(buffer.ms))
        return [stopped, *self._committed()]

    def _listen(self, samples: Samples) -> int:
        """How long it has been silent at the end of the samples."""
        buffer, quiet_ms = self._buffer, 0
        before = buffer.ms
        for index, moment in enumerate(self._ear.listen(samples)):
            quiet_ms = moment.quiet_ms
            if moment.word is not None:
                buffer.words.append(moment.word)
                buffer.spoken_ms = before + index * FRAME_MS
        buffer.ms += 1000 * samples.size / RATE
        return quiet_ms

    def _commit(self) -> list[Answer]:
        """In the middle of a turn it is the end of the connection."""
        if self._buffer.ms < LEAST_COMMIT_MS:
            small = f"Expected at least {LEAST_COMMIT_MS}ms of audio, but buffer only has"
            return [
                self._error(
                    "Error committing input audio buffer: buffer too small. "
                    f"{small} {int(self._buffer.ms)}.00ms of audio."
                )
            ]
        if self._buffer.begun_ms is not None:
            return [*self._told(self._buffer.item), Close(1006)]
        return self._committed()

    def _committed(self) -> list[Answer]:
        buffer, self._buffer = self._buffer, _Buffer(self._names.new("item"))
        told: list[Answer] = [*self._told(buffer.item)]
        self._previous = buffer.item
        if self.failing:
            self.failing -= 1
            return [*told, self._error("Internal Server Error", "server_error"), Close(1006)]
        completed = self._event(
            f"{_ITEM}.input_audio_transcription.completed",
            item_id=buffer.item,
            content_index=0,
            transcript=" ".join(buffer.words),
            usage={"seconds": buffer.ms / 1000, "type": "duration"},
            logprobs=None,
        )
        if self._session["turn_detection"]["create_response"]:
            return [*told, completed, self._event("response.created", response={})]
        return [*told, completed]

    def _told(self, item: str) -> Iterator[Event]:
        yield self._event(
            "input_audio_buffer.committed", item_id=item, previous_item_id=self._previous
        )
        message = {
            "id": item,
            "object": "realtime.item",
            "status": "completed",
            "type": "message",
            "role": "user",
            "content": [{"type": "input_audio", "transcript": None}],
        }
        yield self._event(f"{_ITEM}.created", item=message, previous_item_id=self._previous)

    def _update(self, session: object) -> Iterator[Event]:
        """Fields it does not know, and objects that lack one, are passed over and confirmed."""
        if not isinstance(session, Mapping) or None in session.values():
            yield self._error("2 validation errors: Input should be a valid dictionary")
            return
        if "input_audio_format" in session:
            yield self._unsupported("session.input_audio_format")
        turns = session.get("turn_detection", {})
        if set(turns) >= _TURNS and turns.get("type", "server_vad") == "server_vad":
            yield self._unsupported("session.turn_detection.prefix_padding_ms")
            known = {name: turns[name] for name in _TURNS - {"prefix_padding_ms"}}
            self._session["turn_detection"] |= known
        told = session.get("input_audio_transcription", {})
        if "model" in told:
            known = {name: told[name] for name in ("model", "language") if told.get(name)}
            self._session["input_audio_transcription"] |= known
        yield self._event("session.updated", session=self._session)

    @property
    def _threshold(self) -> float:
        return float(self._session["turn_detection"]["threshold"])

    def _speech(self, what: str, **when: int) -> Event:
        """Times count from the beginning of the turn's own buffer."""
        return self._event(f"input_audio_buffer.speech_{what}", item_id=self._buffer.item, **when)

    def _unsupported(self, name: str) -> Event:
        reason = "The server either does not support this field or it is not configurable."
        return self._error(f"Specifying `{name}` is not supported. {reason}")

    def _error(self, message: str, kind: str = "invalid_request_error") -> Event:
        """No error of this server has a code, or says what it answers."""
        nothing = {"code": None, "event_id": None, "param": None}
        return self._event("error", error={"message": message, "type": kind, **nothing})

    def _event(self, kind: str, **fields: object) -> Event:
        return {"type": kind, "event_id": self._names.new("event"), **fields}


def _session(model: str, language: str | None, create_response: bool) -> Event:
    return {
        "id": "sess_000000000000000000001",
        "input_audio_format": "pcm16",
        "input_audio_transcription": {"model": model, "language": language},
        "instructions": "Talk quickly.",
        "max_response_output_tokens": "inf",
        "modalities": ["audio", "text"],
        "model": "gpt-4o-realtime-preview",
        "output_audio_format": "pcm16",
        "temperature": 0.8,
        "tool_choice": "auto",
        "tools": [],
        "turn_detection": {
            "create_response": create_response,
            "prefix_padding_ms": 0,
            "silence_duration_ms": 550,
            "threshold": 0.9,
            "type": "server_vad",
        },
        "speech_model": "speaches-ai/Kokoro-82M-v1.0-ONNX",
        "voice": "af_heart",
    }
