"""Translation over conversation sessions: what is asked, and what is taken for an answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from captioner.errors import NoSuchPair, TranslationUnavailable
from captioner.realtime.partners import ANY, CAPTIONER, Partner
from captioner.translation.realtime import RealtimeTranslator
from captioner.translation.translator import Sentence, Translator
from tests.unit.realtime.conversing import ConversationServer, always, pool, run
from tests.unit.realtime.peers.conversing import Plan
from tests.unit.translation.sentences import TRANSLATION, sentence


def translated(server: ConversationServer, asked: Sentence, partner: Partner = ANY) -> str:
    async def ask() -> str:
        async with pool(server, partner=partner) as conversations:
            translator: Translator = RealtimeTranslator(conversations)
            assert translator.name == partner.name
            return await translator.translate(asked)

    return run(ask())


def saying(*answers: str) -> ConversationServer:
    """A server that says these, one after the other, and the last for ever."""
    return ConversationServer(
        lambda _session, number, _asked: Plan(said=answers[min(number, len(answers) - 1)])
    )


def asked_of(server: ConversationServer) -> list[Any]:
    heard = server.sessions[0].peer.heard
    return [event["response"] for event in heard if event["type"] == "response.create"]


def test_a_general_model_is_instructed() -> None:
    server = saying(TRANSLATION)
    assert translated(server, sentence()) == TRANSLATION
    (request,) = asked_of(server)
    assert "into German (de)" in request["instructions"]
    assert request["input"][0]["content"][0]["text"] == sentence().text


@pytest.mark.parametrize("bad", ["", "  ", "nonsense " * 60, sentence().text])
def test_what_is_no_translation_is_asked_for_again_once(bad: str) -> None:
    server = saying(bad, f'"{TRANSLATION}"')
    assert translated(server, sentence()) == TRANSLATION
    assert len(asked_of(server)) == 2


def test_a_model_that_does_not_translate_is_told_of() -> None:
    server = saying("nonsense " * 60)
    with pytest.raises(TranslationUnavailable, match="realtime wrote far more"):
        translated(server, sentence())
    assert len(asked_of(server)) == 2


def own(plan: Plan) -> ConversationServer:
    """Our own engine."""
    return ConversationServer(always(plan), peer={"prompts": True})


def test_our_own_engine_gets_its_prompt_with_the_terms_that_occur() -> None:
    server = own(Plan(said=TRANSLATION))
    terms = (("board", "Vorstand"),)
    assert translated(server, sentence(terms=terms), CAPTIONER) == TRANSLATION
    (request,) = asked_of(server)
    assert request["prompt"]["id"] == "translate"
    variables = request["prompt"]["variables"]
    assert json.loads(variables.pop("terms")) == [["board", "Vorstand"]]
    assert variables == {"source": "en", "target": "de"}


def test_without_terms_there_is_no_such_variable() -> None:
    server = own(Plan(said=TRANSLATION))
    translated(server, sentence(), CAPTIONER)
    assert asked_of(server)[0]["prompt"]["variables"] == {"source": "en", "target": "de"}


def test_a_language_that_our_engine_does_not_know_is_told_as_that() -> None:
    server = own(Plan("unknown language"))
    with pytest.raises(NoSuchPair, match="captioner does not translate en into de"):
        translated(server, sentence(), CAPTIONER)
    assert len(server.asked) == 1


def test_what_a_general_model_refuses_is_no_unknown_language() -> None:
    with pytest.raises(TranslationUnavailable):
        translated(ConversationServer(always(Plan("unknown language"))), sentence())
