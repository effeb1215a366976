"""A session under test: the client's words in, the server's out, and a recogniser by hand."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

import orjson
from pydantic import BaseModel

from captioner.engine import server_events
from captioner.engine.client_events import parse
from captioner.engine.hypothesis import Hypothesis, Job, TimedText
from captioner.engine.protocol_error import ProtocolError
from captioner.engine.session import TranscriptionSession

TRANSCRIPTION = "conversation.item.input_audio_transcription."


def said(text: str, *phrases: TimedText, language: str = "en") -> Hypothesis:
    """A decode that says `text`."""
    return Hypothesis(text, phrases, (), language, no_speech=0.0, avg_logprob=-0.1)


def seconds(pcm: bytes, start: float, end: float) -> bytes:
    """A part of 24 kHz s16 audio."""
    return pcm[round(start * 24_000) * 2 : round(end * 24_000) * 2]


SILENCE = bytes(48_000)
"""A second of it."""


class DrivenSession:
    """Its clock moves with the audio that is appended, as if somebody spoke, unless `hurried`."""

    def __init__(self, *, hurried: bool = False) -> None:
        self.now = 100.0
        self.hurried = hurried
        self.events: list[dict[str, Any]] = []
        self.session = TranscriptionSession(self._told)
        self.session.create()

    def _told(self, events: Iterable[BaseModel]) -> None:
        self.events.extend(orjson.loads(server_events.encode(event)) for event in events)

    def send(self, type_: str, **fields: Any) -> list[dict[str, Any]]:
        """Send an event; return what is said to it at once."""
        before = len(self.events)
        try:
            event = parse(orjson.dumps({"type": type_, **fields}).decode())
        except ProtocolError as error:
            self.session.refuse(error)
        else:
            for _ in self.session.receive(event, self.now):
                pass
        return self.events[before:]

    def update(self, *, include: Iterable[str] = (), **input_: Any) -> dict[str, Any]:
        """Change the configuration; return the answer."""
        session = {"type": "transcription", "include": list(include), "audio": {"input": input_}}
        (answer,) = self.send("session.update", session=session)
        return answer

    def append(self, pcm: bytes, step_s: float = 0.1) -> list[dict[str, Any]]:
        """Speak 24 kHz s16 audio."""
        before = len(self.events)
        step = round(step_s * 24_000) * 2
        for at in range(0, len(pcm), step):
            chunk = pcm[at : at + step]
            if not self.hurried:
                self.now += len(chunk) / 48_000
            self.send("input_audio_buffer.append", audio=base64.b64encode(chunk).decode())
        return self.events[before:]

    def commit(self) -> list[dict[str, Any]]:
        return self.send("input_audio_buffer.commit")

    def take_final(self) -> Job:
        """The oldest final job, as a worker takes it; partials before it say nothing."""
        while (job := self.session.transcriber.take_final(self.now).job).kind == "partial":
            self.answer(job, said(""))
        return job

    def take_partial(self) -> Job:
        due = self.session.transcriber.partial_due
        assert due is not None and due <= self.now, "no partial is due"
        return self.session.transcriber.take_partial(self.now)

    def answer(self, job: Job, hypothesis: Hypothesis) -> list[dict[str, Any]]:
        """The recogniser's answer; returns what the client hears of it."""
        before = len(self.events)
        self.session.transcriber.decoded(job, hypothesis, self.now)
        return self.events[before:]


def types(events: Iterable[dict[str, Any]]) -> list[str]:
    """What kinds of events these are, shortly."""
    return [event["type"].removeprefix(TRANSCRIPTION) for event in events]


def texts(events: Iterable[dict[str, Any]], kind: str = "delta") -> str:
    """What all events of a kind say together."""
    field = {"delta": "delta", "segment": "text", "hypothesis": "text"}[kind]
    return "".join(event[field] for event in events if event["type"] == TRANSCRIPTION + kind)
