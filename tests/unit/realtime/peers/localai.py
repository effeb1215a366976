"""LocalAI: sessions that begin as conversations, of a pipeline that the query names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from captioner.audio.pcm import Samples
from tests.unit.realtime.peers.hearing import END_OF_SPEECH_MS, Ear, Moment
from tests.unit.realtime.peers.peer import (
    Answer,
    Close,
    Event,
    Names,
    Refusal,
    decoded,
    request,
)

MODEL = "whisper-1"
PIPELINE = "meeting"
LARGEST_MESSAGE = 10 << 20
RATE_OF_MODELS = 16_000
_TICK_MS = 300
_TRANSCRIPTION = "conversation.item.input_audio_transcription"
_UNFINISHED = "event_TODO"
"""What the real one sends for most identifiers of events."""


class Unreadable(Exception):
    """JSON that does not fit the server's types."""


@dataclass(slots=True)
class _Turn:
    item: str
    words: list[str] = field(default_factory=list)


class LocalAIPeer:
    """A connection to a server with one pipeline. `streams`: it writes while it transcribes."""

    def __init__(self, key: str | None = None, streams: bool = False) -> None:
        self._key = key
        self._streams = streams
        self._names = Names()
        self._ear = Ear(24_000)
        self._turns: str | None = "server_vad"
        self._turn: _Turn | None = None
        self._buffered = 0
        self._transcribes_only = False
        self._transcription: Event = {"model": MODEL}
        self._now_ms = 0
        self._began: float | None = None
        self.failing = 0
        """So many of the next transcriptions fail."""

    def connect(self, path_and_query: str, headers: Mapping[str, str]) -> list[Answer] | Refusal:
        asked = request(path_and_query, headers)
        if asked.path != "/v1/realtime":
            return Refusal(404)
        if self._key not in (None, asked.bearer, asked.headers.get("x-api-key")):
            return Refusal(401, '{"error":{"code":401,"message":"Authentication required"}}')
        if asked.query.get("model") != PIPELINE:
            return [_error("invalid_model", "Model is not a pipeline model"), Close(1006)]
        return [_event("session.created", session=self._shown())]

    def receive(self, message: Event, now: float | None = None) -> list[Answer]:
        if len(str(message.get("audio", ""))) > LARGEST_MESSAGE:
            return [Close(1009)]
        self._began = now if self._began is None else self._began
        if now is not None and self._began is not None:
            self._now_ms = round(1000 * (now - self._began))
        try:
            return list(self._answers(message))
        except Unreadable:
            return [_error("invalid_json", "Invalid JSON format")]

    def _answers(self, message: Event) -> Iterator[Event]:
        """Events of kinds it does not know are left without an answer."""
        match message.get("type"):
            case "session.update":
                yield self._update(_object(message.get("session")))
            case "input_audio_buffer.append":
                yield from self._append(message.get("audio"))
            case "input_audio_buffer.commit":
                yield from self._commit()
            case "input_audio_buffer.clear":
                self._buffered, self._turn = 0, None
                yield _event("input_audio_buffer.cleared", event_id=message.get("event_id"))

    def _append(self, audio: object) -> Iterator[Event]:
        samples = decoded(audio)
        if not audio:
            yield _error("missing_audio_data", "Audio data is missing")
        elif samples is None:
            yield _error("invalid_audio_data", "Failed to decode audio data")
        else:
            yield from self._hear(samples)

    def _hear(self, samples: Samples) -> Iterator[Event]:
        self._buffered += samples.size
        for moment in self._ear.listen(samples):
            if moment.word is not None:
                yield from self._word(moment, moment.word)
            turn = self._turn
            if self._turns and turn and moment.quiet_ms >= END_OF_SPEECH_MS:
                self._turn, self._buffered = None, 0
                yield self._speech("stopped", moment, "audio_end_ms")
                yield _event(
                    "input_audio_buffer.committed", item_id=turn.item, previous_item_id="TODO"
                )
                yield from self._transcribed(turn)

    def _word(self, moment: Moment, word: str) -> Iterator[Event]:
        if self._turn is None:
            self._turn = _Turn(self._names.new("item"))
            if self._turns:
                yield self._speech("started", moment, "audio_start_ms")
        self._turn.words.append(word)
        if self._turns == "semantic_vad":
            text = f" {word}" if self._turn.words[1:] else word
            yield _of_item("delta", self._turn.item, delta=text)

    def _speech(self, what: str, moment: Moment, when: str) -> Event:
        """No item; and the time is the server's, not the audio's."""
        late_ms = self._now_ms or -(-moment.end_ms // _TICK_MS) * _TICK_MS
        return _event(f"input_audio_buffer.speech_{what}", item_id="", **{when: late_ms})

    def _commit(self) -> Iterator[Event]:
        """The item that is transcribed is not the one that was committed."""
        if self._turns:
            refused = "input_audio_buffer.commit in conjunction with VAD"
            yield _error("not_implemented", refused, _UNFINISHED)
            return
        yield _event("input_audio_buffer.committed", event_id=None, item_id=self._names.new("item"))
        turn, self._turn = self._turn or _Turn(self._names.new("item")), None
        if self._ear.rate != RATE_OF_MODELS:
            turn.words = ["slow"] * len(turn.words)
        if self._buffered:
            yield from self._transcribed(turn)
        self._buffered = 0

    def _transcribed(self, turn: _Turn) -> Iterator[Event]:
        if self.failing:
            self.failing -= 1
            yield _error("transcription_failed", "rpc error: code = Unknown", _UNFINISHED)
            return
        if self._streams and self._turns != "semantic_vad":
            for index, word in enumerate(turn.words):
                yield _of_item("delta", turn.item, delta=f" {word}" if index else word)
        yield _of_item("completed", turn.item, transcript=" ".join(turn.words))
        if not self._transcribes_only:
            yield _event("response.created", response={"object": "realtime.response"})

    def _update(self, session: Mapping[str, object]) -> Event:
        """What it does not know it passes over; only `transcription` makes it transcribe alone."""
        kind = session.get("type", "realtime")
        if kind not in ("realtime", "transcription"):
            raise Unreadable
        heard = _object(_object(session.get("audio")).get("input"))
        if kind == "transcription" and heard:
            error = self._transcribe(heard)
            if error is not None:
                return error
        return _event("session.updated", session=self._shown())

    def _transcribe(self, heard: Mapping[str, object]) -> Event | None:
        rate = _integer(_object(heard.get("format")).get("rate"))
        turns = _turns(heard)
        told = _object(heard.get("transcription"))
        for name in ("model", "language", "prompt"):
            if not isinstance(told.get(name, ""), str):
                raise Unreadable
        self._transcribes_only = True
        if told.get("model", MODEL) not in (MODEL, PIPELINE):
            message = f"model is not a valid pipeline model: {told['model']}"
            return _error("session_update_error", f"Failed to update session: {message}")
        if told:
            kept = {name: told[name] for name in ("language", "prompt") if told.get(name)}
            self._transcription = {"model": MODEL} | kept
        if "turn_detection" in heard:
            self._turns = turns
        if rate and rate != self._ear.rate:
            self._ear = Ear(rate)
        return None

    def _shown(self) -> Event:
        heard: Event = {"transcription": self._transcription}
        name = "sess_" + 32 * "0"
        if self._transcribes_only:
            kind = "realtime.transcription_session"
            return {
                "type": "transcription",
                "id": name,
                "object": kind,
                "audio": {"input": heard},
            }
        if self._turns:
            heard["turn_detection"] = {"type": self._turns}
        audio = {"input": heard, "output": {}}
        return {
            "type": "realtime",
            "id": name,
            "object": "realtime.session",
            "model": PIPELINE,
            "audio": audio,
        }


def _turns(heard: Mapping[str, object]) -> str | None:
    detection = _object(heard.get("turn_detection"))
    if not detection:
        return None
    for name in ("prefix_padding_ms", "silence_duration_ms", "idle_timeout_ms"):
        _integer(detection.get(name))
    if detection.get("type") not in ("server_vad", "semantic_vad"):
        raise Unreadable
    return str(detection["type"])


def _object(value: object) -> Mapping[str, object]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise Unreadable
    return value


def _integer(value: object) -> int:
    """500 is one and 500.0 is none, where Go reads it."""
    if value is None:
        return 0
    if not isinstance(value, int) or isinstance(value, bool):
        raise Unreadable
    return value


def _of_item(what: str, item: str, **fields: object) -> Event:
    return _event(f"{_TRANSCRIPTION}.{what}", item_id=item, content_index=0, **fields)


def _error(code: str, message: str, event_id: str | None = None) -> Event:
    error = {"message": message, "type": "invalid_request_error", "code": code}
    if event_id is not None:
        error["event_id"] = event_id
    return _event("error", event_id=event_id, error=error)


def _event(kind: str, **fields: object) -> Event:
    """What is nothing is left out."""
    all_fields = {"event_id": _UNFINISHED, **fields, "type": kind}
    return {name: value for name, value in all_fields.items() if value is not None}
