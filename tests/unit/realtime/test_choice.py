"""What a choice of engines makes of addresses and keys, and what it says of wrong ones."""

from __future__ import annotations

import pytest

from captioner.errors import BadInput
from captioner.realtime.choice import Choice, Keys, choices

KEYS = Keys(
    "sk-s3cret", azure="az-s3cret", azure_url="https://me.openai.azure.com", server="s3cret"
)
AZURE_GA = "wss://me.openai.azure.com/openai/v1/realtime?intent=transcription"


def chosen(engine: str, keys: Keys = KEYS) -> Choice:
    (choice,) = choices(engine, keys)
    return choice


@pytest.mark.parametrize(
    ("engine", "words"),
    [
        ("ws://host:99999", "'ws://host' is no address"),
        ("wss://host:port", "'wss://host' is no address"),
        ("ws://:80", "is no address"),
        ("other+ws://host", "'other' is no known server; known are localai, speaches"),
        ("speaches+ws://host:8000", "speaches needs its model in the address"),
        ("localai+ws://host:8080/v1/realtime", "localai needs its model"),
        ("vllm+ws://host?intent=transcription", "vllm needs its model"),
        ("azure", "azure needs the name of your deployment"),
        ("openai,openai", "names an engine twice"),
        ("embedded/base", "'embedded/base' is no engine"),
    ],
)
def test_a_choice_that_cannot_work_is_explained(engine: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        choices(engine, KEYS)


@pytest.mark.parametrize(
    ("engine", "variable"), [("openai", "OPENAI_API_KEY"), ("azure/me", "AZURE_OPENAI_API_KEY")]
)
def test_a_missing_key_is_named(engine: str, variable: str) -> None:
    with pytest.raises(BadInput, match=variable):
        choices(engine, Keys())


@pytest.mark.parametrize("url", ["me.openai.azure.com", "ftp://host", "https://"])
def test_an_address_in_the_environment_that_is_none_is_named(url: str) -> None:
    with pytest.raises(BadInput, match="AZURE_OPENAI_ENDPOINT must be an address"):
        choices("azure/me", Keys(azure="key", azure_url=url))
    with pytest.raises(BadInput, match="OPENAI_BASE_URL must be an address"):
        choices("openai", Keys("key", url))


@pytest.mark.parametrize("end", ["", "/", "/openai/v1", "/openai/v1/"])
def test_an_azure_resource_may_be_given_with_the_path_of_its_interface(end: str) -> None:
    keys = Keys(azure="key", azure_url=f"https://me.openai.azure.com{end}")
    assert chosen("azure/captions", keys).url == AZURE_GA


@pytest.mark.parametrize(
    ("engine", "url"),
    [
        ("ws://host:8700", "ws://host:8700/v1/realtime?intent=transcription"),
        ("ws://host/v1/realtime?model=m", "ws://host/v1/realtime?model=m"),
        ("speaches+ws://host?model=a/b", "ws://host/v1/realtime?model=a/b&intent=transcription"),
        ("vllm+wss://host?model=a/b", "wss://host/v1/realtime?model=a/b"),
    ],
)
def test_an_address_is_completed(engine: str, url: str) -> None:
    assert chosen(engine).url == url


@pytest.mark.parametrize("engine", ["openai", "azure/me", "ws://host", "embedded"])
def test_a_choice_shows_no_key(engine: str) -> None:
    assert "s3cret" not in repr((chosen(engine), KEYS))


@pytest.mark.parametrize("engine", ["wss://s3cret@host:x", "ws://host:x?api_key=s3cret"])
def test_an_address_that_is_refused_is_shown_without_what_may_be_a_key(engine: str) -> None:
    with pytest.raises(BadInput) as refused:
        choices(engine, KEYS)
    assert "s3cret" not in str(refused.value)
