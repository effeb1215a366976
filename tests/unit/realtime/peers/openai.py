"""OpenAI's transcription sessions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy

from captioner.audio.pcm import Samples
from tests.unit.realtime.peers.configuration import (
    DEFAULT_INPUT,
    RATE,
    Wrong,
    check_model,
    check_update,
    known,
    merged,
    one_of,
)
from tests.unit.realtime.peers.items import Items
from tests.unit.realtime.peers.models import MODELS, Model
from tests.unit.realtime.peers.peer import (
    Answer,
    Close,
    Event,
    Names,
    Refusal,
    Request,
    decoded,
    request,
)

KEY = "sk-test"
LARGEST_APPEND = 15 << 20
LONGEST_SESSION_S = 3600.0
FASTEST = 4.0
"""So many times faster than it was spoken, audio is taken; what comes faster is dropped."""
_HEAD_START_S = 2.0
"""So much audio is taken at once; nobody has measured the real server's."""


class OpenAIPeer:
    """A connection of a key that may use one model."""

    updates = "session.update"
    """The event that configures the session."""
    confirms = "session"
    """What says that there is a session (`.created`) and how it is configured (`.updated`)."""
    tells: tuple[str, ...] = ("conversation.item.added", "conversation.item.done")

    def __init__(self, model: str = "gpt-live-transcribe", key: str = KEY) -> None:
        self.key = key
        self.models: Mapping[str, Model] = {model: MODELS[model]}
        self._names = Names()
        self._items = Items(self._names, self.tells)
        self._heard = deepcopy(DEFAULT_INPUT)
        self._include: object = None
        self._conversation = False
        self._began: float | None = None
        self._taken = 0

    @property
    def failing(self) -> list[str]:
        """Codes with which the next items fail."""
        return self._items.failing

    def connect(self, path_and_query: str, headers: Mapping[str, str]) -> list[Answer] | Refusal:
        asked = request(path_and_query, headers)
        if asked.path != "/v1/realtime":
            return Refusal(404)
        if asked.bearer != self.key:
            return self._turned_away("invalid_api_key", "Incorrect API key provided.", 3000)
        if "openai-beta" in asked.headers:
            message = "The Realtime Beta API is no longer supported."
            return self._turned_away("beta_api_shape_disabled", message, 4000)
        return self._opened(asked)

    def receive(self, message: Event, now: float | None = None) -> list[Answer]:
        self._began = now if self._began is None else self._began
        if now is not None and self._began is not None and now - self._began > LONGEST_SESSION_S:
            told = "Your session hit the maximum duration of 60 minutes."
            return self._turned_away("session_expired", told, 1001)
        if len(str(message.get("audio", ""))) > LARGEST_APPEND:
            return [Close(1009, "message too big")]
        try:
            return list(self._answers(message, now))
        except Wrong as wrong:
            return [self._error(wrong, message.get("event_id"))]

    def _opened(self, asked: Request) -> list[Answer]:
        """The query says what kind of session it is."""
        model, transcription = asked.query.get("model"), asked.query.get("intent")
        if transcription == "transcription":
            if model is not None:
                message = "You must not provide a model parameter for transcription sessions."
                return self._turned_away("invalid_model", message, 4000)
            return [self._session_event("created")]
        if model is None:
            return self._turned_away("missing_model", "You must provide a model parameter.", 4000)
        if model in MODELS:
            message = f"Model '{model}' cannot be used as the realtime session model."
            return self._turned_away("invalid_model", message, 4000)
        self._conversation = True
        session = {"type": "realtime", "model": model, "output_modalities": ["audio"]}
        return [self._event("session.created", session=session)]

    def _answers(self, message: Event, now: float | None) -> Iterator[Event]:
        kinds = {
            self.updates: {"session"},
            "input_audio_buffer.append": {"audio"},
            "input_audio_buffer.commit": set[str](),
            "input_audio_buffer.clear": set[str](),
        }
        kind = one_of(message.get("type"), tuple(kinds), "type")
        known(message, kinds[kind] | {"type", "event_id"}, "")
        if kind == self.updates:
            self._update(message.get("session"))
            yield self._session_event("updated")
        elif kind == "input_audio_buffer.append":
            yield from self._append(message.get("audio"), now)
        elif kind == "input_audio_buffer.commit":
            yield from self._items.commit()
        else:
            self._items.clear()
            yield self._event("input_audio_buffer.cleared")

    def _append(self, audio: object, now: float | None) -> Iterator[Event]:
        samples = decoded(audio)
        if samples is None or not samples.size:
            message = (
                "Invalid 'audio'. Expected base64-encoded audio bytes (mono PCM16 at 24kHz) "
                "but got an invalid value."
            )
            raise Wrong("invalid_value", message, "audio")
        if not self._too_fast(samples, now):
            yield from self._items.hear(samples)

    def _too_fast(self, samples: Samples, now: float | None) -> bool:
        if now is None or self._began is None:
            return False
        most = RATE * (_HEAD_START_S + FASTEST * (now - self._began))
        if self._taken + samples.size > most:
            return True
        self._taken += samples.size
        return False

    def _update(self, session: object) -> None:
        """Take it all or, where anything is wrong, nothing of it."""
        if self._conversation:
            message = (
                "Passing a transcription session update event to a realtime session is not allowed."
            )
            raise Wrong("invalid_parameter", message, None)
        heard, include = self._read(session)
        after = merged(self._heard, heard)
        asked_for_turns = bool(heard.get("turn_detection"))
        model = check_model(self.models, after, include, asked_for_turns)
        if model is not None and model.live:
            after["turn_detection"] = None
        self._heard, self._include = after, include
        self._items.swallow()
        self._items.model = model
        self._items.turns = after["turn_detection"] and {
            "prefix_padding_ms": 300,
            **after["turn_detection"],
        }
        self._items.logprobs = bool(include)

    def _read(self, session: object) -> tuple[Event, object]:
        """An update's part on the input, as the GA dialect writes it, and its `include`."""
        heard = check_update(session)
        include = session.get("include", self._include) if isinstance(session, dict) else None
        return heard, include

    def _shown(self) -> Event:
        """The session as the server shows it."""
        transcription = self._heard["transcription"]
        if transcription is not None:
            nothing = {"language": None, "languages": None, "delay": None}
            transcription = nothing | {"prompt": None, "keywords": []} | transcription
        return {
            "id": "sess_000000000000000000001",
            "object": "realtime.transcription_session",
            "type": "transcription",
            "expires_at": 1_800_000_000,
            "audio": {"input": self._heard | {"transcription": transcription}},
            "include": self._include,
        }

    def _session_event(self, said: str) -> Event:
        return self._event(f"{self.confirms}.{said}", session=self._shown())

    def _turned_away(self, code: str, message: str, close: int) -> list[Answer]:
        error = self._error(Wrong(code, message, None), None)
        return [error, Close(close, f"invalid_request_error.{code}")]

    def _error(self, wrong: Wrong, event_id: object) -> Event:
        error = {
            "type": "invalid_request_error",
            "code": wrong.code,
            "message": wrong.message,
            "param": wrong.param,
            "event_id": event_id,
        }
        return self._event("error", error=error)

    def _event(self, kind: str, **fields: object) -> Event:
        return {"type": kind, "event_id": self._names.new("event"), **fields}
