"""A translation session by its script: what is told, and what is given to translate and speak."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

import numpy as np
import orjson
from openai.types.realtime import RealtimeTranslationServerEvent
from pydantic import BaseModel, TypeAdapter

from captioner.engine import server_events
from captioner.engine.hypothesis import Hypothesis
from captioner.engine.interpreting.client_events import parse
from captioner.engine.interpreting.config import configured
from captioner.engine.interpreting.events import Identity
from captioner.engine.interpreting.session import InterpretingSession
from captioner.engine.protocol_error import ProtocolError
from tests.contract.sdk import left_over
from tests.unit.engine.driving import said, seconds

_EVENTS: TypeAdapter[Any] = TypeAdapter(RealtimeTranslationServerEvent)


class DrivenInterpreting:
    """Every event that it tells is one of the SDK's, to the last field."""

    def __init__(self, *, transcribed: bool = True) -> None:
        self.now = 100.0
        self.events: list[dict[str, Any]] = []
        transcription = {"model": "captioner-live"} if transcribed else None
        config = configured({"audio": {"input": {"transcription": transcription}}})
        self.session = InterpretingSession(config, Identity("sess_1", 9), self._told)
        self.session.create()

    def _told(self, events: Iterable[BaseModel]) -> None:
        for event in events:
            told = orjson.loads(server_events.encode(event))
            assert list(left_over(_EVENTS.validate_python(told))) == []
            self.events.append(told)

    def send(self, type_: str, **fields: Any) -> None:
        event = parse(orjson.dumps({"type": type_, **fields}).decode())
        for _ in self.session.receive(event, self.now):
            pass

    def speak(self, pcm: bytes) -> None:
        for at in range(0, len(pcm), 9600):
            chunk = pcm[at : at + 9600]
            self.now += len(chunk) / 48_000
            audio = base64.b64encode(chunk).decode()
            self.send("session.input_audio_buffer.append", audio=audio)

    def answer_all(self, *hypotheses: Hypothesis) -> None:
        """What the finals say, in their order; partials say nothing."""
        texts = [*hypotheses]
        while self.session.transcriber.finals:
            job = self.session.transcriber.take_final(self.now).job
            answer = said("") if job.kind == "partial" else texts.pop(0)
            self.session.transcriber.decoded(job, answer, self.now)
        assert texts == []

    def told(self, type_: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == f"session.{type_}"]

    def text(self, type_: str) -> str:
        return "".join(event["delta"] for event in self.told(type_))


def test_a_session_begins_into_spanish() -> None:
    (created,) = DrivenInterpreting(transcribed=False).events
    assert created["session"] == {
        "id": "sess_1",
        "type": "translation",
        "model": "captioner-live-translate",
        "expires_at": 9,
        "audio": {
            "input": {"transcription": None, "noise_reduction": None},
            "output": {"language": "es"},
        },
    }


def test_what_was_said_is_given_to_translate_by_sentences(speech: bytes) -> None:
    driven = DrivenInterpreting()
    driven.speak(seconds(speech, 0, 13.2))
    driven.answer_all(said("Good morning. How are you?"), said("Fine."))
    assert driven.text("input_transcript.delta") == "Good morning. How are you? Fine."
    sentences = [*driven.session.sentences]
    assert [s.text for s in sentences] == ["Good morning.", "How are you?", "Fine."]
    assert {s.language for s in sentences} == {"en"}
    driven.session.translated("Buenos días.", "es")
    driven.session.translated("¿Qué tal?", "es")
    assert driven.text("output_transcript.delta") == "Buenos días. ¿Qué tal?"
    driven.session.sounded(np.zeros(4800, np.int16))
    (sound,) = driven.told("output_audio.delta")
    assert (len(base64.b64decode(sound["delta"])), sound["sample_rate"]) == (9600, 24_000)
    first = driven.told("output_transcript.delta")[0]["elapsed_ms"]
    assert first == sound["elapsed_ms"] and first % 200 == 0 and 9000 < first < 12_000


def test_scripts_without_spaces_are_told_without_them(speech: bytes) -> None:
    driven = DrivenInterpreting()
    driven.speak(seconds(speech, 0, 13.2))
    driven.answer_all(said("One."), said("Two."))
    for text in ("一。", "二。"):
        driven.session.translated(text, "zh")
    assert driven.text("output_transcript.delta") == "一。二。"


def test_the_words_are_told_only_where_they_are_asked_for(speech: bytes) -> None:
    driven = DrivenInterpreting(transcribed=False)
    driven.speak(seconds(speech, 0, 13.2))
    driven.answer_all(said("Good morning."), said("Fine."))
    assert driven.told("input_transcript.delta") == []
    assert len(driven.session.sentences) == 2


def test_what_is_said_in_the_listeners_language_is_not_foreign(speech: bytes) -> None:
    driven = DrivenInterpreting()
    driven.speak(seconds(speech, 0, 13.2))
    driven.answer_all(said("Good morning."), said("Buenos días.", language="es"))
    session = driven.session
    assert [session.is_foreign(sentence) for sentence in session.sentences] == [True, False]
    driven.send("session.update", session={"audio": {"output": {"language": "en-GB"}}})
    assert not session.is_foreign(session.sentences[0])
    session.left_out()
    assert len(session.sentences) == 1


def test_a_closed_session_says_what_was_still_open(speech: bytes) -> None:
    driven = DrivenInterpreting()
    driven.speak(seconds(speech, 0, 3))
    driven.send("session.close")
    assert not driven.session.settled
    driven.answer_all(said("Printing"))
    assert [s.text for s in driven.session.sentences] == ["Printing"]
    driven.session.translated("Imprenta", "es")
    assert not driven.session.settled
    driven.session.spoken()
    assert driven.session.settled
    driven.session.closed()
    assert driven.events[-1]["type"] == "session.closed"
    driven.send("session.input_audio_buffer.append", audio="AAAA", event_id="late")
    assert driven.events[-1]["error"]["event_id"] == "late"


def test_a_session_in_which_nobody_spoke_is_settled_when_it_is_closed() -> None:
    driven = DrivenInterpreting()
    driven.send("session.close")
    assert driven.session.settled


def test_half_a_sample_is_refused_by_the_name_of_its_event() -> None:
    driven = DrivenInterpreting()
    driven.send("session.input_audio_buffer.append", audio="AA==", event_id="half")
    assert driven.events[-1]["error"]["event_id"] == "half"


def test_what_cannot_be_done_is_said_once() -> None:
    driven = DrivenInterpreting()
    for message in ("No Finnish.", "No Finnish.", "No voice."):
        driven.session.complain(ProtocolError("no_such_language", message))
    told = [event["error"]["message"] for event in driven.events if event["type"] == "error"]
    assert told == ["No Finnish.", "No voice."]
