"""The input audio buffer of OpenAI and Azure, and the items that come of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from captioner.audio.pcm import Samples
from tests.unit.realtime.peers.configuration import RATE, Wrong
from tests.unit.realtime.peers.hearing import END_OF_SPEECH_MS, FRAME_MS, Ear, Moment
from tests.unit.realtime.peers.models import Model
from tests.unit.realtime.peers.peer import Event, Names

LEAST_COMMIT_MS = 100
_TRANSCRIPTION = "conversation.item.input_audio_transcription"


@dataclass(slots=True)
class _Item:
    name: str
    words: list[str] = field(default_factory=list)


class Items:
    """Audio and commits in, events out. `tells`: the events that say that there is an item."""

    def __init__(self, names: Names, tells: tuple[str, ...]) -> None:
        self.model: Model | None = None
        """Without one, audio is taken and never heard."""
        self.turns: Event | None = None
        """How turns are found; else the client commits."""
        self.logprobs = False
        self.failing: list[str] = []
        """Codes with which the next items fail."""
        self._names = names
        self._tells = tells
        self._ear = Ear(RATE)
        self._item: _Item | None = None
        self._previous: str | None = None
        self._position = 0
        self._begun = 0
        """Where the buffer begins, by position."""

    def hear(self, samples: Samples) -> Iterator[Event]:
        end = self._position + samples.size
        for moment in self._ear.listen(samples):
            self._position = moment.end_ms * RATE // 1000
            if self.model is not None:
                yield from self._heard(moment, self.model)
        self._position = end

    def commit(self) -> Iterator[Event]:
        if self._buffered_ms < LEAST_COMMIT_MS:
            message = (
                "Error committing input audio buffer: buffer too small. Expected at least "
                f"{LEAST_COMMIT_MS}ms of audio, but buffer only has {self._buffered_ms:.2f}ms."
            )
            raise Wrong("input_audio_buffer_commit_empty", message, None)
        return self._committed()

    def clear(self) -> None:
        self._item, self._begun = None, self._position

    def swallow(self) -> None:
        """The session was updated: what the buffer holds will be in no transcript."""
        if self._item is not None:
            self._item.words.clear()

    @property
    def _buffered_ms(self) -> float:
        """With turns, silence before the speech is not kept."""
        if self.turns is not None and self._item is None:
            return 0.0
        return 1000 * (self._position - self._begun) / RATE

    def _heard(self, moment: Moment, model: Model) -> Iterator[Event]:
        if moment.word is not None:
            if self._item is None and self.turns is not None:
                yield self._speech_started(moment, self.turns["prefix_padding_ms"])
            item = self._open()
            item.words.append(moment.word)
            if model.live:
                yield self._delta(item, self._spaced(item.words)[-1])
        if self.turns and self._item is not None and moment.quiet_ms >= END_OF_SPEECH_MS:
            yield self._of_item(
                "input_audio_buffer.speech_stopped", self._item, audio_end_ms=moment.end_ms
            )
            yield from self._committed()

    def _speech_started(self, moment: Moment, padding_ms: int) -> Event:
        earliest = self._begun * 1000 // RATE
        start_ms = max(earliest, moment.end_ms - FRAME_MS - padding_ms)
        self._begun = start_ms * RATE // 1000
        return self._of_item(
            "input_audio_buffer.speech_started", self._open(), audio_start_ms=start_ms
        )

    def _open(self) -> _Item:
        if self._item is None:
            self._item = _Item(self._names.new("item"))
        return self._item

    def _committed(self) -> Iterator[Event]:
        item, previous, seconds = self._open(), self._previous, self._buffered_ms / 1000
        self._item, self._previous, self._begun = None, item.name, self._position
        yield self._of_item("input_audio_buffer.committed", item, previous_item_id=previous)
        for kind in self._tells:
            yield self._event(kind, previous_item_id=previous, item=_message(item.name))
        if self.model is not None:
            yield from self._transcribed(item, self.model, seconds)

    def _transcribed(self, item: _Item, model: Model, seconds: float) -> Iterator[Event]:
        transcript = " ".join(item.words)
        if self.failing:
            code = self.failing.pop(0)
            message = f"Input transcription failed for item '{item.name}'."
            error = {"type": "server_error", "code": code, "message": message, "param": None}
            yield self._of_item(f"{_TRANSCRIPTION}.failed", item, content_index=0, error=error)
            return
        if not model.live:
            for text in [transcript] if model.at_once else self._spaced(item.words):
                yield self._delta(item, text)
        if model.speakers and transcript:
            yield self._segment(item, transcript, seconds)
        yield self._completed(item, model, transcript, seconds)

    def _segment(self, item: _Item, text: str, seconds: float) -> Event:
        told = {"text": text, "speaker": "A", "start": 0.0, "end": seconds}
        name = self._names.new("seg")
        return self._of_item(f"{_TRANSCRIPTION}.segment", item, id=name, content_index=0, **told)

    def _completed(self, item: _Item, model: Model, transcript: str, seconds: float) -> Event:
        tokens = len(item.words)
        usage: Event = {"type": "duration", "seconds": math.ceil(seconds)}
        if model.by_token:
            details = {"text_tokens": 0, "audio_tokens": 10}
            usage = {"type": "tokens", "input_tokens": 10, "output_tokens": tokens}
            usage |= {"total_tokens": 10 + tokens, "input_token_details": details}
        event = self._of_item(
            f"{_TRANSCRIPTION}.completed",
            item,
            content_index=0,
            transcript=transcript,
            usage=usage,
        )
        if model.tells_language:
            event["languages"] = [{"code": "en"}] if transcript else []
        if self.logprobs:
            event["logprobs"] = [_logprob(word) for word in self._spaced(item.words)]
        return event

    def _delta(self, item: _Item, text: str) -> Event:
        event = self._of_item(f"{_TRANSCRIPTION}.delta", item, content_index=0, delta=text)
        event["obfuscation"] = "aLxx0jTEciOGe"[: 16 - len(text)]
        if self.logprobs:
            event["logprobs"] = [_logprob(text)]
        return event

    @staticmethod
    def _spaced(words: list[str]) -> list[str]:
        return [f" {word}" if index else word for index, word in enumerate(words)]

    def _of_item(self, kind: str, item: _Item, **fields: object) -> Event:
        return self._event(kind, item_id=item.name, **fields)

    def _event(self, kind: str, **fields: object) -> Event:
        return {"type": kind, "event_id": self._names.new("event"), **fields}


def _message(name: str) -> Event:
    return {
        "id": name,
        "object": "realtime.item",
        "type": "message",
        "role": "user",
        "status": "completed",
        "content": [{"type": "input_audio", "transcript": None}],
    }


def _logprob(token: str) -> Event:
    return {"token": token, "bytes": list(token.encode()), "logprob": -0.01}
