"""Who translates and who speaks, made from the settings."""

from __future__ import annotations

from typing import Any

import pytest

from captioner.errors import BadInput, TranslationUnavailable
from captioner.interpreter import hearing, interpreter
from captioner.settings import read_settings
from captioner.speech.synthesizer import Line
from captioner.translation.chat import ChatTranslator
from tests.unit.realtime.conversing import ConversationServer, always
from tests.unit.realtime.counted import Counted
from tests.unit.realtime.peers.conversing import Plan, spoken
from tests.unit.translation.sentences import TRANSLATION, sentence

pytestmark = pytest.mark.anyio

LINE = Line(TRANSLATION, "de", room="demo")


async def test_the_embedded_engine_translates_and_speaks_unless_others_were_chosen() -> None:
    server = ConversationServer(always(Plan(said=TRANSLATION)), peer={"prompts": True})
    meter = Counted()
    async with (
        server.on_sockets() as url,
        interpreter(read_settings(), url.split("?")[0], meter) as interprets,
    ):
        assert server.times == [], "no session is opened before somebody asks"
        assert await interprets.translator.translate(sentence()) == TRANSLATION
        sound = [data async for data in interprets.synthesizer.speak(LINE)]
        assert b"".join(sound) == spoken(TRANSLATION)
        assert interprets.translator.name == interprets.synthesizer.name == "embedded"
        usual = await interprets.synthesizer.voices("de")
        assert usual == ("",), "this engine does not tell its voices"
    addresses = [session.address for session in server.sessions]
    assert addresses == [
        "/v1/realtime?model=captioner-translate",
        "/v1/realtime?model=captioner-voice",
    ]
    assert [report[:4] for report in meter.reports] == [
        ("", "translation", "embedded", "captioner-translate"),
        ("demo", "speech", "embedded", "captioner-voice"),
    ]


async def test_others_are_chosen_by_their_address() -> None:
    server = ConversationServer(always(Plan(said=TRANSLATION)))
    async with server.on_sockets() as url:
        chosen = read_settings({"engine": "ws://127.0.0.1:1", "translator": url, "voice": url})
        async with interpreter(chosen, None) as interprets:
            assert await interprets.translator.translate(sentence()) == TRANSLATION
            sound = [data async for data in interprets.synthesizer.speak(LINE)]
            assert b"".join(sound) == spoken(TRANSLATION)


async def test_who_hears_what_it_translates_translates_no_text() -> None:
    word = "captioner+ws://127.0.0.1:1?model=captioner-live-translate"
    chosen = read_settings({"engine": "ws://127.0.0.1:1", "translator": word})
    found = hearing(chosen)
    assert found is not None and found.partner.model == "captioner-live-translate"
    async with interpreter(chosen, None) as interprets:
        with pytest.raises(TranslationUnavailable, match="translates speech, and no text"):
            await interprets.translator.translate(sentence())
    assert hearing(read_settings()) is None


async def test_a_chat_server_translates() -> None:
    chosen = {"engine": "ws://127.0.0.1:1", "translator": "chat+http://127.0.0.1:1/v1#m"}
    async with interpreter(read_settings(chosen), None) as interprets:
        assert isinstance(interprets.translator, ChatTranslator)


async def test_where_nobody_can_that_is_told_when_somebody_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chosen = read_settings({"engine": "vllm+ws://127.0.0.1:1?model=m"})
    async with interpreter(chosen, None) as interprets:
        with pytest.raises(TranslationUnavailable, match="--translator names nobody"):
            await interprets.translator.translate(sentence())
        with pytest.raises(TranslationUnavailable, match="--voice names nobody"):
            await anext(aiter(interprets.synthesizer.speak(LINE)))
        assert await interprets.synthesizer.voices("de") == ()


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"translator": "deepl"}, "--translator: 'deepl' is neither embedded, openai or azure/DEP"),
        ({"voice": "chat+http://h/v1#s3cret"}, "--voice: 'chat.*/v1' is neither"),
        ({"translator": "vllm+ws://h?model=m"}, "--translator: 'vllm.*h' is neither"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(chosen: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words) as told:
        read_settings(chosen)
    assert "s3cret" not in str(told.value)
