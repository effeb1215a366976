"""What a choice of translator and voice makes of addresses and keys, and of wrong ones."""

from __future__ import annotations

import pytest

from captioner.errors import BadInput
from captioner.realtime.choice import Keys
from captioner.realtime.interpreting import (
    Chats,
    Converses,
    Hears,
    Nobody,
    own_address,
    voices_address,
    who_speaks,
    who_translates,
)

KEYS = Keys(
    "sk-s3cret",
    azure="az-s3cret",
    azure_url="https://me.openai.azure.com/",
    server="engine-s3cret",
    translator="t-s3cret",
    voice="v-s3cret",
)


def translator(word: str, engine: str = "embedded", keys: Keys = KEYS) -> Converses:
    choice = who_translates(word, engine, keys)
    assert isinstance(choice, Converses)
    return choice


def voice(word: str, engine: str = "embedded", keys: Keys = KEYS) -> Converses:
    choice = who_speaks(word, engine, keys)
    assert isinstance(choice, Converses)
    return choice


@pytest.mark.parametrize(
    ("word", "name", "url", "prompts"),
    [
        (
            "openai",
            "openai",
            "wss://api.openai.com/v1/realtime?model=gpt-realtime-2.1-mini",
            False,
        ),
        ("openai/x", "openai", "wss://api.openai.com/v1/realtime?model=x", False),
        ("azure/a b", "azure", "wss://me.openai.azure.com/openai/v1/realtime?model=a+b", False),
        ("ws://h:8700", "captioner", "ws://h:8700/v1/realtime?model=captioner-translate", True),
        ("captioner+wss://h", "captioner", "wss://h/v1/realtime?model=captioner-translate", True),
        ("ws://h?model=captioner-x", "captioner", "ws://h/v1/realtime?model=captioner-x", True),
        ("ws://h/v2?model=m", "realtime", "ws://h/v2?model=m", False),
        ("wss://h?model=m&x=1", "realtime", "wss://h/v1/realtime?model=m&x=1", False),
    ],
)
def test_a_server_is_found_by_its_choice(word: str, name: str, url: str, prompts: bool) -> None:
    choice = translator(word)
    assert (choice.partner.name, choice.url, choice.partner.prompts) == (name, url, prompts)


def test_the_embedded_engine_has_a_model_for_each() -> None:
    assert translator("embedded").partner.model == "captioner-translate"
    assert voice("embedded").partner.model == "captioner-voice"
    assert translator("embedded").url == ""
    engine = "ws://127.0.0.1:8700/v1/realtime?intent=transcription"
    assert own_address(engine, "captioner-voice") == (
        "ws://127.0.0.1:8700/v1/realtime?model=captioner-voice"
    )


@pytest.mark.parametrize(
    ("engine", "name"),
    [
        ("embedded", "embedded"),
        ("openai/gpt-transcribe,embedded", "openai"),
        ("captioner+ws://gpu:8700", "captioner"),
        ("ws://gpu:8700", "captioner"),
    ],
)
def test_without_a_choice_whoever_recognises_speech_does_it(engine: str, name: str) -> None:
    assert translator("", engine).partner.name == name
    assert voice("", engine).partner.name == name


@pytest.mark.parametrize(
    "engine",
    ["azure/captions", "azure-preview/captions", "vllm+ws://h?model=m", "ws://h?model=whisper"],
)
def test_a_recogniser_that_can_do_nothing_else_is_no_error_until_somebody_wants_it(
    engine: str,
) -> None:
    for choice in (who_translates("", engine, KEYS), who_speaks("", engine, KEYS)):
        assert isinstance(choice, Nobody)
        assert choice.why.startswith("Nobody ")


def test_a_chat_server_is_found_by_its_address_and_model() -> None:
    choice = who_translates("chat+http://h:8000/v1#Qwen/Qwen3-8B", "embedded", KEYS)
    assert choice == Chats("http://h:8000/v1", "Qwen/Qwen3-8B", "t-s3cret")


@pytest.mark.parametrize(
    ("word", "name", "url"),
    [
        (
            "openai/gpt-realtime-translate",
            "openai",
            "wss://api.openai.com/v1/realtime/translations?model=gpt-realtime-translate",
        ),
        (
            "captioner+ws://h:8700?model=captioner-live-translate",
            "captioner",
            "ws://h:8700/v1/realtime/translations?model=captioner-live-translate",
        ),
        (
            "wss://h/v1/realtime/translations?model=captioner-live-translate",
            "captioner",
            "wss://h/v1/realtime/translations?model=captioner-live-translate",
        ),
    ],
)
def test_a_model_that_hears_what_it_translates_has_another_address(
    word: str, name: str, url: str
) -> None:
    choice = who_translates(word, "embedded", KEYS)
    assert isinstance(choice, Hears)
    assert (choice.partner.name, choice.url) == (name, url)
    assert "s3cret" not in repr(choice)


def test_each_server_gets_its_own_key_only() -> None:
    assert translator("ws://h").headers == {"Authorization": "Bearer t-s3cret"}
    assert voice("ws://h").headers == {"Authorization": "Bearer v-s3cret"}
    assert translator("", "ws://h").headers == {"Authorization": "Bearer engine-s3cret"}
    assert translator("azure/x").headers == {"api-key": "az-s3cret"}
    assert translator("ws://h", keys=Keys()).headers == {}


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("whisper", "--translator: 'whisper' is none; known are embedded, openai"),
        ("embedded/x", "is none"),
        ("azure", "azure needs the name of your deployment"),
        ("http://h", "is no address such as ws://host:port"),
        ("ws://h:99999", "'ws://h' is no address"),
        ("vllm+ws://h?model=m", "'vllm' is no known server; known is captioner"),
        ("chat+http://h/v1", "needs its model"),
        ("chat+http://:80/v1#m", "is no address such as http"),
    ],
)
def test_a_choice_that_cannot_work_is_explained(word: str, words: str) -> None:
    with pytest.raises(BadInput, match=words.replace("+", r"\+")):
        who_translates(word, "embedded", KEYS)


def test_a_chat_server_does_not_speak() -> None:
    with pytest.raises(BadInput, match="--voice: .* is no address"):
        who_speaks("chat+http://h/v1#m", "embedded", KEYS)


@pytest.mark.parametrize(
    ("word", "variable"), [("openai", "OPENAI_API_KEY"), ("azure/me", "AZURE_OPENAI_API_KEY")]
)
def test_a_missing_key_is_named(word: str, variable: str) -> None:
    with pytest.raises(BadInput, match=variable):
        who_translates(word, "embedded", Keys())


@pytest.mark.parametrize("word", ["openai", "azure/me", "ws://h", "chat+http://h/v1#m"])
def test_a_choice_shows_no_key(word: str) -> None:
    assert "s3cret" not in repr((who_translates(word, "embedded", KEYS), KEYS))


@pytest.mark.parametrize(
    ("sessions", "url"),
    [
        ("ws://h:8700/v1/realtime?model=captioner-voice", "http://h:8700/voices"),
        ("wss://h/engine/v1/realtime?model=captioner-voice", "https://h/engine/voices"),
    ],
)
def test_an_engine_tells_its_voices_beside_its_sessions(sessions: str, url: str) -> None:
    assert voices_address(sessions) == url
