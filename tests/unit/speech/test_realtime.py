"""Speech over conversation sessions: what is asked, and what is taken for the text."""

from __future__ import annotations

from typing import Any

import pytest

from captioner.errors import NoSuchPair, TranslationUnavailable
from captioner.realtime.partners import ANY, CAPTIONER, Partner
from captioner.speech.realtime import VOICES, RealtimeSynthesizer
from captioner.speech.synthesizer import Line, Synthesizer
from tests.unit.realtime.conversing import ConversationServer, always, pool, run
from tests.unit.realtime.peers.conversing import Plan, spoken

TEXT = "Der Vorstand tagt am Freitag um zehn."
LINE = Line(TEXT, "de")
OTHER = "Gerne! Was kann ich heute für Sie tun?"


def said(server: ConversationServer, line: Line = LINE, partner: Partner = ANY) -> bytes:
    async def speak() -> bytes:
        async with pool(server, partner=partner, sound=True) as conversations:
            synthesizer: Synthesizer = RealtimeSynthesizer(conversations)
            return b"".join([data async for data in synthesizer.speak(line)])

    return run(speak())


def asked_of(server: ConversationServer) -> list[Any]:
    heard = [event for session in server.sessions for event in session.peer.heard]
    return [event["response"] for event in heard if event["type"] == "response.create"]


def test_a_general_model_is_told_to_read_with_the_best_voice() -> None:
    server = ConversationServer()
    assert said(server) == spoken(TEXT)
    (request,) = asked_of(server)
    assert "in German (de), word for word" in request["instructions"]
    assert request["output_modalities"] == ["audio"]
    assert request["audio"]["output"]["voice"] == "marin"


def test_the_voice_that_is_wanted_is_taken() -> None:
    server = ConversationServer()
    said(server, Line(TEXT, "de", "sage"))
    assert asked_of(server)[0]["audio"]["output"]["voice"] == "sage"


def test_an_answer_in_place_of_the_text_is_never_heard_and_asked_for_again() -> None:
    server = ConversationServer(
        lambda _session, number, _asked: Plan() if number else Plan(said=OTHER)
    )
    assert said(server) == spoken(TEXT)
    assert len(asked_of(server)) == 2


def test_a_model_that_never_reads_is_told_of_and_never_heard() -> None:
    server = ConversationServer(always(Plan(said=OTHER)))
    with pytest.raises(TranslationUnavailable, match="something else than the text"):
        said(server)
    assert len(asked_of(server)) == 2


def test_what_goes_wrong_in_the_middle_is_told_and_not_repeated() -> None:
    server = ConversationServer(always(Plan(said=TEXT + OTHER)))
    with pytest.raises(TranslationUnavailable):
        said(server)
    assert len(asked_of(server)) == 1


def test_our_own_engine_gets_its_prompt() -> None:
    server = ConversationServer(peer={"prompts": True})
    assert said(server, Line(TEXT, "de", "anna"), CAPTIONER) == spoken(TEXT)
    (request,) = asked_of(server)
    assert request["prompt"] == {"id": "speak", "variables": {"language": "de", "voice": "anna"}}
    assert "audio" not in request


def test_a_language_that_our_engine_does_not_speak_is_told_as_that() -> None:
    server = ConversationServer(always(Plan("unknown language")), peer={"prompts": True})
    with pytest.raises(NoSuchPair, match="captioner does not speak de"):
        said(server, partner=CAPTIONER)


def test_a_general_model_has_its_voices_for_every_language() -> None:
    async def ask() -> tuple[str, ...]:
        async with pool(ConversationServer(), sound=True) as conversations:
            return await RealtimeSynthesizer(conversations).voices("de")

    assert run(ask()) == VOICES
