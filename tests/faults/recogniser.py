"""A recogniser that knows every word, behind the embedded engine's own protocol code.

It takes what the engine takes and says what the engine says, in the same order and with the same
fields; only how it hears is its own (`speech`). Without I/O and without time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from captioner.audio.pcm import from_floats, to_bytes
from captioner.engine import input_audio, server_events
from captioner.engine.client_events import Append, Clear, ClientEvent, Commit, SessionUpdate
from captioner.engine.hypothesis import TimedText
from captioner.engine.protocol_error import ProtocolError
from captioner.engine.session import MIN_COMMIT_MS
from captioner.engine.session_config import G711, HYPOTHESIS, SEGMENTS, Input, SessionConfig
from tests.faults.speech import END_OF_SPEECH_S, LONG_S, WHOLE_S, runs

_TICKS = 48_000
"""A second, in units that every sample rate here divides."""
_END_OF_SPEECH = round(END_OF_SPEECH_S * _TICKS)
_WHOLE = round(WHOLE_S * _TICKS)
_LONG = round(LONG_S * _TICKS)


@dataclass(slots=True)
class _Item:
    id: str
    start: int
    """In ticks, like every position here."""
    live: bool
    """Whether words are told before the commit."""
    transcript: str = ""
    first_word: int = 0
    last_word: int = 0


class WordRecogniser:
    """One session. Each method returns what the server says."""

    def __init__(self, model: str | None = None) -> None:
        self._config = SessionConfig()
        if model is not None:
            patch = {"audio": {"input": {"transcription": {"model": model}}}}
            self._config = self._config.updated({"type": "transcription", **patch})
        self._said: list[BaseModel] = []
        self._position = 0
        self._begin = 0
        """Where the uncommitted audio begins."""
        self._items = 0
        self._item: _Item | None = None
        """Uncommitted: with turn detection the open turn, else all since the last commit."""
        self._previous: str | None = None
        self._level = 0
        self._run = 0
        """How long the present level has lasted."""
        self._cut = False
        """Whether an item was ended within the present word, or silence."""

    def create(self) -> list[BaseModel]:
        return [server_events.session_created(self._config)]

    def receive(self, event: ClientEvent | ProtocolError) -> list[BaseModel]:
        """Do what the client asks, or say why not."""
        try:
            self._do(event)
        except ProtocolError as error:
            error.event_id = error.event_id or getattr(event, "event_id", None)
            self._said.append(server_events.error(error))
        said, self._said = self._said, []
        return said

    def _do(self, event: ClientEvent | ProtocolError) -> None:
        match event:
            case Append():
                self._append(event.audio)
            case Commit():
                self._commit()
            case Clear():
                self._item = None
                self._begin = self._position
                self._cut_here()
                self._said.append(server_events.cleared())
            case SessionUpdate():
                self._update(event.session)
            case ProtocolError():
                raise event

    @property
    def _input(self) -> Input:
        return self._config.audio.input

    def _update(self, patch: Mapping[str, Any]) -> None:
        config = self._config.updated(patch)
        if self._item is not None and _hearing(config.audio.input) != _hearing(self._input):
            raise ProtocolError(
                "invalid_parameter",
                "The format, the model and turn detection cannot change while audio is buffered.",
                param="session.audio.input",
            )
        self._config = config
        self._said.append(server_events.session_updated(config))

    def _append(self, audio: bytes) -> None:
        format_ = self._input.format
        if isinstance(format_, G711) or len(audio) % 2:
            audio = to_bytes(from_floats(input_audio.samples(audio, format_)))
        if self._item is None and self._input.turn_detection is None and audio:
            self._item = self._new_item(self._begin)
        ticks = _TICKS // input_audio.sample_rate(format_)
        for level, size in runs(audio):
            self._hear(level, size * ticks)

    def _commit(self) -> None:
        buffered_ms = (self._position - self._begin) * 1000 // _TICKS
        if buffered_ms < MIN_COMMIT_MS:
            raise ProtocolError(
                "input_audio_buffer_commit_empty",
                "Error committing input audio buffer: buffer too small. Expected at least "
                f"{MIN_COMMIT_MS}ms of audio, but buffer only has {buffered_ms}ms.",
            )
        item = self._item or self._new_item(self._begin)
        self._end_word(item)
        self._cut_here()
        self._commit_item(item)

    def _hear(self, level: int, ticks: int) -> None:
        """A stretch of one level; what it decides is said where it is decided."""
        if level != self._level:
            if self._item is not None:
                self._end_word(self._item)
            self._level, self._run, self._cut = level, 0, False
        if level and self._run == 0:
            self._begin_word()
        for threshold in (_WHOLE, _LONG) if level else (_END_OF_SPEECH,):
            if self._run < threshold <= self._run + ticks:
                ticks -= threshold - self._run
                self._position += threshold - self._run
                self._run = threshold
                self._decide(threshold)
        self._run += ticks
        self._position += ticks

    def _decide(self, threshold: int) -> None:
        item = self._item
        if item is None or (self._level and self._cut):
            return
        if threshold == _WHOLE:
            self._tell(item, f"w{self._level}")
        elif threshold == _LONG:
            self._tell(item, "+", join="")
        elif self._input.turn_detection is not None:
            self._said.append(server_events.speech_stopped(item.id, self._ms))
            self._commit_item(item)

    def _begin_word(self) -> None:
        if self._item is None:
            self._item = self._new_item(self._position)
            self._said.append(server_events.speech_started(self._item.id, self._ms))
        if self._cut:
            self._tell(self._item, f"~w{self._level}")
        elif self._item.live and HYPOTHESIS in self._config.include:
            join = " " if self._item.transcript else ""
            self._suppose(self._item, f"{join}w{self._level}")

    def _end_word(self, item: _Item) -> None:
        if not self._level or not self._run:
            return
        if self._run < _WHOLE and not self._cut:
            self._tell(item, f"w{self._level}~")
        item.last_word = self._position

    def _cut_here(self) -> None:
        """What goes on at this level is no word of its own."""
        self._cut, self._run = self._run > 0, 0

    def _tell(self, item: _Item, word: str, join: str = " ") -> None:
        text = (join if item.transcript else "") + word
        item.first_word = item.first_word if item.transcript else self._position - self._run
        item.transcript += text
        if item.live:
            self._said.append(server_events.delta(item.id, text))
            if HYPOTHESIS in self._config.include:
                self._suppose(item, "")

    def _suppose(self, item: _Item, tail: str) -> None:
        self._said.append(server_events.hypothesis(item.id, tail, self._language, self._ms))

    def _commit_item(self, item: _Item) -> None:
        self._said += server_events.committed(item.id, self._previous)
        self._previous, self._item = item.id, None
        if item.transcript and not item.live:
            self._said.append(server_events.delta(item.id, item.transcript))
        if item.transcript and SEGMENTS in self._config.include:
            start, end = item.first_word - item.start, item.last_word - item.start
            phrase = TimedText(item.transcript, start / _TICKS, end / _TICKS)
            self._said.append(server_events.segment(item.id, phrase))
        language = self._language if item.transcript else None
        seconds = (self._position - item.start) / _TICKS
        self._said.append(server_events.completed(item.id, item.transcript, seconds, language))
        self._begin = self._position

    def _new_item(self, start: int) -> _Item:
        """Every session calls its items the same: who mixes sessions up is found out."""
        self._items += 1
        live = self._input.transcription.model == "captioner-live"
        return _Item(f"item_{self._items}", start, live)

    @property
    def _language(self) -> str:
        return self._input.transcription.language or "en"

    @property
    def _ms(self) -> int:
        return self._position * 1000 // _TICKS


def _hearing(config: Input) -> tuple[object, ...]:
    """What cannot change in the middle of an item."""
    return config.format, config.turn_detection, config.transcription.model
